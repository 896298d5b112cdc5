import "./design/fonts.css";
import "./design/tokens.css";
import "./design/scale.css";
import "./design/base.css";
import { mount } from "svelte";
import { choosePlatform } from "./platform";
import { start } from "./model/session.svelte";
import App from "./shell/App.svelte";

// The frame is drawn before anything is asked.
mount(App, { target: document.getElementById("app")! });
void choosePlatform().then(start);

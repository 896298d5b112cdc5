import "./design/fonts.css";
import "./design/tokens.css";
import "./design/scale.css";
import "./design/base.css";
import { mount } from "svelte";
import { choosePlatform } from "./platform";
import { start } from "./model/session.svelte";
import App from "./shell/App.svelte";

// The way out is fetched while the frame is drawn, and the frame is drawn before anything is asked.
const platform = choosePlatform();
mount(App, { target: document.getElementById("app")! });
void platform.then(start);

import "./design/fonts.css";
import "./design/tokens.css";
import "./design/scale.css";
import "./design/base.css";
import { mount } from "svelte";
import { fontsLoaded } from "./design/fonts";
import { choosePlatform } from "./platform/choose";
import { drawAgain } from "./model/drawn";
import { start, whole } from "./model/session.svelte";
import App from "./shell/App.svelte";

/** A program that takes longer to be opened has its frame drawn without it. */
const TOGETHER_MS = 100;

void start(choosePlatform());
drawAgain(document.documentElement);
const late = new Promise((resolve) => setTimeout(resolve, TOGETHER_MS));
// Drawn once, whole and in its own letters: each further time costs as much as the first.
void Promise.race([Promise.all([whole, fontsLoaded()]), late]).then(() =>
  mount(App, { target: document.getElementById("app")! }),
);

/** Parts whose behaviour matters: where the focus goes, and what the keyboard does. */
import Ellipsis from "@lucide/svelte/icons/ellipsis";
import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { createRawSnippet } from "svelte";
import { describe, expect, it, vi } from "vitest";
import CodeBlock from "./CodeBlock.svelte";
import Confirm from "./Confirm.svelte";
import Menu from "./Menu.svelte";
import Segmented from "./Segmented.svelte";
import SizeSlider from "./SizeSlider.svelte";
import Sparkline from "./Sparkline.svelte";
import Tabs from "./Tabs.svelte";
import Term from "./Term.svelte";
import TextField from "./TextField.svelte";

const focused = () => document.activeElement;

describe("a decision that loses something", () => {
  function ask() {
    const opener = document.body.appendChild(document.createElement("button"));
    opener.focus();
    const [onconfirm, onclose] = [vi.fn(), vi.fn()];
    const { unmount } = render(Confirm, {
      title: "Delete knossos?",
      goes: ["Its disk, 1.2 GiB"],
      stays: ["The image"],
      verb: "Delete knossos",
      cancel: "Cancel",
      onconfirm,
      onclose,
    });
    return { opener, onconfirm, onclose, unmount };
  }

  it("begins at the safe button, and Escape loses nothing", async () => {
    const { opener, onconfirm, onclose } = ask();
    expect(screen.getByRole("dialog", { name: "Delete knossos?" })).toBeTruthy();
    expect(focused()).toBe(screen.getByRole("button", { name: "Cancel" }));
    await userEvent.keyboard("{Escape}");
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(onconfirm).not.toHaveBeenCalled();
    expect(focused()).toBe(opener);
  });

  it("is confirmed by its verb, once", async () => {
    const { onconfirm, onclose } = ask();
    await userEvent.click(screen.getByRole("button", { name: "Delete knossos" }));
    expect(onconfirm).toHaveBeenCalledTimes(1);
    expect(onclose).toHaveBeenCalledTimes(1);
  });
});

describe("a menu", () => {
  function open() {
    const [folder, remove] = [vi.fn(), vi.fn()];
    render(Menu, {
      label: "More",
      icon: Ellipsis,
      groups: [
        [{ text: "Open folder", run: folder }],
        [
          { text: "Force off", denied: "It is off.", run: remove },
          { text: "Delete", danger: true, run: remove },
        ],
      ],
    });
    return { folder, remove, button: screen.getByRole("button", { name: "More" }) };
  }

  it("is walked by arrows, in a circle, and closed by Escape", async () => {
    const { button } = open();
    await userEvent.click(button);
    expect(focused()?.textContent).toContain("Open folder");
    await userEvent.keyboard("{ArrowUp}");
    expect(focused()?.textContent).toContain("Delete");
    await userEvent.keyboard("{Home}{ArrowDown}");
    expect(focused()?.textContent).toContain("Force off");
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(focused()).toBe(button);
  });

  it("does what is chosen, and not what cannot be done now", async () => {
    const { button, remove } = open();
    await userEvent.click(button);
    await userEvent.click(screen.getByRole("menuitem", { name: /Force off/ }));
    expect(remove).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole("menuitem", { name: "Delete" }));
    expect(remove).toHaveBeenCalledTimes(1);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});

describe("fields", () => {
  it("tie a fault to the control in place of the hint", async () => {
    const props = { id: "name", label: "Name", value: "knossos", hint: "a–z" };
    const { rerender } = render(TextField, props);
    const input = screen.getByLabelText("Name");
    expect(input.getAttribute("aria-invalid")).toBe("false");
    await rerender({ ...props, fault: "Fill this in." });
    expect(input.getAttribute("aria-invalid")).toBe("true");
    const note = document.getElementById(input.getAttribute("aria-describedby") ?? "");
    expect(note?.textContent).toBe("Fill this in.");
  });

  it("of sizes are moved by keys, and never below the least", async () => {
    render(SizeSlider, {
      id: "memory",
      title: "Memory",
      unit: "GiB",
      value: 4,
      least: 0.5,
      most: 16,
      step: 0.5,
      leap: 2,
    });
    const figure = screen.getByLabelText<HTMLInputElement>("Memory, GiB");
    const slider = screen.getByRole("slider", { name: "Memory" });
    slider.focus();
    await userEvent.keyboard("{PageUp}");
    expect(figure.value).toBe("6");
    await userEvent.keyboard("{PageDown}{PageDown}{PageDown}{PageDown}");
    expect(figure.value).toBe("0.5");
    expect(slider.getAttribute("aria-valuetext")).toBe("0.5 GiB");
  });

  it("with few choices tell which was taken", async () => {
    const onchange = vi.fn();
    const options = ["all", "used"].map((value) => ({ value, text: value }));
    render(Segmented, { label: "Which", options, value: "all", onchange });
    await userEvent.click(screen.getByRole("radio", { name: "used" }));
    expect(onchange).toHaveBeenCalledWith("used");
  });
});

it("tabs are one stop, and arrows go round", async () => {
  const onselect = vi.fn();
  const tabs = ["console", "dashboard", "reveal"].map((value) => ({ value, text: value }));
  render(Tabs, { label: "Views", panel: "panel", tabs, value: "console", onselect });
  await userEvent.tab();
  expect(focused()?.textContent).toBe("console");
  await userEvent.keyboard("{ArrowLeft}");
  expect(onselect).toHaveBeenLastCalledWith("reveal");
  expect(focused()?.textContent).toBe("reveal");
});

it("what is copied is exactly what is shown, and the button says so", async () => {
  const user = userEvent.setup();
  const text = "usermod -aG kvm ariadne\n";
  render(CodeBlock, { text, label: "Command", copy: "Copy", copied: "Copied" });
  await user.click(screen.getByRole("button", { name: "Copy" }));
  expect(await navigator.clipboard.readText()).toBe(text);
  expect(screen.getByRole("button", { name: "Copied" })).toBeTruthy();
});

it("a word is explained by F1, and Escape puts the explanation away", async () => {
  const children = createRawSnippet(() => ({ render: () => "<span>etcd</span>" }));
  render(Term, { meaning: "The control plane's memory.", children });
  const word = screen.getByRole("button", { name: "etcd" });
  const tip = screen.getByText("The control plane's memory.");
  word.focus();
  await userEvent.keyboard("{F1}");
  expect(tip.className).toContain("open");
  await userEvent.keyboard("{Escape}");
  expect(tip.className).not.toContain("open");
});

it("a figure over time is drawn once there is more than one, and told in words", () => {
  const { rerender } = render(Sparkline, { points: [{ x: 0, y: 1 }], text: "at most 3" });
  const lines = () => screen.getByRole("img", { name: "at most 3" }).querySelectorAll("path.line");
  expect(lines()).toHaveLength(0);
  void rerender({
    points: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
  });
  return vi.waitFor(() => expect(lines()[0]?.getAttribute("d")).toBe("M0.0 33.0L240.0 1.0"));
});

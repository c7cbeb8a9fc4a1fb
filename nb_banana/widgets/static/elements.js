// The panel in the browser. Fields are traits of the kernel's model, buttons are messages to it.
// These files are one plain ES module, put together by panel.py: https://anywidget.dev/en/afm/.
// All text goes in as text, never as HTML.

let views = 0;

/** An element: `h("button", {onclick}, "Save")`. */
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** What is drawn beside a word, in lines on a square of 16. */
const ICONS = {
  add: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  compare: "M8 1.5v13M6 4H2.5v8H6M10 4h3.5v8H10",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  down: "M8 3v10M4 9l4 4 4-4",
  files: "M8 10.5V2.5M4.5 6 8 2.5 11.5 6M2.5 10v3.5h11V10",
  generate: "M8 1.5 9.7 6.3 14.5 8 9.7 9.7 8 14.5 6.3 9.7 1.5 8 6.3 6.3z",
  insert: "M2.5 2.5h11v4h-11zM8 9v5M5.5 11.5h5",
  keep: "M2.5 2.5h11M3.5 6h9v7.5h-9zM3.5 12l3-3 2 2 2-2 2 2",
  reference: "M9 3.5H2.5v10h10V8M2.5 12l3.5-3.5 3 3 1.5-1.5 2 2M12.5 1.5v5M10 4h5",
  save: "M8 2.5v8M4.5 7 8 10.5 11.5 7M2.5 10v3.5h11V10",
  up: "M8 13V3M4 7l4-4 4 4",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", ICONS[name]);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

/** A button; its key finds it again when its row is made anew. */
function button(label, onclick, { key = "", sign = "", ...props } = {}) {
  const node = h("button", { type: "button", onclick, ...props });
  node.append(...(sign ? [icon(sign)] : []), label);
  node.dataset.key = key;
  return node;
}

function row(...children) {
  return h("div", { className: "nbb-line" }, ...children);
}

/** A field below its label. */
function labelled(label, node, title = "") {
  return h("div", { className: "nbb-field" }, h("label", { htmlFor: node.id, title }, label), node);
}

/** What has the keyboard; marimo keeps a widget in a shadow tree, which has its own. */
function focused(node) {
  return node.getRootNode().activeElement;
}

/** New children, with the keyboard's place where it was. */
function fill(node, children) {
  const now = focused(node);
  const key = now && node.contains(now) && now.dataset.key;
  node.replaceChildren(...children);
  if (!key) return;
  const again = [...node.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  const next = again?.matches(":not(:disabled, [hidden])")
    ? again
    : (node.querySelector("button:not(:disabled, [hidden])") ??
      node.closest("details")?.querySelector("summary") ??
      node.closest(".nbb")?.querySelector(".nbb-generate"));
  next?.focus();
}

/** A row of pictures that are buttons: one stop of Tab, and arrows lead from one to the next. */
function makeStrip(label) {
  const node = h("div", { className: "nbb-strip", role: "toolbar", ariaLabel: label });
  const all = () => [...node.querySelectorAll("button:not(:disabled)")];
  let key; // of the one that Tab leads to
  const rove = () => {
    const stop = all().find((each) => each.dataset.key === key) ?? all()[0];
    for (const each of all()) each.tabIndex = each === stop ? 0 : -1;
  };
  node.addEventListener("focusin", ({ target }) => {
    key = target.dataset.key;
    rove();
  });
  node.onkeydown = (event) => {
    const at = all().indexOf(focused(node));
    const last = all().length - 1;
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last };
    if (!(event.key in steps)) return;
    event.preventDefault();
    all()[Math.min(last, Math.max(0, steps[event.key]))]?.focus();
  };
  const show = (buttons) => {
    fill(node, buttons);
    rove();
  };
  return { node, show };
}

/** A part that folds away. It opens by itself when it comes to hold something. */
function makeFold(title, ...children) {
  const note = h("span", { className: "nbb-hint" });
  const node = h("details", {}, h("summary", {}, h("span", {}, title), note), ...children);
  let held = false;
  const tell = (text, holds) => {
    note.textContent = text;
    if (holds && !held) node.open = true;
    held = holds;
  };
  return { node, tell };
}

/** A small rectangle of a ratio; dashed where there is none. */
function shapeOf(ratio) {
  const node = h("span", { className: "nbb-shape", ariaHidden: "true" });
  const [across, down] = ratio.split(":").map(Number);
  if (across > 0 && down > 0) {
    const side = 14 / Math.max(across, down);
    node.style.width = `${Math.max(3, across * side)}px`;
    node.style.height = `${Math.max(3, down * side)}px`;
  } else {
    node.classList.add("nbb-auto");
  }
  return node;
}

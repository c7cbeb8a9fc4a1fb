// The panel in the browser. Fields are traits of the kernel's model, buttons are messages to it.
// These files are one plain ES module, put together by widget.py: https://anywidget.dev/en/afm/.
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

/** A button; its key finds it again when its row is made anew. */
function button(label, onclick, { key = "", ...props } = {}) {
  const node = h("button", { type: "button", onclick, ...props }, label);
  node.dataset.key = key;
  return node;
}

function row(...children) {
  return h("div", { className: "nbb-row" }, ...children);
}

/** A field below its label. */
function labelled(label, node, title = "") {
  return h("div", { className: "nbb-field" }, h("label", { htmlFor: node.id, title }, label), node);
}

/** New children, with the keyboard's place where it was. */
function fill(node, children) {
  const key = node.contains(document.activeElement) && document.activeElement.dataset.key;
  node.replaceChildren(...children);
  if (!key) return;
  const again = [...node.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  const next = again && !again.disabled ? again : node.querySelector("button:not(:disabled)");
  next?.focus();
}

/** A small rectangle of a ratio; dashed where there is none. */
function shapeOf(ratio) {
  const node = h("span", { className: "nbb-shape", ariaHidden: "true" });
  const [across, down] = ratio.split(":").map(Number);
  if (across > 0 && down > 0) {
    const side = 15 / Math.max(across, down);
    node.style.width = `${Math.max(3, across * side)}px`;
    node.style.height = `${Math.max(3, down * side)}px`;
  } else {
    node.classList.add("nbb-auto");
  }
  return node;
}


const TYPING = 300; // ms without a key until the kernel hears of the text

/** The fields, each bound to its trait both ways; which ones a request has, the kernel says. */
function makeFields(model, id, set) {
  const fields = {};
  const values = (name) => model.get("offered").values?.[name] ?? [];

  function text(name, props, tag = "input") {
    const node = h(tag, { id: `${id}-${name}`, spellcheck: false, autocomplete: "off", ...props });
    let timer;
    const send = () => {
      clearTimeout(timer);
      timer = undefined;
      if (node.value !== model.get(name)) set(name, node.value);
    };
    node.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(send, TYPING);
    });
    node.addEventListener("change", send);
    const show = () => {
      const isTyping = timer !== undefined; // what is typed is newer than what the kernel has
      if (!isTyping && node.value !== model.get(name)) node.value = model.get(name);
    };
    fields[name] = { node, show, send };
  }

  function toggle(name) {
    const node = h("input", { id: `${id}-${name}`, type: "checkbox" });
    node.onchange = () => set(name, node.checked);
    fields[name] = { node, show: () => (node.checked = model.get(name)) };
  }

  /** Buttons of which one is pressed: what the model offers, and none. Ratios have shapes. */
  function choices(name) {
    const props = { className: "nbb-choices", role: "radiogroup" };
    const node = h("div", { ...props, "aria-labelledby": `${id}-${name}-label` });
    const choice = (value, hasShapes) => {
      const input = h("input", { type: "radio", name: `${id}-${name}`, value });
      input.checked = value === model.get(name);
      input.dataset.key = `${name} ${value}`;
      input.onchange = () => set(name, value);
      const title = value ? "" : "left to the reference picture, or to the settings";
      const shape = hasShapes ? [shapeOf(value)] : [];
      return h("label", { title }, input, ...shape, h("span", {}, value || "auto"));
    };
    const show = () => {
      const now = model.get(name); // a cell may say it in its own way: 16x9, {{ratio}}
      const all = [...new Set(["", ...values(name), now])];
      const hasShapes = all.some((value) => /^\d+:\d+$/.test(value));
      fill(node, all.map((value) => choice(value, hasShapes)));
    };
    fields[name] = { node, show };
  }

  function chooser(name) {
    const node = h("select", { id: `${id}-${name}` });
    node.onchange = () => set(name, node.value);
    const show = () => {
      node.replaceChildren(...values(name).map(([value, label]) => h("option", { value }, label)));
      node.value = model.get(name);
    };
    fields[name] = { node, show };
  }

  const hint = "What to draw. {{name}} is filled from the notebook; Ctrl+Enter generates.";
  text("prompt", { rows: 3, placeholder: hint, spellcheck: true }, "textarea");
  text("name", { placeholder: "e.g. trex", size: 8 });
  text("more", { placeholder: "--alt 'A cat' --take 2" });
  toggle("fresh");
  chooser("service");
  const makers = { choice: choices, switch: toggle, model: chooser };
  for (const { kind, name } of model.get("controls")) makers[kind](name);

  const count = h("input", { id: `${id}-count`, type: "number", min: 1, max: 100, step: 1 });
  count.onchange = () => {
    count.value = Math.min(100, Math.max(1, Math.round(Number(count.value) || 1)));
    set("count", Number(count.value));
  };
  fields.count = { node: count, show: () => (count.value = model.get("count")) };
  return fields;
}

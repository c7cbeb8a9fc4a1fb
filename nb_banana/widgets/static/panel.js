
const LOST = ["restarting", "autorestarting", "terminating", "dead"];
const GONE =
  "The kernel was restarted or stopped, and the panel went with it. Run this cell again. What " +
  "was paid is in your library; nb_banana.recover() looks after the rest.";
const SILENT =
  "The kernel does not answer: it is busy with a cell, or it was stopped. After a restart run " +
  "this cell again.";

/** The line in which the panel speaks: notes, errors, and a question with its buttons. */
function makeMessage(agree) {
  const node = h("p", { className: "nbb-message", role: "status" });
  const say = (kind, text = "") => {
    node.className = `nbb-message nbb-${kind}`;
    node.setAttribute("role", kind === "error" ? "alert" : "status");
    node.textContent = text;
    if (kind === "ask") {
      const yes = button("Send it", agree, { className: "nbb-primary" });
      const no = button("Don't", () => say("note"));
      node.append(row(yes, no));
      no.focus(); // a key that is held down must not say yes
    }
    if (kind === "error" || kind === "ask") node.scrollIntoView({ block: "nearest" });
  };
  return { node, say };
}

/** Generate, Cancel, the seconds and the price. */
function makeGo(model, act, set) {
  const isBusy = () => Boolean(model.get("busy").since);
  const press = () => isBusy() || act({ do: "generate" });
  const generate = button("Generate", press, { className: "nbb-primary" });
  const cancel = button("Cancel", () => act({ do: "cancel" }));
  const progress = h("span", { className: "nbb-progress" });
  const price = h("p", { className: "nbb-price", ariaLive: "polite" });
  let started; // by the browser's clock, for the kernel may have another one
  const show = () => {
    generate.disabled = isBusy();
    cancel.hidden = !isBusy();
    started = isBusy() ? (started ?? performance.now()) : undefined;
    const seconds = Math.round((performance.now() - started) / 1000);
    progress.textContent = isBusy() ? `Drawing … ${seconds} s` : "";
    // It was meant for the one that is drawn now. Said here too: a tick may still be on its way.
    if (isBusy() && model.get("fresh")) set("fresh", false);
    price.textContent = model.get("price").text ?? "";
    price.classList.toggle("nbb-problem", model.get("price").fine === false);
  };
  const node = h("div", { className: "nbb-go" }, generate, cancel, progress, price);
  const stop = () => {
    progress.textContent = "";
    cancel.hidden = true;
  };
  return { node, show, press, stop };
}

/** The form: all fields with their labels. */
function makeForm(model, id, fields, references) {
  const checkbox = (name, label, title = "") =>
    h("label", { className: "nbb-check", title }, fields[name].node, label);
  const group = (name, label) => {
    const props = { id: `${id}-${name}-label`, className: "nbb-label" };
    return h("div", { className: "nbb-field" }, h("span", props, label), fields[name].node);
  };
  const chooser = (name, label) => labelled(label, fields[name].node);
  const make = { choice: group, switch: checkbox, model: chooser };
  const made = (each) => ({ ...each, node: make[each.kind](each.name, each.label) });
  const controls = model.get("controls").map(made);
  const of = (kind) => controls.filter((each) => each.kind === kind).map(({ node }) => node);
  const fresh = "Pay for a new picture although this one is in your library";
  const node = h(
    "div",
    { className: "nbb-form" },
    labelled("Prompt", fields.prompt.node),
    ...of("choice"),
    h(
      "div",
      { className: "nbb-fields" },
      ...of("model"),
      labelled("Takes", fields.count.node, "So many pictures of one prompt"),
      labelled("Variable", fields.name.node, "The picture is bound to this name"),
    ),
    row(...of("switch"), checkbox("fresh", "Fresh, even if I have it", fresh)),
    references.node,
    h(
      "details",
      {},
      h("summary", {}, "More options"),
      labelled("Further options of the cell's line", fields.more.node),
    ),
  );
  const show = () => {
    const { values = {} } = model.get("offered");
    for (const { name, node } of controls) {
      node.hidden = !values[name] || values[name].length === 0;
      fields[name].show();
    }
    references.show();
  };
  return { node, show };
}

function render({ model, el }, line) {
  // Each panel has this module for itself, and a panel may be seen twice.
  const id = `nbb-${model.get("output_id")}-${++views}`;
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const fields = makeFields(model, id, set);
  const act = (content) => {
    say("note");
    Object.values(fields).forEach((field) => field.send?.());
    // Jupyter holds changes back while one is on its way, and a message overtakes them.
    const names = [...Object.keys(fields), "images"];
    const form = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    line.send({ ...content, form });
  };
  const { node: message, say } = makeMessage(() => act({ do: "generate", confirmed: true }));
  const references = makeReferences(model, line, set, say);
  const form = makeForm(model, id, fields, references);
  const go = makeGo(model, act, set);
  const result = makeResult(model, line, act);
  const cell = makeCell(model, fields.prompt.node, say);
  const history = makeHistory(model, line, act);
  form.node.append(message, go.node);
  fields.prompt.node.onkeydown = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    go.press();
  };

  const closing = { className: "nbb-close", ariaLabel: "Close the panel", title: "Close" };
  const close = button("✕", () => act({ do: "close" }), closing);
  const head = h("div", { className: "nbb-head" }, h("strong", {}, "nb_banana"), close);
  const side = h("div", { className: "nbb-side" }, result.node, cell.node);
  const body = h("fieldset", { className: "nbb-body" }, form.node, side, history.node);
  const root = h("div", { className: "nbb", role: "region", ariaLabel: "nb_banana panel" });
  root.append(head, body);
  // JupyterLab's own keys (arrows move between cells, d d deletes one) stay out of the panel.
  root.dataset.lmSuppressShortcuts = "true";
  root.onkeydown = (event) => event.stopPropagation();
  // What the output below says is for a notebook without a kernel.
  const words = `[data-nb-banana="${model.get("output_id")}"]`;
  el.append(h("style", {}, `${words} { display: none }`), root);

  const ticking = setInterval(go.show, 1000);
  // JupyterLab and Notebook 7 tell the kernel's state; elsewhere only its silence is noticed.
  let isGone = false;
  const kernel = model.widget_manager?.kernel;
  const watchKernel = (_, status) => {
    if (!LOST.includes(status)) return;
    isGone = true;
    body.disabled = true;
    clearInterval(ticking);
    go.stop();
    say("error", GONE);
  };
  kernel?.statusChanged?.connect(watchKernel);
  const listen = (what) => {
    if (isGone) return;
    if (what === "silence") say("wait", SILENT);
    else if (message.classList.contains("nbb-wait")) say("note");
  };
  line.listeners.add(listen);

  const watch = [
    ["message", () => say(model.get("message").kind ?? "note", model.get("message").text)],
    ["busy", go.show],
    ["price", go.show],
    ["history", history.show],
    ["results", result.show],
    ["chosen", result.show],
    ["before", result.show],
    ["references", references.show],
    ["here", references.show],
    ["offered", form.show],
    ...Object.entries(fields).map(([name, field]) => [name, field.show]),
    ["head", cell.show],
    ["prompt", cell.show],
  ];
  for (const [name, show] of watch) {
    model.on(`change:${name}`, show);
    show();
  }
  return () => {
    clearInterval(ticking);
    line.listeners.delete(listen);
    kernel?.statusChanged?.disconnect(watchKernel);
    for (const [name, show] of watch) model.off(`change:${name}`, show);
  };
}

export default () => {
  let line;
  return {
    initialize({ model }) {
      line = connect(model);
      return () => line.close();
    },
    render: (view) => render(view, line),
  };
};

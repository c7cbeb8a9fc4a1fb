
const LOST = ["restarting", "autorestarting", "terminating", "dead"];
const GONE =
  "The kernel was restarted or stopped, and the panel went with it. Run this cell again. What " +
  "was paid is in your library; nb_banana.recover() looks after the rest.";
const SILENT =
  "The kernel does not answer: it is busy with a cell, or it was stopped. After a restart run " +
  "this cell again.";

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
  const { slots, say, ask, kind } = makeMessages();
  const fresh = h("label", { className: "nbb-check" }, fields.fresh.node, "Draw a new one instead");
  fresh.title = "You have this picture in your library; a new one is paid for";
  const go = makeGo(model, act, set, fresh);
  const references = makeReferences(model, line, set, say, slots.references);
  const form = makeForm(model, id, fields, references, go, slots.form);
  const result = makeResult(model, line, act, slots.result);
  const cell = makeCell(model, fields.prompt.node, say, slots.cell);
  const history = makeHistory(model, line, act);
  ask.yes = () => {
    act({ do: "generate", confirmed: true });
    go.focus();
  };
  ask.no = () => {
    say("note");
    go.focus();
  };
  // What went wrong was another request.
  form.node.addEventListener("input", () => kind() === "error" && say("note"));
  fields.prompt.node.onkeydown = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    go.press();
  };

  const closing = { className: "nbb-close", ariaLabel: "Close the panel", sign: "close" };
  const shut = () => {
    act({ do: "close" });
    el.closest("[tabindex]")?.focus(); // the keyboard stays in the notebook
  };
  const close = button("Close", shut, closing);
  const head = h("div", { className: "nbb-head" }, h("strong", {}, "nb_banana"), close);
  const parts = [form.node, result.node, cell.node, history.node];
  const body = h("fieldset", { className: "nbb-body" }, ...parts);
  const root = h("div", { className: "nbb", role: "region", ariaLabel: "nb_banana panel" });
  root.append(head, body);
  takeDrops(root, references.take);
  // JupyterLab's own keys (arrows move between cells, d d deletes one) stay out of the panel.
  root.dataset.lmSuppressShortcuts = "true";
  root.onkeydown = (event) => event.stopPropagation();
  // What the output below says is for a notebook without a kernel.
  const words = `[data-nb-banana="${model.get("output_id")}"]`;
  el.append(h("style", {}, `${words} { display: none }`), root);

  const ticking = setInterval(result.tick, 1000);
  // JupyterLab and Notebook 7 tell the kernel's state; elsewhere only its silence is noticed.
  let isGone = false;
  const kernel = model.widget_manager?.kernel;
  const watchKernel = (_, status) => {
    if (!LOST.includes(status)) return;
    const hadFocus = focused(root);
    isGone = true;
    body.disabled = true;
    clearInterval(ticking);
    go.stop();
    result.stop();
    say("error", GONE);
    if (root.contains(hadFocus)) slots.form.focus();
  };
  kernel?.statusChanged?.connect(watchKernel);
  const listen = (what) => {
    if (isGone) return;
    if (what === "silence") say("wait", SILENT);
    else if (kind() === "wait") say("note");
  };
  line.listeners.add(listen);

  const told = () => {
    const { kind = "note", text, at } = model.get("message");
    say(kind, text, at);
    go.show();
  };
  const watch = [
    ["message", told],
    ["busy", go.show],
    ["busy", result.turned],
    ["price", go.show],
    ["history", history.show],
    ["results", result.changed],
    ["chosen", result.show],
    ["before", result.show],
    ["references", references.show],
    ["here", references.show],
    ["offered", form.show],
    ...Object.entries(fields).map(([name, field]) => [name, field.show]),
    ["shape", result.showShape],
    ["fresh", go.show],
    ...["model", "service", "count", "name", "more"].map((name) => [name, form.showOthers]),
    ["head", cell.show],
    ["prompt", cell.show],
  ];
  for (const [name, show] of watch) model.on(`change:${name}`, show);
  told();
  for (const part of [...Object.values(fields), go, result, history, form, cell]) part.show();
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


/** Where the panel speaks, beside what it speaks of: notes, errors, a question with its buttons. */
function makeMessages() {
  const places = ["form", "references", "result", "cell"];
  const slots = Object.fromEntries(
    places.map((place) => [place, h("div", { className: "nbb-message", role: "status", tabIndex: -1 })]),
  );
  const ask = { yes: undefined, no: undefined }; // what its buttons do
  const question = () => {
    const yes = button("Send it", () => ask.yes(), { className: "nbb-primary" });
    const no = button("No, send nothing", () => ask.no());
    slots.form.append(row(yes, no));
    no.focus(); // a key that is held down must not say yes
  };
  let kind = "note";
  const say = (what, text = "", at = "form") => {
    kind = what;
    for (const place of places) {
      const node = slots[place];
      node.className = `nbb-message nbb-is-${what}`;
      node.setAttribute("role", what === "error" ? "alert" : "status");
      const now = place === at ? text : "";
      if (node.textContent !== now) node.textContent = now;
    }
    if (what === "ask") question();
    if (!text) return;
    if (what === "error" && at === "references") slots[at].closest("details").open = true;
    if (what === "error" || what === "ask") slots[at].scrollIntoView({ block: "nearest" });
  };
  return { slots, say, ask, kind: () => kind };
}

/** Generate with its price on it, Cancel, and what else is to be known of the price. */
function makeGo(model, act, set, fresh) {
  const isBusy = () => Boolean(model.get("busy").since);
  const press = () => isBusy() || act({ do: "generate" });
  const onButton = h("span", {});
  const props = { className: "nbb-primary nbb-generate", sign: "generate" };
  const generate = button("Generate", press, props);
  generate.append(onButton);
  const cancel = button("Cancel", () => act({ do: "cancel" }), { sign: "close" });
  const price = h("p", { className: "nbb-price", ariaLive: "polite" });
  const show = () => {
    const now = focused(node);
    cancel.hidden = !isBusy();
    // It was meant for the one that is drawn now. Said here too: a tick may still be on its way.
    if (isBusy() && model.get("fresh")) set("fresh", false);
    // Not disabled, for that would take the keyboard's place away.
    generate.setAttribute("aria-disabled", String(isBusy()));
    const { text = "", amount = "", fine, kept } = model.get("price");
    onButton.textContent = amount && ` · ${amount}`;
    // What the button says is not said again.
    const more = text.startsWith(amount) ? text.slice(amount.length).replace(/^[ ,:;]+/, "") : text;
    price.textContent = more.slice(0, 1).toUpperCase() + more.slice(1);
    price.classList.toggle("nbb-problem", fine === false);
    // After Generate was pressed it is said in full, as an error.
    const isSaid = fine === false && text === model.get("message").text;
    price.hidden = isBusy() || isSaid;
    fresh.hidden = isBusy() || (!kept && !model.get("fresh"));
    if (node.contains(now) && now.closest("[hidden]")) generate.focus();
  };
  const under = h("div", { className: "nbb-under" }, price, fresh, cancel);
  const node = h("div", { className: "nbb-go" }, generate, under);
  const stop = () => (cancel.hidden = true);
  return { node, show, press, stop, focus: () => generate.focus() };
}

/** The form: what is always in sight, and what folds away. */
function makeForm(model, id, fields, references, go, slot) {
  const checkbox = (name, label) =>
    h("label", { className: "nbb-check" }, fields[name].node, label);
  const group = (name, label) => {
    const props = { id: `${id}-${name}-label`, className: "nbb-label" };
    return h("div", { className: "nbb-field" }, h("span", props, label), fields[name].node);
  };
  const chooser = (name, label) => labelled(label, fields[name].node);
  const make = { choice: group, switch: checkbox, model: chooser };
  const made = (each) => ({ ...each, node: make[each.kind](each.name, each.label) });
  const controls = model.get("controls").map(made);
  const of = (kind) => controls.filter((each) => each.kind === kind).map(({ node }) => node);
  const others = makeFold(
    "Model, takes, variable",
    h(
      "div",
      { className: "nbb-fields" },
      ...of("model"),
      labelled("Service", fields.service.node, "Who draws"),
      labelled("Takes", fields.count.node, "So many pictures of one prompt"),
      labelled("Variable", fields.name.node, "The picture is bound to this name"),
    ),
    ...of("switch"),
    labelled("Further options of the cell's line", fields.more.node),
  );
  const prompt = labelled("Prompt", fields.prompt.node);
  const parts = [prompt, ...of("choice"), go.node, slot, references.node, others.node];
  const node = h("div", { className: "nbb-form" }, ...parts);
  const show = () => {
    const { values = {} } = model.get("offered");
    for (const { name, node } of controls) {
      node.hidden = !values[name] || values[name].length === 0;
      fields[name].show();
    }
    fields.service.show();
    references.show();
    showOthers();
  };
  const isModel = ({ kind, name }) => kind === "model" && model.get(name);
  const isChosen = () => model.get("service") || controls.some(isModel);
  const showOthers = () => {
    const switches = controls.filter((each) => each.kind === "switch" && model.get(each.name));
    const said = [
      model.get("count") > 1 ? `${model.get("count")} takes` : "",
      model.get("name"),
      ...switches.map((each) => each.label.toLowerCase()),
      model.get("more").trim(),
    ].filter(Boolean);
    const { model: drawer = "", service } = model.get("offered");
    const who = service === "aimlapi" ? [drawer] : [drawer, service];
    others.tell([...who, ...said].join(" · "), said.length > 0 || Boolean(isChosen()));
  };
  return { node, show, showOthers };
}

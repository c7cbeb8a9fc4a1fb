
/** The picture with its buttons, the takes beside it, and the slider over the one before. */
function makeResult(model, line, act) {
  const node = h("section", { className: "nbb-result", ariaLabel: "Result" });
  let comparing = false;

  function slider(old) {
    const says = "How much of the picture before is seen";
    const range = h("input", { type: "range", min: 0, max: 100, value: 50, ariaLabel: says });
    const slide = () => (old.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`);
    range.oninput = slide;
    slide();
    const node = row("before", range, "now");
    node.classList.add("nbb-slider");
    return node;
  }

  function take({ thumbnail }, at) {
    const choose = () => {
      model.set("chosen", at);
      model.save_changes();
    };
    const ariaPressed = String(at === model.get("chosen"));
    const props = { ariaLabel: `Show picture ${at + 1}`, ariaPressed, key: `take ${at}` };
    const node = button("", choose, props);
    node.append(line.picture(thumbnail, ""), h("span", {}, String(at + 1)));
    return node;
  }

  function actions(hasBefore) {
    const action = (label, name) => button(label, () => act({ do: name }), { key: name });
    const compare = () => {
      comparing = !comparing;
      show();
    };
    const props = { hidden: !hasBefore, ariaPressed: String(comparing), key: "compare" };
    return row(
      action("Use as reference", "reference"),
      action("Save", "save"),
      action("Keep as output", "keep"),
      button("Compare with before", compare, props),
    );
  }

  function show() {
    const results = model.get("results");
    const now = results[model.get("chosen")];
    if (!now) {
      fill(node, [h("p", { className: "nbb-empty" }, "The picture appears here.")]);
      return;
    }
    const before = model.get("before");
    comparing = comparing && Boolean(before.thumbnail);
    const frame = h("div", { className: "nbb-frame" }, line.picture(now.thumbnail, now.alt));
    const parts = [frame];
    if (comparing) {
      const old = line.picture(before.thumbnail, `Before: ${before.alt}`);
      old.className = "nbb-before";
      frame.append(old);
      parts.push(slider(old));
    }
    parts.push(h("p", { className: "nbb-caption" }, now.caption));
    if (results.length > 1) parts.push(h("div", { className: "nbb-strip" }, ...results.map(take)));
    fill(node, [...parts, actions(Boolean(before.thumbnail))]);
  }
  return { node, show };
}

/** Pictures of the library; a click brings one back. */
function makeHistory(model, line, act) {
  const strip = h("div", { className: "nbb-strip" });
  const title = h("span", { className: "nbb-title" }, "From your library");
  const node = h("section", { ariaLabel: "History" }, title, strip);
  const item = ({ thumbnail, prompt }) => {
    const props = { ariaLabel: `Bring back: ${prompt}`, title: prompt, key: thumbnail };
    const node = button("", () => act({ do: "recall", thumbnail }), props);
    node.append(line.picture(thumbnail, ""));
    return node;
  };
  const show = () => {
    fill(strip, model.get("history").map(item));
    node.hidden = !strip.childElementCount;
  };
  return { node, show };
}

/** The cell, to be copied, or put below where the front end lets us (JupyterLab, Notebook 7). */
function makeCell(model, prompt, say) {
  const code = h("pre", { tabIndex: 0, ariaLabel: "The cell that does the same" });
  const text = () => `${model.get("head")}\n${prompt.value}`;
  const show = () => (code.textContent = text());
  prompt.addEventListener("input", show);
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      getSelection().selectAllChildren(code); // no permission, or plain http
      document.execCommand("copy");
    }
    say("note", "The cell is copied: paste it into an empty cell.");
  });
  const notebook = () => model.widget_manager?.context?.model?.sharedModel;
  const insert = button("Insert below", () => {
    const cells = notebook().cells.map((cell) => JSON.stringify(cell.toJSON().outputs ?? ""));
    const mine = cells.findIndex((outputs) => outputs.includes(model.get("output_id")));
    const place = mine < 0 ? cells.length : mine + 1;
    notebook().insertCell(place, { cell_type: "code", source: text() });
    say("note", "The cell is below this one.");
  });
  insert.hidden = typeof notebook()?.insertCell !== "function";
  const title = h("span", { className: "nbb-title" }, "The same as a cell");
  const props = { className: "nbb-cell", ariaLabel: "The cell" };
  return { node: h("section", props, row(title, copy, insert), code), show };
}

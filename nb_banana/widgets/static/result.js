
/** The place of the picture, with the picture's final size. */
function makeFrame([across, down], ...children) {
  const node = h("div", { className: "nbb-picture" }, ...children);
  node.style.setProperty("--across", across);
  node.style.setProperty("--down", down);
  return node;
}

/** The picture before, over the one that is shown now, up to a line that is dragged or moved by keys. */
function compare(frame, old) {
  const range = h("input", { type: "range", min: 0, max: 100, value: 50 });
  range.ariaLabel = "How much of the picture before is seen";
  range.dataset.key = "slider";
  const edge = h("span", { className: "nbb-edge", ariaHidden: "true" });
  const says = (word) => h("span", { className: `nbb-at-${word}`, ariaHidden: "true" }, word);
  const slide = () => {
    frame.style.setProperty("--seen", `${range.value}%`);
    range.ariaValueText = `${range.value} %`;
  };
  range.oninput = slide;
  slide();
  old.classList.add("nbb-old");
  frame.append(old, says("before"), says("now"), range, edge);
}

/** The picture with its buttons, the takes below it, and while one is drawn its frame. */
function makeResult(model, line, act, slot) {
  const node = h("section", { className: "nbb-result", ariaLabel: "Result" });
  const body = h("div", { className: "nbb-group" });
  const heard = h("p", { className: "nbb-heard", role: "status" }); // for a screen reader alone
  const takes = makeStrip("Takes");
  node.append(body, slot, takes.node, heard);
  let comparing = false;
  let drawing; // since when by the browser's clock, for the kernel may have another one; its frame
  let hasCome = false;
  let isStopped = false;

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
    const action = (label, name, sign) =>
      button(label, () => act({ do: name }), { key: name, sign });
    const turn = () => {
      comparing = !comparing;
      show();
    };
    const ariaPressed = String(comparing);
    const props = { hidden: !hasBefore, ariaPressed, key: "compare", sign: "compare" };
    const buttons = row(
      action("Use as reference", "reference", "reference"),
      action("Save", "save", "save"),
      action("Keep as output", "keep", "keep"),
      button("Compare with before", turn, props),
    );
    buttons.classList.add("nbb-actions");
    return buttons;
  }

  function showDrawing() {
    const seconds = h("p", { className: "nbb-progress" });
    const frame = makeFrame(model.get("shape").split(":"), seconds);
    frame.classList.add("nbb-drawing");
    const started = performance.now();
    const tick = () => {
      const { usual } = model.get("busy"); // "usually 14 s", when it is known
      const waited = `Drawing … ${Math.round((performance.now() - started) / 1000)} s`;
      seconds.textContent = usual ? `${waited}, ${usual}` : waited;
    };
    tick();
    drawing = { frame, tick };
    hasCome = false;
    heard.textContent = "Drawing.";
    fill(body, [frame]);
    frame.scrollIntoView({ block: "nearest" });
  }

  function showPicture(now) {
    const before = model.get("before");
    const image = line.picture(now.thumbnail, now.alt);
    const frame = makeFrame(now.size, image);
    if (image.tagName === "IMG" && !image.src) { // until its bytes are here
      frame.classList.add("nbb-drawing");
      image.onload = () => frame.classList.remove("nbb-drawing");
    }
    const old = comparing && line.picture(before.thumbnail, `Before: ${before.alt}`);
    if (old) compare(frame, old);
    const caption = h("p", { className: "nbb-caption" }, now.caption);
    fill(body, [frame, caption, actions(Boolean(before.thumbnail))]);
  }

  function show() {
    const results = model.get("results");
    const now = results[model.get("chosen")];
    const isDrawing = model.get("busy").since && !isStopped;
    takes.node.hidden = isDrawing || results.length < 2;
    takes.show(takes.node.hidden ? [] : results.map(take));
    if (isDrawing) {
      if (!drawing) showDrawing();
      return;
    }
    drawing = undefined;
    if (now) {
      showPicture(now);
    } else {
      const words = h("p", {}, "The picture appears here.");
      const frame = makeFrame(model.get("shape").split(":"), words);
      frame.classList.add("nbb-blank");
      fill(body, [frame]);
    }
  }

  function announce() {
    const results = model.get("results");
    if (!results.length) return;
    const said = results.length > 1 ? `${results.length} pictures are here.` : "The picture is here.";
    heard.textContent = `${said} ${results[0].caption.split("\n")[0]}`;
  }

  /** Another picture: what was compared is over, and a screen reader hears that it is here. */
  function changed() {
    comparing = false;
    hasCome = true;
    show();
    if (!drawing) announce();
  }

  function turned() {
    const wasDrawn = drawing;
    show();
    if (drawing || !wasDrawn) return;
    if (hasCome || !model.get("message").text) announce();
    else heard.textContent = ""; // what has happened is in the message
    hasCome = false;
  }

  const stop = () => {
    isStopped = true;
    show();
  };
  /** Where no picture is yet, its place has the shape that is asked for. */
  const showShape = () => model.get("results").length || show();
  return { node, show, showShape, changed, turned, stop, tick: () => drawing?.tick() };
}

/** Pictures of the library; a click brings one back. */
function makeHistory(model, line, act) {
  const strip = makeStrip("From your library");
  const title = h("span", { className: "nbb-title" }, "From your library");
  const node = h("section", { className: "nbb-history", ariaLabel: "History" }, title, strip.node);
  const item = ({ thumbnail, prompt }) => {
    const props = { ariaLabel: `Bring back: ${prompt}`, title: prompt, key: thumbnail };
    const node = button("", () => act({ do: "recall", thumbnail }), props);
    node.append(line.picture(thumbnail, ""));
    return node;
  };
  const show = () => {
    strip.show(model.get("history").map(item));
    node.hidden = !strip.node.childElementCount;
  };
  return { node, show };
}

/** The cell, to be copied, or put below where the front end lets us (JupyterLab, Notebook 7). */
function makeCell(model, prompt, say, slot) {
  const named = { role: "group", ariaLabel: "The cell that does the same" };
  const code = h("pre", { tabIndex: 0, ...named });
  const text = () => `${model.get("head")}\n${prompt.value}`;
  const show = () => (code.textContent = text());
  prompt.addEventListener("input", show);
  const copyText = async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      getSelection().selectAllChildren(code); // no permission, or plain http
      document.execCommand("copy");
    }
    say("note", "The cell is copied: paste it into an empty cell.", "cell");
  };
  const notebook = () => model.widget_manager?.context?.model?.sharedModel;
  const insertCell = () => {
    const cells = notebook().cells.map((cell) => JSON.stringify(cell.toJSON().outputs ?? ""));
    const mine = cells.findIndex((outputs) => outputs.includes(model.get("output_id")));
    const place = mine < 0 ? cells.length : mine + 1;
    notebook().insertCell(place, { cell_type: "code", source: text() });
    say("note", "The cell is below this one.", "cell");
  };
  const copy = button("Copy", copyText, { sign: "copy" });
  const insert = button("Insert below", insertCell, { sign: "insert" });
  insert.hidden = typeof notebook()?.insertCell !== "function";
  const title = h("span", { className: "nbb-title" }, "Code for a notebook cell");
  const props = { className: "nbb-cell", ariaLabel: "The cell" };
  return { node: h("section", props, row(title, copy, insert), code, slot), show };
}

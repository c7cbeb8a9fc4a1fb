// The panel in the browser. Fields are traits of the kernel's model, buttons are messages to it.
// A plain ES module: https://anywidget.dev/en/afm/. All text goes in as text, never as HTML.

const PIECE = 1_000_000; // bytes of one message: Jupyter's server closes the connection at 10 MB
const LARGEST = 100_000_000;
const PATIENCE = 5_000; // ms until it is said that the kernel does not answer
const TYPING = 300; // ms without a key until the kernel hears of the text

const LOST = ["restarting", "autorestarting", "terminating", "dead"];

let views = 0;

/** An element: `h("button", {onclick}, "Save")`. */
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** New children, with the keyboard's place where it was. */
function fill(node, ...children) {
  const key = node.contains(document.activeElement) && document.activeElement.dataset.key;
  node.replaceChildren(...children);
  if (!key) return;
  const again = [...node.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  const next = again && !again.disabled ? again : node.querySelector("button:not(:disabled)");
  next?.focus();
}

/** What all views of one panel share: the pictures that came, and the way to the kernel. */
function connect(model) {
  const came = new Map(); // sight → URL
  const waiting = new Map(); // sight → images that wait for it
  const listeners = new Set();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    listeners.forEach((listen) => listen("heard"));
  };
  model.on("msg:custom", (message, buffers) => {
    heard();
    if (!message.sight) return;
    const url = buffers[0].byteLength
      ? URL.createObjectURL(new Blob([buffers[0]], { type: message.mime }))
      : "";
    if (came.get(message.sight)) URL.revokeObjectURL(came.get(message.sight));
    came.set(message.sight, url);
    for (const image of waiting.get(message.sight) ?? []) put(image, url);
    waiting.delete(message.sight);
  });
  function put(image, url) {
    if (url) image.src = url;
    else image.replaceWith(h("span", { className: "nbb-none", ariaHidden: "true" }, "▨"));
  }
  return {
    listeners,
    send(message, buffers) {
      clearTimeout(timer);
      timer = setTimeout(() => listeners.forEach((listen) => listen("silence")), PATIENCE);
      model.send(message, undefined, buffers);
    },
    /** An image whose picture comes from the kernel when it is not here yet. */
    picture(sight, alt) {
      const image = h("img", { alt });
      if (!sight) return h("span", { className: "nbb-none", ariaHidden: "true" }, "URL");
      if (came.has(sight)) {
        if (!came.get(sight)) return h("span", { className: "nbb-none" }, "▨");
        image.src = came.get(sight);
      } else {
        if (!waiting.has(sight)) model.send({ do: "sight", sight });
        waiting.set(sight, [...(waiting.get(sight) ?? []), image]);
      }
      return image;
    },
    close() {
      clearTimeout(timer);
      came.forEach((url) => url && URL.revokeObjectURL(url));
    },
  };
}

/** The fields, each bound to its trait both ways. */
function makeFields(model, id) {
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const fields = {};
  const text = (name, props, tag = "input") => {
    const node = h(tag, { id: `${id}-${name}`, spellcheck: false, autocomplete: "off", ...props });
    let timer;
    const send = () => {
      clearTimeout(timer);
      timer = undefined;
      if (node.value !== model.get(name)) set(name, node.value);
    };
    node.oninput = () => {
      clearTimeout(timer);
      timer = setTimeout(send, TYPING);
      node.dispatchEvent(new Event("typed"));
    };
    node.onchange = send;
    const show = () => timer === undefined && node.value !== model.get(name) && (node.value = model.get(name));
    fields[name] = { node, show, send };
    return node;
  };
  text("prompt", { rows: 5, placeholder: "What to draw. {{name}} is filled from the notebook; Ctrl+Enter generates." }, "textarea");
  fields.prompt.node.spellcheck = true;
  text("name", { placeholder: "e.g. trex", size: 8 });
  text("more", { placeholder: "--alt 'A cat' --take 2" });
  const count = h("input", { id: `${id}-count`, type: "number", min: 1, max: 100, step: 1 });
  count.onchange = () => {
    const wanted = Math.min(100, Math.max(1, Math.round(Number(count.value) || 1)));
    count.value = wanted;
    set("count", wanted);
  };
  fields.count = { node: count, show: () => (count.value = model.get("count")), send() {} };
  for (const name of ["web_search", "fresh"]) {
    const node = h("input", { id: `${id}-${name}`, type: "checkbox" });
    node.onchange = () => set(name, node.checked);
    fields[name] = { node, show: () => (node.checked = model.get(name)), send() {} };
  }
  const chooser = h("select", { id: `${id}-model` });
  chooser.onchange = () => set("model", chooser.value);
  const showModels = () => {
    chooser.replaceChildren(
      ...model.get("models").map(([value, label]) => h("option", { value }, label)),
    );
    chooser.value = model.get("model");
  };
  fields.model = { node: chooser, show: showModels, send() {} };
  for (const [name, offered, shape] of [
    ["aspect_ratio", "ratios", true],
    ["resolution", "resolutions", false],
  ]) {
    const node = h("div", { className: "nbb-choices", role: "radiogroup" });
    node.setAttribute("aria-labelledby", `${id}-${name}-label`);
    const show = () => {
      const now = model.get(name); // what a cell says in its own way (16x9, {{ratio}}) is there too
      const values = [...new Set([...(model.get("offered")[offered] ?? []), ...(now ? [now] : [])])];
      fill(
        node,
        ...["", ...values].map((value) => {
          const input = h("input", { type: "radio", name: `${id}-${name}`, value });
          input.checked = value === now;
          input.dataset.key = `${name}-${value}`;
          input.onchange = () => set(name, value);
          const label = h("label", {}, input);
          if (shape) label.append(value.includes(":") ? shapeOf(value) : h("span", { className: "nbb-shape nbb-auto" }));
          label.append(h("span", {}, value || "auto"));
          label.title = value ? "" : "left to the reference picture, or to the settings";
          return label;
        }),
      );
    };
    fields[name] = { node, show, send() {} };
  }
  return { fields, set };
}

/** A small rectangle of a ratio. */
function shapeOf(ratio) {
  const [across, down] = ratio.split(":").map(Number);
  const side = 15 / Math.max(across, down);
  const node = h("span", { className: "nbb-shape", ariaHidden: "true" });
  node.style.width = `${Math.max(3, across * side)}px`;
  node.style.height = `${Math.max(3, down * side)}px`;
  return node;
}

function labelled(label, node, hint = "") {
  return h("div", { className: "nbb-field" }, h("label", { htmlFor: node.id, title: hint }, label), node);
}

function button(label, onclick, props = {}) {
  return h("button", { type: "button", onclick, ...props }, label);
}

/** The reference pictures: what is there, and four ways to add one. */
function makeReferences(model, line, set, say) {
  const list = h("ol", { className: "nbb-references" });
  const here = h("div", { className: "nbb-strip" });
  const full = h("p", { className: "nbb-hint" });
  const move = (from, to) => {
    const words = [...model.get("images")];
    words.splice(to, 0, ...words.splice(from, 1));
    set("images", words);
  };
  const most = () => model.get("offered").most;
  const add = (word) => {
    const words = model.get("images");
    if (!word || words.includes(word)) return;
    if (most() !== null && words.length >= most()) {
      say("error", `${model.get("offered").model} takes ${most() ? `at most ${most()}` : "no"} reference pictures: ${word.slice(0, 80)} was not added.`);
      return;
    }
    set("images", [...words, word]);
  };
  async function upload(files) {
    for (const file of files) {
      if (file.size > LARGEST) {
        say("error", `${file.name} has more than ${LARGEST / 1e6} MB. Make it smaller.`);
        continue;
      }
      say("note", `${file.name} is on its way …`);
      const data = await file.arrayBuffer();
      const number = `${Date.now()}-${Math.random()}`;
      for (let start = 0; start === 0 || start < data.byteLength; start += PIECE) {
        const last = start + PIECE >= data.byteLength;
        line.send({ do: "upload", number, name: file.name, last }, [data.slice(start, start + PIECE)]);
      }
    }
  }
  const chooser = h("input", { type: "file", accept: "image/*,.heic,.avif", multiple: true, className: "nbb-hidden", tabIndex: -1, ariaHidden: "true" });
  chooser.onchange = () => {
    upload([...chooser.files]);
    chooser.value = "";
  };
  const drop = h("div", { className: "nbb-drop" },
    h("span", {}, "Drop pictures here, or "), button("choose files", () => chooser.click()), chooser);
  const over = (on) => (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    drop.classList.toggle("nbb-over", on);
    if (event.type === "drop") upload([...event.dataTransfer.files]);
  };
  drop.ondragenter = drop.ondragover = over(true);
  drop.ondragleave = drop.ondrop = over(false);
  const address = h("input", { type: "url", placeholder: "https://…/picture.jpg", ariaLabel: "Address of a picture" });
  const addAddress = () => {
    if (!/^https?:\/\/\S+$/.test(address.value.trim())) {
      say("error", "That is no address of a picture: it begins with https://");
      return;
    }
    add(address.value.trim());
    address.value = "";
  };
  address.onkeydown = (event) => event.key === "Enter" && addAddress();
  const addressRow = h("div", { className: "nbb-row" }, address, button("Add address", addAddress));
  const show = () => {
    const found = model.get("references");
    fill(list, ...found.map(({ word, sight, problem }, at) => {
      const name = h("span", { className: "nbb-word", title: word }, `${at + 1}. ${word}`);
      if (problem) name.append(h("span", { className: "nbb-problem" }, ` ${problem}`));
      const item = h("li", {}, line.picture(sight, ""), name);
      for (const [label, says, to] of [["↑", "up", at - 1], ["↓", "down", at + 1]]) {
        const node = button(label, () => move(at, to), { ariaLabel: `Move ${word} ${says}`, disabled: to < 0 || to >= found.length });
        node.dataset.key = `${says} ${word}`;
        item.append(node);
      }
      const remove = button("✕", () => set("images", model.get("images").filter((each) => each !== word)), { ariaLabel: `Remove ${word}` });
      remove.dataset.key = `remove ${word}`;
      item.append(remove);
      return item;
    }));
    const limit = most();
    const known = limit === null || limit === undefined ? "" : ` of ${limit}`;
    drop.hidden = addressRow.hidden = limit === 0;
    full.hidden = limit !== 0 && !found.length;
    full.textContent = limit === 0
      ? `${model.get("offered").model} takes no reference pictures.`
      : found.length ? `${found.length}${known}; the prompt calls them image 1, image 2 …` : "";
  };
  const showHere = () => {
    const used = model.get("images");
    fill(here, ...model.get("here").map(({ word, sight }) => {
      const node = button("", () => add(word), { ariaLabel: `Add ${word} as a reference`, title: word, disabled: used.includes(word) });
      node.dataset.key = word;
      node.append(line.picture(sight, ""), h("span", {}, word));
      return node;
    }));
    here.hidden = !here.childElementCount || most() === 0;
  };
  const node = h("fieldset", { className: "nbb-group" }, h("legend", {}, "Reference pictures"), full, list, drop, here,
    addressRow);
  return { node, show: () => { show(); showHere(); } };
}

/** The picture, its buttons, and the takes beside it. */
function makeResult(model, line, act) {
  const node = h("section", { className: "nbb-result", ariaLabel: "Result" });
  let comparing = false;
  const show = () => {
    const results = model.get("results");
    const now = results[model.get("chosen")];
    if (!now) {
      node.replaceChildren(h("p", { className: "nbb-empty" }, "The picture appears here."));
      return;
    }
    const before = model.get("before");
    comparing = comparing && Boolean(before.sight);
    const frame = h("div", { className: "nbb-frame" }, line.picture(now.sight, now.alt));
    const parts = [frame];
    if (comparing) {
      const old = line.picture(before.sight, `Before: ${before.alt}`);
      old.className = "nbb-before";
      frame.append(old);
      const slider = h("input", { type: "range", min: 0, max: 100, value: 50, ariaLabel: "How much of the picture before is seen" });
      const slide = () => (old.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`);
      slider.oninput = slide;
      slide();
      parts.push(h("div", { className: "nbb-row nbb-slider" }, h("span", {}, "before"), slider, h("span", {}, "now")));
    }
    parts.push(h("p", { className: "nbb-caption" }, now.caption));
    if (results.length > 1) {
      parts.push(h("div", { className: "nbb-strip" }, ...results.map(({ sight, alt }, at) => {
        const take = button("", () => { model.set("chosen", at); model.save_changes(); }, { ariaLabel: `Show picture ${at + 1}`, ariaPressed: String(at === model.get("chosen")) });
        take.dataset.key = `take ${at}`;
        take.append(line.picture(sight, ""), h("span", {}, String(at + 1)));
        return take;
      })));
    }
    const actions = [["Use as reference", "reference"], ["Save", "save"], ["Keep as output", "keep"]].map(([label, name]) => {
      const each = button(label, () => act({ do: name }));
      each.dataset.key = name;
      return each;
    });
    const compare = button("Compare with before", () => { comparing = !comparing; show(); }, { hidden: !before.sight, ariaPressed: String(comparing) });
    compare.dataset.key = "compare";
    parts.push(h("div", { className: "nbb-row" }, ...actions, compare));
    fill(node, ...parts);
  };
  return { node, show };
}

/** The cell, to be copied, or put below where the front end allows it (JupyterLab, Notebook 7). */
function makeCell(model, fields, say) {
  const code = h("pre", { tabIndex: 0, ariaLabel: "The cell that does the same" });
  const text = () => `${model.get("head")}\n${fields.prompt.node.value}`;
  const show = () => (code.textContent = text());
  fields.prompt.node.addEventListener("typed", show);
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch { // no permission, or plain http
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    say("note", "The cell is copied: paste it into an empty cell.");
  });
  const notebook = () => model.widget_manager?.context?.model?.sharedModel;
  const insert = button("Insert below", () => {
    const shared = notebook();
    const mine = shared.cells.findIndex((cell) => JSON.stringify(cell.toJSON().outputs ?? "").includes(model.get("shelf_id")));
    shared.insertCell(mine + 1 || shared.cells.length, { cell_type: "code", source: text() });
    say("note", "The cell is below this one.");
  });
  insert.hidden = typeof notebook()?.insertCell !== "function";
  const node = h("section", { className: "nbb-cell", ariaLabel: "The cell" }, h("div", { className: "nbb-row" },
    h("span", { className: "nbb-title" }, "The same as a cell"), copy, insert), code);
  return { node, show };
}

export default () => {
  let line;
  return {
    initialize({ model }) {
      line = connect(model);
      return () => line.close();
    },
    render({ model, el }) {
      // Each panel is a module of its own, so a counter alone would begin anew in the next one.
      const id = `nbb-${model.get("shelf_id")}-${++views}`;
      const { fields, set } = makeFields(model, id);
      const message = h("p", { className: "nbb-message", role: "status" });
      const say = (kind, text) => {
        message.className = `nbb-message nbb-${kind}`;
        message.setAttribute("role", kind === "error" ? "alert" : "status");
        message.textContent = text ?? "";
        if (kind === "error" || kind === "ask") message.scrollIntoView({ block: "nearest" });
        if (kind !== "ask") return;
        const yes = button("Send it", () => act({ do: "generate", agreed: true }), { className: "nbb-primary" });
        message.append(h("span", { className: "nbb-row" }, yes, button("Don't", () => say("note", ""))));
        yes.focus();
      };
      const sendFields = () => Object.values(fields).forEach((field) => field.send());
      const act = (content) => {
        say("note", "");
        sendFields();
        line.send(content);
      };
      const references = makeReferences(model, line, set, say);
      const result = makeResult(model, line, act);
      const cell = makeCell(model, fields, say);

      const price = h("p", { className: "nbb-price", ariaLive: "polite" });
      const generate = button("Generate", () => model.get("busy").since || act({ do: "generate" }), { className: "nbb-primary" });
      const cancel = button("Cancel", () => act({ do: "cancel" }));
      const progress = h("span", { className: "nbb-progress", role: "status" });
      fields.prompt.node.onkeydown = (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          generate.click();
        }
      };
      const showBusy = () => {
        const { since } = model.get("busy");
        generate.disabled = Boolean(since);
        cancel.hidden = !since;
        const started = showBusy.started ??= since && performance.now();
        if (!since) showBusy.started = undefined;
        progress.textContent = since ? `Drawing … ${Math.round((performance.now() - started) / 1000)} s` : "";
      };
      const ticking = setInterval(showBusy, 1000);

      const history = h("div", { className: "nbb-strip nbb-history" });
      const past = h("section", { ariaLabel: "History" }, h("span", { className: "nbb-title" }, "From your library"), history);
      const showHistory = () => {
        fill(history, ...model.get("history").map(({ sight, prompt }) => {
          const node = button("", () => act({ do: "recall", sight }), { ariaLabel: `Bring back: ${prompt}`, title: prompt });
          node.dataset.key = sight;
          node.append(line.picture(sight, ""));
          return node;
        }));
        past.hidden = !history.childElementCount;
      };

      const search = h("label", { className: "nbb-check" }, fields.web_search.node, "Web search");
      const choices = {};
      for (const [name, label] of [["aspect_ratio", "Aspect ratio"], ["resolution", "Resolution"]]) {
        choices[name] = h("div", { className: "nbb-field" }, h("span", { id: `${id}-${name}-label`, className: "nbb-label" }, label), fields[name].node);
      }
      const showOffer = () => {
        const offered = model.get("offered");
        search.hidden = !offered.search;
        choices.aspect_ratio.hidden = !offered.ratios?.length;
        choices.resolution.hidden = !offered.resolutions?.length;
      };
      const form = h("div", { className: "nbb-form" },
        labelled("Prompt", fields.prompt.node),
        choices.aspect_ratio,
        choices.resolution,
        h("div", { className: "nbb-fields" }, labelled("Model", fields.model.node),
          labelled("Takes", fields.count.node), labelled("Variable", fields.name.node, "The picture is bound to this name")),
        h("div", { className: "nbb-row" }, search, h("label", { className: "nbb-check", title: "Pay for a new picture although this one is in your library" }, fields.fresh.node, "Fresh, even if I have it")),
        references.node,
        h("details", {}, h("summary", {}, "More options"), labelled("Further options of the cell's line", fields.more.node)),
        message,
        h("div", { className: "nbb-go" }, generate, cancel, progress, price));
      const close = button("✕", () => act({ do: "close" }), { className: "nbb-close", ariaLabel: "Close the panel", title: "Close" });
      const body = h("fieldset", { className: "nbb-body" }, form,
        h("div", { className: "nbb-side" }, result.node, cell.node), past);
      const root = h("div", { className: "nbb", role: "region", ariaLabel: "nb_banana panel" },
        h("div", { className: "nbb-head" }, h("strong", {}, "nb_banana"), close), body);
      // JupyterLab's own shortcuts (arrows move between cells, d d deletes one) stay out of the panel.
      root.dataset.lmSuppressShortcuts = "true";
      root.onkeydown = (event) => event.stopPropagation();

      const style = h("style");
      style.textContent = `[data-nb-banana="${model.get("shelf_id")}"] { display: none }`;
      el.append(style, root);

      // JupyterLab and Notebook 7 tell the kernel's state; elsewhere only its silence is noticed.
      let isGone = false;
      const kernel = model.widget_manager?.kernel;
      const watchKernel = (_, status) => LOST.includes(status) && gone();
      kernel?.statusChanged?.connect(watchKernel);
      const gone = () => {
        isGone = true;
        body.disabled = true;
        clearInterval(ticking);
        progress.textContent = "";
        say("error", "The kernel was restarted or stopped, and the panel went with it. Run this cell again. What was paid is in your library; nb_banana.recover() looks after the rest.");
      };
      const listen = (what) => {
        if (isGone) return;
        if (what === "silence") say("wait", "The kernel does not answer: it is busy with a cell, or it was stopped. After a restart run this cell again.");
        else if (message.classList.contains("nbb-wait")) say("note", "");
      };
      line.listeners.add(listen);
      const watch = {
        "change:message": () => { const { kind, text } = model.get("message"); say(kind ?? "note", text); },
        "change:price": () => { price.textContent = model.get("price").text ?? ""; price.classList.toggle("nbb-problem", model.get("price").fine === false); },
        "change:busy": showBusy,
        "change:history": showHistory,
        "change:results change:chosen change:before": result.show,
        "change:references change:here change:images": references.show,
        "change:head change:prompt": cell.show,
        "change:models": fields.model.show,
        "change:offered": () => { fields.aspect_ratio.show(); fields.resolution.show(); showOffer(); references.show(); },
      };
      for (const [name, { show }] of Object.entries(fields)) watch[`change:${name}`] ??= show;
      watch["change:prompt"] = () => { fields.prompt.show(); cell.show(); };
      for (const [events, show] of Object.entries(watch)) {
        model.on(events, show);
        show();
      }
      Object.values(fields).forEach((field) => field.show());
      cell.show();
      return () => {
        clearInterval(ticking);
        line.listeners.delete(listen);
        kernel?.statusChanged?.disconnect(watchKernel);
        for (const [events, show] of Object.entries(watch)) model.off(events, show);
      };
    },
  };
};

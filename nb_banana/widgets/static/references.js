
const PIECE = 1_000_000; // bytes of one message: Jupyter's server closes the connection at 10 MB
const LARGEST = 100_000_000;

/** Send files to the kernel in pieces. */
async function upload(files, line, tell) {
  const drop = `${Date.now()}-${Math.random()}`;
  for (const [at, file] of files.entries()) {
    if (file.size > LARGEST) {
      tell("error", `${file.name} has more than ${LARGEST / 1e6} MB. Make it smaller.`);
      continue;
    }
    tell("note", `${file.name} is on its way …`);
    const data = await file.arrayBuffer();
    const number = `${drop}/${at}`;
    for (let start = 0; start === 0 || start < data.byteLength; start += PIECE) {
      const last = start + PIECE >= data.byteLength;
      const message = { do: "upload", number, name: file.name, last };
      line.send(message, [data.slice(start, start + PIECE)]);
    }
  }
}

/** Where files are chosen. */
function makeChooser(take) {
  const chooser = h("input", { type: "file", accept: "image/*,.heic,.avif", multiple: true });
  chooser.hidden = true;
  chooser.onchange = () => {
    take([...chooser.files]);
    chooser.value = "";
  };
  const choose = button("Choose files", () => chooser.click(), { sign: "files" });
  return h("div", { className: "nbb-drop" }, "Drop pictures on the panel, or", choose, chooser);
}

/** Files are dropped anywhere on a node. */
function takeDrops(node, take) {
  const drag = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault(); // else the browser, or JupyterLab, opens the file
    event.stopPropagation();
    const isInside = node.contains(event.relatedTarget); // it has only left one part for another
    node.classList.toggle("nbb-over", !["drop", "dragleave"].includes(event.type) || isInside);
    if (event.type === "drop") {
      node.classList.remove("nbb-over");
      take([...event.dataTransfer.files]);
    }
  };
  node.ondragenter = node.ondragover = node.ondragleave = node.ondrop = drag;
}

/** The reference pictures: what is there, and the ways to add one. */
function makeReferences(model, line, set, say, slot) {
  const tell = (kind, text) => say(kind, text, "references");
  const take = (files) => upload(files, line, tell);
  const list = h("ol", { className: "nbb-references" });
  const here = makeStrip("In this notebook");
  const words = h("span", { className: "nbb-hint" }, "In this notebook:");
  const inNotebook = h("div", {}, words, here.node);
  const hint = h("p", { className: "nbb-hint" });
  const drop = makeChooser(take);
  const most = () => model.get("offered").most;

  function add(word) {
    const words = model.get("images");
    if (words.includes(word)) return;
    const name = model.get("offered").model;
    if (typeof most() === "number" && words.length >= most()) {
      tell("error", `${name} takes at most ${most()} reference pictures: ${word} was not added.`);
    } else {
      tell("note", "");
      set("images", [...words, word]);
    }
  }

  const asked = { placeholder: "https://…/picture.jpg", ariaLabel: "Address of a picture" };
  const address = h("input", { type: "url", ...asked });
  const addAddress = () => {
    const url = address.value.trim();
    if (/^https?:\/\/\S+$/.test(url)) {
      add(url);
      address.value = "";
    } else {
      tell("error", "That is no address of a picture: one begins with https://");
    }
  };
  address.onkeydown = (event) => {
    if (event.key === "Enter") addAddress(); // to return false would swallow every other key
  };
  const addresses = row(address, button("Add address", addAddress, { sign: "add" }));

  function item({ word, thumbnail, problem }, at, all) {
    const change = (edit) => {
      const words = [...model.get("images")];
      edit(words);
      set("images", words);
    };
    const move = (label, to) => {
      const way = label.toLowerCase();
      const shift = () => change((words) => words.splice(to, 0, ...words.splice(at, 1)));
      const disabled = to < 0 || to >= all.length;
      const ariaLabel = `Move ${word} ${way}`;
      return button(label, shift, { ariaLabel, disabled, key: `${way} ${word}`, sign: way });
    };
    const remove = button("Remove", () => change((words) => words.splice(at, 1)), {
      ariaLabel: `Remove ${word}`,
      key: `remove ${word}`,
      sign: "close",
    });
    const name = h("span", { className: "nbb-word" }, `${at + 1}. ${word}`);
    if (problem) name.append(h("span", { className: "nbb-problem" }, ` ${problem}`));
    const moves = all.length > 1 ? [move("Up", at - 1), move("Down", at + 1)] : [];
    const buttons = h("div", { className: "nbb-actions" }, ...moves, remove);
    return h("li", {}, line.picture(thumbnail, ""), h("div", {}, name, buttons));
  }

  function offer({ word, thumbnail }) {
    const node = button("", () => add(word), {
      ariaLabel: `Add ${word} as a reference`,
      title: word,
      disabled: model.get("images").includes(word),
      key: word,
    });
    node.append(line.picture(thumbnail, ""), h("span", {}, word));
    return node;
  }

  function show() {
    const found = model.get("references");
    fill(list, found.map(item));
    here.show(model.get("here").map(offer));
    const takesNone = most() === 0;
    drop.hidden = addresses.hidden = takesNone;
    inNotebook.hidden = takesNone || !here.node.childElementCount;
    const of = typeof most() === "number" ? ` of ${most()}` : "";
    const count = found.length ? `${found.length}${of}` : "";
    fold.tell(count || (takesNone ? "none for this model" : "none added"), found.length > 0);
    const none = takesNone ? `${model.get("offered").model} takes no pictures.` : "";
    hint.textContent = none || (count ? "The prompt calls them image 1, image 2 …" : "");
    hint.hidden = !hint.textContent;
  }

  const fold = makeFold("Reference pictures", hint, list, drop, inNotebook, addresses, slot);
  return { node: fold.node, show, take };
}

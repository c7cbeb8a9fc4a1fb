
const PIECE = 1_000_000; // bytes of one message: Jupyter's server closes the connection at 10 MB
const LARGEST = 100_000_000;

/** Send files to the kernel in pieces. */
async function upload(files, line, say) {
  const drop = `${Date.now()}-${Math.random()}`;
  for (const [at, file] of files.entries()) {
    if (file.size > LARGEST) {
      say("error", `${file.name} has more than ${LARGEST / 1e6} MB. Make it smaller.`);
      continue;
    }
    say("note", `${file.name} is on its way …`);
    const data = await file.arrayBuffer();
    const number = `${drop}/${at}`;
    for (let start = 0; start === 0 || start < data.byteLength; start += PIECE) {
      const last = start + PIECE >= data.byteLength;
      const message = { do: "upload", number, name: file.name, last };
      line.send(message, [data.slice(start, start + PIECE)]);
    }
  }
}

/** Where files are dropped, or chosen. */
function makeDrop(take) {
  const chooser = h("input", { type: "file", accept: "image/*,.heic,.avif", multiple: true });
  chooser.hidden = true;
  chooser.onchange = () => {
    take([...chooser.files]);
    chooser.value = "";
  };
  const choose = button("choose files", () => chooser.click());
  const node = h("div", { className: "nbb-drop" }, "Drop pictures here, or ", choose, chooser);
  const drag = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault(); // else the browser, or JupyterLab, opens the file
    event.stopPropagation();
    node.classList.toggle("nbb-over", ["dragenter", "dragover"].includes(event.type));
    if (event.type === "drop") take([...event.dataTransfer.files]);
  };
  node.ondragenter = node.ondragover = node.ondragleave = node.ondrop = drag;
  return node;
}

/** The reference pictures: what is there, and the ways to add one. */
function makeReferences(model, line, set, say) {
  const list = h("ol", { className: "nbb-references" });
  const here = h("div", { className: "nbb-strip" });
  const inNotebook = h("div", {}, h("span", { className: "nbb-hint" }, "In this notebook:"), here);
  const hint = h("p", { className: "nbb-hint" });
  const drop = makeDrop((files) => upload(files, line, say));
  const most = () => model.get("offered").most;

  function add(word) {
    const words = model.get("images");
    if (words.includes(word)) return;
    const name = model.get("offered").model;
    if (typeof most() === "number" && words.length >= most()) {
      say("error", `${name} takes at most ${most()} reference pictures: ${word} was not added.`);
    } else {
      say("note", "");
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
      say("error", "That is no address of a picture: one begins with https://");
    }
  };
  address.onkeydown = (event) => {
    if (event.key === "Enter") addAddress(); // to return false would swallow every other key
  };
  const addresses = row(address, button("Add address", addAddress));

  function item({ word, thumbnail, problem }, at, all) {
    const change = (edit) => {
      const words = [...model.get("images")];
      edit(words);
      set("images", words);
    };
    const move = (label, says, to) =>
      button(label, () => change((words) => words.splice(to, 0, ...words.splice(at, 1))), {
        ariaLabel: `Move ${word} ${says}`,
        disabled: to < 0 || to >= all.length,
        key: `${says} ${word}`,
      });
    const remove = button("✕", () => change((words) => words.splice(at, 1)), {
      ariaLabel: `Remove ${word}`,
      key: `remove ${word}`,
    });
    const name = h("span", { className: "nbb-word" }, `${at + 1}. ${word}`);
    if (problem) name.append(h("span", { className: "nbb-problem" }, ` ${problem}`));
    const moves = [move("↑", "up", at - 1), move("↓", "down", at + 1)];
    return h("li", {}, line.picture(thumbnail, ""), name, ...moves, remove);
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
    fill(here, model.get("here").map(offer));
    const takesNone = most() === 0;
    drop.hidden = addresses.hidden = takesNone;
    inNotebook.hidden = takesNone || !here.childElementCount;
    const of = typeof most() === "number" ? ` of ${most()}` : "";
    const count = `${found.length}${of}; the prompt calls them image 1, image 2 …`;
    const none = takesNone ? `${model.get("offered").model} takes no pictures.` : "";
    hint.textContent = none || (found.length ? count : "");
    hint.hidden = !hint.textContent;
  }

  const legend = h("legend", {}, "Reference pictures");
  const props = { className: "nbb-group" };
  return { node: h("fieldset", props, legend, hint, list, drop, inNotebook, addresses), show };
}

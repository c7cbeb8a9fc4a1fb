
const PATIENCE = 5_000; // ms until it is said that the kernel does not answer

/** The line to the kernel, and the pictures that came over it; all views of a panel share it. */
function connect(model) {
  const came = new Map(); // thumbnail → URL, empty where there is no picture
  const waiting = new Map(); // thumbnail → images that wait for it
  const listeners = new Set();
  let timer;

  const none = (sign) => h("span", { className: "nbb-none", ariaHidden: "true" }, sign);

  model.on("msg:custom", ({ thumbnail, mime }, [data]) => {
    clearTimeout(timer);
    listeners.forEach((listen) => listen("heard"));
    if (!thumbnail) return;
    if (came.get(thumbnail)) URL.revokeObjectURL(came.get(thumbnail));
    const url = data.byteLength ? URL.createObjectURL(new Blob([data], { type: mime })) : "";
    came.set(thumbnail, url);
    for (const image of waiting.get(thumbnail) ?? []) {
      if (url) image.src = url;
      else image.replaceWith(none("▨"));
    }
    waiting.delete(thumbnail);
  });

  return {
    listeners,
    send(message, buffers) {
      clearTimeout(timer);
      timer = setTimeout(() => listeners.forEach((listen) => listen("silence")), PATIENCE);
      model.send(message, undefined, buffers);
    },
    /** An image; its picture comes from the kernel when it is not here yet. */
    picture(thumbnail, alt) {
      if (!thumbnail) return none("URL");
      if (came.get(thumbnail) === "") return none("▨");
      const image = h("img", { alt });
      if (came.has(thumbnail)) {
        image.src = came.get(thumbnail);
      } else {
        if (!waiting.has(thumbnail)) model.send({ do: "thumbnail", thumbnail });
        waiting.set(thumbnail, [...(waiting.get(thumbnail) ?? []), image]);
      }
      return image;
    },
    close() {
      clearTimeout(timer);
      came.forEach((url) => url && URL.revokeObjectURL(url));
    },
  };
}

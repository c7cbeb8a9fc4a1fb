
const PATIENCE = 5_000; // ms until it is said that the kernel does not answer

/** The line to the kernel, and the pictures that came over it; all views of a panel share it. */
function connect(model) {
  const came = new Map(); // sight → URL, empty where there is no picture
  const waiting = new Map(); // sight → images that wait for it
  const listeners = new Set();
  let timer;

  const none = (sign) => h("span", { className: "nbb-none", ariaHidden: "true" }, sign);

  model.on("msg:custom", ({ sight, mime }, [data]) => {
    clearTimeout(timer);
    listeners.forEach((listen) => listen("heard"));
    if (!sight) return;
    if (came.get(sight)) URL.revokeObjectURL(came.get(sight));
    const url = data.byteLength ? URL.createObjectURL(new Blob([data], { type: mime })) : "";
    came.set(sight, url);
    for (const image of waiting.get(sight) ?? []) {
      if (url) image.src = url;
      else image.replaceWith(none("▨"));
    }
    waiting.delete(sight);
  });

  return {
    listeners,
    send(message, buffers) {
      clearTimeout(timer);
      timer = setTimeout(() => listeners.forEach((listen) => listen("silence")), PATIENCE);
      model.send(message, undefined, buffers);
    },
    /** An image; its picture comes from the kernel when it is not here yet. */
    picture(sight, alt) {
      if (!sight) return none("URL");
      if (came.get(sight) === "") return none("▨");
      const image = h("img", { alt });
      if (came.has(sight)) {
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

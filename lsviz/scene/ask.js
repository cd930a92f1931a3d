// The bundle with three.js comes once a page, by message: whoever is first asks for it, all others wait for the same promise.
const asking = (model, version) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => end(new Error("no answer")), 60000);
  const end = (error, module) => { clearTimeout(timer); model.off("msg:custom", heard); error ? reject(error) : resolve(module); };
  const heard = (message, buffers) => {
    if (message.bundle !== version) return;
    const url = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
    import(url).then((module) => end(null, module), end).finally(() => URL.revokeObjectURL(url));
  };
  model.on("msg:custom", heard);
  model.send({ ask: "bundle" });
});
const bundle = async (model, version) => {
  const kept = (globalThis.lsvizScenes ??= { asked: 0 });
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (!kept[version]) { kept.asked += 1; kept[version] = asking(model, version); }
      return await kept[version];
    } catch (error) {                    // who asked may have gone: ask again, oneself
      delete kept[version];
      if (attempt > 2) throw error;
    }
  }
};

async function render({ model, el }) {
  const ended = new AbortController();
  el.classList.add("lsviz-scene");
  el.replaceChildren(make("p", { class: "lsviz-scene-wait", role: "status", text: `The view in space is on its way… ${model.get("alt")}` }));
  bundle(model, model.get("_version")).then((module) => {
    if (!ended.signal.aborted) module.show({ model, el, signal: ended.signal, page: { make, setText, setAttribute, pageIsDark, watchTheme, announcer, offerFile } });
  }).catch((error) => {
    if (!ended.signal.aborted) el.replaceChildren(make("p", { class: "lsviz-error", role: "alert",
      text: `The view in space could not be loaded (${error.message}). It would show: ${model.get("alt")}` }));
  });
  return () => ended.abort();
}
export default { render };

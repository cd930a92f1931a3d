// A file from Python, saved by the browser without any server: {name, type} and its bytes.
function render({ model, el }) {
  el.classList.add("lsviz-file");
  const said = make("span", { class: "lsviz-said", role: "status" });
  el.replaceChildren(said);
  let old = null;
  const save = (message, buffers) => {
    if (!message.name) return;
    if (old) URL.revokeObjectURL(old);
    old = offerFile(message.name, buffers, message.type);
    said.replaceChildren("Saved: ", make("a", { href: old, download: message.name, text: message.name }));
  };
  model.on("msg:custom", save);
  return () => { model.off("msg:custom", save); if (old) URL.revokeObjectURL(old); };
}
export default { render };

// Lecturer's switch: type for the last row, answers hidden. ?lecture=1 in the address turns it on.
function render({ model, el, signal: given }) {
  el.classList.add("lsviz-lecture");
  const box = make("input", { type: "checkbox", role: "switch" });
  el.replaceChildren(make("label", {}, box, make("span", { text: "Lecturer mode" })));
  const apply = () => {
    const on = model.get("on");
    box.checked = on;
    document.body.classList.toggle("lsviz-lecturer", on);
    try { on ? sessionStorage.setItem("lsviz:lecture", "1") : sessionStorage.removeItem("lsviz:lecture"); } catch { /* not kept */ }
    window.dispatchEvent(new Event("resize"));
  };
  const set = (on) => { model.set("on", on); model.save_changes(); apply(); };
  box.addEventListener("change", () => set(box.checked));
  model.on("change:on", apply);
  let wanted = new URLSearchParams(location.search).get("lecture") === "1";
  try { wanted ||= sessionStorage.getItem("lsviz:lecture") === "1"; } catch { /* not kept */ }
  if (wanted && !model.get("on")) set(true); else apply();
  return () => document.body.classList.remove("lsviz-lecturer");
}
export default { render };

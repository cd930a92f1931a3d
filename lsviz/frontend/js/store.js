// The learner's answers, kept by their own browser (a server may forget them), and as a file for a course without one.
const slot = (name) => `lsviz:${name}`;
const readSlot = (name) => { try { return JSON.parse(localStorage.getItem(slot(name))) ?? {}; } catch { return {}; } };
const writeSlot = (name, values) => { try { localStorage.setItem(slot(name), JSON.stringify(values)); return true; } catch { return false; } };

function render({ model, el }) {
  el.classList.add("lsviz-store");
  const name = model.get("name");
  const save = make("button", { type: "button", class: "lsviz-button jupyter-button", text: "Save my answers to a file" });
  const load = make("button", { type: "button", class: "lsviz-button jupyter-button", text: "Bring my answers back" });
  const forget = make("button", { type: "button", class: "lsviz-button jupyter-button", text: "Forget them" });
  const file = make("input", { type: "file", accept: ".json,application/json", hidden: true, "aria-label": "file with answers" });
  const said = make("span", { class: "lsviz-said", role: "status" });
  el.replaceChildren(...(model.get("buttons") ? [save, load, forget, file, said] : []));
  const put = (values, ready = true) => {
    model.set("values", values);
    if (ready) model.set("ready", true);
    model.save_changes();
    writeSlot(name, values);
  };
  save.addEventListener("click", () => {
    const text = JSON.stringify({ lsviz: name, saved: new Date().toISOString(), values: model.get("values") }, null, 1);
    setTimeout(() => URL.revokeObjectURL(offerFile(`lsviz-${name}-answers.json`, [text], "application/json")), 0);
    setText(said, "Saved to your downloads");
  });
  load.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    try {
      const content = JSON.parse(await file.files[0].text());
      if (content.lsviz !== name || typeof content.values !== "object") throw new Error("other");
      put({ ...model.get("values"), ...content.values });
      setText(said, "Your answers are back");
    } catch { setText(said, `This file holds no answers of the lesson “${name}”`); }
    file.value = "";
  });
  let sure = 0;
  const calm = () => { clearTimeout(sure); sure = 0; setText(forget, "Forget them"); };
  forget.addEventListener("click", () => {
    if (sure) { calm(); put({}); setText(said, "Forgotten"); return; }
    sure = setTimeout(() => { calm(); setText(said, ""); }, 8000);
    setText(forget, "Yes, forget all");
    setText(said, "Press again to forget all answers of this lesson; a saved file stays");
  });
  const keep = () => { if (model.get("ready")) writeSlot(name, model.get("values")); };
  model.on("change:values", keep);
  if (!model.get("ready")) put({ ...readSlot(name), ...model.get("values") });
  return () => { clearTimeout(sure); model.off("change:values", keep); };
}
export default { render };

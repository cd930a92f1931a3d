// A picture of the learner's own: read and made small here, so that neither its size nor its kind can trouble the kernel.
const LARGEST = 20e6, SIDE = 256;
function render({ model, el }) {
  el.classList.add("lsviz-own");
  const words = model.get("description");
  const pick = make("button", { type: "button", class: "lsviz-button jupyter-button", text: `Use ${words} …` });
  const back = make("button", { type: "button", class: "lsviz-button jupyter-button", text: "Back to the test picture" });
  const file = make("input", { type: "file", accept: "image/png,image/jpeg,image/gif,image/webp,image/bmp", hidden: true, "aria-label": words });
  const said = make("span", { class: "lsviz-said", role: "status" });
  el.replaceChildren(pick, back, file, said);
  const say = () => { setText(said, model.get("said")); back.hidden = !model.get("held"); };
  pick.addEventListener("click", () => file.click());
  back.addEventListener("click", () => model.send({ clear: true }));
  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    file.value = "";
    if (!chosen) return;
    if (chosen.size > LARGEST) return setText(said, `${chosen.name}: ${Math.round(chosen.size / 1e6)} MB; allowed: a picture of at most 20 MB`);
    try {
      const bitmap = await createImageBitmap(chosen, { imageOrientation: "from-image" });
      if (Math.min(bitmap.width, bitmap.height) < 8) return setText(said, `${chosen.name}: ${bitmap.width} × ${bitmap.height} pixels; allowed: at least 8 a side`);
      const scale = Math.min(1, SIDE / Math.min(bitmap.width, bitmap.height)), side = Math.min(bitmap.width, bitmap.height);
      const canvas = make("canvas"), small = Math.round(side * scale);
      canvas.width = canvas.height = small; // the square in its middle
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, small, small);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      model.send({ name: chosen.name }, undefined, [await blob.arrayBuffer()]);
    } catch { setText(said, `${chosen.name} is no picture that can be read; allowed: PNG, JPEG, GIF, WebP, BMP`); }
  });
  model.on("change:said", say);
  model.on("change:held", say);
  say();
  return () => { model.off("change:said", say); model.off("change:held", say); };
}
export default { render };

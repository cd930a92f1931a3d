// A scene: bodies from Python, turned here; Python hears the latest rotation, one message on its way at a time.
import { AmbientLight, DirectionalLight, Matrix4, PerspectiveCamera, Quaternion, Scene, Vector3 } from "three";
import { build, paints, release } from "./shapes.js";
import { draw, onRestored, renderer, write } from "./paint.js";
import { hand } from "./hand.js";

const FROM = new Vector3(0.42, 0.36, 1).normalize(), MIRROR = new Matrix4().makeScale(-1, -1, -1);
const SLOW = 24, PATIENCE = 2000;           // ms: of a picture that is drawn coarser while it moves; until Python is told again without its answer

// One turn on its way at a time, the latest wins; a kernel that answers nothing is asked now and then.
function teller(model) {
  let wanted = null, serial = 0, sent = -Infinity, answered = true;
  const flush = () => {
    if (!wanted || (!answered && performance.now() - sent < PATIENCE)) return;
    const turn = wanted;
    [wanted, answered, sent, serial] = [null, false, performance.now(), serial + 1];
    try { model.send({ turn, serial }); } catch { /* no kernel: it turns all the same */ }
  };
  const heard = (message) => { if (message.heard === serial) { answered = true; flush(); } };
  model.on("msg:custom", heard);
  return { tell: (turn) => { wanted = turn; flush(); }, waits: () => !answered || wanted !== null, stop: () => model.off("msg:custom", heard) };
}

const inWords = (q) => {
  const angle = 2 * Math.acos(Math.min(1, Math.abs(q.w))), length = Math.hypot(q.x, q.y, q.z);
  if (angle < 0.01 || !length) return "not turned";
  const axis = [q.x, q.y, q.z].map((v) => ((q.w < 0 ? -v : v) / length).toFixed(1).replace(/^-0\.0$/, "0.0"));
  return `turned by ${Math.round(angle * 180 / Math.PI)} degrees about (${axis.join(", ")})`;
};

export function show({ model, el, signal, page }) {
  const { make, setText, setAttribute, pageIsDark, watchTheme, announcer, offerFile } = page;
  const label = make("p", { class: "lsviz-scene-label" }), canvas = make("canvas", { "aria-hidden": "true" });
  const frame = make("div", { class: "lsviz-scene-frame", role: "application", tabindex: "0", "aria-roledescription": "view in space" }, canvas);
  const hint = make("p", { class: "lsviz-scene-hint" }), live = make("p", { class: "lsviz-live", "aria-live": "polite" }), announce = announcer(live);
  const button = (text) => make("button", { type: "button", class: "lsviz-button jupyter-button", text });
  const again = button("Reset view"), save = button("Save view");
  el.replaceChildren(label, frame, hint, make("div", { class: "lsviz-scene-buttons" }, again, save), live);

  const pen = canvas.getContext("2d"), scene = new Scene(), camera = new PerspectiveCamera(28, 1.5, 0.1, 100), told = teller(model);
  const sun = new DirectionalLight(0xffffff, 0.45 * Math.PI), turn = new Quaternion();
  sun.position.set(-0.45, 0.65, 0.75);
  camera.add(sun);
  scene.add(camera, new AmbientLight(0xffffff, 0.62 * Math.PI));
  let built = null, zoomed = 1, queued = 0, moving = 0, cost = 0, settle = 0;
  const soon = () => { queued ||= requestAnimationFrame(paint); };

  const place = (aspect) => {
    const reach = (model.get("reach") || built.reach || 1) * 1.04, half = camera.fov * Math.PI / 360;
    const narrow = Math.atan(Math.tan(half) * Math.min(1, aspect)), far = reach / Math.sin(narrow) / zoomed;
    camera.position.copy(FROM).multiplyScalar(far);
    camera.lookAt(0, 0, 0);
    Object.assign(camera, { aspect, near: Math.max(far / 100, far - 3 * reach), far: far + 3 * reach });
    camera.updateProjectionMatrix();
    built.turning.matrixAutoUpdate = false;
    built.turning.matrix.makeRotationFromQuaternion(turn);
    if (model.get("mirrored")) built.turning.matrix.multiply(MIRROR);
    scene.updateMatrixWorld(true);
  };
  const picture = (ink, width, height, ratio, grain) => {
    place(width / height);
    draw(ink, scene, camera, width, height, grain);
    const [light, dark] = ["#ffffff", "#14161a"];
    write(ink, built.words, built.turning, camera, width, height, ratio, pageIsDark() ? dark : light, getComputedStyle(el).fontFamily || "sans-serif");
  };
  const paint = () => {
    queued = 0;
    if (signal.aborted || !built || !frame.clientWidth) return;
    const start = performance.now(), ratio = Math.min(2, window.devicePixelRatio || 1), coarse = moving && cost > SLOW;
    const width = Math.round(frame.clientWidth * ratio), height = Math.round(frame.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    picture(pen, width, height, ratio, coarse ? Math.min(1, 1 / ratio) : ratio < 1.5 ? 2 : 1.5);
    if (!coarse) cost = performance.now() - start;
    el.dataset.pictures = String(Number(el.dataset.pictures ?? 0) + 1);
    clearTimeout(settle);
    if (coarse) settle = setTimeout(() => { moving = 0; soon(); }, 250);
  };

  // ---- turning
  const flat = renderer() === null;          // no WebGL: pictures are slow, but they turn
  el.classList.toggle("lsviz-scene-flat", flat);
  const apply = () => {
    const [w, x, y, z] = model.get("quaternion");
    turn.set(x, y, z, w).normalize();
    soon();
  };
  const send = () => {
    const q = [turn.w, turn.x, turn.y, turn.z];
    model.set("quaternion", q);              // for the other views of this model; Python is told by `told`
    told.tell(q);
    announce(inWords(turn), false);
  };
  const doing = hand({
    frame, camera, signal, allowed: () => model.get("turns"),
    turn: (by) => {
      if (!by) { moving = 0; announce(inWords(turn), true); return soon(); }
      moving = 1;
      turn.premultiply(by).normalize();
      send();
      soon();
    },
    zoom: (by) => { zoomed = Math.min(5, Math.max(0.3, zoomed * by)); soon(); },
    reset: () => reset(),
  });
  const reset = () => {
    const [w, x, y, z] = model.get("start");
    zoomed = 1;
    turn.set(x, y, z, w).normalize();
    send();
    announce(`view reset, ${inWords(turn)}`, true);
    soon();
  };
  again.addEventListener("click", reset, { signal });
  save.addEventListener("click", () => {
    const width = 2 * frame.clientWidth, height = 2 * frame.clientHeight, whole = make("canvas"), layer = make("canvas");
    for (const one of [whole, layer]) Object.assign(one, { width, height });
    picture(layer.getContext("2d"), width, height, 2, 1.5);
    const ink = whole.getContext("2d");
    ink.fillStyle = pageIsDark() ? "#14161a" : "#ffffff";
    ink.fillRect(0, 0, width, height);
    ink.drawImage(layer, 0, 0);
    whole.toBlob((blob) => setTimeout(URL.revokeObjectURL, 60000, offerFile(`${model.get("file")}.png`, [blob], "image/png")), "image/png");
  }, { signal });

  // ---- what Python says
  const onBodies = () => {
    if (built) { scene.remove(built.turning, built.room); release(built.turning, built.room); }
    built = build(model.get("_bodies"), paints(model, pageIsDark()));
    scene.add(built.turning, built.room);
    soon();
  };
  const onTurn = () => { if (!doing.holding() && !told.waits()) apply(); };
  const onWords = () => {
    setText(label, model.get("label"));
    label.hidden = !model.get("label");
    setText(hint, flat ? `This browser has no WebGL: the picture is coarser and slower. ${model.get("hint")}` : model.get("hint"));
    hint.hidden = !hint.textContent || !model.get("turns");
    again.hidden = !model.get("turns");
    frame.classList.toggle("lsviz-still", !model.get("turns"));
    const how = model.get("turns") ? ". Arrow keys turn it, comma and full stop roll it, plus and minus zoom, Home resets" : "";
    setAttribute(frame, "aria-label", `${[model.get("label"), model.get("alt")].filter(Boolean).join(": ")}${how}`);
  };
  const onShape = () => {
    el.style.setProperty("--lsviz-width", `${model.get("width")}px`);
    frame.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
  };
  const listened = [["change:_bodies", onBodies], ["change:quaternion", onTurn], ["change:mirrored", soon], ["change:reach", soon], ["change:alt", onWords],
    ["change:label", onWords], ["change:hint", onWords], ["change:turns", onWords], ["change:width", onShape], ["change:height", onShape]];
  for (const [name, act] of listened) model.on(name, act);
  watchTheme(onBodies, signal);
  onRestored(soon, signal);
  const resized = new ResizeObserver(soon);
  resized.observe(frame);
  signal.addEventListener("abort", () => {
    for (const [name, act] of listened) model.off(name, act);
    cancelAnimationFrame(queued);
    clearTimeout(settle);
    resized.disconnect();
    told.stop();
    if (built) release(built.turning, built.room);
  });
  onShape(); onWords(); onBodies(); apply();
}

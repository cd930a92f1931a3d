// The picture of an app: frames come as PNG bytes; each is acknowledged once it is on the screen, so that Python
// never sends more than the page can paint. The picture, its text alternative and the status line change in one turn.
const ASLEEP_VOILA = "The computation is asleep. Reload the page to wake it; the last picture stays.";
const ASLEEP_LAB = "The computation is asleep. Restart the kernel and run the cells to wake it; the last picture stays.";
const WATCH_EVERY = 10000;
const LECTURE_WIDTH = 1180;   // the widest a picture is shown in lecturer mode (controls.css): drawn for just this width

const nextPaint = () => new Promise((resolve) => {
  if (document.hidden) return resolve();
  let done = false;
  const end = () => { if (!done) { done = true; resolve(); } };
  requestAnimationFrame(end);
  setTimeout(end, 100);
});

function frames(model, image, status, announce) {
  let shown = null, painted = null, pending = null, working = false, stopped = false;
  const take = () => ({
    serial: model.get("serial"), frame: model.get("frame"), alt: model.get("alt"), settled: model.get("settled"),
  });
  const paint = async () => {
    while (pending && !stopped) {
      const { serial, frame, alt, settled } = pending;
      pending = null;
      let url = null;
      if (frame && frame.byteLength && frame !== painted) {   // else only the words are new
        url = URL.createObjectURL(new Blob([frame], { type: "image/png" }));
        const ready = new Image();
        ready.src = url;
        try { await ready.decode(); } catch { URL.revokeObjectURL(url); url = null; }
      }
      if (url) { image.src = url; image.hidden = false; }
      image.alt = alt;
      setText(status, alt);
      announce(alt, settled);
      if (url && shown) URL.revokeObjectURL(shown);
      if (url) { shown = url; painted = frame; }
      await nextPaint();
      if (!stopped) model.send({ ack: serial });
    }
    working = false;
  };
  const next = () => { pending = take(); if (!working) { working = true; paint(); } };
  const stop = () => { stopped = true; if (shown) URL.revokeObjectURL(shown); };
  return { next, stop };
}

function watchKernel(model, box, signal) {
  const words = box.querySelector("p"), button = box.querySelector("button");
  setText(words, onVoila() ? ASLEEP_VOILA : ASLEEP_LAB);
  button.hidden = !onVoila();
  button.addEventListener("click", () => location.reload(), { signal });
  let misses = 0, unanswered = 0;
  const answered = (message) => { if (message.alive) unanswered = 0; };
  model.on("msg:custom", answered);
  const look = async () => {
    if (document.hidden) return;
    const state = await kernelState(model.get("kernel"));
    if (state === null || signal.aborted) return;
    // A kernel that is idle and yet does not answer was started anew and knows nothing of this page.
    const lost = state === "gone" || state === "dead" || (state === "idle" && unanswered > 1);
    misses = lost ? misses + 1 : 0;
    box.hidden = misses < 2;
    if (misses === 1) setTimeout(look, 1500);        // one miss may be a hiccup of the network
    else if (state === "idle") { unanswered += 1; model.send({ ask: true }); }
  };
  const timer = setInterval(look, WATCH_EVERY);
  document.addEventListener("visibilitychange", look, { signal });
  window.addEventListener("online", look, { signal });
  window.addEventListener("offline", look, { signal });
  signal.addEventListener("abort", () => clearInterval(timer));
}

function tellPage(model, el, signal) {
  const view = Math.random().toString(36).slice(2);
  const theme = () => {
    const dark = pageIsDark();
    if (model.get("dark") !== dark) { model.set("dark", dark); model.save_changes(); }
  };
  let timer = 0;
  const size = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // For the last row the same picture is drawn small and shown large, so that its letters grow with it.
      const lecture = document.body.classList.contains("lsviz-lecturer");
      const wide = lecture ? Math.min(el.clientWidth, LECTURE_WIDTH) : el.clientWidth;
      const zoom = lecture ? Math.min(1.7, Math.max(1, wide / 760)) : 1;
      const width = Math.round(wide / zoom), ratio = Math.round(100 * zoom * (window.devicePixelRatio || 1)) / 100;
      if (!width || (Math.abs(model.get("width_px") - width) < 4 && model.get("ratio") === ratio)) return;
      model.set("width_px", width);
      model.set("ratio", ratio);
      model.save_changes();
    }, 150);
  };
  watchTheme(theme, signal);
  const resized = new ResizeObserver(size);
  resized.observe(el);
  window.addEventListener("resize", size, { signal });
  const opened = () => model.send({ opened: view });
  window.addEventListener("pagehide", () => model.send({ closed: view }), { signal });
  window.addEventListener("pageshow", (event) => { if (event.persisted) opened(); }, { signal });
  theme();
  opened();
  signal.addEventListener("abort", () => {
    resized.disconnect();
    clearTimeout(timer);
    model.send({ closed: view });
  });
}

function render({ model, el, signal: given }) {
  const ended = new AbortController(), signal = ended.signal;
  given?.addEventListener("abort", () => ended.abort());
  el.classList.add("lsviz-picture");
  const image = make("img", { class: "lsviz-image", alt: "", hidden: true, decoding: "sync", draggable: "false" });
  const wait = make("p", { class: "lsviz-first", text: "The first picture is on its way…" });
  const frame = make("div", { class: "lsviz-frame" }, image, wait);
  const bar = make("div", { class: "lsviz-bar", role: "progressbar", "aria-label": "computation", "aria-valuemin": "0", "aria-valuemax": "100" }, make("i"));
  const status = make("p", { class: "lsviz-status", role: "status", "aria-live": "off" });
  const live = make("p", { class: "lsviz-live", "aria-live": "polite" });
  const error = make("div", { class: "lsviz-error", role: "alert", hidden: true });
  const asleep = make("div", { class: "lsviz-asleep", role: "alert", hidden: true },
    make("p"), make("button", { type: "button", text: "Reload" }));
  el.replaceChildren(frame, bar, status, live, error, asleep);

  const play = frames(model, image, status, announcer(live));
  const onFrame = () => { if (model.get("frame")?.byteLength) wait.hidden = true; play.next(); };
  const onProgress = () => {
    const share = model.get("progress"), busy = model.get("busy");
    const known = share >= 0 && share < 1;
    bar.classList.toggle("lsviz-idle", !busy && !known);
    bar.firstChild.style.transform = `scaleX(${Math.max(0, Math.min(1, share))})`;
    setAttribute(bar, "aria-valuenow", String(Math.round(100 * Math.max(0, share))));
    setAttribute(frame, "aria-busy", String(Boolean(busy)));
  };
  const onError = () => { setText(error, model.get("error")); error.hidden = !model.get("error"); };
  const onShape = () => {
    el.style.setProperty("--lsviz-width", `${model.get("width")}px`);
    frame.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
  };
  const stopDrawing = drawing(model, frame, signal);
  model.on("change:serial", onFrame);
  model.on("change:progress", onProgress);
  model.on("change:busy", onProgress);
  model.on("change:error", onError);
  model.on("change:width", onShape);
  model.on("change:height", onShape);
  onShape(); onProgress(); onError(); onFrame();
  tellPage(model, el, signal);
  watchKernel(model, asleep, signal);
  return () => { ended.abort(); play.stop(); stopDrawing(); };
}
export default { render };

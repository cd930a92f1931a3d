// A stored map: all its frames are here, as bytes; every move of pointer, key or slider is drawn here, so that no kernel is needed.
const drawing = (box, kind, look) => {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(picture.namespaceURI, "path");
  for (const [name, value] of Object.entries({ viewBox: box, class: kind, "aria-hidden": "true" })) picture.setAttribute(name, value);
  for (const [name, value] of Object.entries(look)) path.setAttribute(name, value);
  picture.append(path);
  return picture;
};
const markNode = (mark, filled, colour) => drawing("-1.6 -1.6 3.2 3.2", "lsviz-map-mark",
  { d: MARKS[mark] ?? MARKS.o, fill: filled ? colour : "none", stroke: filled && mark !== "x" ? "none" : colour, "stroke-width": ".4" });
const lineNode = (curve, colour) => drawing("0 0 30 10", "lsviz-map-line",
  { d: "M0 5H30", fill: "none", stroke: colour, "stroke-width": curve.width, "stroke-dasharray": curve.dash.join(" ") || "none" });
const nearest = (axis, value) => {
  const far = (v) => axis.log ? Math.abs(Math.log(v / Math.max(value, Number.MIN_VALUE))) : Math.abs(v - value);
  return axis.values.reduce((best, v, i) => far(v) < far(axis.values[best]) ? i : best, 0);
};

function view(model, el, signal) {
  const data = stored(model), { spec } = data, counts = { row: data.rows, column: data.columns, frame: data.frames, layer: spec.layers.length };
  const families = bytesOf(model.get("palettes")), pen0 = document.createElement("canvas").getContext("2d");
  const paletteOf = (layer, dark) => Array.from({ length: 250 }, (_, i) => [...families.subarray(3 * i + 750 * (2 * layer + dark), 3 * i + 3 + 750 * (2 * layer + dark))]);
  const at = () => Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, Math.min(n - 1, Math.max(0, Math.round(model.get(name)) || 0))]));

  const canvas = make("canvas", { role: "img" }), frame = make("div", { class: "lsviz-map-frame", role: "application", tabindex: "0",
    "aria-roledescription": "map", "aria-label": `${spec.title}: a map of ${spec.y.long} and ${spec.x.long}; arrow keys move from cell to cell` }, canvas);
  const words = make("p", { class: "lsviz-map-words" }), live = make("p", { class: "lsviz-live", "aria-live": "polite" });
  const key = make("div", { class: "lsviz-map-key" }), announce = announcer(live);
  let queued = 0, base = null, baseKey = "", keyKey = "", place = null, hand = false, numbered = false;
  const listened = [];

  // ---- moving
  const address = (here) => ({ ...(spec.frame ? { [spec.frame.name]: spec.frame.keys[here.frame] } : {}), [spec.y.name]: spec.y.keys[here.row],
    [spec.x.name]: spec.x.keys[here.column], ...(spec.layers.length > 1 ? { layer: spec.layers[here.layer].name } : {}) });
  const go = (wish) => {
    const here = at(), there = { ...here };
    for (const [name, value] of Object.entries(wish)) there[name] = Math.min(counts[name] - 1, Math.max(0, value));
    const changed = Object.keys(wish).filter((name) => model.get(name) !== there[name]);
    for (const name of changed) model.set(name, there[name]);
    // At once, or the kernel's echo of the move before would undo this one. Without a kernel it stays here.
    if (changed.length) model.save_changes();
  };
  const moved = () => { hand = true; model.set("address", address(at())); soon(); };
  const soon = () => { queued ||= requestAnimationFrame(paint); };

  // ---- drawing
  const paint = () => {
    queued = 0;
    const width = Math.floor(frame.clientWidth), here = at(), dark = pageIsDark(), lecture = document.body.classList.contains("lsviz-lecturer");
    if (!width) return tell(here, dark);
    const ratio = Math.min(2, window.devicePixelRatio || 1), colours = spec.colours[dark ? "dark" : "light"];
    const wanted = [width, ratio, dark, lecture, here.layer, here.frame].join();
    if (wanted !== baseKey) {
      baseKey = wanted;
      place = layout(pen0, data, width, lecture, getComputedStyle(el).fontFamily || "sans-serif");
      base ??= document.createElement("canvas");
      numbered = scenery(base, data, here, place, ratio, paletteOf(here.layer, Number(dark)), colours);
    }
    if (canvas.width !== base.width || canvas.height !== base.height) {
      Object.assign(canvas, { width: base.width, height: base.height });
      canvas.style.aspectRatio = `${base.width} / ${base.height}`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(base, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    actors(pen, data, here, place, colours, numbered);
    tell(here, dark);
  };
  const tell = (here, dark) => {
    const said = data.words(here);
    setRich(words, said);
    setAttribute(canvas, "aria-label", said);
    if (hand) announce(said, true);        // a page that opens does not speak
    for (const control of controls) control.follow(here);
    const wanted = [here.layer, dark, numbered].join();
    if (wanted !== keyKey) { keyKey = wanted; key.replaceChildren(...keyOf(here, dark)); }
  };
  const keyOf = (here, dark) => {
    const colours = spec.colours[dark ? "dark" : "light"], layer = spec.layers[here.layer], palette = paletteOf(here.layer, Number(dark));
    const said = (text) => make("span", {}, ...richText(text)), swatch = (kind) => make("i", { class: kind, "aria-hidden": "true" });
    const bar = swatch("lsviz-map-bar"), found = [[said(layer.ends[0]), bar, said(layer.ends[1])]];
    bar.style.background = `linear-gradient(to right, ${[0, 62, 125, 187, 249].map((i) => `rgb(${palette[i]})`)})`;
    if (numbered && layer.numbered) found.push([said(layer.numbered)]);
    if (!numbered && layer.hatched) found.push([swatch("lsviz-map-hatch"), said(layer.hatched)]);
    if (spec.holes) found.push([swatch("lsviz-map-hole"), said("not computed")]);
    for (const curve of spec.curves) {
      found.push([lineNode(curve, colours.sources[curve.source]), said(curve.meaning ? `${curve.words}: ${curve.meaning}` : curve.words)]);
    }
    for (const state of spec.states) found.push([markNode(state.mark, state.filled, colours.states[state.name]), said(state.words)]);
    if (data.above) found.push([markNode("^", true, colours.ink), said(`above ${plain(spec.detail.top)}`)]);
    return found.map((parts) => make("span", { class: "lsviz-map-entry" }, ...parts));
  };

  // ---- controls
  const controls = [];
  const choice = (name, long, options) => {
    const box = make("select", {}, ...options.map((text, i) => make("option", { value: i, text: text.replaceAll("_", "") })));
    box.addEventListener("change", () => go({ [name]: Number(box.value) }), { signal });
    controls.push({ node: make("label", { class: "lsviz-map-choice" }, make("span", {}, ...richText(long)), box),
      follow: (here) => { if (box.value !== String(here[name])) box.value = String(here[name]); } });
  };
  const slider = (name, axis) => {
    const range = make("input", { type: "range", min: 0, max: counts[name] - 1, step: 1 });
    const box = make("input", { type: "text", class: "lsviz-map-number", inputmode: "decimal", "aria-label": `${axis.long}, as a number` });
    range.addEventListener("input", () => go({ [name]: Number(range.value) }), { signal });
    box.addEventListener("change", () => {
      const value = Number(box.value.replace(",", "."));
      if (box.value.trim() && Number.isFinite(value)) go({ [name]: nearest(axis, value) });
      box.value = axis.words[at()[name]];
    }, { signal });
    box.readOnly = axis.ticks !== null;        // words are chosen with the slider
    controls.push({ node: make("div", { class: "lsviz-map-slider" }, make("label", {}, make("span", {}, ...richText(axis.sign)), range), box), follow: (here) => {
      const text = axis.words[here[name]];
      if (range.value !== String(here[name])) range.value = String(here[name]);
      setAttribute(range, "aria-label", axis.long);
      setAttribute(range, "aria-valuetext", `${axis.sign} = ${text}${axis.unit ? ` ${axis.unit}` : ""}`);
      if (document.activeElement !== box && box.value !== text) box.value = text;
    } });
  };
  if (spec.layers.length > 1) choice("layer", "map of", spec.layers.map((layer) => layer.words));
  if (spec.frame && !spec.frame.values) choice("frame", spec.frame.sign, spec.frame.words);
  const chosen = controls.length;
  slider("column", spec.x);
  slider("row", spec.y);
  if (spec.frame?.values) slider("frame", { ...spec.frame, ticks: null });

  const button = (text, act) => {
    const made = make("button", { type: "button", class: "lsviz-button jupyter-button", text });
    made.addEventListener("click", act, { signal });
    return made;
  };
  const presets = spec.presets.map(({ words: text, ...wish }) => button(text, () => go(wish)));
  const save = () => {
    const copy = make("canvas", { width: canvas.width, height: canvas.height }), pen = copy.getContext("2d");
    pen.fillStyle = spec.colours[pageIsDark() ? "dark" : "light"].page;
    pen.fillRect(0, 0, copy.width, copy.height);
    pen.drawImage(canvas, 0, 0);
    copy.toBlob((blob) => { const url = offerFile(`${spec.name}.png`, [blob], "image/png"); setTimeout(() => URL.revokeObjectURL(url), 1000); });
  };
  const table = () => {
    const along = Object.keys(data.axes).reverse(), numbers = spec.fields.map(({ name }) => name), lines = [[...along, ...numbers].join(",")];
    for (let f = 0; f < data.frames; f += 1) for (let row = 0; row < data.rows; row += 1) for (let column = 0; column < data.columns; column += 1) {
      const here = { frame: f, row, column }, places = along.map((name) => { const [axis, trait] = data.axes[name]; return axis.keys[here[trait]]; });
      lines.push([...places, ...numbers.map((name) => data.field(name, here)).map((v) => Number.isFinite(v) ? Number(v.toPrecision(7)) : "")].join(","));
    }
    const url = offerFile(`${spec.name}.csv`, [`# ${spec.stored.join("; ")}\n`, lines.join("\n"), "\n"], "text/csv");
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  const row = (...nodes) => make("div", { class: "lsviz-map-buttons" }, ...nodes);
  const [recipe, ...made] = spec.stored;
  el.replaceChildren(
    ...(chosen ? [row(...controls.slice(0, chosen).map(({ node }) => node))] : []),
    frame, words, live, key, ...controls.slice(chosen).map(({ node }) => node),
    ...(presets.length ? [row(make("span", { text: "Try:" }), ...presets)] : []),
    row(button("Reset", () => go(spec.start)), button("Save picture", save), button("Save data", table)),
    make("p", { class: "lsviz-map-stored" }, make("b", { text: "stored: " }), recipe, ". ", make("code", { text: made[0] }), `, ${made.slice(1).join(", ")}.`),
  );

  // ---- hands
  const hit = (event) => {
    const box = canvas.getBoundingClientRect(), zoom = place.width / box.width;
    return [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom];
  };
  const within = (edges, value, where) => {
    for (let k = 1; k < edges.length - 1; k += 1) if ((value - where(edges[k])) * (where(edges[1]) - where(edges[0])) < 0) return k - 1;
    return edges.length - 2;
  };
  const follow = (event) => {
    const [x, y] = hit(event), { map } = place, caught = frame.hasPointerCapture(event.pointerId);
    if (!caught && (x < map.left || x > map.right || y < map.top || y > map.bottom)) return;
    go({ column: within(spec.x.edges, x, place.x), row: within(spec.y.edges, y, place.y) });
  };
  let rest = [null, null];
  window.addEventListener("pointermove", (event) => { if (!frame.contains(event.target)) rest = [event.clientX, event.clientY]; }, { signal, passive: true });
  frame.addEventListener("pointerdown", (event) => {
    if (event.button || !place) return;
    const [x, y] = hit(event), { map } = place;
    if (x < map.left - 6 || x > map.right + 6 || y < map.top - 6 || y > map.bottom + 6) return;
    event.preventDefault();
    frame.focus({ preventScroll: true });
    frame.setPointerCapture(event.pointerId);
    follow(event);
  }, { signal });
  frame.addEventListener("pointermove", (event) => {
    // A page that scrolls under a mouse at rest also "moves" it: then it is where it was.
    const rests = event.pointerType === "mouse" && !event.buttons && event.clientX === rest[0] && event.clientY === rest[1];
    rest = [event.clientX, event.clientY];
    if (place && !rests) follow(event);
  }, { signal });
  frame.addEventListener("keydown", (event) => {
    const here = at(), corner = event.ctrlKey || event.metaKey;
    const wish = { ArrowLeft: { column: here.column - 1 }, ArrowRight: { column: here.column + 1 }, ArrowUp: { row: here.row + 1 },
      ArrowDown: { row: here.row - 1 }, PageUp: { row: counts.row }, PageDown: { row: 0 },
      Home: { column: 0, ...(corner ? { row: 0 } : {}) }, End: { column: counts.column, ...(corner ? { row: counts.row } : {}) } }[event.key];
    if (!wish || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    go(wish);
  }, { signal });
  // JupyterLab has commands of its own on arrow keys and letters.
  el.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") && !event.ctrlKey && !event.metaKey && !["Tab", "Escape"].includes(event.key)) event.stopPropagation();
  }, { signal });
  for (const name of Object.keys(counts)) { const on = [`change:${name}`, moved]; model.on(...on); listened.push(on); }
  const resized = new ResizeObserver(soon);
  resized.observe(frame);
  window.addEventListener("resize", soon, { signal });
  watchTheme(soon, signal);
  tell(at(), pageIsDark());
  soon();
  return () => {
    resized.disconnect();
    cancelAnimationFrame(queued);
    for (const on of listened) model.off(...on);
  };
}

function render({ model, el, signal: given }) {
  const ended = new AbortController();
  given?.addEventListener("abort", () => ended.abort());
  el.classList.add("lsviz-map");
  let inner = null, close = () => {};
  const open = () => {
    inner?.abort();
    close();
    inner = new AbortController();
    close = () => {};
    const fail = (text) => el.replaceChildren(make("div", { class: "lsviz-error", role: "alert", text }));
    if (model.get("error")) return fail(model.get("error"));
    try { close = view(model, el, inner.signal); } catch (error) { fail(error.message); }
  };
  model.on("change:spec", open);
  model.on("change:error", open);
  open();
  return () => { ended.abort(); inner.abort(); close(); model.off("change:spec", open); model.off("change:error", open); };
}
export default { render };

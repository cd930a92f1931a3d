// Drawing mode: the learner draws a prediction on the picture's axes, by mouse, finger or keys.
// draw = {axes: index, kind: "curve" | "point", xs: [...], label, start, step}; drawn = [[x, y], ...] in data coordinates.
const SVG = "http://www.w3.org/2000/svg";
const svgNode = (tag, attributes) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};
const toUnit = (value, [low, high], log) => log
  ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
const fromUnit = (share, [low, high], log) => log ? low * (high / low) ** share : low + share * (high - low);
const clamp = (share) => Math.min(1, Math.max(0, share));
const digits = (value) => Number(value.toPrecision(3)).toString();

function drawing(model, frame, signal) {
  let close = () => {};
  const open = () => {
    close();
    close = () => {};
    const wish = model.get("draw"), axes = (wish?.xs || wish?.kind) && model.get("axes")[wish.axes ?? 0];
    if (axes) close = overlay(model, frame, wish, axes, signal);
  };
  model.on("change:draw", open);
  model.on("change:axes", open);
  open();
  return () => close();
}

function overlay(model, frame, wish, axes, signal) {
  const [left, bottom, right, top] = axes.box, curve = wish.kind !== "point";
  const xs = curve ? [...wish.xs] : [fromUnit(0.5, axes.xlim, axes.xlog)];
  const ux = xs.map((x) => toUnit(x, axes.xlim, axes.xlog));
  const uy = xs.map(() => null);
  const start = wish.start === undefined || wish.start === null ? 0.5 : toUnit(wish.start, axes.ylim, axes.ylog);
  const label = wish.label || "your prediction";
  const step = wish.step ? Math.abs(wish.step / (axes.ylim[1] - axes.ylim[0])) : 0.05;
  let at = 0;

  const area = make("div", { class: "lsviz-draw", role: "slider", tabindex: "0", "aria-label": `${label}: draw it, or use the arrow keys`,
    "aria-roledescription": "drawing area", "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "vertical" });
  Object.assign(area.style, { left: `${100 * left}%`, top: `${100 * (1 - top)}%`,
    width: `${100 * (right - left)}%`, height: `${100 * (top - bottom)}%` });
  const svg = svgNode("svg", { "aria-hidden": "true" });
  const line = svgNode("polyline", { class: "lsviz-line" }), marks = svgNode("g", {});
  const hint = make("span", { class: "lsviz-hint", text: wish.hint || (curve ? "draw here" : "mark a point here") });
  svg.append(line, marks);
  area.append(svg, hint);
  frame.append(area);

  const paint = () => {
    const width = area.clientWidth, height = area.clientHeight;
    svg.setAttribute("viewBox", `0 0 ${width || 1} ${height || 1}`);
    const points = ux.map((u, i) => uy[i] === null ? null : [u * width, (1 - uy[i]) * height]);
    line.setAttribute("points", points.filter(Boolean).map((p) => p.join(",")).join(" "));
    marks.replaceChildren(...points.map((p, i) => p === null ? null : svgNode("circle",
      { cx: p[0], cy: p[1], r: i === at ? 7 : 4, class: i === at ? "lsviz-here" : "lsviz-point" })).filter(Boolean));
    const y = uy[at] === null ? null : fromUnit(uy[at], axes.ylim, axes.ylog);
    const names = [axes.xlabel || "x", axes.ylabel || "y"];
    setAttribute(area, "aria-valuenow", String(Math.round(100 * (uy[at] ?? start))));
    setAttribute(area, "aria-valuetext", `${names[0]} ${digits(fromUnit(ux[at], axes.xlim, axes.xlog))}: ` +
      (y === null ? "nothing drawn yet" : `${names[1]} ${digits(y)}`));
    hint.hidden = uy.some((u) => u !== null);
  };
  const tell = () => {
    const drawn = ux.map((u, i) => uy[i] === null ? null
      : [curve ? xs[i] : fromUnit(u, axes.xlim, axes.xlog), fromUnit(uy[i], axes.ylim, axes.ylog)]).filter(Boolean);
    model.set("drawn", drawn);
    model.save_changes();
  };
  const recall = () => {
    const drawn = model.get("drawn") || [];
    uy.fill(null);
    for (const [x, y] of drawn) {
      const u = toUnit(x, axes.xlim, axes.xlog);
      const i = curve ? nearest(u) : 0;
      if (!curve) ux[0] = clamp(u);
      uy[i] = clamp(toUnit(y, axes.ylim, axes.ylog));
    }
    paint();
  };
  const nearest = (u) => ux.reduce((best, v, i) => Math.abs(v - u) < Math.abs(ux[best] - u) ? i : best, 0);

  let last = null;
  const place = (event) => {
    const box = area.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp(1 - (event.clientY - box.top) / box.height)];
  };
  const stroke = (event) => {
    const [u, v] = place(event);
    if (!curve) { ux[0] = u; uy[0] = v; return paint(); }
    const from = last ?? [u, v], [low, high] = [Math.min(from[0], u), Math.max(from[0], u)];
    ux.forEach((x, i) => {        // every wanted x the hand passed over gets a value, however fast it went
      if (x >= low && x <= high) uy[i] = high > low ? from[1] + (v - from[1]) * (x - from[0]) / (u - from[0]) : v;
    });
    at = nearest(u);
    if (last === null) uy[at] = v;        // a tap sets the nearest one
    last = [u, v];
    paint();
  };
  area.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    area.focus({ preventScroll: true });
    area.setPointerCapture(event.pointerId);
    last = null;
    stroke(event);
  });
  area.addEventListener("pointermove", (event) => {
    if (!area.hasPointerCapture(event.pointerId)) return;
    for (const move of event.getCoalescedEvents?.() ?? [event]) stroke(move);
  });
  area.addEventListener("lostpointercapture", tell);
  area.addEventListener("keydown", (event) => {
    const move = { ArrowUp: step, ArrowDown: -step, PageUp: 4 * step, PageDown: -4 * step }[event.key];
    const go = { ArrowLeft: -1, ArrowRight: 1, Home: -xs.length, End: xs.length }[event.key];
    if (move) {
      const neighbour = uy[at] ?? uy[at - 1] ?? uy[at + 1];
      uy[at] = neighbour === null || neighbour === undefined ? clamp(start) : clamp(uy[at] === null ? neighbour : uy[at] + move);
    } else if (go && curve) {
      at = Math.min(xs.length - 1, Math.max(0, at + go));
    } else if (go) {
      if (uy[0] === null) uy[0] = clamp(start); else ux[0] = clamp(ux[0] + 0.025 * Math.sign(go));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      uy[at] = null;
    } else return;
    event.preventDefault();
    event.stopPropagation();
    paint();
    if (move || !curve || event.key === "Delete" || event.key === "Backspace") tell();
  });
  const resized = new ResizeObserver(paint);
  resized.observe(area);
  model.on("change:drawn", recall);
  recall();
  return () => { resized.disconnect(); model.off("change:drawn", recall); area.remove(); };
}

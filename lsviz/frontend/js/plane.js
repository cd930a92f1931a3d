// The numbers of a stored map and their picture: cells with axes and curves, which stand still, and what follows the hand.
const NOTHING = 255;        // in `cells` and `detail`: not computed
const ABOVE = 254;          // in `detail`: higher than the axis
const bytesOf = (view) => new Uint8Array(view?.buffer ?? new ArrayBuffer(0), view?.byteOffset ?? 0, view?.byteLength ?? 0);
const floatsOf = (view) => new Float32Array(bytesOf(view).slice().buffer);

// The numbers of one map, by [frame, row, column].
function stored(model) {
  const spec = model.get("spec"), rows = spec.y.values.length, columns = spec.x.values.length, frames = spec.frame?.words.length ?? 1;
  const cells = bytesOf(model.get("cells")), fields = floatsOf(model.get("fields"));
  const detail = bytesOf(model.get("detail")), states = bytesOf(model.get("states")), size = frames * rows * columns;
  const each = spec.detail?.count ?? 0, known = Object.fromEntries(spec.fields.map(({ name }, k) => [name, k]));
  const right = cells.length === spec.layers.length * size && fields.length === spec.fields.length * size
    && detail.length === each * size && [0, each * size].includes(states.length);
  if (!right) throw new Error("The stored numbers do not fill their map: some of them were lost on the way.");
  const place = (at) => (at.frame * rows + at.row) * columns + at.column;
  const axes = { [spec.x.name]: [spec.x, "column"], [spec.y.name]: [spec.y, "row"], ...(spec.frame ? { [spec.frame.name]: [spec.frame, "frame"] } : {}) };
  const field = (name, at) => fields[known[name] * size + place(at)];
  const format = (name, value, decimals) => plain(value, decimals, spec.fields[known[name]].whole);
  const seeds = (at) => Array.from({ length: each }, (_, i) =>
    ({ value: detail[place(at) * each + i], state: states.length ? spec.states[states[place(at) * each + i]] : null }));
  const tally = (at, others) => {
    const found = seeds(at).map(({ state }) => state).filter((state) => state && !(others && state.name === "sat"));
    return spec.states.map((state) => [found.filter((other) => other === state).length, state.words.split(":")[0]])
      .filter(([count]) => count).map(([count, words]) => `${count} ${words}`).join(", ");
  };
  // A clause in which a number is missing is left unsaid.
  const clause = (parts, at) => {
    let whole = true;
    const text = parts.map((part) => {
      if (typeof part === "string") return part;
      if (part.name === "tally" || part.name === "others") { const said = tally(at, part.name === "others"); whole &&= said !== ""; return said; }
      if (axes[part.name]) { const [axis, trait] = axes[part.name]; return axis.words[at[trait]]; }
      const value = field(part.name, at);
      whole &&= Number.isFinite(value);
      return format(part.name, value, part.decimals ?? null);
    }).join("");
    return whole ? text : null;
  };
  const cell = (at) => cells[at.layer * size + place(at)];
  const computed = (at) => spec.layers.some((_, layer) => cell({ ...at, layer }) !== NOTHING);
  const words = (at) => {
    const [first, ...rest] = spec.words.map((parts) => clause(parts, at));
    const said = computed(at) ? rest.filter(Boolean).join("; ") : "not computed";
    return `${first}: ${said || "nothing is stored"}`;
  };
  return { spec, rows, columns, frames, axes, cell, field, format, seeds, words, computed, above: detail.includes(ABOVE) };
}

// Where everything stands on the canvas, in CSS pixels.
function layout(pen, data, width, lecture, family) {
  const { spec } = data, narrow = width < 640, size = lecture ? 22 : narrow ? 12.5 : 14, text = { size, family };
  const labels = (axis, most) => axis.ticks ?? ticks(axis.edges[0], axis.edges.at(-1), axis.log, most).map((v) => [v, plain(v)]);
  const mapHeight = Math.round(narrow ? Math.min(300, 0.85 * width) : 0.4 * width), line = 1.9 * size;
  const yTicks = labels(spec.y, mapHeight / (2.2 * size)), left = line + 10 + Math.max(0, ...yTicks.map(([, t]) => widthOf(pen, t, size, family)));
  const panel = spec.detail ? { top: null } : null, side = panel && !narrow;
  const beside = side ? 0.25 * width + 3.6 * size : 0, top = side ? line : 8;
  const map = { left, top, right: Math.max(left + 40, width - beside - 10), bottom: top + mapHeight };
  const xTicks = labels(spec.x, (map.right - map.left) / (3.4 * size));
  let height = map.bottom + 1.35 * line + 6;
  if (side) Object.assign(panel, { left: width - 0.25 * width, right: width - 8, top, bottom: map.bottom });
  else if (panel) {
    Object.assign(panel, { left, right: width - 10, top: height + line, bottom: height + line + 120 });
    height = panel.bottom + line;
  }
  return { ...text, width, height: Math.ceil(height), narrow, map, panel, xTicks, yTicks, line,
    x: scale(spec.x.edges[0], spec.x.edges.at(-1), spec.x.log, map.left, map.right),
    y: scale(spec.y.edges[0], spec.y.edges.at(-1), spec.y.log, map.bottom, map.top) };
}

// Everything that does not follow the hand: cells, axes, curves, the empty panel.
function scenery(canvas, data, at, place, ratio, palette, colours) {
  const { spec } = data, layer = spec.layers[at.layer], pen = canvas.getContext("2d");
  const text = { size: place.size, family: place.family, colour: colours.ink };
  canvas.width = Math.round(place.width * ratio);
  canvas.height = Math.round(place.height * ratio);
  const xs = spec.x.edges.map((v) => Math.round(place.x(v) * ratio)), ys = spec.y.edges.map((v) => Math.round(place.y(v) * ratio));
  const widths = xs.slice(1).map((x, i) => x - xs[i]), heights = ys.slice(1).map((y, i) => ys[i] - y);
  const middle = (sizes) => [...sizes].sort((a, b) => a - b)[sizes.length >> 1] / ratio;
  const small = Math.min(middle(widths), middle(heights)), gap = small > 12 ? Math.max(1, Math.round(ratio)) : 0;
  const label = (column, row) => data.format(layer.label, data.field(layer.label, { ...at, column, row }), layer.decimals);
  const numberSize = 0.93 * place.size;
  const room = (column, row) => numberSize + 2 < heights[row] / ratio
    && widthOf(pen, label(column, row), numberSize, place.family) + 4 < widths[column] / ratio;
  const all = small > 12 ? heights.flatMap((_, row) => widths.map((_, column) => [column, row])) : [];
  const roomy = all.filter(([column, row]) => room(column, row)), numbers = small > 12 && roomy.length > 0.7 * all.length;
  const left = xs[0], top = ys.at(-1), image = pen.createImageData(xs.at(-1) - left, ys[0] - top);
  const pixels = new Uint32Array(image.data.buffer), across = image.width;
  const [faint, ink] = [colours.faint, colours.ink].map(rgb), paint = palette.map(packed), lines = packed(mixed(rgb(colours.page), faint, 0.5));
  const dark = palette.map((colour) => packed(mixed(colour, ink, 0.45))), period = Math.round(7 * ratio), thin = Math.max(1, Math.round(ratio));
  for (let row = 0; row < data.rows; row += 1) for (let column = 0; column < data.columns; column += 1) {
    const index = data.cell({ ...at, row, column }), missing = index === NOTHING;
    const hatched = !missing && !numbers && layer.hatch !== null && index < layer.hatch;
    for (let y = ys[row + 1] - top; y < ys[row] - top - gap; y += 1) for (let x = xs[column] - left; x < xs[column + 1] - left - gap; x += 1) {
      if (missing) { if ((x + period * 1000 - y) % period < thin) pixels[y * across + x] = lines; }
      else pixels[y * across + x] = hatched && (x + y) % period < thin ? dark[index] : paint[index];
    }
  }
  pen.putImageData(image, left, top);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  axes(pen, spec, place, text, colours);
  for (const curve of spec.curves) drawCurve(pen, curve, at.frame, place, colours);
  for (const [column, row] of numbers ? roomy : []) {        // over the curves, so that they can be read
    const index = data.cell({ ...at, row, column });
    if (index === NOTHING) continue;
    const [r, g, b] = palette[index], bright = 0.2126 * r ** 2.2 + 0.7152 * g ** 2.2 + 0.0722 * b ** 2.2 > 0.18 * 255 ** 2.2;
    write(pen, label(column, row), (xs[column] + xs[column + 1] - gap) / 2 / ratio, (ys[row] + ys[row + 1] - gap) / 2 / ratio + 0.5,
      { ...text, size: numberSize, align: "center", colour: bright ? "#141416" : "#ffffff", halo: `rgb(${palette[index]})` });
  }
  const taken = [];
  for (const curve of spec.curves) nameCurve(pen, curve, at.frame, place, text, colours, taken);
  if (place.panel) emptyPanel(pen, spec.detail, place, text, colours);
  return numbers;
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mixed = (one, other, share) => one.map((v, i) => Math.round(v + share * (other[i] - v)));
const packed = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;        // little-endian, as every browser's machine is

function frameOf(pen, box, colours) {
  pen.strokeStyle = colours.faint;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(box.left - 0.5, box.top);
  pen.lineTo(box.left - 0.5, box.bottom + 0.5);
  pen.lineTo(box.right, box.bottom + 0.5);
  pen.stroke();
}
const tick = (pen, x, y, dx, dy) => { pen.beginPath(); pen.moveTo(x, y); pen.lineTo(x + dx, y + dy); pen.stroke(); };
const named = (axis) => axis.sign && axis.sign !== axis.long ? `${axis.sign}, ${axis.long}${axis.unit ? ` (${axis.unit})` : ""}` : axis.long;
const fitted = (pen, words, short, room, text) => widthOf(pen, words, text.size, text.family) <= room ? words : short;

function axes(pen, spec, place, text, colours) {
  const { map, line, size } = place;
  frameOf(pen, map, colours);
  for (const [value, words] of place.xTicks) {
    tick(pen, place.x(value), map.bottom, 0, 5);
    write(pen, words, place.x(value), map.bottom + 0.5 * line, { ...text, align: "center" });
  }
  for (const [value, words] of place.yTicks) {
    tick(pen, map.left, place.y(value), -5, 0);
    write(pen, words, map.left - 8, place.y(value), { ...text, align: "right" });
  }
  const wide = map.right - map.left, high = map.bottom - map.top;
  write(pen, fitted(pen, named(spec.x), spec.x.sign, wide, text), map.left + wide / 2, map.bottom + 1.3 * line, { ...text, align: "center" });
  write(pen, fitted(pen, named(spec.y), spec.y.sign, high, text), 0.6 * size, map.top + high / 2, { ...text, align: "center", turned: true });
}

const pointsOf = (curve, frame, place) => curve.x[frame].map((v, i) => [v, curve.y[frame][i]])
  .filter(([a, b]) => a !== null && b !== null).map(([a, b]) => [place.x(a), place.y(b)]);
function drawCurve(pen, curve, frame, place, colours) {
  const points = pointsOf(curve, frame, place), y = curve.y[frame], { map } = place, colour = colours.sources[curve.source];
  pen.save();
  pen.beginPath();
  pen.rect(map.left, map.top, map.right - map.left, map.bottom - map.top);
  pen.clip();
  for (const [stroke, width] of [[colours.page, curve.width + 3], [colour, curve.width]]) {
    Object.assign(pen, { strokeStyle: stroke, lineWidth: width, lineJoin: "round", lineCap: "butt" });
    pen.setLineDash(stroke === colour ? curve.dash : []);
    pen.beginPath();
    points.forEach(([px, py], i) => i ? pen.lineTo(px, py) : pen.moveTo(px, py));
    pen.stroke();
    pen.setLineDash([]);
    for (const [low, high, v] of (curve.low?.[frame] ?? []).map((v, i) => [v, curve.high[frame][i], y[i]])) {
      if (low !== null && high !== null) tick(pen, place.x(low), place.y(v), place.x(high) - place.x(low), 0);
    }
  }
  if (curve.low) for (const [px, py] of points) drawMark(pen, "o", true, px, py, 4, colour, colours.page);
  pen.restore();
}
// Named at its upper or lower end, on either side: the first place that is free.
function nameCurve(pen, curve, frame, place, text, colours, taken) {
  const { map, size } = place, wide = widthOf(pen, curve.words, size, text.family);
  const inside = pointsOf(curve, frame, place).filter(([x, y]) => x >= map.left && x <= map.right && y >= map.top && y <= map.bottom);
  if (!inside.length) return;
  const ends = [...inside].sort((one, other) => one[1] - other[1]), [[x1, y1], [x2, y2]] = [ends[0], ends.at(-1)];
  const boxes = [[x1 + 9, y1], [x1 - 9 - wide, y1], [x2 + 9, y2 - size], [x2 - 9 - wide, y2 - size]]
    .map(([x, y]) => [x, Math.max(map.top + 0.8 * size, y + 0.2 * size)]);
  const free = ([x, y]) => x > map.left && x + wide < map.right && taken.every(([left, right, at]) => x > right + 4 || x + wide < left - 4 || Math.abs(y - at) > 1.3 * size);
  const [x, y] = boxes.find(free) ?? boxes[0];
  taken.push([x, x + wide, y]);
  write(pen, curve.words, x, y, { ...text, colour: colours.sources[curve.source], halo: colours.page });
}

const heightIn = (panel, detail) => scale(detail.low, detail.top, false, panel.bottom, panel.top);
function emptyPanel(pen, detail, place, text, colours) {
  const { panel, size } = place, y = heightIn(panel, detail);
  frameOf(pen, panel, colours);
  for (const value of ticks(detail.low, detail.top, false, (panel.bottom - panel.top) / (2.2 * size))) {
    tick(pen, panel.left, y(value), -5, 0);
    write(pen, plain(value), panel.left - 8, y(value), { ...text, align: "right" });
  }
  for (const { at, words } of detail.levels) {
    Object.assign(pen, { strokeStyle: colours.sources.theory, lineWidth: 1.6 });
    pen.setLineDash([6, 3]);
    tick(pen, panel.left, y(at), panel.right - panel.left, 0);
    pen.setLineDash([]);
    write(pen, words, panel.right, y(at) - 0.75 * size, { ...text, size: 0.88 * size, align: "right", colour: colours.sources.theory, halo: colours.page });
  }
  const title = fitted(pen, detail.title, detail.sign, panel.right - panel.left + 2 * size, text);
  write(pen, title, panel.left, panel.top - 0.8 * size, text);
  write(pen, detail.along, (panel.left + panel.right) / 2, panel.bottom + 0.5 * place.line, { ...text, align: "center" });
}

// What follows the hand: the frame around the cell, its place on both axes, and its detail.
function actors(pen, data, at, place, colours, numbered) {
  const { spec } = data, { map, size, family, line } = place, ink = colours.ink;
  const [left, right] = [at.column, at.column + 1].map((k) => place.x(spec.x.edges[k]));
  const [bottom, top] = [at.row, at.row + 1].map((k) => place.y(spec.y.edges[k]));
  for (const [colour, width] of [[colours.page, 6], [ink, 3]]) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.strokeRect(left - 1, top - 1, right - left + 1, bottom - top + 1);
  }
  // Lines to the axes would strike out numbers on their way.
  for (const [colour, width, dash] of numbered ? [] : [[colours.page, 2, []], [ink, 1.2, [3, 3]]]) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.setLineDash(dash);
    tick(pen, (left + right) / 2, bottom + 2, 0, Math.max(0, map.bottom - bottom - 2));
    tick(pen, left - 3, (top + bottom) / 2, Math.min(0, map.left - left + 3), 0);
  }
  pen.setLineDash([]);
  const tag = (words, x, y, align) => {
    const wide = widthOf(pen, words, size, family) + 8, from = align === "right" ? x - wide : Math.min(Math.max(0, x - wide / 2), place.width - wide);
    pen.fillStyle = ink;
    pen.fillRect(from, y - 0.75 * size, wide, 1.5 * size);
    write(pen, words, from + wide / 2, y, { size, family, colour: colours.page, align: "center" });
  };
  tag(spec.x.words[at.column], (left + right) / 2, map.bottom + 0.5 * line, "center");
  tag(spec.y.words[at.row], map.left - 3, (top + bottom) / 2, "right");
  if (!place.panel) return;
  const { panel } = place, seeds = data.seeds(at), y = heightIn(panel, spec.detail), wide = (panel.right - panel.left) / seeds.length;
  const shown = seeds.filter(({ value }) => value !== NOTHING);
  if (!shown.length) {
    write(pen, "not computed", (panel.left + panel.right) / 2, (panel.top + panel.bottom) / 2, { size, family, colour: colours.faint, align: "center" });
  }
  const radius = Math.max(2.5, Math.min(0.42 * size, 0.38 * wide));
  seeds.forEach(({ value, state }, i) => {
    if (value === NOTHING) return;
    const colour = state ? colours.states[state.name] : ink, x = panel.left + (i + 0.5) * wide;
    if (value === ABOVE) drawMark(pen, "^", state?.filled ?? true, x, panel.top + radius, radius, colour, colours.page);
    else drawMark(pen, state?.mark ?? "o", state?.filled ?? true, x, y(spec.detail.low + value / 250 * (spec.detail.top - spec.detail.low)), radius, colour, colours.page);
  });
}

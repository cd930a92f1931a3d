// What a small chart on a canvas needs: scales, ticks, numbers in words, text with subscripts, and the house's marks.
const MARKS = {        // at radius 1; matplotlib's names
  "o": "M-1 0A1 1 0 1 1 1 0A1 1 0 1 1 -1 0Z",
  "D": "M0 -1.15L1.15 0L0 1.15L-1.15 0Z",
  "x": "M-.8 -.8L.8 .8M.8 -.8L-.8 .8",
  "P": "M-.35 -1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z",
  ".": "M-.5 0A.5 .5 0 1 1 .5 0A.5 .5 0 1 1 -.5 0Z",
  "^": "M0 -1L1 .8H-1Z",
};
const shapes = {};
const drawMark = (pen, mark, filled, x, y, radius, colour, page) => {
  pen.save();
  pen.translate(x, y);
  pen.scale(radius, radius);
  const shape = (shapes[mark] ??= new Path2D(MARKS[mark] ?? MARKS.o));
  pen.lineWidth = (filled ? 1 : 1.7) / radius;
  pen.strokeStyle = filled ? page : colour;
  pen.fillStyle = colour;
  if (filled) pen.fill(shape);
  pen.stroke(shape);
  pen.restore();
};

const scale = (low, high, log, from, to) => (value) =>
  from + (to - from) * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
const STEPS = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7]];
// At most `most` round numbers between low and high, and no fewer than there must be.
const ticks = (low, high, log, most) => {
  if (log) {
    const decades = [];
    for (let k = Math.floor(Math.log10(low)); k <= Math.ceil(Math.log10(high)); k += 1) decades.push(k);
    const of = (steps) => decades.flatMap((k) => steps.map((s) => s * 10 ** k)).filter((v) => v >= low && v <= high);
    const fit = STEPS.map(of).filter((found) => found.length <= most);
    const best = fit.at(-1) ?? of([1]).filter((_, i, all) => i % Math.ceil(all.length / most) === 0);
    if (best.length > 1) return best;
  }
  for (let k = Math.floor(Math.log10((high - low) / most)); ; k += 1) {
    for (const s of [1, 2, 5]) {
      const step = s * 10 ** k, first = Math.ceil(low / step), last = Math.floor(high / step);
      if (last - first + 1 <= most) return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
    }
  }
};
// As many digits as are worth reading: whole numbers whole, others with three digits, or with the given number of decimals.
const plain = (value, decimals = null, whole = false) => {
  if (!Number.isFinite(value)) return "–";
  if (decimals !== null) return value.toFixed(decimals);
  if (whole || (Number.isInteger(value) && Math.abs(value) < 1e6)) return String(Math.round(value));
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(1).replace("e+", "e") : String(Number(value.toPrecision(3)));
};

// "N_Δ/N": what follows an underline is set lower. `turned` by a quarter to the left, for the axis on the left.
const pieces = (text) => String(text).split(/(_[^\s{]|_\{[^}]*\})/).filter(Boolean)
  .map((part) => part.startsWith("_") ? [part.replace(/^_\{?|\}$/g, ""), true] : [part, false]);
const font = (pen, size, family, low = false) => { pen.font = `${low ? 0.74 * size : size}px ${family}`; };
const widthOf = (pen, text, size, family) => pieces(text).reduce((sum, [part, low]) => {
  font(pen, size, family, low);
  return sum + pen.measureText(part).width;
}, 0);
const write = (pen, text, x, y, { size, family, colour, align = "left", halo = null, turned = false }) => {
  const width = widthOf(pen, text, size, family);
  pen.save();
  pen.translate(x, y);
  if (turned) pen.rotate(-Math.PI / 2);
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillStyle = colour;
  let at = align === "center" ? -width / 2 : align === "right" ? -width : 0;
  for (const [part, low] of pieces(text)) {
    font(pen, size, family, low);
    if (halo) {
      Object.assign(pen, { strokeStyle: halo, lineWidth: 4, lineJoin: "round" });
      pen.strokeText(part, at, low ? 0.22 * size : 0);
    }
    pen.fillText(part, at, low ? 0.22 * size : 0);
    at += pen.measureText(part).width;
  }
  pen.restore();
};
// The same for the page: N_Δ with a real subscript.
const richText = (text) => pieces(text).map(([part, low]) => low ? make("sub", { text: part }) : part);
const setRich = (node, text) => { if (node.dataset.text !== text) { node.dataset.text = text; node.replaceChildren(...richText(text)); } };

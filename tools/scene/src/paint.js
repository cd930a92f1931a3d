// One WebGL renderer for all scenes of a page: it draws off-screen and is copied onto each scene's own canvas, so that many scenes
// need one context. Without WebGL triangles are painted from back to front: a still picture, not a fast one.
import { ColorManagement, LinearSRGBColorSpace, Matrix4, Vector3, WebGLRenderer } from "three";

ColorManagement.enabled = false;
let shared;                                 // undefined: not tried; null: there is no WebGL
const waiting = new Set();                  // views to draw again when a lost context is back

export function renderer() {
  if (shared !== undefined) return shared;
  try {
    const canvas = document.createElement("canvas"), wish = { antialias: false, alpha: true }, context = canvas.getContext("webgl2", wish);
    if (!context) return shared = null;
    shared = new WebGLRenderer({ canvas, context, ...wish });
    shared.outputColorSpace = LinearSRGBColorSpace;
    shared.setClearColor(0x000000, 0);
    shared.lsvizSize = [0, 0];
    shared.domElement.addEventListener("webglcontextlost", (event) => event.preventDefault());
    shared.domElement.addEventListener("webglcontextrestored", () => waiting.forEach((again) => again()));
  } catch { shared = null; }
  return shared;
}
export const onRestored = (again, signal) => {
  waiting.add(again);
  signal.addEventListener("abort", () => waiting.delete(again));
};

// `grain`: WebGL's points for each of the canvas, along each side; more than one smooths the edges, fewer are quick.
export function draw(pen, scene, camera, width, height, grain = 1) {
  const gl = renderer();
  pen.clearRect(0, 0, width, height);
  if (!gl || gl.getContext().isContextLost()) return painted(pen, scene, camera, width, height);
  const [wide, high] = [width, height].map((size) => Math.round(size * grain));
  if (gl.lsvizSize[0] !== wide || gl.lsvizSize[1] !== high) {     // no larger than needed: the whole of it is copied
    gl.lsvizSize = [wide, high];
    gl.setPixelRatio(1);
    gl.setSize(wide, high, false);
  }
  gl.render(scene, camera);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(gl.domElement, 0, 0, wide, high, 0, 0, width, height);
}

const LIGHT = new Vector3(-0.45, 0.65, 0.75).normalize();
function painted(pen, scene, camera, width, height) {
  scene.updateMatrixWorld();
  camera.updateMatrixWorld();
  const triangles = [], view = camera.matrixWorldInverse, whole = new Matrix4(), place = new Matrix4();
  scene.traverse((one) => {
    if (!one.isMesh) return;
    const at = one.geometry.getAttribute("position"), index = one.geometry.index, colours = one.geometry.getAttribute("color");
    for (let copy = 0; copy < (one.isInstancedMesh ? one.count : 1); copy += 1) {
      whole.multiplyMatrices(view, one.matrixWorld);
      if (one.isInstancedMesh) { one.getMatrixAt(copy, place); whole.multiply(place); }
      const seen = Array.from({ length: at.count }, (_, i) => new Vector3().fromBufferAttribute(at, i).applyMatrix4(whole));
      const flat = seen.map((one) => one.clone().applyMatrix4(camera.projectionMatrix));
      const base = one.material.color, own = one.instanceColor?.array.subarray(3 * copy, 3 * copy + 3);
      for (let k = 0; k + 2 < (index?.count ?? at.count); k += 3) {
        const corners = [0, 1, 2].map((j) => (index ? index.getX(k + j) : k + j)), [a, b, c] = corners.map((j) => seen[j]);
        const normal = b.clone().sub(a).cross(c.clone().sub(a)).normalize();
        if (normal.dot(a) > 0) normal.negate();
        const tint = own ?? (colours ? [0, 1, 2].map((j) => corners.reduce((sum, i) => sum + colours.getComponent(i, j), 0) / 3) : [base.r, base.g, base.b]);
        const light = 0.62 + 0.45 * Math.max(0, normal.dot(LIGHT));
        triangles.push({ far: -(a.z + b.z + c.z), corners: corners.map((j) => flat[j]), opacity: one.material.opacity,
          colour: `rgb(${[0, 1, 2].map((j) => Math.min(255, Math.round(255 * light * tint[j]))).join()})` });
      }
    }
  });
  triangles.sort((one, other) => other.far - one.far);
  for (const { corners, colour, opacity } of triangles) {
    pen.beginPath();
    for (const at of corners) pen.lineTo((0.5 + 0.5 * at.x) * width, (0.5 - 0.5 * at.y) * height);
    pen.closePath();
    pen.globalAlpha = opacity;
    pen.fillStyle = pen.strokeStyle = colour;
    pen.lineWidth = 0.7;
    pen.fill();
    if (opacity === 1) pen.stroke();
  }
  pen.globalAlpha = 1;
}

export function write(pen, words, turning, camera, width, height, ratio, page, family) {
  const size = Math.max(13, Math.min(18, width / ratio / 32)) * ratio, at = new Vector3();
  pen.font = `600 ${size}px ${family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  for (const { at: place, text, colour, fixed } of words) {
    at.copy(place);
    if (!fixed) at.applyMatrix4(turning.matrixWorld);
    at.project(camera);
    const half = pen.measureText(text).width / 2, fit = (v, most, room) => Math.min(most - room, Math.max(room, v));
    const x = fit((0.5 + 0.5 * at.x) * width, width, half + 2 * ratio), y = fit((0.5 - 0.5 * at.y) * height, height, 0.6 * size);
    pen.strokeStyle = page;
    pen.lineWidth = 3.5 * ratio;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  }
}

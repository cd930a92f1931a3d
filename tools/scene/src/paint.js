// One WebGL renderer for all scenes of a page: it draws off-screen and is copied onto each scene's own canvas, so that many scenes
// need one context. Without WebGL triangles are painted from back to front: a still picture, not a fast one.
import { ColorManagement, LinearSRGBColorSpace, Matrix4, Vector3, WebGLRenderer } from "three";

ColorManagement.enabled = false;
let shared;                                 // undefined: not tried; null: there is no WebGL
const waiting = new Set();                  // views to draw again when a lost context is back

export function renderer() {
  if (shared !== undefined) return shared;
  try {
    shared = new WebGLRenderer({ canvas: document.createElement("canvas"), antialias: true, alpha: true });
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

export function draw(pen, scene, camera, width, height) {
  const gl = renderer();
  pen.clearRect(0, 0, width, height);
  if (!gl || gl.getContext().isContextLost()) return painted(pen, scene, camera, width, height);
  if (width > gl.lsvizSize[0] || height > gl.lsvizSize[1]) {
    gl.lsvizSize = [Math.max(width, gl.lsvizSize[0]), Math.max(height, gl.lsvizSize[1])];
    gl.setPixelRatio(1);
    gl.setSize(...gl.lsvizSize, false);
  }
  gl.setViewport(0, 0, width, height);
  gl.setScissor(0, 0, width, height);
  gl.setScissorTest(true);
  gl.render(scene, camera);
  pen.drawImage(gl.domElement, 0, gl.lsvizSize[1] - height, width, height, 0, 0, width, height);
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
      const base = one.material.color, own = one.instanceColor?.array.subarray(3 * copy, 3 * copy + 3);
      for (let k = 0; k + 2 < (index?.count ?? at.count); k += 3) {
        const [i, a, b, c] = [index ? index.getX(k) : k, ...[0, 1, 2].map((j) => seen[index ? index.getX(k + j) : k + j])];
        const normal = b.clone().sub(a).cross(c.clone().sub(a)).normalize();
        if (normal.dot(a) > 0) normal.negate();
        const tint = own ?? (colours ? [colours.getX(i), colours.getY(i), colours.getZ(i)] : [base.r, base.g, base.b]);
        const light = 0.62 + 0.45 * Math.max(0, normal.dot(LIGHT));
        triangles.push({ far: -(a.z + b.z + c.z), corners: [a, b, c], opacity: one.material.opacity,
          colour: `rgb(${[0, 1, 2].map((j) => Math.min(255, Math.round(255 * light * tint[j]))).join()})` });
      }
    }
  });
  triangles.sort((one, other) => other.far - one.far);
  for (const { corners, colour, opacity } of triangles) {
    pen.beginPath();
    for (const corner of corners) {
      const at = corner.applyMatrix4(camera.projectionMatrix);
      pen.lineTo((0.5 + 0.5 * at.x) * width, (0.5 - 0.5 * at.y) * height);
    }
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

// Mouse, touch and keys → the object's rotation and the zoom of the view.
import { Quaternion, Vector3 } from "three";

const STEP = Math.PI / 36, FAR = Math.PI / 12, UP = new Vector3(0, 1, 0);

export function hand({ frame, camera, turn, zoom, reset, allowed, signal }) {
  const right = () => new Vector3(1, 0, 0).applyQuaternion(camera.quaternion), top = () => new Vector3(0, 1, 0).applyQuaternion(camera.quaternion);
  const towards = () => new Vector3(0, 0, 1).applyQuaternion(camera.quaternion);
  const about = (axis, angle) => turn(new Quaternion().setFromAxisAngle(axis, angle));
  const on = (name, act, options = {}) => frame.addEventListener(name, act, { signal, ...options });
  let held = null;

  on("pointerdown", (event) => {
    if (!allowed() || event.button || held) return;
    held = { id: event.pointerId, x: event.clientX, y: event.clientY };
    frame.setPointerCapture(event.pointerId);
    frame.focus({ preventScroll: true });
    frame.classList.add("lsviz-turning");
    event.preventDefault();
  });
  on("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    const scale = Math.PI / Math.min(frame.clientWidth, frame.clientHeight), dx = (event.clientX - held.x) * scale, dy = (event.clientY - held.y) * scale;
    Object.assign(held, { x: event.clientX, y: event.clientY });
    const angle = Math.hypot(dx, dy);
    if (angle) about(top().multiplyScalar(dx / angle).addScaledVector(right(), dy / angle), angle);
  });
  const end = (event) => {
    if (held?.id !== event.pointerId) return;
    held = null;
    frame.classList.remove("lsviz-turning");
    turn(null);
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("lostpointercapture", end);

  // The wheel belongs to the page unless the scene has the focus.
  on("wheel", (event) => {
    if (document.activeElement !== frame || event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.001)));
  }, { passive: false });

  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const angle = event.shiftKey ? FAR : STEP;
    const turns = { ArrowLeft: [UP, -angle], ArrowRight: [UP, angle], ArrowUp: [right(), -angle], ArrowDown: [right(), angle],
      ",": [towards(), angle], ".": [towards(), -angle], "<": [towards(), FAR], ">": [towards(), -FAR] }[event.key];
    const acts = { "+": () => zoom(1.15), "=": () => zoom(1.15), "-": () => zoom(1 / 1.15), _: () => zoom(1 / 1.15) };
    if (allowed()) Object.assign(acts, { Home: reset, r: reset, R: reset });
    if (turns && allowed()) about(...turns);
    else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  on("keyup", () => { if (!held) turn(null); });
  return { holding: () => held !== null };
}

// Bodies as they come from Python (bytes and words) → three.js objects.
import { BoxGeometry, BufferAttribute, BufferGeometry, Color, ConeGeometry, CylinderGeometry, DoubleSide, Group, InstancedMesh, Matrix4, Mesh,
  MeshLambertMaterial, Quaternion, SphereGeometry, Vector3 } from "three";

const UP = new Vector3(0, 1, 0), UNIT = new Quaternion();
const bytes = (view) => new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
const floats = (view) => new Float32Array(bytes(view).slice().buffer);
const vector = (all, i) => new Vector3(all[3 * i], all[3 * i + 1], all[3 * i + 2]);

// Which colours hold on this page: by name, own ones, or places on a ramp.
export const paints = (model, dark) => {
  const named = model.get("_colours"), names = model.get("_ramp_names"), ramps = bytes(model.get("_ramps"));
  const one = (name) => new Color(named[name]?.[Number(dark)] ?? name);
  const each = (body, n) => {               // n × red, green, blue from 0 to 1; null: all alike
    if (!body.colours && !body.shades) return null;
    const out = new Float32Array(3 * n), start = 750 * (2 * names.indexOf(body.ramp) + Number(dark));
    const given = bytes(body.colours ?? body.shades);
    for (let i = 0; i < n; i += 1) for (let k = 0; k < 3; k += 1) out[3 * i + k] = (body.colours ? given[3 * i + k] : ramps[start + 3 * given[i] + k]) / 255;
    return out;
  };
  return { one, each, dark };
};

const material = (body, paint, own, flat = false) => new MeshLambertMaterial({
  color: own ? 0xffffff : paint.one(body.colour), flatShading: flat, side: DoubleSide,
  transparent: body.opacity < 1, opacity: body.opacity ?? 1, depthWrite: !(body.opacity < 1),
});

function skin(body, paint, vertices, index, flat) {
  const n = vertices.length / 3, own = paint.each(body, n), geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(vertices, 3));
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.computeVertexNormals();
  if (own) geometry.setAttribute("color", new BufferAttribute(own, 3));
  const made = material(body, paint, own, flat);
  made.vertexColors = Boolean(own);
  return new Mesh(geometry, made);
}

// One geometry at many places: `places` is a list of [position, quaternion, scale].
function many(geometry, places, body, paint, own = null) {
  const made = new InstancedMesh(geometry, material(body, paint, own), places.length), place = new Matrix4(), colour = new Color();
  places.forEach(([at, turn, scale], i) => {
    made.setMatrixAt(i, place.compose(at, turn, scale));
    if (own) made.setColorAt(i, colour.setRGB(own[3 * i], own[3 * i + 1], own[3 * i + 2]));
  });
  made.frustumCulled = false;
  return made;
}
const along = (from, way) => new Quaternion().setFromUnitVectors(UP, way.clone().normalize());
const rod = (from, to, radius) => {
  const way = to.clone().sub(from);
  return [from.clone().addScaledVector(way, 0.5), along(from, way), new Vector3(radius, way.length(), radius)];
};

function arrowsOf(body, paint, starts, ways, width, own) {
  const kept = ways.map((way, i) => i).filter((i) => ways[i].length() > 1e-6), shafts = [], heads = [];
  for (const i of kept) {
    const length = ways[i].length(), head = Math.min(0.5 * length, 3.4 * width), turn = along(starts[i], ways[i]), one = ways[i].clone().normalize();
    shafts.push(rod(starts[i], starts[i].clone().addScaledVector(one, length - 0.9 * head), width / 2));
    heads.push([starts[i].clone().addScaledVector(one, length - head / 2), turn, new Vector3(1.3 * width, head, 1.3 * width)]);
  }
  const mine = own && Float32Array.from(kept.flatMap((i) => [...own.subarray(3 * i, 3 * i + 3)]));
  const made = new Group();
  if (kept.length) made.add(many(new CylinderGeometry(1, 1, 1, 12), shafts, body, paint, mine), many(new ConeGeometry(1, 1, 16), heads, body, paint, mine));
  return made;
}

const MAKE = {
  mesh: (body, paint) => {
    const raw = bytes(body.faces).slice().buffer;
    return skin(body, paint, floats(body.vertices), body.wide ? new Uint32Array(raw) : new Uint16Array(raw), body.flat);
  },
  surface: (body, paint) => {
    const { rows, columns, wrap } = body, vertices = floats(body.vertices), last = wrap ? columns : columns - 1;
    const index = new Uint32Array(6 * (rows - 1) * last);
    for (let r = 0, k = 0; r + 1 < rows; r += 1) for (let c = 0; c < last; c += 1, k += 6) {
      const a = r * columns + c, b = r * columns + (c + 1) % columns, d = a + columns, e = b + columns;
      index.set([a, d, b, b, d, e], k);
    }
    const made = skin(body, paint, vertices, index, false), normals = made.geometry.getAttribute("normal"), sum = new Vector3();
    for (const first of [0, (rows - 1) * columns]) {                     // a pole has one normal, not one for each column
      const pole = vector(vertices, first), size = 1e-6 * (1 + pole.length());
      const all = Array.from({ length: columns }, (_, c) => first + c);
      if (!all.every((i) => vector(vertices, i).distanceTo(pole) < size)) continue;
      sum.set(0, 0, 0);
      for (const i of all) sum.add(new Vector3().fromBufferAttribute(normals, i));
      sum.normalize();
      for (const i of all) normals.setXYZ(i, sum.x, sum.y, sum.z);
    }
    return made;
  },
  cubes: (body, paint) => {
    const cells = floats(body.vertices), n = cells.length / 3, { side } = body, half = side / 2, thin = 0.014 * side, places = [], edges = [];
    for (let i = 0; i < n; i += 1) {
      const at = vector(cells, i);
      places.push([at, UNIT, new Vector3(side, side, side)]);
      for (const u of [-half, half]) for (const v of [-half, half]) for (const [k, shift] of [[u, v, 0], [u, 0, v], [0, u, v]].entries()) {
        const size = [thin, thin, thin];
        size[2 - k] = side / 2 + thin;
        edges.push([at.clone().add(new Vector3(...shift)), UNIT, new Vector3(...size).multiplyScalar(2)]);
      }
    }
    const edge = { colour: paint.dark ? "#14161a" : "#1d1d1f", opacity: 1 };
    return new Group().add(many(new BoxGeometry(1, 1, 1), places, body, paint, paint.each(body, n)), many(new BoxGeometry(1, 1, 1), edges, edge, paint));
  },
  arrows: (body, paint) => {
    const starts = floats(body.vertices), ways = floats(body.vectors), n = starts.length / 3, list = (all) => Array.from({ length: n }, (_, i) => vector(all, i));
    return arrowsOf(body, paint, list(starts), list(ways), body.width, paint.each(body, n));
  },
  points: (body, paint) => {
    const at = floats(body.vertices), n = at.length / 3, fine = n > 200 ? [10, 8] : [22, 16], scale = new Vector3().setScalar(body.radius);
    return many(new SphereGeometry(1, ...fine), Array.from({ length: n }, (_, i) => [vector(at, i), UNIT, scale]), body, paint, paint.each(body, n));
  },
  lines: (body, paint) => {
    const at = floats(body.vertices), places = [];
    for (let i = 0; i + 1 < at.length / 3; i += 1) {
      if ((i + 1) % body.each && vector(at, i).distanceTo(vector(at, i + 1)) > 1e-9) places.push(rod(vector(at, i), vector(at, i + 1), body.width / 2));
    }
    return many(new CylinderGeometry(1, 1, 1, 7), places, body, paint);
  },
  axes: (body, paint) => {
    const ways = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((way) => new Vector3(...way).multiplyScalar(body.length));
    return arrowsOf(body, paint, ways.map(() => new Vector3()), ways, 0.018 * body.length, null);
  },
  caption: () => new Group(),
};

// What is written at a point: {at, text, colour}.
const wordsOf = (body, paint) => {
  const colour = body.colour && `#${paint.one(body.colour).getHexString()}`;
  if (body.kind === "caption") return [{ at: new Vector3(...body.at), text: body.text, colour }];
  if (body.kind !== "axes") return [];
  const ink = `#${paint.one("ink").getHexString()}`;
  return body.labels.map((text, k) => ({ at: new Vector3().setComponent(k, 1.12 * body.length), text, colour: ink }));
};
const farthest = (body) => {
  if (body.kind === "caption") return Math.hypot(...body.at);
  if (body.kind === "axes") return 1.2 * body.length;
  const at = floats(body.vertices), ways = body.vectors && floats(body.vectors), more = body.kind === "cubes" ? Math.sqrt(0.75) * body.side : body.radius ?? 0;
  let most = 0;
  for (let i = 0; i < at.length / 3; i += 1) {
    most = Math.max(most, vector(at, i).length());
    if (ways) most = Math.max(most, vector(at, i).add(vector(ways, i)).length());
  }
  return most + more;
};

export function build(bodies, paint) {
  const turning = new Group(), room = new Group(), words = [];
  for (const body of bodies) {
    (body.fixed ? room : turning).add(MAKE[body.kind](body, paint));
    words.push(...wordsOf(body, paint).map((word) => ({ ...word, fixed: body.fixed })));
  }
  return { turning, room, words, reach: Math.max(0, ...bodies.map(farthest)) };
}
export const release = (...groups) => groups.forEach((group) => group.traverse((one) => {
  one.geometry?.dispose();
  one.material?.dispose();
  one.dispose?.();
}));

// npm ci && npm run build: bundles src/ with three.js into lsviz/scene/bundle.js. Its first line says what it was made of:
// the hash of the sources and of the list of versions, which a test compares.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const files = ["build.mjs", "package-lock.json", "package.json", ...readdirSync(here("src")).map((name) => `src/${name}`)].sort();
const hash = createHash("sha256");
for (const name of files) hash.update(`${name}\0`).update(readFileSync(here(name))).update("\0");
const three = JSON.parse(readFileSync(here("node_modules/three/package.json"))).version;

const made = await build({
  entryPoints: [here("src/main.js")], bundle: true, minify: true, format: "esm", target: "es2022", write: false, legalComments: "none", charset: "utf8",
});
const banner = `/* lsviz scene, sources ${hash.digest("hex").slice(0, 16)} | three.js ${three}, MIT, Copyright 2010-2024 Three.js Authors */\n`;
writeFileSync(here("../../lsviz/scene/bundle.js"), banner + made.outputFiles[0].text);
console.log(`${banner}${made.outputFiles[0].text.length} characters`);

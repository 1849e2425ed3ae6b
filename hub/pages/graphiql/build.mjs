// SPDX-License-Identifier: EUPL-1.2
// Builds the page of GraphiQL: bundles of what package-lock.json names, compressed, with a manifest
// of what they were made from and the licences of what is in them. `make graphiql` runs it in a copy
// of this folder with its packages installed: node build.mjs FOLDER
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const INPUTS = [
  "build.mjs",
  "package-lock.json",
  "package.json",
  "page.css",
  "page.jsx",
  "surroundings.js",
];
const WORKERS = {
  "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
  "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
};
// Fonts that stand inside the packages' style sheets, and have licences of their own.
const FONTS = `Fonts inside the style sheets of graphiql and monaco-editor:
Roboto (Google, Apache-2.0), Fira Code (The Fira Code Project Authors, OFL-1.1),
codicons (Microsoft, CC-BY-4.0).`;

const common = {
  bundle: true,
  minify: true,
  legalComments: "none", // their licences stand in NOTICE.txt
  target: ["es2022"],
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".ttf": "file" },
  assetNames: "[name]",
  chunkNames: "part-[hash]",
  jsx: "automatic",
  metafile: true,
  write: false,
  outdir: ".",
};

const page = await build({ ...common, entryPoints: ["page.jsx"], format: "esm", splitting: true });
const workers = await build({ ...common, entryPoints: WORKERS, format: "iife" });

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function write(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = {};
  for (const { path, contents } of [...page.outputFiles, ...workers.outputFiles]) {
    const name = path.split("/").at(-1);
    const packed = gzipSync(contents, { level: 9 });
    files[name] = sha256(packed);
    writeFileSync(join(folder, `${name}.gz`), packed);
  }
  const inputs = Object.fromEntries(INPUTS.map((name) => [name, sha256(readFileSync(name))]));
  const sorted = Object.fromEntries(Object.entries(files).sort());
  writeFileSync(join(folder, "NOTICE.txt"), notice());
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify({ inputs, files: sorted }, null, 2)}\n`);
}

// The folders of the packages whose code is in the bundles.
function packages() {
  const found = new Set();
  for (const input of [page, workers].flatMap((made) => Object.keys(made.metafile.inputs))) {
    const folder = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1];
    if (folder) found.add(folder);
  }
  return [...found].sort();
}

// Each package with its licence; texts that several share are given once.
function notice() {
  const sharing = new Map();
  for (const folder of packages()) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
    const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|thirdparty)/i.test(file));
    const text = texts.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
    const whole = text.join("\n\n") || `Licence as the package names it: ${license}`;
    sharing.set(whole, [...(sharing.get(whole) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...sharing].map(([text, names]) => `${names.join("\n")}\n\n${text}`);
  const rule = `\n\n${"=".repeat(80)}\n\n`;
  return `${["Software of others in these files, and its licences.", FONTS, ...parts].join(rule)}\n`;
}

write(process.argv[2]);

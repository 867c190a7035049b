// Fails when the bundle is larger than its budget. Sizes are gzip, as the server sends it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const FIRST_LOAD = 300 * 1024;
const LAZY = 230 * 1024;
const FONTS = 100 * 1024;
const PACKAGES = 60;

const gzip = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;

const html = readFileSync(join(dist, "index.html"), "utf8");
const problems = [];
if (/<script(?![^>]*\bsrc=)[^>]*>/.test(html) || /\sstyle=/.test(html) || /<style/.test(html)) {
  problems.push("index.html holds inline script or style, which the content security policy refuses");
}

const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);
const files = readdirSync(join(dist, "assets")).map((name) => `assets/${name}`);
const fonts = files.filter((name) => name.endsWith(".woff2"));
// The page asks for its fonts at once too; woff2 is compressed already.
const fontBytes = fonts.reduce((sum, name) => sum + readFileSync(join(dist, name)).length, 0);
const first = gzip(join(dist, "index.html")) + named.reduce((sum, name) => sum + gzip(join(dist, name)), 0);

console.log(
  `first load  ${kib(first)} (of ${kib(FIRST_LOAD)}), and fonts ${kib(fontBytes)} (of ${kib(FONTS)})`,
);
if (first + fontBytes > FIRST_LOAD) problems.push(`first load with fonts is ${kib(first + fontBytes)}`);
if (fontBytes > FONTS) problems.push(`fonts are ${kib(fontBytes)}`);
for (const name of files.filter((name) => /\.(js|css)$/.test(name) && !named.includes(name))) {
  const size = gzip(join(dist, name));
  console.log(`lazy        ${kib(size).padStart(9)}  ${name}`);
  if (size > LAZY) problems.push(`${name} is ${kib(size)}`);
}
const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const shipped = Object.entries(lock.packages).filter(
  ([path, one]) => path !== "" && !one.dev && !one.devOptional && !one.peer,
);
console.log(`packages that are shipped: ${shipped.length} (of ${PACKAGES})`);
if (shipped.length > PACKAGES) problems.push(`${shipped.length} packages are shipped`);
for (const problem of problems) console.error(`size: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

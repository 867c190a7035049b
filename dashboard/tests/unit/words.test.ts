import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { all, asked, parse, replace, returnable, stringify, toggle } from "../../src/words/address.ts";
import { fitting, placeOf, verbAndName } from "../../src/words/names.ts";
import { bytes, many, share, short } from "../../src/words/numbers.ts";
import { curl, quote } from "../../src/words/shell.ts";
import { absolute, before, begin, clock, instant, relative, span, stretch } from "../../src/words/time.ts";
import { pieces, visible } from "../../src/words/visible.ts";

const NOW = Date.parse("2026-11-22T12:10:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("times are relative, then days, then days of another year", () => {
  assert.equal(relative(NOW - 44_000, NOW), "now");
  assert.equal(relative(NOW - 9 * MINUTE, NOW), "9 min");
  assert.equal(relative(NOW - 4 * HOUR, NOW), "4 h");
  assert.equal(relative(NOW - 3 * DAY, NOW), "3 d");
  assert.equal(relative(NOW - 40 * DAY, NOW), "13 Oct");
  assert.equal(relative(Date.parse("2025-02-03T00:00:00Z"), NOW), "3 Feb 2025");
  assert.equal(relative(NOW + 2 * DAY, NOW), "in 2 d");
  const sentences = [NOW, NOW - 9 * MINUTE, NOW - 40 * DAY, NOW + 2 * DAY].map((time) => before(time, NOW));
  assert.deepEqual(sentences, ["just now", "9 min ago", "13 Oct", "in 2 d"]);
});

test("absolute times, clocks, spans and stretches are UTC", () => {
  assert.equal(absolute(NOW), "2026-11-22 12:10:00 UTC");
  assert.equal(clock(NOW + 7000, true), "12:10:07");
  assert.equal(span(234_000), "3 min 54 s");
  assert.equal(span(377), "377 ms");
  assert.equal(span(3 * HOUR), "3 h");
  assert.equal(stretch(NOW, NOW + 12 * MINUTE, NOW), "12:10 – 12:22");
  assert.equal(stretch(NOW, NOW + DAY, NOW), "22 Nov 12:10 – 23 Nov 12:10");
  assert.equal(instant("nonsense"), undefined);
  assert.equal(instant(null), undefined);
});

test("a range begins at a whole minute, and nonsense is no range", () => {
  assert.equal(begin("1h", NOW + 30_000), "2026-11-22T11:10:00.000Z");
  assert.equal(begin("all", NOW), undefined);
  assert.equal(begin("99999999h", NOW), undefined);
});

test("shares are whole only when they are exact", () => {
  assert.equal(share(1, 1), "100 %");
  assert.equal(share(0, 5), "0 %");
  assert.equal(share(999_999, 1_000_000), "> 99.99 %");
  assert.equal(share(1, 1_000_000), "< 0.01 %");
  assert.equal(share(9_971, 10_000), "99.71 %");
  assert.equal(share(1, 0), "–");
  assert.equal(short(10_000), "10,000");
  assert.equal(short(18_402_118), "18.4 M");
  assert.equal(many(1, "exchange"), "1 exchange");
  assert.equal(many(2, "success", "successes"), "2 successes");
});

test("characters that would not be seen are named", () => {
  assert.equal(visible("a\u202Eb"), "a‹U+202E›b");
  assert.equal(visible("a\u200Bb\uFEFF"), "a‹U+200B›b‹U+FEFF›");
  assert.equal(visible("line\r\nnext\t\0"), "line‹CR›‹LF›next‹TAB›‹NUL›");
  assert.equal(visible("\u{E0041}tag"), "‹U+E0041›tag");
  assert.equal(visible("\u001b[31m"), "‹U+001B›[31m");
  assert.equal(visible("\uD800"), "‹U+D800›");
  assert.equal(visible("naïve Ω 漢字 🏰 'quotes' <b>"), "naïve Ω 漢字 🏰 'quotes' <b>");
});

test("long text is cut, and says so", () => {
  const cut = pieces("x".repeat(5000), 100);
  assert.equal(cut[0]?.text.length, 100);
  assert.deepEqual(cut[1], { text: "… 4900 more", odd: true });
});

test("shells read a quoted argument as it was", () => {
  for (const text of [
    "plain",
    "",
    "it's",
    "$(touch /tmp/x)`id`",
    'a b\\c"d',
    "-rf",
    "~root!*?[x]{y}",
    "two\nlines\t\u001b[31m",
    "it's\nboth\\",
    "ü\u202Eß",
  ]) {
    const printed = execFileSync("bash", ["-c", `printf %s ${quote(text)}`], { encoding: "utf8" });
    assert.equal(printed, text);
  }
});

test("a curl line holds no control character and keeps the address after --", () => {
  const line = curl("DELETE", "api.example.com", "/v1/a'b;id\n{x}", [["x-a", "1\r\nx-b: 2"]]);
  assert.ok(![...line].some((char) => char < " "));
  assert.match(line, / -- \S/);
  const out = execFileSync("bash", ["-c", line.replace(/^curl/, "printf '%s|'")], { encoding: "utf8" });
  assert.equal(out.split("|").at(-2), "https://api.example.com/v1/a'b;id\n{x}");
});

test("filters come back from the address as they were written", () => {
  const search = parse("?access=public&access=partner&q=a%26b%3D%C3%BC");
  assert.deepEqual(search, { access: ["public", "partner"], q: "a&b=ü" });
  assert.deepEqual(parse(stringify(search)), search);
  assert.equal(stringify({ q: "", a: undefined }), "");
  assert.equal(Object.getPrototypeOf(parse("?__proto__=x")), Object.prototype);
  assert.deepEqual(toggle(search, "access", "public"), { q: "a&b=ü", access: "partner" });
  assert.deepEqual(all(toggle({}, "access", "public"), "access"), ["public"]);
  assert.deepEqual(replace(search, "q", undefined), { access: ["public", "partner"] });
});

test("the API is asked for what it knows of an address, and for nothing else", () => {
  const search = parse("?code=C1&code=C2&host=a.example&sort=-severity&nonsense=1");
  assert.deepEqual(asked(search, ["code", "host"], NOW), { code: ["C1", "C2"], host: ["a.example"] });
  // The least severity stands for all that are worse too; the least of all for none.
  assert.deepEqual(asked(parse("?severity=high"), ["severity"], NOW), { severity: ["critical", "high"] });
  assert.deepEqual(asked(parse("?severity=info"), ["severity"], NOW), {});
  assert.deepEqual(asked(parse("?severity=grave"), ["severity"], NOW), {});
  // A range moves with the time; a beginning that is written out does not.
  assert.deepEqual(asked(parse("?range=1h"), ["since"], NOW), { since: ["2026-11-22T11:10:00.000Z"] });
  assert.deepEqual(asked(parse("?range=1h&since=2026-01-01T00:00:00Z"), ["since"], NOW), {
    since: ["2026-01-01T00:00:00Z"],
  });
  assert.deepEqual(asked(parse("?range=1h"), ["actor"], NOW), {});
});

test("after logging in one goes to our own pages only", () => {
  assert.equal(returnable("/findings?state=open"), "/findings?state=open");
  for (const path of [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "/login",
    undefined,
  ]) {
    assert.equal(returnable(path), "/");
  }
});

test("bytes are told in three digits", () => {
  const told = [0, 812, 999, 1000, 4_200_000, 99_960_000, 999_400_000, 999_600_000, 5e15].map(bytes);
  assert.deepEqual(told, [
    "0 B",
    "812 B",
    "999 B",
    "1.0 kB",
    "4.2 MB",
    "100 MB",
    "999 MB",
    "1.0 GB",
    "5000 TB",
  ]);
});

test("classes of data are shown as far as there is room, the harmful ones first", () => {
  assert.deepEqual(fitting(["email", "uuid"], 22), { shown: ["email", "uuid"], more: [] });
  // `+n` takes room too: without it, two would fit into 17.
  assert.deepEqual(fitting(["email", "phone", "url"], 17), { shown: ["email"], more: ["phone", "url"] });
  assert.deepEqual(fitting(["email", "phone", "url"], 18), { shown: ["email", "phone"], more: ["url"] });
  assert.deepEqual(fitting(["email", "phone", "url"], 19), { shown: ["email", "phone", "url"], more: [] });
  assert.deepEqual(fitting(["email", "password", "email"], 13), { shown: ["password"], more: ["email"] });
  assert.deepEqual(fitting(["a_class_that_has_a_long_name", "url"], 9), {
    shown: ["a_class_that_has_a_long_name"],
    more: ["url"],
  });
  assert.deepEqual(fitting([], 9), { shown: [], more: [] });
});

test("what is called is named by its verb and its name", () => {
  const at = (protocol: string, operation: string | null) =>
    verbAndName(placeOf({ method: "POST", path: "/at", protocol, operation }));
  assert.deepEqual(at("rest", "createOrder"), { verb: "POST", name: "/at" });
  // A channel is known by its address.
  assert.deepEqual(at("kafka", "orderPlaced"), { verb: "POST", name: "/at" });
  assert.deepEqual(at("json_rpc", "order.get"), { verb: "POST", name: "order.get" });
  assert.deepEqual(at("json_rpc", null), { verb: "POST", name: "/at" });
  assert.deepEqual(at("graphql", "query customer"), { verb: "QUERY", name: "customer" });
  assert.deepEqual(at("graphql", "mutation a+mutation b"), { verb: "MUT", name: "a + b" });
  // A batch of several kinds, and a name of a document that the server knows.
  assert.deepEqual(at("graphql", "mutation a+query b"), { verb: "POST", name: "mutation a+query b" });
  assert.deepEqual(at("graphql", "GetOrders"), { verb: "POST", name: "GetOrders" });
});

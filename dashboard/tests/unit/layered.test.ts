import assert from "node:assert/strict";
import { test } from "node:test";
import { layered, MAX_EDGES, MAX_NODES } from "../../src/words/layered.ts";

const SIZES = { width: 100, height: 40, across: 60, between: 20 };
const edges = (text: string) =>
  text
    .split(" ")
    .filter((pair) => pair !== "")
    .map((pair) => ({ from: pair.charAt(0), to: pair.charAt(1) }));
const draw = (ids: string, text: string) => layered([...ids], edges(text), SIZES);
const layersOf = (ids: string, text: string) =>
  draw(ids, text)
    .nodes.map(({ id, layer }) => `${id}${layer}`)
    .join(" ");

test("callers stand before what they call, as far as the longest way", () => {
  assert.equal(layersOf("abcd", "ab bc ac cd"), "a0 b1 c2 d3");
  assert.equal(layersOf("dcba", "ab bc ac cd"), "d3 c2 b1 a0");
  assert.equal(layersOf("ab", ""), "a0 b0");
});

test("one edge of a cycle goes back, whatever the cycle", () => {
  const { nodes, edges: drawn } = draw("abc", "ab bc ca cc");
  assert.deepEqual(
    nodes.map(({ layer }) => layer),
    [0, 1, 2],
  );
  assert.deepEqual(
    drawn.map(({ from, to, back }) => [from + to, back]),
    [
      ["ab", false],
      ["bc", false],
      ["ca", true],
      ["cc", true],
    ],
  );
  assert.equal(draw("a", "aa").nodes[0]?.layer, 0);
});

test("paths begin at the caller and end at what it calls", () => {
  const { nodes, edges: drawn } = draw("abcd", "ab ac bd cd da ad");
  const at = new Map(nodes.map((one) => [one.id, one]));
  for (const { from, to, path, back } of drawn) {
    const numbers = path.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
    const [start, end] = [at.get(from), at.get(to)];
    assert.ok(start && end);
    assert.deepEqual(numbers.slice(0, 2), [back ? start.x : start.x + 100, start.y + 20], from + to);
    assert.deepEqual(numbers.slice(-2), [back ? end.x + 100 : end.x, end.y + 20], from + to);
  }
});

test("nodes of a layer never overlap and nothing lies outside", () => {
  const { nodes, width, height } = draw("abcdefgh", "ab ac ad ae bf cf df ef ag gh hf");
  for (const one of nodes) {
    assert.ok(one.x >= 0 && one.y >= 0 && one.x + 100 <= width && one.y + 40 <= height, one.id);
    for (const other of nodes) {
      const apart = Math.abs(one.y - other.y);
      assert.ok(one.id === other.id || one.layer !== other.layer || apart >= 40, one.id + other.id);
    }
  }
  assert.equal(Math.min(...nodes.map(({ y }) => y)), 0);
});

test("lines that need not cross do not", () => {
  const { nodes } = draw("abxy", "ay bx");
  const y = (id: string) => nodes.find((one) => one.id === id)?.y ?? Number.NaN;
  assert.equal(y("a") < y("b"), y("y") < y("x"));
});

test("the same graph gives the same picture, and doubles count once", () => {
  const once = draw("abcd", "ab bc cd da");
  assert.deepEqual(draw("abcd", "ab bc cd da"), once);
  assert.deepEqual(draw("abcdab", "ab bc ab cd da"), once);
});

test("what does not fit is left out and counted", () => {
  const ids = Array.from({ length: MAX_NODES + 10 }, (_, at) => `n${at}`);
  const all = ids.flatMap((from) => ids.map((to) => ({ from, to })));
  const began = Date.now();
  const { nodes, edges: drawn, leftOut } = layered(ids, all, SIZES);
  assert.ok(Date.now() - began < 5_000, "it takes long");
  assert.equal(nodes.length, MAX_NODES);
  assert.equal(drawn.length, MAX_EDGES);
  assert.deepEqual(leftOut, { nodes: 10, edges: ids.length ** 2 - MAX_EDGES });
  const chain = ids.slice(1).map((to, at) => ({ from: ids[at] ?? "", to }));
  const far = ids.slice(2, MAX_NODES).map((to) => ({ from: "n0", to }));
  assert.equal(layered(ids, [...chain, ...far], SIZES).nodes.at(-1)?.layer, MAX_NODES - 1);
});

test("an end that is not there draws no edge", () => {
  assert.deepEqual(draw("ab", "ab ax").edges.length, 1);
  assert.deepEqual(draw("", ""), {
    nodes: [],
    edges: [],
    width: 0,
    height: 0,
    leftOut: { nodes: 0, edges: 0 },
  });
});

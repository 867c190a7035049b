import assert from "node:assert/strict";
import { test } from "node:test";
import type { JourneyMove, JourneyNode, JourneyStep } from "../../src/api/journeys.ts";
import {
  around,
  ELSEWHERE,
  head,
  laidOut,
  neighbour,
  numbered,
  shownMoves,
  trailOf,
  weight,
} from "../../src/words/journeygraph.ts";
import {
  countsSaid,
  moveSaid,
  namesOf,
  nodeSaid,
  pace,
  pause,
  percent,
  stepName,
  stepSaid,
} from "../../src/words/journeys.ts";

const node = (id: string, more: Partial<JourneyNode> = {}): JourneyNode => ({
  endpoint_id: id,
  method: "GET",
  path: `/${id}`,
  operation: null,
  protocol: "rest",
  visits: 10,
  sessions: 10,
  share: 0.1,
  starts: 0,
  ends: 0,
  callers: "several",
  login: false,
  logins: 0,
  ...more,
});
const move = (ends: string, share: number, more: Partial<JourneyMove> = {}): JourneyMove => ({
  from: ends.charAt(0),
  to: ends.charAt(1),
  count: Math.round(share * 100),
  share,
  callers: "several",
  p10_ms: null,
  p50_ms: null,
  p90_ms: null,
  ...more,
});
const step = (more: Partial<JourneyStep> = {}): JourneyStep => ({
  at: null,
  exchange_id: null,
  endpoint_id: null,
  method: null,
  path: null,
  operation: null,
  status: null,
  hostile: false,
  place: "not_compared",
  place_share: null,
  move: "not_compared",
  move_share: null,
  after_ms: null,
  p50_ms: null,
  p90_ms: null,
  pace: null,
  ...more,
});
const ends = (moves: { from: string; to: string }[]) => moves.map(({ from, to }) => from + to).join(" ");

test("shares and pauses are as exact as they can be read", () => {
  assert.deepEqual([0, 0.02, 0.0234, 0.9999, 1].map(percent), ["0 %", "2 %", "2.3 %", "99.99 %", "100 %"]);
  assert.deepEqual([40, 1240, 8000, 9999, 234_000].map(pause), [
    "40 ms",
    "1.2 s",
    "8 s",
    "10 s",
    "3 min 54 s",
  ]);
});

test("a step says how usual its place, its way and its pace are", () => {
  assert.equal(
    stepSaid(
      step({
        place: "rare",
        place_share: 0.02,
        move: "unseen",
        after_ms: 40,
        p50_ms: 8000,
        pace: "faster",
      }),
      "GET /login",
    ),
    "2 % of sessions come here, never from GET /login; 40 ms after the step before, usually 8 s (faster than sessions are)",
  );
  assert.equal(
    stepSaid(
      step({ place: "usual", place_share: 0.5, move: "usual", move_share: 0.25, pace: "usual" }),
      "GET /a",
    ),
    "50 % of sessions come here, usual from GET /a (25 % of what follows there)",
  );
  assert.equal(
    stepSaid(step({ place: "usual", place_share: 1, move: "start", move_share: 0 }), undefined),
    "100 % of sessions come here, no session begins here",
  );
  assert.equal(
    stepSaid(step({ place: "unseen", move: "unseen" }), undefined),
    "no session that was learned comes here, never from the step before",
  );
  assert.equal(
    stepSaid(step({ place: "one_caller", move: "one_caller" }), "GET /a"),
    "one caller alone ever came here, from GET /a one caller alone ever came",
  );
  assert.equal(
    stepSaid(step({ place: "no_endpoint", after_ms: 3 }), "GET /a"),
    "at no endpoint of the inventory; 3 ms after the step before",
  );
  // What is not known is not told as 0.
  assert.equal(stepSaid(step(), "GET /a"), "");
});

test("a step is named as the graph names it, else by what was called, and shows what would not be seen", () => {
  const names = namesOf([node("a", { method: "POST", protocol: "graphql", operation: "mutation pay" })]);
  assert.equal(stepName(step({ endpoint_id: "a", method: "POST", path: "/graphql" }), names), "MUT pay");
  assert.equal(
    stepName(step({ endpoint_id: "b", method: "GET", path: "/x\u202e" }), names),
    "GET /x‹U+202E›",
  );
  assert.equal(stepName(step({ method: "GET", path: "/x", operation: "listX" }), names), "GET /x");
  assert.equal(stepName(step({ method: "POST", path: "/q", operation: "query me" }), names), "QUERY me");
  assert.equal(stepName(step(), names), "an unknown place");
});

test("moves and nodes say in one line what the picture shows", () => {
  const names = namesOf([node("a"), node("b")]);
  const timed = move("ab", 0.64, { callers: "one", p10_ms: 300, p50_ms: 1200, p90_ms: 8000 });
  assert.equal(
    moveSaid(timed, names),
    "GET /a → GET /b: 64 % of what follows, 64 times, by one caller alone; usually 1.2 s, one in ten under 300 ms, one in ten over 8 s",
  );
  assert.equal(pace(move("ab", 0.5)), undefined);
  assert.equal(
    nodeSaid(node("a", { starts: 5, ends: 2, login: true, logins: 1 }), 10),
    "GET /a: 10 % of sessions come here, 10 visits; 50 % begin here; 20 % end here; callers log in here (1 success)",
  );
  assert.equal(
    countsSaid({ counts: { usual: 3, rare: 1, one_caller: 0, unseen: 2 } }),
    "Of 6 moves: 3 usual, 1 rare, 0 of one caller alone, 2 never seen in the sessions that were learned.",
  );
  assert.equal(
    countsSaid({ counts: { usual: 0, rare: 0, one_caller: 0, unseen: 0 } }),
    "No move could be compared.",
  );
});

test("rare moves are hidden, but the only way to a node is not", () => {
  const nodes = [node("a", { starts: 9 }), node("b"), node("c"), node("d", { starts: 1 })];
  const moves = [
    move("ab", 0.9),
    move("bb", 0.01),
    move("bc", 0.015),
    move("ac", 0.01),
    move("ad", 0.01),
    move("az", 0.5),
  ];
  assert.equal(ends(shownMoves(nodes, moves, false)), "ab bc");
  assert.equal(ends(shownMoves(nodes, moves, true)), "ab bb bc ac ad");
  assert.equal(ends(shownMoves([], moves, true)), "");
});

const layersOf = ({ nodes }: ReturnType<typeof laidOut>) =>
  Object.fromEntries(nodes.map(({ id, layer }) => [id, layer]));

test("a journey is laid out by the fewest moves from where sessions begin", () => {
  const nodes = [node("c"), node("b"), node("a", { starts: 5 }), node("d")];
  const moves = [move("ab", 0.5), move("bc", 0.5), move("ca", 0.5), move("ac", 0.1), move("cd", 0.1)];
  const layout = laidOut(nodes, moves);
  assert.deepEqual(layersOf(layout), { a: 0, b: 1, c: 1, d: 2 });
  assert.deepEqual(
    layout.edges.map(({ from, to, back }) => [from + to, back]),
    [
      ["ab", false],
      ["bc", true],
      ["ca", true],
      ["ac", false],
      ["cd", false],
    ],
  );
  assert.equal(laidOut([], []).width, 0);
});

test("moves of an incident place only what usual moves do not reach", () => {
  const nodes = [node("a", { starts: 5 }), node("b"), node("c")];
  const layout = laidOut(nodes, [move("ab", 0.5), move("bc", 0.5)], [move("ac", 0), move("cz", 0)], ["z"]);
  assert.deepEqual(layersOf(layout), { a: 0, b: 1, c: 2, z: 3 });
  assert.equal(ends(layout.edges), "ab bc ac cz");
  // Nobody leads there: it begins anew, and is drawn all the same.
  assert.deepEqual(layersOf(laidOut(nodes, [move("bc", 1)])), { a: 0, b: 0, c: 1 });
});

test("nodes of a layer do not overlap, and no band of the picture is empty", () => {
  const nodes = Array.from({ length: 20 }, (_, at) => node(`n${at}`, { starts: at < 3 ? 10 : 0 }));
  const moves = nodes
    .slice(3)
    .map(({ endpoint_id: to }, at) => ({ ...move("ab", 0.1), from: `n${at % 7}`, to }));
  const { nodes: placed, height } = laidOut(nodes, moves);
  for (const one of placed) {
    const same = placed.filter(({ id, layer }) => id !== one.id && layer === one.layer);
    assert.ok(same.every(({ y }) => Math.abs(y - one.y) >= 40) && one.y >= 0 && one.y + 40 <= height, one.id);
  }
  const tops = placed.map(({ y }) => y).toSorted((a, b) => a - b);
  assert.ok(tops.every((y, at) => y - (tops[at - 1] ?? 0) <= 60));
});

test("lines begin and end at the sides of their nodes", () => {
  const nodes = [node("a", { starts: 5 }), node("b"), node("c")];
  const moves = ["ab", "ac", "bc", "ca", "bb"].map((pair) => move(pair, 0.5));
  const { nodes: placed, edges } = laidOut(nodes, moves);
  const at = new Map(placed.map((one) => [one.id, one]));
  for (const edge of edges) {
    const numbers = edge.path.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
    const [x = 0, y = 0] = numbers.slice(-2);
    const to = at.get(edge.to);
    assert.ok(to && numbers.every(Number.isFinite), edge.path);
    if (edge.from === edge.to) assert.equal(y, to.y);
    else assert.deepEqual([x, y], [edge.back ? to.x + 152 : to.x, to.y + 20], edge.from + edge.to);
  }
});

test("lines grow with how often a move was made, and arrows stand at their ends", () => {
  assert.equal(weight(0, 100), 1);
  assert.equal(weight(100, 100), 5);
  assert.ok(weight(50, 100) > weight(10, 100));
  const edge = { from: "a", to: "b", path: "M0,0 C5,0 5,9.5 10,9.5", back: false };
  assert.equal(head(edge), "M10,9.5l-8,-4v8z");
  assert.equal(head({ ...edge, back: true }), "M10,9.5l8,-4v8z");
  assert.equal(head({ ...edge, to: "a" }), "M10,9.5l-4,-7h8z");
});

test("arrow keys walk to the nearest node that way, and stay where there is none", () => {
  const placed = [
    { id: "a", layer: 0, x: 0, y: 30 },
    { id: "b", layer: 1, x: 200, y: 0 },
    { id: "c", layer: 1, x: 200, y: 40 },
    { id: "d", layer: 3, x: 600, y: 30 },
  ];
  const walk = (id: string, key: string) => neighbour(placed, id, `Arrow${key}`);
  assert.deepEqual(
    [walk("a", "Right"), walk("c", "Right"), walk("d", "Left"), walk("b", "Down"), walk("c", "Up")],
    ["c", "d", "c", "c", "b"],
  );
  assert.deepEqual([walk("a", "Left"), walk("b", "Up"), walk("a", "x")], [undefined, undefined, undefined]);
  assert.equal(neighbour([], "a", "ArrowUp"), undefined);
});

test("a trail has each move once, the strangest of its kinds, and no move into a new session", () => {
  const known = new Set(["a", "b"]);
  const trail = trailOf(
    [
      step({ endpoint_id: "a", move: "start" }),
      step({ endpoint_id: "b", move: "usual", hostile: true }),
      step({ endpoint_id: "a", move: "start" }),
      step({ endpoint_id: "b", move: "unseen" }),
      step({ endpoint_id: null, method: "GET", path: "/.env" }),
      step({ endpoint_id: "z", move: "unseen" }),
    ],
    known,
  );
  assert.deepEqual(trail.moves, [
    { from: "a", to: "b", kind: "unseen", steps: [2, 4] },
    { from: "b", to: ELSEWHERE, kind: "not_compared", steps: [5] },
    { from: ELSEWHERE, to: "z", kind: "unseen", steps: [6] },
  ]);
  assert.deepEqual(trail.visits.get("b"), [2, 4]);
  assert.deepEqual([...trail.strange.keys()], [ELSEWHERE, "z"]);
  assert.deepEqual([...trail.hostile], ["b"]);
});

test("many strange places are drawn as one, and the graph around a trail stays small", () => {
  const steps = Array.from({ length: 40 }, (_, at) => step({ endpoint_id: `s${at}`, move: "unseen" }));
  const trail = trailOf(steps, new Set());
  assert.ok(trail.strange.size <= 13, String(trail.strange.size));
  assert.equal(
    [...trail.visits.values()].reduce((sum, visits) => sum + visits.length, 0),
    40,
  );
  const nodes = Array.from({ length: 50 }, (_, at) => node(`n${at}`));
  const visited = trailOf([step({ endpoint_id: "n49" })], new Set(["n49"]));
  const drawn = around(nodes, visited).map(({ endpoint_id }) => endpoint_id);
  assert.ok(drawn.includes("n49") && drawn.includes("n0") && drawn.length < 20);
});

test("numbers of steps take little room", () => {
  assert.deepEqual([[3], [3, 4], [3, 4, 9, 12]].map(numbered), ["3", "3, 4", "3, 4 +2"]);
});

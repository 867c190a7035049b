import assert from "node:assert/strict";
import { test } from "node:test";
import { type Change, changed, line, ratio } from "../../src/words/calls.ts";

const MIDDLE = 1000;

test("what became of calls is said only where chance does not make it", () => {
  const cases: [before: number, now: number, firstSeen: number | undefined, Change][] = [
    [0, 0, 5, "not_called"],
    [0, 4, MIDDLE, "new"],
    [0, 4, 5, "resumed"],
    [0, 4, undefined, "resumed"],
    [4, 0, 5, "silent"],
    // Twice as many of few is nothing yet; of many it is.
    [4, 8, 5, "same"],
    [400, 800, 5, "more"],
    [800, 400, 5, "fewer"],
    // Surely more, and hardly more.
    [1_000_000, 1_100_000, 5, "same"],
    [1_000_000, 1_300_000, 5, "more"],
    [100, 100, 5, "same"],
  ];
  for (const [before, now, firstSeen, expected] of cases) {
    assert.equal(changed({ before, now }, firstSeen, MIDDLE), expected, `${before} to ${now}`);
  }
});

test("how much more is told in the way that is read fastest", () => {
  const of = (before: number, now: number) => ratio({ before, now });
  assert.deepEqual(
    [of(100, 124), of(100, 60), of(100, 100), of(10, 31), of(10, 1000), of(0, 3), of(3, 0), of(1000, 1001)],
    ["+24 %", "−40 %", "±0 %", "×3.1", "×100", "–", "−100 %", "±0 %"],
  );
});

test("a line goes through all counts and stays inside", () => {
  assert.equal(line([0, 5, 10], 10, 36, 12), "M0 12L18 6L36 0");
  assert.equal(line([3], 3, 36, 12), "M0 0");
  assert.equal(line([0, 0], 0, 36, 12), "M0 12L36 12");
  assert.equal(line([], 1, 36, 12), "");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BodySeen, Parameter } from "../../src/api/shapes.ts";
import { answersOf, depth, label, presence, valuesOf } from "../../src/words/fields.ts";

const field = (more: Partial<Parameter>): Parameter => ({
  name: "state",
  location: "body:/items/*/state",
  direction: "response",
  type: "string",
  format: "",
  required: null,
  examples_redacted: ["aaaa"],
  seen: 1,
  bounds: { number: null, length: null, items: null },
  words: [],
  pattern: "",
  bodies: [],
  ...more,
});

test("answers are those with success first, each with its bodies", () => {
  const body = (status: number | null, count: number, media_type = "application/json"): BodySeen => ({
    direction: status === null ? "request" : "response",
    status,
    media_type,
    count,
  });
  const bodies = [body(null, 9), body(404, 90), body(200, 5), body(201, 7), body(200, 4, "text/csv")];
  const found = answersOf({ bodies });
  assert.deepEqual(
    found.map(({ status, bodies, seen }) => [status, bodies, seen]),
    [
      [200, [2, 4], 9],
      [201, [3], 7],
      [404, [1], 90],
    ],
  );
  assert.deepEqual(found[0]?.mediaTypes, ["application/json", "text/csv"]);
});

test("a field is counted in the bodies that are looked at", () => {
  const one = field({
    bodies: [
      { body: 1, seen: 2, of: 3 },
      { body: 2, seen: 5, of: 5 },
      { body: 4, seen: 1, of: 4 },
    ],
  });
  assert.deepEqual(presence(one, [2, 4]), { seen: 6, of: 9 });
  assert.equal(presence(one, [3]), undefined);
});

test("values are told by the words, the form or the bounds that are known", () => {
  const bounds = { number: null, length: { least: 3, most: 61 }, items: null };
  assert.equal(valuesOf(field({ bounds })), "3 … 61 chars");
  assert.equal(valuesOf(field({ bounds, words: ["open", "shut"] })), "open · shut");
  assert.equal(valuesOf(field({ bounds, pattern: "^[A-Z]{3}-[0-9]{5}$" })), "[A-Z]{3}-[0-9]{5}");
  assert.equal(valuesOf(field({ bounds, format: "uuid" })), "aaaa");
  const number = { least: 81204, most: 2907113 };
  assert.equal(valuesOf(field({ bounds: { ...bounds, number } })), "81,204 … 2,907,113");
  const items = { least: 1, most: 1 };
  assert.equal(valuesOf(field({ bounds: { number: null, length: null, items } })), "1 item");
  assert.equal(valuesOf(field({})), "aaaa");
});

test("a location has a depth and a last name", () => {
  assert.deepEqual([depth("body:/items/*/state"), depth("query.limit"), depth("body:/a")], [1, 0, 0]);
  assert.equal(label(field({})), "state");
  assert.equal(label(field({ location: "body:/items/*" })), "items[]");
  assert.equal(label(field({ location: "query.limit" })), "query.limit");
  assert.deepEqual(
    [depth("grpc:Pay.card"), depth("grpc:Pay.cards.*.number"), depth("grpc:Pay.1")],
    [0, 1, 0],
  );
  assert.equal(label(field({ location: "grpc:Pay.card.number" })), "number");
});

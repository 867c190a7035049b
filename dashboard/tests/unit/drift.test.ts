import assert from "node:assert/strict";
import { test } from "node:test";
import type { Drift } from "../../src/api/shapes.ts";
import { driftByPart, graded, partName, pathOf } from "../../src/words/drift.ts";

test("differences stand by the part of the exchange, the request first", () => {
  const one = (part: string): Drift => ({
    grade: "warning",
    kind: "type",
    part,
    location: "",
    written: "",
    seen: "",
    line: null,
  });
  const parts = driftByPart([one("404"), one("request body"), one("200"), one("request"), one("404")]);
  assert.deepEqual(
    parts.map(([part, list]) => [partName(part), list.length]),
    [
      ["Request", 1],
      ["Request body", 1],
      ["Response 200", 1],
      ["Response 404", 2],
    ],
  );
});

test("a place in a body is told as code has it", () => {
  assert.equal(pathOf("body:/items/*/price"), "items[].price");
  assert.equal(pathOf("body:/a~1b"), "a/b");
  assert.equal(pathOf("body:/*/id"), "[].id");
  assert.equal(pathOf("body:"), "body");
  assert.equal(pathOf("query.limit"), "query.limit");
});

test("grades are counted", () => {
  assert.deepEqual(
    [graded(2, "breaking"), graded(1, "warning"), graded(2, "warning"), graded(3, "info")],
    ["2 breaking", "1 warning", "2 warnings", "3 info"],
  );
});

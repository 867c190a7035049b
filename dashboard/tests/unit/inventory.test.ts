import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointRow } from "../../src/api/rows.ts";
import { arrange, narrow } from "../../src/words/inventory.ts";

const row = (id: string, more: Partial<EndpointRow>): EndpointRow => ({
  id,
  host: "a.example",
  method: "GET",
  path: `/${id}`,
  protocol: "rest",
  operation: null,
  service: null,
  owner: null,
  business_unit: null,
  stage: "unknown",
  access: "public",
  inventory_state: "documented",
  confirmed: true,
  auth: [],
  auth_judged: 0,
  requests: 1,
  actors: 1,
  first_seen: null,
  last_seen: null,
  data_classes: [],
  known_by: ["traffic"],
  drift: [],
  risk: { score: 0, factors: [] },
  ...more,
});

const ROWS = [
  row("one", { access: "public", risk: { score: 70, factors: [] }, auth_judged: 3 }),
  row("two", { access: "partner", risk: { score: 10, factors: [] } }),
  row("three", {
    access: "private",
    inventory_state: "shadow",
    risk: { score: 100, factors: [] },
    host: "b.example",
  }),
  row("four", {
    access: "public",
    inventory_state: "shadow",
    auth: [{ type: "jwt", location: "header", name: "authorization", coverage: 1 }],
  }),
];
const ids = (rows: EndpointRow[]) => rows.map((one) => one.id);

test("any value of one filter is enough, and all filters have to fit", () => {
  assert.deepEqual(ids(narrow(ROWS, {}).rows), ["one", "two", "three", "four"]);
  assert.deepEqual(ids(narrow(ROWS, { access: ["public", "partner"] }).rows), ["one", "two", "four"]);
  assert.deepEqual(ids(narrow(ROWS, { access: "public", inventory_state: "shadow" }).rows), ["four"]);
  assert.deepEqual(ids(narrow(ROWS, { q: "B.EXAMPLE thr" }).rows), ["three"]);
  assert.deepEqual(ids(narrow(ROWS, { min_risk: "60" }).rows), ["one", "three"]);
});

test("a credential that could not be looked for is not one that is missing", () => {
  assert.deepEqual(ids(narrow(ROWS, { auth: "none_seen" }).rows), ["one"]);
  assert.deepEqual(ids(narrow(ROWS, { auth: "not_evaluated" }).rows), ["two", "three"]);
});

test("a facet counts what it would leave under the filters of the others", () => {
  const { counts, risk } = narrow(ROWS, { access: "public" });
  assert.deepEqual(Object.fromEntries(counts.get("access") ?? []), { public: 2, partner: 1, private: 1 });
  assert.deepEqual(Object.fromEntries(counts.get("inventory_state") ?? []), { documented: 1, shadow: 1 });
  assert.deepEqual(risk, [1, 0, 0, 1, 0]);
  assert.deepEqual(narrow(ROWS, { min_risk: "60" }).risk, [2, 0, 0, 1, 1]);
});

test("rows are in the order of the head, within their group", () => {
  assert.deepEqual(ids(arrange(ROWS, "-risk")), ["three", "one", "two", "four"]);
  assert.deepEqual(ids(arrange(ROWS, "risk")), ["four", "two", "one", "three"]);
  assert.deepEqual(ids(arrange(ROWS, "-risk", "host")), ["one", "two", "four", "three"]);
});

test("who knows an endpoint and how it differs from what is written narrow it", () => {
  const rows = [
    row("code", { known_by: ["code"], requests: 0, inventory_state: "unspecified" }),
    row("both", { known_by: ["traffic", "code"], drift: ["breaking", "info"] }),
    row("called", { drift: ["info"] }),
  ];
  assert.deepEqual(ids(narrow(rows, { known_by: ["code"] }).rows), ["code", "both"]);
  assert.deepEqual(ids(narrow(rows, { drift: ["breaking", "warning"] }).rows), ["both"]);
  assert.deepEqual([...(narrow(rows, {}).counts.get("drift") ?? [])].sort(), [
    ["breaking", 1],
    ["info", 2],
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes } from "../../src/words/apart.ts";

test("what a split makes is counted by methods", () => {
  const part = (...methods: string[]) => ({ path: "a.example/me", methods, endpoint_ids: [] });
  assert.equal(becomes([]), "Nothing is chosen.");
  assert.equal(becomes([part("GET")]), "1 endpoint of its own.");
  assert.equal(becomes([part("GET", "PUT"), part("GET")]), "3 endpoints of their own.");
});

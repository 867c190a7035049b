import assert from "node:assert/strict";
import { test } from "node:test";
import { changeName, changeSubject, toldSince } from "../../src/words/changes.ts";

const words = (kind: string, subject: string, after: string | null) => {
  const change = { kind, subject, after };
  return `${changeName(change)}: ${changeSubject(change)}`;
};

test("each kind of change is told in words", () => {
  assert.equal(words("endpoint_added", "", "shadow"), "New endpoint, shadow: ");
  assert.equal(words("endpoint_added", "", null), "New endpoint: ");
  assert.equal(words("parameter_added", "query.q", null), "New parameter: query.q");
  assert.equal(words("parameter_required_changed", "query.q", "optional"), "Can be left out: query.q");
  assert.equal(words("auth_changed", "anonymous", "answered"), "Answers callers without a credential: ");
  assert.equal(words("auth_changed", "basic header a", null), "New way of authentication: basic header a");
  assert.equal(words("data_class_added", "iban", "response"), "New data class in answers: iban");
  assert.equal(words("data_class_added", "iban", "request"), "New data class in requests: iban");
  assert.equal(words("inventory_state_changed", "", "zombie"), "Became: zombie");
});

test("a kind of a newer server is shown by its name", () => {
  assert.equal(words("something_else", "x", null), "something else: x");
});

test("a baseline that goes on is not the same as nothing new", () => {
  const baseline = { began: "2026-11-22T10:00:00Z", ends: "2026-11-23T10:00:00Z" };
  const end = Date.parse(baseline.ends);
  assert.equal(toldSince(null, end), "nothing");
  assert.equal(toldSince(baseline, end - 1), "learning");
  assert.equal(toldSince(baseline, end), "telling");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { formName, needs, refusedShare, scopeWords, toldBy, unusedScopes } from "../../src/words/clients.ts";

test("a client is told in words, one of a newer server by its name", () => {
  assert.equal(formName("add_on"), "add-on");
  assert.equal(formName("smart_thing"), "smart thing");
  assert.equal(toldBy("token"), "the client id of its tokens");
  assert.equal(toldBy("new_way"), "new way");
  assert.equal(scopeWords("unused"), "not needed so far");
  assert.equal(scopeWords("unknown"), "no specification says");
});

test("grants are told against use", () => {
  assert.equal(unusedScopes({ scopes_granted: 0, scopes_unused: 0 }), "–");
  assert.equal(unusedScopes({ scopes_granted: 3, scopes_unused: 1 }), "1 of 3");
  assert.equal(refusedShare({ requests: 4, refused: 0 }), "–");
  assert.match(refusedShare({ requests: 4, refused: 1 }), /25/);
});

test("what was granted without its scope is louder than what was needed", () => {
  assert.equal(needs({ needed: ["a", "b"], lacking: [] }), "a, b");
  assert.equal(needs({ needed: ["a"], lacking: ["admin"] }), "granted without admin");
  assert.equal(needs({ needed: [], lacking: [] }), "");
});

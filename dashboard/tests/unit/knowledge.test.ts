import assert from "node:assert/strict";
import { test } from "node:test";
import type { Demanded, Discovered } from "../../src/api/known.ts";
import { besideTraffic, matchedAs, onlyDiscovered } from "../../src/words/knowledge.ts";

const inCode = (authorization: Demanded): Discovered => ({
  by: "code",
  input: "src",
  method: "GET",
  path: "/users/{id}",
  prefix: "/api",
  matched: "same path",
  code: {
    framework: "express",
    file: "app.js",
    line: 3,
    handler: null,
    component: null,
    authorization,
    guards: [],
    owner: null,
  },
  shown: null,
});

test("only what neither traffic nor a specification knows is only discovered", () => {
  const of = (
    known_by: ("traffic" | "code")[],
    requests: number,
    inventory_state: "unspecified" | "orphan",
  ) => onlyDiscovered({ known_by, requests, inventory_state });
  assert.equal(of(["code"], 0, "unspecified"), true);
  assert.equal(of(["code"], 0, "orphan"), false);
  assert.equal(of(["traffic", "code"], 1, "unspecified"), false);
  assert.equal(of([], 0, "unspecified"), false);
});

test("a guard is told beside what was granted without credentials", () => {
  const told = (state: Demanded, auth_anonymous: number | null) =>
    besideTraffic({ auth_anonymous, discovered: [inCode(state)] });
  assert.equal(told("none", null), undefined);
  assert.equal(told("none", 0), undefined);
  assert.equal(told("unclear", 4), undefined);
  assert.equal(told("none", 1), "Code demands no credentials, and 1 request without any was granted.");
  assert.equal(told("required", 2), "Code demands credentials, and 2 requests without any were granted.");
});

test("how it was matched names method and whole path", () => {
  assert.equal(matchedAs(inCode("none")), "GET /api/users/{id}: same path");
  assert.equal(matchedAs({ ...inCode("none"), matched: "" }), "");
});

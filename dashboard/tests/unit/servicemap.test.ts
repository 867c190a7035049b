import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceGraph, ServiceLink, ServiceNode, ThirdParty } from "../../src/api/servicemap.ts";
import { durations, joined, nodeName, toldBy, transport } from "../../src/words/servicemap.ts";

const node = (id: string): ServiceNode => ({
  id,
  kind: id.startsWith("network:") ? "network" : "service",
  name: id.replace(/^\w+:/, ""),
  hosts: [],
  endpoints: 0,
  fan_out: 0,
  composite_endpoints: 0,
});
const link = (caller: string, callee: string): ServiceLink => ({
  caller,
  callee,
  calls: 3,
  failures: 0,
  operations: 1,
  top_operations: [],
  median_ms: 4.25,
  p90_ms: 1234.5,
  first_seen: null,
  last_seen: null,
  told_by: [
    { by: "workload", calls: 3 },
    { by: "trace_context", calls: 2 },
  ],
});

test("only who calls or is called is drawn, in the order of the links", () => {
  const graph: ServiceGraph = {
    nodes: [node("service:a"), node("service:b"), node("service:alone"), node("network:public")],
    links: [link("network:public", "service:b"), link("service:b", "service:a"), link("service:b", "gone")],
    links_left_out: 0,
    forgotten: 0,
  };
  assert.deepEqual(
    joined(graph).map(({ id }) => id),
    ["network:public", "service:b", "service:a"],
  );
});

test("links and nodes are told in words", () => {
  const one = link("service:a", "service:b");
  assert.equal(durations(one), "4.3 / 1,235 ms");
  assert.equal(durations({ ...one, median_ms: null }), "–");
  assert.equal(toldBy(one), "workload identity, trace context");
  assert.equal(nodeName(node("network:public")), "Internet");
  assert.equal(nodeName(node("service:public")), "public");
});

test("what goes in plain text is said", () => {
  const of = (encrypted: number, plain: number) => transport({ encrypted, plain } as ThirdParty);
  assert.deepEqual(
    [of(0, 0), of(3, 0), of(0, 3), of(1, 2)],
    ["–", "TLS", "Plain text", "TLS, 2 in plain text"],
  );
});

// Services that call each other, in words.
import type { ServiceGraph, ServiceLink, ServiceNode, ThirdParty } from "../api/servicemap.ts";
import { count } from "./numbers.ts";

const NETWORKS: Record<string, string> = {
  public: "Internet",
  partner: "Partner networks",
  private: "Private networks",
};

/** The name of a node as people read it. */
export const nodeName = ({ kind, name }: Pick<ServiceNode, "kind" | "name">): string =>
  kind === "network" ? (NETWORKS[name] ?? name) : name;

const KINDS: Record<ServiceNode["kind"], string> = {
  service: "service",
  workload: "workload",
  third_party: "third party",
  network: "network",
};

export const kindName = (kind: ServiceNode["kind"]): string => KINDS[kind];

const TOLD: Record<ServiceLink["told_by"][number]["by"], string> = {
  trace_context: "trace context",
  workload: "workload identity",
  address: "address",
};

/** What told of a link, that with the most calls first. */
export const toldBy = (link: ServiceLink): string => link.told_by.map(({ by }) => TOLD[by]).join(", ");

/** `12 / 40 ms`: half of the calls, nine in ten. */
export const durations = ({ median_ms, p90_ms }: ServiceLink): string =>
  median_ms === null || p90_ms === null ? "–" : `${rounded(median_ms)} / ${rounded(p90_ms)} ms`;

const rounded = (ms: number): string => (ms < 10 ? ms.toFixed(1) : count(Math.round(ms)));

/** The nodes that call or are called, callers of the busiest links first. */
export function joined(graph: ServiceGraph): ServiceNode[] {
  const known = new Map(graph.nodes.map((node) => [node.id, node]));
  const ids = new Set(graph.links.flatMap(({ caller, callee }) => [caller, callee]));
  return [...ids].flatMap((id) => known.get(id) ?? []);
}

/** How a third party is reached. */
export function transport({ encrypted, plain }: ThirdParty): string {
  if (encrypted + plain === 0) return "–";
  if (plain === 0) return "TLS";
  return encrypted === 0 ? "Plain text" : `TLS, ${count(plain)} in plain text`;
}

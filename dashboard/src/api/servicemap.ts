// Which services call which, and whom ours call, as the administration API answers with it.

export type NodeKind = "service" | "workload" | "third_party" | "network";

/** A service, third party or network: `id` is kind and name. */
export interface ServiceNode {
  id: string;
  kind: NodeKind;
  name: string;
  hosts: string[];
  endpoints: number;
  fan_out: number;
  composite_endpoints: number;
}

export interface CalledOperation {
  endpoint_id: string;
  name: string;
  calls: number;
}

export interface ServiceLink {
  caller: string;
  callee: string;
  calls: number;
  failures: number;
  operations: number;
  top_operations: CalledOperation[];
  median_ms: number | null;
  p90_ms: number | null;
  first_seen: string | null;
  last_seen: string | null;
  told_by: { by: "trace_context" | "workload" | "address"; calls: number }[];
}

export interface ServiceGraph {
  nodes: ServiceNode[];
  links: ServiceLink[];
  links_left_out: number;
  forgotten: number;
}

/** Somebody else's API that ours call; its host is its id. */
export interface ThirdParty {
  host: string;
  told_by: string;
  told: string;
  requests: number;
  failures: number;
  encrypted: number;
  plain: number;
  operations: number;
  top_operations: CalledOperation[];
  callers: { id: string; kind: NodeKind; name: string; calls: number }[];
  sent: { class: string; values: number; operations: number }[];
  received: { class: string; values: number; operations: number }[];
  credentials: { type: string; location: string; name: string }[];
  first_seen: string | null;
  last_seen: string | null;
}

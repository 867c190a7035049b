// Whose an endpoint is and where, as the administration API answers it.

export type Fact =
  | "owner"
  | "business_unit"
  | "stage"
  | "access"
  | "service"
  | "resources"
  | "composite"
  | "sensitive_data";

/** What told a fact. */
export interface Told {
  fact: Fact;
  by: "rule" | "configuration" | "specification" | "codeowners" | "traffic";
  what: string;
}

export interface Placed {
  service: string | null;
  /** Null when nothing tells. */
  owner: string | null;
  business_unit: string | null;
  stage: "design" | "development" | "active" | "deprecated" | "retired" | "unknown";
  access: string;
  told: Told[];
  /** Which way exchanges came, and how many. */
  reached: { way: "through" | "past" | "both" | "unknown"; through: number; past: number };
  resources: { kind: "host" | "instance" | "upstream" | "certificate"; name: string; requests: number }[];
  /** One call of it fans out to several of `calls`. */
  composite: boolean;
  calls: { endpoint_id: string; name: string; exchanges: number }[];
}

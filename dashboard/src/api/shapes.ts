// The shapes that the administration API answers with. Times are RFC 3339 texts in UTC.

export type Severity = "critical" | "high" | "medium" | "low" | "info";
export type Confidence = "confirmed" | "high" | "medium" | "low";
export type Role = "viewer" | "analyst" | "operator" | "admin";
export type FindingState = "open" | "confirmed" | "accepted" | "false_positive" | "fixed" | "replaced";
export type Stage = "reconnaissance" | "probing" | "exploitation" | "exfiltration";
export type Action = "allow" | "log" | "mask" | "challenge" | "throttle" | "deny";
export type Mode = "off" | "monitor" | "enforce";

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}

export interface Session {
  user: string;
  role: Role;
  organisation: string;
  environment: string;
  csrf_token: string | null;
  expires: string | null;
  /** When this user logged in before this session. */
  last_login: string | null;
  /** Nothing else is answered until it was changed. */
  must_change_password: boolean;
}

export interface Factor {
  reason: string;
  points: number;
}

export interface Parameter {
  name: string;
  location: string;
  direction: "request" | "response";
  type: string;
  format: string;
  required: boolean | null;
  examples_redacted: string[];
  seen: number;
}

export interface DataClassCount {
  class: string;
  location: string;
  direction: "request" | "response";
  count: number;
}

export interface Auth {
  type: string;
  location: string;
  name: string;
  coverage: number;
}

export interface Endpoint {
  id: string;
  host: string;
  method: string;
  path: string;
  protocol: string;
  operation: string | null;
  service: string | null;
  access: string;
  inventory_state: string;
  confirmed: boolean;
  auth: Auth[];
  /** 0 with no `auth` is not evaluated, never "none". */
  auth_judged: number;
  requests: number;
  actors: number;
  first_seen: string | null;
  last_seen: string | null;
  statuses: [number, number][];
  parameters: Parameter[];
  data_classes: DataClassCount[];
  risk: { score: number; factors: Factor[] };
  template_evidence: string[];
  aliases: string[];
}

/** What the rows of the inventory need. */
export type EndpointRow = Omit<Endpoint, "parameters" | "statuses" | "template_evidence" | "aliases">;

export interface Facets {
  total: number;
  facets: { name: string; values: { value: string; count: number }[] }[];
}

export interface EvidenceValue {
  class: string;
  shape: string;
  hash: string;
}

export interface Evidence {
  exchange_id: string | null;
  location: string | null;
  side: string | null;
  value: EvidenceValue | null;
  note: string;
}

export interface Finding {
  id: string;
  code: string;
  title: string;
  severity: Severity;
  confidence: Confidence;
  owasp: string[];
  cwe: string[];
  endpoint_id: string | null;
  host: string;
  endpoints: number;
  endpoint_ids: string[];
  discriminator: string;
  evidence: Evidence[];
  failed: number;
  passed: number;
  remediation: string;
  state: FindingState;
  first_seen: string | null;
  last_seen: string | null;
  assignee?: string | null;
}

export interface StateChange {
  sequence: number;
  time: string;
  who: string;
  from: FindingState | null;
  to: FindingState;
  reason: string;
  expiry: string | null;
}

export interface ActorRef {
  id: string;
  kind: string;
  label: string;
}

export interface Detection {
  id: string;
  code: string;
  title: string;
  class: string;
  severity: Severity;
  confidence: Confidence;
  time: string | null;
  last_time: string | null;
  actor: ActorRef;
  endpoint_id: string | null;
  exchange_ids: string[];
  exchanges: number;
  succeeded: number;
  evidence: Evidence[];
  owasp: string[];
  attack: string[];
  stage: Stage;
  /** Hostile exchanges that were stopped, and that a rule in monitor mode would have stopped. */
  refused?: number;
  would_refuse?: number;
}

export interface Incident {
  id: string;
  actor: ActorRef;
  severity: Severity;
  score: number;
  factors: Factor[];
  started: string | null;
  ended: string | null;
  stages: Stage[];
  detection_ids: string[];
  summary: string;
}

export interface Actor {
  id: string;
  kind: string;
  grade: string | null;
  label: string;
  requests: number;
  endpoints: number;
  networks: string[];
  detections: number;
  first_seen: string | null;
  last_seen: string | null;
}

export interface Limit {
  name: string;
  count: number;
  behaviour: string;
}

export interface Health {
  version: string;
  started: string;
  ready: boolean;
  connections: number;
  exchanges: Record<string, number>;
  store: {
    kind: string;
    steps_kept: number;
    steps_failed: number;
    exchange_facts_lost: number;
    exchange_facts_removed: number;
    counts?: Record<string, number>;
  };
  limits_reached: Limit[];
}

export interface TrafficStep {
  start: string;
  seconds: number;
  exchanges: number;
  allowed: number;
  refused: number;
  would_refuse: number;
  not_inspected: number;
}

export interface Overview {
  since: string;
  endpoints: { total: number; provisional: number; new: number };
  findings: { open_by_severity: Partial<Record<Severity, number>>; new: number };
  incidents: { open: Incident[]; total?: number };
  traffic: TrafficStep[];
  riskiest: Endpoint[];
  data: { class: string; endpoints: number; request: number; response: number }[];
  health: Partial<Health>;
}

export interface PolicyRow {
  name: string;
  kind: string;
  mode: Mode;
  configured_mode: Mode;
  scope: unknown;
  description: string;
  judged: number;
  would_have: number;
  refused: number;
}

export interface LiveExchange {
  time: string;
  method: string;
  host: string;
  path: string;
  status: number | null;
  action: Action;
  applied: Action;
  actor: ActorRef | string | null;
  codes: string[];
  duration_ms: number | null;
  exchange_id?: string;
  endpoint_id?: string | null;
}

export interface ReferenceItem {
  code: string;
  name: string;
  title: string;
  severity?: Severity;
  owasp?: string[];
  cwe?: string[];
  summary: string;
  documentation: string;
  group?: string;
}

export interface User {
  name: string;
  role: Role;
  disabled: boolean;
  must_change_password: boolean;
  created: string;
  last_login: string | null;
}

export interface Token {
  id: string;
  name: string;
  role: Role;
  user: string;
  created: string;
  expires: string | null;
  used: string | null;
}

export interface Configuration {
  yaml: string;
  file: string | null;
  loaded: string | null;
  problems: string[];
}

export interface AuditEntry {
  sequence: number;
  time: string;
  who: string;
  action: string;
  subject: string;
  details: string;
}

// The shapes that the administration API answers with. Times are RFC 3339 texts in UTC.
import type { Known } from "./known.ts";
import type { Placed } from "./placed.ts";

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
  /** Told by headers, where something is. */
  missing?: { damaged: number; elsewhere: boolean };
}

/** How many there are, and of which values: each facet under all filters but its own. */
export interface Facets {
  total: number;
  facets: Record<string, { values: { value: string; count: number }[]; more: boolean }>;
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
  bounds: { number: Span | null; length: Span | null; items: Span | null };
  /** A few words, where its values are no others. */
  words: string[];
  /** What all its texts fit; empty for nothing. */
  pattern: string;
  bodies: { body: number; seen: number; of: number }[];
}

export interface Span {
  least: number;
  most: number;
}

/** A kind of body; `status` is null for requests. */
export interface BodySeen {
  direction: "request" | "response";
  status: number | null;
  media_type: string;
  count: number;
}

export interface DataClassCount {
  class: string;
  location: string;
  direction: "request" | "response";
  count: number;
  /** How many distinct principals sent or got it, claimed ones left out; null where that was not counted. */
  principals: number | null;
}

export interface Auth {
  type: string;
  location: string;
  name: string;
  coverage: number;
}

export type DriftGrade = "breaking" | "warning" | "info";

/** A difference between a specification and traffic. */
export interface Drift {
  grade: DriftGrade;
  kind: string;
  /** `request`, `request body`, or the status of the answer. */
  part: string;
  location: string;
  written: string;
  seen: string;
  line: number | null;
}

export interface Written {
  document: string;
  pointer: string;
  line: number;
  drift: Drift[];
  more: number;
}

export interface Endpoint extends Placed, Known {
  id: string;
  host: string;
  method: string;
  path: string;
  protocol: string;
  operation: string | null;
  inventory_state: string;
  confirmed: boolean;
  auth: Auth[];
  /** 0 with no `auth` is not evaluated, never "none". */
  auth_judged: number;
  /** How many of these carried none; null where that was not counted. */
  auth_anonymous: number | null;
  requests: number;
  actors: number;
  first_seen: string | null;
  last_seen: string | null;
  statuses: [number, number][];
  bodies: BodySeen[];
  parameters: Parameter[];
  /** What a specification says of it, with the differences. */
  written: Written | null;
  /** Grades of these differences, the gravest first. */
  drift: DriftGrade[];
  data_classes: DataClassCount[];
  risk: { score: number; factors: Factor[] };
  template_evidence: string[];
  aliases: string[];
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
  /** The user who looks after it. */
  assignee: string | null;
  /** Of its endpoint, where it is of one. */
  method: string | null;
  path: string | null;
  /** What is called there, where method and path do not say all. */
  operation: string | null;
}

/** What somebody said about a finding, in plain text. */
export interface Comment {
  sequence: number;
  time: string;
  who: string;
  text: string;
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
  /** Of these, stopped or slowed down, and such that a rule in monitor mode would have stopped. */
  refused: number;
  would_refuse: number;
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

/** An actor that called an endpoint, in the exchanges that were looked at. */
export interface Caller {
  actor_id: string | null;
  /** Null when it is not known any more. */
  actor: ActorRef | null;
  requests: number;
  hostile: number;
  refused: number;
  first_seen: string | null;
  last_seen: string | null;
}

export interface Callers {
  /** The busiest. */
  items: Caller[];
  callers: number;
  /** Exchanges that were looked at, the latest that are kept, and the time of the first of them. */
  exchanges: number;
  since: string | null;
  /** Whether these are all that are kept. */
  is_all: boolean;
  damaged_blocks: number;
  /** Whether other servers keep exchanges, which are not among these. */
  has_elsewhere: boolean;
}

/** Something that happened to an endpoint; who and why where a person did it. */
export interface Happened {
  time: string;
  what: string;
  was: string | null;
  became: string | null;
  /** The id that was merged or split. */
  alias: string | null;
  who: string | null;
  reason: string | null;
}

/** How often an endpoint was called. */
export interface CallsOf {
  endpoint_id: string;
  before: number;
  now: number;
  /** Of both periods, in order; null when no endpoints were named. */
  buckets: number[] | null;
}

/** Two periods, one after the other: from `from`, and from `middle` until `until`. */
export interface EndpointCalls {
  period: "hour" | "day" | "week" | "month";
  /** Length of a bucket. */
  seconds: number;
  from: string;
  middle: string;
  until: string;
  counted_since: string | null;
  /** Whether calls were counted before both began. */
  is_covered: boolean;
  items: CallsOf[];
  is_all: boolean;
}

export interface EndpointHistory {
  items: Happened[];
  is_all: boolean;
}

/** What a policy decided about an exchange, when that was more than to let it pass. */
export interface PolicyDecision {
  policy: string;
  kind: string;
  outcome: "enforced" | "monitored" | "not_evaluated";
  action: Action;
  status: number | null;
  reason: string;
}

/** What is kept of an exchange: no value of it. Null is what was not kept. */
export interface Exchange {
  id: string;
  time: string | null;
  method: string;
  endpoint_id: string | null;
  host: string | null;
  path: string | null;
  /** What is called there, where method and path do not say all. */
  operation: string | null;
  status: number | null;
  actor_id: string | null;
  actor: ActorRef | null;
  request_bytes: number;
  response_bytes: number | null;
  duration_ms: number | null;
  data_classes: { class: string; direction: "request" | "response"; count: number }[];
  values: number;
  anomalies: string[];
  not_inspected: string[];
  hostile: boolean | null;
  codes: string[] | null;
  severity: Severity | null;
  /** What enforcement would do, and what was done. */
  action: Action | null;
  applied: Action | null;
  refused: boolean | null;
  would_refuse: boolean | null;
  decisions: PolicyDecision[];
  decisions_left_out: number;
}

export interface PolicyRow {
  name: string;
  kind: string;
  title: string;
  mode: Mode;
  /** When the switch to its mode ends by itself. */
  until?: string | null;
  is_default: boolean;
  /** Where it applies; what is empty is not looked at. */
  scope: { services?: string[]; hosts: string[]; paths: string[]; ignore_case: boolean; methods: string[] };
  /** Where it is not asked for some time, and why. */
  except?: { scope: PolicyRow["scope"]; until: string; reason: string }[];
  /** What policies of its kind do, with their limits. */
  description: string;
  decisions: {
    passed: number;
    refused: number;
    would_refuse: number;
    acted: number;
    would_act: number;
    not_evaluated: number;
  };
  /** How often callers asked, rate by rate, and what would fit them. */
  measured?: MeasuredRate[];
}

export interface MeasuredRate {
  rate: string;
  /** The tier that it is of, from 1. */
  tier?: number | null;
  since: string;
  period_seconds: number;
  callers: number;
  p50: number;
  p90: number;
  p99: number;
  most: number;
  proposed?: { requests: number; burst: number; callers_beyond: number } | null;
}

/** The head of an exchange, as it was judged; the path has no query, and parts that look like values by their shape. */
export interface LiveExchange {
  id: string;
  time: string | null;
  method: string;
  host: string;
  path: string;
  endpoint_id: string | null;
  status: number | null;
  actor: ActorRef;
  action: Action;
  applied: Action;
  codes: string[];
  severity: Severity | null;
  partly_inspected: boolean;
  duration_ms: number | null;
}

/** A check or a detector. */
export interface ReferenceItem {
  code: string;
  name: string;
  title: string;
  severity: Severity;
  confidence: Confidence;
  owasp: string | string[] | null;
  cwe: (string | number)[];
  attack: string[];
  inputs: string[];
  what: string;
  why: string;
  fix: string;
  references: string[];
}

export interface DataClassItem {
  name: string;
  group: string;
  title: string;
  what: string;
  sensitive: boolean;
  /** The class whose checks count it too; its own name when there is none. */
  family: string;
  /** Whether it is from the configuration. */
  is_custom: boolean;
}

/** A group of endpoints with an owner; empty texts are unknown. */
export interface Service {
  id: string;
  name: string;
  owner: string;
  business_unit: string;
}

/** A key of the gateway's own. */
export interface ApiKey {
  id: string;
  name: string;
  owner: string;
  scopes: string[];
  state: "active" | "disabled" | "revoked";
  created: string;
  expires: string | null;
  last_used: string | null;
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

/** What a server judged since it began, or what `analyze` read. */
export interface Run {
  id: string;
  started: string;
  name: string;
  input: {
    exchanges: number;
    skipped: { reason: string; count: number }[];
    sources: { name: string; format: string; exchanges: number }[];
  };
}

/** How far back exchanges are kept. */
export interface Retention {
  exchanges: number;
  bytes: number;
  since: string | null;
  removed: number;
  last_removal: { time: string; reason: string; until: string } | null;
}

/** Every key, as `bartizan config show` writes it; secrets are references. */
export interface Configuration {
  yaml: string;
  /** Keys that were changed and count after a restart; an older server does not say. */
  after_restart?: string[];
}

export interface AuditEntry {
  sequence: number;
  time: string;
  who: string;
  action: string;
  subject: string;
  details: string;
}

// What the administration API counts: how the server is, how much is kept, and the overview of both.
import type { Endpoint, FindingState, Incident, Severity } from "./shapes.ts";

/** What the server did since it began. */
export interface Figures {
  ready: boolean;
  connections: number;
  exchanges: {
    judged: number;
    not_judged: number;
    partly_inspected: number;
    hostile: number;
    would_block: number;
    refused_by_policies: number;
    policies_would_refuse: number;
    missing_from_capture: number;
    told_again: number;
  };
  store: {
    steps_kept: number;
    steps_failed: number;
    exchange_facts_lost: number;
    exchange_facts_removed: number;
  };
  receivers: Receiver[];
}

/** What a receiver did since it began. */
export interface Receiver {
  name: string;
  kind: string;
  address: string;
  connections: number;
  streams: number;
  handed_over: number;
  dropped: number;
  /** What was sent and not taken, or not all of it, by reason. */
  refused: NamedCount[];
  /** What was taken and is no exchange, by reason. */
  left_out: NamedCount[];
}

/** How much is kept. */
export interface Counts {
  endpoints: number;
  provisional: number;
  findings: [FindingState, number][];
  /** Open and confirmed ones. */
  active_findings: [Severity, number][];
  detections: number;
  incidents: number;
  actors: number;
  runs: number;
  audit_records: number;
  exchange_blocks: number;
}

export interface Health extends Figures {
  version: string;
  started: string;
  counts: Counts;
  /** Named limits that were hit since it began. */
  limits_reached: NamedCount[];
}

export interface TimeBucket {
  time: string;
  seconds: number;
  exchanges: number;
  hostile: number;
  errors: number;
}

export interface NamedCount {
  name: string;
  count: number;
}

export interface CheckTally {
  code: string;
  name: string;
  failed: number;
  passed: number;
  not_applicable: number;
  not_evaluated: number;
}

/** The last analysis as a whole. */
export interface Summary {
  exchanges: number;
  started: string | null;
  ended: string | null;
  noise: number;
  checks: CheckTally[];
  not_evaluated: NamedCount[];
  not_inspected: NamedCount[];
  partly_inspected: number;
  timeline: TimeBucket[];
}

export interface Overview {
  counts: Counts;
  incidents: Incident[];
  riskiest: Endpoint[];
  summary: Summary | null;
  server: Figures | null;
  traffic: Traffic;
  data_classes: DataClassEndpoints[];
  /** Only when a time was asked for. */
  changes: Changes | null;
}

/** Exchanges of one stretch of time, each counted once, by what became of it. */
export interface TrafficBucket {
  time: string;
  clean: number;
  /** Would have been refused or slowed down by a rule in monitor mode. */
  monitored: number;
  refused: number;
  not_judged: number;
  /** Let through, not hostile, and answered with a server error. */
  errors: number;
  /** Part of a detection, and let through. */
  hostile: number;
}

export interface Traffic {
  /** Where the first bucket begins. */
  since: string;
  /** Length of a bucket. */
  seconds: number;
  /** In order; times without exchanges are missing. */
  buckets: TrafficBucket[];
}

export interface DataClassEndpoints {
  class: string;
  endpoints: number;
  in_request: number;
  in_response: number;
  /** Endpoints by who can reach them; what is 0 is missing. */
  access: Record<string, number>;
}

export interface Changes {
  new_endpoints: number;
  changed_endpoints: number;
  new_findings: number;
  reopened_findings: number;
  fixed_findings: number;
  new_incidents: number;
}

// Journeys: how the sessions of a role move between the endpoints of a host, as the administration API answers them.
// Shares are from 0 to 1. Null is not known, and never stands for 0.

export interface JourneySummary {
  id: string;
  host: string;
  /** `anonymous`, `authenticated`, or what the token says. */
  role: string;
  role_told_by: "nothing" | "credential" | "claim";
  services: string[];
  sessions: number;
  actors: number;
  nodes: number;
  moves: number;
  /** The commonest way in, for people. */
  login_sequence: string | null;
  first_seen: string | null;
  last_seen: string | null;
}

export type Callers = "one" | "several";

export interface JourneyNode {
  endpoint_id: string;
  method: string;
  path: string;
  operation: string | null;
  protocol: string;
  visits: number;
  sessions: number;
  /** Of the sessions, those that come by. */
  share: number;
  starts: number;
  ends: number;
  callers: Callers;
  login: boolean;
  logins: number;
}

export interface JourneyMove {
  from: string;
  to: string;
  count: number;
  /** Of all that follows a visit of `from`, ends included. */
  share: number;
  callers: Callers;
  /** From one step to the next; null where too few were timed. */
  p10_ms: number | null;
  p50_ms: number | null;
  p90_ms: number | null;
}

export interface LoginSequence {
  steps: string[];
  sessions: number;
  share: number;
  through_login: boolean;
}

export interface Journey extends Omit<JourneySummary, "nodes" | "moves" | "login_sequence"> {
  /** The most visited first. */
  nodes: JourneyNode[];
  /** The most frequent first. */
  moves: JourneyMove[];
  login: {
    began_authenticated: number;
    became_authenticated: number;
    sequences: LoginSequence[];
    sequences_left_out: number;
  };
  /** What there was no room for. */
  left_out: { steps: number; moves: number };
}

export type MoveKind = "usual" | "rare" | "one_caller" | "unseen";

export interface JourneyStep {
  at: string | null;
  exchange_id: string | null;
  endpoint_id: string | null;
  method: string | null;
  path: string | null;
  operation: string | null;
  status: number | null;
  /** Part of a detection. */
  hostile: boolean;
  place: MoveKind | "no_endpoint" | "not_compared";
  place_share: number | null;
  move: MoveKind | "start" | "not_compared";
  move_share: number | null;
  after_ms: number | null;
  p50_ms: number | null;
  p90_ms: number | null;
  pace: "faster" | "usual" | "slower" | null;
}

export interface IncidentJourney {
  incident_id: string;
  actor_id: string;
  hosts: { host: string; steps: number }[];
  host: string | null;
  role: string | null;
  journey_id: string | null;
  chosen_by: "role" | "only_one" | "nothing";
  steps_from: "exchanges" | "detections" | "nothing";
  is_thin: boolean;
  is_all: boolean;
  why_not_all: string | null;
  steps: JourneyStep[];
  unseen_moves: { from: string | null; to: string | null; count: number }[];
  counts: Record<MoveKind, number>;
}

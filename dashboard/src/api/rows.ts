// What lists ask of their items: the members that a row shows, and no more.
import type { Change } from "./changes.ts";
import type { Client } from "./clients.ts";
import type { JourneySummary } from "./journeys.ts";
import type { Actor, AuditEntry, Detection, Endpoint, Exchange, Finding, Incident } from "./shapes.ts";

export const ENDPOINT_MEMBERS = [
  "id",
  "host",
  "method",
  "path",
  "protocol",
  "operation",
  "service",
  "owner",
  "business_unit",
  "stage",
  "access",
  "inventory_state",
  "confirmed",
  "auth",
  "auth_judged",
  "requests",
  "actors",
  "first_seen",
  "last_seen",
  "data_classes",
  "known_by",
  "drift",
  "risk",
] as const satisfies readonly (keyof Endpoint)[];

export const FINDING_MEMBERS = [
  "id",
  "code",
  "title",
  "severity",
  "confidence",
  "owasp",
  "endpoint_id",
  "host",
  "method",
  "path",
  "operation",
  "endpoints",
  "discriminator",
  "failed",
  "passed",
  "state",
  "assignee",
  "first_seen",
  "last_seen",
] as const satisfies readonly (keyof Finding)[];

export const INCIDENT_MEMBERS = [
  "id",
  "actor",
  "severity",
  "score",
  "started",
  "ended",
  "stages",
  "detection_ids",
  "summary",
] as const satisfies readonly (keyof Incident)[];

export type EndpointRow = Pick<Endpoint, (typeof ENDPOINT_MEMBERS)[number]>;
export type FindingRow = Pick<Finding, (typeof FINDING_MEMBERS)[number]>;
export type IncidentRow = Pick<Incident, (typeof INCIDENT_MEMBERS)[number]>;

/** The rows of each list. */
export interface Rows {
  "/endpoints": EndpointRow;
  "/findings": FindingRow;
  "/incidents": IncidentRow;
  "/detections": Detection;
  "/actors": Actor;
  "/changes": Change;
  "/clients": Client;
  "/audit": AuditEntry;
  "/exchanges": Exchange;
  "/journeys": JourneySummary;
}

/** Lists of which only some members are asked for. */
export const MEMBERS: { [List in keyof Rows]?: readonly (keyof Rows[List] & string)[] } = {
  "/endpoints": ENDPOINT_MEMBERS,
  "/findings": FINDING_MEMBERS,
  "/incidents": INCIDENT_MEMBERS,
};

// Clients of the APIs, as `/clients` answers them.
import type { NamedCount } from "./figures.ts";

export type ClientForm = "application" | "add_on" | "key";
export type ClientKind = "browser" | "mobile" | "server" | "device" | "partner" | "unknown";
export type ScopeUse = "used" | "unused" | "unknown";

/** A client in a list. */
export interface Client {
  id: string;
  label: string;
  form: ClientForm;
  told_by: string;
  grade: string;
  issuer: string | null;
  kind: ClientKind;
  /** What tells the kind, or another one, and in how many exchanges. */
  kind_evidence: NamedCount[];
  users: number;
  sources: number;
  requests: number;
  granted: number;
  refused: number;
  operations_used: number;
  /** Allowed by its scopes and never called; `null` where nothing says. */
  operations_unused: number | null;
  scopes_granted: number;
  scopes_used: number;
  scopes_unused: number;
  first_seen: string | null;
  last_seen: string | null;
}

export interface ClientScope {
  name: string;
  claim: string;
  usage: ScopeUse;
}

export interface ClientOperation {
  endpoint_id: string;
  name: string;
  requests: number;
  /** Scopes of the client that are asked for here. */
  needed: string[];
  /** Scopes that are asked for here and that it does not have. */
  lacking: string[];
  /** Data that it sent or was answered here; missing where there is none. */
  data?: { class: string; direction: "request" | "response" }[];
}

/** A client with what it was granted and what it used. */
export interface ClientDetail extends Client {
  scopes: ClientScope[];
  operations: ClientOperation[];
  operations_not_kept: number;
  allowed: { path: string; method: string; scopes: string[] }[];
  fingerprints: NamedCount[];
  tls_versions: NamedCount[];
}

import type { Endpoint, FindingState, Severity, Stage } from "../api/shapes.ts";
import { visible } from "./visible.ts";

export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
export const STAGES: readonly Stage[] = ["reconnaissance", "probing", "exploitation", "exfiltration"];
export const STATES: readonly FindingState[] = [
  "open",
  "confirmed",
  "accepted",
  "false_positive",
  "fixed",
  "replaced",
];

/** States of findings that ask for something. */
export const ACTIVE: readonly FindingState[] = ["open", "confirmed"];

/** Classes whose values do harm when they leave; they are outlined wherever they stand. */
const SENSITIVE = new Set([
  "aadhaar",
  "access_token",
  "ai_key",
  "api_key",
  "bank_account",
  "basic_credentials",
  "biometric_template",
  "blood_group",
  "bsn",
  "canadian_sin",
  "card_track",
  "card_verification",
  "chinese_id",
  "clabe",
  "client_secret",
  "cloud_key",
  "codice_fiscale",
  "connection_string",
  "cpf",
  "credential",
  "credit_score",
  "curp",
  "diagnosis",
  "disability",
  "driving_licence",
  "encryption_key",
  "ethnicity",
  "french_nir",
  "genetic_data",
  "german_tax_id",
  "health_id",
  "health_measurement",
  "iban",
  "identity_document",
  "income",
  "indian_pan",
  "jwt",
  "korean_rrn",
  "medical_record_number",
  "medicare_number",
  "medication",
  "messaging_token",
  "mfa_seed",
  "mrz",
  "my_number",
  "national_id",
  "nhs_number",
  "nino",
  "nric",
  "one_time_code",
  "passport",
  "password",
  "password_hash",
  "payment_card",
  "payment_key",
  "personnummer",
  "pesel",
  "pin",
  "political_affiliation",
  "private_key",
  "recovery_code",
  "refresh_token",
  "religion",
  "routing_number",
  "rut",
  "secret",
  "security_answer",
  "service_key",
  "session_id",
  "session_token",
  "sexual_orientation",
  "sort_code",
  "source_hosting_token",
  "spanish_id",
  "tax_file_number",
  "tax_id",
  "token",
  "union_membership",
  "us_ssn",
  "voter_id",
  "webhook_url",
]);
export const isSensitive = (name: string): boolean =>
  SENSITIVE.has(name) || /secret|password|_key$|card|health/.test(name);

/** Methods that change something are bold. */
const READS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "SUBSCRIBE"]);
export const writes = (method: string): boolean => !READS.has(method);

/** What an endpoint is called: its operation where the protocol has them, as REST has not but in a specification. */
export const called = (endpoint: Pick<Endpoint, "path" | "protocol" | "operation">): string =>
  endpoint.protocol === "rest" ? endpoint.path : (endpoint.operation ?? endpoint.path);

/** `false_positive` as people say it. */
export const spaced = (name: string): string => visible(name.replaceAll("_", " "), 80);

/** With a capital first letter. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The colour of a risk or score from 0 to 100: that of the severity it stands for. */
export function tone(score: number): Severity | undefined {
  if (score >= 80) return "critical";
  if (score >= 60) return "high";
  if (score >= 40) return "medium";
  return undefined;
}

/** Each stage of an attack has the colour of a severity. */
export const STAGE_TONE: Record<Stage, Severity> = {
  reconnaissance: "low",
  probing: "medium",
  exploitation: "high",
  exfiltration: "critical",
};

/** `REST`, `GraphQL`. */
export function protocolName(name: string): string {
  const names: Record<string, string> = {
    rest: "REST",
    graphql: "GraphQL",
    grpc: "gRPC",
    soap: "SOAP",
    json_rpc: "JSON-RPC",
    xml_rpc: "XML-RPC",
    websocket: "WebSocket",
  };
  return names[name] ?? spaced(name);
}

/** `API key`, `JWT`: how callers authenticate. */
export function authName(name: string): string {
  const names: Record<string, string> = {
    jwt: "JWT",
    api_key: "API key",
    bearer: "bearer",
    basic: "basic",
    cookie: "cookie",
    mtls: "mTLS",
    hmac: "HMAC",
    oauth: "OAuth",
    none_seen: "none seen",
    not_evaluated: "not evaluated",
  };
  return names[name] ?? spaced(name);
}

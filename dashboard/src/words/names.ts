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

/** What a mark and the space behind it take beside its letters, and what `+n` takes with its own space. */
const AROUND = 2;
const REST = 4;

/**
 * Each class once, the harmful ones first: as many as fit into `room`, in letters of the marks, and the others. One is
 * always shown, however long it is.
 */
export function fitting(names: string[], room: number): { shown: string[]; more: string[] } {
  const all = [...new Set(names)].sort((a, b) => Number(isSensitive(b)) - Number(isSensitive(a)));
  let shown = 0;
  let taken = 0;
  for (const [index, name] of all.entries()) {
    taken += name.length + AROUND;
    if (taken + (index + 1 < all.length ? REST : 0) <= room) shown = index + 1;
    if (taken > room) break;
  }
  return { shown: all.slice(0, Math.max(1, shown)), more: all.slice(Math.max(1, shown)) };
}

/** Methods that change something are bold. */
const READS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "SUB", "SUBSCRIBE", "SEND"]);
export const writes = (method: string): boolean => !READS.has(method);

/** Where something is: `operation` is what is called there, where method and path do not say all. */
export interface Place {
  method: string;
  path: string;
  operation: string | null;
}

/** What goes through a broker: no source of traffic shows it. */
const BROKERED = new Set(
  "kafka amqp mqtt nats sqs sns google_pubsub jms pulsar redis solace stomp channel".split(" "),
);
export const isBrokered = (endpoint: Pick<Endpoint, "protocol">): boolean => BROKERED.has(endpoint.protocol);

/** Where an endpoint is. REST has operations in specifications only; a channel is known by its address. */
export const placeOf = (endpoint: Pick<Endpoint, "method" | "path" | "protocol" | "operation">): Place => ({
  method: endpoint.method,
  path: endpoint.path,
  operation: endpoint.protocol === "rest" || isBrokered(endpoint) ? null : endpoint.operation,
});

const KINDS: Record<string, string> = { query: "QUERY", mutation: "MUT", subscription: "SUB" };

/** How it is called: `QUERY customer` for a field of GraphQL, and the method for what has no verb of its own. */
export function verbAndName({ method, path, operation }: Place): { verb: string; name: string } {
  if (!operation) return { verb: method, name: path };
  const fields = operation.split("+").map((one) => /^(query|mutation|subscription) (.+)$/.exec(one));
  const kind = fields[0]?.[1];
  if (kind === undefined || fields.some((field) => field?.[1] !== kind))
    return { verb: method, name: operation };
  return { verb: KINDS[kind] ?? method, name: fields.map((field) => field?.[2]).join(" + ") };
}

/** An endpoint in a line of plain text. */
export function titleOf(endpoint: Parameters<typeof placeOf>[0]): string {
  const { verb, name } = verbAndName(placeOf(endpoint));
  return `${verb} ${name}`;
}

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
    kafka: "Kafka",
    amqp: "AMQP",
    mqtt: "MQTT",
    nats: "NATS",
    sqs: "SQS",
    sns: "SNS",
    google_pubsub: "Google Pub/Sub",
    jms: "JMS",
    pulsar: "Pulsar",
    redis: "Redis",
    solace: "Solace",
    stomp: "STOMP",
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

import type { Client, ClientForm, ClientOperation, ScopeUse } from "../api/clients.ts";
import { spaced } from "./names.ts";
import { count, share } from "./numbers.ts";

const FORMS: Record<ClientForm, string> = { application: "application", add_on: "add-on", key: "key" };

const TOLD_BY: Record<string, string> = {
  token: "the client id of its tokens",
  api_key: "its API key",
  certificate: "its certificate",
  token_request: "the client id of its token requests",
  basic: "a name of Basic authentication or a key id",
  user_agent: "what it calls itself",
  forwarded_certificate: "a certificate that a proxy tells of",
};

export const formName = (form: string): string => FORMS[form as ClientForm] ?? spaced(form);

/** What a client is known by. */
export const toldBy = (told: string): string => TOLD_BY[told] ?? spaced(told);

/** How many of its scopes it does not need; a dash for one without scopes. */
export function unusedScopes({
  scopes_granted: granted,
  scopes_unused: unused,
}: Pick<Client, "scopes_granted" | "scopes_unused">): string {
  return granted === 0 ? "–" : `${count(unused)} of ${count(granted)}`;
}

/** What of its requests was refused. */
export const refusedShare = ({ requests, refused }: Pick<Client, "requests" | "refused">): string =>
  refused === 0 ? "–" : share(refused, requests);

/** What a use of a scope means. */
export function scopeWords(usage: ScopeUse | string): string {
  switch (usage) {
    case "used":
      return "used";
    case "unused":
      return "not needed so far";
    default:
      return "no specification says";
  }
}

/** What operations need, in words; empty where nothing is said. */
export function needs({ needed, lacking }: Pick<ClientOperation, "needed" | "lacking">): string {
  return lacking.length > 0 ? `granted without ${lacking.join(", ")}` : needed.join(", ");
}

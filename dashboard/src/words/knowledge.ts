// Which sources know an endpoint, in words.
import type { Demanded, Discovered, KnownBy } from "../api/known.ts";
import type { Endpoint } from "../api/shapes.ts";
import { spaced } from "./names.ts";
import { many } from "./numbers.ts";

const NAMES: Record<KnownBy, string> = {
  traffic: "traffic",
  specification: "specification",
  code: "code",
  crawl: "crawl",
  perimeter: "perimeter",
};

export const knownBy = (by: string): string => NAMES[by as KnownBy] ?? spaced(by);

/** Whether neither traffic nor a specification knows it. */
export const onlyDiscovered = (it: Pick<Endpoint, "inventory_state" | "requests" | "known_by">): boolean =>
  it.requests === 0 && it.inventory_state === "unspecified" && it.known_by.length > 0;

const DEMANDED: Record<Demanded, string> = {
  required: "demands credentials",
  none: "demands no credentials",
  unclear: "not clear whether it demands credentials",
};

export const demanded = (state: Demanded): string => DEMANDED[state];

/** How it came to be this endpoint. */
export const matchedAs = (one: Discovered): string =>
  one.matched === "" ? "" : `${one.method} ${one.prefix}${one.path}: ${one.matched}`;

/** What code says of credentials beside what was granted without any; nothing where both agree or nobody knows. */
export function besideTraffic(it: Pick<Endpoint, "auth_anonymous" | "discovered">): string | undefined {
  const anonymous = it.auth_anonymous ?? 0;
  if (anonymous === 0) return undefined;
  const states = it.discovered.flatMap((one) => (one.code ? [one.code.authorization] : []));
  const granted = `${many(anonymous, "request")} without any ${anonymous === 1 ? "was" : "were"} granted`;
  if (states.includes("required")) return `Code demands credentials, and ${granted}.`;
  if (states.includes("none")) return `Code demands no credentials, and ${granted}.`;
  return undefined;
}

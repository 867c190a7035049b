import type { Severity } from "../api/shapes.ts";
import { SEVERITIES } from "./names.ts";
import { begin } from "./time.ts";

// The address bar holds every filter and view, in plain words: `?access=public&access=partner&q=orders`.

/** What a page reads from the address: each name has one text, or several in order. */
export type Search = Record<string, string | string[]>;

/** Reads `?a=1&b=2&b=3`. Names of objects' own machinery are left out. */
export function parse(text: string): Search {
  const result: Search = {};
  const words = new URLSearchParams(text.startsWith("?") ? text.slice(1) : text);
  for (const name of new Set(words.keys())) {
    if (name === "__proto__") continue;
    const values = words.getAll(name);
    result[name] = values.length === 1 ? (values[0] as string) : values;
  }
  return result;
}

/** Writes it again, with `?` in front; empty values are left out. */
export function stringify(search: Record<string, unknown>): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") words.append(name, String(one));
    }
  }
  const text = words.toString();
  return text ? `?${text}` : "";
}

/** All values of a name. */
export function all(search: Search, name: string): string[] {
  const value = search[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The first value of a name. */
export const first = (search: Search, name: string): string | undefined => all(search, name)[0];

/** The search with one value of a name added or taken away. */
export function toggle(search: Search, name: string, value: string): Search {
  const values = all(search, name);
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return replace(search, name, next);
}

/** The search with other values of a name. */
export function replace(search: Search, name: string, value: string | string[] | undefined): Search {
  const { [name]: _, ...rest } = search;
  const values = value === undefined || value === "" ? [] : Array.isArray(value) ? value : [value];
  if (values.length === 0) return rest;
  return { ...rest, [name]: values.length === 1 ? (values[0] as string) : values };
}

/**
 * What the API is asked for by an address: the words it knows, and no others. `severity` is the least one, which stands
 * for itself and all that are worse; `range` (`24h`) is a beginning that moves with `now`.
 */
export function asked<Word extends string>(
  search: Search,
  words: readonly Word[],
  now: number,
): { [Known in Word]?: string[] } {
  const values = (word: string): string[] => {
    const given = all(search, word);
    if (word === "severity") {
      const least = SEVERITIES.indexOf(given[0] as Severity);
      return least < 0 || least === SEVERITIES.length - 1 ? [] : SEVERITIES.slice(0, least + 1);
    }
    if (word !== "since" || given.length > 0) return given;
    const since = begin(first(search, "range"), now);
    return since ? [since] : [];
  };
  const result: { [Known in Word]?: string[] } = {};
  for (const word of words) {
    const found = values(word);
    if (found.length > 0) result[word] = found;
  }
  return result;
}

/** Whether a path can be gone to after logging in: one of ours, not another site's. */
export function returnable(path: string | undefined): string {
  if (!path?.startsWith("/") || path.startsWith("//") || path.includes("\\") || path.startsWith("/login"))
    return "/";
  return path;
}

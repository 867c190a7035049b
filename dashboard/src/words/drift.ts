// Differences between a specification and traffic, in words.
import type { Drift, DriftGrade } from "../api/shapes.ts";
import { count, many } from "./numbers.ts";

/** Differences by the part of the exchange: the request first, then answers by status. */
export function driftByPart(drift: Drift[]): [part: string, drift: Drift[]][] {
  const parts = new Map<string, Drift[]>();
  for (const one of drift) parts.set(one.part, [...(parts.get(one.part) ?? []), one]);
  const rank = (part: string) => (part === "request" ? 0 : part === "request body" ? 1 : 2);
  return [...parts].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

/** `Request`, `Request body`, `Response 200`. */
export const partName = (part: string): string =>
  /^\d+$/.test(part) ? `Response ${part}` : part.charAt(0).toUpperCase() + part.slice(1);

/** A place in a body as it is written in code: `items[].price`. What is in the head keeps its place. */
export function pathOf(location: string): string {
  const path = /^body:(.*)$/.exec(location)?.[1];
  if (path === undefined) return location;
  const steps = path.split("/").filter((step) => step !== "");
  const text = steps.reduce(
    (all, step) => (step === "*" ? `${all}[]` : all === "" ? step : `${all}.${step}`),
    "",
  );
  return text === "" ? "body" : text.replace(/~([0-5])/g, (_, code: string) => "~/*!{#".charAt(Number(code)));
}

/** `2 breaking`, `1 warning`, `3 info`. */
export const graded = (size: number, grade: DriftGrade): string =>
  grade === "warning" ? many(size, grade) : `${count(size)} ${grade}`;

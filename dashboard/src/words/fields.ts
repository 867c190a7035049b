// What goes in and what comes out of an endpoint, in words: parts of a message, fields, and what their values were.
import type { BodySeen, Endpoint, Parameter, Span } from "../api/shapes.ts";
import { count } from "./numbers.ts";

/** The answers of one status that had a body. */
export interface Answer {
  status: number | null;
  /** Positions in the bodies of the endpoint. */
  bodies: number[];
  mediaTypes: string[];
  seen: number;
}

/** Answers by status: those that granted something first, then the most frequent. */
export function answersOf(endpoint: Pick<Endpoint, "bodies">): Answer[] {
  const found = new Map<number | null, Answer>();
  for (const [position, body] of endpoint.bodies.entries()) {
    if (body.direction !== "response") continue;
    const answer = found.get(body.status) ?? { status: body.status, bodies: [], mediaTypes: [], seen: 0 };
    answer.bodies.push(position);
    if (body.media_type !== "") answer.mediaTypes.push(body.media_type);
    answer.seen += body.count;
    found.set(body.status, answer);
  }
  const granted = (answer: Answer) => Number((answer.status ?? 0) >= 200 && (answer.status ?? 0) < 300);
  return [...found.values()].sort((a, b) => granted(b) - granted(a) || b.seen - a.seen);
}

/** Names of what bodies are written in. */
export const mediaTypesOf = (bodies: BodySeen[], direction: BodySeen["direction"]): string[] => [
  ...new Set(bodies.filter((body) => body.direction === direction).map((body) => body.media_type)),
];

/** How often a field was in some bodies, and how often it could have been; undefined where it was in none. */
export function presence(one: Parameter, bodies: number[]): { seen: number; of: number } | undefined {
  const here = one.bodies.filter((each) => bodies.includes(each.body));
  if (here.length === 0) return undefined;
  const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
  return { seen: sum(here.map((each) => each.seen)), of: sum(here.map((each) => each.of)) };
}

/** What is in a body and not in the head. */
export const isInBody = (one: Parameter): boolean => /^(body|xml|grpc):/.test(one.location);

/** Steps of a location below its root: `body:/card/number`, `grpc:Pay.card.number`; undefined for what is in the head. */
function steps(location: string): string[] | undefined {
  const message = /^grpc:[^.!]*\.(.*)$/.exec(location)?.[1];
  const parts = message ? message.split(/[./]/) : /^[a-z]+:(\/.*)$/.exec(location)?.[1]?.split("/");
  return parts?.filter((part) => part !== "");
}

/** `body:/card/number` is at depth 1 of the body; what is in the head is at none. */
export function depth(location: string): number {
  const named = (steps(location) ?? []).filter((part) => part !== "*");
  return Math.min(6, Math.max(0, named.length - 1));
}

/** The last part of a location, with `[]` where it is of every item. */
export function label(one: Parameter): string {
  const parts = steps(one.location);
  if (!parts) return one.location;
  const named = parts.findLast((part) => part !== "*") ?? "body";
  return parts.at(-1) === "*" ? `${named}[]` : named;
}

const between = ({ least, most }: Span): string =>
  least === most ? count(least) : `${count(least)} … ${count(most)}`;

/** What the values of a field were: a few words, a form, or between what. Empty where nothing is known. */
export function valuesOf(one: Parameter): string {
  const { number, length, items } = one.bounds;
  if (one.words.length > 0) return one.words.join(" · ");
  if (one.pattern !== "") return one.pattern.replace(/^\^|\$$/g, "");
  if (number) return between(number);
  if (items) return `${between(items)} ${items.most === 1 ? "item" : "items"}`;
  if (one.format !== "") return one.examples_redacted.slice(0, 2).join(" · ");
  if (length) return `${between(length)} ${length.most === 1 ? "char" : "chars"}`;
  return one.examples_redacted.slice(0, 2).join(" · ");
}

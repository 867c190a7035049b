// Journeys in words: shares, paces, and how a step stands to what sessions usually do.
import type { IncidentJourney, Journey, JourneyMove, JourneyNode, JourneyStep } from "../api/journeys.ts";
import { titleOf, verbAndName } from "./names.ts";
import { count, many, share } from "./numbers.ts";
import { span } from "./time.ts";
import { visible } from "./visible.ts";

/** Below so many sessions, what was never seen says little. */
export const FEW_SESSIONS = 20;
/** Most characters of a name in a sentence. */
const MOST = 120;

/** A share from 0 to 1 in per cent. */
export const percent = (part: number): string => share(part, 1);

/** `40 ms`, `1.2 s`, `3 min 54 s`. */
export const pause = (milliseconds: number): string =>
  milliseconds < 1000 || milliseconds >= 10_000
    ? span(milliseconds)
    : `${Number((milliseconds / 1000).toFixed(1))} s`;

export const nameOf = (node: JourneyNode): string => visible(titleOf(node), MOST);

export const namesOf = (nodes: JourneyNode[]): Map<string, string> =>
  new Map(nodes.map((node) => [node.endpoint_id, nameOf(node)]));

/** Where a step was: as the graph names it, else by what was called. */
export function stepName(step: JourneyStep, names: ReadonlyMap<string, string>): string {
  const known = step.endpoint_id === null ? undefined : names.get(step.endpoint_id);
  if (known !== undefined) return known;
  const { method, path } = step;
  if (path === null) return method === null ? "an unknown place" : visible(method, 24);
  // Operations of REST are names in specifications, and nothing that callers send.
  const operation = /^(query|mutation|subscription) /.test(step.operation ?? "") ? step.operation : null;
  const { verb, name } = verbAndName({ method: method ?? "?", path, operation });
  return visible(`${verb} ${name}`, MOST);
}

/** What told the role. */
export const ROLE_TOLD: Record<Journey["role_told_by"], string> = {
  nothing: "no credential was sent",
  credential: "a credential was accepted, and none of its claims names a role",
  claim: "a claim of an accepted token names it",
};

/** `usually 1.2 s, one in ten under 300 ms, one in ten over 8 s`; undefined where too few moves were timed. */
export function pace({ p10_ms, p50_ms, p90_ms }: JourneyMove): string | undefined {
  if (p50_ms === null) return undefined;
  const quick = p10_ms === null ? "" : `, one in ten under ${pause(p10_ms)}`;
  const slow = p90_ms === null ? "" : `, one in ten over ${pause(p90_ms)}`;
  return `usually ${pause(p50_ms)}${quick}${slow}`;
}

/** A move in a line of plain text. */
export function moveSaid(move: JourneyMove, names: ReadonlyMap<string, string>): string {
  const from = names.get(move.from) ?? move.from;
  const to = names.get(move.to) ?? move.to;
  const who = move.callers === "one" ? ", by one caller alone" : "";
  const timed = pace(move);
  return `${from} → ${to}: ${percent(move.share)} of what follows, ${many(move.count, "time")}${who}${timed ? `; ${timed}` : ""}`;
}

/** A node in a line of plain text. */
export function nodeSaid(node: JourneyNode, sessions: number): string {
  const parts = [
    `${percent(node.share)} of sessions come here, ${many(node.visits, "visit")}`,
    ...(node.starts > 0 ? [`${share(node.starts, sessions)} begin here`] : []),
    ...(node.ends > 0 ? [`${share(node.ends, sessions)} end here`] : []),
    ...(node.login ? [`callers log in here (${many(node.logins, "success", "successes")})`] : []),
    ...(node.callers === "one" ? ["one caller alone was here"] : []),
  ];
  return `${nameOf(node)}: ${parts.join("; ")}`;
}

function placed({ place, place_share }: JourneyStep): string {
  if (place === "usual" || place === "rare") {
    return place_share === null ? "sessions come here" : `${percent(place_share)} of sessions come here`;
  }
  if (place === "one_caller") return "one caller alone ever came here";
  if (place === "unseen") return "no session that was learned comes here";
  return place === "no_endpoint" ? "at no endpoint of the inventory" : "";
}

function moved({ move, move_share }: JourneyStep, from: string): string {
  const part = move_share === null ? "" : ` (${percent(move_share)} of what follows there)`;
  if (move === "start") {
    if (move_share === null) return "a session begins";
    return move_share === 0 ? "no session begins here" : `${percent(move_share)} of sessions begin here`;
  }
  if (move === "usual") return `usual from ${from}${part}`;
  if (move === "rare") return `seldom from ${from}${part}`;
  if (move === "one_caller") return `from ${from} one caller alone ever came`;
  return move === "unseen" ? `never from ${from}` : "";
}

function timed({ after_ms, p50_ms, pace: against }: JourneyStep): string {
  if (after_ms === null) return "";
  const judged = against === "faster" || against === "slower" ? ` (${against} than sessions are)` : "";
  const usually = p50_ms === null ? "" : `, usually ${pause(p50_ms)}`;
  return `${pause(after_ms)} after the step before${usually}${judged}`;
}

/**
 * How a step stands to what sessions usually do, such as `2 % of sessions come here, never from GET /login; 40 ms after
 * the step before, usually 8 s`. Empty where nothing can be said. `from` is the step before, by its name.
 */
export function stepSaid(step: JourneyStep, from: string | undefined): string {
  const way = [placed(step), moved(step, from ?? "the step before")].filter((part) => part !== "").join(", ");
  return [way, timed(step)].filter((part) => part !== "").join("; ");
}

/** `Of 31 moves 12 are usual, 2 rare, 1 is of one caller alone, and 16 were never seen.` */
export function countsSaid({ counts }: Pick<IncidentJourney, "counts">): string {
  const { usual, rare, one_caller: alone, unseen } = counts;
  const all = usual + rare + alone + unseen;
  if (all === 0) return "No move could be compared.";
  const seen = [`${count(usual)} usual`, `${count(rare)} rare`, `${count(alone)} of one caller alone`];
  return `Of ${many(all, "move")}: ${seen.join(", ")}, ${count(unseen)} never seen in the sessions that were learned.`;
}

// How often endpoints are called now, against the time before.
import { count, many } from "./numbers.ts";

/** Lengths of time that are compared, as the address and people call them. */
export const PERIODS = [
  ["hour", "1 h"],
  ["day", "24 h"],
  ["week", "7 d"],
  ["month", "30 d"],
] as const;
export type Period = (typeof PERIODS)[number][0];

export const isPeriod = (word: string | undefined): word is Period => PERIODS.some(([one]) => one === word);

/** `24 h`. */
export const lasting = (period: Period): string => PERIODS.find(([one]) => one === period)?.[1] ?? "";

/** Calls in a period, and in the one before. */
export interface Calls {
  before: number;
  now: number;
}

/**
 * What became of the calls: `new` was never seen before this period, `resumed` was silent in the one before, `silent` is so
 * now; `not_evaluated` cannot be said, because nobody counted for so long.
 */
export type Change =
  | "new"
  | "resumed"
  | "more"
  | "same"
  | "fewer"
  | "silent"
  | "not_called"
  | "not_evaluated";

/** Differences that chance makes are none: calls that come by chance vary by the root of how many there are. */
const DEVIATIONS = 3;
/** Nor is a smaller part than this, however many calls there are. */
const LEAST = 0.2;

/** `firstSeen` and `middle`, where the period begins, are instants. */
export function changed(calls: Calls, firstSeen: number | undefined, middle: number): Change {
  const { before, now } = calls;
  if (before === 0 && now === 0) return "not_called";
  if (before === 0) return firstSeen !== undefined && firstSeen >= middle ? "new" : "resumed";
  if (now === 0) return "silent";
  const difference = now - before;
  const chance = DEVIATIONS * Math.sqrt(now + before);
  if (Math.abs(difference) <= Math.max(chance, LEAST * before)) return "same";
  return difference > 0 ? "more" : "fewer";
}

/** `+24 %`, `−40 %`, `×3.1`: how much one is of the other. */
export function ratio({ before, now }: Calls): string {
  if (before <= 0) return "–";
  const times = now / before;
  if (times >= 9.95) return `×${Math.round(times)}`;
  if (times >= 2) return `×${times.toFixed(1)}`;
  const share = Math.round((times - 1) * 100);
  return share === 0 ? "±0 %" : `${share > 0 ? "+" : "−"}${Math.abs(share)} %`;
}

export const CHANGES: Record<Change, string> = {
  new: "new",
  resumed: "called again",
  more: "called more",
  same: "about the same",
  fewer: "called less",
  silent: "silent now",
  not_called: "not called",
  not_evaluated: "not evaluated",
};

/** `1,204 calls in 24 h, 980 in the 24 h before`. */
export const told = ({ before, now }: Calls, period: Period): string =>
  `${many(now, "call")} in ${lasting(period)}, ${count(before)} in the ${lasting(period)} before`;

/** The line of a chart through counts, as an SVG path: `width` wide, and `height` high at `most`. */
export function line(counts: number[], most: number, width: number, height: number): string {
  const step = counts.length > 1 ? width / (counts.length - 1) : 0;
  const y = (count: number) => Math.round((height - (most > 0 ? (count / most) * height : 0)) * 10) / 10;
  return counts
    .map((one, at) => `${at === 0 ? "M" : "L"}${Math.round(at * step * 10) / 10} ${y(one)}`)
    .join("");
}

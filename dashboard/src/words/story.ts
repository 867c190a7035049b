import type { Incident } from "../api/shapes.ts";

/** What was done: the summary of an incident up to its colon. */
export const story = ({ summary }: Pick<Incident, "summary">): string => summary.split(": ")[0] ?? summary;

/** How much: the summary behind its colon. */
export const rest = ({ summary }: Pick<Incident, "summary">): string =>
  summary.split(": ").slice(1).join(": ").replace(/\.$/, "");

import type { Change, ChangeBaseline, ChangeGrade } from "../api/changes.ts";
import type { Severity } from "../api/shapes.ts";
import { spaced } from "./names.ts";

/** How loud a grade is, as events to sinks have it. */
export const GRADE_TONE: Record<ChangeGrade, Severity> = { alert: "high", warning: "medium", info: "info" };

/** What changed, in front of what it is about. */
export function changeName({ kind, subject, after }: Pick<Change, "kind" | "subject" | "after">): string {
  switch (kind) {
    case "endpoint_added":
      return after ? `New endpoint, ${spaced(after)}` : "New endpoint";
    case "parameter_added":
      return "New parameter";
    case "parameter_required_changed":
      return "Can be left out";
    case "auth_changed":
      return subject === "anonymous" ? "Answers callers without a credential" : "New way of authentication";
    case "data_class_added":
      return after === "request" ? "New data class in requests" : "New data class in answers";
    case "inventory_state_changed":
      return "Became";
    default:
      return spaced(kind);
  }
}

/** What it is about, where the name does not say it. */
export function changeSubject({ kind, subject, after }: Pick<Change, "kind" | "subject" | "after">): string {
  if (kind === "inventory_state_changed") return after ? spaced(after) : "";
  return kind === "auth_changed" && subject === "anonymous" ? "" : subject;
}

/** Why there may be no change: what the log compares with. `now` in milliseconds. */
export function toldSince(baseline: ChangeBaseline | null, now: number): "nothing" | "learning" | "telling" {
  if (baseline === null) return "nothing";
  return Date.parse(baseline.ends) > now ? "learning" : "telling";
}

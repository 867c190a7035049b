import type { MergedPath } from "../api/apart.ts";
import { many } from "./numbers.ts";

/** What chosen paths become: an endpoint for each of their methods. */
export function becomes(chosen: MergedPath[]): string {
  const endpoints = chosen.reduce((sum, one) => sum + one.methods.length, 0);
  if (endpoints === 0) return "Nothing is chosen.";
  return `${many(endpoints, "endpoint")} of ${endpoints === 1 ? "its" : "their"} own.`;
}

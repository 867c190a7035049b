// The inventory is read whole: what a filter leaves, and how many each further filter would leave, is told here.
import type { EndpointRow } from "../api/rows.ts";
import { all, first, type Search } from "./address.ts";

/** What endpoints can be narrowed by, each with the values that an endpoint has. */
export const DIMENSIONS: Record<string, (row: EndpointRow) => string[]> = {
  inventory_state: (row) => [row.inventory_state],
  confirmed: (row) => [String(row.confirmed)],
  access: (row) => [row.access],
  auth: (row) => [
    ...new Set(row.auth.map((one) => one.type)),
    ...(row.auth.length > 0 ? [] : [row.auth_judged > 0 ? "none_seen" : "not_evaluated"]),
  ],
  data_class: (row) => [...new Set(row.data_classes.map((one) => one.class))],
  service: (row) => (row.service ? [row.service] : []),
  protocol: (row) => [row.protocol],
  host: (row) => [row.host],
  method: (row) => [row.method],
};

export const STEP = 20;

/** What a row has in each dimension, and its words. */
interface Known {
  values: string[][];
  text: string;
}

// Rows are read once and looked through at each keystroke.
const known = new WeakMap<EndpointRow, Known>();

function know(row: EndpointRow): Known {
  const found = known.get(row);
  if (found) return found;
  const fresh = {
    values: Object.values(DIMENSIONS).map((values) => values(row)),
    text: `${row.method} ${row.host}${row.path} ${row.operation ?? ""} ${row.service ?? ""}`.toLowerCase(),
  };
  known.set(row, fresh);
  return fresh;
}

export interface Narrowed {
  rows: EndpointRow[];
  /** For each dimension its values, with how many rows fit them and all filters of other dimensions. */
  counts: Map<string, Map<string, number>>;
  /** Rows by step of risk, under all filters but that of the risk. */
  risk: number[];
}

/** Any value of one dimension is enough; all dimensions have to fit. */
export function narrow(rows: EndpointRow[], search: Search): Narrowed {
  const wanted = Object.keys(DIMENSIONS).map((name) => ({ name, chosen: new Set(all(search, name)) }));
  const words = (first(search, "q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const least = Number(first(search, "min_risk") ?? 0) || 0;
  const result: Narrowed = {
    rows: [],
    counts: new Map(wanted.map(({ name }) => [name, new Map()])),
    risk: [0, 0, 0, 0, 0],
  };
  for (const row of rows) {
    const { values, text } = know(row);
    if (!words.every((word) => text.includes(word))) continue;
    const misses = wanted.flatMap(({ chosen }, index) =>
      chosen.size > 0 && !values[index]?.some((value) => chosen.has(value)) ? [index] : [],
    );
    const risky = row.risk.score >= least;
    if (misses.length === 0) {
      const step = Math.min(4, Math.floor(row.risk.score / STEP));
      result.risk[step] = (result.risk[step] ?? 0) + 1;
      if (risky) result.rows.push(row);
    }
    if (!risky || misses.length > 1) continue;
    // A row that misses one dimension counts there alone: it would fit if that filter were another.
    for (const [index, { name }] of wanted.entries()) {
      if (misses.length === 1 && misses[0] !== index) continue;
      const counts = result.counts.get(name);
      for (const value of values[index] ?? []) counts?.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return result;
}

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Rows by `risk`, `requests`, `actors`, `last_seen` or `first_seen`, `-` in front for the largest first; by group
 * before, if any. Equal rows stay as they came.
 */
export function arrange(rows: EndpointRow[], sort: string, group?: "host" | "service"): EndpointRow[] {
  const by: Record<string, (row: EndpointRow) => number | string> = {
    risk: (row) => row.risk.score,
    requests: (row) => row.requests,
    actors: (row) => row.actors,
    last_seen: (row) => row.last_seen ?? "",
    first_seen: (row) => row.first_seen ?? "",
  };
  const value = by[sort.replace(/^-/, "")] ?? ((row: EndpointRow) => row.risk.score);
  const way = sort.startsWith("-") ? -1 : 1;
  return rows.toSorted(
    (a, b) => (group ? compare(a[group] ?? "", b[group] ?? "") : 0) || compare(value(a), value(b)) * way,
  );
}

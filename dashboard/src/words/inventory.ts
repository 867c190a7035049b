// The inventory is read whole: what a filter leaves, and how many each further filter would leave, is told here.
import type { EndpointRow } from "../api/rows.ts";
import { all, first, type Search } from "./address.ts";
import type { Calls, Change } from "./calls.ts";

/** An endpoint with how it was called in a period, where one is looked at. */
export interface InventoryRow extends EndpointRow {
  calls?: Calls & { change: Change };
}

/** What endpoints can be narrowed by, each with the values that an endpoint has. */
export const DIMENSIONS: Record<string, (row: InventoryRow) => string[]> = {
  inventory_state: (row) => [row.inventory_state],
  known_by: (row) => row.known_by,
  drift: (row) => row.drift,
  confirmed: (row) => [String(row.confirmed)],
  access: (row) => [row.access],
  auth: (row) => [
    ...new Set(row.auth.map((one) => one.type)),
    ...(row.auth.length > 0 ? [] : [row.auth_judged > 0 ? "none_seen" : "not_evaluated"]),
  ],
  data_class: (row) => [...new Set(row.data_classes.map((one) => one.class))],
  service: (row) => (row.service ? [row.service] : []),
  owner: (row) => (row.owner ? [row.owner] : []),
  business_unit: (row) => (row.business_unit ? [row.business_unit] : []),
  stage: (row) => [row.stage],
  protocol: (row) => [row.protocol],
  host: (row) => [row.host],
  method: (row) => [row.method],
  change: (row) => (row.calls ? [row.calls.change] : []),
};

export const STEP = 20;

const NAMES = Object.keys(DIMENSIONS);

// Values are numbers in here, so that ten thousand rows are counted anew within a few milliseconds.
const numbers = NAMES.map(() => new Map<string, number>());

function number(dimension: number, value: string): number {
  const known = numbers[dimension];
  const found = known?.get(value);
  if (found !== undefined || known === undefined) return found ?? 0;
  known.set(value, known.size);
  return known.size - 1;
}

/** What a row has in each dimension, and its words. */
interface Known {
  values: number[][];
  text: string;
}

const known = new WeakMap<InventoryRow, Known>();

function know(row: InventoryRow): Known {
  const found = known.get(row);
  if (found) return found;
  const fresh = {
    values: Object.values(DIMENSIONS).map((values, index) => values(row).map((one) => number(index, one))),
    text: `${row.method} ${row.host}${row.path} ${row.operation ?? ""} ${row.service ?? ""} ${row.owner ?? ""}`.toLowerCase(),
  };
  known.set(row, fresh);
  return fresh;
}

/** What of the address narrows: order, group and period leave the same rows. */
export const filters = (search: Search): Search =>
  Object.fromEntries(
    [...NAMES, "q", "min_risk"].flatMap((name) => (name in search ? [[name, all(search, name)]] : [])),
  );

export interface Narrowed {
  rows: InventoryRow[];
  /** For each dimension its values, with how many rows fit them and all filters of other dimensions. */
  counts: Map<string, Map<string, number>>;
  /** Rows by step of risk, under all filters but that of the risk. */
  risk: number[];
}

/** Any value of one dimension is enough; all dimensions have to fit. */
export function narrow(rows: InventoryRow[], search: Search): Narrowed {
  const wanted: Wanted[] = NAMES.flatMap((name, index) => {
    const values = all(search, name).map((value) => number(index, value));
    return values.length > 0 ? [{ index, values }] : [];
  });
  const words = (first(search, "q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const least = Number(first(search, "min_risk") ?? 0) || 0;
  const fits: InventoryRow[] = [];
  const risk = [0, 0, 0, 0, 0];
  const sizes = NAMES.map((): number[] => []);
  for (const row of rows) {
    const { values, text } = know(row);
    if (!words.every((word) => text.includes(word))) continue;
    const missed = misses(values, wanted);
    const risky = row.risk.score >= least;
    if (missed === FITS) {
      const step = Math.min(4, Math.floor(row.risk.score / STEP));
      risk[step] = (risk[step] ?? 0) + 1;
      if (risky) fits.push(row);
    }
    if (!risky || missed === MISSES) continue;
    // A row that misses one dimension counts there alone: it would fit if that filter were another.
    if (missed === FITS) for (let index = 0; index < values.length; index++) add(sizes[index], values[index]);
    else add(sizes[missed], values[missed]);
  }
  return { rows: fits, counts: named(sizes), risk };
}

const FITS = -1;
const MISSES = -2;

/** Values of one dimension of which one is enough. */
interface Wanted {
  index: number;
  values: number[];
}

/** The one dimension that a row misses, or that it fits in all, or misses several. */
function misses(values: number[][], wanted: Wanted[]): number {
  let missed = FITS;
  for (const { index, values: chosen } of wanted) {
    if (values[index]?.some((value) => chosen.includes(value))) continue;
    if (missed !== FITS) return MISSES;
    missed = index;
  }
  return missed;
}

function add(sizes: number[] | undefined, values: number[] | undefined) {
  for (const value of values ?? []) if (sizes) sizes[value] = (sizes[value] ?? 0) + 1;
}

/** The counts by the names of dimensions and values. */
const named = (sizes: number[][]): Map<string, Map<string, number>> =>
  new Map(
    NAMES.map((name, index) => {
      const values = [...(numbers[index] ?? [])].map(
        ([value, at]) => [value, sizes[index]?.[at] ?? 0] as const,
      );
      return [name, new Map(values.filter(([, size]) => size > 0))];
    }),
  );

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);

/** What has no host or no service comes after all that have one. */
const LAST = "\uffff";

/**
 * Rows by `risk`, `requests`, `actors`, `last_seen`, `first_seen`, `calls` in a period or their `change`, `-` in front
 * for the largest first; by group before, if any. Equal rows stay as they came.
 */
export function arrange(rows: InventoryRow[], sort: string, group?: "host" | "service"): InventoryRow[] {
  const by: Record<string, (row: InventoryRow) => number | string> = {
    risk: (row) => row.risk.score,
    requests: (row) => row.requests,
    actors: (row) => row.actors,
    last_seen: (row) => row.last_seen ?? "",
    first_seen: (row) => row.first_seen ?? "",
    calls: (row) => row.calls?.now ?? -1,
    change: (row) => (row.calls ? row.calls.now - row.calls.before : 0),
  };
  const value = by[sort.replace(/^-/, "")] ?? ((row: InventoryRow) => row.risk.score);
  const way = sort.startsWith("-") ? -1 : 1;
  // Keys are read once, and groups are made of what is sorted: there may be ten thousand rows.
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  const sorted = keyed.sort((a, b) => compare(a.key, b.key) * way).map(({ row }) => row);
  if (!group) return sorted;
  const groups = new Map<string, InventoryRow[]>();
  for (const row of sorted) {
    const name = row[group] || LAST;
    const members = groups.get(name);
    if (members) members.push(row);
    else groups.set(name, [row]);
  }
  return [...groups].sort(([a], [b]) => compare(a, b)).flatMap(([, rest]) => rest);
}

// How the inventory is read. Up to WHOLE endpoints come into the page, once: then every filter, count, group and order
// is a matter of milliseconds and of no request, and what the server does not filter by (authentication, words in
// any place) works too. More than that stay on the server: it filters, counts and sorts, rows come as one scrolls,
// and words are looked for in paths.
import { useEffect, useMemo } from "react";
import { useAllCalls, useCallsHere } from "../api/calls.ts";
import type { Asked } from "../api/client.ts";
import { useFacets, useList } from "../api/queries.ts";
import type { EndpointRow } from "../api/rows.ts";
import type { EndpointCalls } from "../api/shapes.ts";
import { type Tallies, tallies } from "../parts/facets.tsx";
import { useAsked } from "../parts/list.tsx";
import { useAddress } from "../shell/search.ts";
import { parse, replace, type Search, stringify } from "../words/address.ts";
import { changed, type Period } from "../words/calls.ts";
import { arrange, filters, type InventoryRow, narrow, STEP } from "../words/inventory.ts";
import { instant } from "../words/time.ts";

/** Most endpoints that are read whole: as many as keep any interaction below 100 ms (`tests/browser/speed`). */
const WHOLE = 10_000;
const PART = 500;

const WORDS = [
  "access",
  "business_unit",
  "confirmed",
  "data_class",
  "drift",
  "host",
  "inventory_state",
  "known_by",
  "method",
  "min_risk",
  "owner",
  "protocol",
  "service",
  "stage",
] as const;
/** What the server sorts by. */
const SORTS = ["host", "risk", "last_seen", "first_seen", "requests"];

/** Filters of the address that the server does not know. */
const OWN = ["q", "auth", "change"];

export interface Catalogue {
  /** What fits, in order. */
  rows: InventoryRow[];
  /** All that was read. */
  items: InventoryRow[] | undefined;
  /** How many there are without, and with the filters, where it is known. */
  total: number | undefined;
  fits: number | undefined;
  /** Values of all endpoints, and how many have them under the filters of the others. */
  all: Tallies | undefined;
  now: Tallies | undefined;
  /** Endpoints by step of risk. */
  risk: number[];
  more: ReadonlySet<string>;
  complete: boolean;
  /** Whether the server filters, and rows come as one scrolls. */
  large: boolean;
  list: ReturnType<typeof useList<"/endpoints">>;
  /** What the calls of a period are of, once it is known. */
  calls: EndpointCalls | undefined;
  /** What the server is asked for the same rows; undefined when it cannot be asked for them. */
  asks: Asked<"/endpoints"> | undefined;
}

/** The largest value of each step of risk, as the server counts them. */
const steps = (sizes: ReadonlyMap<string, number> | undefined) =>
  [0, 1, 2, 3, 4].map((step) => sizes?.get(String(step * STEP)) ?? 0);

/** Endpoints with how they were called. Until that is known they are without. */
function useCalled(items: EndpointRow[] | undefined, calls: EndpointCalls | undefined) {
  return useMemo((): InventoryRow[] | undefined => {
    if (!items || !calls) return items;
    const known = new Map(calls.items.map((one) => [one.endpoint_id, one]));
    const middle = instant(calls.middle) ?? 0;
    return items.map((row) => {
      const found = known.get(row.id) ?? (calls.is_all ? { before: 0, now: 0 } : undefined);
      if (!found) return row;
      const { before, now } = found;
      const first = instant(row.first_seen);
      const change = calls.is_covered ? changed({ before, now }, first, middle) : "not_evaluated";
      return { ...row, calls: { before, now, change } };
    });
  }, [items, calls]);
}

export function useCatalogue(
  sort: string,
  group: "host" | "service" | undefined,
  period: Period | undefined,
): Catalogue {
  const { search, first } = useAddress();
  const asked = useAsked<"/endpoints">(WORDS);
  const extent = useFacets("/endpoints/facets", ALL).data;
  const large = (extent?.total ?? 0) > WHOLE;
  const q = first("q");
  const query = useMemo<Asked<"/endpoints/facets">>(
    () => (large && q ? { ...asked, path: q } : asked),
    [asked, large, q],
  );
  const sorted = useMemo<Asked<"/endpoints">>(() => {
    const by = large && group === "host" ? "host" : sort;
    return SORTS.includes(by.replace(/^-/, "")) ? { ...query, sort: by } : query;
  }, [query, sort, group, large]);
  const whole = useList("/endpoints", ALL, PART, !large);
  const part = useList("/endpoints", sorted, PART, large);
  const list = large ? part : whole;
  const { items, more, error } = whole;
  useEffect(() => {
    // After a failure somebody has to say when to go on, or it would be asked again and again.
    if (!large && more && !error && (items?.length ?? 0) < WHOLE) more();
  }, [more, items, error, large]);
  // Until all is here the server's figures are the true ones, if it knows all the filters.
  const knows = large || OWN.every((name) => search[name] === undefined);
  const counting = large || (!whole.complete && knows);
  const counted = useFacets("/endpoints/facets", query, counting).data;
  const server = counting ? counted : undefined;
  const all = useAllCalls(large ? undefined : period).data;
  const some = useCallsHere(large ? part.items?.[0]?.id : undefined, period).data;
  const calls = [all, some].find((one) => one !== undefined && one.period === period);
  const called = useCalled(large ? undefined : items, all);
  // Before it is known how they were called, none is left out for it.
  const wanted = useMemo(() => (all ? search : replace(search, "change", undefined)), [all, search]);
  const local = useLocal(called, wanted, sort, group);
  const sizes = useMemo(() => tallies(server), [server]);
  const known = useMemo(() => (counting ? tallies(extent) : undefined), [counting, extent]);
  return {
    rows: large ? (part.items ?? NO_ROWS) : local.rows,
    items: list.items,
    total: extent?.total ?? (whole.complete ? items?.length : undefined),
    fits: server?.total ?? (list.complete ? local.rows.length : undefined),
    all: known ?? local.all.counts,
    now: sizes ?? (list.items ? local.now.counts : undefined),
    risk: sizes ? steps(sizes.get("risk")) : local.now.risk,
    more: new Set(
      Object.entries(server?.facets ?? {}).flatMap(([name, facet]) => (facet.more ? [name] : [])),
    ),
    complete: list.complete,
    large,
    list,
    calls,
    asks: knows && SORTS.includes(sort.replace(/^-/, "")) ? sorted : undefined,
  };
}

const ALL = {};
const NO_ROWS: InventoryRow[] = [];

function useLocal(
  items: InventoryRow[] | undefined,
  search: Search,
  sort: string,
  group: "host" | "service" | undefined,
) {
  const all = useMemo(() => narrow(items ?? NO_ROWS, {}), [items]);
  // By its text, since another order is another address with the same filters.
  const wanted = stringify(filters(search));
  const now = useMemo(() => narrow(items ?? NO_ROWS, parse(wanted)), [items, wanted]);
  const rows = useMemo(() => arrange(now.rows, sort, group), [now, sort, group]);
  return { all, now, rows };
}

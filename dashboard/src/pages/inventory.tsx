import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { EndpointCalls } from "../api/shapes.ts";
import { type Facet, FacetColumn } from "../parts/facets.tsx";
import { FilterBar, type FilterNames, Segments } from "../parts/filters.tsx";
import { Hostile } from "../parts/marks.tsx";
import { Rows } from "../parts/rows.tsx";
import { Copy, Empty, Failed, Loading, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { replace, type Search } from "../words/address.ts";
import { CHANGES, type Change, isPeriod, lasting, PERIODS, type Period } from "../words/calls.ts";
import type { InventoryRow } from "../words/inventory.ts";
import { knownBy } from "../words/knowledge.ts";
import { authName, protocolName, spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { clock, day, instant, relative } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { type Catalogue, useCatalogue } from "./catalogue.ts";
import { columnsOf, type Frame } from "./endpointcolumns.tsx";
import { Exports } from "./exporting.tsx";
import { Peek } from "./peek.tsx";
import { RiskFacet } from "./riskfacet.tsx";
import { Views } from "./views.tsx";

/** What the inventory can be narrowed by, in this order. */
const FACETS: Facet[] = [
  {
    name: "inventory_state",
    title: "State",
    short: "state",
    words: (value) => (value === "unspecified" ? "no spec" : spaced(value)),
  },
  {
    name: "confirmed",
    title: "Confirmed",
    short: "confirmed",
    single: true,
    words: (value) => (value === "true" ? "confirmed" : "provisional"),
  },
  { name: "known_by", title: "Known by", short: "known by", words: knownBy },
  { name: "drift", title: "Drift from its specification", short: "drift" },
  { name: "access", title: "Access", short: "access" },
  { name: "auth", title: "Authentication", short: "auth", words: authName },
  { name: "data_class", title: "Data class", short: "data" },
  { name: "service", title: "Service", short: "service", words: (value) => value || "none" },
  { name: "owner", title: "Owner", short: "owner" },
  { name: "business_unit", title: "Business unit", short: "unit" },
  {
    name: "stage",
    title: "Life-cycle stage",
    short: "stage",
    words: (value) => (value === "unknown" ? "not known" : value),
  },
  { name: "protocol", title: "Protocol", short: "protocol", words: protocolName },
  { name: "host", title: "Host", short: "host", words: (value) => value || "no host" },
];

/** What only two periods beside each other tell. */
const CHANGE: Facet = {
  name: "change",
  title: "Change",
  short: "change",
  words: (value) => CHANGES[value as Change] ?? value,
};

const NAMES: FilterNames = Object.fromEntries([
  ["method", { short: "method", show: (value: string) => visible(value, 24) }],
  ["min_risk", { short: "risk from" }],
  ...[...FACETS, CHANGE].map(({ name, short, words }) => [
    name,
    { short, ...(words ? { show: (value: string) => visible(words(value), 40) } : {}) },
  ]),
]);

export function Inventory() {
  useCrumbs("Inventory");
  const { first } = useAddress();
  const [facetsOpen, setFacetsOpen] = useState(false);
  const sort = first("sort") ?? "-risk";
  const group = ["host", "service"].includes(first("group") ?? "")
    ? (first("group") as "host" | "service")
    : undefined;
  const asked = first("period");
  const period = isPeriod(asked) ? asked : undefined;
  const compared = period !== undefined && first("compare") === "before";
  const it = useCatalogue(sort, group, period);
  const { list } = it;
  return (
    <>
      <div className="page-head">
        <h1>Inventory</h1>
        {list.items && <Extent it={it} />}
        <span className="acts">
          <ExportOf it={it} />
        </span>
      </div>
      <Views rows={it.large ? undefined : (list.items ?? [])} />
      <div className="toolbar">
        <FilterBar names={NAMES} hint={it.large ? "path…" : "path, host, service…"} />
        <button
          type="button"
          className="btn only-tight"
          aria-expanded={facetsOpen}
          onClick={() => setFacetsOpen(!facetsOpen)}
        >
          Filters
        </button>
        <Segments
          label="Group"
          name="group"
          options={[
            ["flat", "Flat"],
            ["host", "By host"],
            ...(it.large ? [] : [["service", "By service"] as [string, string]]),
          ]}
        />
        <Periods period={period} compared={compared} />
      </div>
      {period && compared && it.calls && <Uncovered calls={it.calls} period={period} />}
      <div className="inv">
        {list.error && !list.items ? (
          <div />
        ) : (
          <FacetColumn
            facets={compared && !it.large ? [CHANGE, ...FACETS] : FACETS}
            all={it.all}
            now={it.now}
            more={it.more}
            open={facetsOpen}
          >
            <RiskFacet steps={it.risk} />
          </FacetColumn>
        )}
        <div className="panel">
          {list.error && (
            <div className="pb">
              <Failed error={list.error} retry={() => list.refetch()} />
            </div>
          )}
          {list.items === undefined ? (
            !list.error && <Loading rows={16} />
          ) : it.rows.length === 0 && it.complete ? (
            <NoEndpoints total={it.total ?? 0} />
          ) : (
            <Endpoints it={it} sort={sort} group={group} period={period} compared={compared} />
          )}
        </div>
      </div>
    </>
  );
}

function Endpoints({
  it,
  sort,
  group,
  period,
  compared,
}: {
  it: Catalogue;
  sort: string;
  group: "host" | "service" | undefined;
  period: Period | undefined;
  compared: boolean;
}) {
  const { set } = useAddress();
  const navigate = useNavigate();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [peek, setPeek] = useState<InventoryRow>();
  const { rows, list } = it;
  // Groups have to lie together: what comes in parts is grouped by its order, which is that of hosts.
  const grouped = it.large && group === "service" ? undefined : group;
  const sizes = it.large ? it.now?.get("host") : undefined;
  const grouping = useMemo(
    () => (grouped ? groups(rows, grouped, sizes) : undefined),
    [rows, grouped, sizes],
  );
  const middle = it.calls?.is_covered ? instant(it.calls.middle) : undefined;
  const frame = useMemo<Frame | undefined>(
    () => (period ? { period, compared, middle } : undefined),
    [period, compared, middle],
  );
  const columns = useMemo(
    () => columnsOf({ withHost: grouped !== "host", large: it.large, sort, frame }),
    [grouped, it.large, sort, frame],
  );
  const open = (row: InventoryRow) => navigate({ to: "/inventory/$id", params: { id: row.id } });
  const chosen = useMemo(() => rows.filter((row) => selected.has(row.id)), [rows, selected]);
  const ahead = it.large && !list.complete ? AHEAD : 0;
  return (
    <>
      <Rows
        label="Endpoints"
        items={rows}
        total={rows.length + ahead}
        columns={columns}
        height={grouped === "host" ? 32 : 44}
        id={(row) => row.id}
        open={open}
        peek={setPeek}
        narrowHeight={grouped === "host" ? 44 : 56}
        sort={it.large && grouped ? undefined : sort}
        sortBy={(next) => set("sort", next === "-risk" ? undefined : next)}
        selection={{ ids: selected, set: setSelected }}
        more={it.large && !list.error ? list.more : undefined}
        {...(grouping ? { group: grouping } : {})}
      />
      <div className="tf">
        {selected.size > 0 ? (
          <Chosen chosen={chosen} clear={() => setSelected(new Set())} />
        ) : (
          <span className="wide-only">
            <kbd>J</kbd> <kbd>K</kbd> move · <kbd>X</kbd> select · <kbd>↵</kbd> open · <kbd>Space</kbd> look
          </span>
        )}
        <span className="end">
          {it.fits !== undefined && it.fits > rows.length
            ? `${count(rows.length)} of ${many(it.fits, "endpoint")} read`
            : many(rows.length, "endpoint")}
        </span>
      </div>
      {peek && <Peek row={peek} close={() => setPeek(undefined)} open={() => open(peek)} />}
    </>
  );
}

/** Of which period requests are shown, and whether beside the one before. */
function Periods({ period, compared }: { period: Period | undefined; compared: boolean }) {
  const { search, go } = useAddress();
  /** Without these words, and in no order that only they know. */
  const less = (from: Search, names: string[], order: string) => {
    const sorted = String(from.sort ?? "").replace("-", "") === order;
    return [...names, ...(sorted ? ["sort"] : [])].reduce(
      (rest, name) => replace(rest, name, undefined),
      from,
    );
  };
  const alone = less(search, ["compare", "change"], "change");
  const choose = (value: string | undefined) =>
    go(isPeriod(value) ? replace(search, "period", value) : less(alone, ["period"], "calls"));
  return (
    <>
      <Segments
        label="Requests of"
        name="period"
        now={period ?? "total"}
        choose={choose}
        options={[["total", "Total"], ...PERIODS.map(([name, words]) => [name, words] as [string, string])]}
      />
      {period && (
        <button
          type="button"
          className="btn"
          aria-pressed={compared}
          title={`Requests of the last ${lasting(period)} beside those of the ${lasting(period)} before`}
          onClick={() => go(compared ? alone : replace(search, "compare", "before"))}
        >
          Compare with before
        </button>
      )}
    </>
  );
}

/** Nobody counted for long enough, so that nothing can be said to be new, or to have fallen silent. */
function Uncovered({ calls, period }: { calls: EndpointCalls; period: Period }) {
  const now = useNow();
  if (calls.is_covered) return null;
  const since = instant(calls.counted_since);
  return (
    <div className="note">
      <span className="sq hatch" />
      <p>
        <b>Changes are not evaluated.</b>{" "}
        {since === undefined
          ? "No call was counted yet."
          : `Calls are counted since ${day(since, now)}, ${clock(since)}, and two periods are ${lasting(period)} each: what has no call in the one before may have been called and not seen.`}
      </p>
    </div>
  );
}

/** Lines below the last row that was read. */
const AHEAD = 40;

/** The server gives the rows, as far as it knows filters and order. */
function ExportOf({ it }: { it: Catalogue }) {
  const hosts = [...(it.now?.get("host") ?? [])].flatMap(([host, size]) =>
    size > 0 && host !== "" ? [host] : [],
  );
  const { all } = useAddress();
  const chosen = all("host");
  if (it.asks) return <Exports query={it.asks} total={it.fits} hosts={chosen.length > 0 ? chosen : hosts} />;
  return (
    <button
      type="button"
      className="btn"
      disabled
      title="The server gives the rows, and knows neither words, authentication, the number of actors nor how calls changed: take these away first"
    >
      Export
    </button>
  );
}

/** How much there is, and whether all of it was read. */
function Extent({ it }: { it: Catalogue }) {
  const { list, all } = it;
  const now = useNow();
  const provisional = all?.get("confirmed")?.get("false") ?? 0;
  const size = list.items?.length ?? 0;
  // What only a specification knows may have no host.
  const hosts = [...(all?.get("host")?.keys() ?? [])].filter(Boolean).length;
  return (
    <>
      <span className="small t3" role="status">
        {it.total === undefined ? `${count(size)} endpoints so far` : many(it.total, "endpoint")} on{" "}
        {hosts >= 50 && it.more.has("host") ? `more than ${hosts} hosts` : many(hosts, "host")}
        {provisional > 0 ? ` · ${count(provisional)} provisional` : ""}
      </span>
      {it.complete && now - list.at > 60_000 && (
        <span className="small t3 row">
          read {relative(list.at, now)} ago
          <button type="button" className="link" onClick={() => list.refetch()}>
            Read again
          </button>
        </span>
      )}
    </>
  );
}

/** Heads of groups, with how many rows they have: as counted by the server, or here. */
function groups(rows: InventoryRow[], key: "host" | "service", counted?: ReadonlyMap<string, number>) {
  const sizes = new Map<string, number>();
  for (const row of counted ? [] : rows) sizes.set(row[key] ?? "", (sizes.get(row[key] ?? "") ?? 0) + 1);
  return {
    of: (row: InventoryRow) => row[key] ?? "",
    head: (name: string) => (
      <>
        <b>{name ? <Hostile text={name} most={120} /> : `no ${key}`}</b>
        {counted && !counted.has(name) ? "" : many((counted ?? sizes).get(name) ?? 0, "endpoint")}
      </>
    ),
  };
}

function Chosen({ chosen, clear }: { chosen: InventoryRow[]; clear: () => void }) {
  const text = () => chosen.map((row) => `${row.method} ${row.host}${row.path}`).join("\n");
  return (
    <>
      <b className="t2">{count(chosen.length)} selected</b>
      <Copy text={text} label="Copy methods and paths">
        Copy paths
      </Copy>
      <button type="button" className="btn bare" onClick={clear}>
        Clear <kbd>Esc</kbd>
      </button>
    </>
  );
}

function NoEndpoints({ total }: { total: number }) {
  const { search, go } = useAddress();
  const { sort: _, group: __, period: ___, compare: ____, ...filters } = search;
  if (Object.keys(filters).length === 0) {
    return (
      <Empty title="No endpoint yet">
        Endpoints appear when requests come through the gateway or a source, and are answered with success.
        Requests that look like those of a scanner are kept out and counted.
      </Empty>
    );
  }
  return (
    <Empty
      title={`None of ${spaced(many(total, "endpoint"))} fits these filters`}
      action={
        <button type="button" className="btn" onClick={() => go({})}>
          Show all
        </button>
      }
    >
      All of them were looked at.
    </Empty>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { MOST_ROWS, useInventory } from "../api/queries.ts";
import type { EndpointRow } from "../api/shapes.ts";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { AuthWords, DataClasses, Hostile, Method, Path, RiskMark, StateChip } from "../parts/marks.tsx";
import { type Column, Rows } from "../parts/rows.tsx";
import { Copy, Empty, Failed, Loading, Time, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { arrange, type Narrowed, narrow } from "../words/inventory.ts";
import { spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { relative } from "../words/time.ts";
import { FACETS, FacetColumn } from "./facets.tsx";
import { Peek } from "./peek.tsx";
import { Views } from "./views.tsx";

const COLUMNS: Column<EndpointRow>[] = [
  {
    name: "method",
    title: "Method",
    width: "52px",
    narrow: "keep",
    cell: (row) => <Method name={row.method} />,
  },
  {
    name: "path",
    title: "Path",
    width: "minmax(160px, 1fr)",
    narrow: "first",
    cell: (row) => <Path path={row.operation ?? row.path} />,
  },
  { name: "state", title: "State", width: "84px", cell: (row) => <StateChip endpoint={row} /> },
  { name: "auth", title: "Auth", width: "100px", cell: (row) => <AuthWords endpoint={row} /> },
  {
    name: "data",
    title: "Data it carries",
    width: "142px",
    cell: (row) => <DataClasses names={row.data_classes.map((one) => one.class)} />,
  },
  {
    name: "requests",
    title: "Requests",
    width: "72px",
    numeric: true,
    sort: "requests",
    down: true,
    cell: (row) => count(row.requests),
  },
  {
    name: "actors",
    title: "Actors",
    width: "52px",
    numeric: true,
    sort: "actors",
    down: true,
    cell: (row) => count(row.actors),
  },
  {
    name: "risk",
    title: "Risk",
    width: "78px",
    sort: "risk",
    down: true,
    narrow: "keep",
    cell: (row) => <RiskMark score={row.risk.score} />,
  },
  {
    name: "seen",
    title: "Seen",
    width: "52px",
    numeric: true,
    sort: "last_seen",
    down: true,
    cell: (row) => (
      <span className="t2">
        <Time at={row.last_seen} />
      </span>
    ),
  },
];

/** Where rows do not stand under their host, it stands under the path. */
const WITH_HOST = COLUMNS.map((column) =>
  column.name === "path"
    ? {
        ...column,
        cell: (row: EndpointRow) => (
          <>
            <Path path={row.operation ?? row.path} />
            <span className="sub">
              <Hostile text={row.host} most={80} />
            </span>
          </>
        ),
      }
    : column,
);

export function Inventory() {
  useCrumbs("Inventory");
  const { search, first, set, go } = useAddress();
  const navigate = useNavigate();
  const list = useInventory();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [peek, setPeek] = useState<EndpointRow>();
  const [facetsOpen, setFacetsOpen] = useState(false);
  const sort = first("sort") ?? "-risk";
  const group = ["host", "service"].includes(first("group") ?? "")
    ? (first("group") as "host" | "service")
    : undefined;
  const all = useMemo(() => narrow(list.items ?? [], {}), [list.items]);
  const now = useMemo(() => narrow(list.items ?? [], search), [list.items, search]);
  const rows = useMemo(() => arrange(now.rows, sort, group), [now.rows, sort, group]);
  const grouping = useMemo(() => (group ? groups(rows, group) : undefined), [rows, group]);
  const open = (row: EndpointRow) => navigate({ to: "/inventory/$id", params: { id: row.id } });
  const chosen = rows.filter((row) => selected.has(row.id));
  const { sort: _, group: __, ...filters } = search;
  return (
    <>
      <div className="page-head">
        <h1>Inventory</h1>
        {list.items && <Extent all={all} list={list} />}
      </div>
      <Views rows={list.items ?? []} />
      <div className="toolbar">
        <FilterBar names={NAMES} hint="path, host, service…" />
        <button
          type="button"
          className="btn only-narrow"
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
            ["service", "By service"],
          ]}
        />
      </div>
      <div className="inv">
        {list.error && !list.items ? (
          <div />
        ) : (
          <FacetColumn all={list.items && all} now={now} open={facetsOpen} />
        )}
        <div className="panel">
          {list.error && (
            <div className="pb">
              <Failed error={list.error} retry={() => list.refetch()} />
            </div>
          )}
          {list.items === undefined ? (
            !list.error && <Loading rows={16} />
          ) : rows.length === 0 && list.complete ? (
            <NoEndpoints
              filtered={Object.keys(filters).length > 0}
              total={list.items.length}
              clear={() => go({})}
            />
          ) : (
            <>
              <Rows
                label="Endpoints"
                items={rows}
                total={rows.length}
                columns={group === "host" ? COLUMNS : WITH_HOST}
                height={group === "host" ? 32 : 44}
                id={(row) => row.id}
                open={open}
                peek={setPeek}
                narrowHeight={group === "host" ? 58 : 74}
                sort={sort}
                sortBy={(next) => set("sort", next === "-risk" ? undefined : next)}
                selection={{ ids: selected, set: setSelected }}
                {...(grouping ? { group: grouping } : {})}
              />
              <div className="tf">
                {selected.size > 0 ? (
                  <Chosen chosen={chosen} clear={() => setSelected(new Set())} />
                ) : (
                  <span className="wide-only">
                    <kbd>J</kbd> <kbd>K</kbd> move · <kbd>X</kbd> select · <kbd>↵</kbd> open ·{" "}
                    <kbd>Space</kbd> look
                  </span>
                )}
                <span className="end">{many(rows.length, "endpoint")}</span>
              </div>
            </>
          )}
        </div>
      </div>
      {peek && <Peek row={peek} close={() => setPeek(undefined)} open={() => open(peek)} />}
    </>
  );
}

const NAMES = Object.fromEntries([
  ["method", "method"],
  ["min_risk", "risk from"],
  ...FACETS.map((facet) => [facet.name, facet.short]),
]);

/** How much there is, and whether all of it was read. */
function Extent({ all, list }: { all: Narrowed; list: ReturnType<typeof useInventory> }) {
  const provisional = all.counts.get("confirmed")?.get("false") ?? 0;
  const size = list.items?.length ?? 0;
  const now = useNow();
  return (
    <>
      <span className="small t3" role="status">
        {list.complete
          ? many(size, "endpoint")
          : size >= MOST_ROWS
            ? `the first ${count(size)} endpoints of more`
            : `${count(size)} endpoints so far`}{" "}
        on {many(all.counts.get("host")?.size ?? 0, "host")}
        {provisional > 0 ? ` · ${count(provisional)} provisional` : ""}
      </span>
      {list.complete && now - list.at > 60_000 && (
        <span className="acts small t3 row">
          read {relative(list.at, now)} ago
          <button type="button" className="btn" onClick={() => list.refetch()}>
            Read again
          </button>
        </span>
      )}
    </>
  );
}

/** Heads of groups, with how many rows they have. */
function groups(rows: EndpointRow[], key: "host" | "service") {
  const sizes = new Map<string, number>();
  for (const row of rows) sizes.set(row[key] ?? "", (sizes.get(row[key] ?? "") ?? 0) + 1);
  return {
    of: (row: EndpointRow) => row[key] ?? "",
    head: (name: string) => (
      <>
        <b>{name ? <Hostile text={name} most={120} /> : "no service"}</b>
        {many(sizes.get(name) ?? 0, "endpoint")}
      </>
    ),
  };
}

function Chosen({ chosen, clear }: { chosen: EndpointRow[]; clear: () => void }) {
  const text = chosen.map((row) => `${row.method} ${row.host}${row.path}`).join("\n");
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

function NoEndpoints({ filtered, total, clear }: { filtered: boolean; total: number; clear: () => void }) {
  if (!filtered) {
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
        <button type="button" className="btn" onClick={clear}>
          Show all
        </button>
      }
    >
      All of them were looked at.
    </Empty>
  );
}

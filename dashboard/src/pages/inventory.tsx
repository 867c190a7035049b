import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { address } from "../api/client.ts";
import { useFacets, useList } from "../api/queries.ts";
import type { EndpointRow } from "../api/shapes.ts";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { AuthWords, DataClasses, Hostile, Method, Path, RiskMark, StateChip } from "../parts/marks.tsx";
import { type Column, Rows } from "../parts/rows.tsx";
import { Empty, Failed, Loading, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import type { Search } from "../words/address.ts";
import { spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { FACETS, FacetColumn } from "./facets.tsx";
import { Peek } from "./peek.tsx";
import { Views } from "./views.tsx";

const FIELDS =
  "id,host,method,path,protocol,operation,service,access,inventory_state,confirmed,auth,auth_judged,requests,actors,first_seen,last_seen,data_classes,risk";

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
  { name: "auth", title: "Auth", width: "88px", cell: (row) => <AuthWords endpoint={row} /> },
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

/** The filters of the address, as the API takes them. */
function question(search: Search): Record<string, string | string[]> {
  const { sort: _, group: __, ...filters } = search;
  return filters;
}

/** Rows come in the order of hosts or services; within one of them the sort of the head holds. */
function within(rows: EndpointRow[], group: "host" | "service", sort: string): EndpointRow[] {
  const value = (row: EndpointRow) =>
    sort.endsWith("risk")
      ? row.risk.score
      : sort.endsWith("requests")
        ? row.requests
        : sort.endsWith("actors")
          ? row.actors
          : Date.parse(row.last_seen ?? "") || 0;
  const way = sort.startsWith("-") ? -1 : 1;
  const order = new Map<string, number>();
  for (const row of rows) {
    const name = row[group] ?? "";
    if (!order.has(name)) order.set(name, order.size);
  }
  return rows.toSorted(
    (a, b) =>
      (order.get(a[group] ?? "") ?? 0) - (order.get(b[group] ?? "") ?? 0) || (value(a) - value(b)) * way,
  );
}

export function Inventory() {
  useCrumbs("Inventory");
  const { search, first, set, go } = useAddress();
  const navigate = useNavigate();
  const sort = first("sort") ?? "-risk";
  const group = first("group") ?? "flat";
  const filters = useMemo(() => question(search), [search]);
  const all = useFacets({});
  const now = useFacets(filters);
  const list = useList<EndpointRow>("/endpoints", {
    ...filters,
    sort: group === "flat" ? sort : "host",
    fields: FIELDS,
  });
  const rows = useMemo(() => {
    const read = list.pages?.flatMap((page) => page.items) ?? [];
    return group === "flat" ? read : within(read, group === "service" ? "service" : "host", sort);
  }, [list.pages, group, sort]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [peek, setPeek] = useState<EndpointRow>();
  const [facetsOpen, setFacetsOpen] = useState(false);
  const counts = useMemo(
    () =>
      new Map(
        now.data?.facets
          .find((facet) => facet.name === (group === "service" ? "service" : "host"))
          ?.values.map((one) => [one.value, one.count]),
      ),
    [now.data, group],
  );
  const grouping = useMemo(() => {
    if (group === "flat") return undefined;
    const key = group === "service" ? "service" : "host";
    return {
      of: (row: EndpointRow) => row[key] ?? "",
      head: (name: string) => (
        <>
          <b>{name ? <Hostile text={name} most={120} /> : "no service"}</b>
          {counts.has(name) && many(counts.get(name) ?? 0, "endpoint")}
        </>
      ),
    };
  }, [group, counts]);
  const open = (row: EndpointRow) => navigate({ to: "/inventory/$id", params: { id: row.id } });
  const provisional = all.data?.facets
    .find((facet) => facet.name === "confirmed")
    ?.values.find((one) => one.value === "false")?.count;
  const hosts = all.data?.facets.find((facet) => facet.name === "host")?.values.length;
  const paths = rows.filter((row) => selected.has(row.id));
  return (
    <>
      <div className="page-head">
        <h1>Inventory</h1>
        {all.data && (
          <span className="small t3">
            {many(all.data.total, "endpoint")} on {many(hosts ?? 0, "host")}
            {provisional ? ` · ${count(provisional)} provisional` : ""}
          </span>
        )}
        <span className="acts">
          <a
            className="btn"
            href={address("/endpoints", { ...filters, sort, format: "csv" })}
            download="endpoints.csv"
          >
            Export CSV
          </a>
        </span>
      </div>
      <Views />
      <div className="toolbar">
        <FilterBar
          names={Object.fromEntries([
            ["host", "host"],
            ["method", "method"],
            ["min_risk", "risk from"],
            ...FACETS.map((facet) => [facet.name, facet.short]),
          ])}
          hint="path, host, service…"
        />
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
        <FacetColumn all={all.data} now={now.data} open={facetsOpen} />
        <div className="panel">
          {list.error && (
            <div className="pb">
              <Failed error={list.error} retry={() => list.refetch()} />
            </div>
          )}
          {list.pages === undefined ? (
            !list.error && <Loading rows={16} />
          ) : rows.length === 0 ? (
            <NoEndpoints
              filtered={Object.keys(filters).length > 0}
              total={all.data?.total ?? 0}
              clear={() => go({})}
            />
          ) : (
            <>
              <Rows
                label="Endpoints"
                items={rows}
                total={list.total}
                columns={group === "host" ? COLUMNS : WITH_HOST}
                height={group === "host" ? 32 : 44}
                id={(row) => row.id}
                open={open}
                peek={setPeek}
                more={list.hasNextPage && !list.isFetchingNextPage ? list.fetchNextPage : undefined}
                narrowHeight={group === "host" ? 58 : 74}
                sort={sort}
                sortBy={(next) => set("sort", next === "-risk" ? undefined : next)}
                selection={{ ids: selected, set: setSelected }}
                {...(grouping ? { group: grouping } : {})}
              />
              <div className="tf">
                {selected.size > 0 ? (
                  <>
                    <b className="t2">{count(selected.size)} selected</b>
                    <button
                      type="button"
                      className="btn"
                      onClick={() =>
                        navigator.clipboard?.writeText(
                          paths.map((row) => `${row.method} ${row.host}${row.path}`).join("\n"),
                        )
                      }
                    >
                      Copy paths
                    </button>
                    <button type="button" className="btn bare" onClick={() => setSelected(new Set())}>
                      Clear <kbd>Esc</kbd>
                    </button>
                  </>
                ) : (
                  <span className="wide-only">
                    <kbd>J</kbd> <kbd>K</kbd> move · <kbd>X</kbd> select · <kbd>↵</kbd> open ·{" "}
                    <kbd>Space</kbd> look
                  </span>
                )}
                <span className="end">{many(list.total, "endpoint")}</span>
              </div>
            </>
          )}
        </div>
      </div>
      {peek && <Peek row={peek} close={() => setPeek(undefined)} open={() => open(peek)} />}
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

import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useList } from "../api/queries.ts";
import type { Actor } from "../api/shapes.ts";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { Hostile } from "../parts/marks.tsx";
import { type Column, Rows } from "../parts/rows.tsx";
import { Empty, Failed, Loading, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

/** How far a principal is believed: dashed is claimed only. */
export function Grade({ grade }: { grade: string | null }) {
  if (grade === null) return <span className="t3">–</span>;
  return (
    <span className={grade === "claimed" ? "chip dashed" : grade === "verified" ? "chip on" : "chip"}>
      {grade}
    </span>
  );
}

const COLUMNS: Column<Actor>[] = [
  {
    name: "kind",
    title: "Kind",
    width: "72px",
    narrow: "keep",
    cell: (row) => <span className="t2">{row.kind}</span>,
  },
  {
    name: "label",
    title: "Actor",
    width: "minmax(220px, 1fr)",
    narrow: "first",
    cell: (row) => <Hostile text={row.label} most={120} />,
  },
  { name: "grade", title: "Grade", width: "76px", cell: (row) => <Grade grade={row.grade} /> },
  {
    name: "networks",
    title: "Networks",
    width: "180px",
    cell: (row) => (
      <span className="mono t3">
        {row.networks
          .slice(0, 2)
          .map((one) => visible(one, 50))
          .join(", ")}
        {row.networks.length > 2 ? ` +${row.networks.length - 2}` : ""}
      </span>
    ),
  },
  { name: "requests", title: "Requests", width: "72px", numeric: true, cell: (row) => count(row.requests) },
  {
    name: "endpoints",
    title: "Endpoints",
    width: "72px",
    numeric: true,
    cell: (row) => count(row.endpoints),
  },
  {
    name: "detections",
    title: "Detections",
    width: "76px",
    numeric: true,
    narrow: "keep",
    cell: (row) =>
      row.detections > 0 ? (
        <b className="tone s-high">{many(row.detections, "detection").split(" ")[0]}</b>
      ) : (
        <span className="t3">0</span>
      ),
  },
  {
    name: "seen",
    title: "Seen",
    width: "56px",
    numeric: true,
    cell: (row) => (
      <span className="t2">
        <Time at={row.last_seen} />
      </span>
    ),
  },
];

export function Actors() {
  useCrumbs("Actors");
  const { search, go } = useAddress();
  const navigate = useNavigate();
  const query = useMemo(() => {
    const { hostile, q, ...filters } = search;
    return { ...filters, ...(q ? { label: q } : {}), ...(hostile ? { min_detections: "1" } : {}) };
  }, [search]);
  const list = useList<Actor>("/actors", query, 200);
  const rows = list.items ?? [];
  return (
    <>
      <div className="page-head">
        <h1>Actors</h1>
        <span className="small t3">
          principals where they are known, else sessions, else addresses with their client
        </span>
      </div>
      <div className="toolbar">
        <FilterBar names={{}} hint="label…" />
        <Segments
          label="Kind"
          name="kind"
          options={[
            ["", "All"],
            ["principal", "Principals"],
            ["session", "Sessions"],
            ["address", "Addresses"],
            ["campaign", "Campaigns"],
          ]}
        />
        <Segments
          label="Detections"
          name="hostile"
          options={[
            ["", "Everybody"],
            ["1", "With detections"],
          ]}
        />
      </div>
      <div className="panel">
        {list.error && (
          <div className="pb">
            <Failed error={list.error} retry={() => list.refetch()} />
          </div>
        )}
        {list.items === undefined ? (
          !list.error && <Loading rows={12} />
        ) : rows.length === 0 ? (
          <Empty
            title="No actor fits"
            action={
              <button type="button" className="btn" onClick={() => go({})}>
                Show all
              </button>
            }
          >
            Actors appear with the first exchange that is judged.
          </Empty>
        ) : (
          <>
            <Rows
              label="Actors"
              items={rows}
              total={rows.length}
              columns={COLUMNS}
              id={(row) => row.id}
              open={(row) => navigate({ to: "/actors/$id", params: { id: row.id } })}
              more={list.more}
            />
            <div className="tf">
              <span className="end">
                {many(rows.length, "actor")}
                {list.complete ? "" : ", and more below"}
              </span>
            </div>
          </>
        )}
      </div>
    </>
  );
}

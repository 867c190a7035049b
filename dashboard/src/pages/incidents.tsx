import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useHealth, useWhole } from "../api/queries.ts";
import type { Incident } from "../api/shapes.ts";
import { FilterBar, Range, Segments } from "../parts/filters.tsx";
import { Hostile, Sev, Stages } from "../parts/marks.tsx";
import { type Column, Rows } from "../parts/rows.tsx";
import { Empty, Failed, Loading, Time, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { count, many } from "../words/numbers.ts";
import { begin } from "../words/time.ts";

const COLUMNS: Column<Incident>[] = [
  {
    name: "severity",
    title: "Severity",
    width: "92px",
    narrow: "keep",
    cell: (row) => <Sev severity={row.severity} />,
  },
  {
    name: "story",
    title: "Story",
    width: "minmax(260px, 1fr)",
    narrow: "first",
    cell: (row) => (
      <>
        <span className="main-cell">
          <Hostile text={story(row)} />
        </span>
        <span className="sub">
          <Link to="/actors/$id" params={{ id: row.actor.id }}>
            <Hostile text={row.actor.label} most={80} />
          </Link>{" "}
          · <Hostile text={rest(row)} />
        </span>
      </>
    ),
  },
  { name: "stages", title: "Stage reached", width: "104px", cell: (row) => <Stages stages={row.stages} /> },
  {
    name: "detections",
    title: "Detections",
    width: "72px",
    numeric: true,
    cell: (row) => count(row.detection_ids.length),
  },
  {
    name: "score",
    title: "Score",
    width: "48px",
    numeric: true,
    narrow: "keep",
    cell: (row) => <b>{row.score}</b>,
  },
  {
    name: "seen",
    title: "Last seen",
    width: "64px",
    numeric: true,
    cell: (row) => (
      <span className="t2">
        <Time at={row.ended} />
      </span>
    ),
  },
];

/** What was done: the summary up to its colon. */
export const story = (incident: Incident) => incident.summary.split(": ")[0] ?? incident.summary;
/** How much: the summary behind its colon. */
export const rest = (incident: Incident) =>
  incident.summary.split(": ").slice(1).join(": ").replace(/\.$/, "");

export function Incidents() {
  useCrumbs("Incidents");
  const { search, first, go } = useAddress();
  const navigate = useNavigate();
  const now = useNow();
  const health = useHealth().data;
  const query = useMemo(() => {
    const { range, severity, q: _, ...filters } = search;
    const since = begin(typeof range === "string" ? range : undefined, now);
    return { ...filters, ...(severity ? { min_severity: severity } : {}), ...(since ? { since } : {}) };
  }, [search, now]);
  const list = useWhole<Incident>("/incidents", query);
  const words = (first("q") ?? "").toLowerCase();
  const rows = useMemo(
    () =>
      (list.items ?? []).filter((row) =>
        `${row.summary} ${row.actor.label} ${row.id}`.toLowerCase().includes(words),
      ),
    [list.items, words],
  );
  const filtered = Object.keys(search).length > 0;
  return (
    <>
      <div className="page-head">
        <h1>Incidents</h1>
        <span className="small t3">what one actor or campaign did, in order</span>
      </div>
      <div className="toolbar">
        <FilterBar names={{ actor: "actor" }} hint="story, actor…" />
        <Segments
          label="Severity at least"
          name="severity"
          options={[
            ["info", "Any"],
            ["medium", "Medium +"],
            ["high", "High +"],
            ["critical", "Critical"],
          ]}
        />
        <Range />
      </div>
      <div className="panel">
        {list.error && (
          <div className="pb">
            <Failed error={list.error} retry={() => list.refetch()} />
          </div>
        )}
        {list.items === undefined ? (
          !list.error && <Loading rows={8} />
        ) : rows.length === 0 ? (
          <Empty
            title={filtered ? "No incident fits these filters" : "No incident"}
            action={
              filtered && (
                <button type="button" className="btn" onClick={() => go({})}>
                  Show all
                </button>
              )
            }
          >
            {health
              ? `${many(health.exchanges.judged ?? 0, "exchange")} were judged, ${count(health.exchanges.partly_inspected ?? 0)} of them in part, and ${count(health.exchanges.not_judged ?? 0)} not.`
              : ""}
          </Empty>
        ) : (
          <>
            <Rows
              label="Incidents"
              items={rows}
              total={rows.length}
              columns={COLUMNS}
              id={(row) => row.id}
              open={(row) => navigate({ to: "/incidents/$id", params: { id: row.id } })}
              height={52}
              narrowHeight={76}
            />
            <div className="tf">
              <span className="wide-only">
                <kbd>J</kbd> <kbd>K</kbd> move · <kbd>↵</kbd> open
              </span>
              <span className="end">{many(rows.length, "incident")}</span>
            </div>
          </>
        )}
      </div>
    </>
  );
}

import { Link, useNavigate } from "@tanstack/react-router";
import type { Health } from "../api/figures.ts";
import { useHealth } from "../api/queries.ts";
import type { IncidentRow } from "../api/rows.ts";
import { Least, Range } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked, useCounted } from "../parts/list.tsx";
import { Hostile, Sev, Stages } from "../parts/marks.tsx";
import type { Column } from "../parts/rows.tsx";
import { Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { count, many } from "../words/numbers.ts";
import { rest, story } from "../words/story.ts";
import { ActorName, Moment, useActorSuggestions } from "./named.tsx";

const COLUMNS: Column<IncidentRow>[] = [
  {
    name: "severity",
    title: "Severity",
    width: "92px",
    narrow: "keep",
    sort: "severity",
    down: true,
    fixed: true,
    cell: (row) => <Sev severity={row.severity} />,
  },
  {
    name: "story",
    title: "Story",
    width: "minmax(260px, 1fr)",
    narrow: "first",
    cell: (row) => (
      <>
        <span className="main-cell two-lines">
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
    spare: 980,
    width: "72px",
    numeric: true,
    cell: (row) => count(row.detection_ids.length),
  },
  {
    name: "score",
    title: "Score",
    width: "52px",
    numeric: true,
    sort: "score",
    down: true,
    narrow: "keep",
    cell: (row) => <b>{row.score}</b>,
  },
  {
    name: "seen",
    title: "Last seen",
    width: "72px",
    numeric: true,
    sort: "last_seen",
    down: true,
    cell: (row) => (
      <span className="t2">
        <Time at={row.ended} />
      </span>
    ),
  },
];

/** How much was looked at, and how fully. */
function looked({ judged, partly_inspected: partly, not_judged: not }: Health["exchanges"]): string {
  const parts = [
    `${many(judged, "exchange")} ${judged === 1 ? "was" : "were"} judged`,
    ...(partly > 0 ? [`${count(partly)} of them in part`] : []),
    ...(not > 0 ? [`${count(not)} not at all`] : []),
  ];
  return `${parts.join(", ")}.`;
}

const WORDS = ["actor", "severity", "since", "before"] as const;

export function Incidents() {
  useCrumbs("Incidents");
  const navigate = useNavigate();
  const health = useHealth().data;
  const query = useAsked<"/incidents">(WORDS);
  const counted = useCounted("/incidents", query);
  return (
    <ListPage
      title="Incidents"
      about="what one actor or campaign did, in order"
      names={{
        actor: { short: "actor", show: (id) => <ActorName id={id} /> },
        since: { short: "since", show: (at) => <Moment at={at} /> },
        before: { short: "before", show: (at) => <Moment at={at} /> },
      }}
      hint="actor…"
      suggest={useActorSuggestions("actor")}
      tools={
        <>
          <Least counts={counted.sizes?.get("severity")} />
          <Range />
        </>
      }
      end={<Export path="/incidents" query={query} order="-severity" total={counted.total} />}
    >
      <ListPanel
        path="/incidents"
        query={query}
        order="-severity"
        label="Incidents"
        noun="incident"
        total={counted.total}
        columns={COLUMNS}
        id={(row) => row.id}
        open={(row) => navigate({ to: "/incidents/$id", params: { id: row.id } })}
        height={52}
        narrowHeight={96}
        empty={
          <NoRows title="No incident fits these filters" fallback="No incident">
            {health ? looked(health.exchanges) : ""}
          </NoRows>
        }
      />
    </ListPage>
  );
}

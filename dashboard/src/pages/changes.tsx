import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Change, ChangeLog } from "../api/changes.ts";
import { resource } from "../api/queries.ts";
import type { Page } from "../api/shapes.ts";
import type { Facet } from "../parts/facets.tsx";
import { Range } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked, useCounted } from "../parts/list.tsx";
import { Called, Hostile, Sev } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import type { Column } from "../parts/rows.tsx";
import { Ready, Time, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { changeName, changeSubject, GRADE_TONE, toldSince } from "../words/changes.ts";
import { capital } from "../words/names.ts";
import { count } from "../words/numbers.ts";
import { absolute, instant } from "../words/time.ts";
import { EndpointName, Moment } from "./named.tsx";

/** The mark of a severity with the word of the grade. */
function Grade({ change: { grade } }: { change: Change }) {
  return (
    <span className="row nw">
      <Sev severity={GRADE_TONE[grade]} bare />
      {capital(grade)}
    </span>
  );
}

function What({ change }: { change: Change }) {
  const subject = changeSubject(change);
  return (
    <>
      {changeName(change)}
      {subject !== "" && (
        <>
          {" "}
          <code>
            <Hostile text={subject} most={120} />
          </code>
        </>
      )}
      {change.kind === "inventory_state_changed" && change.before && (
        <span className="t3">
          {" "}
          was <Hostile text={change.before} most={40} />
        </span>
      )}
    </>
  );
}

const COLUMNS: Column<Change>[] = [
  { name: "grade", title: "Grade", width: "96px", narrow: "keep", cell: (row) => <Grade change={row} /> },
  {
    name: "what",
    title: "What changed",
    width: "minmax(240px, 1fr)",
    narrow: "first",
    cell: (row) => (
      <>
        <span className="main-cell">
          <What change={row} />
        </span>
        <span className="sub">
          <Called place={row} most={120} /> <Hostile text={row.host} most={80} />
        </span>
      </>
    ),
  },
  {
    name: "time",
    title: "When",
    width: "80px",
    numeric: true,
    sort: "time",
    down: true,
    cell: (row) => (
      <span className="t2">
        <Time at={row.time} />
      </span>
    ),
  },
];

const FACETS: Facet[] = [
  { name: "grade", title: "Grade", short: "grade" },
  { name: "kind", title: "What changed", short: "kind" },
  { name: "host", title: "Host", short: "host", words: (host) => host },
];

const WORDS = ["kind", "grade", "host", "endpoint", "since", "before"] as const;

export function Changes() {
  useCrumbs("Changes");
  const navigate = useNavigate();
  const query = useAsked<"/changes">(WORDS);
  const counted = useCounted("/changes", query);
  return (
    <ListPage
      title="Changes"
      about="what is new at confirmed endpoints since the baseline"
      names={{
        grade: { short: "grade" },
        kind: { short: "kind" },
        host: { short: "host", show: (host) => <Hostile text={host} most={60} /> },
        endpoint: { short: "endpoint", show: (id) => <EndpointName id={id} /> },
        since: { short: "since", show: (at) => <Moment at={at} /> },
        before: { short: "before", show: (at) => <Moment at={at} /> },
      }}
      hint="choose filters"
      suggest={{ typed: () => {}, found: [] }}
      tools={<Range />}
      end={<Export path="/changes" query={query} order="-time" total={counted.total} />}
      facets={{ facets: FACETS, counted }}
    >
      <ListPanel
        path="/changes"
        query={query}
        order="-time"
        label="Changes"
        noun="change"
        total={counted.total}
        columns={COLUMNS}
        id={(row) => row.id}
        open={(row) => navigate({ to: "/inventory/$id", params: { id: row.endpoint_id } })}
        height={48}
        narrowHeight={84}
        empty={
          <NoRows title="No change fits these filters" fallback="No change yet">
            <Told />
          </NoRows>
        }
      />
    </ListPage>
  );
}

/** From when on changes are told, and how long they are kept. */
function Told() {
  const log = useQuery(resource<ChangeLog>("/changes/baseline")).data;
  const now = useNow();
  if (log === undefined) return null;
  const kept = `The latest ${count(log.most_kept)} are kept, for ${count(log.days_kept)} days.`;
  const { baseline } = log;
  const ends = baseline && instant(baseline.ends);
  switch (toldSince(baseline, now)) {
    case "nothing":
      return <>Nothing was compared yet: the first results become the baseline.</>;
    case "learning":
      return (
        <>
          The baseline is still learned. What is new after {ends ? absolute(ends) : "it"} is a change. {kept}
        </>
      );
    case "telling":
      return (
        <>
          What came after {ends ? absolute(ends) : "the first results"} was compared. A change is told once
          more than one caller showed it. {kept}
        </>
      );
  }
}

const SHOWN = 8;

/** The latest entries of the change log about an endpoint. */
export function ToldHere({ endpoint }: { endpoint: string }) {
  const changes = useQuery(resource<Page<Change>>("/changes", { endpoint, limit: SHOWN }));
  return (
    <Panel
      title="Changes"
      end={
        (changes.data?.items.length ?? 0) > 0 && (
          <Link to="/changes" search={{ endpoint }} className="link">
            All of them
          </Link>
        )
      }
    >
      <Ready of={changes} rows={3}>
        {(it) =>
          it.items.length === 0 ? (
            <p className="pb small t3">
              <Told />
            </p>
          ) : (
            <ol className="pb hist">
              {it.items.map((change) => (
                <li key={change.id}>
                  <Grade change={change} /> <What change={change} />
                  <br />
                  <Time at={change.time} ago />
                </li>
              ))}
            </ol>
          )
        }
      </Ready>
    </Panel>
  );
}

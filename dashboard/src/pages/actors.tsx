import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Asked } from "../api/client.ts";
import type { Actor } from "../api/shapes.ts";
import { Segments } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked, useCounted } from "../parts/list.tsx";
import { Hostile } from "../parts/marks.tsx";
import type { Column } from "../parts/rows.tsx";
import { Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { count } from "../words/numbers.ts";
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
    spare: 1200,
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
  {
    name: "requests",
    title: "Requests",
    width: "76px",
    numeric: true,
    sort: "requests",
    down: true,
    cell: (row) => count(row.requests),
  },
  {
    name: "endpoints",
    title: "Endpoints",
    spare: 960,
    width: "72px",
    numeric: true,
    cell: (row) => count(row.endpoints),
  },
  {
    name: "detections",
    title: "Detections",
    width: "80px",
    numeric: true,
    sort: "detections",
    down: true,
    narrow: "keep",
    cell: (row) =>
      row.detections > 0 ? (
        <b className="tone s-high">{count(row.detections)}</b>
      ) : (
        <span className="t3">0</span>
      ),
  },
  {
    name: "seen",
    title: "Seen",
    width: "56px",
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

const WORDS = ["kind", "min_detections"] as const;

/** The words are part of the label. */
function useQuery(): Asked<"/actors"> {
  const { first } = useAddress();
  const asked = useAsked<"/actors">(WORDS);
  const label = first("q");
  return useMemo(() => (label ? { ...asked, label } : asked), [asked, label]);
}

export function Actors() {
  useCrumbs("Actors");
  const navigate = useNavigate();
  const query = useQuery();
  const counted = useCounted("/actors", query);
  const kinds = counted.sizes?.get("kind");
  const size = (kind: string) =>
    kind === "" ? [...(kinds?.values() ?? [])].reduce((sum, one) => sum + one, 0) : (kinds?.get(kind) ?? 0);
  return (
    <ListPage
      title="Actors"
      about="principals where they are known, else sessions, else addresses with their client"
      names={{}}
      hint="label…"
      tools={
        <>
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
            counts={kinds && size}
          />
          <Segments
            label="Detections"
            name="min_detections"
            options={[
              ["", "Everybody"],
              ["1", "With detections"],
            ]}
          />
        </>
      }
      end={<Export path="/actors" query={query} order="-detections" total={counted.total} />}
    >
      <ListPanel
        path="/actors"
        query={query}
        order="-detections"
        label="Actors"
        noun="actor"
        total={counted.total}
        columns={COLUMNS}
        id={(row) => row.id}
        open={(row) => navigate({ to: "/actors/$id", params: { id: row.id } })}
        empty={
          <NoRows title="No actor fits" fallback="No actor yet">
            Actors appear with the first exchange that is judged.
          </NoRows>
        }
      />
    </ListPage>
  );
}

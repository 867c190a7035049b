// All journeys: one graph for each host and role.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { JourneySummary } from "../api/journeys.ts";
import { resource } from "../api/queries.ts";
import type { Page } from "../api/shapes.ts";
import type { Suggestion } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked } from "../parts/list.tsx";
import { Hostile } from "../parts/marks.tsx";
import type { Column } from "../parts/rows.tsx";
import { Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { FEW_SESSIONS, ROLE_TOLD } from "../words/journeys.ts";
import { count } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

/** A role that a token claims is what callers are named by; the others are what is known without one. */
export function Role({ journey }: { journey: Pick<JourneySummary, "role" | "role_told_by"> }) {
  return (
    <span
      className={journey.role_told_by === "claim" ? "chip" : "chip dashed"}
      title={ROLE_TOLD[journey.role_told_by]}
    >
      <span className="cut">{visible(journey.role, 60)}</span>
    </span>
  );
}

const COLUMNS: Column<JourneySummary>[] = [
  {
    name: "host",
    title: "Host",
    width: "minmax(180px, 1fr)",
    narrow: "first",
    sort: "host",
    cell: (row) => (
      <span className="mono">
        <Hostile text={row.host} most={120} />
      </span>
    ),
  },
  { name: "role", title: "Role", width: "160px", narrow: "keep", cell: (row) => <Role journey={row} /> },
  {
    name: "way",
    title: "Way in",
    spare: 1060,
    width: "minmax(200px, 2fr)",
    cell: (row) =>
      row.login_sequence === null ? (
        <span className="t3">–</span>
      ) : (
        <span className="mono t2" title={visible(row.login_sequence, 400)}>
          <Hostile text={row.login_sequence} most={200} />
        </span>
      ),
  },
  {
    name: "sessions",
    title: "Sessions",
    width: "76px",
    numeric: true,
    sort: "sessions",
    down: true,
    narrow: "keep",
    cell: (row) =>
      row.sessions < FEW_SESSIONS ? (
        <span className="t3" title="Of so few sessions, what was never seen says little">
          {count(row.sessions)}
        </span>
      ) : (
        count(row.sessions)
      ),
  },
  { name: "actors", title: "Callers", width: "64px", numeric: true, cell: (row) => count(row.actors) },
  { name: "nodes", title: "Endpoints", width: "72px", numeric: true, cell: (row) => count(row.nodes) },
  {
    name: "moves",
    title: "Moves",
    spare: 960,
    width: "64px",
    numeric: true,
    cell: (row) => count(row.moves),
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

const WORDS = ["host", "role"] as const;
/** Most journeys whose hosts and roles are offered as filters, and most filters that are offered at once. */
const KNOWN = 500;
const OFFERED = 8;

/** Words choose a host or a role that there is. */
function useSuggestions() {
  const [text, typed] = useState("");
  const known = useQuery({
    ...resource<Page<JourneySummary>>("/journeys", { limit: KNOWN }),
    enabled: text !== "",
    staleTime: 60_000,
  }).data?.items;
  const found: Suggestion[] = WORDS.flatMap((name) => {
    const values = [...new Set((known ?? []).map((one) => one[name]))];
    return values
      .filter((value) => text !== "" && value.toLowerCase().includes(text.toLowerCase()))
      .map((value) => ({ name, value, words: <Hostile text={value} most={80} />, end: name }));
  }).slice(0, OFFERED);
  return { typed, found };
}

export function Journeys() {
  useCrumbs("Journeys");
  const navigate = useNavigate();
  const query = useAsked<"/journeys">(WORDS);
  return (
    <ListPage
      title="Journeys"
      about="how sessions of a role move between the endpoints of a host"
      names={{
        host: { short: "host", show: (value) => visible(value, 60) },
        role: { short: "role", show: (value) => visible(value, 60) },
      }}
      hint="host, role…"
      suggest={useSuggestions()}
      end={<Export path="/journeys" query={query} order="-sessions" />}
    >
      <ListPanel
        path="/journeys"
        query={query}
        order="-sessions"
        label="Journeys"
        noun="journey"
        columns={COLUMNS}
        id={(row) => row.id}
        open={(row) => navigate({ to: "/journeys/$id", params: { id: row.id } })}
        empty={
          <NoRows title="No journey fits" fallback="No journey yet">
            A graph grows from the steps that one caller takes one after the other: callers have to be told
            apart, by a credential, a session or an address, and their exchanges have to be at endpoints of
            the inventory. After 30 minutes without a step, another session begins.
          </NoRows>
        }
      />
    </ListPage>
  );
}

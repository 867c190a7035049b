import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Asked } from "../api/client.ts";
import type { Client } from "../api/clients.ts";
import type { Facet } from "../parts/facets.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked, useCounted } from "../parts/list.tsx";
import { Hostile } from "../parts/marks.tsx";
import type { Column } from "../parts/rows.tsx";
import { Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { formName, refusedShare, toldBy, unusedScopes } from "../words/clients.ts";
import { capital, spaced } from "../words/names.ts";
import { count } from "../words/numbers.ts";
import { Grade } from "./actors.tsx";

const COLUMNS: Column<Client>[] = [
  {
    name: "kind",
    title: "Kind",
    width: "80px",
    narrow: "keep",
    cell: (row) => <span className={row.kind === "unknown" ? "t3" : undefined}>{spaced(row.kind)}</span>,
  },
  {
    name: "label",
    title: "Client",
    width: "minmax(220px, 1fr)",
    narrow: "first",
    cell: (row) => (
      <>
        <span className="main-cell">
          <Hostile text={row.label} most={120} />
        </span>
        <span className="sub">
          {capital(formName(row.form))}, by {toldBy(row.told_by)}
          {row.issuer !== null && (
            <>
              {", "}
              <Hostile text={row.issuer} most={80} />
            </>
          )}
        </span>
      </>
    ),
  },
  { name: "grade", title: "Grade", width: "80px", spare: 960, cell: (row) => <Grade grade={row.grade} /> },
  {
    name: "users",
    title: "Users",
    width: "60px",
    spare: 1100,
    numeric: true,
    cell: (row) => count(row.users),
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
    name: "refused",
    title: "Refused",
    width: "68px",
    spare: 960,
    numeric: true,
    cell: (row) => <span className={row.refused === 0 ? "t3" : undefined}>{refusedShare(row)}</span>,
  },
  {
    name: "scopes",
    title: "Scopes unused",
    width: "104px",
    numeric: true,
    sort: "scopes_unused",
    down: true,
    narrow: "keep",
    cell: (row) =>
      row.scopes_unused > 0 ? (
        <b className="tone s-medium">{unusedScopes(row)}</b>
      ) : (
        <span className="t3">{unusedScopes(row)}</span>
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

const FACETS: Facet[] = [
  { name: "kind", title: "Kind", short: "kind" },
  { name: "form", title: "Form", short: "form", words: formName },
];

const WORDS = ["kind", "form"] as const;

/** The words are part of the label. */
function useQuery(): Asked<"/clients"> {
  const { first } = useAddress();
  const asked = useAsked<"/clients">(WORDS);
  const label = first("q");
  return useMemo(() => (label ? { ...asked, label } : asked), [asked, label]);
}

export function Clients() {
  useCrumbs("Clients");
  const navigate = useNavigate();
  const query = useQuery();
  const counted = useCounted("/clients", query);
  return (
    <ListPage
      title="Clients"
      about="applications, add-ons and keys, and what they use of what they were granted"
      names={{ kind: { short: "kind" }, form: { short: "form", show: formName } }}
      hint="label…"
      end={<Export path="/clients" query={query} order="-requests" total={counted.total} />}
      facets={{ facets: FACETS, counted }}
    >
      <ListPanel
        path="/clients"
        query={query}
        order="-requests"
        label="Clients"
        noun="client"
        total={counted.total}
        columns={COLUMNS}
        id={(row) => row.id}
        open={(row) => navigate({ to: "/clients/$id", params: { id: row.id } })}
        height={48}
        narrowHeight={84}
        empty={
          <NoRows title="No client fits these filters" fallback="No client yet">
            A client appears with its first granted exchange: by the client id of a token, an API key, a
            certificate, or what it calls itself.
          </NoRows>
        }
      />
    </ListPage>
  );
}

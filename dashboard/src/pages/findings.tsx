import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useEndpoint, useFindings, useSession } from "../api/queries.ts";
import type { Finding, FindingRow, Severity } from "../api/shapes.ts";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { Hostile, Operation, Sev, Sign } from "../parts/marks.tsx";
import { type Column, Rows } from "../parts/rows.tsx";
import { Empty, Failed, Loading, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useKeys } from "../shell/keys.ts";
import { useAddress } from "../shell/search.ts";
import { all, first, type Search } from "../words/address.ts";
import { SEVERITIES, spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { DECISIONS, mayTriage, useTriage } from "./triage.tsx";

const COLUMNS: Column<FindingRow>[] = [
  {
    name: "severity",
    title: "Severity",
    width: "92px",
    narrow: "keep",
    cell: (row) => <Sev severity={row.severity} />,
  },
  {
    name: "title",
    title: "Finding",
    width: "minmax(240px, 1fr)",
    narrow: "first",
    cell: (row) => (
      <>
        <span className="main-cell">
          <Hostile text={row.title} />
        </span>
        <span className="sub">
          {row.endpoint_id ? <Where id={row.endpoint_id} /> : many(row.endpoints, "endpoint")} ·{" "}
          <Hostile text={row.host} most={80} />
          {row.discriminator && (
            <>
              {" · "}
              <Hostile text={row.discriminator} most={60} />
            </>
          )}
        </span>
      </>
    ),
  },
  { name: "code", title: "Check", width: "72px", cell: (row) => <span className="mono t3">{row.code}</span> },
  {
    name: "owasp",
    title: "OWASP",
    width: "72px",
    cell: (row) => <span className="mono t3">{visible(row.owasp[0] ?? "–", 20)}</span>,
  },
  {
    name: "confidence",
    title: "Confidence",
    width: "72px",
    cell: (row) => <span className="t2">{row.confidence}</span>,
  },
  { name: "failed", title: "Failed", width: "64px", numeric: true, cell: (row) => count(row.failed) },
  {
    name: "passed",
    title: "Passed",
    width: "64px",
    numeric: true,
    cell: (row) => <span className="t3">{count(row.passed)}</span>,
  },
  {
    name: "state",
    title: "State",
    width: "104px",
    narrow: "keep",
    cell: (row) => <FindingChip finding={row} />,
  },
  {
    name: "seen",
    title: "Seen",
    width: "52px",
    numeric: true,
    cell: (row) => (
      <span className="t2">
        <Time at={row.last_seen} />
      </span>
    ),
  },
];

/** The operation of a finding, read for the rows in view only. */
function Where({ id }: { id: string }) {
  const endpoint = useEndpoint(id).data;
  return endpoint ? <Operation endpoint={endpoint} /> : <>one endpoint</>;
}

/** Open is quiet; what somebody decided is a chip. */
export function FindingChip({ finding }: { finding: Pick<Finding, "state"> }) {
  const { state } = finding;
  if (state === "open") return <span className="plain">open</span>;
  if (state === "confirmed") return <span className="chip shadow">confirmed</span>;
  if (state === "replaced") return <span className="chip dashed">replaced</span>;
  return <span className="chip">{spaced(state)}</span>;
}

const VIEWS: [string, string[] | undefined][] = [
  ["To do", undefined],
  ["Open", ["open"]],
  ["Confirmed", ["confirmed"]],
  ["Accepted", ["accepted"]],
  ["False positive", ["false_positive"]],
  ["Fixed", ["fixed"]],
  ["All", ["open", "confirmed", "accepted", "false_positive", "fixed", "replaced"]],
];

const TODO: string[] = ["open", "confirmed"];

/** What the address asks for, in the order of the server: the worst first. */
function fitting(rows: FindingRow[], search: Search): FindingRow[] {
  const states = all(search, "state");
  const least = SEVERITIES.indexOf((first(search, "severity") ?? "info") as Severity);
  const words = (first(search, "q") ?? "").toLowerCase();
  return rows.filter(
    (row) =>
      (states.length > 0 ? states : TODO).includes(row.state) &&
      SEVERITIES.indexOf(row.severity) <= (least < 0 ? 4 : least) &&
      ["code", "host"].every(
        (name) => all(search, name).length === 0 || all(search, name).includes(row[name as "code" | "host"]),
      ) &&
      `${row.title} ${row.code} ${row.host} ${row.id} ${row.owasp.join(" ")} ${row.cwe.join(" ")}`
        .toLowerCase()
        .includes(words),
  );
}

export function Findings() {
  useCrumbs("Findings");
  const { search, all, first, set, go } = useAddress();
  const navigate = useNavigate();
  const session = useSession();
  const states = all("state");
  const list = useFindings();
  const rows = useMemo(() => fitting(list.items ?? [], search), [list.items, search]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const triage = useTriage();
  const may = mayTriage(session?.role);
  // The keys act on what is selected, or else on the row that has the focus.
  const chosen = () => {
    if (selected.size > 0) return [...selected];
    const index = document.activeElement?.getAttribute("data-index");
    const row = index ? rows[Number(index)] : undefined;
    return row ? [row.id] : [];
  };
  useKeys(
    may
      ? Object.fromEntries(
          DECISIONS.map((decision) => [
            decision.key,
            () => (chosen().length > 0 ? triage.start(chosen(), decision) : false),
          ]),
        )
      : {},
  );
  const todo = (list.items ?? []).filter((row) => TODO.includes(row.state));
  const filtered = Object.keys(search).some((name) => name !== "state");
  return (
    <>
      <div className="page-head">
        <h1>Findings</h1>
        {list.items && (
          <span className="small t3">
            {SEVERITIES.map(
              (severity) => [severity, todo.filter((row) => row.severity === severity).length] as const,
            )
              .filter(([, size]) => size > 0)
              .map(([severity, size]) => `${count(size)} ${severity}`)
              .join(" · ") || "none"}{" "}
            to do
          </span>
        )}
      </div>
      <nav className="views" aria-label="States">
        {VIEWS.map(([name, value]) => (
          <button
            key={name}
            type="button"
            className="view"
            aria-current={(value ?? []).join() === states.join()}
            onClick={() => {
              setSelected(new Set());
              set("state", value);
            }}
          >
            {name}
            {list.items && (
              <span>{count(list.items.filter((row) => (value ?? TODO).includes(row.state)).length)}</span>
            )}
          </button>
        ))}
      </nav>
      <div className="toolbar">
        <FilterBar names={{ code: "check", host: "host" }} hint="title, check, host…" />
        <Segments
          label="Severity at least"
          name="severity"
          options={[
            ["info", "Any"],
            ["low", "Low +"],
            ["medium", "Medium +"],
            ["high", "High +"],
            ["critical", "Critical"],
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
            title={filtered ? "No finding fits these filters" : "Nothing to do here"}
            action={
              (filtered || first("state")) && (
                <button type="button" className="btn" onClick={() => go({})}>
                  Show what is to do
                </button>
              )
            }
          >
            Checks without their inputs are <Sign certainty="unevaluated">not evaluated</Sign>, which is not a
            pass.
          </Empty>
        ) : (
          <>
            <Rows
              label="Findings"
              items={rows}
              total={rows.length}
              columns={COLUMNS}
              id={(row) => row.id}
              open={(row) => navigate({ to: "/findings/$id", params: { id: row.id } })}
              height={48}
              narrowHeight={76}
              {...(may ? { selection: { ids: selected, set: setSelected } } : {})}
            />
            <div className="tf">
              {may && selected.size > 0 ? (
                <>
                  <b className="t2">{count(selected.size)} selected</b>
                  {DECISIONS.map((decision) => (
                    <button
                      key={decision.to}
                      type="button"
                      className="btn"
                      onClick={() => triage.start([...selected], decision)}
                    >
                      {decision.words} <kbd>{decision.key.toUpperCase()}</kbd>
                    </button>
                  ))}
                </>
              ) : (
                <span className="wide-only">
                  <kbd>J</kbd> <kbd>K</kbd> move · <kbd>X</kbd> select · <kbd>↵</kbd> open{may ? " · " : ""}
                  {may && (
                    <>
                      <kbd>Y</kbd> confirm · <kbd>E</kbd> accept · <kbd>N</kbd> false positive · <kbd>R</kbd>{" "}
                      fixed
                    </>
                  )}
                </span>
              )}
              <span className="end">{many(rows.length, "finding")}</span>
            </div>
          </>
        )}
      </div>
      {triage.dialog}
    </>
  );
}

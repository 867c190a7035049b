import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import type { Asked } from "../api/client.ts";
import { useAssignees, useChecks, useSession } from "../api/queries.ts";
import type { FindingRow } from "../api/rows.ts";
import type { Confidence, FindingState } from "../api/shapes.ts";
import type { Facet } from "../parts/facets.tsx";
import { Least, Segments, type Suggestion } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked, useCounted } from "../parts/list.tsx";
import { Called, Hostile, Sev, Sign } from "../parts/marks.tsx";
import type { Column } from "../parts/rows.tsx";
import { Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useKeys } from "../shell/keys.ts";
import { useAddress } from "../shell/search.ts";
import { ACTIVE, SEVERITIES, STATES, spaced } from "../words/names.ts";
import { count, many, short } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { useAssign } from "./assign.tsx";
import { EndpointName } from "./named.tsx";
import { DECISIONS, mayTriage, useTriage } from "./triage.tsx";

const COLUMNS: Column<FindingRow>[] = [
  {
    name: "severity",
    title: "Severity",
    width: "104px",
    narrow: "keep",
    sort: "severity",
    down: true,
    cell: (row) => (
      <>
        <Sev severity={row.severity} />
        <span className="sub wide-only">{sure(row.confidence)}</span>
      </>
    ),
  },
  {
    name: "title",
    title: "Finding",
    width: "minmax(220px, 1fr)",
    narrow: "first",
    cell: (row) => (
      <>
        <span className="main-cell">
          <Hostile text={row.title} />
        </span>
        <span className="sub">
          <Where row={row} />
        </span>
      </>
    ),
  },
  {
    name: "code",
    title: "Check",
    width: "72px",
    spare: 1280,
    cell: (row) => (
      <>
        <span className="mono t2">{row.code}</span>
        <span className="sub">{visible(row.owasp[0] ?? "", 20)}</span>
      </>
    ),
  },
  {
    name: "assignee",
    title: "Assignee",
    spare: 1080,
    width: "68px",
    cell: (row) => (row.assignee === null ? <span className="t3">nobody</span> : visible(row.assignee, 40)),
  },
  {
    name: "state",
    title: "State",
    width: "80px",
    narrow: "keep",
    cell: (row) => <FindingChip finding={row} />,
  },
  {
    name: "failed",
    title: "Failed",
    width: "56px",
    numeric: true,
    cell: (row) => (
      <>
        {count(row.failed)}
        <span className="sub">of {short(row.failed + row.passed)}</span>
      </>
    ),
  },
  {
    name: "first",
    title: "Found",
    spare: 1360,
    width: "46px",
    numeric: true,
    sort: "first_seen",
    down: true,
    cell: (row) => (
      <span className="t3">
        <Time at={row.first_seen} />
      </span>
    ),
  },
  {
    name: "seen",
    title: "Seen",
    width: "46px",
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

const sure = (confidence: Confidence) =>
  confidence === "confirmed" ? "confirmed" : `confidence ${confidence}`;

/** What it is of: one operation, or a whole host. */
function Where({ row }: { row: FindingRow }) {
  return (
    <>
      {row.method !== null && row.path !== null ? (
        <Called place={{ method: row.method, path: row.path, operation: row.operation }} />
      ) : (
        many(row.endpoints, "endpoint")
      )}{" "}
      · <Hostile text={row.host} most={80} />
      {row.discriminator && (
        <>
          {" · "}
          <Hostile text={row.discriminator} most={60} />
        </>
      )}
    </>
  );
}

/** Open is quiet; what somebody decided is a chip. */
export function FindingChip({ finding }: { finding: { state: FindingState } }) {
  const { state } = finding;
  if (state === "open") return <span className="plain">open</span>;
  if (state === "confirmed") return <span className="chip shadow">confirmed</span>;
  if (state === "replaced") return <span className="chip dashed">replaced</span>;
  return <span className="chip">{spaced(state)}</span>;
}

const VIEWS: [string, readonly FindingState[] | undefined][] = [
  ["To do", undefined],
  ["Open", ["open"]],
  ["Confirmed", ["confirmed"]],
  ["Accepted", ["accepted"]],
  ["False positive", ["false_positive"]],
  ["Fixed", ["fixed"]],
  ["All", STATES],
];

const WORDS = [
  "state",
  "severity",
  "code",
  "host",
  "endpoint",
  "seen_since",
  "assignee",
  "unassigned",
] as const;

/** What the address asks for; without a state, what asks for something. */
function useQuery(): Asked<"/findings"> {
  const asked = useAsked<"/findings">(WORDS);
  return useMemo(() => (asked.state ? asked : { ...asked, state: [...ACTIVE] }), [asked]);
}

export function Findings() {
  useCrumbs("Findings");
  const navigate = useNavigate();
  const session = useSession();
  const query = useQuery();
  const counted = useCounted("/findings", query);
  const titles = new Map(useChecks().data?.items.map((item) => [item.code, item.title]));
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const rows = useRef<FindingRow[]>([]);
  const may = mayTriage(session?.role);
  const clear = () => setSelected(new Set());
  const acts = useActs(may, () => chosen(selected, rows.current), clear);
  const facets: Facet[] = [
    { name: "code", title: "Check", short: "check", words: (code) => titles.get(code) ?? code },
    { name: "host", title: "Host", short: "host" },
    { name: "assignee", title: "Assignee", short: "assignee", single: true },
  ];
  return (
    <ListPage
      title="Findings"
      about={<Severities sizes={counted.sizes?.get("severity")} />}
      views={<States sizes={counted.sizes?.get("state")} chosen={clear} />}
      names={{
        code: { short: "check" },
        host: { short: "host" },
        assignee: { short: "assignee" },
        endpoint: { short: "endpoint", show: (id) => <EndpointName id={id} /> },
      }}
      hint="check, host, assignee…"
      suggest={useSuggestions(titles, counted.sizes)}
      tools={
        <>
          <Whose user={session?.user} />
          <Least counts={counted.sizes?.get("severity")} />
        </>
      }
      end={<Export path="/findings" query={query} order="-severity" total={counted.total} />}
      facets={{ facets, counted }}
    >
      <ListPanel
        path="/findings"
        query={query}
        order="-severity"
        label="Findings"
        noun="finding"
        total={counted.total}
        columns={COLUMNS}
        id={(row) => row.id}
        open={(row) => navigate({ to: "/findings/$id", params: { id: row.id } })}
        height={48}
        narrowHeight={76}
        rows={rows}
        {...(may ? { selection: { ids: selected, set: setSelected } } : {})}
        foot={may && <Foot selected={selected} acts={acts} />}
        empty={
          <NoRows title="No finding fits these filters" fallback="Nothing to do here">
            Checks without their inputs are <Sign certainty="unevaluated">not evaluated</Sign>, which is not a
            pass.
          </NoRows>
        }
      />
      {acts.triage.dialog}
      {acts.assign.dialog}
    </ListPage>
  );
}

/** What the keys act on: what is selected, or else the row that has the focus. */
function chosen(selected: ReadonlySet<string>, rows: FindingRow[]): string[] {
  if (selected.size > 0) return [...selected];
  const index = document.activeElement?.getAttribute("data-index");
  const row = index ? rows[Number(index)] : undefined;
  return row ? [row.id] : [];
}

/** What can be decided about findings, with its keys. */
function useActs(may: boolean, ids: () => string[], done: () => void) {
  const triage = useTriage(done);
  const assign = useAssign(done);
  const on = (act: (ids: string[]) => void) => () => {
    const those = ids();
    if (those.length === 0) return false;
    act(those);
  };
  useKeys(
    may
      ? {
          a: on(assign.ask),
          m: on(assign.take),
          ...Object.fromEntries(
            DECISIONS.map((decision) => [decision.key, on((those) => triage.start(those, decision))]),
          ),
        }
      : {},
  );
  return { triage, assign };
}

function Foot({ selected, acts }: { selected: ReadonlySet<string>; acts: ReturnType<typeof useActs> }) {
  if (selected.size === 0) {
    return (
      <span className="wide-only">
        <kbd>J</kbd> <kbd>K</kbd> move · <kbd>X</kbd> select · <kbd>↵</kbd> open · <kbd>A</kbd> assign ·{" "}
        <kbd>M</kbd> take · <kbd>Y</kbd> confirm · <kbd>E</kbd> accept · <kbd>N</kbd> false positive ·{" "}
        <kbd>R</kbd> fixed
      </span>
    );
  }
  const ids = [...selected];
  return (
    <>
      <b className="t2">{count(selected.size)} selected</b>
      <button type="button" className="btn" onClick={() => acts.assign.ask(ids)}>
        Assign… <kbd>A</kbd>
      </button>
      <button type="button" className="btn" onClick={() => acts.assign.take(ids)}>
        Take <kbd>M</kbd>
      </button>
      {DECISIONS.map((decision) => (
        <button
          key={decision.to}
          type="button"
          className="btn"
          onClick={() => acts.triage.start(ids, decision)}
        >
          {decision.words} <kbd>{decision.key.toUpperCase()}</kbd>
        </button>
      ))}
    </>
  );
}

function Severities({ sizes }: { sizes: ReadonlyMap<string, number> | undefined }) {
  if (!sizes) return null;
  const words = SEVERITIES.filter((severity) => (sizes.get(severity) ?? 0) > 0).map(
    (severity) => `${count(sizes.get(severity) ?? 0)} ${severity}`,
  );
  return <>{words.join(" · ") || "none"}</>;
}

function States(props: { sizes: ReadonlyMap<string, number> | undefined; chosen: () => void }) {
  const { all, set } = useAddress();
  const states = all("state");
  const size = (states: readonly FindingState[]) =>
    states.reduce((sum, state) => sum + (props.sizes?.get(state) ?? 0), 0);
  return (
    <nav className="views" aria-label="States">
      {VIEWS.map(([name, value]) => (
        <button
          key={name}
          type="button"
          className="view"
          aria-current={(value ?? []).join() === states.join()}
          onClick={() => {
            props.chosen();
            set("state", value && [...value]);
          }}
        >
          {name}
          {props.sizes && <span>{short(size(value ?? ACTIVE))}</span>}
        </button>
      ))}
    </nav>
  );
}

/** Everybody's findings, one's own, or those that nobody looks after. */
function Whose({ user }: { user: string | undefined }) {
  const { search, all, first, go } = useAddress();
  const assignees = all("assignee");
  const now = first("unassigned")
    ? "nobody"
    : assignees.length === 1 && assignees[0] === user
      ? "mine"
      : assignees.length > 0
        ? "some"
        : "all";
  return (
    <Segments
      label="Assignee"
      name="assignee"
      now={now}
      options={[
        ["all", "Everybody's"],
        ["mine", "Mine"],
        ["nobody", "Nobody's"],
      ]}
      choose={(value) => {
        const { assignee: _, unassigned: __, ...rest } = search;
        go({
          ...rest,
          ...(value === "mine" && user ? { assignee: user } : {}),
          ...(value === "nobody" ? { unassigned: "true" } : {}),
        });
      }}
    />
  );
}

const MOST_SUGGESTED = 8;

/** Words choose a check by its code or title, a host, or somebody's name. */
function useSuggestions(
  titles: ReadonlyMap<string, string>,
  sizes: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined,
) {
  const [text, setText] = useState("");
  const words = text.toLowerCase();
  const fits = (value: string) => value.toLowerCase().includes(words);
  const people = useAssignees().data?.items ?? [];
  const of = (name: string, value: string, what: string, single: boolean): Suggestion => ({
    name,
    value,
    single,
    words: (
      <>
        {what} <Hostile text={value} most={80} />
      </>
    ),
    end: sizes?.get(name)?.has(value) ? count(sizes.get(name)?.get(value) ?? 0) : undefined,
  });
  const found: Suggestion[] =
    text === ""
      ? []
      : [
          ...[...titles]
            .filter(([code, title]) => fits(code) || fits(title))
            .map(([code, title]) => ({
              name: "code",
              value: code,
              words: (
                <>
                  <span className="mono">{code}</span> {title}
                </>
              ),
              end: sizes?.get("code")?.has(code) ? count(sizes.get("code")?.get(code) ?? 0) : undefined,
            })),
          ...[...(sizes?.get("host")?.keys() ?? [])]
            .filter(fits)
            .map((host) => of("host", host, "host", false)),
          ...people
            .filter(({ name }) => fits(name))
            .map(({ name }) => of("assignee", name, "assigned to", true)),
        ];
  return { typed: setText, found: found.slice(0, MOST_SUGGESTED) };
}

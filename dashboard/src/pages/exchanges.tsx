import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Action, Exchange } from "../api/shapes.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Range, Segments } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked } from "../parts/list.tsx";
import { Called, DataClass, Hostile, Method, Sign } from "../parts/marks.tsx";
import { Pairs } from "../parts/panels.tsx";
import type { Column } from "../parts/rows.tsx";
import { Copy, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { absolute, clock, day, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { Except, useMayExcept } from "./exceptions.tsx";
import { ActorName, DetectionName, EndpointName, Moment, useActorSuggestions } from "./named.tsx";

const COLUMNS: Column<Exchange>[] = [
  { name: "time", title: "Time, UTC", width: "124px", narrow: "keep", cell: (row) => <At time={row.time} /> },
  {
    name: "request",
    title: "Request",
    width: "minmax(220px, 1fr)",
    narrow: "first",
    cell: (row) => <Request row={row} />,
  },
  {
    name: "status",
    title: "Status",
    width: "48px",
    cell: (row) => (
      <span className={`mono ${(row.status ?? 0) >= 500 ? "tone s-high" : "t2"}`}>{row.status ?? "–"}</span>
    ),
  },
  { name: "verdict", title: "Verdict", width: "168px", narrow: "keep", cell: (row) => <Verdict row={row} /> },
  {
    name: "actor",
    title: "Actor",
    width: "minmax(100px, 220px)",
    cell: (row) => <Caller row={row} />,
  },
  {
    name: "codes",
    title: "Detected",
    spare: 1000,
    width: "108px",
    cell: (row) => <Codes row={row} />,
  },
  {
    name: "duration",
    title: "ms",
    spare: 1180,
    width: "56px",
    numeric: true,
    cell: (row) => <span className="t3">{milliseconds(row.duration_ms)}</span>,
  },
];

const milliseconds = (duration: number | null) => (duration === null ? "–" : duration.toFixed(1));

/** The clock, and the day when it is another one than today. */
function At({ time }: { time: string | null }) {
  const now = useNow();
  const at = instant(time);
  if (at === undefined) return <span className="t3">no time</span>;
  const today = day(at, now) === day(now, now);
  return (
    <time className="mono t3" dateTime={time ?? ""} title={absolute(at)}>
      {today ? "" : `${day(at, now)} `}
      {clock(at, true)}
    </time>
  );
}

/** The endpoint has the path; without one it was noise, and no path is kept of it. */
function Request({ row }: { row: Exchange }) {
  return (
    <>
      {row.path === null ? (
        <>
          <Method name={row.method} /> <span className="t3">no endpoint, no path kept</span>
        </>
      ) : (
        <Called place={{ ...row, path: row.path }} />
      )}
      {row.host !== null && (
        <span className="sub">
          <Hostile text={row.host} most={80} />
        </span>
      )}
    </>
  );
}

const refuses = (action: Action) => action !== "allow" && action !== "log";
const DONE: Record<Action, string> = {
  allow: "allowed",
  log: "allowed",
  deny: "denied",
  mask: "masked",
  challenge: "challenged",
  throttle: "throttled",
};

function Caller({ row }: { row: Exchange }) {
  if (row.actor_id === null) return <span className="t3">–</span>;
  return (
    <Link to="/actors/$id" params={{ id: row.actor_id }} className="link">
      {row.actor ? (
        <Hostile text={row.actor.label || row.actor.kind} most={60} />
      ) : (
        visible(row.actor_id.slice(0, 12), 12)
      )}
    </Link>
  );
}

/** Detections that it raised or added to. */
function Codes({ row }: { row: Exchange }) {
  if (row.codes === null) return <Sign certainty="unevaluated">not kept</Sign>;
  if (row.codes.length === 0) return <span className="t3">–</span>;
  return (
    <span className={`mono tone s-${row.severity ?? "info"}`}>
      {row.codes.map((code, index) => (
        <span key={code}>
          {index > 0 && " "}
          <Link to="/reference" search={{ code }}>
            {visible(code, 20)}
          </Link>
        </span>
      ))}
    </span>
  );
}

/** Solid is what was done, hollow what a rule in monitor mode would have done, hatched what is not known. */
function Verdict({ row }: { row: Exchange }) {
  const { action, applied } = row;
  if (action === null || applied === null) return <Sign certainty="unevaluated">verdict not kept</Sign>;
  if (refuses(applied)) return <Sign kind={applied}>{DONE[applied]}</Sign>;
  if (refuses(action)) {
    return (
      <Sign kind={action} certainty="would">
        would {action}
      </Sign>
    );
  }
  if (row.not_inspected.length > 0) return <Sign certainty="unevaluated">allowed, seen in part</Sign>;
  return <Sign kind="allow">allowed</Sign>;
}

/** What became of them, each a word of the address. */
const FATES: [string, string][] = [
  ["all", "All"],
  ["hostile", "Hostile"],
  ["refused", "Refused"],
  ["would_refuse", "Would refuse"],
];

function Fate() {
  const { search, first, go } = useAddress();
  const now = FATES.map(([name]) => name).find((name) => first(name) === "true") ?? "all";
  return (
    <Segments
      label="What became of them"
      name="fate"
      now={now}
      options={FATES}
      choose={(value) => {
        const { hostile: _, refused: __, would_refuse: ___, ...rest } = search;
        go(value === undefined || value === "all" ? rest : { ...rest, [value]: "true" });
      }}
    />
  );
}

const WORDS = [
  "id",
  "endpoint",
  "actor",
  "since",
  "before",
  "hostile",
  "refused",
  "would_refuse",
  "method",
  "status_class",
] as const;

/** The exchanges that one detection names are a list of their own, which nothing else narrows. */
function useSource() {
  const { first } = useAddress();
  const asked = useAsked<"/exchanges">(WORDS);
  const detection = first("detection");
  return detection === undefined
    ? { query: asked, at: undefined }
    : { query: NOTHING, at: `/detections/${encodeURIComponent(detection)}/exchanges` };
}

const NOTHING = {};

export function Exchanges() {
  useCrumbs("Exchanges");
  const { query, at } = useSource();
  const { first } = useAddress();
  const [peek, setPeek] = useState<Exchange>();
  return (
    <ListPage
      title="Exchanges"
      about="what is kept of each: verdicts, data classes and sizes, never values"
      names={{
        detection: { short: "of detection", show: (id) => <DetectionName id={id} /> },
        id: { short: "id", show: (id) => visible(id, 40) },
        endpoint: { short: "endpoint", show: (id) => <EndpointName id={id} /> },
        actor: { short: "actor", show: (id) => <ActorName id={id} /> },
        method: { short: "method", show: (name) => visible(name, 24) },
        since: { short: "since", show: (at) => <Moment at={at} /> },
        before: { short: "before", show: (at) => <Moment at={at} /> },
      }}
      hint="actor…"
      suggest={useActorSuggestions("actor")}
      tools={
        at === undefined && (
          <>
            <Fate />
            <Segments
              label="Status"
              name="status_class"
              options={[
                ["", "Any"],
                ["2xx", "2xx"],
                ["3xx", "3xx"],
                ["4xx", "4xx"],
                ["5xx", "5xx"],
                ["none", "No answer"],
              ]}
            />
            {first("since") === undefined && <Range />}
          </>
        )
      }
      end={at === undefined && <Export path="/exchanges" query={query} />}
    >
      <ListPanel
        path="/exchanges"
        at={at}
        query={query}
        order={undefined}
        label="Exchanges"
        noun="exchange"
        columns={COLUMNS}
        id={(row) => row.id}
        open={setPeek}
        peek={setPeek}
        height={44}
        narrowHeight={78}
        foot={
          <span className="wide-only">
            <kbd>J</kbd> <kbd>K</kbd> move · <kbd>↵</kbd> <kbd>Space</kbd> look
          </span>
        }
        empty={
          <NoRows title="No exchange that is kept fits these filters" fallback="No exchange is kept">
            Facts are kept for as long as the retention says; the newest come within seconds. Requests that
            were refused for their form are in the access log only.
          </NoRows>
        }
      />
      {peek && <Look exchange={peek} close={() => setPeek(undefined)} />}
    </ListPage>
  );
}

type Decision = Exchange["decisions"][number];

/** What is kept of one exchange, beside the list. */
function Look({ exchange: it, close }: { exchange: Exchange; close: () => void }) {
  const at = instant(it.time);
  const [excepting, setExcepting] = useState<Decision>();
  return (
    <Dialog
      title={
        it.path === null ? (
          <>
            <Method name={it.method} /> no endpoint
          </>
        ) : (
          <Called place={{ ...it, path: it.path }} />
        )
      }
      close={close}
      className="drawer broad"
    >
      <div className="body" onKeyDown={(event) => event.key === " " && close()}>
        <Verdict row={it} />
        <Pairs
          items={[
            ["Time", at === undefined ? "no time" : absolute(at)],
            [
              "Id",
              <span key="id" className="mono">
                {visible(it.id, 80)} <Copy text={it.id} label="Copy the id" />
              </span>,
            ],
            ["Host", it.host === null ? "–" : <Hostile key="host" text={it.host} />],
            ["Status", it.status === null ? "no answer seen" : String(it.status)],
            ["Request", `${count(it.request_bytes)} bytes`],
            ["Answer", it.response_bytes === null ? "not seen" : `${count(it.response_bytes)} bytes`],
            ["Duration", it.duration_ms === null ? "–" : `${milliseconds(it.duration_ms)} ms`],
            ["Detected", <Codes key="codes" row={it} />],
            ["Actor", <Caller key="actor" row={it} />],
          ]}
        />
        <Decisions exchange={it} except={setExcepting} />
        <Names title="Anomalies of its form" names={it.anomalies} />
        <Names title="Not inspected" names={it.not_inspected} hatched />
        <Classes exchange={it} />
      </div>
      <footer>
        {it.endpoint_id && (
          <Link to="/inventory/$id" params={{ id: it.endpoint_id }} className="btn">
            Endpoint
          </Link>
        )}
        <button type="button" className="btn primary" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
      </footer>
      {excepting && <Except exchange={it} decision={excepting} close={() => setExcepting(undefined)} />}
    </Dialog>
  );
}

function Decisions({ exchange, except }: { exchange: Exchange; except: (one: Decision) => void }) {
  const { decisions, decisions_left_out: rest } = exchange;
  const may = useMayExcept();
  if (decisions.length === 0) return null;
  return (
    <section>
      <h3>What policies decided</h3>
      <ul className="plain-list">
        {decisions.map((one, index) => (
          <li key={index} className="row wrap">
            <Sign
              kind={one.outcome === "not_evaluated" ? "allow" : one.action}
              certainty={
                one.outcome === "enforced"
                  ? "happened"
                  : one.outcome === "monitored"
                    ? "would"
                    : "unevaluated"
              }
            >
              {one.outcome === "not_evaluated"
                ? "not evaluated"
                : one.outcome === "monitored"
                  ? `would ${one.action}`
                  : DONE[one.action]}
            </Sign>
            <b>{visible(one.policy, 80)}</b>
            <span className="t3">{visible(one.reason, 120)}</span>
            {may && one.outcome !== "not_evaluated" && one.status != null && (
              <button type="button" className="btn" onClick={() => except(one)}>
                Make an exception
              </button>
            )}
          </li>
        ))}
        {rest > 0 && <li className="t3">and {many(rest, "more decision")}</li>}
      </ul>
    </section>
  );
}

function Names({ title, names, hatched }: { title: string; names: string[]; hatched?: boolean }) {
  if (names.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <p className="row wrap">
        {names.map((name) =>
          hatched ? (
            <Sign key={name} certainty="unevaluated">
              {spaced(name)}
            </Sign>
          ) : (
            <span key={name} className="chip">
              {spaced(name)}
            </span>
          ),
        )}
      </p>
    </section>
  );
}

/** Which classes its values had, and where they went. */
function Classes({ exchange }: { exchange: Exchange }) {
  const { data_classes: classes, values } = exchange;
  return (
    <section>
      <h3>{many(values, "value")}, kept as places and keyed hashes</h3>
      {classes.length === 0 ? (
        <p className="small t3">None of them was of a data class.</p>
      ) : (
        <table className="facts-of">
          <thead>
            <tr>
              <th>Class</th>
              <th>Where</th>
              <th className="num">Values</th>
            </tr>
          </thead>
          <tbody>
            {classes.map((one) => (
              <tr key={one.class + one.direction}>
                <td>
                  <DataClass name={one.class} />
                </td>
                <td>{one.direction === "request" ? "sent" : "answered"}</td>
                <td className="num">{count(one.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

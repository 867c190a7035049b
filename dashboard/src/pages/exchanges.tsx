import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Action, Exchange } from "../api/shapes.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Range, Segments } from "../parts/filters.tsx";
import { Export, ListPage, ListPanel, NoRows, useAsked } from "../parts/list.tsx";
import { DataClass, Hostile, Method, Path, Sign } from "../parts/marks.tsx";
import { Pairs } from "../parts/panels.tsx";
import type { Column } from "../parts/rows.tsx";
import { Copy, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { absolute, clock, day, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { ActorName, EndpointName, Moment, useActorSuggestions } from "./named.tsx";

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
    cell: (row) =>
      row.actor ? (
        <Link to="/actors/$id" params={{ id: row.actor.id }} className="link">
          <Hostile text={row.actor.label || row.actor.kind} most={60} />
        </Link>
      ) : (
        <span className="t3">–</span>
      ),
  },
  {
    name: "duration",
    title: "ms",
    width: "56px",
    numeric: true,
    cell: (row) => <span className="t3">{milliseconds(row.duration_micros)}</span>,
  },
];

const milliseconds = (micros: number | null) => (micros === null ? "–" : (micros / 1000).toFixed(1));

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
      <Method name={row.method} />{" "}
      {row.path === null ? <span className="t3">no endpoint, no path kept</span> : <Path path={row.path} />}
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

/** Solid is what was done, hollow what a rule in monitor mode would have done, hatched what was not looked at. */
function Verdict({ row }: { row: Exchange }) {
  const of = (outcome: string) =>
    row.decisions.find((one) => one.outcome === outcome && refuses(one.action))?.action;
  const done = of("enforced");
  const would = of("monitored");
  if (done) return <Sign kind={done}>{DONE[done]}</Sign>;
  if (would) {
    return (
      <Sign kind={would} certainty="would">
        would {would}
      </Sign>
    );
  }
  if (row.not_inspected.length > 0) return <Sign certainty="unevaluated">allowed, seen in part</Sign>;
  return <Sign kind="allow">allowed</Sign>;
}

const WORDS = ["endpoint", "actor", "since", "before", "hostile", "method", "status_class"] as const;

export function Exchanges() {
  useCrumbs("Exchanges");
  const query = useAsked<"/exchanges">(WORDS);
  const { first } = useAddress();
  const [peek, setPeek] = useState<Exchange>();
  return (
    <ListPage
      title="Exchanges"
      about="what is kept of each: places, types, classes and keyed hashes, never values"
      names={{
        endpoint: { short: "endpoint", show: (id) => <EndpointName id={id} /> },
        actor: { short: "actor", show: (id) => <ActorName id={id} /> },
        method: { short: "method", show: (name) => visible(name, 24) },
        since: { short: "since", show: (at) => <Moment at={at} /> },
        before: { short: "before", show: (at) => <Moment at={at} /> },
      }}
      hint="actor…"
      suggest={useActorSuggestions("actor")}
      tools={
        <>
          <Segments
            label="What"
            name="hostile"
            options={[
              ["all", "All"],
              ["true", "Hostile"],
            ]}
          />
          <Segments
            label="Status"
            name="status_class"
            options={[
              ["", "Any"],
              ["2xx", "2xx"],
              ["3xx", "3xx"],
              ["4xx", "4xx"],
              ["5xx", "5xx"],
            ]}
          />
          {first("since") === undefined && <Range />}
        </>
      }
      end={<Export path="/exchanges" query={query} />}
    >
      <ListPanel
        path="/exchanges"
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

/** What is kept of one exchange, beside the list. */
function Look({ exchange: it, close }: { exchange: Exchange; close: () => void }) {
  const at = instant(it.time);
  return (
    <Dialog
      title={
        <>
          <Method name={it.method} /> {it.path === null ? "no endpoint" : <Path path={it.path} />}
        </>
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
            ["Duration", it.duration_micros === null ? "–" : `${milliseconds(it.duration_micros)} ms`],
          ]}
        />
        <Decisions exchange={it} />
        <Names title="Anomalies of its form" names={it.anomalies} />
        <Names title="Not inspected" names={it.not_inspected} hatched />
        <Fields exchange={it} />
      </div>
      <footer>
        {it.endpoint_id && (
          <Link to="/inventory/$id" params={{ id: it.endpoint_id }} className="btn">
            Endpoint
          </Link>
        )}
        {it.actor && (
          <Link to="/actors/$id" params={{ id: it.actor.id }} className="btn">
            Actor
          </Link>
        )}
        <button type="button" className="btn primary" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
      </footer>
    </Dialog>
  );
}

function Decisions({ exchange }: { exchange: Exchange }) {
  const { decisions, decisions_left_out: rest } = exchange;
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

const FIRST_FIELDS = 60;

/** Each value by where it was, its type, length, classes and keyed hash. */
function Fields({ exchange }: { exchange: Exchange }) {
  const [whole, setWhole] = useState(false);
  const { fields, fields_left_out: rest } = exchange;
  const shown = whole ? fields : fields.slice(0, FIRST_FIELDS);
  if (fields.length === 0) return <p className="small t3">No value of it was kept.</p>;
  return (
    <section>
      <h3>
        {many(fields.length + rest, "value")}
        {rest > 0 ? `, ${count(rest)} of them left out for a limit` : ""}
      </h3>
      <table className="facts-of">
        <thead>
          <tr>
            <th>Where</th>
            <th>Type</th>
            <th className="num">Length</th>
            <th>Hash</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((field, index) => (
            <tr key={index}>
              <td className="breaks">
                <span className="mono">
                  <span className="t3">{spaced(field.side)} </span>
                  <Hostile text={field.location} most={200} />
                </span>
                {field.classes.length > 0 && (
                  <span className="dcs wrap">
                    {field.classes.map((name) => (
                      <DataClass key={name} name={name} />
                    ))}
                  </span>
                )}
              </td>
              <td className="mono t2">{visible(field.value_type, 20)}</td>
              <td className="num">{count(field.length)}</td>
              <td className="mono t3">#{visible(field.hash.slice(0, 6))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {fields.length > shown.length && (
        <button type="button" className="link more" onClick={() => setWhole(true)}>
          {many(fields.length - shown.length, "more", "more")}
        </button>
      )}
    </section>
  );
}

// One journey: the graph, the ways in, and the same as tables.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Journey, JourneyMove, JourneyNode } from "../api/journeys.ts";
import { one } from "../api/queries.ts";
import { Graph } from "../parts/graph.tsx";
import { Called, Hostile } from "../parts/marks.tsx";
import { Facts, Panel } from "../parts/panels.tsx";
import { useNarrow } from "../parts/rows.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { laidOut, shownMoves, weight } from "../words/journeygraph.ts";
import {
  FEW_SESSIONS,
  moveSaid,
  namesOf,
  nodeSaid,
  pace,
  pause,
  percent,
  ROLE_TOLD,
} from "../words/journeys.ts";
import { placeOf, verbAndName, writes } from "../words/names.ts";
import { count, many, share } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { Role } from "./journeys.tsx";

export function JourneyPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const journey = useQuery(one<Journey>("/journeys", id));
  const title = journey.data
    ? `${visible(journey.data.host, 80)}, ${visible(journey.data.role, 60)}`
    : "Journey";
  useCrumbs(title, { to: "/journeys", name: "Journeys" });
  return (
    <Ready of={journey} rows={10}>
      {(it) => <Whole journey={it} />}
    </Ready>
  );
}

type Nodes = ReadonlyMap<string, JourneyNode>;

function Whole({ journey }: { journey: Journey }) {
  const nodes = useMemo(() => new Map(journey.nodes.map((node) => [node.endpoint_id, node])), [journey]);
  const { left_out: left } = journey;
  return (
    <>
      <div className="thead">
        <div className="row wrap">
          <Role journey={journey} />
          <span className="plain mono nw">
            {visible(journey.id, 60)} <Copy text={journey.id} label="Copy the id" />
          </span>
        </div>
        <h1 className="wraps">
          <Hostile text={journey.host} most={200} />
        </h1>
      </div>
      <p className="story">
        How sessions of the role “<Hostile text={journey.role} most={60} />” move here:{" "}
        {ROLE_TOLD[journey.role_told_by]}. A session is the steps of one caller with pauses below 30 minutes.
      </p>
      <Facts
        items={[
          ["Sessions", count(journey.sessions)],
          ["Callers", count(journey.actors)],
          ["Endpoints", count(journey.nodes.length)],
          ["Moves", count(journey.moves.length)],
          ["First seen", <Time key="first" at={journey.first_seen} ago />],
          ["Last seen", <Time key="last" at={journey.last_seen} ago />],
        ]}
      />
      <div className="stack">
        {journey.sessions < FEW_SESSIONS && (
          <div className="note">
            <span className="sq hatch" />
            <p>
              <b>Learned of {many(journey.sessions, "session")}.</b> Of fewer than {FEW_SESSIONS}, what was
              never seen says little.
            </p>
          </div>
        )}
        {left.steps + left.moves > 0 && (
          <div className="note">
            <span className="sq hatch" />
            <p>
              <b>Not all of it.</b> There was no room for{" "}
              {[
                ...(left.steps > 0 ? [many(left.steps, "step")] : []),
                ...(left.moves > 0 ? [many(left.moves, "move")] : []),
              ].join(" and ")}
              .
            </p>
          </div>
        )}
        <Picture journey={journey} nodes={nodes} />
        <WaysIn journey={journey} nodes={nodes} />
        <Places journey={journey} />
        <Moves journey={journey} nodes={nodes} />
      </div>
    </>
  );
}

/** Signs of the picture, and what they say. */
function Legend() {
  return (
    <span className="legend wide-only">
      <span className="linked-sample">
        <svg width="9" height="12" aria-hidden="true">
          <path fill="currentColor" d="M0,0l9,6l-9,6z" />
        </svg>
        sessions begin
      </span>
      <span className="linked-sample">
        <svg width="3" height="12" aria-hidden="true">
          <path fill="currentColor" d="M0,0h3v12h-3z" />
        </svg>
        end
      </span>
      <span className="linked-sample">
        <svg width="22" height="12" aria-hidden="true">
          <path stroke="currentColor" strokeWidth="2" strokeDasharray="5 4" d="M0,6h22" />
        </svg>
        one caller alone
      </span>
    </span>
  );
}

/** Fewer sessions than this share do not make a place where sessions begin or end. */
const MARKED = 0.05;

function Picture({ journey, nodes }: { journey: Journey; nodes: Nodes }) {
  const { first, set } = useAddress();
  const narrow = useNarrow();
  const rare = first("rare") === "shown";
  const at = first("at");
  const chosen = at === undefined ? undefined : nodes.get(at);
  const usual = useMemo(() => shownMoves(journey.nodes, journey.moves, false), [journey]);
  const all = useMemo(() => shownMoves(journey.nodes, journey.moves, true), [journey]);
  const moves = rare ? all : usual;
  const hidden = all.length - usual.length;
  // Rare moves are drawn between the nodes as they stand without them.
  const layout = useMemo(() => laidOut(journey.nodes, usual, moves), [journey, usual, moves]);
  const names = useMemo(() => namesOf(journey.nodes), [journey]);
  if (narrow || journey.nodes.length === 0) return null;
  const most = Math.max(1, ...moves.filter(({ from, to }) => from !== to).map((move) => move.count));
  const drawn = moves.toReversed();
  return (
    <Panel
      title="Graph"
      end={
        <>
          <Legend />
          {hidden > 0 && (
            <button
              type="button"
              className="btn"
              aria-pressed={rare}
              onClick={() => set("rare", rare ? undefined : "shown")}
            >
              Show {many(hidden, "rare move")}
            </button>
          )}
        </>
      }
    >
      <div className={chosen ? "journey split" : "journey"}>
        <Graph
          label="Endpoints from left to right as sessions come to them; the tables below say the same in words"
          hint="Lines are as thick as moves are frequent. Choose an endpoint to see what comes before and after it; arrow keys walk."
          layout={layout}
          nodes={journey.nodes.map((node) => ({
            id: node.endpoint_id,
            ...shownName(node),
            under: `${percent(node.share)}${node.login ? " · log in" : ""}`,
            says: nodeSaid(node, journey.sessions),
            share: node.share,
            begins: node.starts >= journey.sessions * MARKED && node.starts > 0,
            ends: node.ends >= journey.sessions * MARKED && node.ends > 0,
            look: `${node.callers === "one" ? "alone" : ""} ${node.login ? "login" : ""} ${writes(node.method) ? "writes" : ""}`,
          }))}
          lines={drawn.map((move) => ({
            from: move.from,
            to: move.to,
            width: weight(Math.min(move.count, most), most),
            says: moveSaid(move, names),
            look: move.callers === "one" ? "alone" : "",
          }))}
          chosen={chosen?.endpoint_id}
          choose={(id) => set("at", id === at ? undefined : id)}
        />
        {chosen && <Beside node={chosen} journey={journey} nodes={nodes} />}
      </div>
      {layout.leftOut.edges > 0 && (
        <p className="tf">{many(layout.leftOut.edges, "move")} more are in the table only.</p>
      )}
    </Panel>
  );
}

export function shownName(node: JourneyNode): { verb: string; name: string } {
  const { verb, name } = verbAndName(placeOf(node));
  return { verb: visible(verb, 10), name: visible(name, 200) };
}

const Place = ({ node, id }: { node: JourneyNode | undefined; id: string }) =>
  node ? <Called place={placeOf(node)} most={160} /> : <code>{visible(id, 40)}</code>;

/** What comes before and after the chosen node, rare moves too. */
function Beside({ node, journey, nodes }: { node: JourneyNode; journey: Journey; nodes: Nodes }) {
  const id = node.endpoint_id;
  return (
    <aside aria-label="The chosen endpoint">
      <p className="name-of">
        <Link to="/inventory/$id" params={{ id }} className="link">
          <Called place={placeOf(node)} />
        </Link>
      </p>
      <p className="name-of small t2">
        {percent(node.share)} of sessions come here; {share(node.starts, journey.sessions)} begin and{" "}
        {share(node.ends, journey.sessions)} end here, in {many(node.visits, "visit")}.
        {node.login && ` Callers log in here: ${many(node.logins, "success", "successes")}.`}
      </p>
      <Few
        title="Comes from"
        moves={journey.moves.filter((move) => move.to === id)}
        end="from"
        nodes={nodes}
      />
      <Few title="Goes to" moves={journey.moves.filter((move) => move.from === id)} end="to" nodes={nodes} />
    </aside>
  );
}

const AT_FIRST = 12;

function Few(props: { title: string; moves: JourneyMove[]; end: "from" | "to"; nodes: Nodes }) {
  const { title, moves, end, nodes } = props;
  return (
    <>
      <h3>{title}</h3>
      {moves.length === 0 ? (
        <p className="feed-none">Nowhere.</p>
      ) : (
        <table className="moves">
          <tbody>
            {moves.slice(0, AT_FIRST).map((move) => (
              <tr key={move[end]}>
                <td>
                  <Place node={nodes.get(move[end])} id={move[end]} />
                </td>
                <td className="num nw">{percent(move.share)}</td>
                <td className="num nw t3">{move.p50_ms === null ? "–" : pause(move.p50_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {moves.length > AT_FIRST && (
        <p className="feed-none">{many(moves.length - AT_FIRST, "rarer one")} in the table below.</p>
      )}
    </>
  );
}

function WaysIn({ journey, nodes }: { journey: Journey; nodes: Nodes }) {
  const { login } = journey;
  return (
    <Panel
      title="Ways in"
      sub={`${many(login.became_authenticated, "session")} became authenticated, ${count(login.began_authenticated)} began so`}
    >
      {login.sequences.length === 0 ? (
        <p className="feed-none">
          No session was seen to begin without a credential and to be accepted with one.
        </p>
      ) : (
        <ol className="ways">
          {login.sequences.map((way) => (
            <li key={way.steps.join(" ")}>
              <span className="grow">
                {way.steps.map((id, index) => (
                  <span key={index}>
                    {index > 0 && <span className="t3"> → </span>}
                    <Place node={nodes.get(id)} id={id} />
                  </span>
                ))}
              </span>
              {!way.through_login && <span className="chip dashed">past the log-in</span>}
              <span className="nw">{percent(way.share)}</span>
              <span className="nw t3">{many(way.sessions, "session")}</span>
            </li>
          ))}
        </ol>
      )}
      {login.sequences_left_out > 0 && (
        <p className="tf">
          {many(login.sequences_left_out, "session")} came in another way, too long or too seldom to be kept.
        </p>
      )}
    </Panel>
  );
}

/** How many rows a table begins with. */
const ROWS = 50;

/** The rest of a table, when somebody asks for it. */
function useRest<T>(all: T[]) {
  const [whole, setWhole] = useState(false);
  const more = all.length > ROWS && !whole && (
    <div className="tf">
      <button type="button" className="btn" onClick={() => setWhole(true)}>
        Show all {count(all.length)}
      </button>
    </div>
  );
  return { rows: whole ? all : all.slice(0, ROWS), more };
}

function Places({ journey }: { journey: Journey }) {
  const { rows, more } = useRest(journey.nodes);
  if (rows.length === 0) {
    return (
      <Panel title="Endpoints">
        <Empty title="No step yet" />
      </Panel>
    );
  }
  return (
    <Panel title="Endpoints" sub="shares of all sessions">
      <table className="fold moves">
        <thead>
          <tr>
            <th>Endpoint</th>
            <th className="num">Come here</th>
            <th className="num">Begin here</th>
            <th className="num">End here</th>
            <th className="num">Visits</th>
            <th>Of note</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((node) => (
            <tr key={node.endpoint_id}>
              <td className="f-first">
                <Link to="/inventory/$id" params={{ id: node.endpoint_id }} className="main-cell">
                  <Called place={placeOf(node)} />
                </Link>
              </td>
              <td className="num nw">{percent(node.share)}</td>
              <td className="num nw f-hide">{share(node.starts, journey.sessions)}</td>
              <td className="num nw f-hide">{share(node.ends, journey.sessions)}</td>
              <td className="num nw t2">
                {count(node.visits)}
                <span className="folded">&nbsp;{node.visits === 1 ? "visit" : "visits"}</span>
              </td>
              <td className={node.login || node.callers === "one" ? "t2 f-full" : "f-hide"}>
                {[
                  ...(node.login ? [`log in, ${many(node.logins, "success", "successes")}`] : []),
                  ...(node.callers === "one" ? ["one caller alone"] : []),
                ].join("; ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </Panel>
  );
}

function Moves({ journey, nodes }: { journey: Journey; nodes: Nodes }) {
  const { rows, more } = useRest(journey.moves);
  if (rows.length === 0) return null;
  return (
    <Panel title="Moves" sub="shares of all that follows, ends of sessions included">
      <table className="fold moves">
        <thead>
          <tr>
            <th>From</th>
            <th>To</th>
            <th className="num">Share</th>
            <th className="num">Times</th>
            <th>Pace</th>
            <th>Shown by</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((move) => (
            <tr key={`${move.from} ${move.to}`}>
              <td className="f-first">
                <Place node={nodes.get(move.from)} id={move.from} />
              </td>
              <td className="f-first">
                <span className="folded t3">→</span>
                <Place node={nodes.get(move.to)} id={move.to} />
              </td>
              <td className="num nw">{percent(move.share)}</td>
              <td className="num nw t2">
                {count(move.count)}
                <span className="folded">&nbsp;{move.count === 1 ? "time" : "times"}</span>
              </td>
              <td className="t2 f-full">{pace(move) ?? <span className="t3">too few were timed</span>}</td>
              <td className={move.callers === "one" ? "t2 f-full" : "t2 f-hide"}>
                {move.callers === "one" ? "one caller alone" : "several callers"}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </Panel>
  );
}

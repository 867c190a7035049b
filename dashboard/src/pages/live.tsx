import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { address } from "../api/client.ts";
import type { LiveExchange } from "../api/shapes.ts";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { Icon } from "../parts/icons.tsx";
import { Hostile, Method, Path, Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useKeys } from "../shell/keys.ts";
import { useAddress } from "../shell/search.ts";
import { count, many } from "../words/numbers.ts";
import { absolute, clock, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";

const KEPT = 400;
type Line = LiveExchange & { key: number };

/** What the stream says, newest first; at most ten times in a second the page is drawn anew. */
function useLive(paused: boolean) {
  const [lines, setLines] = useState<Line[]>([]);
  const [state, setState] = useState<"asking" | "on" | "lost" | "none">("asking");
  const [waiting, setWaiting] = useState(0);
  const [dropped, setDropped] = useState(0);
  const next = useRef(0);
  const held = useRef<Line[]>([]);
  const stop = useRef(paused);
  stop.current = paused;
  useEffect(() => {
    const stream = new EventSource(address("/events"));
    stream.onopen = () => setState("on");
    // A stream that is closed for good was refused: this server has none.
    stream.onerror = () => setState(stream.readyState === EventSource.CLOSED ? "none" : "lost");
    stream.addEventListener("exchange", (event) => {
      try {
        held.current.push({ ...(JSON.parse(event.data) as LiveExchange), key: next.current++ });
      } catch {
        // One event that cannot be read must not end the stream.
      }
      if (held.current.length > KEPT) {
        held.current.shift();
        setDropped((before) => before + 1);
      }
    });
    // The server tells how many it did not tell.
    stream.addEventListener("missed", (event) => {
      const missed = Number(/"count":(\d{1,15})/.exec(String(event.data))?.[1] ?? 0);
      setDropped((before) => before + missed);
    });
    const timer = setInterval(() => {
      if (stop.current) return setWaiting(held.current.length);
      if (held.current.length === 0) return;
      const fresh = held.current.reverse();
      held.current = [];
      setWaiting(0);
      setLines((before) => [...fresh, ...before].slice(0, KEPT));
    }, 100);
    return () => {
      stream.close();
      clearInterval(timer);
    };
  }, []);
  return { lines, state, waiting, dropped };
}

export function Live() {
  useCrumbs("Live");
  const { first } = useAddress();
  const [paused, setPaused] = useState(false);
  const { lines, state, waiting, dropped } = useLive(paused);
  useKeys({ " ": () => setPaused(!paused) });
  const q = (first("q") ?? "").toLowerCase();
  const what = first("what");
  const shown = lines.filter(
    (line) =>
      (!q ||
        `${line.method} ${line.host}${line.path} ${line.status ?? ""} ${who(line)} ${line.codes.join(" ")}`
          .toLowerCase()
          .includes(q)) &&
      (what === undefined ||
        (what === "hostile" && line.codes.length > 0) ||
        (what === "refused" && line.applied !== "allow" && line.applied !== "log") ||
        (what === "would" && line.action !== line.applied)),
  );
  return (
    <>
      <div className="page-head">
        <h1>Live</h1>
        <span className="small t3" role="status">
          {state === "on"
            ? paused
              ? `stopped; ${many(waiting, "exchange")} waiting`
              : "as it happens"
            : state === "none"
              ? "no stream"
              : state === "asking"
                ? "asking for the stream"
                : "the stream was lost; trying again"}
          {dropped > 0 ? ` · ${count(dropped)} passed by unseen` : ""}
        </span>
        <span className="acts">
          <button
            type="button"
            className={paused ? "btn primary" : "btn"}
            onClick={() => setPaused(!paused)}
            aria-pressed={paused}
          >
            <Icon name={paused ? "play" : "pause"} />
            {paused ? "Go on" : "Stop"} <kbd>Space</kbd>
          </button>
        </span>
      </div>
      {state === "none" && (
        <div className="note">
          <span className="sq hatch" />
          <p>
            <b>No stream of exchanges.</b> This server has none, or as many watch already as may. What it
            finds is under Incidents and Findings.
          </p>
        </div>
      )}
      {state === "lost" && (
        <div className="note warn">
          <Icon name="clock" />
          <p>
            <b>The stream was lost.</b> Traffic is still judged; what happens meanwhile is not shown here.
          </p>
        </div>
      )}
      <div className="toolbar">
        <FilterBar names={{}} hint="path, status, actor, code…" />
        <Segments
          label="What"
          name="what"
          options={[
            ["all", "All"],
            ["hostile", "Hostile"],
            ["refused", "Refused"],
            ["would", "Would refuse"],
          ]}
        />
      </div>
      <Panel
        title="Exchanges"
        sub="heads only, newest first, UTC"
        end={`${count(shown.length)} of the last ${count(lines.length)}`}
      >
        {shown.length === 0 ? (
          <Empty title={lines.length === 0 ? "Nothing yet" : "None of the last ones fits"}>
            {lines.length === 0
              ? "An exchange appears here as soon as it was judged."
              : "They go on being watched."}
          </Empty>
        ) : (
          <table className="fold live">
            <thead>
              <tr>
                <th>Time</th>
                <th>Request</th>
                <th>Status</th>
                <th>Verdict</th>
                <th>Actor</th>
                <th className="num">Detected</th>
                <th className="num">ms</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, 150).map((line) => (
                <Row key={line.key} line={line} />
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </>
  );
}

const who = (line: LiveExchange) => line.actor.label;

function Row({ line }: { line: Line }) {
  const time = instant(line.time);
  return (
    <tr>
      <td className="mono t3">
        {time === undefined ? "–" : <time title={absolute(time)}>{clock(time, true)}</time>}
      </td>
      <td className="f-first breaks">
        <Method name={line.method} /> <Path path={line.path} most={160} />{" "}
        <span className="t3">
          <Hostile text={line.host} most={60} />
        </span>
      </td>
      <td className={`mono ${(line.status ?? 0) >= 500 ? "tone s-high" : "t2"}`}>{line.status ?? "–"}</td>
      <td>
        <Verdict line={line} />
      </td>
      <td className="cutoff">
        <Link to="/actors/$id" params={{ id: line.actor.id }} className="link">
          <Hostile text={who(line) || line.actor.kind} most={50} />
        </Link>
      </td>
      <td className="mono num">
        {line.codes.map((code) => (
          <Link key={code} to="/reference" search={{ code }} className="tone s-high">
            {visible(code, 20)}{" "}
          </Link>
        ))}
      </td>
      <td className="num t3 f-hide">{line.duration_ms === null ? "–" : line.duration_ms.toFixed(1)}</td>
    </tr>
  );
}

/** Solid is what happened; hollow is what a rule in monitor mode would have done. */
function Verdict({ line }: { line: LiveExchange }) {
  const acted = line.applied !== "allow" && line.applied !== "log";
  if (acted) return <Sign kind={line.applied}>{DONE[line.applied] ?? line.applied}</Sign>;
  if (line.action !== line.applied && line.action !== "allow" && line.action !== "log") {
    return (
      <Sign kind={line.action} certainty="would">
        would {line.action}
      </Sign>
    );
  }
  return line.partly_inspected ? (
    <Sign certainty="unevaluated">allowed, seen in part</Sign>
  ) : (
    <Sign kind="allow">allowed</Sign>
  );
}

const DONE: Record<string, string> = {
  deny: "denied",
  mask: "masked",
  challenge: "challenged",
  throttle: "throttled",
};

import { Link } from "@tanstack/react-router";
import type { Detection } from "../api/shapes.ts";
import { Hostile, Sev, Sign } from "../parts/marks.tsx";
import { Time } from "../parts/words.tsx";
import { SEVERITIES } from "../words/names.ts";
import { count } from "../words/numbers.ts";

const worstFirst = (a: Detection, b: Detection) =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.exchanges - a.exchanges;

/** What actors did, the worst first: how often, and how often the API answered with success. */
export function DetectionTable({ detections, actor = true }: { detections: Detection[]; actor?: boolean }) {
  return (
    <table className="fold">
      <thead>
        <tr>
          <th>Severity</th>
          <th>What was done</th>
          {actor && <th>By</th>}
          <th className="num">Requests</th>
          <th className="num">Succeeded</th>
          <th className="num">At the wall</th>
          <th className="num">Seen</th>
        </tr>
      </thead>
      <tbody>
        {detections.toSorted(worstFirst).map((one) => (
          <tr key={one.id} className="tall">
            <td>
              <Sev severity={one.severity} />
            </td>
            <td className="f-first">
              <span className="main-cell">
                <Hostile text={one.title} />
              </span>
              <span className="sub">
                <span className="mono">{one.code}</span> · {one.stage} · confidence {one.confidence}
              </span>
            </td>
            {actor && (
              <td className="f-full">
                <Link to="/actors/$id" params={{ id: one.actor.id }} className="link">
                  <Hostile text={one.actor.label} most={60} />
                </Link>
              </td>
            )}
            <td className="num f-hide">{count(one.exchanges)}</td>
            <td className={`num f-hide ${one.succeeded > 0 ? "tone s-critical" : "t3"}`}>
              {count(one.succeeded)}
            </td>
            <td className="num f-hide">
              <Stopped detection={one} />
            </td>
            <td className="num t3">
              <Link to="/exchanges" search={{ detection: one.id }} className="link" title="Its exchanges">
                <Time at={one.last_time ?? one.time} />
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Solid was refused, hollow would have been. */
export function Stopped({ detection }: { detection: Pick<Detection, "refused" | "would_refuse"> }) {
  const { refused, would_refuse: would } = detection;
  if (refused + would === 0) return <span className="t3">let through</span>;
  return (
    <span className="outcomes">
      {refused > 0 && <Sign kind="deny">{count(refused)} refused</Sign>}
      {would > 0 && (
        <Sign kind="deny" certainty="would">
          {count(would)} would refuse
        </Sign>
      )}
    </span>
  );
}

import { Link } from "@tanstack/react-router";
import type { Detection, Endpoint } from "../api/shapes.ts";
import { Hostile, Operation, Sealed, Sign } from "../parts/marks.tsx";
import { capital, STAGE_TONE, STAGES } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { absolute, clock, instant, span } from "../words/time.ts";
import { type Act, stageName } from "./incident.tsx";

/** Time at the left, what was done, and what came of it at the right. */
export function Timeline({
  acts,
  endpoints,
}: {
  acts: Act[];
  endpoints: Map<string, Endpoint>;
  now: number;
}) {
  return (
    <ol className="tl">
      {acts.map((act) => (
        <li key={act.stage} className={`s-${STAGE_TONE[act.stage]}`}>
          <div className="stage">
            <span className="no" aria-hidden="true">
              {STAGES.indexOf(act.stage) + 1}
            </span>
            <h3>{stageName(act.stage)}</h3>
            <span className="t3">{clock(instant(act.detections[0]?.time) ?? 0)}</span>
          </div>
          <ol>
            {act.detections.map((detection) => (
              <Point
                key={detection.id}
                detection={detection}
                endpoint={endpoints.get(detection.endpoint_id ?? "")}
              />
            ))}
          </ol>
        </li>
      ))}
    </ol>
  );
}

function Point({ detection, endpoint }: { detection: Detection; endpoint: Endpoint | undefined }) {
  const from = instant(detection.time);
  const to = instant(detection.last_time);
  const first = detection.evidence.find((item) => item.note);
  return (
    <li className="point">
      {from === undefined ? (
        <span />
      ) : (
        <time dateTime={detection.time ?? ""} title={absolute(from)}>
          {clock(from)}
        </time>
      )}
      <div className="what">
        <b>
          <Hostile text={detection.title} />
        </b>
        <p>
          <Link to="/reference" search={{ code: detection.code }} className="mono">
            {detection.code}
          </Link>{" "}
          · confidence {detection.confidence}
          {from !== undefined && to !== undefined && to > from ? ` · over ${span(to - from)}` : ""} ·{" "}
          <Link to="/exchanges" search={{ detection: detection.id }}>
            its exchanges
          </Link>
        </p>
        {endpoint && (
          <p>
            <Link to="/inventory/$id" params={{ id: endpoint.id }}>
              <Operation endpoint={endpoint} />
            </Link>
          </p>
        )}
        {first && (
          <p className="says">
            <Hostile text={capital(first.note)} most={300} />
          </p>
        )}
        <details>
          <summary>{many(detection.evidence.length, "piece")} of evidence</summary>
          <ul>
            {detection.evidence.map((item, index) => (
              <li key={index}>
                {item.location && (
                  <code className="t2">
                    <Hostile text={item.location} most={160} />{" "}
                  </code>
                )}
                {item.value && <Sealed value={item.value} />} <Hostile text={item.note} most={600} />
              </li>
            ))}
          </ul>
        </details>
      </div>
      <p className="res">
        {detection.succeeded > 0 ? (
          <>
            <b className="tone s-critical">{count(detection.succeeded)}</b> of {count(detection.exchanges)}{" "}
            got through
          </>
        ) : (
          <>
            <b>{count(detection.exchanges)}</b> in vain
          </>
        )}
        {detection.refused > 0 && (
          <>
            <br />
            <Sign kind="held">{count(detection.refused)} stopped</Sign>
          </>
        )}
        {detection.would_refuse > 0 && (
          <>
            <br />
            <Sign kind="deny" certainty="would">
              {count(detection.would_refuse)} would refuse
            </Sign>
          </>
        )}
      </p>
    </li>
  );
}

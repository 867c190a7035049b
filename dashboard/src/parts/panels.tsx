import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import type { Evidence, Factor } from "../api/shapes.ts";
import { capital } from "../words/names.ts";
import { visible } from "../words/visible.ts";
import { Hostile, Sealed } from "./marks.tsx";

/** A panel is a border and a ground; `end` stands at the right of its head. */
export function Panel(props: {
  title: ReactNode;
  sub?: ReactNode;
  end?: ReactNode;
  id?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id} id={props.id}>
      <div className="ph">
        <h2 id={id}>{props.title}</h2>
        {props.sub && <span className="sub">{props.sub}</span>}
        {props.end && <span className="end">{props.end}</span>}
      </div>
      {props.children}
    </section>
  );
}

/** The arithmetic of a score: every line with its points; when they do not add up to it, it says so. */
export function Ledger({ factors, score, name }: { factors: Factor[]; score: number; name: string }) {
  const most = Math.max(1, ...factors.map((factor) => Math.abs(factor.points)));
  const sum = factors.reduce((total, factor) => total + factor.points, 0);
  const rest = score - sum;
  return (
    <table className="ledger">
      <tbody>
        {factors.map((factor) => (
          <tr key={factor.reason}>
            <td>
              <Hostile text={capital(factor.reason)} />
            </td>
            <td className="barcell">
              <span
                className={factor.points < 0 ? "bar neg" : "bar"}
                style={{ width: `${(Math.abs(factor.points) / most) * 100}%` }}
              />
            </td>
            <td>{factor.points < 0 ? `−${-factor.points}` : `+${factor.points}`}</td>
          </tr>
        ))}
        {rest !== 0 && (
          <tr>
            <td className="t3">{sum > 100 && score === 100 ? "kept within 100" : "not explained"}</td>
            <td />
            <td>{rest < 0 ? `−${-rest}` : `+${rest}`}</td>
          </tr>
        )}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={2}>{name}</td>
          <td>{score}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Evidence by the exchange it was seen in. Hashes that occur twice carry the accent's edge. */
export function EvidenceLines({ evidence }: { evidence: Evidence[] }) {
  const seen = new Map<string, number>();
  for (const { value } of evidence) if (value) seen.set(value.hash, (seen.get(value.hash) ?? 0) + 1);
  return (
    <table className="fold evidence">
      <thead>
        <tr>
          <th>Exchange</th>
          <th>Where</th>
          <th>Value</th>
          <th>What was seen</th>
        </tr>
      </thead>
      <tbody>
        {evidence.map((item, index) => (
          <tr key={index}>
            <td className="mono t3">
              {item.exchange_id ? (
                <Link
                  to="/exchanges"
                  search={{ id: item.exchange_id }}
                  className="link"
                  title="What is kept of it"
                >
                  {visible(item.exchange_id, 40)}
                </Link>
              ) : (
                "–"
              )}
            </td>
            <td className="mono f-full">
              {item.location ? (
                <>
                  {item.side && <span className="t3">{visible(item.side, 12)} </span>}
                  <Hostile text={item.location} most={160} />
                </>
              ) : (
                <span className="t3 f-hide">–</span>
              )}
            </td>
            <td className="f-full">
              {item.value ? (
                <Sealed value={item.value} look={(seen.get(item.value.hash) ?? 0) > 1 ? "same" : undefined} />
              ) : (
                <span className="t3 f-hide">–</span>
              )}
            </td>
            <td className="f-full says">
              <Hostile text={item.note} most={600} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Points of a history, the newest first. */
export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Pairs({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className="kv">
      {items.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

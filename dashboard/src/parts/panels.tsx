import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import type { Evidence, Factor } from "../api/shapes.ts";
import { capital } from "../words/names.ts";
import { visible } from "../words/visible.ts";
import { Hostile, Sealed } from "./marks.tsx";

/** Words beside a title, up to so many letters, stay beside it where there is little room. */
const BRIEF = 16;

/** A panel is a border and a ground; `end` stands at the right of its head. */
export function Panel(props: {
  title: ReactNode;
  sub?: string | undefined;
  end?: ReactNode;
  id?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id} id={props.id}>
      <div className="ph">
        <h2 id={id}>{props.title}</h2>
        {props.sub && (
          <span className={String(props.sub).length > BRIEF ? "sub" : "sub brief"}>{props.sub}</span>
        )}
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
  const twice = (item: Evidence) => item.value !== null && (seen.get(item.value.hash) ?? 0) > 1;
  const lines = evidence.filter(placed);
  return (
    <>
      {evidence
        .filter((item) => !placed(item))
        .map((item) => (
          <p key={item.note} className="pb gist">
            <Hostile text={capital(item.note)} most={600} />
          </p>
        ))}
      {lines.length > 0 && (
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
            {lines.map((item, index) => (
              <EvidenceLine key={index} item={item} twice={twice(item)} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** Whether it was seen in one place, and is not of all together. */
const placed = ({ exchange_id: exchange, location, value }: Evidence) =>
  exchange !== null || location !== null || value !== null;

const NOWHERE = <span className="t3 f-hide">–</span>;

function EvidenceLine({ item, twice }: { item: Evidence; twice: boolean }) {
  return (
    <tr>
      <td className="mono">
        {item.exchange_id ? (
          <Link to="/exchanges" search={{ id: item.exchange_id }} className="link" title="What is kept of it">
            {visible(item.exchange_id, 40)}
          </Link>
        ) : (
          NOWHERE
        )}
      </td>
      <td className="mono f-full">
        {item.location ? (
          <>
            {item.side && <span className="t3">{visible(item.side, 12)} </span>}
            <Hostile text={item.location} most={160} />
          </>
        ) : (
          NOWHERE
        )}
      </td>
      <td className="f-full">
        {item.value ? <Sealed value={item.value} look={twice ? "same" : undefined} /> : NOWHERE}
      </td>
      <td className="f-full says">
        <Hostile text={capital(item.note)} most={600} />
      </td>
    </tr>
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

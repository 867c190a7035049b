import { Link } from "@tanstack/react-router";
import type { Figures, NamedCount, Overview } from "../api/figures.ts";
import { useHealth } from "../api/queries.ts";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { capital, spaced } from "../words/names.ts";
import { count, many, share } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

const lines = ({ exchanges, store }: Figures): [string, number][] => [
  ["Hostile", exchanges.hostile],
  ["Refused by policies", exchanges.refused_by_policies],
  ["Would be refused", exchanges.policies_would_refuse],
  ["Missing from the capture", exchanges.missing_from_capture],
  ["Facts lost on the way to the store", store.exchange_facts_lost],
];

/** The most frequent reasons why a request or an answer was not inspected, such as `request:unknown_media_type`. */
function reasons(names: NamedCount[]): [reason: string, size: number][] {
  const sizes = new Map<string, number>();
  for (const { name, count: size } of names) {
    const reason = name.split(":")[1];
    if (reason) sizes.set(reason, (sizes.get(reason) ?? 0) + size);
  }
  return [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 2);
}

/** What a check lacked, such as `BZ-D004:History`: it could not be evaluated that often. */
function Lacking({ name }: { name: string }) {
  const [code = "", input = ""] = name.split(":");
  const words = input.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return (
    <>
      <Link to="/reference" search={{ code }}>
        <code>{visible(code, 20)}</code>
      </Link>
      {words && ` lacked ${visible(words, 40)}`}
    </>
  );
}

/** How fully Bartizan sees, and what it let go. */
export function Itself({ overview }: { overview: Overview }) {
  const { server, summary } = overview;
  const limits = useHealth().data?.limits_reached ?? [];
  if (!server) {
    return (
      <Panel title="Bartizan itself">
        <Empty title="Not yours to see">The server belongs to another organisation.</Empty>
      </Panel>
    );
  }
  const { judged, not_judged: not, partly_inspected: partly } = server.exchanges;
  const all = judged + not;
  const full = Math.max(0, judged - partly);
  const rest = Math.max(1, all - full);
  const end = server.ready ? <Sign kind="held">ready</Sign> : <Sign certainty="unconfirmed">not ready</Sign>;
  return (
    <Panel title="Bartizan itself" sub="since it began" end={end}>
      <div className="pb">
        <div className="row">
          <span className="grow">
            <b>{share(full, all)}</b> inspected in full
          </span>
          <span className="t3 small">{many(all, "exchange")}</span>
        </div>
        {/* What is missing is stretched over the last tenth, for it is what matters. */}
        <div
          className="meter after"
          role="img"
          aria-label={`${share(full, all)} in full, ${count(partly)} in part, ${count(not)} not`}
        >
          {full > 0 && <i className="k-allow" style={{ flex: 9 }} />}
          {partly > 0 && <i className="hatch" style={{ flex: Math.max(0.1, partly / rest) }} />}
          {not > 0 && <i className="k-throttle" style={{ flex: Math.max(0.1, not / rest) }} />}
        </div>
        <p className="small t3 read">
          {partly > 0 ? `Hatched: ${count(partly)} in part. ` : ""}
          {not > 0 ? `Solid at the end: ${count(not)} not judged.` : all > 0 && "Every one was judged."}
        </p>
        {reasons(summary?.not_inspected ?? []).map(([reason, size]) => (
          <div key={reason} className="row line">
            <span className="grow cut">
              <Sign certainty="unevaluated">{capital(spaced(reason))}</Sign>
            </span>
            <span>{count(size)}</span>
          </div>
        ))}
        {lines(server).map(([name, value]) => (
          <div key={name} className="row line">
            <span className="grow t3">{name}</span>
            <span>{count(value)}</span>
          </div>
        ))}
        {limits
          .filter((one) => one.count > 0)
          .toSorted((a, b) => b.count - a.count)
          .slice(0, 3)
          .map((one) => (
            <div key={one.name} className="row line">
              <Link to="/settings" search={{ tab: "health" }} className="grow cut">
                <Sign certainty="unevaluated">
                  <code>{visible(one.name, 60)}</code> reached
                </Sign>
              </Link>
              <span>{count(one.count)}</span>
            </div>
          ))}
        {(summary?.not_evaluated ?? []).slice(0, 3).map((one) => (
          <div key={one.name} className="row line">
            <span className="grow cut">
              <Sign certainty="unevaluated">
                <Lacking name={one.name} />
              </Sign>
            </span>
            <span>{count(one.count)}</span>
          </div>
        ))}
      </div>
    </Panel>
  );
}

import { Link, useNavigate } from "@tanstack/react-router";
import { useOverview, useSession } from "../api/queries.ts";
import type { Health, Incident, Overview as Shape } from "../api/shapes.ts";
import { Hostile, Method, Path, RiskMark, Sev, Sign, Stages } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useKeys } from "../shell/keys.ts";
import { capital, SEVERITIES, spaced } from "../words/names.ts";
import { count, many, share, word } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { DataMap } from "./datamap.tsx";
import { rest, story } from "./incidents.tsx";
import { ByRisk } from "./owasp.tsx";
import { Wall } from "./wall.tsx";

export function Overview() {
  useCrumbs("Overview");
  const overview = useOverview();
  return (
    <Ready of={overview} rows={14}>
      {(it) => <Report overview={it} />}
    </Ready>
  );
}

function Report({ overview }: { overview: Shape }) {
  const navigate = useNavigate();
  const worst = worstOf(overview.incidents.open);
  useKeys({ Enter: () => (worst ? navigate({ to: "/incidents/$id", params: { id: worst.id } }) : false) });
  const open = overview.findings.open_by_severity;
  const grave = (open.critical ?? 0) + (open.high ?? 0);
  return (
    <>
      <div className="report">
        <div>
          <p className="lead">
            <Lead incidents={overview.incidents.open} total={overview.incidents.total} grave={grave} />
          </p>
          <div className="row wrap act">
            {worst && (
              <Link to="/incidents/$id" params={{ id: worst.id }} className="btn primary">
                Open the worst incident <kbd>↵</kbd>
              </Link>
            )}
            <Link to="/findings" search={{ severity: "high" }} className={worst ? "btn" : "btn primary"}>
              {grave > 0 ? `See ${many(grave, "grave finding")}` : "Findings"}
            </Link>
            <span className="small t3">
              since <Time at={overview.since} ago />
            </span>
          </div>
        </div>
        <Exposure overview={overview} />
      </div>
      <div className="grid">
        <Wall traffic={overview.traffic} incidents={overview.incidents.open} />
      </div>
      <div className="grid g-main">
        <OpenIncidents incidents={overview.incidents.open} total={overview.incidents.total} />
        <News overview={overview} />
      </div>
      <div className="grid g-main">
        <Riskiest overview={overview} />
        <Itself health={overview.health} />
      </div>
      <div className="grid g-2">
        <DataMap overview={overview} />
        <ByRisk />
      </div>
    </>
  );
}

/** The gravest, and of these the one with the highest score. */
function worstOf(incidents: Incident[]): Incident | undefined {
  const grave = (one: Incident) => SEVERITIES.indexOf(one.severity);
  return incidents.toSorted((a, b) => grave(a) - grave(b) || b.score - a.score)[0];
}

/** What is true, and what needs somebody. */
function Lead({
  incidents,
  total,
  grave,
}: {
  incidents: Incident[];
  total: number | undefined;
  grave: number;
}) {
  const worst = worstOf(incidents);
  if (!worst) {
    return (
      <>
        No incident is open.{" "}
        {grave > 0 ? (
          <span className="quiet">
            {many(grave, "finding")} of severity high or critical wait for somebody.
          </span>
        ) : (
          <span className="quiet">Nothing grave waits for anybody.</span>
        )}
      </>
    );
  }
  const urgent = incidents.filter((one) => one.severity === "critical");
  const number = urgent.length || incidents.length;
  const needs = number === 1 ? "One incident needs you." : `${word(number)} incidents need you.`;
  const more = (total ?? incidents.length) - 1;
  return (
    <>
      {needs} <Hostile text={story(worst)} />:{" "}
      <span className={`tone s-${worst.severity}`}>
        <Hostile text={rest(worst)} />
      </span>
      .{" "}
      {more > 0 && (
        <span className="quiet">
          {many(more, "more incident")} {more === 1 ? "is" : "are"} open.
        </span>
      )}
    </>
  );
}

/** The one large number: what is open and grave. */
function Exposure({ overview }: { overview: Shape }) {
  const open = overview.findings.open_by_severity;
  const all = SEVERITIES.reduce((sum, severity) => sum + (open[severity] ?? 0), 0);
  return (
    <div className="exposure">
      <Link to="/findings">
        <b>{count(all)}</b> <small>{all === 1 ? "finding" : "findings"} to do</small>
      </Link>
      <div
        className="meter"
        role="img"
        aria-label={SEVERITIES.map((severity) => `${open[severity] ?? 0} ${severity}`).join(", ")}
      >
        {SEVERITIES.filter((severity) => (open[severity] ?? 0) > 0).map((severity) => (
          <i
            key={severity}
            className={`s-${severity} toned`}
            style={{ width: `${((open[severity] ?? 0) / Math.max(1, all)) * 100}%` }}
          />
        ))}
      </div>
      <p>
        {SEVERITIES.filter((severity) => (open[severity] ?? 0) > 0)
          .map((severity) => `${count(open[severity] ?? 0)} ${severity}`)
          .join(" · ") || "none open"}
        . {count(overview.findings.new)} new.{" "}
        <Link to="/inventory" className="link">
          {many(overview.endpoints.total, "endpoint")}
        </Link>
        , {count(overview.endpoints.provisional)} provisional.
      </p>
    </div>
  );
}

function OpenIncidents({ incidents, total }: { incidents: Incident[]; total: number | undefined }) {
  return (
    <Panel
      title="Open incidents"
      sub={count(total ?? incidents.length)}
      end={
        <Link to="/incidents" className="link">
          All incidents
        </Link>
      }
    >
      {incidents.length === 0 ? (
        <Empty title="No incident is open">
          Detections that belong together become an incident; single ones are under Actors.
        </Empty>
      ) : (
        <table className="fold">
          <thead>
            <tr>
              <th>Severity</th>
              <th>Story</th>
              <th>Stage reached</th>
              <th className="num">Score</th>
              <th className="num">Last seen</th>
            </tr>
          </thead>
          <tbody>
            {incidents.map((incident) => (
              <tr key={incident.id} className="tall">
                <td>
                  <Sev severity={incident.severity} />
                </td>
                <td className="f-first">
                  <Link to="/incidents/$id" params={{ id: incident.id }} className="main-cell">
                    <Hostile text={story(incident)} />
                  </Link>
                  <span className="sub wrapping">
                    <Hostile text={incident.actor.label} most={60} /> · <Hostile text={rest(incident)} />
                  </span>
                </td>
                <td className="nw f-hide">
                  <Stages stages={incident.stages} />
                </td>
                <td className="num f-hide">
                  <b>{incident.score}</b>
                </td>
                <td className="num t3 nw">
                  <Time at={incident.ended} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** What came since one was last here, as links to it. */
function News({ overview }: { overview: Shape }) {
  const session = useSession();
  const health = overview.health.exchanges;
  const items: {
    sign: string;
    words: React.ReactNode;
    to: "/inventory" | "/findings" | "/policies" | "/settings";
    search: Record<string, string>;
  }[] = [];
  if (overview.endpoints.new > 0) {
    items.push({
      sign: "+",
      words: <>{many(overview.endpoints.new, "new endpoint")}</>,
      to: "/inventory",
      search: { sort: "-last_seen" },
    });
  }
  if (overview.findings.new > 0)
    items.push({
      sign: "!",
      words: <>{many(overview.findings.new, "new finding")}</>,
      to: "/findings",
      search: {},
    });
  if (overview.endpoints.provisional > 0) {
    items.push({
      sign: "?",
      words: (
        <>
          {many(overview.endpoints.provisional, "endpoint")} still{" "}
          <span className="chip dashed">provisional</span>
        </>
      ),
      to: "/inventory",
      search: { confirmed: "false" },
    });
  }
  if ((health?.policies_would_refuse ?? 0) > 0) {
    items.push({
      sign: "□",
      words: (
        <>
          {many(health?.policies_would_refuse ?? 0, "request")} would have been refused by rules in monitor
          mode
        </>
      ),
      to: "/policies",
      search: { mode: "monitor" },
    });
  }
  if ((health?.refused_by_policies ?? 0) > 0) {
    items.push({
      sign: "■",
      words: <>{many(health?.refused_by_policies ?? 0, "request")} refused by policies</>,
      to: "/policies",
      search: { mode: "enforce" },
    });
  }
  for (const limit of (overview.health.limits_reached ?? []).filter((one) => one.count > 0).slice(0, 2)) {
    items.push({
      sign: "~",
      words: (
        <>
          {capital(visible(spaced(limit.name), 60))} reached {many(limit.count, "time")}:{" "}
          {visible(limit.behaviour, 120)}
        </>
      ),
      to: "/settings",
      search: { tab: "health" },
    });
  }
  return (
    <Panel
      title="Since your last visit"
      end={session?.last_login ? <Time at={session.last_login} ago /> : "first visit"}
    >
      {items.length === 0 ? (
        <Empty title="Nothing new" />
      ) : (
        <ul className="feed news">
          {items.map((item) => (
            <li key={`${item.sign}${item.to}${JSON.stringify(item.search)}`}>
              <span className="mono t3" aria-hidden="true">
                {item.sign}
              </span>
              <Link to={item.to} search={item.search}>
                {item.words}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Riskiest({ overview }: { overview: Shape }) {
  return (
    <Panel
      title="Riskiest endpoints"
      sub={`of ${count(overview.endpoints.total)}`}
      end={
        <Link to="/inventory" className="link">
          Inventory by risk
        </Link>
      }
    >
      <table className="fold">
        <thead>
          <tr>
            <th>Endpoint</th>
            <th>Because</th>
            <th className="num">Requests</th>
            <th>Risk</th>
          </tr>
        </thead>
        <tbody>
          {overview.riskiest.map((endpoint) => (
            <tr key={endpoint.id} className="tall">
              <td>
                <Link to="/inventory/$id" params={{ id: endpoint.id }} className="breaks">
                  <Method name={endpoint.method} />{" "}
                  <Path path={endpoint.operation ?? endpoint.path} most={80} />
                </Link>
                <span className="sub">
                  <Hostile text={endpoint.host} />
                </span>
              </td>
              <td className="t2 f-hide because">
                <Hostile
                  text={endpoint.risk.factors.toSorted((a, b) => b.points - a.points)[0]?.reason ?? "–"}
                  most={120}
                />
              </td>
              <td className="num f-hide">{count(endpoint.requests)}</td>
              <td>
                <RiskMark score={endpoint.risk.score} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** How fully Bartizan sees, and what it let go. */
function Itself({ health }: { health: Partial<Health> }) {
  const exchanges = health.exchanges ?? {};
  const judged = exchanges.judged ?? 0;
  const partly = exchanges.partly_inspected ?? 0;
  const not = exchanges.not_judged ?? 0;
  const all = judged + not;
  const full = Math.max(0, judged - partly);
  // The last per cent is stretched, for it is what matters.
  const rest = all - full;
  const lines: [string, number | undefined][] = [
    ["Hostile", exchanges.hostile],
    ["Refused by policies", exchanges.refused_by_policies],
    ["Would be refused", exchanges.policies_would_refuse],
    ["Missing from the capture", exchanges.missing_from_capture],
    ["Facts lost on the way to the store", health.store?.exchange_facts_lost],
    ...((health.limits_reached ?? [])
      .slice(0, 3)
      .map((limit) => [`Limit: ${visible(spaced(limit.name), 60)}`, limit.count]) as [string, number][]),
  ];
  return (
    <Panel
      title="Bartizan itself"
      end={health.version ? `version ${visible(health.version, 40)}` : undefined}
    >
      <div className="pb">
        <div className="row">
          <span className="grow">
            <b>{share(full, all)}</b> inspected in full
          </span>
          <span className="t3 small">{many(all, "exchange")}</span>
        </div>
        <div
          className="meter after"
          role="img"
          aria-label={`${share(full, all)} in full, ${count(partly)} in part, ${count(not)} not`}
        >
          <i className="k-allow" style={{ flex: 9 }} />
          {partly > 0 && <i className="hatch" style={{ flex: Math.max(0.1, partly / Math.max(1, rest)) }} />}
          {not > 0 && <i className="k-throttle" style={{ flex: Math.max(0.05, not / Math.max(1, rest)) }} />}
        </div>
        <p className="small t3 after">
          The last tenth is stretched. Hatched: {count(partly)} in part. Solid: {count(not)} not at all.
        </p>
        {lines.map(([name, value]) => (
          <div key={name} className="row line">
            <span className="grow t3">{name}</span>
            {value === undefined ? (
              <Sign certainty="unevaluated">not reported</Sign>
            ) : (
              <span>{count(value)}</span>
            )}
          </div>
        ))}
      </div>
    </Panel>
  );
}

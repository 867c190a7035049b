import { Link, useNavigate } from "@tanstack/react-router";
import type { Overview as Shape } from "../api/figures.ts";
import { useOverview } from "../api/queries.ts";
import type { Endpoint, Incident, Severity } from "../api/shapes.ts";
import { Hostile, Operation, RiskMark, Sev, Stages } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Spark } from "../parts/spark.tsx";
import { Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useKeys } from "../shell/keys.ts";
import { capital, SEVERITIES } from "../words/names.ts";
import { count, many, word } from "../words/numbers.ts";
import { rest, story } from "../words/story.ts";
import { DataMap } from "./datamap.tsx";
import { Itself } from "./itself.tsx";
import { News } from "./news.tsx";
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

/** Findings to do, by severity. */
const todo = (overview: Shape) =>
  Object.fromEntries(overview.counts.active_findings) as Partial<Record<Severity, number>>;

/** Whether nothing was looked at so far: then that nothing was found says nothing. */
const blind = ({ counts, summary, server }: Shape): boolean =>
  counts.endpoints === 0 && summary === null && (server?.exchanges.judged ?? 0) === 0;

function Report({ overview }: { overview: Shape }) {
  const navigate = useNavigate();
  const worst = worstOf(overview.incidents);
  useKeys({ Enter: () => (worst ? navigate({ to: "/incidents/$id", params: { id: worst.id } }) : false) });
  const grave = (todo(overview).critical ?? 0) + (todo(overview).high ?? 0);
  return (
    <>
      <div className="report">
        <div>
          <p className="lead">
            {blind(overview) ? (
              <>
                Nothing was judged yet.{" "}
                <span className="quiet">
                  Send requests through the gateway, or have a recording analysed.
                </span>
              </>
            ) : (
              <Lead incidents={overview.incidents} total={overview.counts.incidents} grave={grave} />
            )}
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
            {overview.summary && (
              <span className="small t3">
                of {many(overview.summary.exchanges, "exchange")}, the last{" "}
                <Time at={overview.summary.ended} ago />
              </span>
            )}
          </div>
        </div>
        {!blind(overview) && <Exposure overview={overview} />}
      </div>
      <div className="grid">
        <Wall
          traffic={overview.traffic}
          timeline={overview.summary?.timeline ?? []}
          incidents={overview.incidents}
        />
      </div>
      <div className="grid g-main">
        <OpenIncidents incidents={overview.incidents} total={overview.counts.incidents} />
        <News overview={overview} />
      </div>
      <div className="grid g-main">
        <Riskiest overview={overview} />
        <Itself overview={overview} />
      </div>
      <div className="grid g-2">
        <DataMap classes={overview.data_classes} />
        <ByRisk tallies={overview.summary?.checks ?? []} />
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
  const more = (total ?? incidents.length) - number;
  return (
    <>
      {needs} {number > 1 && "The worst: "}
      <Hostile text={story(worst)} />:{" "}
      <span className={`tone s-${worst.severity}`}>
        <Hostile text={rest(worst)} />
      </span>
      .{" "}
      {more > 0 && (
        <span className="quiet">
          {word(more)} more {more === 1 ? "is" : "are"} open.
        </span>
      )}
    </>
  );
}

/** The one large number: what is open and grave. */
function Exposure({ overview }: { overview: Shape }) {
  const open = todo(overview);
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
        .{" "}
        <Link to="/inventory" className="link">
          {many(overview.counts.endpoints, "endpoint")}
        </Link>
        , {count(overview.counts.provisional)} provisional.
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
        <table className="fold story-rows">
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
                <td className="nw">
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

/** The two weightiest reasons of a risk. */
function because({ risk }: Endpoint): string {
  const reasons = risk.factors.toSorted((a, b) => b.points - a.points).map(({ reason }) => reason);
  return capital(reasons.slice(0, 2).join("; ")) || "–";
}

function Riskiest({ overview }: { overview: Shape }) {
  return (
    <Panel
      title="Riskiest endpoints"
      sub={`of ${count(overview.counts.endpoints)}`}
      end={
        <Link to="/inventory" className="link">
          Inventory by risk
        </Link>
      }
    >
      {overview.riskiest.length === 0 && (
        <Empty title="No endpoint yet">
          Endpoints appear when requests come through the gateway or a source, and are answered with success.
        </Empty>
      )}
      <table className="fold" hidden={overview.riskiest.length === 0}>
        <thead>
          <tr>
            <th>Endpoint</th>
            <th>Because</th>
            <th className="num" title="The line: calls of the last 24 hours">
              Requests
            </th>
            <th>Risk</th>
          </tr>
        </thead>
        <tbody>
          {overview.riskiest.map((endpoint) => (
            <tr key={endpoint.id} className="tall">
              <td>
                <Link to="/inventory/$id" params={{ id: endpoint.id }} className="breaks">
                  <Operation endpoint={endpoint} />
                </Link>
                <span className="sub">
                  <Hostile text={endpoint.host} />
                </span>
              </td>
              <td className="t2 f-hide because">
                <Hostile text={because(endpoint)} most={160} />
              </td>
              <td className="num f-hide nw">
                <Spark id={endpoint.id} period="day" /> {count(endpoint.requests)}
              </td>
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

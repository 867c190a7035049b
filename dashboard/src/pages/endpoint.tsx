import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useDetections, useEndpoint } from "../api/queries.ts";
import type { Endpoint } from "../api/shapes.ts";
import { Export } from "../parts/list.tsx";
import { DataClass, Hostile, Operation, RiskMark, Sign, StateChip } from "../parts/marks.tsx";
import { Facts, Ledger, Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { ACTIVE, authName, isSensitive, protocolName, spaced, titleOf, tone } from "../words/names.ts";
import { count, many, share, times, were } from "../words/numbers.ts";
import { curl } from "../words/shell.ts";
import { visible } from "../words/visible.ts";
import { MergedHere } from "./apart.tsx";
import { CallersHere, ChangesHere } from "./callers.tsx";
import { CallsHere } from "./calls.tsx";
import { ToldHere } from "./changes.tsx";
import { DetectionTable } from "./detections.tsx";
import { Fields } from "./fields.tsx";
import { type FindingHere, FindingsHere, useFindingsHere } from "./findingshere.tsx";
import { Outcome } from "./incident.tsx";
import { Knowledge } from "./knowledge.tsx";
import { WhoAndWhere } from "./whoandwhere.tsx";
import { WrittenHere } from "./written.tsx";

export function EndpointPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const endpoint = useEndpoint(id);
  const data = endpoint.data;
  useCrumbs(data ? visible(titleOf(data), 200) : "Endpoint", {
    to: "/inventory",
    name: "Inventory",
  });
  return (
    <Ready of={endpoint} rows={12}>
      {(it) => <Whole endpoint={it} />}
    </Ready>
  );
}

function Whole({ endpoint }: { endpoint: Endpoint }) {
  const findings = useFindingsHere(endpoint);
  const detections = useDetections({ endpoint: endpoint.id });
  return (
    <>
      <div className="ehead">
        <Operation endpoint={endpoint} />
        <span className="t3">
          <Hostile text={endpoint.host} />
        </span>
        <Copy text={`${endpoint.host}${endpoint.path}`} label="Copy host and path" />
        <span className="acts">
          <Link to="/exchanges" search={{ endpoint: endpoint.id }} className="btn">
            Its exchanges
          </Link>
          <Copy text={curl(endpoint.method, endpoint.host, endpoint.path)} label="Copy as curl">
            Copy as curl
          </Copy>
        </span>
      </div>
      <p className="lead">
        <Lead endpoint={endpoint} findings={findings.data} />
      </p>
      <Facts
        items={[
          [
            "State",
            <span key="state">
              <StateChip endpoint={endpoint} />
              {endpoint.written !== null &&
                endpoint.written.drift.length > 0 &&
                `, ${many(endpoint.written.drift.length + endpoint.written.more, "drift")}`}
            </span>,
          ],
          ["Access", spaced(endpoint.access)],
          ["Protocol", protocolName(endpoint.protocol)],
          ["Requests", count(endpoint.requests)],
          ["Actors", count(endpoint.actors)],
          ["First seen", <Time key="first" at={endpoint.first_seen} ago />],
          ["Last seen", <Time key="last" at={endpoint.last_seen} ago />],
          [
            "Id",
            <span key="id" className="mono">
              {endpoint.id} <Copy text={endpoint.id} label="Copy the id" />
            </span>,
          ],
        ]}
      />
      <div className="grid g-main">
        <div className="stack">
          <Fields endpoint={endpoint} />
          <WrittenHere endpoint={endpoint} />
          <Panel title="Findings here" sub="weaknesses that last until they are fixed">
            <Ready of={findings} rows={3}>
              {(those) => <FindingsHere findings={those} />}
            </Ready>
          </Panel>
          <Panel
            title="Hostile traffic here"
            sub="what actors did"
            end={<Export path="/detections" query={{ endpoint: endpoint.id }} small />}
          >
            <Ready of={detections} rows={3}>
              {(page) =>
                page.items.length === 0 ? (
                  <Empty title="Nothing hostile was seen here">
                    {were(endpoint.requests, "exchange")} judged.
                  </Empty>
                ) : (
                  <DetectionTable detections={page.items} />
                )
              }
            </Ready>
          </Panel>
          <CallsHere endpoint={endpoint.id} firstSeen={endpoint.first_seen} />
          <CallersHere endpoint={endpoint.id} />
        </div>
        <div className="stack">
          <Panel title="Risk" end={<RiskMark score={endpoint.risk.score} />}>
            <div className={`pb s-${tone(endpoint.risk.score) ?? "info"}`}>
              <Ledger factors={endpoint.risk.factors} score={endpoint.risk.score} name="Risk" />
            </div>
          </Panel>
          <WhoAndWhere endpoint={endpoint} />
          <Knowledge endpoint={endpoint} />
          <Authentication endpoint={endpoint} />
          <Answers endpoint={endpoint} />
          <Outcome detections={detections.data?.items ?? []} title="Hostile requests" />
          <DataHere endpoint={endpoint} />
          <ToldHere endpoint={endpoint.id} />
          <ChangesHere endpoint={endpoint} />
          <MergedHere endpoint={endpoint} />
          {endpoint.template_evidence.length > 0 && (
            <Panel title="Why the path is a template">
              <ul className="pb hist nol">
                {endpoint.template_evidence.map((line) => (
                  <li key={line}>
                    <Hostile text={line} />
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

/** One sentence of what is true here, and what needs somebody. */
function Lead({ endpoint, findings }: { endpoint: Endpoint; findings: FindingHere[] | undefined }) {
  const auth =
    endpoint.auth.length > 0
      ? ` with ${endpoint.auth.map((one) => authName(one.type)).join(" or ")}`
      : endpoint.auth_judged > 0
        ? ", and no credential was seen"
        : "";
  const out = [
    ...new Set(
      endpoint.data_classes.filter((one) => one.direction === "response").map((one) => spaced(one.class)),
    ),
  ];
  const open = findings?.filter((finding) => ACTIVE.includes(finding.state)) ?? [];
  const worst =
    open.find((finding) => finding.severity === "critical" || finding.severity === "high") ?? open[0];
  return (
    <>
      {many(endpoint.actors, "actor")} called it {times(endpoint.requests)}
      {auth}
      {out.length > 0
        ? `; it answers with ${out.slice(0, 4).join(", ")}${out.length > 4 ? ` and ${out.length - 4} more` : ""}`
        : ""}
      .{" "}
      {worst && (
        <span className={`tone s-${worst.severity}`}>
          <Hostile text={worst.title} />
          {open.length > 1 ? `, and ${many(open.length - 1, "more finding")}` : ""}.
        </span>
      )}
      {findings && open.length === 0 && <span className="quiet">No finding is open.</span>}
    </>
  );
}

function Meter({ parts, label }: { parts: { share: number; className: string }[]; label: string }) {
  return (
    <div className="meter" role="img" aria-label={label}>
      {parts
        .filter((part) => part.share > 0)
        .map((part) => (
          <i key={part.className} className={part.className} style={{ width: `${part.share * 100}%` }} />
        ))}
    </div>
  );
}

function Line({ words, value, className }: { words: ReactNode; value: ReactNode; className?: string }) {
  return (
    <div className={`row line ${className ?? ""}`}>
      <span className="grow">{words}</span>
      <span className="nw">{value}</span>
    </div>
  );
}

function Authentication({ endpoint }: { endpoint: Endpoint }) {
  const judged = endpoint.auth_judged;
  const successes = endpoint.statuses
    .filter(([status]) => (status >= 200 && status < 300) || status === 304)
    .reduce((sum, [, size]) => sum + size, 0);
  // Without a count, it is at least what all ways together leave: a request may carry several.
  const most = Math.min(
    1,
    endpoint.auth.reduce((sum, one) => sum + one.coverage, 0),
  );
  const anonymous = endpoint.auth_anonymous;
  const covered = anonymous === null ? most : 1 - anonymous / Math.max(1, judged);
  const open = `Answered without a credential${anonymous === null && endpoint.auth.length > 1 ? ", at least" : ""}`;
  const known = successes > 0 ? Math.min(1, judged / successes) : judged > 0 ? 1 : 0;
  return (
    <Panel
      title="Authentication"
      sub={judged > 0 ? `of ${many(judged, "success", "successes")} that could be judged` : undefined}
    >
      <div className="pb">
        <Meter
          label={`${share(covered, 1)} with a credential`}
          parts={[
            { share: covered * known, className: "k-allow" },
            { share: (1 - covered) * known, className: "k-deny" },
            { share: 1 - known, className: "hatch" },
          ]}
        />
        {endpoint.auth.map((one) => (
          <Line
            key={one.type + one.location + one.name}
            words={
              <>
                {authName(one.type)}, <code>{visible(`${one.location}.${one.name}`, 60)}</code>
              </>
            }
            value={share(one.coverage, 1)}
          />
        ))}
        {/* Shares are rounded, each by itself. */}
        {judged > 0 && (anonymous === null ? 1 - covered > 0.0005 : anonymous > 0) && (
          <Line className="tone s-high" words={open} value={share(1 - covered, 1)} />
        )}
        {judged === 0 && (
          <div className="note">
            <span className="sq hatch" />
            <p>
              <b>Not evaluated.</b> The source does not record request headers, or nothing was answered with
              success. It is not <AuthNone />.
            </p>
          </div>
        )}
      </div>
    </Panel>
  );
}

const AuthNone = () => <i>none</i>;

function Answers({ endpoint }: { endpoint: Endpoint }) {
  const total = endpoint.statuses.reduce((sum, [, size]) => sum + size, 0);
  const sorted = endpoint.statuses.toSorted((a, b) => b[1] - a[1]);
  return (
    <Panel title="Answers" sub={`${many(total, "answer")} by status`}>
      <div className="pb">
        {sorted.slice(0, 10).map(([status, size]) => (
          <div key={status} className="row line">
            <code style={{ width: 32 }}>{status}</code>
            <span className="grow">
              <span
                className={`bar ${status >= 500 ? "bad" : ""}`}
                style={{ width: `${(size / (sorted[0]?.[1] ?? 1)) * 100}%` }}
              />
            </span>
            <span className="nw">{count(size)}</span>
          </div>
        ))}
        {total === 0 && <Sign certainty="unevaluated">No status was recorded</Sign>}
      </div>
    </Panel>
  );
}

function DataHere({ endpoint }: { endpoint: Endpoint }) {
  const [whole, setWhole] = useState(false);
  if (endpoint.data_classes.length === 0) return null;
  const sorted = endpoint.data_classes.toSorted(
    (a, b) => Number(isSensitive(b.class)) - Number(isSensitive(a.class)) || b.count - a.count,
  );
  const shown = whole ? sorted : sorted.slice(0, 8);
  return (
    <Panel title="Sensitive data" sub="by where it was seen">
      <table>
        <thead>
          <tr>
            <th>Class</th>
            <th>Where</th>
            <th className="num">Seen</th>
            <th className="num" title="Distinct principals, merely claimed ones left out">
              Principals
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.class + one.location + one.direction}>
              <td>
                <DataClass name={one.class} />
              </td>
              <td className="mono breaks">
                <span className="t3">{one.direction} </span>
                <Hostile text={one.location} most={120} />
              </td>
              <td className="num">{count(one.count)}</td>
              <td className="num">
                {one.principals === null ? (
                  <span className="t3" title="Not counted when this was written down">
                    –
                  </span>
                ) : (
                  count(one.principals)
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > shown.length && (
        <div className="tf">
          <button type="button" className="link" onClick={() => setWhole(true)}>
            {many(sorted.length - shown.length, "more", "more")}
          </button>
        </div>
      )}
    </Panel>
  );
}

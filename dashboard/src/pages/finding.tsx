import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { resource, useChecks, useEndpoint, useFinding, useSession } from "../api/queries.ts";
import type { Finding, Page, StateChange } from "../api/shapes.ts";
import { inline, Sources } from "../parts/doc.tsx";
import { Called, DataClass, Hostile, Operation, Sev, Sure } from "../parts/marks.tsx";
import { EvidenceLines, Pairs, Panel } from "../parts/panels.tsx";
import { Copy, Ready, Time, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useKeys } from "../shell/keys.ts";
import { spaced } from "../words/names.ts";
import { count, many, share } from "../words/numbers.ts";
import { instant, relative } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { useAssign } from "./assign.tsx";
import { Comments } from "./comments.tsx";
import { DECISIONS, mayTriage, useTriage } from "./triage.tsx";

export function FindingPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const finding = useFinding(id);
  useCrumbs(finding.data ? visible(finding.data.title, 200) : "Finding", {
    to: "/findings",
    name: "Findings",
  });
  return (
    <Ready of={finding} rows={10}>
      {(it) => <Whole finding={it} />}
    </Ready>
  );
}

function Whole({ finding }: { finding: Finding }) {
  const history = useQuery(
    resource<Page<StateChange>>(`/findings/${encodeURIComponent(finding.id)}/history`),
  );
  const checks = useChecks();
  const item = checks.data?.items.find((one) => one.code === finding.code);
  const session = useSession();
  const triage = useTriage();
  const assign = useAssign();
  const may = mayTriage(session?.role);
  const possible = DECISIONS.filter(
    (decision) => decision.to !== finding.state && finding.state !== "replaced",
  );
  useKeys(
    may
      ? {
          a: () => assign.ask([finding.id]),
          m: () => assign.take([finding.id]),
          ...Object.fromEntries(
            possible.map((decision) => [decision.key, () => triage.start([finding.id], decision)]),
          ),
        }
      : {},
  );
  const classes = [...new Set(finding.evidence.flatMap((one) => (one.value ? [one.value.class] : [])))];
  const changes = history.data?.items ?? [];
  return (
    <>
      <div className="thead">
        <div className="row wrap">
          <Sev severity={finding.severity} />
          <Sure confidence={finding.confidence} />
          <span className="plain mono nw">
            {finding.code}
            {item ? ` · ${item.name}` : ""}
          </span>
          <span className="plain mono nw">
            {finding.id} <Copy text={finding.id} label="Copy the id" />
          </span>
        </div>
        {may && (
          <div className="acts">
            {possible.map((decision) => (
              <button
                key={decision.to}
                type="button"
                className={decision === possible[0] ? "btn primary" : "btn"}
                onClick={() => triage.start([finding.id], decision)}
              >
                {decision.words} <kbd>{decision.key.toUpperCase()}</kbd>
              </button>
            ))}
          </div>
        )}
        <h1>
          <Hostile text={finding.title} />
        </h1>
        <p className="t3 under">
          <Subject finding={finding} />
        </p>
      </div>
      <Steps finding={finding} changes={changes} />
      <div className="grid g-main">
        <div className="stack">
          <section className="panel">
            <div className="vs">
              <div>
                <h3>What is checked</h3>
                <p>{item ? inline(item.what) : "–"}</p>
              </div>
              <div>
                <h3 className={`tone s-${finding.severity}`}>Seen</h3>
                <p>
                  <b>{many(finding.failed, "time")}</b> of {count(finding.failed + finding.passed)} that could
                  be judged ({share(finding.failed, finding.failed + finding.passed)})
                  {finding.endpoints > 1 ? ` at ${many(finding.endpoints, "endpoint")}` : ""}. First{" "}
                  <Time at={finding.first_seen} ago />, last <Time at={finding.last_seen} ago />.
                </p>
              </div>
            </div>
          </section>
          <Panel
            title="Evidence"
            sub="values are kept as class, shape and keyed hash; equal hashes are equal values"
          >
            <EvidenceLines evidence={finding.evidence} />
          </Panel>
          <Panel title="Fix">
            <div className="pb">
              <p className="prose">{inline(visible(finding.remediation, 2000))}</p>
            </div>
          </Panel>
          <Comments finding={finding.id} may={may} />
          {finding.endpoint_ids.length > 0 && <Shown finding={finding} />}
        </div>
        <div className="stack">
          <section className="panel">
            <div className="pb">
              <Pairs
                items={[
                  ["State", spaced(finding.state)],
                  ["Assignee", <Assignee key="assignee" finding={finding} may={may} assign={assign} />],
                  ["Host", <Hostile key="host" text={finding.host} />],
                  ["OWASP", visible(finding.owasp.join(", "), 200) || "–"],
                  ["CWE", visible(finding.cwe.join(", "), 200) || "–"],
                  ["First seen", <Time key="first" at={finding.first_seen} ago />],
                  ["Last seen", <Time key="last" at={finding.last_seen} ago />],
                  ...(finding.discriminator
                    ? ([["Distinguished by", <Hostile key="by" text={finding.discriminator} />]] as [
                        string,
                        React.ReactNode,
                      ][])
                    : []),
                ]}
              />
            </div>
          </section>
          {item && (
            <Panel
              title="Why it matters"
              end={
                <Link to="/reference" search={{ code: finding.code }} className="link">
                  {finding.code}
                </Link>
              }
            >
              <div className="pb">
                <p className="prose">{inline(item.why)}</p>
                <Sources item={item} brief />
              </div>
            </Panel>
          )}
          {classes.length > 0 && (
            <Panel title="Data it exposes">
              <div className="pb dcs wrap">
                {classes.map((name) => (
                  <DataClass key={name} name={name} />
                ))}
              </div>
            </Panel>
          )}
          <Panel title="History" end={count(changes.length + 1)}>
            <History finding={finding} changes={changes} />
          </Panel>
        </div>
      </div>
      {triage.dialog}
      {assign.dialog}
    </>
  );
}

/** Who looks after it, and what somebody who may can do about that. */
function Assignee(props: { finding: Finding; may: boolean; assign: ReturnType<typeof useAssign> }) {
  const { finding, may, assign } = props;
  const session = useSession();
  const name =
    finding.assignee === null ? <span className="t3">nobody</span> : <b>{visible(finding.assignee, 80)}</b>;
  if (!may) return name;
  return (
    <span className="assignee">
      {name}
      {finding.assignee !== session?.user && (
        <button type="button" className="link" onClick={() => assign.take([finding.id])}>
          take <kbd>M</kbd>
        </button>
      )}
      <button type="button" className="link" onClick={() => assign.ask([finding.id])}>
        assign <kbd>A</kbd>
      </button>
    </span>
  );
}

function Subject({ finding }: { finding: Finding }) {
  if (finding.endpoint_id === null) {
    return (
      <>
        Host <Hostile text={finding.host} />, {many(finding.endpoints, "endpoint")}
      </>
    );
  }
  return (
    <span className="row wrap">
      <Link to="/inventory/$id" params={{ id: finding.endpoint_id }} className="row wrap">
        {finding.method !== null && finding.path !== null ? (
          <span>
            <Called place={{ method: finding.method, path: finding.path, operation: finding.operation }} />
          </span>
        ) : (
          <code>{finding.endpoint_id}</code>
        )}
        <span>
          <Hostile text={finding.host} />
        </span>
      </Link>
      <Link to="/exchanges" search={{ endpoint: finding.endpoint_id }} className="link small">
        Its exchanges
      </Link>
    </span>
  );
}

/** The endpoints that show it, a few at first. */
function Shown({ finding }: { finding: Finding }) {
  const [most, setMost] = useState(FEW);
  const { endpoint_ids: ids, endpoints } = finding;
  return (
    <Panel title="Endpoints that show it" sub={many(endpoints, "endpoint")}>
      <ul className="feed pairs">
        {ids.slice(0, most).map((id) => (
          <EndpointLine key={id} id={id} />
        ))}
      </ul>
      {(ids.length > most || endpoints > ids.length) && (
        <div className="tf">
          {ids.length > most ? (
            <button type="button" className="link" onClick={() => setMost(most + MORE)}>
              {many(Math.min(MORE, ids.length - most), "more", "more")}
            </button>
          ) : (
            `${count(ids.length)} of them are named`
          )}
        </div>
      )}
    </Panel>
  );
}

const FEW = 12;
const MORE = 50;

function EndpointLine({ id }: { id: string }) {
  const endpoint = useEndpoint(id).data;
  return (
    <li>
      <Link to="/inventory/$id" params={{ id }} className="cut">
        {endpoint ? <Operation endpoint={endpoint} /> : <code>{id}</code>}
      </Link>
    </li>
  );
}

/** The way from finding to fix; what has not been reached is pale. */
function Steps({ finding, changes }: { finding: Finding; changes: StateChange[] }) {
  const now = useNow();
  const last = (state: string) => changes.findLast((change) => change.to === state);
  const words = (time: string | null | undefined, who?: string) => {
    const at = instant(time);
    const rel = at === undefined ? "–" : relative(at, now);
    return who ? `${rel}, ${visible(who, 60)}` : rel;
  };
  const state = finding.state;
  const side = state === "accepted" || state === "false_positive" || state === "replaced";
  const steps: { name: string; on: boolean; done: boolean; words: string }[] = [
    { name: "Found", on: state === "open", done: true, words: words(finding.first_seen) },
    {
      name: "Confirmed",
      on: state === "confirmed",
      done: last("confirmed") !== undefined,
      words: words(last("confirmed")?.time, last("confirmed")?.who),
    },
    side
      ? {
          name: spaced(state).replace(/^./, (first) => first.toUpperCase()),
          on: true,
          done: true,
          words: last(state)?.expiry
            ? `until ${visible(last(state)?.expiry?.slice(0, 10) ?? "", 10)}`
            : words(last(state)?.time, last(state)?.who),
        }
      : {
          name: "Fixed",
          on: state === "fixed",
          done: state === "fixed",
          words: state === "fixed" ? words(last("fixed")?.time, last("fixed")?.who) : "–",
        },
  ];
  return (
    <ol className="steps">
      {steps.map((step) => (
        <li
          key={step.name}
          className={step.on ? "now" : step.done ? "done" : ""}
          aria-current={step.on ? "step" : undefined}
        >
          {step.name}
          <span>{step.words}</span>
        </li>
      ))}
    </ol>
  );
}

function History({ finding, changes }: { finding: Finding; changes: StateChange[] }) {
  return (
    <ol className="pb hist">
      {changes.toReversed().map((change) => (
        <li key={change.sequence} className={change.to === "confirmed" ? "k-deny" : "k-held"}>
          <b>{visible(change.who, 60)}</b> {change.from ? `${spaced(change.from)} → ` : ""}
          {spaced(change.to)}
          {change.expiry ? `, until ${visible(change.expiry.slice(0, 10), 10)}` : ""}
          <br />
          <Time at={change.time} ago />
          {change.reason && (
            <q>
              <Hostile text={change.reason} />
            </q>
          )}
        </li>
      ))}
      <li>
        Found by <span className="mono">{finding.code}</span>
        <br />
        <Time at={finding.first_seen} ago />
      </li>
    </ol>
  );
}

import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { one, resource, useIncident } from "../api/queries.ts";
import type { Actor, Detection, Endpoint, Incident, Page, Stage } from "../api/shapes.ts";
import { DataClass, Hostile, Operation, Sev } from "../parts/marks.tsx";
import { Ledger, Pairs, Panel } from "../parts/panels.tsx";
import { Copy, Ready, Time, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { capital, STAGE_TONE, STAGES, spaced } from "../words/names.ts";
import { count, many, share } from "../words/numbers.ts";
import { rest, story } from "../words/story.ts";
import { absolute, before, instant, stretch } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { JourneyOfIncident } from "./incidentjourney.tsx";
import { Sequence } from "./sequence.tsx";
import { Timeline } from "./timeline.tsx";

/** Detections of one stage, in order. */
export interface Act {
  stage: Stage;
  detections: Detection[];
}

export function IncidentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const incident = useIncident(id);
  useCrumbs(incident.data ? visible(story(incident.data), 200) : "Incident", {
    to: "/incidents",
    name: "Incidents",
  });
  return (
    <Ready of={incident} rows={10}>
      {(it) => <Whole incident={it} />}
    </Ready>
  );
}

/** The stages in their order, each with its detections in the order of time. */
function acts(detections: Detection[]): Act[] {
  return STAGES.map((stage) => ({
    stage,
    detections: detections
      .filter((each) => each.stage === stage)
      .toSorted((a, b) => ((a.time ?? "") < (b.time ?? "") ? -1 : 1)),
  })).filter((act) => act.detections.length > 0);
}

function Whole({ incident }: { incident: Incident }) {
  const detections = useQuery(
    resource<Page<Detection>>(`/incidents/${encodeURIComponent(incident.id)}/detections`, { limit: 500 }),
  );
  const story_ = useMemo(() => acts(detections.data?.items ?? []), [detections.data]);
  const ids = [
    ...new Set(
      story_.flatMap((act) => act.detections.flatMap((each) => (each.endpoint_id ? [each.endpoint_id] : []))),
    ),
  ].slice(0, 12);
  const results = useQueries({ queries: ids.map((id) => one<Endpoint>("/endpoints", id)) });
  const endpoints = new Map(
    results.flatMap((result) => (result.data ? [[result.data.id, result.data] as const] : [])),
  );
  const now = useNow();
  const ended = instant(incident.ended);
  const started = instant(incident.started);
  const active = ended !== undefined && now - ended < 15 * 60_000;
  return (
    <>
      <div className={`ihead s-${incident.severity}`}>
        <div>
          <div className="row wrap">
            <Sev severity={incident.severity} />
            {active ? <span className="chip on">active</span> : <span className="chip">over</span>}
            <span className="plain mono nw">
              {incident.id} <Copy text={incident.id} label="Copy the id" />
            </span>
          </div>
          <h1>
            <Hostile text={story(incident)} />
          </h1>
          <p className="story">
            <Link to="/actors/$id" params={{ id: incident.actor.id }} className="link">
              {capital(visible(incident.actor.label, 120))}
            </Link>
            : <Hostile text={rest(incident)} />.{" "}
            {ended !== undefined && started !== undefined && (
              <span title={`${absolute(started)} – ${absolute(ended)}`}>
                The last was {before(ended, now)}.
              </span>
            )}
          </p>
        </div>
        <p className="score">
          <b>{incident.score}</b>
          <span>score of 100</span>
        </p>
      </div>
      <Strip acts={story_} now={now} />
      <div className="grid g-main">
        <div className="stack">
          <Ready of={detections} rows={6}>
            {(page) => (
              <>
                <Sequence acts={story_} endpoints={endpoints} actor={incident.actor} now={now} />
                <Panel
                  title="Timeline"
                  sub={`${many(page.items.length, "detection")}, ${many(sum(page.items, "exchanges"), "hostile exchange")}`}
                  end={
                    <Link to="/exchanges" search={exchangesOf(incident)} className="link">
                      Exchanges of this time
                    </Link>
                  }
                >
                  <Timeline acts={story_} endpoints={endpoints} now={now} />
                </Panel>
              </>
            )}
          </Ready>
        </div>
        <div className="stack">
          <Outcome detections={detections.data?.items ?? []} />
          <Panel title="Score" sub="every line is counted">
            <div className="pb">
              <Ledger factors={incident.factors} score={incident.score} name="Score" />
            </div>
          </Panel>
          <Who incident={incident} />
          <Reached endpoints={[...endpoints.values()]} detections={detections.data?.items ?? []} />
        </div>
      </div>
      <JourneyOfIncident incident={incident} />
    </>
  );
}

/** The exchanges behind an incident. A campaign is many actors: its are the hostile ones of the time. */
function exchangesOf({ actor, started, ended }: Incident): Record<string, string> {
  const last = instant(ended);
  return {
    ...(actor.kind === "campaign" ? { hostile: "true" } : { actor: actor.id }),
    ...(started ? { since: started } : {}),
    // Up to the last one and with it: `before` leaves out what it names.
    ...(last === undefined ? {} : { before: new Date(last + 1000).toISOString() }),
  };
}

const sum = (list: Detection[], name: "exchanges" | "succeeded" | "refused" | "would_refuse") =>
  list.reduce((total, each) => total + each[name], 0);

/** The four stages, with when they were and how many requests; those not seen are pale. */
function Strip({ acts: list, now }: { acts: Act[]; now: number }) {
  return (
    <ol className="strip">
      {STAGES.map((stage, index) => {
        const act = list.find((each) => each.stage === stage);
        const times =
          act?.detections
            .flatMap((each) => [instant(each.time), instant(each.last_time)])
            .filter((time) => time !== undefined) ?? [];
        return (
          <li key={stage} className={act ? `s-${STAGE_TONE[stage]}` : "none"}>
            <b>
              {index + 1} {capital(stage)}
            </b>
            {act && times.length > 0
              ? `${stretch(Math.min(...times), Math.max(...times), now)} · ${many(sum(act.detections, "exchanges"), "request")}`
              : "not seen"}
          </li>
        );
      })}
    </ol>
  );
}

/** What the requests came to: answered with success, stopped, or in vain. */
export function Outcome({ detections, title = "Outcome" }: { detections: Detection[]; title?: string }) {
  const total = sum(detections, "exchanges");
  const got = sum(detections, "succeeded");
  const stopped = sum(detections, "refused");
  const would = sum(detections, "would_refuse");
  const vain = Math.max(0, total - got - stopped);
  if (total === 0) return null;
  const part = (size: number) => ({ width: `${(size / total) * 100}%` });
  return (
    <Panel title={title} end={many(total, "request")}>
      <div className="pb">
        <div className="olabel">
          <div className={got > 0 ? "tone s-critical" : ""}>
            <b>{count(got)}</b>answered with success
          </div>
          <div>
            <b>{count(vain)}</b>gained nothing
          </div>
          {stopped > 0 && (
            <div>
              <b>{count(stopped)}</b>stopped at the wall
            </div>
          )}
        </div>
        <div className="meter tall" role="img" aria-label={`${share(got, total)} answered with success`}>
          {got > 0 && <i className="k-deny" style={part(got)} />}
          {vain > 0 && <i className="k-allow" style={part(vain)} />}
          {stopped > 0 && <i className="k-held" style={part(stopped)} />}
        </div>
        {would > 0 && (
          <p className="small t3 after">
            <span className="mark-c would k-deny">
              {many(would, "request")} would have been refused by a rule in monitor mode
            </span>
          </p>
        )}
      </div>
    </Panel>
  );
}

function Who({ incident }: { incident: Incident }) {
  const actor = useQuery(one<Actor>("/actors", incident.actor.id)).data;
  return (
    <Panel
      title="Who"
      end={
        <Link to="/actors/$id" params={{ id: incident.actor.id }} className="link">
          Actor
        </Link>
      }
    >
      <div className="pb">
        <Pairs
          items={[
            [capital(incident.actor.kind), <Hostile key="label" text={incident.actor.label} most={120} />],
            ...(actor
              ? ([
                  ...(actor.grade === null ? [] : [["Grade", actor.grade]]),
                  ["Networks", actor.networks.map((network) => visible(network, 60)).join(", ") || "–"],
                  ["Requests in all", count(actor.requests)],
                  ["Endpoints", count(actor.endpoints)],
                  ["First seen", <Time key="first" at={actor.first_seen} ago />],
                ] as [string, React.ReactNode][])
              : []),
          ]}
        />
      </div>
    </Panel>
  );
}

/** The endpoints of the story, and what they answer with. */
function Reached({ endpoints, detections }: { endpoints: Endpoint[]; detections: Detection[] }) {
  if (endpoints.length === 0) return null;
  const got = (id: string) =>
    sum(
      detections.filter((each) => each.endpoint_id === id),
      "succeeded",
    );
  const sorted = endpoints.toSorted((a, b) => got(b.id) - got(a.id));
  return (
    <Panel title="Where" sub="and what is answered there">
      <ul className="feed where">
        {sorted.map((endpoint) => (
          <li key={endpoint.id}>
            <div className="grow">
              <Link to="/inventory/$id" params={{ id: endpoint.id }}>
                <Operation endpoint={endpoint} />
              </Link>
              <span className="dcs wrap">
                {[
                  ...new Set(
                    endpoint.data_classes
                      .filter((each) => each.direction === "response")
                      .map((each) => each.class),
                  ),
                ].map((name) => (
                  <DataClass key={name} name={name} />
                ))}
              </span>
            </div>
            <span className={got(endpoint.id) > 0 ? "tone s-critical nw" : "t3 nw"}>
              {count(got(endpoint.id))} got through
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export const stageName = (stage: Stage) => capital(spaced(stage));

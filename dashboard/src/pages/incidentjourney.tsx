// The way of an incident, over the graph of what sessions of that role usually do.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { IncidentJourney, Journey, JourneyNode, JourneyStep } from "../api/journeys.ts";
import { one, resource } from "../api/queries.ts";
import type { Incident } from "../api/shapes.ts";
import { Graph, type GraphLine, type GraphNode } from "../parts/graph.tsx";
import { Panel } from "../parts/panels.tsx";
import { useNarrow } from "../parts/rows.tsx";
import { Empty, Ready } from "../parts/words.tsx";
import { useAddress } from "../shell/search.ts";
import {
  around,
  ELSEWHERE,
  laidOut,
  numbered,
  shownMoves,
  type Trail,
  trailOf,
} from "../words/journeygraph.ts";
import {
  countsSaid,
  FEW_SESSIONS,
  namesOf,
  nodeSaid,
  percent,
  stepName,
  stepSaid,
} from "../words/journeys.ts";
import { capital, writes } from "../words/names.ts";
import { many } from "../words/numbers.ts";
import { absolute, clock, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { shownName } from "./journey.tsx";

export function JourneyOfIncident({ incident }: { incident: Incident }) {
  const { first } = useAddress();
  const host = first("host");
  const way = useQuery({
    ...resource<IncidentJourney>(`/incidents/${encodeURIComponent(incident.id)}/journey`, { host }),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel
      title="Journey"
      sub="its steps over what sessions usually do"
      end={
        way.data?.journey_id && (
          <Link to="/journeys/$id" params={{ id: way.data.journey_id }} className="link">
            Whole graph
          </Link>
        )
      }
    >
      <Ready of={way} rows={6}>
        {(it) => <Laid way={it} severity={incident.severity} />}
      </Ready>
    </Panel>
  );
}

function Laid({ way, severity }: { way: IncidentJourney; severity: Incident["severity"] }) {
  const journey = useQuery(one<Journey>("/journeys", way.journey_id ?? ""));
  if (way.steps.length === 0) {
    return (
      <Empty title="No step to lay over">
        {way.why_not_all === null
          ? "None of its exchanges is kept, and its detections name no place."
          : `${capital(visible(way.why_not_all, 200))}.`}
      </Empty>
    );
  }
  return (
    <div className={`s-${severity}`}>
      <Hosts way={way} />
      <Notes way={way} />
      {way.journey_id === null ? (
        <Steps way={way} nodes={[]} />
      ) : (
        <Ready of={journey} rows={6}>
          {(it) => (
            <>
              <Picture way={way} journey={it} />
              <Steps way={way} nodes={it.nodes} />
            </>
          )}
        </Ready>
      )}
    </div>
  );
}

/** Where the caller was; another host is another graph. */
function Hosts({ way }: { way: IncidentJourney }) {
  const { set } = useAddress();
  if (way.hosts.length < 2) return null;
  return (
    <div className="pb">
      <label className="row wrap small">
        <span className="t3">Host</span>
        <select
          className="input grow"
          value={way.host ?? ""}
          onChange={(event) =>
            set("host", event.target.value === way.hosts[0]?.host ? undefined : event.target.value)
          }
        >
          {way.hosts.map(({ host, steps }) => (
            <option key={host} value={host}>
              {visible(host, 80)}, {many(steps, "step")}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** What it is compared with, and how far that can be believed. */
function Notes({ way }: { way: IncidentJourney }) {
  const role = way.role === null ? "its role" : `the role “${visible(way.role, 60)}”`;
  const notes: [title: string, words: string][] = [
    ...(way.journey_id === null
      ? ([
          [
            "Nothing to compare with.",
            `No session of ${role} was learned${way.host === null ? "" : ` at ${visible(way.host, 80)}`}: these are its steps alone.`,
          ],
        ] as [string, string][])
      : []),
    ...(way.chosen_by === "only_one"
      ? ([
          [
            "The only graph of this host.",
            `No graph of ${role} was learned there, so another role's is drawn.`,
          ],
        ] as [string, string][])
      : []),
    ...(way.is_thin && way.journey_id !== null
      ? ([[`Learned of fewer than ${FEW_SESSIONS} sessions.`, "That a move was never seen says little."]] as [
          string,
          string,
        ][])
      : []),
    ...(way.steps_from === "detections"
      ? ([
          ["Known by its detections only.", "No exchange of it is kept, so steps between them are missing."],
        ] as [string, string][])
      : []),
    ...(way.is_all
      ? []
      : ([
          [
            "Not all of its steps.",
            way.why_not_all === null ? "" : `${capital(visible(way.why_not_all, 200))}.`,
          ],
        ] as [string, string][])),
  ];
  return (
    <div className="pb">
      {way.journey_id !== null && <p className="prose">{countsSaid(way)}</p>}
      {notes.map(([title, words]) => (
        <div className="note after" key={title}>
          <span className="sq hatch" />
          <p>
            <b>{title}</b> {words}
          </p>
        </div>
      ))}
    </div>
  );
}

/** Nodes of the graph, and places that it does not have. */
function drawnNodes(nodes: JourneyNode[], trail: Trail, sessions: number): GraphNode[] {
  const steps = (id: string) => {
    const visits = trail.visits.get(id);
    return visits === undefined ? "" : `; ${visits.length === 1 ? "step" : "steps"} ${visits.join(", ")}`;
  };
  const badge = (id: string) => {
    const visits = trail.visits.get(id);
    return visits && numbered(visits);
  };
  const known = nodes.map((node) => ({
    id: node.endpoint_id,
    ...shownName(node),
    under: percent(node.share),
    says: nodeSaid(node, sessions) + steps(node.endpoint_id),
    share: node.share,
    badge: badge(node.endpoint_id),
    look: `${trail.visits.has(node.endpoint_id) ? "trail" : "faint"} ${writes(node.method) ? "writes" : ""}`,
  }));
  const strange = [...trail.strange].map(([id, step]) => {
    const elsewhere = id === ELSEWHERE;
    const said = elsewhere ? "Elsewhere, at no endpoint of the graph" : stepName(step, new Map());
    const [verb = "", ...rest] = said.split(" ");
    return {
      id,
      verb: elsewhere ? "" : verb,
      name: elsewhere ? "elsewhere" : rest.join(" "),
      under: elsewhere ? "at no endpoint" : "never seen",
      says: said + steps(id),
      badge: badge(id),
      look: "trail strange",
    };
  });
  return [...known, ...strange];
}

function Picture({ way, journey }: { way: IncidentJourney; journey: Journey }) {
  const narrow = useNarrow();
  const drawn = useMemo(() => {
    const names = namesOf(journey.nodes);
    const trail = trailOf(way.steps, new Set(names.keys()));
    const nodes = around(journey.nodes, trail);
    const usual = shownMoves(nodes, journey.moves, false);
    const lines: GraphLine[] = [
      ...usual.map((move) => ({ ...move, width: 1, says: "", look: "faint" })),
      ...trail.moves.map((move) => {
        const kind =
          move.kind === "one_caller"
            ? "of one caller alone"
            : move.kind === "unseen"
              ? "never seen"
              : move.kind.replace("_", " ");
        const end = (id: string) => names.get(id) ?? nameOfStrange(trail, id);
        return {
          from: move.from,
          to: move.to,
          width: 2,
          says: `${end(move.from)} → ${end(move.to)}: ${kind}, to ${move.steps.length === 1 ? "step" : "steps"} ${move.steps.slice(0, 20).join(", ")}`,
          look: `trail ${move.kind}`,
        };
      }),
    ];
    return {
      layout: laidOut(nodes, usual, trail.moves, [...trail.strange.keys()]),
      nodes: drawnNodes(nodes, trail, journey.sessions),
      lines,
    };
  }, [way, journey]);
  if (narrow) return null;
  return (
    <Graph
      label="The steps of the incident over the graph of usual sessions; the list below says the same in words"
      hint="Numbers are steps. Solid moves are known, dashed ones were never seen or could not be compared; faint is what sessions usually do."
      {...drawn}
    />
  );
}

function nameOfStrange(trail: Trail, id: string): string {
  const step = trail.strange.get(id);
  return step === undefined || id === ELSEWHERE ? "elsewhere" : stepName(step, new Map());
}

/** How many steps are told at first. */
const TOLD = 30;

function Steps({ way, nodes }: { way: IncidentJourney; nodes: JourneyNode[] }) {
  const [whole, setWhole] = useState(false);
  const names = useMemo(() => namesOf(nodes), [nodes]);
  const shown = whole ? way.steps : way.steps.slice(0, TOLD);
  return (
    <>
      <ol className="trail-steps" aria-label="Steps">
        {shown.map((step, index) => {
          const before = way.steps[index - 1];
          return (
            <Step
              key={index}
              number={index + 1}
              step={step}
              name={stepName(step, names)}
              from={before && stepName(before, names)}
            />
          );
        })}
      </ol>
      {shown.length < way.steps.length && (
        <div className="tf">
          <button type="button" className="btn" onClick={() => setWhole(true)}>
            Show all {many(way.steps.length, "step")}
          </button>
        </div>
      )}
    </>
  );
}

const STRANGE = new Set(["unseen", "one_caller"]);

function Step(props: { number: number; step: JourneyStep; name: string; from: string | undefined }) {
  const { number, step, name, from } = props;
  const time = instant(step.at);
  const said = stepSaid(step, from);
  return (
    <li className={STRANGE.has(step.move) || step.place === "unseen" ? "strange" : ""}>
      <span className="no">{number}.</span>
      {time === undefined ? (
        <span className="t3">–</span>
      ) : (
        <time dateTime={new Date(time).toISOString()} title={absolute(time)}>
          {clock(time, true)}
        </time>
      )}
      <p>
        {step.exchange_id === null ? (
          <b>{name}</b>
        ) : (
          <Link to="/exchanges" search={{ id: step.exchange_id }} className="link">
            {name}
          </Link>
        )}
        {said !== "" && `: ${said}`}
        {step.hostile && " · part of a detection"}
      </p>
      <span className="t3 nw">{step.status === null ? "" : step.status}</span>
    </li>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { one, resource, useDetections } from "../api/queries.ts";
import type { Actor, Incident, Page } from "../api/shapes.ts";
import { Export } from "../parts/list.tsx";
import { Hostile, Sev, Stages } from "../parts/marks.tsx";
import { Facts, Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { capital } from "../words/names.ts";
import { count, were } from "../words/numbers.ts";
import { rest, story } from "../words/story.ts";
import { visible } from "../words/visible.ts";
import { Grade } from "./actors.tsx";
import { DetectionTable } from "./detections.tsx";

export function ActorPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const actor = useQuery(one<Actor>("/actors", id));
  useCrumbs(actor.data ? visible(actor.data.label, 80) : "Actor", { to: "/actors", name: "Actors" });
  return (
    <Ready of={actor} rows={8}>
      {(it) => <Whole actor={it} />}
    </Ready>
  );
}

const GRADES: Record<string, string> = {
  verified: "the credential was checked here",
  accepted: "the API answered it with success where it does not answer everybody",
  claimed: "nothing shows that it is so",
};

function Whole({ actor }: { actor: Actor }) {
  const incidents = useQuery(resource<Page<Incident>>("/incidents", { actor: actor.id, limit: 100 }));
  const detections = useDetections({ actor: actor.id });
  return (
    <>
      <div className="thead">
        <div className="row wrap">
          <span className="chip">{actor.kind}</span>
          {actor.grade !== null && <Grade grade={actor.grade} />}
          <span className="plain mono nw">
            {actor.id} <Copy text={actor.id} label="Copy the id" />
          </span>
        </div>
        {actor.kind !== "campaign" && (
          <div className="acts">
            <Link to="/exchanges" search={{ actor: actor.id }} className="btn">
              Its exchanges
            </Link>
          </div>
        )}
        <h1>
          <Hostile text={capital(actor.label)} most={200} />
        </h1>
      </div>
      {actor.grade && GRADES[actor.grade] && (
        <p className="story">
          {capital(actor.grade)}: {GRADES[actor.grade]}.
        </p>
      )}
      <Facts
        items={[
          ["Requests", count(actor.requests)],
          ["Endpoints", count(actor.endpoints)],
          ["Detections", count(actor.detections)],
          ["First seen", <Time key="first" at={actor.first_seen} ago />],
          ["Last seen", <Time key="last" at={actor.last_seen} ago />],
          [
            "Networks",
            <span key="networks" className="mono">
              {actor.networks.map((network) => visible(network, 50)).join(", ") || "–"}
            </span>,
          ],
        ]}
      />
      <div className="stack">
        <Panel title="Incidents">
          <Ready of={incidents} rows={2}>
            {(page) =>
              page.items.length === 0 ? (
                <Empty title="In no incident" />
              ) : (
                <table className="fold">
                  <tbody>
                    {page.items.map((incident) => (
                      <tr key={incident.id} className="tall">
                        <td>
                          <Sev severity={incident.severity} />
                        </td>
                        <td className="f-first">
                          <Link to="/incidents/$id" params={{ id: incident.id }} className="main-cell">
                            <Hostile text={story(incident)} />
                          </Link>
                          <span className="sub">
                            <Hostile text={rest(incident)} />
                          </span>
                        </td>
                        <td className="f-hide">
                          <Stages stages={incident.stages} />
                        </td>
                        <td className="num t3">
                          <Time at={incident.ended} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )
            }
          </Ready>
        </Panel>
        <Panel
          title="Detections"
          sub="what it did"
          end={<Export path="/detections" query={{ actor: actor.id }} small />}
        >
          <Ready of={detections} rows={4}>
            {(page) =>
              page.items.length === 0 ? (
                <Empty title="Nothing hostile was seen of it">
                  {were(actor.requests, "request")} judged.
                </Empty>
              ) : (
                <DetectionTable detections={page.items} actor={false} />
              )
            }
          </Ready>
        </Panel>
      </div>
    </>
  );
}

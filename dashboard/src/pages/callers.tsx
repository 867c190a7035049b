import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { resource } from "../api/queries.ts";
import type { Callers, Endpoint, EndpointEvent, Page } from "../api/shapes.ts";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Ready, Time } from "../parts/words.tsx";
import { capital, spaced } from "../words/names.ts";
import { count } from "../words/numbers.ts";

/** Who calls an endpoint, the busiest first. */
export function CallersHere({ endpoint }: { endpoint: string }) {
  const callers = useQuery(resource<Callers>(`/endpoints/${encodeURIComponent(endpoint)}/callers`));
  return (
    <Panel
      title="Callers"
      sub={callers.data?.from_detections ? "those of detections only; others are not kept" : "the busiest"}
    >
      <Ready of={callers} rows={4}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="pb small t3">No caller is known here.</p>
          ) : (
            <table>
              <thead>
                <tr>
                  <th>Who</th>
                  <th className="num">Requests</th>
                  <th className="num">Seen</th>
                </tr>
              </thead>
              <tbody>
                {items.slice(0, 12).map((caller) => (
                  <tr key={caller.actor.id}>
                    <td className="breaks">
                      <Link to="/actors/$id" params={{ id: caller.actor.id }} className="link">
                        <Hostile text={caller.actor.label || caller.actor.kind} most={60} />
                      </Link>
                    </td>
                    <td className="num">
                      <Link
                        to="/exchanges"
                        search={{ endpoint, actor: caller.actor.id }}
                        title="Its exchanges here"
                      >
                        {count(caller.requests)}
                      </Link>
                    </td>
                    <td className="num t3">
                      <Time at={caller.last_seen} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Ready>
    </Panel>
  );
}

/** What changed about an endpoint, the newest first, down to when it was first seen. */
export function ChangesHere({ endpoint }: { endpoint: Endpoint }) {
  const history = useQuery(
    resource<Page<EndpointEvent>>(`/endpoints/${encodeURIComponent(endpoint.id)}/history`),
  );
  return (
    <Panel title="Change history">
      <Ready of={history} rows={3}>
        {({ items }) => (
          <ol className="pb hist">
            {items.map((event, index) => (
              <li key={index} className="k-held">
                <b>{capital(spaced(event.kind))}</b>{" "}
                {event.from !== null && <Hostile text={event.from} most={120} />}
                {event.from !== null && event.to !== null && " → "}
                {event.to !== null && <Hostile text={event.to} most={120} />}
                <br />
                <Time at={event.time} ago />
              </li>
            ))}
            <li>
              First seen
              <br />
              <Time at={endpoint.first_seen} ago />
            </li>
          </ol>
        )}
      </Ready>
    </Panel>
  );
}

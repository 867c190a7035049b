import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { resource } from "../api/queries.ts";
import type { Caller, Callers, Endpoint, EndpointHistory, Happened } from "../api/shapes.ts";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Ready, Time } from "../parts/words.tsx";
import { capital, spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

const SHOWN = 12;

/** Who called an endpoint, the busiest first, in the exchanges that were looked at for it. */
export function CallersHere({ endpoint }: { endpoint: string }) {
  const callers = useQuery(resource<Callers>(`/endpoints/${encodeURIComponent(endpoint)}/callers`));
  return (
    <Panel title="Callers" end={callers.data && many(callers.data.callers, "caller")}>
      <Ready of={callers} rows={4}>
        {(it) => (
          <>
            {it.items.length > 0 && (
              <table>
                <thead>
                  <tr>
                    <th>Who</th>
                    <th className="num">Requests</th>
                    <th className="num">Refused</th>
                    <th className="num">Seen</th>
                  </tr>
                </thead>
                <tbody>
                  {it.items.slice(0, SHOWN).map((caller) => (
                    <Row key={caller.actor_id} caller={caller} endpoint={endpoint} />
                  ))}
                </tbody>
              </table>
            )}
            <p className="pb small t3">
              <LookedAt callers={it} />
            </p>
          </>
        )}
      </Ready>
    </Panel>
  );
}

function Row({ caller, endpoint }: { caller: Caller; endpoint: string }) {
  const { actor, actor_id: id } = caller;
  const name = actor ? actor.label || actor.kind : (id ?? "not kept");
  return (
    <tr>
      <td className="breaks">
        {id === null ? (
          <span className="t3">{name}</span>
        ) : (
          <Link to="/actors/$id" params={{ id }} className="link">
            <Hostile text={name} most={60} />
          </Link>
        )}
      </td>
      <td className="num">
        {id === null ? (
          count(caller.requests)
        ) : (
          <Link to="/exchanges" search={{ endpoint, actor: id }} title="Its exchanges here" className="link">
            {count(caller.requests)}
          </Link>
        )}
      </td>
      <td className={caller.refused > 0 ? "num tone s-critical" : "num t3"}>{count(caller.refused)}</td>
      <td className="num t3">
        <Time at={caller.last_seen} />
      </td>
    </tr>
  );
}

/** How much the figures are of. */
function LookedAt({ callers }: { callers: Callers }) {
  const { exchanges, since, is_all: isAll, damaged_blocks: damaged, has_elsewhere: elsewhere } = callers;
  return (
    <>
      {isAll
        ? `Of all that is kept: ${many(exchanges, "exchange")}`
        : `Of the last ${many(exchanges, "exchange")}`}
      {since && (
        <>
          , the first <Time at={since} ago />
        </>
      )}
      .{elsewhere && " Other servers keep exchanges that are not among them."}
      {damaged > 0 && ` ${many(damaged, "part")} of the log cannot be read.`}
    </>
  );
}

/** What changed about an endpoint, the newest first, down to when it was first seen. */
export function ChangesHere({ endpoint }: { endpoint: Endpoint }) {
  const history = useQuery(
    resource<EndpointHistory>(`/endpoints/${encodeURIComponent(endpoint.id)}/history`),
  );
  return (
    <Panel title="Change history">
      <Ready of={history} rows={3}>
        {(it) => (
          <ol className="pb hist">
            {it.items.map((one, index) => (
              <Change key={index} change={one} />
            ))}
            {!it.is_all && <li>Merges and splits before that are not looked through.</li>}
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

function Change({ change }: { change: Happened }) {
  const { what, who, reason } = change;
  return (
    <li className={who === null ? "" : "k-held"}>
      <b>{capital(spaced(what))}</b> <Difference change={change} />
      <br />
      <Time at={change.time} ago />
      {who !== null && `, ${visible(who, 60)}`}
      {reason && (
        <q>
          <Hostile text={reason} most={400} />
        </q>
      )}
    </li>
  );
}

/** `phone:response` in words. */
function flow(text: string): string {
  const [name = "", direction] = text.split(":");
  return direction === undefined ? name : `${name} in ${direction === "request" ? "requests" : "answers"}`;
}

/** What it was and became; of an id, where it led and leads. */
function Difference({ change: { what, was, became, alias } }: { change: Happened }) {
  const value = (text: string) => <Hostile text={what === "data_class" ? flow(text) : text} most={120} />;
  if (alias !== null) {
    return (
      <>
        <code>{visible(alias, 40)}</code> {became === null ? "is of its own again" : <>→ {value(became)}</>}
      </>
    );
  }
  if (was === null) return <>{became !== null && value(became)}, new</>;
  if (became === null) return <>{value(was)}, no more</>;
  return (
    <>
      {value(was)} → {value(became)}
    </>
  );
}

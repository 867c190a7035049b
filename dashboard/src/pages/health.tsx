import { useHealth } from "../api/queries.ts";
import type { Health } from "../api/shapes.ts";
import { Sign } from "../parts/marks.tsx";
import { Pairs, Panel } from "../parts/panels.tsx";
import { Empty, Ready, Time } from "../parts/words.tsx";
import { capital, spaced } from "../words/names.ts";
import { count } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

/** How Bartizan itself is: what it judged, what it could not, which limits were reached. */
export function HealthPanels() {
  const health = useHealth();
  return (
    <Ready of={health} rows={12}>
      {(it) => <Whole health={it} />}
    </Ready>
  );
}

function Whole({ health }: { health: Health }) {
  const { store } = health;
  return (
    <div className="grid g-2">
      <div className="stack">
        <Panel
          title="Process"
          end={health.ready ? <Sign kind="held">ready</Sign> : <Sign certainty="unconfirmed">not ready</Sign>}
        >
          <div className="pb">
            <Pairs
              items={[
                [
                  "Version",
                  <span key="v" className="mono">
                    {visible(health.version, 40)}
                  </span>,
                ],
                ["Running since", <Time key="s" at={health.started} ago />],
                ["Connections", count(health.connections)],
              ]}
            />
          </div>
        </Panel>
        <Panel title="Exchanges" sub="since the start">
          <div className="pb">
            <Pairs
              items={Object.entries(health.exchanges).map(([name, value]) => [
                capital(spaced(name)),
                count(value),
              ])}
            />
          </div>
        </Panel>
      </div>
      <div className="stack">
        <Panel title="Store" end={visible(store.kind, 40)}>
          <div className="pb">
            <Pairs
              items={[
                ["Steps kept", count(store.steps_kept)],
                [
                  "Steps failed",
                  store.steps_failed > 0 ? (
                    <b className="tone s-critical">{count(store.steps_failed)}</b>
                  ) : (
                    "0"
                  ),
                ],
                [
                  "Facts of exchanges lost",
                  store.exchange_facts_lost > 0 ? (
                    <b className="tone s-critical">{count(store.exchange_facts_lost)}</b>
                  ) : (
                    "0"
                  ),
                ],
                ["Facts removed by age or size", count(store.exchange_facts_removed)],
                ...Object.entries(store.counts ?? {}).map(
                  ([name, value]) => [capital(spaced(name)), count(value)] as [string, string],
                ),
              ]}
            />
          </div>
        </Panel>
        <Panel title="Limits that were reached" sub="nothing is silently left out">
          {health.limits_reached.length === 0 ? (
            <Empty title="No limit was reached" />
          ) : (
            <table className="fold">
              <thead>
                <tr>
                  <th>Limit</th>
                  <th>What happens then</th>
                  <th className="num">Times</th>
                </tr>
              </thead>
              <tbody>
                {health.limits_reached.map((limit) => (
                  <tr key={limit.name}>
                    <td className="mono">{visible(limit.name, 60)}</td>
                    <td className="t2 f-full">{visible(limit.behaviour, 160)}</td>
                    <td className="num">{count(limit.count)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Panel>
      </div>
    </div>
  );
}

import type { Health, NamedCount } from "../api/figures.ts";
import { useHealth } from "../api/queries.ts";
import { Sign } from "../parts/marks.tsx";
import { Pairs, Panel } from "../parts/panels.tsx";
import { Ready, Time } from "../parts/words.tsx";
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

/** What the server counts of exchanges, in words. */
const EXCHANGES: Record<string, string> = {
  judged: "Judged",
  not_judged: "Not judged",
  partly_inspected: "Inspected in part",
  hostile: "Part of a detection",
  would_block: "Refused or slowed down, or would be",
  refused_by_policies: "Refused by policies",
  policies_would_refuse: "Would be refused by rules in monitor mode",
  missing_from_capture: "Missing from the capture",
  told_again: "Told again by another source",
};

function Whole({ health }: { health: Health }) {
  const { store, counts } = health;
  const bad = (size: number) => (size > 0 ? <b className="tone s-critical">{count(size)}</b> : "0");
  const ready = health.ready ? (
    <Sign kind="held">ready</Sign>
  ) : (
    <Sign certainty="unconfirmed">not ready</Sign>
  );
  const states = counts.findings.filter(([, size]) => size > 0);
  return (
    <div className="grid g-2">
      <div className="stack">
        <Panel title="Process" end={ready}>
          <div className="pb">
            <Pairs
              items={[
                [
                  "Version",
                  <span key="version" className="mono">
                    {visible(health.version, 40)}
                  </span>,
                ],
                ["Running since", <Time key="since" at={health.started} ago />],
                ["Connections", count(health.connections)],
              ]}
            />
          </div>
        </Panel>
        <Panel title="Exchanges" sub="since it began">
          <div className="pb">
            <Pairs
              items={Object.entries(health.exchanges).map(([name, value]) => [
                EXCHANGES[name] ?? capital(spaced(name)),
                count(value),
              ])}
            />
          </div>
        </Panel>
        <Receivers health={health} />
      </div>
      <div className="stack">
        <Panel title="Store" sub="since it began">
          <div className="pb">
            <Pairs
              items={[
                ["Steps of results kept", count(store.steps_kept)],
                ["Steps that failed", bad(store.steps_failed)],
                ["Facts of exchanges lost", bad(store.exchange_facts_lost)],
                ["Facts that made room on a full disk", bad(store.exchange_facts_removed)],
              ]}
            />
          </div>
        </Panel>
        <Limits health={health} />
        <Panel title="What is kept">
          <div className="pb">
            <Pairs
              items={[
                ["Endpoints", `${count(counts.endpoints)}, ${count(counts.provisional)} provisional`],
                [
                  "Findings",
                  states.map(([state, size]) => `${count(size)} ${spaced(state)}`).join(", ") || "0",
                ],
                ["Detections", count(counts.detections)],
                ["Incidents", count(counts.incidents)],
                ["Actors", count(counts.actors)],
                ["Analyses", count(counts.runs)],
                ["Records of the audit log", count(counts.audit_records)],
                ["Blocks of exchange facts", count(counts.exchange_blocks)],
              ]}
            />
          </div>
        </Panel>
      </div>
    </div>
  );
}

/** What others saw and told, and how much of it was not taken. */
function Receivers({ health }: { health: Health }) {
  const by = (counts: NamedCount[]) =>
    counts.map((one) => `${count(one.count)} ${spaced(one.name)}`).join(", ") || "0";
  return health.receivers.map((one) => (
    <Panel key={one.name} title={visible(`Receiver ${one.name}`, 80)} sub="since it began">
      <div className="pb">
        <Pairs
          items={[
            [capital(spaced(one.kind)), visible(one.address, 60)],
            ["Open", `${count(one.connections)} connections, ${count(one.streams)} streams`],
            ["Exchanges handed over", count(one.handed_over)],
            [
              "Dropped, because too many waited",
              one.dropped > 0 ? <b className="tone s-critical">{count(one.dropped)}</b> : "0",
            ],
            ["Not taken, or not all of it", by(one.refused)],
            ["No exchange", by(one.left_out)],
          ]}
        />
      </div>
    </Panel>
  ));
}

/** Every limit has a name; one that was hit means that something was refused, or not seen in full. */
function Limits({ health }: { health: Health }) {
  const reached = health.limits_reached.filter((one) => one.count > 0).toSorted((a, b) => b.count - a.count);
  return (
    <Panel
      title="Limits reached"
      sub="since it began"
      end={reached.length > 0 ? count(reached.length) : "none"}
    >
      <div className="pb">
        {reached.length === 0 ? (
          <p className="small t3">No limit of size, depth, time or number was hit.</p>
        ) : (
          <Pairs
            items={reached.map((one) => [
              visible(one.name, 80),
              <Sign key={one.name} certainty="unevaluated">
                {count(one.count)}
              </Sign>,
            ])}
          />
        )}
      </div>
    </Panel>
  );
}

// Where what is kept came from, how far back it goes, and the configuration that decides about both.
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { resource } from "../api/queries.ts";
import type { Configuration, Page, Retention, Run } from "../api/shapes.ts";
import { Hostile, Sign } from "../parts/marks.tsx";
import { Pairs, Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { spaced } from "../words/names.ts";
import { bytes, count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

export function Kept() {
  return (
    <div className="stack">
      <div className="grid g-main">
        <Sources />
        <HowLong />
      </div>
      <InForce />
    </div>
  );
}

const SHOWN = 50;

/** What was read, the latest first. */
function Sources() {
  const runs = useQuery(resource<Page<Run>>("/runs", { limit: SHOWN }, 30_000));
  return (
    <Panel title="Sources" sub="what servers judged and `analyze` read, latest first">
      <Ready of={runs} rows={4}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="Nothing was read yet">
              Point traffic at the gateway, or give a capture to <code>bartizan analyze</code>.
            </Empty>
          ) : (
            <>
              <table className="fold">
                <thead>
                  <tr>
                    <th>What</th>
                    <th>Format</th>
                    <th className="num">Exchanges</th>
                    <th className="num">Skipped</th>
                    <th className="num">Began</th>
                  </tr>
                </thead>
                <tbody>
                  {page.items.map((run) => (
                    <Source key={run.id} run={run} />
                  ))}
                </tbody>
              </table>
              {page.next && <p className="pb small t3">Those before are in the API, at /runs.</p>}
            </>
          )
        }
      </Ready>
    </Panel>
  );
}

function Source({ run }: { run: Run }) {
  const { skipped, sources } = run.input;
  const left = skipped.reduce((sum, one) => sum + one.count, 0);
  const reasons = skipped.map((one) => `${spaced(one.reason)}: ${count(one.count)}`).join("\n");
  const formats = [...new Set(sources.map((one) => one.format).filter(Boolean))];
  return (
    <tr>
      <td className="breaks f-first">
        <Hostile text={run.name} most={200} />
      </td>
      <td className="t2 f-hide">{formats.length > 0 ? visible(spaced(formats.join(", ")), 80) : "live"}</td>
      <td className="num">{count(run.input.exchanges)}</td>
      <td className="num" title={visible(reasons, 600)}>
        {left > 0 ? <Sign certainty="unevaluated">{count(left)}</Sign> : <span className="t3">0</span>}
      </td>
      <td className="num t3">
        <Time at={run.started} />
      </td>
    </tr>
  );
}

const REASONS: Record<string, string> = {
  bytes: "to stay within the bytes of the configuration",
  age: "for being older than the configuration wants",
  space: "because the disk was full",
};

/** How far back exchanges go. Findings, incidents and the audit log stay. */
function HowLong() {
  const retention = useQuery(resource<Retention>("/retention", {}, 30_000));
  return (
    <Panel title="Retention" sub="facts of exchanges">
      <Ready of={retention} rows={4}>
        {(it) => (
          <div className="pb">
            <Pairs
              items={[
                ["Kept", `${many(it.exchanges, "exchange")}, ${bytes(it.bytes)}`],
                ["Back to", it.since ? <Time key="since" at={it.since} ago /> : "–"],
                ["Removed so far", count(it.removed)],
                [
                  "Removed last",
                  it.last_removal ? (
                    <span key="last">
                      <Time at={it.last_removal.time} ago />,{" "}
                      {REASONS[it.last_removal.reason] ?? visible(it.last_removal.reason, 40)}
                    </span>
                  ) : (
                    "nothing was"
                  ),
                ],
              ]}
            />
            <p className="small t3">
              Endpoints, findings, incidents, actors and the audit log are not removed with exchanges.
            </p>
          </div>
        )}
      </Ready>
    </Panel>
  );
}

/** The configuration that holds, as it is written; secrets are references. */
function InForce() {
  const configuration = useQuery(resource<Configuration>("/configuration"));
  return (
    <Panel
      title="Configuration that holds"
      sub="sources, sinks, retention, policies; changed in the file, never here"
      end={configuration.data && <Copy text={configuration.data.yaml} label="Copy the configuration" />}
    >
      <Ready of={configuration} rows={10}>
        {(it) => (
          <div className="pb">
            {it.after_restart !== undefined && it.after_restart.length > 0 && (
              <div className="note warn">
                <span className="sq" />
                <p>
                  <b>Changed, and counts after a restart:</b> {it.after_restart.join(", ")}.
                </p>
              </div>
            )}
            <pre className="code">
              {it.yaml.split("\n").map((line, index) => (
                <Fragment key={index}>
                  <Hostile text={line} />
                  {"\n"}
                </Fragment>
              ))}
            </pre>
          </div>
        )}
      </Ready>
    </Panel>
  );
}

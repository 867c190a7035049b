import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { put } from "../api/client.ts";
import { client, resource, useSession } from "../api/queries.ts";
import type { Mode, PolicyRow } from "../api/shapes.ts";
import { Ask, useSay } from "../parts/dialog.tsx";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty, Ready } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { count, many, share } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

const MODES: Mode[] = ["off", "monitor", "enforce"];

export function Policies() {
  useCrumbs("Policies");
  const { first } = useAddress();
  const policies = useQuery(resource<{ items: PolicyRow[] }>("/policies", {}, 15_000));
  const session = useSession();
  const may = session?.role === "operator" || session?.role === "admin";
  const [asking, setAsking] = useState<{ policy: PolicyRow; to: Mode }>();
  const q = (first("q") ?? "").toLowerCase();
  const mode = first("mode");
  const wouldHave = policies.data?.items.reduce((sum, policy) => sum + policy.would_have, 0) ?? 0;
  return (
    <>
      <div className="page-head">
        <h1>Policies</h1>
        <span className="small t3">rules at the wall; monitor shows what enforce would do</span>
      </div>
      {wouldHave > 0 && (
        <p className="lead">
          Rules in monitor mode would have refused {many(wouldHave, "request")}.{" "}
          <span className="quiet">Look at whose they are before you enforce.</span>
        </p>
      )}
      <div className="toolbar below">
        <FilterBar names={{}} hint="name, kind…" />
        <Segments
          label="Mode"
          name="mode"
          options={[
            ["all", "All"],
            ["enforce", "Enforce"],
            ["monitor", "Monitor"],
            ["off", "Off"],
          ]}
        />
      </div>
      <Panel title="Rules" end={policies.data && count(policies.data.items.length)}>
        <Ready of={policies} rows={6}>
          {(list) => {
            const shown = list.items.filter(
              (policy) =>
                (!q || `${policy.name} ${policy.kind} ${policy.description}`.toLowerCase().includes(q)) &&
                (!mode || policy.mode === mode),
            );
            if (shown.length === 0)
              return <Empty title="No policy fits">Policies are written in the configuration.</Empty>;
            return (
              <table className="fold">
                <thead>
                  <tr>
                    <th>Rule</th>
                    <th>Kind</th>
                    <th>Scope</th>
                    <th className="num">Judged</th>
                    <th className="num">Outcome</th>
                    <th>Mode</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((policy) => (
                    <tr key={policy.name} className="tall">
                      <td className="f-first">
                        <span className="main-cell">{visible(policy.name, 80)}</span>
                        <span className="sub wrapping">{visible(policy.description, 200)}</span>
                      </td>
                      <td className="t2 f-hide">{visible(policy.kind, 40)}</td>
                      <td className="mono t3 f-full breaks">{scopeWords(policy.scope)}</td>
                      <td className="num f-hide">{count(policy.judged)}</td>
                      <td className="num nw">
                        <Outcome policy={policy} />
                      </td>
                      <td>
                        <ModeSwitch policy={policy} may={may} ask={(to) => setAsking({ policy, to })} />
                        {policy.mode !== policy.configured_mode && (
                          <span className="sub">configured: {policy.configured_mode}</span>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            );
          }}
        </Ready>
      </Panel>
      {!may && <p className="small t3 after">Switching a mode is for operators.</p>}
      {asking && <Switch {...asking} close={() => setAsking(undefined)} />}
    </>
  );
}

/** A scope in few words: its paths, methods and hosts. */
function scopeWords(scope: unknown): string {
  if (typeof scope === "string") return visible(scope, 200);
  if (scope === null || typeof scope !== "object") return "everything";
  const words = Object.entries(scope).map(
    ([name, value]) => `${name}: ${Array.isArray(value) ? value.join(", ") : String(value)}`,
  );
  return visible(words.join(" · "), 200) || "everything";
}

/** Solid refused, hollow would have, hatched when it judged nothing. */
function Outcome({ policy }: { policy: PolicyRow }) {
  if (policy.mode === "off" && policy.judged === 0) return <Sign certainty="unevaluated">not evaluated</Sign>;
  if (policy.refused === 0 && policy.would_have === 0)
    return <span className="t3">{policy.judged === 0 ? "nothing judged" : "none refused"}</span>;
  return (
    <span className="outcomes">
      {policy.refused > 0 && <Sign kind="deny">{many(policy.refused, "refused", "refused")}</Sign>}
      {policy.would_have > 0 && (
        <Sign kind="deny" certainty="would">
          {count(policy.would_have)} would be
        </Sign>
      )}
    </span>
  );
}

function ModeSwitch({ policy, may, ask }: { policy: PolicyRow; may: boolean; ask: (to: Mode) => void }) {
  if (!may)
    return (
      <span
        className={
          policy.mode === "enforce" ? "chip on" : policy.mode === "monitor" ? "chip hollow" : "chip dashed"
        }
      >
        {policy.mode}
      </span>
    );
  return (
    <div className="seg" role="group" aria-label={`Mode of ${policy.name}`}>
      {MODES.map((mode) => (
        <button
          key={mode}
          type="button"
          aria-pressed={policy.mode === mode}
          onClick={() => policy.mode !== mode && ask(mode)}
        >
          {mode}
        </button>
      ))}
    </div>
  );
}

/** Says what will change before it does, with the figures there are. */
function Switch({ policy, to, close }: { policy: PolicyRow; to: Mode; close: () => void }) {
  const say = useSay();
  const effects: Record<Mode, string> = {
    enforce: `Refuse with ${policy.name}`,
    monitor: `Only watch with ${policy.name}`,
    off: `Switch ${policy.name} off`,
  };
  return (
    <Ask
      title={`${policy.name}: ${policy.mode} → ${to}`}
      effect={effects[to]}
      close={close}
      act={async () => {
        await put(`/policies/${encodeURIComponent(policy.name)}/mode`, { mode: to });
        await client.invalidateQueries({ queryKey: ["/policies"] });
        say(`${policy.name} is now on ${to}.`);
      }}
    >
      <p className="prose">{visible(policy.description, 300)}</p>
      {to === "enforce" && (
        <div className={policy.would_have > 0 ? "note warn" : "note"}>
          <span className={policy.judged === 0 ? "sq hatch" : "sq"} />
          <p>
            {policy.judged === 0 ? (
              <>
                <b>Not evaluated.</b> This rule has judged no request yet, so it is not known whom it would
                refuse.
              </>
            ) : (
              <>
                <b>
                  {count(policy.would_have)} of {many(policy.judged, "judged request")} (
                  {share(policy.would_have, policy.judged)}) would have been refused.
                </b>{" "}
                From now on such requests are.
              </>
            )}
          </p>
        </div>
      )}
      {to !== "enforce" && policy.mode === "enforce" && (
        <div className="note warn">
          <span className="sq" />
          <p>
            <b>It has refused {many(policy.refused, "request")}.</b> From now on such requests come through.
          </p>
        </div>
      )}
      <p className="small t3">
        It holds at once. It is written to the audit log
        {to === policy.configured_mode
          ? ", and is what the configuration says."
          : "; the configuration still says "}
        {to !== policy.configured_mode && <b>{policy.configured_mode}</b>}
        {to !== policy.configured_mode && "."}
      </p>
    </Ask>
  );
}

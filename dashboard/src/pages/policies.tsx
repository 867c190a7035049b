import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { put } from "../api/client.ts";
import { client, resource, useAble, useSession } from "../api/queries.ts";
import type { Mode, Page, PolicyRow } from "../api/shapes.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { inline } from "../parts/doc.tsx";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty, Ready } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { spaced } from "../words/names.ts";
import { count, many, share } from "../words/numbers.ts";
import { absolute, MINUTE } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { Exceptions } from "./exceptions.tsx";
import { FailedDeliveries } from "./failed.tsx";
import { MeasuredRates } from "./measuredrates.tsx";

const MODES: Mode[] = ["off", "monitor", "enforce"];

/** Hours after which a switch may end; what leaves out other policies has to end within a day. */
const HOURS = [1, 4, 24];
const ENDS = ["kill_switch", "break_glass"];

const total = (policy: PolicyRow) => Object.values(policy.decisions).reduce((sum, size) => sum + size, 0);

export function Policies() {
  useCrumbs("Policies");
  const { first } = useAddress();
  const policies = useQuery(resource<Page<PolicyRow>>("/policies", {}, 15_000));
  const session = useSession();
  const able = useAble("PUT", "/policies/{name}/mode");
  const may = able && (session?.role === "operator" || session?.role === "admin");
  const [asking, setAsking] = useState<{ policy: PolicyRow; to: Mode }>();
  const words = (first("q") ?? "").toLowerCase();
  const mode = first("mode");
  const would = policies.data?.items.reduce((sum, policy) => sum + policy.decisions.would_refuse, 0) ?? 0;
  const fits = (policy: PolicyRow) =>
    `${policy.name} ${policy.kind} ${policy.title} ${Object.values(policy.scope).join(" ")}`
      .toLowerCase()
      .includes(words) &&
    (!mode || mode === "all" || policy.mode === mode);
  return (
    <>
      <div className="page-head">
        <h1>Policies</h1>
        <span className="small t3">rules at the wall; monitor shows what enforce would do</span>
      </div>
      {would > 0 && (
        <p className="lead">
          Rules in monitor mode would have refused {many(would, "request")}.{" "}
          <span className="quiet">Look at whose they are before you enforce.</span>
        </p>
      )}
      <div className={would > 0 ? "toolbar below" : "toolbar"}>
        <FilterBar names={{}} hint="name, kind, scope…" />
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
      <Panel
        title="Rules"
        sub="in the order in which they are written; figures since the server began"
        end={policies.data && count(policies.data.items.length)}
      >
        <Ready of={policies} rows={6}>
          {(page) => (
            <Rules
              policies={page.items.filter(fits)}
              may={may}
              ask={(policy, to) => setAsking({ policy, to })}
            />
          )}
        </Ready>
      </Panel>
      <Exceptions />
      <FailedDeliveries />
      {!may && (
        <p className="small t3 after">
          {able
            ? "Switching a mode is for operators."
            : "Modes are switched in the configuration, which is read again when it changes."}
        </p>
      )}
      {asking && <Switch {...asking} close={() => setAsking(undefined)} />}
    </>
  );
}

function Rules(props: { policies: PolicyRow[]; may: boolean; ask: (policy: PolicyRow, to: Mode) => void }) {
  if (props.policies.length === 0)
    return <Empty title="No policy fits">Policies are written in the configuration.</Empty>;
  return (
    <table className="fold">
      <thead>
        <tr>
          <th>Rule</th>
          <th>Applies to</th>
          <th className="num">Judged</th>
          <th className="num">Not evaluated</th>
          <th className="num">Outcome</th>
          <th>Mode</th>
        </tr>
      </thead>
      <tbody>
        {props.policies.map((policy) => (
          <tr key={policy.name} className="tall">
            <td className="f-first">
              <span className="main-cell">{visible(policy.name, 80)}</span>
              <span className="sub wrapping">
                {visible(policy.title, 300)}
                {policy.is_default ? " · there without configuration" : ""}
              </span>
              <MeasuredRates rates={policy.measured ?? []} />
              {policy.description && (
                <details>
                  <summary>What it does</summary>
                  {policy.description.split(/\n{2,}/).map((text) => (
                    <p key={text} className="prose">
                      {inline(visible(text, 4000))}
                    </p>
                  ))}
                </details>
              )}
            </td>
            <td className="f-full scope">
              <ScopeWords scope={policy.scope} />
              <span className="sub">{spaced(policy.kind)}</span>
              {policy.except?.map((one) => (
                <span className="sub wrapping" key={`${one.until} ${one.reason} ${one.scope.paths.join()}`}>
                  not <ScopeWords scope={one.scope} /> until {absolute(Date.parse(one.until))}:{" "}
                  {visible(one.reason, 500)}
                </span>
              ))}
            </td>
            <td className="num f-hide">{count(total(policy) - policy.decisions.not_evaluated)}</td>
            <td className="num f-hide">
              {policy.decisions.not_evaluated > 0 ? (
                <Sign certainty="unevaluated">{count(policy.decisions.not_evaluated)}</Sign>
              ) : (
                <span className="t3">0</span>
              )}
            </td>
            <td className="num nw f-full">
              <Outcome policy={policy} />
            </td>
            <td className="f-full">
              <ModeSwitch policy={policy} may={props.may} ask={(to) => props.ask(policy, to)} />
              {policy.until && <span className="sub">until {absolute(Date.parse(policy.until))}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Where it applies, as it is configured. */
function ScopeWords({ scope }: { scope: PolicyRow["scope"] }) {
  const { services = [], hosts, paths, methods } = scope;
  if (services.length + hosts.length + paths.length + methods.length === 0) return <>everything</>;
  const list = (values: string[]) => <span className="mono">{visible(values.join(", "), 300)}</span>;
  return (
    <>
      {methods.length > 0 && <>{list(methods)} </>}
      {paths.length > 0 ? list(paths) : "all paths"}
      {hosts.length > 0 && <> on {list(hosts)}</>}
      {services.length > 0 && <> to {list(services)}</>}
      {scope.ignore_case && paths.length > 0 && <span className="t3"> in either case</span>}
    </>
  );
}

/** Solid happened, hollow would have, hatched when nothing was judged. */
function Outcome({ policy }: { policy: PolicyRow }) {
  const { refused, would_refuse: would, acted, would_act: wouldAct } = policy.decisions;
  if (total(policy) === 0) return <Sign certainty="unevaluated">nothing judged</Sign>;
  if (refused + would + acted + wouldAct === 0) return <span className="t3">all passed</span>;
  return (
    <span className="outcomes">
      {refused > 0 && <Sign kind="deny">{count(refused)} refused</Sign>}
      {would > 0 && (
        <Sign kind="deny" certainty="would">
          {count(would)} would be refused
        </Sign>
      )}
      {acted > 0 && <Sign kind="mask">{count(acted)} changed</Sign>}
      {wouldAct > 0 && (
        <Sign kind="mask" certainty="would">
          {count(wouldAct)} would be changed
        </Sign>
      )}
    </span>
  );
}

function ModeSwitch({ policy, may, ask }: { policy: PolicyRow; may: boolean; ask: (to: Mode) => void }) {
  if (!may) {
    const look = { enforce: "chip on", monitor: "chip hollow", off: "chip dashed" }[policy.mode];
    return <span className={look}>{policy.mode}</span>;
  }
  return (
    <div className="seg inline" role="group" aria-label={`Mode of ${visible(policy.name, 80)}`}>
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

/** When a switch ends by itself. */
function End({ hasTo }: { hasTo: boolean }) {
  return (
    <Field label="Ends by itself">
      {(id) => (
        <select id={id} name="hours" className="input" defaultValue={hasTo ? "1" : "0"}>
          {!hasTo && <option value="0">never</option>}
          {HOURS.map((hours) => (
            <option key={hours} value={hours}>
              after {many(hours, "hour")}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Says what will change before it does, with the figures there are. */
function Switch({ policy, to, close }: { policy: PolicyRow; to: Mode; close: () => void }) {
  const say = useSay();
  const name = visible(policy.name, 80);
  const { would_refuse: would, refused } = policy.decisions;
  const judged = total(policy) - policy.decisions.not_evaluated;
  const effects: Record<Mode, string> = {
    enforce: policy.kind === "break_glass" ? `Leave out policies with ${name}` : `Refuse with ${name}`,
    monitor: `Only watch with ${name}`,
    off: `Switch ${name} off`,
  };
  return (
    <Ask
      title={`${name}: ${policy.mode} → ${to}`}
      effect={effects[to]}
      close={close}
      act={async (form) => {
        const hours = Number(form.get("hours"));
        // A minute less, so that a clock that is not quite right does not make it too long.
        const until =
          hours > 0 ? new Date(Date.now() + hours * 60 * MINUTE - MINUTE).toISOString() : undefined;
        await put(
          `/policies/${encodeURIComponent(policy.name)}/mode`,
          until ? { mode: to, until } : { mode: to },
        );
        await client.invalidateQueries({ queryKey: ["/policies"] });
        say(`${name} is now on ${to}.`);
      }}
    >
      <p className="prose">
        {visible(policy.title, 300)} It applies to <ScopeWords scope={policy.scope} />.
      </p>
      {to === "enforce" && policy.kind !== "break_glass" && (
        <div className={would > 0 ? "note warn" : "note"}>
          <span className={judged === 0 ? "sq hatch" : "sq"} />
          <p>
            {judged === 0 ? (
              <>
                <b>Not evaluated.</b> This rule has judged no request yet, so it is not known whom it would
                refuse.
              </>
            ) : (
              <>
                <b>
                  {count(would)} of {many(judged, "judged request")} ({share(would, judged)}) would have been
                  refused.
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
            <b>It has refused {many(refused, "request")}.</b> From now on such requests come through.
          </p>
        </div>
      )}
      {to === "enforce" && ENDS.includes(policy.kind) && <End hasTo={policy.kind === "break_glass"} />}
      <p className="small t3">It holds at once, and is written to the audit log.</p>
    </Ask>
  );
}

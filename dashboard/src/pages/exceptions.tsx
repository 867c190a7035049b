import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post, remove } from "../api/client.ts";
import type { PolicyException } from "../api/kept.ts";
import { client, resource, useAble, useSession } from "../api/queries.ts";
import type { Exchange, Page } from "../api/shapes.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { Panel } from "../parts/panels.tsx";
import { count, many } from "../words/numbers.ts";
import { absolute, MINUTE } from "../words/time.ts";
import { visible } from "../words/visible.ts";

/** For how many hours an exception may be made: at most 30 days. */
const HOURS: [number, string][] = [
  [1, "1 hour"],
  [24, "1 day"],
  [7 * 24, "7 days"],
  [30 * 24, "30 days"],
];

const again = () => client.invalidateQueries({ queryKey: ["/exceptions"] });

/** Whether exceptions can be made here, by who looks. */
export function useMayExcept(): boolean {
  const able = useAble("POST", "/policies/{name}/exceptions");
  const role = useSession()?.role;
  return able && (role === "operator" || role === "admin");
}

/** Where refusals are set aside for some time; nothing where none are. */
export function Exceptions() {
  const may = useMayExcept();
  const able = useAble("GET", "/exceptions");
  const all = useQuery({ ...resource<Page<PolicyException>>("/exceptions", {}, 15_000), enabled: able });
  const [ending, setEnding] = useState<PolicyException>();
  const items = all.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Panel
      title="Exceptions"
      sub="refusals that are set aside for some time, beside those of the configuration"
      end={count(items.length)}
    >
      <table className="fold">
        <thead>
          <tr>
            <th>Rule</th>
            <th>What passes</th>
            <th>Until</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id} className="tall">
              <td className="f-first">
                <span className="main-cell">{visible(one.policy, 80)}</span>
                <span className="sub wrapping">
                  {visible(one.who, 60)}: {visible(one.reason, 500)}
                </span>
              </td>
              <td className="f-full scope">
                <span className="mono">
                  {visible([...one.scope.methods, ...one.scope.paths].join(" "), 300)}
                </span>
                <span className="sub">
                  {visible(one.refusal, 80)}
                  {one.subject !== null && ` of ${visible(one.subject, 80)}`}
                </span>
              </td>
              <td>{absolute(Date.parse(one.until))}</td>
              <td className="num f-full">
                {may && (
                  <button type="button" className="btn" onClick={() => setEnding(one)}>
                    End
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {ending && <End of={ending} close={() => setEnding(undefined)} />}
    </Panel>
  );
}

function End({ of, close }: { of: PolicyException; close: () => void }) {
  const say = useSay();
  const name = visible(of.policy, 80);
  return (
    <Ask
      title={`End an exception of ${name}`}
      effect="End it now"
      close={close}
      act={async () => {
        await remove(`/exceptions/${encodeURIComponent(of.id)}`);
        await again();
        say(`${name} refuses such requests again.`);
      }}
    >
      <p className="prose">From now on such requests are judged as all others.</p>
    </Ask>
  );
}

/** Asks until when and why refusals like this one are set aside. */
export function Except({
  exchange,
  decision,
  close,
}: {
  exchange: Exchange;
  decision: Exchange["decisions"][number];
  close: () => void;
}) {
  const say = useSay();
  const name = visible(decision.policy, 80);
  return (
    <Ask
      title={`An exception of ${name}`}
      effect="Set such refusals aside"
      close={close}
      act={async (form) => {
        const minutes = Number(form.get("hours")) * 60 - 1;
        const subject = String(form.get("subject") ?? "").trim();
        await post(`/policies/${encodeURIComponent(decision.policy)}/exceptions`, {
          exchange: exchange.id,
          until: new Date(Date.now() + minutes * MINUTE).toISOString(),
          reason: form.get("reason"),
          ...(subject ? { subject } : {}),
        });
        await again();
        say(`${name} sets such refusals aside.`);
      }}
    >
      <p className="prose">
        Of requests like this one ({visible(`${exchange.method} ${exchange.path ?? ""}`, 200)}), {name} does
        not refuse any more what it refuses for <b>{visible(decision.reason, 80)}</b>. All else it judges as
        before.
      </p>
      <Field label="Until">
        {(id) => (
          <select id={id} name="hours" className="input" defaultValue="24">
            {HOURS.map(([hours, words]) => (
              <option key={hours} value={hours}>
                {words} from now
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Why" hint="It is kept in the audit log.">
        {(id) => <input id={id} name="reason" className="input" required maxLength={500} />}
      </Field>
      <Field
        label="Only for this caller (may stay empty)"
        hint="By the name that is verified: subject of a token or certificate, id of a key."
      >
        {(id) => <input id={id} name="subject" className="input" maxLength={256} />}
      </Field>
      <p className="small t3">
        It holds at once, for {many(1, "endpoint")}, and is written to the audit log.
      </p>
    </Ask>
  );
}

// Paths that were merged into an endpoint, and keeping them apart again.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { MergedPath, Parts, Split } from "../api/apart.ts";
import { Problem, post } from "../api/client.ts";
import { client, resource, useAble, useSession } from "../api/queries.ts";
import type { Endpoint } from "../api/shapes.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { becomes } from "../words/apart.ts";
import { count, many } from "../words/numbers.ts";

const FEW = 6;

export function MergedHere({ endpoint }: { endpoint: Endpoint }) {
  const address = `/endpoints/${encodeURIComponent(endpoint.id)}/parts`;
  const isTold = useAble("GET", "/endpoints/{id}/parts");
  const able = useAble("POST", "/endpoints/{id}/split");
  const role = useSession()?.role;
  const parts = useQuery({ ...resource<Parts>(address), enabled: isTold });
  const [asking, setAsking] = useState(false);
  const items = parts.data?.items ?? [];
  if (items.length === 0) return null;
  const may = able && (role === "operator" || role === "admin");
  return (
    <Panel title="Merged paths" sub="taken for values of a parameter" end={count(items.length)}>
      <div className="pb">
        {items.slice(0, FEW).map((one) => (
          <Path key={one.path} part={one} />
        ))}
        {items.length > FEW && <p className="small t3">and {many(items.length - FEW, "more", "more")}</p>}
        {may && (
          <button type="button" className="btn" onClick={() => setAsking(true)}>
            Keep apart…
          </button>
        )}
      </div>
      {asking && <KeepApart endpoint={endpoint} items={items} close={() => setAsking(false)} />}
    </Panel>
  );
}

function Path({ part }: { part: MergedPath }) {
  return (
    <div className="row line">
      <span className="grow breaks mono">
        <Hostile text={part.path} most={160} />
      </span>
      <span className="nw t3">
        <Hostile text={part.methods.join(", ")} most={60} />
      </span>
    </div>
  );
}

/** Says what will become of it before it does. */
function KeepApart(props: { endpoint: Endpoint; items: MergedPath[]; close: () => void }) {
  const { endpoint, items } = props;
  const say = useSay();
  const [chosen, setChosen] = useState<string[]>(items.length === 1 ? items.map((one) => one.path) : []);
  const turn = (path: string) =>
    setChosen((now) => (now.includes(path) ? now.filter((one) => one !== path) : [...now, path]));
  return (
    <Ask
      title="Keep paths apart"
      effect={`Keep ${many(chosen.length, "path")} apart`}
      close={props.close}
      act={async (form) => {
        if (chosen.length === 0) throw new Problem(0, "Choose at least one path");
        const reason = String(form.get("reason") ?? "");
        const done = await post<Split>(`/endpoints/${encodeURIComponent(endpoint.id)}/split`, {
          paths: chosen,
          reason,
        });
        await client.invalidateQueries({
          predicate: ({ queryKey }) => String(queryKey[0]).startsWith("/endpoints"),
        });
        say(`${many(done.paths.length, "path")} kept apart. The inventory shows it within half a minute.`);
      }}
    >
      <div className="field">
        {items.map((one) => (
          <label key={one.path} className="row line">
            <input
              type="checkbox"
              className="cb"
              checked={chosen.includes(one.path)}
              onChange={() => turn(one.path)}
            />
            <span className="grow breaks mono">
              <Hostile text={one.path} most={160} />
            </span>
            <span className="nw t3">
              <Hostile text={one.methods.join(", ")} most={60} />
            </span>
          </label>
        ))}
      </div>
      <Field label="Why (may stay empty)" hint="It is kept in the history and in the audit log.">
        {(id) => <input id={id} name="reason" className="input" maxLength={333} />}
      </Field>
      <div className="note warn">
        <span className="sq" />
        <p>
          <b>{becomes(items.filter((one) => chosen.includes(one.path)))}</b> They get the ids back that they
          had, and requests count for them from now on. What was seen since they were merged, and all other
          paths, stay with{" "}
          <span className="mono">
            <Hostile text={endpoint.path} most={160} />
          </span>
          . This is for good: no later guess merges them again, and nothing takes it back.
        </p>
      </div>
    </Ask>
  );
}

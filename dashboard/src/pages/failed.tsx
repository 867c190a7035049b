import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../api/client.ts";
import type { FailedDelivery } from "../api/kept.ts";
import { client, resource, useAble, useSession } from "../api/queries.ts";
import type { Page } from "../api/shapes.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Time } from "../parts/words.tsx";
import { bytes, count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

type Deed = "replay" | "discard";

/** Deliveries of webhooks that no upstream took; nothing where there are none. */
export function FailedDeliveries() {
  const able = useAble("GET", "/webhooks");
  const role = useSession()?.role;
  const may = role === "operator" || role === "admin";
  const all = useQuery({
    ...resource<Page<FailedDelivery>>("/webhooks", { limit: 100 }, 10_000),
    enabled: able,
  });
  const [asking, setAsking] = useState<{ of: FailedDelivery; deed: Deed }>();
  const items = all.data?.items ?? [];
  if (items.length === 0) return null;
  const more = all.data?.next ? "+" : "";
  return (
    <Panel
      title="Failed deliveries"
      sub="webhooks that were good and that no upstream took, the one that failed last first"
      end={`${count(items.length)}${more}`}
    >
      <table className="fold">
        <thead>
          <tr>
            <th>Delivery</th>
            <th>State</th>
            <th className="num">Failed</th>
            <th className="num">Last</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id} className="tall">
              <td className="f-first">
                <span className="main-cell">
                  {visible(one.policy, 80)} → {visible(one.service, 80)}
                </span>
                <span className="sub mono">
                  {one.id}, {bytes(one.bytes)}
                </span>
              </td>
              <td>
                <State of={one} />
              </td>
              <td className="num f-hide">
                {count(one.failures)}
                {one.replays > 0 && <span className="sub">and {many(one.replays, "replay")}</span>}
              </td>
              <td className="num t3">
                <Time at={one.last} ago />
              </td>
              <td className="num f-full">
                {may && one.state === "failed" && (
                  <span className="row acts">
                    {one.is_whole && (
                      <button
                        type="button"
                        className="btn"
                        onClick={() => setAsking({ of: one, deed: "replay" })}
                      >
                        Replay
                      </button>
                    )}
                    <button
                      type="button"
                      className="btn"
                      onClick={() => setAsking({ of: one, deed: "discard" })}
                    >
                      Discard
                    </button>
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {asking && <Decide {...asking} close={() => setAsking(undefined)} />}
    </Panel>
  );
}

function State({ of: one }: { of: FailedDelivery }) {
  if (one.state !== "failed") return <span className="chip">{one.state}</span>;
  return (
    <>
      <span className="plain">{visible(one.failure, 80)}</span> {one.status ?? ""}
      {!one.is_whole && (
        <span className="sub">
          <Sign certainty="unevaluated">not kept whole: {visible(one.missing, 80)}</Sign>
        </span>
      )}
    </>
  );
}

function Decide({ of, deed, close }: { of: FailedDelivery; deed: Deed; close: () => void }) {
  const say = useSay();
  return (
    <Ask
      title={`${deed === "replay" ? "Replay" : "Discard"} ${of.id}`}
      effect={deed === "replay" ? "Send it once more" : "Discard it"}
      close={close}
      act={async (form) => {
        await post(`/webhooks/${encodeURIComponent(of.id)}/${deed}`, { reason: form.get("reason") });
        await client.invalidateQueries({ queryKey: ["/webhooks"] });
        say(deed === "replay" ? `${of.id} is sent once more.` : `${of.id} is discarded.`);
      }}
    >
      <p className="prose">
        {deed === "replay"
          ? "It goes through the policies to the service that it was for, as it came, marked as a replay."
          : "What it holds is forgotten; that it failed stays listed until it is over."}
      </p>
      <Field label="Why" hint="It is kept in the audit log.">
        {(id) => <input id={id} name="reason" className="input" maxLength={1000} />}
      </Field>
    </Ask>
  );
}

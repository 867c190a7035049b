import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post, put } from "../api/client.ts";
import { client, resource, useSession } from "../api/queries.ts";
import type { ApiKey, Page } from "../api/shapes.ts";
import { Ask, Dialog, Field, useSay } from "../parts/dialog.tsx";
import { FilterBar } from "../parts/filters.tsx";
import { Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time, useNow } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { count } from "../words/numbers.ts";
import { instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";

type KeyState = ApiKey["state"];

const ACTS: Record<KeyState, { to: KeyState; words: string; effect: string; means: string }[]> = {
  active: [
    {
      to: "disabled",
      words: "Disable",
      effect: "Disable key",
      means: "It is refused from now on, until it is enabled again.",
    },
    {
      to: "revoked",
      words: "Revoke",
      effect: "Revoke key for ever",
      means: "It is refused from now on, and can never be used again.",
    },
  ],
  disabled: [
    { to: "active", words: "Enable", effect: "Enable key", means: "It is let in again from now on." },
    { to: "revoked", words: "Revoke", effect: "Revoke key for ever", means: "It can never be used again." },
  ],
  revoked: [],
};

/** Own API keys: whom the gateway lets in. */
export function Keys() {
  useCrumbs("Keys");
  const { first } = useAddress();
  const session = useSession();
  const may = session?.role === "operator" || session?.role === "admin";
  const keys = useQuery({ ...resource<Page<ApiKey>>("/keys", { limit: 500 }), enabled: may });
  const [making, setMaking] = useState(false);
  const [asking, setAsking] = useState<{ of: ApiKey; act: (typeof ACTS)[KeyState][number] }>();
  const [fresh, setFresh] = useState<string>();
  const words = (first("q") ?? "").toLowerCase();
  const fits = (key: ApiKey) =>
    `${key.name} ${key.owner} ${key.scopes.join(" ")} ${key.state}`.toLowerCase().includes(words);
  return (
    <>
      <div className="page-head">
        <h1>Keys</h1>
        <span className="small t3">own API keys, kept as hashes</span>
        {may && (
          <span className="acts">
            <button type="button" className="btn primary" onClick={() => setMaking(true)}>
              Make a key
            </button>
          </span>
        )}
      </div>
      {may ? (
        <>
          <div className="toolbar">
            <FilterBar names={{}} hint="name, owner, scope, state…" />
          </div>
          <Panel title="Keys" end={keys.data && count(keys.data.items.length)}>
            <Ready of={keys} rows={6}>
              {(page) => (
                <KeyTable
                  keys={page.items.filter(fits)}
                  any={page.items.length > 0}
                  ask={(key, act) => setAsking({ of: key, act })}
                />
              )}
            </Ready>
          </Panel>
        </>
      ) : (
        <Panel title="Keys">
          <Empty title="For operators">Your role does not see whom the gateway lets in.</Empty>
        </Panel>
      )}
      {making && <Make close={() => setMaking(false)} made={setFresh} />}
      {asking && <Change {...asking} close={() => setAsking(undefined)} />}
      {fresh && <Fresh secret={fresh} close={() => setFresh(undefined)} />}
    </>
  );
}

function KeyTable({
  keys,
  any,
  ask,
}: {
  keys: ApiKey[];
  /** Whether there are keys that do not fit. */
  any: boolean;
  ask: (key: ApiKey, act: (typeof ACTS)[KeyState][number]) => void;
}) {
  const now = useNow();
  if (keys.length === 0) {
    return (
      <Empty title={any ? "No key fits these words" : "No key was made yet"}>
        A policy of kind <i>api key</i> lets in who has one. The key itself is shown once, when it is made.
      </Empty>
    );
  }
  return (
    <table className="fold">
      <thead>
        <tr>
          <th>Name</th>
          <th>Owner</th>
          <th>Scopes</th>
          <th>State</th>
          <th className="num">Last used</th>
          <th className="num">Ends</th>
          <th />
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => {
          const over = (instant(key.expires) ?? Number.POSITIVE_INFINITY) <= now;
          return (
            <tr key={key.id} className="tall">
              <td className="f-first">
                <span className="main-cell">{visible(key.name, 80)}</span>
                <span className="sub mono">{key.id}</span>
              </td>
              <td>{visible(key.owner, 60) || "–"}</td>
              <td className="mono t3 f-hide">{visible(key.scopes.join(", "), 120) || "–"}</td>
              <td>
                <span className={key.state === "active" && !over ? "plain" : "chip dashed"}>
                  {key.state === "active" && over ? "expired" : key.state}
                </span>
              </td>
              <td className="num t3 f-hide">
                <Time at={key.last_used} />
              </td>
              <td className="num t3 f-hide">
                <Time at={key.expires} />
              </td>
              <td className="num f-full">
                <span className="row acts">
                  {ACTS[key.state].map((act) => (
                    <button key={act.to} type="button" className="btn" onClick={() => ask(key, act)}>
                      {act.words}
                    </button>
                  ))}
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const again = () => client.invalidateQueries({ queryKey: ["/keys"] });

function Make({ close, made }: { close: () => void; made: (secret: string) => void }) {
  return (
    <Ask
      title="Make a key"
      effect="Make key"
      close={close}
      act={async (form) => {
        const days = Number(form.get("days"));
        const scopes = String(form.get("scopes"))
          .split(/[\s,]+/)
          .filter(Boolean);
        const body = {
          name: form.get("name"),
          owner: form.get("owner"),
          scopes,
          ...(days > 0 ? { days } : {}),
        };
        const { key } = await post<ApiKey & { key: string }>("/keys", body);
        await again();
        made(key);
      }}
    >
      <Field label="Name" hint="What it is for.">
        {(id) => <input id={id} name="name" className="input" required maxLength={100} />}
      </Field>
      <Field label="Owner" hint="Whose it is.">
        {(id) => <input id={id} name="owner" className="input" required maxLength={100} />}
      </Field>
      <Field label="Scopes (may stay empty)" hint="What it may be used for, separated by blanks.">
        {(id) => <input id={id} name="scopes" className="input" maxLength={500} />}
      </Field>
      <Field label="For how many days (may stay empty)" hint="Without, it counts until it is revoked.">
        {(id) => <input id={id} name="days" type="number" min={1} max={36_500} className="input" />}
      </Field>
    </Ask>
  );
}

function Change({ of, act, close }: { of: ApiKey; act: (typeof ACTS)[KeyState][number]; close: () => void }) {
  const say = useSay();
  return (
    <Ask
      title={`${act.words}: ${visible(of.name, 60)}`}
      effect={act.effect}
      close={close}
      act={async (form) => {
        await put(`/keys/${encodeURIComponent(of.id)}/state`, { state: act.to, reason: form.get("reason") });
        await again();
        say(`${visible(of.name, 60)} is now ${act.to}.`);
      }}
    >
      <p className="prose">{act.means}</p>
      <Field label="Why" hint="It is kept in the audit log.">
        {(id) => <input id={id} name="reason" className="input" maxLength={500} />}
      </Field>
    </Ask>
  );
}

function Fresh({ secret, close }: { secret: string; close: () => void }) {
  return (
    <Dialog title="The key, this once" close={close}>
      <div className="body">
        <p className="prose">It is kept as a hash only, and cannot be shown again.</p>
        <p className="code wraps">{secret}</p>
      </div>
      <footer>
        <Copy text={secret} label="Copy the key">
          Copy key
        </Copy>
        <button type="button" className="btn primary" onClick={close}>
          Done
        </button>
      </footer>
    </Dialog>
  );
}

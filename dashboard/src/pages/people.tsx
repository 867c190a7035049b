// Tokens of one's own, and the users of the organisation.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { patch, post, remove } from "../api/client.ts";
import { client, resource, useSession } from "../api/queries.ts";
import type { Page, Role, Token, User } from "../api/shapes.ts";
import { Ask, Dialog, Field, useSay } from "../parts/dialog.tsx";
import { Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { visible } from "../words/visible.ts";

const ROLES: [Role, string][] = [
  ["viewer", "sees everything but secrets"],
  ["analyst", "also decides about findings"],
  ["operator", "also switches policies and keys, starts tests"],
  ["admin", "also manages users and reads the audit log"],
];

function RoleField({ most }: { most?: Role | undefined }) {
  const last = most ? ROLES.findIndex(([role]) => role === most) : ROLES.length - 1;
  return (
    <Field label="Role">
      {(id) => (
        <select id={id} name="role" className="input" defaultValue="viewer">
          {ROLES.slice(0, last + 1).map(([role, words]) => (
            <option key={role} value={role}>
              {role}: {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Tokens() {
  const tokens = useQuery(resource<Page<Token>>("/tokens"));
  const session = useSession();
  const say = useSay();
  const [asking, setAsking] = useState(false);
  const [ending, setEnding] = useState<Token>();
  const [fresh, setFresh] = useState<string>();
  const again = () => client.invalidateQueries({ queryKey: ["/tokens"] });
  return (
    <Panel
      title="Tokens"
      sub="for programs that use the API"
      end={
        <button type="button" className="btn" onClick={() => setAsking(true)}>
          New token
        </button>
      }
    >
      <Ready of={tokens} rows={3}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="You have no token" />
          ) : (
            <table className="fold">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Role</th>
                  <th>Last used</th>
                  <th>Ends</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {page.items.map((token) => (
                  <tr key={token.id}>
                    <td className="f-first">{visible(token.name, 60)}</td>
                    <td>{token.role}</td>
                    <td className="t3 f-hide">
                      <Time at={token.used} />
                    </td>
                    <td className="t3">
                      <Time at={token.expires} />
                    </td>
                    <td className="num f-full">
                      <button type="button" className="btn" onClick={() => setEnding(token)}>
                        Revoke
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Ready>
      {asking && (
        <Ask
          title="New token"
          effect="Make token"
          close={() => setAsking(false)}
          act={async (form) => {
            const made = await post<Token & { token?: string }>("/tokens", {
              name: form.get("name"),
              role: form.get("role"),
              days: Number(form.get("days")),
            });
            await again();
            if (made.token) setFresh(made.token);
          }}
        >
          <Field label="Name" hint="What uses it.">
            {(id) => <input id={id} name="name" className="input" required maxLength={60} />}
          </Field>
          <RoleField most={session?.role} />
          <Field label="For how many days" hint="1 to 366. Then it ends by itself.">
            {(id) => (
              <input
                id={id}
                name="days"
                type="number"
                min={1}
                max={366}
                defaultValue={90}
                className="input"
                required
              />
            )}
          </Field>
        </Ask>
      )}
      {ending && (
        <Ask
          title={`Revoke ${visible(ending.name, 60)}`}
          effect="Revoke token"
          close={() => setEnding(undefined)}
          act={async () => {
            await remove(`/tokens/${encodeURIComponent(ending.id)}`);
            await again();
            say("The token was revoked.");
          }}
        >
          <p className="prose">Programs that use it are refused from now on.</p>
        </Ask>
      )}
      {fresh && (
        <Dialog title="The token, this once" close={() => setFresh(undefined)}>
          <div className="body">
            <p className="prose">It is kept as a hash only, and cannot be shown again.</p>
            <p className="code wraps">{fresh}</p>
          </div>
          <footer>
            <Copy text={fresh} label="Copy the token">
              Copy token
            </Copy>
            <button type="button" className="btn primary" onClick={() => setFresh(undefined)}>
              Done
            </button>
          </footer>
        </Dialog>
      )}
    </Panel>
  );
}

export function Users() {
  const users = useQuery(resource<Page<User>>("/users"));
  const session = useSession();
  const say = useSay();
  const [asking, setAsking] = useState(false);
  const [changing, setChanging] = useState<User>();
  const again = () => client.invalidateQueries({ queryKey: ["/users"] });
  return (
    <Panel
      title="Users"
      end={
        <button type="button" className="btn" onClick={() => setAsking(true)}>
          New user
        </button>
      }
    >
      <Ready of={users} rows={3}>
        {(page) => (
          <table className="fold">
            <thead>
              <tr>
                <th>Name</th>
                <th>Role</th>
                <th>State</th>
                <th>Last log-in</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {page.items.map((user) => (
                <tr key={user.name}>
                  <td className="f-first">
                    {visible(user.name, 60)}
                    {user.name === session?.user ? <span className="t3"> (you)</span> : ""}
                  </td>
                  <td>{user.role}</td>
                  <td>
                    {user.disabled ? (
                      <span className="chip dashed">disabled</span>
                    ) : (
                      <span className="plain">active</span>
                    )}
                  </td>
                  <td className="t3 f-hide">
                    <Time at={user.last_login} />
                  </td>
                  <td className="num f-full">
                    <button type="button" className="btn" onClick={() => setChanging(user)}>
                      Change
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Ready>
      {asking && (
        <Ask
          title="New user"
          effect="Make user"
          close={() => setAsking(false)}
          act={async (form) => {
            await post("/users", {
              name: form.get("name"),
              role: form.get("role"),
              password: form.get("password"),
            });
            await again();
            say("The user was made.");
          }}
        >
          <Field label="Name">
            {(id) => (
              <input id={id} name="name" className="input" required maxLength={60} autoCapitalize="none" />
            )}
          </Field>
          <Field
            label="First password"
            hint="15 characters at least. It has to be changed at the first log-in."
          >
            {(id) => (
              <input
                id={id}
                name="password"
                type="password"
                autoComplete="new-password"
                minLength={15}
                className="input"
                required
              />
            )}
          </Field>
          <RoleField />
        </Ask>
      )}
      {changing && (
        <Ask
          title={`Change ${visible(changing.name, 60)}`}
          effect="Change user"
          close={() => setChanging(undefined)}
          act={async (form) => {
            await patch(`/users/${encodeURIComponent(changing.name)}`, {
              role: form.get("role"),
              disabled: form.get("disabled") === "on",
            });
            await again();
            say("The user was changed.");
          }}
        >
          <Field label="Role">
            {(id) => (
              <select id={id} name="role" className="input" defaultValue={changing.role}>
                {ROLES.map(([role, words]) => (
                  <option key={role} value={role}>
                    {role}: {words}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <label className="row">
            <input type="checkbox" className="cb" name="disabled" defaultChecked={changing.disabled} />{" "}
            Disabled: ends all sessions and tokens
          </label>
        </Ask>
      )}
    </Panel>
  );
}

import { type ReactNode, useState } from "react";
import { put } from "../api/client.ts";
import { client, sessionOptions, useSession } from "../api/queries.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { Icon } from "../parts/icons.tsx";
import { Panel } from "../parts/panels.tsx";

/** The password is changed here; `children` is what stands around the button. */
function Change({ children, primary }: { children: ReactNode; primary?: boolean }) {
  const [asking, setAsking] = useState(false);
  const say = useSay();
  return (
    <>
      {children}
      <button
        type="button"
        className={primary ? "btn primary after" : "btn after"}
        onClick={() => setAsking(true)}
      >
        Change password
      </button>
      {asking && (
        <Ask
          title="Change password"
          effect="Change password"
          close={() => setAsking(false)}
          act={async (form) => {
            await put("/session/password", { current: form.get("current"), new: form.get("new") });
            await client.fetchQuery({ ...sessionOptions, staleTime: 0 });
            await client.invalidateQueries();
            say("The password was changed.");
          }}
        >
          <Field label="Current password">
            {(id) => (
              <input
                id={id}
                name="current"
                type="password"
                autoComplete="current-password"
                className="input"
                required
              />
            )}
          </Field>
          <Field label="New password" hint="15 characters at least. A sentence is a good one.">
            {(id) => (
              <input
                id={id}
                name="new"
                type="password"
                autoComplete="new-password"
                minLength={15}
                className="input"
                required
              />
            )}
          </Field>
        </Ask>
      )}
    </>
  );
}

export function Password() {
  const session = useSession();
  return (
    <Panel title="Password" end={session && `${session.user}, ${session.role}`}>
      <div className="pb">
        <Change>
          <p className="prose">Changing it ends your other sessions.</p>
        </Change>
      </div>
    </Panel>
  );
}

/** What stands in place of every page until a first password was changed. */
export function FirstPassword() {
  return (
    <Panel title="Choose a password of your own">
      <div className="pb">
        <Change primary>
          <div className="note warn">
            <Icon name="warn" />
            <p>
              <b>This is still the password that you were given.</b> Nothing else is answered until you have
              changed it.
            </p>
          </div>
        </Change>
      </div>
    </Panel>
  );
}

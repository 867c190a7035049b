import { useNavigate, useSearch } from "@tanstack/react-router";
import { type SubmitEvent, useEffect, useState } from "react";
import { keepToken, Problem, post } from "../api/client.ts";
import { client, sessionOptions } from "../api/queries.ts";
import type { Session } from "../api/shapes.ts";
import { Field } from "../parts/dialog.tsx";
import { Icon, Mark } from "../parts/icons.tsx";
import { first, returnable, type Search } from "../words/address.ts";

/** Logs in and goes on to where one wanted to be. */
export function LogIn() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [error, setError] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const back = first(search, "back");
  useEffect(() => {
    document.title = "Log in · Bartizan";
  }, []);
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(undefined);
    try {
      const session = await post<Session>("/session", {
        user: form.get("user"),
        password: form.get("password"),
      });
      client.clear();
      client.setQueryData(sessionOptions.queryKey, keepToken(session));
      await navigate({ href: returnable(back), replace: true });
    } catch (cause) {
      setError(cause instanceof Problem ? cause : new Problem(0, "It did not work"));
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form className="panel" onSubmit={submit}>
        <div className="brand">
          <Mark />
          Bartizan
        </div>
        <div className="battlement" aria-hidden="true" />
        <div className="body">
          <h1 className="vh">Log in</h1>
          {back && !error && (
            <p className="small t2">Your session has ended. After logging in you are back where you were.</p>
          )}
          {error && (
            <div className="note bad" role="alert">
              <Icon name="warn" />
              <p>{explain(error)}</p>
            </div>
          )}
          <Field label="Name">
            {(id) => (
              <input
                id={id}
                className="input"
                name="user"
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                required
                autoFocus
              />
            )}
          </Field>
          <Field label="Password">
            {(id) => (
              <input
                id={id}
                className="input"
                name="password"
                type="password"
                autoComplete="current-password"
                required
              />
            )}
          </Field>
          <button type="submit" className="btn primary" disabled={busy}>
            Log in
          </button>
          <p className="small t3">
            The first password is in a file beside the data, which only its owner may read;{" "}
            <code>bartizan serve</code> says where.
          </p>
        </div>
      </form>
    </main>
  );
}

function explain(error: Problem) {
  if (error.status === 401) return <b>Name or password is wrong.</b>;
  if (error.status === 429) {
    return (
      <>
        <b>Too many tries.</b> {error.retryAfter ? `Wait ${error.retryAfter} s.` : "Wait a little."}
      </>
    );
  }
  if (error.status === 0) return <b>No answer from Bartizan.</b>;
  return (
    <>
      <b>{error.message}.</b> {error.detail}
    </>
  );
}

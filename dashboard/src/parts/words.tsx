// Times, copying, and what a page says when it has nothing, not yet, or not any more.
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { Problem } from "../api/client.ts";
import { capital } from "../words/names.ts";
import { absolute, before, instant, relative } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { Battlement, Icon } from "./icons.tsx";

// One clock for all words of time: it moves every twenty seconds.
const listeners = new Set<() => void>();
let moment = Date.now();
setInterval(() => {
  moment = Date.now();
  for (const listener of listeners) listener();
}, 20_000);
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The time now, for words such as `9 min`. */
export const useNow = () => useSyncExternalStore(subscribe, () => moment);

/** Relative in the text, absolute on hover and for machines. */
export function Time({ at, ago }: { at: string | null | undefined; ago?: boolean }) {
  const now = useNow();
  const time = instant(at);
  if (time === undefined) return <span className="t3">–</span>;
  return (
    <time dateTime={new Date(time).toISOString()} title={absolute(time)}>
      {ago ? before(time, now) : relative(time, now)}
    </time>
  );
}

/** The text, once nothing was typed for a while. */
export function useLater(text: string, milliseconds: number): string {
  const [later, setLater] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLater(text), milliseconds);
    return () => clearTimeout(timer);
  }, [text, milliseconds]);
  return later;
}

/** Copies a text, which may be made only then; it says so beside the pointer and to screen readers. */
export function Copy(props: { text: string | (() => string); label: string; children?: ReactNode }) {
  const { text, label, children } = props;
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      className={children ? "btn" : "copy"}
      title={children ? undefined : label}
      aria-label={children ? undefined : label}
      onClick={() => {
        const copied = typeof text === "string" ? text : text();
        navigator.clipboard?.writeText(copied).then(() => setDone(true));
      }}
    >
      <Icon name={done ? "check" : "copy"} />
      {children}
      <span className="vh" role="status">
        {done ? "Copied" : ""}
      </span>
    </button>
  );
}

/** Grey bars at the height of real rows, after 200 ms. */
export function Loading({ rows = 5 }: { rows?: number }) {
  return (
    <div className="bars" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row}>
          <i style={{ width: 44 }} />
          <i style={{ width: `${28 + ((row * 37) % 30)}%` }} />
          <i style={{ width: 56, marginLeft: "auto" }} />
        </div>
      ))}
    </div>
  );
}

/** What was looked at, how fully, and what to do. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      <Battlement />
      <b>{title}</b>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What failed, what still holds, an id, and a way on. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : undefined;
  return (
    <div className="note bad" role="alert">
      <Icon name="warn" />
      <p>
        <b>{says(problem)}</b> {problem?.detail ? `${visible(problem.detail, 300)} ` : ""}
        {problem === undefined || problem.status === 0 || problem.status >= 500
          ? "Traffic is still let through or refused as before. "
          : ""}
        {problem?.incident && (
          <>
            Error <code>{visible(problem.incident, 60)}</code>.{" "}
          </>
        )}
        {retry && (
          <button type="button" className="link" onClick={retry}>
            Try again
          </button>
        )}
      </p>
    </div>
  );
}

function says(problem: Problem | undefined): string {
  if (problem === undefined) return "This page failed.";
  if (problem.status === 0) return "No answer from Bartizan.";
  if (problem.status === 403) return "Your role does not allow this.";
  if (problem.status === 404) return "There is no such thing here, or not any more.";
  if (problem.status === 409 || problem.status === 412) return "Somebody changed this meanwhile.";
  return `${capital(visible(problem.message, 200))}.`;
}

interface Loadable<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
  dataUpdatedAt: number;
}

/** Shows data by its state: loading, failed, stale (what was there, dimmed, with its age), or there. */
export function Ready<T>(props: { of: Loadable<T>; rows?: number; children: (data: T) => ReactNode }) {
  const { of, rows, children } = props;
  const now = useNow();
  if (of.data === undefined) {
    if (of.isPending && !of.error) return <Loading rows={rows ?? 5} />;
    return (
      <div className="pb">
        <Failed error={of.error} retry={() => of.refetch()} />
      </div>
    );
  }
  if (!of.error) return children(of.data);
  return (
    <div className="stale">
      <div className="note warn" role="status">
        <Icon name="clock" />
        <p>
          <b>{says(of.error instanceof Problem ? of.error : undefined)}</b> What follows is{" "}
          {relative(of.dataUpdatedAt, now) === "now"
            ? "of a moment ago"
            : `${relative(of.dataUpdatedAt, now)} old`}
          .{" "}
          <button type="button" className="link" onClick={() => of.refetch()}>
            Try now
          </button>
        </p>
      </div>
      <div className="stale-body">{children(of.data)}</div>
    </div>
  );
}

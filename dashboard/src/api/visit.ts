// When somebody was last here, kept in this browser: what the overview counts changes from.
import type { Session } from "./shapes.ts";

/** Who was away for longer comes anew. */
const AWAY = 30 * 60_000;

interface Visit {
  /** When the visit before this one ended. */
  since: string | undefined;
  /** When somebody last looked. */
  seen: string;
}

const visits = new Map<string, Visit>();

function stored(key: string): Visit | undefined {
  try {
    const visit: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (typeof visit !== "object" || visit === null) return undefined;
    const { since, seen } = visit as Partial<Visit>;
    if (typeof seen !== "string" || Number.isNaN(Date.parse(seen))) return undefined;
    return { since: typeof since === "string" && !Number.isNaN(Date.parse(since)) ? since : undefined, seen };
  } catch {
    return undefined;
  }
}

function keep(key: string, visit: Visit) {
  visits.set(key, visit);
  try {
    localStorage.setItem(key, JSON.stringify(visit));
  } catch {
    // Storage may be closed to us; the visit then lasts as long as the page.
  }
}

/** When the visit before this one ended; without one in this browser, the log-in before this one. */
export function lastVisit(session: Session): string | undefined {
  const key = `bartizan.visit.${session.organisation}.${session.user}`;
  const known = visits.get(key);
  if (known) return known.since;
  const before = stored(key);
  const now = new Date().toISOString();
  const anew = !before || Date.now() - Date.parse(before.seen) > AWAY;
  const since = anew ? (before?.seen ?? session.last_login ?? undefined) : before.since;
  keep(key, { since, seen: now });
  return since;
}

// While somebody looks, the visit lasts.
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  for (const [key, visit] of visits) keep(key, { ...visit, seen: new Date().toISOString() });
}, 60_000);

import { useState } from "react";
import { post } from "../api/client.ts";
import { changeFindings } from "../api/queries.ts";
import type { FindingState, Role } from "../api/shapes.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

/** What can be decided about findings: the key, the words on the button, and what is asked. */
export const DECISIONS: {
  to: FindingState;
  key: string;
  words: string;
  done: string;
  expires?: boolean;
  reason?: boolean;
}[] = [
  { to: "confirmed", key: "y", words: "Confirm", done: "confirmed" },
  { to: "accepted", key: "e", words: "Accept until…", done: "accepted", expires: true, reason: true },
  {
    to: "false_positive",
    key: "n",
    words: "False positive…",
    done: "marked as false positive",
    reason: true,
  },
  { to: "fixed", key: "r", words: "Fixed", done: "marked as fixed" },
  { to: "open", key: "o", words: "Open again", done: "open again" },
];

export const mayTriage = (role: Role | undefined) => role !== undefined && role !== "viewer";

type Decision = (typeof DECISIONS)[number];

/** What became of each finding. */
export interface Answer {
  changed: string[];
  refused: { id: string; reason: string }[];
}

/** Most findings that the API takes at one time. */
const MOST_AT_ONCE = 500;

/** Does it for all, as many at one time as the API takes. */
export async function inParts(ids: string[], act: (part: string[]) => Promise<Answer>): Promise<Answer> {
  const all: Answer = { changed: [], refused: [] };
  for (let from = 0; from < ids.length; from += MOST_AT_ONCE) {
    const { changed, refused } = await act(ids.slice(from, from + MOST_AT_ONCE));
    all.changed.push(...changed);
    all.refused.push(...refused);
  }
  return all;
}

type Say = ReturnType<typeof useSay>;

export function tellRefused({ refused }: Answer, say: Say) {
  const first = refused[0];
  if (first) say(`${many(refused.length, "finding")} not changed: ${visible(first.reason, 200)}.`, "bad");
}

async function decide(ids: string[], to: FindingState, reason: string, expiry?: string): Promise<Answer> {
  const answer = await inParts(ids, (part) =>
    post<Answer>("/findings/state", { ids: part, to, reason, ...(expiry ? { expiry } : {}) }),
  );
  await changeFindings(
    new Set(answer.changed),
    (row) => ({ ...row, state: to }),
    (row, query) => query.state === undefined || [query.state].flat().some((one) => one === row.state),
  );
  return answer;
}

/** Decides at once where nothing has to be said, and asks for reason and expiry where the workflow wants them. */
export function useTriage(done?: () => void) {
  const say = useSay();
  const [asking, setAsking] = useState<{ ids: string[]; decision: Decision }>();
  const tell = (result: Answer, decision: Decision) => {
    if (result.changed.length > 0) say(`${many(result.changed.length, "finding")} ${decision.done}.`);
    tellRefused(result, say);
    done?.();
  };
  const start = (ids: string[], decision: Decision) => {
    if (ids.length === 0) return;
    if (decision.reason || decision.expires) setAsking({ ids, decision });
    else
      decide(ids, decision.to, "").then(
        (result) => tell(result, decision),
        (error) => say(error.message, "bad"),
      );
  };
  const dialog = asking && (
    <Ask
      title={`${asking.decision.words.replace("…", "")}: ${many(asking.ids.length, "finding")}`}
      effect={
        asking.decision.to === "accepted"
          ? `Accept ${many(asking.ids.length, "finding")}`
          : `Mark ${many(asking.ids.length, "finding")} as false positive`
      }
      close={() => setAsking(undefined)}
      act={async (form) => {
        const until = form.get("until");
        const expiry = until ? `${until}T23:59:59Z` : undefined;
        tell(
          await decide(asking.ids, asking.decision.to, String(form.get("reason")), expiry),
          asking.decision,
        );
      }}
    >
      <Field label="Why" hint="It is kept in the history and in the audit log.">
        {(id) => <textarea id={id} name="reason" className="input" required maxLength={1000} />}
      </Field>
      <Field
        label={asking.decision.expires ? "Until" : "Until (may stay empty)"}
        hint="After that day it is open again. UTC."
      >
        {(id) => (
          <input
            id={id}
            name="until"
            type="date"
            className="input"
            required={asking.decision.expires ?? false}
            min={day(1)}
            defaultValue={asking.decision.expires ? day(90) : ""}
          />
        )}
      </Field>
    </Ask>
  );
  return { start, dialog };
}

const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

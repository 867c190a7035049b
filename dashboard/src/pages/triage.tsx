import { useState } from "react";
import { post } from "../api/client.ts";
import { client } from "../api/queries.ts";
import type { FindingState, Role } from "../api/shapes.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { many } from "../words/numbers.ts";

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

async function decide(ids: string[], to: FindingState, reason: string, expiry?: string) {
  const result = await post<{ changed: string[]; refused: { id: string; reason: string }[] }>(
    "/findings/state",
    {
      ids,
      to,
      reason,
      ...(expiry ? { expiry } : {}),
    },
  );
  await client.invalidateQueries({
    predicate: ({ queryKey: [path] }) => typeof path === "string" && /^\/(findings|overview)/.test(path),
  });
  return result;
}

/** Decides at once where nothing has to be said, and asks for reason and expiry where the workflow wants them. */
export function useTriage() {
  const say = useSay();
  const [asking, setAsking] = useState<{ ids: string[]; decision: Decision }>();
  const tell = (result: Awaited<ReturnType<typeof decide>>, decision: Decision) => {
    if (result.changed.length > 0) say(`${many(result.changed.length, "finding")} ${decision.done}.`);
    const refused = result.refused[0];
    if (refused) say(`${many(result.refused.length, "finding")} not changed: ${refused.reason}.`, "bad");
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

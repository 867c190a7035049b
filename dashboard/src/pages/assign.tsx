// Who looks after findings: oneself at once, or somebody by name.
import { useId, useState } from "react";
import { put } from "../api/client.ts";
import { changeFindings, useAssignees, useSession } from "../api/queries.ts";
import { Ask, Field, useSay } from "../parts/dialog.tsx";
import { many } from "../words/numbers.ts";
import { type Answer, inParts, tellRefused } from "./triage.tsx";

async function assign(ids: string[], assignee: string | null): Promise<Answer> {
  const answer = await inParts(ids, (part) => put<Answer>("/findings/assignee", { ids: part, assignee }));
  await changeFindings(
    new Set(answer.changed),
    (row) => ({ ...row, assignee }),
    (row, query) =>
      (query.assignee === undefined || [query.assignee].flat().some((one) => one === row.assignee)) &&
      (query.unassigned === undefined || row.assignee === null),
  );
  return answer;
}

/** Gives findings to oneself at once, or asks to whom; `done` is told afterwards. */
export function useAssign(done?: () => void) {
  const say = useSay();
  const session = useSession();
  const people = useAssignees().data?.items ?? [];
  const [asking, setAsking] = useState<string[]>();
  const list = useId();
  const tell = (answer: Answer, assignee: string | null) => {
    if (answer.changed.length > 0) {
      const whose = assignee === session?.user ? "yours" : assignee === null ? "nobody’s" : `${assignee}’s`;
      say(`${many(answer.changed.length, "finding")} now ${whose}.`);
    }
    tellRefused(answer, say);
    done?.();
  };
  const take = (ids: string[]) => {
    const own = session?.user;
    if (own === undefined) return;
    assign(ids, own).then(
      (answer) => tell(answer, own),
      (error) => say(error.message, "bad"),
    );
  };
  const dialog = asking && (
    <Ask
      title={`Assign ${many(asking.length, "finding")}`}
      effect={`Assign ${many(asking.length, "finding")}`}
      close={() => setAsking(undefined)}
      act={async (form) => {
        const name = String(form.get("assignee")).trim();
        const assignee = name === "" ? null : name;
        tell(await assign(asking, assignee), assignee);
      }}
    >
      <Field label="To" hint="The name of a user here; empty for nobody. It is written to the audit log.">
        {(id) => (
          <input
            id={id}
            name="assignee"
            className="input"
            list={list}
            maxLength={100}
            autoComplete="off"
            autoFocus
            defaultValue={session?.user ?? ""}
            onFocus={(event) => event.currentTarget.select()}
          />
        )}
      </Field>
      <datalist id={list}>
        {people.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </Ask>
  );
  return { take, ask: (ids: string[]) => setAsking(ids), dialog };
}

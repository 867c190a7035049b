import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useRef, useState } from "react";
import { Problem, post } from "../api/client.ts";
import { client, resource } from "../api/queries.ts";
import type { Comment, Page } from "../api/shapes.ts";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Failed, Ready, Time } from "../parts/words.tsx";
import { useKeys } from "../shell/keys.ts";
import { count } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

/** Most characters of a comment. */
const MOST = 4000;

/** What people said about a finding, in order, and a field to say something. */
export function Comments({ finding, may }: { finding: string; may: boolean }) {
  const path = `/findings/${encodeURIComponent(finding)}/comments`;
  const comments = useQuery(resource<Page<Comment>>(path, { limit: 500 }));
  return (
    <Panel title="Comments" end={comments.data && count(comments.data.items.length)}>
      <Ready of={comments} rows={2}>
        {(page) =>
          page.items.length === 0 ? (
            !may && <p className="pb small t3">Nobody said anything yet.</p>
          ) : (
            <ol className="pb comments">
              {page.items.map((comment) => (
                <li key={comment.sequence}>
                  <b>{visible(comment.who, 60)}</b>{" "}
                  <span className="t3">
                    <Time at={comment.time} ago />
                  </span>
                  <Lines text={comment.text} />
                </li>
              ))}
            </ol>
          )
        }
      </Ready>
      {may && <Say path={path} />}
    </Panel>
  );
}

/** Plain text, line by line; what would not be seen is named. */
function Lines({ text }: { text: string }) {
  return (
    <div className="said">
      {text.split(/\r?\n/).map((line, index) => (
        <p key={index}>
          <Hostile text={line} most={MOST} />
        </p>
      ))}
    </div>
  );
}

function Say({ path }: { path: string }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Problem>();
  const field = useRef<HTMLTextAreaElement>(null);
  useKeys({ c: () => field.current?.focus() });
  const send = async () => {
    if (busy || text.trim() === "") return;
    setBusy(true);
    setError(undefined);
    try {
      await post(path, { text: text.trim() });
      setText("");
      await client.invalidateQueries({ queryKey: [path] });
    } catch (cause) {
      setError(cause instanceof Problem ? cause : new Problem(0, "It did not work"));
    }
    setBusy(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape") field.current?.blur();
  };
  return (
    <div className="pb say">
      {error && <Failed error={error} />}
      <textarea
        ref={field}
        className="input"
        aria-label="Comment"
        placeholder="What others should know; plain text"
        maxLength={MOST}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="row">
        <span className="small t3 wide-only">
          <kbd>C</kbd> to write · <kbd>Ctrl ↵</kbd> to send
        </span>
        <span className="small t3 end">
          {text.length > MOST - 500 ? `${count(MOST - text.length)} left` : ""}
        </span>
        <button type="button" className="btn" disabled={busy || text.trim() === ""} onClick={send}>
          Comment
        </button>
      </div>
    </div>
  );
}

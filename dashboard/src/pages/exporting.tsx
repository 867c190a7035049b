// Saves what the inventory shows: rows under the filters as a table or as JSON, or what was learned of a host.
import { type SyntheticEvent, useRef, useState } from "react";
import { type Asked, address, get } from "../api/client.ts";
import type { LearnedDocument } from "../api/schema.ts";
import type { Endpoint, Page } from "../api/shapes.ts";
import { Icon } from "../parts/icons.tsx";
import { count } from "../words/numbers.ts";

/** Most rows of a table, as the server says, and of JSON, which is put together here. */
const MOST_LINES = 100_000;
const MOST_ITEMS = 10_000;
const PART = 500;

interface Props {
  /** What the server is asked for the same rows in the same order. */
  query: Asked<"/endpoints">;
  total: number | undefined;
  /** The hosts of these rows. */
  hosts: string[];
}

export function Exports({ query, total, hosts }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [told, setTold] = useState<string>();
  const close = () => menu.current?.removeAttribute("open");
  /** Closes the menu when what was asked for is there. */
  const run = (work: () => Promise<void>) => async () => {
    try {
      await work();
      setTold(undefined);
      close();
    } catch {
      setTold("The server did not give it: try again");
    }
  };
  const cut = (most: number) => (total !== undefined && total > most ? `, the first ${count(most)}` : "");
  const [host] = hosts;
  return (
    <details
      className="exports"
      ref={menu}
      onKeyDown={(event) => event.key === "Escape" && close()}
      onBlur={(event: SyntheticEvent & { relatedTarget: EventTarget | null }) => {
        if (event.relatedTarget && !menu.current?.contains(event.relatedTarget as Node)) close();
      }}
    >
      <summary className="btn">
        <Icon name="save" /> Export
      </summary>
      <div className="menu">
        <span className="label t3 small">These rows, in this order</span>
        <a href={address("/endpoints", { ...query, format: "csv" })} download onClick={close}>
          CSV{cut(MOST_LINES)}
        </a>
        <button type="button" onClick={run(() => saveJson(query, setTold))}>
          JSON{cut(MOST_ITEMS)}
        </button>
        <span className="label t3 small">What was learned of a host</span>
        <button
          type="button"
          disabled={hosts.length !== 1}
          title={hosts.length === 1 ? undefined : "Choose one host first: such a document is of one host"}
          onClick={run(() => saveOpenapi(host ?? ""))}
        >
          OpenAPI 3.1{hosts.length === 1 ? "" : " (choose one host)"}
        </button>
        {told && (
          <span className="label t2 small" role="status">
            {told}
          </span>
        )}
      </div>
    </details>
  );
}

async function saveJson(query: Asked<"/endpoints">, tell: (words: string) => void) {
  const items: Endpoint[] = [];
  let after: string | undefined;
  do {
    const page = await get<Page<Endpoint>>("/endpoints", { ...query, limit: PART, after });
    items.push(...page.items);
    after = page.next ?? undefined;
    if (after) tell(`${count(items.length)} read…`);
  } while (after && items.length < MOST_ITEMS);
  save(JSON.stringify(items, null, 2), "endpoints.json", "application/json");
}

async function saveOpenapi(host: string) {
  const answer = await get<LearnedDocument>("/endpoints/document", { format: "openapi", host });
  if (answer.text === null) throw new Error("nothing is known of it");
  save(answer.text, "openapi.json", answer.media_type);
}

function save(text: string, name: string, type: string) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

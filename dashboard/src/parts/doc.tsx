import type { ReactNode } from "react";
import type { ReferenceItem } from "../api/shapes.ts";
import { spaced } from "../words/names.ts";

/** What a check or a detector says of itself. It is our own text, and never holds any of traffic. */
export function About({ item }: { item: ReferenceItem }) {
  return (
    <>
      {(
        [
          ["What", item.what],
          ["Why", item.why],
          ["Fix", item.fix],
        ] as const
      ).map(([name, text]) => (
        <p className="prose" key={name}>
          <b>{name}.</b> {inline(text)}
        </p>
      ))}
      <Sources item={item} />
    </>
  );
}

/** Where it is written about, and what a check needs to judge; in brief without what stands beside every finding. */
export function Sources({ item, brief = false }: { item: ReferenceItem; brief?: boolean }) {
  const owasp = Array.isArray(item.owasp) ? item.owasp : item.owasp ? [item.owasp] : [];
  const lists: [string, string[]][] = [
    ["OWASP", brief ? [] : owasp],
    ["CWE", brief ? [] : item.cwe.map((one) => (typeof one === "number" ? `CWE-${one}` : one))],
    ["ATT&CK", item.attack],
    ["Needs", item.inputs.map(spaced)],
  ];
  return (
    <>
      <dl className="kv left about">
        {lists
          .filter(([, values]) => values.length > 0)
          .map(([name, values]) => (
            <div key={name} style={{ display: "contents" }}>
              <dt>{name}</dt>
              <dd>
                {values.join(", ")}
                {name === "Needs" && <span className="t3"> (without: not evaluated)</span>}
              </dd>
            </div>
          ))}
      </dl>
      {item.references.length > 0 && (
        <ul className="prose bullets">
          {item.references.map((one) => (
            <li key={one}>{inline(one)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** A sentence of ours: `code`, **bold**, *emphasis* and addresses. */
export function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|https:\/\/[^\s)]+)/).map((part, index) => {
    if (part.startsWith("`")) return <code key={index}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <b key={index}>{part.slice(2, -2)}</b>;
    if (/^\*[^*\s].*\*$/s.test(part)) return <em key={index}>{part.slice(1, -1)}</em>;
    if (part.startsWith("https://")) {
      return (
        <a key={index} className="link" href={part} rel="noreferrer" target="_blank">
          {part}
        </a>
      );
    }
    return part;
  });
}

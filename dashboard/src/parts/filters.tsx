import { useEffect, useRef, useState } from "react";
import { useKeys } from "../shell/keys.ts";
import { useAddress } from "../shell/search.ts";
import { replace } from "../words/address.ts";
import { spaced } from "../words/names.ts";
import { visible } from "../words/visible.ts";
import { Icon } from "./icons.tsx";

/** What can be filtered on a page: the name in the address, and what people call it. */
export type FilterNames = Record<string, string>;

/** The bar of filters: each set one is a chip that a click removes; the words are searched after a short while. */
export function FilterBar({ names, hint }: { names: FilterNames; hint: string }) {
  const { search, all, first, go, set } = useAddress();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(first("q") ?? "");
  const q = first("q") ?? "";
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => set("q", text), 180);
    return () => clearTimeout(timer);
  }, [text, q, set]);
  useKeys({ "/": () => input.current?.focus() });
  const chips = Object.keys(names).filter((name) => all(name).length > 0);
  return (
    <div className="query" onClick={() => input.current?.focus()}>
      <Icon name="filter" />
      {chips.map((name) => (
        <button
          key={name}
          type="button"
          className="chip"
          title="Remove this filter"
          onClick={(event) => {
            event.stopPropagation();
            go(replace(search, name, undefined));
          }}
        >
          <em>{names[name]}:</em>{" "}
          {all(name)
            .map((value) => visible(spaced(value), 40))
            .join(", ")}
          <Icon name="close" size={10} />
        </button>
      ))}
      <input
        ref={input}
        value={text}
        aria-label={`Filter: ${hint}`}
        placeholder={hint}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            if (text) setText("");
            else event.currentTarget.blur();
          }
          if (event.key === "Backspace" && text === "" && chips.length > 0) {
            go(replace(search, chips.at(-1) as string, undefined));
          }
        }}
      />
      <kbd className="wide-only">/</kbd>
    </div>
  );
}

/** One of several, as buttons that stick together; the first is what holds when the address says nothing. */
export function Segments(props: {
  label: string;
  name: string;
  options: [value: string, words: string][];
  now?: string;
}) {
  const { first, set } = useAddress();
  const now = props.now ?? first(props.name) ?? props.options[0]?.[0];
  return (
    <div className="seg" role="group" aria-label={props.label}>
      {props.options.map(([value, words], index) => (
        <button
          key={value}
          type="button"
          aria-pressed={now === value}
          onClick={() => set(props.name, index === 0 && props.now === undefined ? undefined : value)}
        >
          {words}
        </button>
      ))}
    </div>
  );
}

/** The range of time a page looks at. */
export const Range = () => (
  <Segments
    label="Range of time"
    name="range"
    options={[
      ["all", "All"],
      ["1h", "1 h"],
      ["24h", "24 h"],
      ["7d", "7 d"],
      ["30d", "30 d"],
    ]}
  />
);

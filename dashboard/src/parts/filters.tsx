import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useKeys } from "../shell/keys.ts";
import { useAddress } from "../shell/search.ts";
import { replace } from "../words/address.ts";
import { spaced } from "../words/names.ts";
import { short } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { Icon } from "./icons.tsx";

/** What can be filtered on a page: the name in the address, what people call it, and how its values are shown. */
export type FilterNames = Record<string, { short: string; show?: (value: string) => ReactNode }>;

/** A filter that typed words may mean. */
export interface Suggestion {
  name: string;
  value: string;
  words: ReactNode;
  end?: ReactNode;
  /** It takes the place of another value. */
  single?: boolean;
}

interface BarProps {
  names: FilterNames;
  hint: string;
  /** With these the words choose a filter; without, they are the filter `q`. */
  suggest?: { typed: (text: string) => void; found: Suggestion[] };
}

/** The bar of filters: each set one is a chip that a click removes; the words are searched after a short while. */
export function FilterBar({ names, hint, suggest }: BarProps) {
  const { search, all, go } = useAddress();
  const input = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => input.current?.focus() });
  const chips = Object.keys(names).filter((name) => all(name).length > 0);
  const drop = () => {
    const last = chips.at(-1);
    if (last) go(replace(search, last, undefined));
  };
  const Words = suggest ? Chooser : Text;
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
          <em>{names[name]?.short}:</em>
          <span className="cut">
            {all(name).map((value, index) => (
              <span key={value}>
                {index > 0 && ", "}
                {names[name]?.show?.(value) ?? visible(spaced(value), 40)}
              </span>
            ))}
          </span>
          <Icon name="close" size={10} />
        </button>
      ))}
      <Words hint={hint} input={input} drop={drop} suggest={suggest} />
      <kbd className="wide-only">/</kbd>
    </div>
  );
}

interface WordsProps {
  hint: string;
  input: React.RefObject<HTMLInputElement | null>;
  /** Takes the last filter away. */
  drop: () => void;
  suggest: BarProps["suggest"];
}

/** Words that are a filter themselves. */
function Text({ hint, input, drop }: WordsProps) {
  const { first, set } = useAddress();
  const q = first("q") ?? "";
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => set("q", text), 180);
    return () => clearTimeout(timer);
  }, [text, q, set]);
  return (
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
        if (event.key === "Backspace" && text === "") drop();
      }}
    />
  );
}

/** Words that choose a filter from those they may mean. */
function Chooser({ hint, input, drop, suggest }: WordsProps) {
  const { search, all, go } = useAddress();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const found = text.trim() === "" ? [] : (suggest?.found ?? []);
  const chosen = Math.min(at, found.length - 1);
  const type = (next: string) => {
    setText(next);
    setAt(0);
    suggest?.typed(next.trim());
  };
  const choose = (one: Suggestion | undefined) => {
    if (!one) return;
    const before = one.single ? [] : all(one.name);
    go(replace(search, one.name, [...new Set([...before, one.value])]));
    type("");
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setAt((chosen + step + found.length) % found.length);
    }
    if (event.key === "Enter") choose(found[chosen]);
    if (event.key === "Escape") {
      if (text) type("");
      else event.currentTarget.blur();
    }
    if (event.key === "Backspace" && text === "") drop();
  };
  return (
    <>
      <input
        ref={input}
        value={text}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-label={`Filter: ${hint}`}
        placeholder={hint}
        onChange={(event) => type(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => type("")}
      />
      <div className="suggested" id={id} role="listbox" aria-label="Filters" hidden={text.trim() === ""}>
        {found.map((one, index) => (
          <div
            key={one.name + one.value}
            role="option"
            id={`${id}-${index}`}
            aria-selected={index === chosen}
            onMouseMove={() => setAt(index)}
            // Before the input loses the focus, and with it the list.
            onMouseDown={(event) => {
              event.preventDefault();
              choose(one);
            }}
          >
            <span className="cut">{one.words}</span>
            {one.end !== undefined && <span className="end t3 nw">{one.end}</span>}
          </div>
        ))}
        {found.length === 0 && <p className="t3">Nothing here has that name.</p>}
      </div>
    </>
  );
}

/** One of several, as buttons that stick together; the first is what holds when the address says nothing. */
export function Segments(props: {
  label: string;
  name: string;
  options: [value: string, words: string][];
  now?: string | undefined;
  /** How many each would leave. */
  counts?: ((value: string) => number | undefined) | undefined;
  choose?: (value: string | undefined) => void;
}) {
  const { first, set } = useAddress();
  const now = props.now ?? first(props.name) ?? props.options[0]?.[0];
  const choose = props.choose ?? ((value) => set(props.name, value));
  return (
    <div className="seg" role="group" aria-label={props.label}>
      {props.options.map(([value, words], index) => {
        const size = props.counts?.(value);
        return (
          <button
            key={value}
            type="button"
            aria-pressed={now === value}
            onClick={() => choose(index === 0 && props.now === undefined ? undefined : value)}
          >
            {words}
            {size !== undefined && <span>{short(size)}</span>}
          </button>
        );
      })}
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

const LEAST: [string, string][] = [
  ["info", "Any"],
  ["low", "Low +"],
  ["medium", "Medium +"],
  ["high", "High +"],
  ["critical", "Critical"],
];

/** The least severity, with how many have it. */
export function Least({ counts }: { counts: ReadonlyMap<string, number> | undefined }) {
  const from = (value: string) => {
    if (!counts) return undefined;
    const worse = LEAST.slice(LEAST.findIndex(([one]) => one === value));
    return worse.reduce((sum, [one]) => sum + (counts.get(one) ?? 0), 0);
  };
  return <Segments label="Severity at least" name="severity" options={LEAST} counts={from} />;
}

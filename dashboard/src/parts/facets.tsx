// What a list can be narrowed by: values, with how many rows have them under the filters of the other facets.
import { type ReactNode, useState } from "react";
import type { Facets } from "../api/shapes.ts";
import { useAddress } from "../shell/search.ts";
import { spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { Loading } from "./words.tsx";

export interface Facet {
  name: string;
  title: string;
  short: string;
  words?: (value: string) => string;
  /** Only one value at a time. */
  single?: boolean;
}

/** For each facet its values, with how many rows have them. */
export type Tallies = Map<string, Map<string, number>>;

/** What the server counted; what has no value cannot be filtered by. */
export function tallies(answer: Facets | undefined): Tallies | undefined {
  if (!answer) return undefined;
  return new Map(
    Object.entries(answer.facets).map(([name, { values }]) => [
      name,
      new Map(values.filter(({ value }) => value !== "").map(({ value, count: size }) => [value, size])),
    ]),
  );
}

interface Props {
  facets: Facet[];
  /** Whether they are shown where there is little room. */
  open: boolean;
  now: Tallies | undefined;
  /** All values there are, where it is known, so that those without a row stay. */
  all?: Tallies | undefined;
  /** Facets that have more values than were told. */
  more?: ReadonlySet<string> | undefined;
  children?: ReactNode;
}

export function FacetColumn({ facets, open, now, all, more, children }: Props) {
  if (!now) {
    return (
      <div className="facets">
        <Loading rows={8} />
      </div>
    );
  }
  return (
    <div className={open ? "facets open" : "facets"}>
      {facets.map((facet) => (
        <FacetList
          key={facet.name}
          facet={facet}
          sizes={now.get(facet.name) ?? NONE}
          known={(all ?? now).get(facet.name) ?? NONE}
          more={more?.has(facet.name) ?? false}
        />
      ))}
      {children}
    </div>
  );
}

const NONE: ReadonlyMap<string, number> = new Map();
const MOST = 6;

interface ListProps {
  facet: Facet;
  sizes: ReadonlyMap<string, number>;
  known: ReadonlyMap<string, number>;
  more: boolean;
}

function FacetList({ facet, sizes, known, more }: ListProps) {
  const { all: chosen, toggle, set } = useAddress();
  const [whole, setWhole] = useState(false);
  const on = chosen(facet.name);
  const values = [...new Set([...known.keys(), ...on])].sort(
    (a, b) => (known.get(b) ?? 0) - (known.get(a) ?? 0) || (a < b ? -1 : 1),
  );
  if (values.length < 2 && on.length === 0) return null;
  const shown = whole ? values : values.filter((one, index) => index < MOST || on.includes(one));
  return (
    <section>
      <h3>{facet.title}</h3>
      {shown.map((one) => {
        const words = visible(facet.words ? facet.words(one) : spaced(one), 80);
        return (
          <label key={one} className={on.includes(one) ? "facet on" : "facet"} title={words}>
            <input
              type="checkbox"
              className="cb"
              checked={on.includes(one)}
              onChange={() =>
                facet.single && !on.includes(one) ? set(facet.name, one) : toggle(facet.name, one)
              }
            />
            <span className="cut">{words}</span>
            <span className="n">{count(sizes.get(one) ?? 0)}</span>
          </label>
        );
      })}
      {values.length > shown.length && (
        <button type="button" className="link more" onClick={() => setWhole(true)}>
          {many(values.length - shown.length, "more", "more")}
        </button>
      )}
      {more && values.length === shown.length && (
        <p className="more t3">the most frequent; there are others</p>
      )}
    </section>
  );
}

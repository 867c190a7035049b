import { useState } from "react";
import { Loading } from "../parts/words.tsx";
import { useAddress } from "../shell/search.ts";
import type { Narrowed } from "../words/inventory.ts";
import { authName, protocolName, spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

interface Facet {
  name: string;
  title: string;
  short: string;
  words?: (value: string) => string;
}

/** What the inventory can be narrowed by, in this order. */
export const FACETS: Facet[] = [
  {
    name: "inventory_state",
    title: "State",
    short: "state",
    words: (value) => (value === "unspecified" ? "no spec" : spaced(value)),
  },
  {
    name: "confirmed",
    title: "Confirmed",
    short: "confirmed",
    words: (value) => (value === "true" ? "confirmed" : "provisional"),
  },
  { name: "access", title: "Access", short: "access" },
  { name: "auth", title: "Authentication", short: "auth", words: authName },
  { name: "data_class", title: "Data class", short: "data" },
  { name: "service", title: "Service", short: "service", words: (value) => value || "none" },
  { name: "protocol", title: "Protocol", short: "protocol", words: protocolName },
  { name: "host", title: "Host", short: "host" },
];

const MOST = 6;

/** Values with how many endpoints have them under the filters of the other facets. */
export function FacetColumn({ all, now, open }: { all: Narrowed | undefined; now: Narrowed; open: boolean }) {
  if (!all) {
    return (
      <div className="facets">
        <Loading rows={8} />
      </div>
    );
  }
  return (
    <div className={open ? "facets open" : "facets"}>
      {FACETS.map((facet) => (
        <FacetList key={facet.name} facet={facet} all={all} now={now} />
      ))}
      <RiskFacet now={now} />
    </div>
  );
}

function FacetList({ facet, all, now }: { facet: Facet; all: Narrowed; now: Narrowed }) {
  const { all: chosen, toggle } = useAddress();
  const [whole, setWhole] = useState(false);
  const values = [...(all.counts.get(facet.name) ?? [])]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([value]) => ({ value }));
  if (values.length < 2) return null;
  const counts = now.counts.get(facet.name) ?? new Map<string, number>();
  const on = chosen(facet.name);
  const shown = whole ? values : values.filter((one, index) => index < MOST || on.includes(one.value));
  return (
    <section>
      <h3>{facet.title}</h3>
      {shown.map((one) => (
        <label key={one.value} className={on.includes(one.value) ? "facet on" : "facet"}>
          <input
            type="checkbox"
            className="cb"
            checked={on.includes(one.value)}
            onChange={() => toggle(facet.name, one.value)}
          />
          <span className="cut">{visible(facet.words ? facet.words(one.value) : spaced(one.value), 60)}</span>
          <span className="n">{count(counts.get(one.value) ?? 0)}</span>
        </label>
      ))}
      {values.length > shown.length && (
        <button type="button" className="link more" onClick={() => setWhole(true)}>
          {many(values.length - shown.length, "more", "more")}
        </button>
      )}
    </section>
  );
}

/** How risky they are, in steps of twenty; one step and all above it can be chosen. */
function RiskFacet({ now }: { now: Narrowed }) {
  const { first, set } = useAddress();
  const from = Number(first("min_risk") ?? 0);
  const steps = now.risk;
  const most = Math.max(1, ...steps);
  return (
    <section>
      <h3>Risk</h3>
      <div className="histo">
        {steps.map((size, step) => (
          <button
            key={step}
            type="button"
            className={from > 0 && step * 20 >= from ? "in" : ""}
            title={`${step * 20} – ${step === 4 ? 100 : step * 20 + 19}: ${many(size, "endpoint")}`}
            aria-label={`Risk from ${step * 20}: ${many(size, "endpoint")} in this step`}
            aria-pressed={from === step * 20}
            onClick={() => set("min_risk", step === 0 || from === step * 20 ? undefined : String(step * 20))}
          >
            {/* The root, so that a few risky ones are still seen beside thousands of others. */}
            <i style={{ height: `${size === 0 ? 0 : Math.max(6, Math.sqrt(size / most) * 100)}%` }} />
          </button>
        ))}
      </div>
      <div className="row">
        <span>0</span>
        <span>{from > 0 ? `${from} – 100` : "100"}</span>
      </div>
    </section>
  );
}

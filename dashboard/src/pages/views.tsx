import { useMemo, useState } from "react";
import type { EndpointRow } from "../api/rows.ts";
import { Ask, Field } from "../parts/dialog.tsx";
import { useAddress } from "../shell/search.ts";
import { type Search, stringify } from "../words/address.ts";
import { narrow } from "../words/inventory.ts";
import { count } from "../words/numbers.ts";

interface View {
  name: string;
  search: Search;
}

const GIVEN: View[] = [
  { name: "All", search: {} },
  { name: "No auth seen", search: { auth: "none_seen" } },
  { name: "Undocumented", search: { inventory_state: ["shadow", "zombie", "orphan"] } },
  { name: "Provisional", search: { confirmed: "false" } },
  { name: "Risk 60 and above", search: { min_risk: "60" } },
];
const KEY = "bartizan.views.inventory";

function read(): View[] {
  try {
    const views: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(views)
      ? views
          .filter((view) => typeof view?.name === "string" && typeof view?.search === "object")
          .slice(0, 20)
      : [];
  } catch {
    return [];
  }
}

/** Whether two addresses filter alike, whatever their order and grouping. */
const same = (a: Search, b: Search) => {
  const filters = ({ sort: _, group: __, period: ___, compare: ____, ...rest }: Search) =>
    stringify(Object.fromEntries(Object.entries(rest).sort(([x], [y]) => (x < y ? -1 : 1))));
  return filters(a) === filters(b);
};

/**
 * Views are addresses with a name; those of one's own stay in this browser. Without the rows, which are too many to be
 * read, nothing is counted, and there is no view by authentication.
 */
export function Views({ rows }: { rows: EndpointRow[] | undefined }) {
  const { search, go } = useAddress();
  const [own, setOwn] = useState(read);
  const [asking, setAsking] = useState(false);
  const keep = (views: View[]) => {
    setOwn(views);
    try {
      localStorage.setItem(KEY, JSON.stringify(views));
    } catch {
      // Storage may be closed to us; the view then lasts as long as the page.
    }
  };
  const given = rows ? GIVEN : GIVEN.filter((view) => view.search.auth === undefined);
  const known = [...given, ...own].some((view) => same(view.search, search));
  const sizes = useMemo(
    () => new Map([...GIVEN, ...own].map((view) => [view, narrow(rows ?? [], view.search).rows.length])),
    [rows, own],
  );
  const mine = own.find((view) => same(view.search, search));
  return (
    <nav className="views" aria-label="Views">
      {[...given, ...own].map((view) => (
        <button
          key={view.name + stringify(view.search)}
          type="button"
          className="view"
          aria-current={same(view.search, search)}
          onClick={() => go(view.search, true)}
        >
          {view.name}
          {rows && rows.length > 0 && <span>{count(sizes.get(view) ?? 0)}</span>}
        </button>
      ))}
      {!known && (
        <button type="button" className="view" onClick={() => setAsking(true)}>
          + Save view
        </button>
      )}
      {mine && (
        <button type="button" className="view" onClick={() => keep(own.filter((view) => view !== mine))}>
          Forget view
        </button>
      )}
      {asking && (
        <Ask
          title="Save this view"
          effect="Save view"
          close={() => setAsking(false)}
          act={async (form) => keep([...own, { name: String(form.get("name")).slice(0, 40), search }])}
        >
          <Field
            label="Name"
            hint="It is kept in this browser. The address itself can be shared with others."
          >
            {(id) => <input id={id} name="name" className="input" required maxLength={40} />}
          </Field>
        </Ask>
      )}
    </nav>
  );
}

import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useInventory } from "../api/queries.ts";
import type { EndpointRow } from "../api/shapes.ts";
import { DataClass } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty, Loading } from "../parts/words.tsx";
import { isSensitive } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";

interface Row {
  class: string;
  endpoints: number;
  request: number;
  response: number;
}

/** Each class, with the endpoints that carry it in requests and in answers. */
function tally(rows: EndpointRow[]): Row[] {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const seen = new Set<string>();
    for (const { class: name, direction } of row.data_classes) {
      const one = found.get(name) ?? { class: name, endpoints: 0, request: 0, response: 0 };
      found.set(name, one);
      if (!seen.has(name)) one.endpoints += 1;
      if (!seen.has(name + direction)) one[direction] += 1;
      seen.add(name).add(name + direction);
    }
  }
  return [...found.values()].sort(
    (a, b) => Number(isSensitive(b.class)) - Number(isSensitive(a.class)) || b.endpoints - a.endpoints,
  );
}

/** Classes and in how many endpoints they go in and come out. */
export function DataMap() {
  const list = useInventory();
  const rows = useMemo(() => tally(list.items ?? []), [list.items]);
  const sorted = rows.slice(0, 12);
  const most = Math.max(1, ...sorted.map((one) => one.endpoints));
  const cell = (value: number) => (
    <td className="cell">
      <span
        className={value === 0 ? "none" : ""}
        style={
          value === 0
            ? undefined
            : ({ "--a": 8 + Math.round(Math.sqrt(value / most) * 34) } as React.CSSProperties)
        }
      >
        {value === 0 ? "–" : count(value)}
      </span>
    </td>
  );
  return (
    <Panel
      title="Data map"
      sub="endpoints that carry it"
      end={list.complete ? many(rows.length, "class", "classes") : "reading…"}
    >
      {list.items === undefined ? (
        <Loading rows={8} />
      ) : sorted.length === 0 ? (
        <Empty title="No sensitive data was seen" />
      ) : (
        <table className="map">
          <thead>
            <tr>
              <th>Class</th>
              <th className="num">Endpoints</th>
              <th className="num">In requests</th>
              <th className="num">In answers</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((one) => (
              <tr key={one.class}>
                <td>
                  <Link to="/inventory" search={{ data_class: one.class }}>
                    <DataClass name={one.class} />
                  </Link>
                </td>
                {cell(one.endpoints)}
                {cell(one.request)}
                {cell(one.response)}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

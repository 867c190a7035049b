import { Link } from "@tanstack/react-router";
import type { Overview } from "../api/shapes.ts";
import { DataClass } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { isSensitive } from "../words/names.ts";
import { count } from "../words/numbers.ts";

/** Classes and in how many endpoints they go in and come out. */
export function DataMap({ overview }: { overview: Overview }) {
  const sorted = overview.data
    .toSorted(
      (a, b) => Number(isSensitive(b.class)) - Number(isSensitive(a.class)) || b.endpoints - a.endpoints,
    )
    .slice(0, 12);
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
    <Panel title="Data map" sub="endpoints that carry it" end={`${count(overview.data.length)} classes`}>
      {sorted.length === 0 ? (
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

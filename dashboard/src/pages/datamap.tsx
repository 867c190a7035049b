import { Link } from "@tanstack/react-router";
import type { DataClassEndpoints } from "../api/figures.ts";
import { DataClass } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { isSensitive } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";

const SHOWN = 12;

/** Classes, and in how many endpoints they go in and come out; the harmful ones first. */
export function DataMap({ classes }: { classes: DataClassEndpoints[] }) {
  const sorted = classes.toSorted(
    (a, b) => Number(isSensitive(b.class)) - Number(isSensitive(a.class)) || b.endpoints - a.endpoints,
  );
  const shown = sorted.slice(0, SHOWN);
  const most = Math.max(1, ...shown.map((one) => one.endpoints));
  return (
    <Panel title="Data map" sub="endpoints that carry it" end={many(classes.length, "class", "classes")}>
      {shown.length === 0 ? (
        <Empty title="No sensitive data was seen">
          Classes are found by what values look like, in requests and in answers.
        </Empty>
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
            {shown.map((one) => (
              <tr key={one.class}>
                <td>
                  <Link to="/inventory" search={{ data_class: one.class }}>
                    <DataClass name={one.class} />
                  </Link>
                </td>
                <Cell value={one.endpoints} most={most} />
                <Cell value={one.in_request} most={most} />
                <Cell value={one.in_response} most={most} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {sorted.length > shown.length && (
        <div className="tf">
          <span>{sorted.length - shown.length} more, among the filters of the</span>
          <Link to="/inventory" className="link">
            inventory
          </Link>
        </div>
      )}
    </Panel>
  );
}

function Cell({ value, most }: { value: number; most: number }) {
  const depth = 8 + Math.round(Math.sqrt(value / most) * 34);
  return (
    <td className="cell">
      {value === 0 ? (
        <span className="none">–</span>
      ) : (
        <span style={{ "--a": depth } as React.CSSProperties}>{count(value)}</span>
      )}
    </td>
  );
}

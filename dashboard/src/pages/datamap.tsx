import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import type { DataClassEndpoints } from "../api/figures.ts";
import { DataClass } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { isSensitive } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";

const SHOWN = 12;

const ACCESS: [access: string, title: string][] = [
  ["public", "Public"],
  ["partner", "Partner"],
  ["private", "Private"],
  ["third_party", "Third party"],
  ["unknown", "Not told"],
];

/** Classes, who can reach the endpoints that carry them, and which way they go; the harmful ones first. */
export function DataMap({ classes }: { classes: DataClassEndpoints[] }) {
  const sorted = classes.toSorted(
    (a, b) => Number(isSensitive(b.class)) - Number(isSensitive(a.class)) || b.endpoints - a.endpoints,
  );
  const shown = sorted.slice(0, SHOWN);
  const most = Math.max(1, ...shown.map((one) => one.endpoints));
  const reach = ACCESS.filter(([access]) => classes.some((one) => one.access[access]));
  return (
    <Panel
      title="Data map"
      sub="endpoints that carry it, by who can reach them"
      end={many(classes.length, "class", "classes")}
    >
      {shown.length === 0 ? (
        <Empty title="No sensitive data was seen">
          Classes are found by what values look like, in requests and in answers.
        </Empty>
      ) : (
        <table className="map">
          <thead>
            <tr>
              <th>Class</th>
              {reach.map(([access, title]) => (
                <th key={access} className="num">
                  {title}
                </th>
              ))}
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
                {reach.map(([access]) => (
                  <Cell
                    key={access}
                    value={one.access[access] ?? 0}
                    most={most}
                    search={{ data_class: one.class, access }}
                  />
                ))}
                <Plain value={one.in_request} />
                <Plain value={one.in_response} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {sorted.length > shown.length && (
        <div className="tf">
          <Link to="/inventory" className="link">
            {many(sorted.length - shown.length, "more class", "more classes")} in the inventory
          </Link>
        </div>
      )}
    </Panel>
  );
}

/** The more endpoints, the deeper the ground. */
function Cell({ value, most, search }: { value: number; most: number; search: Record<string, string> }) {
  const depth = 8 + Math.round(Math.sqrt(value / most) * 34);
  return (
    <td className="cell">
      {value === 0 ? (
        <span className="none">–</span>
      ) : (
        <Link to="/inventory" search={search} style={{ "--a": depth } as CSSProperties}>
          {count(value)}
        </Link>
      )}
    </td>
  );
}

const Plain = ({ value }: { value: number }) => (
  <td className="num t2">{value === 0 ? <span className="t3">–</span> : count(value)}</td>
);

import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import type { DataClassEndpoints } from "../api/figures.ts";
import { resource } from "../api/queries.ts";
import type { Facets } from "../api/shapes.ts";
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

/** Who can reach endpoints that carry a class, and how many; undefined where the server did not say. */
interface Reach {
  access: string;
  title: string;
  of: (name: string) => number | undefined;
}

/** One for each access that endpoints with data have. */
function useReach(): Reach[] {
  const answers = useQueries({
    queries: ACCESS.map(([access]) => ({
      ...resource<Facets>("/endpoints/facets", { access }),
      staleTime: 60_000,
    })),
  });
  return ACCESS.flatMap(([access, title], index) => {
    const classes = answers[index]?.data?.facets.data_class;
    if (!classes || classes.values.length === 0) return [];
    const sizes = new Map(classes.values.map(({ value, count: size }) => [value, size]));
    return [{ access, title, of: (name) => sizes.get(name) ?? (classes.more ? undefined : 0) }];
  });
}

/** Classes, who can reach the endpoints that carry them, and which way they go; the harmful ones first. */
export function DataMap({ classes }: { classes: DataClassEndpoints[] }) {
  const reach = useReach();
  const sorted = classes.toSorted(
    (a, b) => Number(isSensitive(b.class)) - Number(isSensitive(a.class)) || b.endpoints - a.endpoints,
  );
  const shown = sorted.slice(0, SHOWN);
  const most = Math.max(1, ...shown.map((one) => one.endpoints));
  return (
    <Panel
      title="Data map"
      sub={reach.length > 0 ? "endpoints that carry it, by who can reach them" : "endpoints that carry it"}
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
              {reach.length === 0 && <th className="num">Endpoints</th>}
              {reach.map(({ access, title }) => (
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
                {reach.length === 0 && <Cell value={one.endpoints} most={most} />}
                {reach.map(({ access, of }) => (
                  <Cell
                    key={access}
                    value={of(one.class)}
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

/** The more endpoints, the deeper the ground; what was not counted is hatched. */
function Cell(props: { value: number | undefined; most: number; search?: Record<string, string> }) {
  const { value, most, search } = props;
  if (value === undefined) {
    return (
      <td className="cell">
        <span className="hatch" title="Not counted: only the most frequent classes are" />
      </td>
    );
  }
  if (value === 0) {
    return (
      <td className="cell">
        <span className="none">–</span>
      </td>
    );
  }
  const depth = 8 + Math.round(Math.sqrt(value / most) * 34);
  const ground = { "--a": depth } as CSSProperties;
  return (
    <td className="cell">
      {search ? (
        <Link to="/inventory" search={search} style={ground}>
          {count(value)}
        </Link>
      ) : (
        <span style={ground}>{count(value)}</span>
      )}
    </td>
  );
}

const Plain = ({ value }: { value: number }) => (
  <td className="num t2">{value === 0 ? <span className="t3">–</span> : count(value)}</td>
);

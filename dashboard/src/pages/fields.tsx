import { type CSSProperties, Fragment, useMemo, useState } from "react";
import type { Endpoint, Parameter } from "../api/shapes.ts";
import { DataClass, Hostile } from "../parts/marks.tsx";
import { Empty } from "../parts/words.tsx";
import { count, many, share } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

const MOST = 40;

/** `body:/card/number` is at depth 1 of the body; what is in the head is at none. */
function depth(location: string): number {
  const path = /^[a-z]+:(\/.*)$/.exec(location)?.[1];
  return path
    ? Math.min(6, Math.max(0, path.split("/").filter((part) => part !== "*" && part !== "").length - 1))
    : 0;
}

/** The last part of a location, with `[]` where it is of every item. */
function label(parameter: Parameter): string {
  const path = /^[a-z]+:(\/.*)$/.exec(parameter.location)?.[1];
  if (!path) return parameter.location;
  const parts = path.split("/").filter((part) => part !== "");
  const named = parts.findLast((part) => part !== "*") ?? "body";
  return parts.at(-1) === "*" ? `${named}[]` : named;
}

/**
 * How many of those that could have it had it: of the parent's occurrences, or at the top of the most frequent one
 * there. `undefined` for the items of an array, of which there may be any number.
 */
function bases(parameters: Parameter[]): (one: Parameter) => number | undefined {
  const key = (direction: string, location: string) => `${direction} ${location}`;
  const seen = new Map(parameters.map((one) => [key(one.direction, one.location), one.seen]));
  const part = (one: Parameter) => `${one.direction} ${one.location.split(":/")[0]?.split(".")[0]}`;
  const most = new Map<string, number>();
  for (const one of parameters) {
    if (depth(one.location) === 0 && !one.location.endsWith("/*")) {
      most.set(part(one), Math.max(most.get(part(one)) ?? 0, one.seen));
    }
  }
  return (one) => {
    if (one.location.endsWith("/*")) return undefined;
    const parent = one.location.slice(0, one.location.lastIndexOf("/"));
    return seen.get(key(one.direction, parent)) ?? most.get(part(one)) ?? one.seen;
  };
}

/** Parameters of the request and fields of the answer as a tree, each with how often it was there. */
export function FieldTree({ endpoint }: { endpoint: Endpoint }) {
  const [whole, setWhole] = useState(false);
  const classes = useMemo(() => {
    const map = new Map<string, string[]>();
    for (const one of endpoint.data_classes) {
      const key = `${one.direction} ${one.location}`;
      map.set(key, [...(map.get(key) ?? []), one.class]);
    }
    return map;
  }, [endpoint]);
  const base = useMemo(() => bases(endpoint.parameters), [endpoint]);
  const head = (one: Parameter) => !one.location.includes(":/");
  const sections: [string, string, Parameter[]][] = [
    ["Request", "head", endpoint.parameters.filter((one) => one.direction === "request" && head(one))],
    ["Request", "body", endpoint.parameters.filter((one) => one.direction === "request" && !head(one))],
    ["Response", "", endpoint.parameters.filter((one) => one.direction === "response")],
  ];
  const total = endpoint.parameters.length;
  if (total === 0)
    return (
      <Empty title="No parameter and no field">
        Neither requests nor answers carried one that could be read.
      </Empty>
    );
  let left = whole ? Number.POSITIVE_INFINITY : MOST;
  return (
    <>
      <div className="scroll">
        <table className="tree">
          <thead>
            <tr>
              <th>Name</th>
              <th>Type</th>
              <th className="wide-only">Shape</th>
              <th>Data class</th>
              <th className="num">Present</th>
            </tr>
          </thead>
          <tbody>
            {sections.map(([title, part, list]) => {
              const shown = list.slice(0, Math.max(0, left));
              left -= shown.length;
              if (shown.length === 0) return null;
              return (
                <Fragment key={title + part}>
                  <tr className="sect">
                    <td colSpan={5}>
                      {title} <b>{part}</b>
                    </td>
                  </tr>
                  {shown.map((one) => (
                    <tr key={one.direction + one.location + one.type}>
                      <td style={{ paddingLeft: 34 + depth(one.location) * 18 }}>
                        <Hostile text={label(one)} most={80} />
                      </td>
                      <td className="ty">
                        {visible(one.format ? `${one.type}, ${one.format}` : one.type, 60)}
                      </td>
                      <td className="ex wide-only">
                        {one.examples_redacted.length > 0 ? (
                          <Hostile text={one.examples_redacted.slice(0, 3).join(" · ")} most={80} />
                        ) : (
                          ""
                        )}
                      </td>
                      <td>
                        <span className="dcs">
                          {(classes.get(`${one.direction} ${one.location}`) ?? []).map((name) => (
                            <DataClass key={name} name={name} />
                          ))}
                        </span>
                      </td>
                      <td className="num">
                        <Present seen={one.seen} of={base(one)} />
                      </td>
                    </tr>
                  ))}
                </Fragment>
              );
            })}
          </tbody>
        </table>
      </div>
      {total > MOST && !whole && (
        <div className="tf">
          <button type="button" className="link" onClick={() => setWhole(true)}>
            {many(total - MOST, "more", "more")}
          </button>
        </div>
      )}
    </>
  );
}

function Present({ seen, of }: { seen: number; of: number | undefined }) {
  if (of === undefined) return <span className="t3">{many(seen, "item")}</span>;
  return (
    <span className="cov" title={`${count(seen)} of ${count(of)}`}>
      <i style={{ "--p": `${Math.min(100, (seen / Math.max(1, of)) * 100)}%` } as CSSProperties} />
      <span className="nw">{share(Math.min(seen, of), of)}</span>
    </span>
  );
}

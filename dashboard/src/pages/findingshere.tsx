import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { select } from "../api/client.ts";
import type { Endpoint, Finding } from "../api/shapes.ts";
import { Hostile, Sev } from "../parts/marks.tsx";
import { Empty, Time } from "../parts/words.tsx";
import { SEVERITIES, spaced } from "../words/names.ts";
import { many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

const MEMBERS = [
  "id",
  "code",
  "title",
  "severity",
  "state",
  "owasp",
  "last_seen",
  "endpoint_id",
  "endpoint_ids",
  "endpoints",
] as const satisfies readonly (keyof Finding)[];

export type FindingHere = Pick<Finding, (typeof MEMBERS)[number]>;

/** The gravest of these. */
const of = (filter: { endpoint: string } | { host: string }) =>
  queryOptions({
    queryKey: ["/findings", "here", filter],
    queryFn: ({ signal }) =>
      select<Finding, (typeof MEMBERS)[number]>(
        "/findings",
        MEMBERS,
        { ...filter, sort: "-severity", limit: 200 },
        signal,
      ),
  });

/** Findings of an endpoint, and those of its whole host that show in it: its risk counts both. The worst come first. */
export function useFindingsHere({ id, host }: Pick<Endpoint, "id" | "host">) {
  const own = useQuery(of({ endpoint: id }));
  const wide = useQuery(of({ host }));
  const data = useMemo(() => {
    if (!own.data || (!wide.data && !wide.error)) return undefined;
    const here = wide.data?.items.filter((one) => one.endpoint_id === null && one.endpoint_ids.includes(id));
    const grave = (one: FindingHere) => SEVERITIES.indexOf(one.severity);
    return [...own.data.items, ...(here ?? [])].sort((a, b) => grave(a) - grave(b));
  }, [own.data, wide.data, wide.error, id]);
  return { ...own, data, isPending: data === undefined };
}

export function FindingsHere({ findings }: { findings: FindingHere[] }) {
  if (findings.length === 0) {
    return (
      <Empty title="No finding here">
        Checks that had their inputs passed; those without are not counted as passed.
      </Empty>
    );
  }
  return (
    <table className="fold">
      <thead>
        <tr>
          <th>Severity</th>
          <th>Finding</th>
          <th>Check</th>
          <th>OWASP</th>
          <th>State</th>
          <th className="num">Seen</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((finding) => (
          <tr key={finding.id} className="tall">
            <td>
              <Sev severity={finding.severity} />
            </td>
            <td className="f-first">
              <Link to="/findings/$id" params={{ id: finding.id }} className="main-cell">
                <Hostile text={finding.title} />
              </Link>
              {finding.endpoint_id === null && (
                <span className="sub">of the whole host: {many(finding.endpoints, "endpoint")} show it</span>
              )}
            </td>
            <td className="mono t2 f-hide">{visible(finding.code, 20)}</td>
            <td className="mono t3 f-hide">{visible(finding.owasp[0] ?? "–", 20)}</td>
            <td>{spaced(finding.state)}</td>
            <td className="num t3 f-hide">
              <Time at={finding.last_seen} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CheckTally } from "../api/figures.ts";
import { resource, useChecks, useDetectors } from "../api/queries.ts";
import type { Facets, ReferenceItem, Severity } from "../api/shapes.ts";
import { tallies } from "../parts/facets.tsx";
import { Sev, Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Loading } from "../parts/words.tsx";
import { ACTIVE, SEVERITIES } from "../words/names.ts";
import { count, short } from "../words/numbers.ts";

const OWASP = [
  "Object authorization",
  "Authentication",
  "Property authorization",
  "Resource consumption",
  "Function authorization",
  "Sensitive flows",
  "Server-side request forgery",
  "Misconfiguration",
  "Inventory",
  "Unsafe consumption",
];

const risks = (item: ReferenceItem) =>
  Array.isArray(item.owasp) ? item.owasp : item.owasp ? [item.owasp] : [];

/** Findings to do of each check and severity. */
function useTally() {
  const answers = useQueries({
    queries: SEVERITIES.map((severity) => ({
      ...resource<Facets>("/findings/facets", { state: [...ACTIVE], severity }),
      staleTime: 60_000,
    })),
  });
  const sizes = answers.map(({ data }) => data && tallies(data)?.get("code"));
  return {
    there: answers.every(({ data }) => data !== undefined),
    failed: answers.some(({ error }) => error !== null),
    /** Whether there are checks beyond the most frequent ones. */
    more: answers.some(({ data }) => data?.facets.code?.more),
    of: (codes: Set<string>) =>
      SEVERITIES.map((severity, index) => ({
        severity,
        size: [...codes].reduce((sum, code) => sum + (sizes[index]?.get(code) ?? 0), 0),
      })),
  };
}

/** Findings to do by the risks of OWASP; what nothing looks for, or could not yet, is hatched, not zero. */
export function ByRisk({ tallies: checked }: { tallies: CheckTally[] }) {
  const tally = useTally();
  const checks = useChecks().data?.items;
  const watched = new Set(useDetectors().data?.items.flatMap(risks));
  const rows = OWASP.map((name, index) => {
    const code = `API${index + 1}`;
    const codes = new Set(
      checks?.filter((check) => risks(check).includes(`${code}:2023`)).map((check) => check.code),
    );
    const here = tally.of(codes);
    const looked = checked.some((one) => codes.has(one.code) && one.failed + one.passed > 0);
    return { code, name, codes, here, looked, total: here.reduce((sum, { size }) => sum + size, 0) };
  });
  const most = Math.max(1, ...rows.map((row) => row.total));
  return (
    <Panel
      title="Findings to do by OWASP API risk"
      end={
        <span className="legend wide-only">
          {(["critical", "high", "medium", "low"] as Severity[]).map((severity) => (
            <Sev key={severity} severity={severity} />
          ))}
        </span>
      }
    >
      {tally.failed ? (
        <p className="pb small t3">The findings could not be counted.</p>
      ) : !tally.there || checks === undefined ? (
        <Loading rows={10} />
      ) : (
        <ul className="owasp">
          {rows.map(({ code, name, codes, here, looked, total }) => (
            <li key={code}>
              <span className="mono t3">{code}</span>
              <span className="cut">
                {total > 0 ? (
                  <Link to="/findings" search={{ code: [...codes] }}>
                    {name}
                  </Link>
                ) : (
                  name
                )}
              </span>
              {total > 0 ? (
                <span className="meter">
                  {here
                    .filter(({ size }) => size > 0)
                    .map(({ severity, size }) => (
                      <i
                        key={severity}
                        className={`s-${severity} toned`}
                        style={{ width: `${(size / most) * 100}%` }}
                        title={`${count(size)} ${severity}`}
                      />
                    ))}
                </span>
              ) : looked ? (
                <span className="t3 num">none found</span>
              ) : (
                <span className="num">
                  {watched.has(`${code}:2023`) ? (
                    <span className="t3">watched, not checked</span>
                  ) : (
                    <Sign certainty="unevaluated">not evaluated</Sign>
                  )}
                </span>
              )}
              <b className="num">{total > 0 ? short(total) : "–"}</b>
            </li>
          ))}
        </ul>
      )}
      {tally.more && <p className="pb small t3">Of the fifty most frequent checks; there are others.</p>}
    </Panel>
  );
}

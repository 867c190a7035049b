import { useChecks, useDetectors, useFindings } from "../api/queries.ts";
import type { ReferenceItem, Severity } from "../api/shapes.ts";
import { Sev, Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Loading } from "../parts/words.tsx";
import { SEVERITIES } from "../words/names.ts";

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

/** Findings to do by the risks of OWASP; what nothing looks for is hatched, not zero. */
export function ByRisk() {
  const findings = useFindings();
  const looked = new Set(useChecks().data?.items.flatMap(risks));
  const watched = new Set(useDetectors().data?.items.flatMap(risks));
  const todo = findings.items?.filter((finding) => finding.state === "open" || finding.state === "confirmed");
  const rows = OWASP.map((name, index) => {
    const code = `API${index + 1}`;
    return { code, name, here: (todo ?? []).filter((finding) => finding.owasp.includes(`${code}:2023`)) };
  });
  const most = Math.max(1, ...rows.map((row) => row.here.length));
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
      {todo === undefined ? (
        <Loading rows={10} />
      ) : (
        <ul className="owasp">
          {rows.map(({ code, name, here }) => (
            <li key={code}>
              <span className="mono t3">{code}</span>
              <span className="cut">{name}</span>
              {here.length > 0 ? (
                <span className="meter">
                  {SEVERITIES.map((severity) => {
                    const size = here.filter((finding) => finding.severity === severity).length;
                    return (
                      size > 0 && (
                        <i
                          key={severity}
                          className={`s-${severity} toned`}
                          style={{ width: `${(size / most) * 100}%` }}
                          title={`${size} ${severity}`}
                        />
                      )
                    );
                  })}
                </span>
              ) : looked.size === 0 || looked.has(`${code}:2023`) ? (
                <span className="t3 num">none found</span>
              ) : (
                <span className="num">
                  {watched.has(`${code}:2023`) ? (
                    <span className="t3">watched for, not checked</span>
                  ) : (
                    <Sign certainty="unevaluated">not evaluated</Sign>
                  )}
                </span>
              )}
              <b className="num">{here.length > 0 ? here.length : "–"}</b>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

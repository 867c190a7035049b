// What a specification says of an endpoint beside what was seen of it.
import type { Drift, DriftGrade, Endpoint } from "../api/shapes.ts";
import { Hostile, Sev } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { driftByPart, graded, partName, pathOf } from "../words/drift.ts";
import { isBrokered } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

/** A severity that looks as a grade means. */
const LOOKS: Record<DriftGrade, "high" | "medium" | "info"> = {
  breaking: "high",
  warning: "medium",
  info: "info",
};
const GRADES: DriftGrade[] = ["breaking", "warning", "info"];

/** The differences, side by side; nothing where no specification says anything. */
export function WrittenHere({ endpoint }: { endpoint: Endpoint }) {
  const it = endpoint.written;
  if (it === null) {
    if (endpoint.inventory_state !== "shadow") return null;
    return (
      <Panel title="Specification and traffic">
        <Empty title="No specification describes it">Others of its host are described.</Empty>
      </Panel>
    );
  }
  const size = (grade: DriftGrade) => it.drift.filter((one) => one.grade === grade).length;
  return (
    <Panel
      title="Specification and traffic"
      sub={`${visible(it.document.split(/[/\\]/).at(-1) ?? "", 80)}${it.line > 0 ? `, line ${count(it.line)}` : ""}`}
      end={
        <span className="row wrap">
          {GRADES.filter((grade) => size(grade) > 0).map((grade) => (
            <span key={grade} className="row">
              <Sev severity={LOOKS[grade]} bare /> {graded(size(grade), grade)}
            </span>
          ))}
        </span>
      }
    >
      {it.drift.length === 0 && endpoint.requests === 0 ? (
        <Empty title="Nothing to compare it with">
          {isBrokered(endpoint)
            ? "No source of traffic shows what goes through a broker."
            : "Nothing was seen of it."}
        </Empty>
      ) : it.drift.length === 0 ? (
        <Empty title="What was seen is as it is written">
          {many(endpoint.requests, "exchange")}: parameters, bodies, answers and authentication.
        </Empty>
      ) : (
        <table className="drift">
          <thead>
            <tr>
              <th className="num">Line</th>
              <th>Written</th>
              <th>Seen</th>
            </tr>
          </thead>
          {driftByPart(it.drift).map(([part, list]) => (
            <tbody key={part}>
              <tr className="sect">
                <td colSpan={3}>{partName(part)}</td>
              </tr>
              {list.map((one) => (
                <Difference key={one.location + one.kind + one.seen} one={one} />
              ))}
            </tbody>
          ))}
        </table>
      )}
      {it.more > 0 && <p className="tf small t3">{many(it.more, "more difference")}</p>}
    </Panel>
  );
}

function Difference({ one }: { one: Drift }) {
  const name = pathOf(one.location);
  const told = (words: string) => (name === "" ? words : `${name}: ${words}`);
  return (
    <tr className={one.grade}>
      <td className="num t3">{one.line ?? ""}</td>
      <td className={one.written === "" ? "gap" : "del"}>
        {one.written !== "" && <Hostile text={told(one.written)} most={200} />}
      </td>
      <td className={one.grade === "info" ? "t3" : "add"}>
        <Hostile text={told(one.seen)} most={200} /> <span className="vh">({one.grade})</span>
      </td>
    </tr>
  );
}

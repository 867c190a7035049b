// Which sources know an endpoint, and what code, crawls and perimeters know of it.
import type { Discovered } from "../api/known.ts";
import type { Endpoint } from "../api/shapes.ts";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { besideTraffic, demanded, knownBy, matchedAs } from "../words/knowledge.ts";
import { capital, spaced } from "../words/names.ts";

export function Knowledge({ endpoint }: { endpoint: Endpoint }) {
  const { known_by: sources, discovered } = endpoint;
  if (discovered.length === 0) return null;
  const told = besideTraffic(endpoint);
  return (
    <Panel title="Known by" sub={sources.map(knownBy).join(", ")}>
      {told && (
        <div className="pb">
          <p>{told}</p>
        </div>
      )}
      {discovered.map((one) => (
        <div className="pb" key={one.by + one.input + one.method + one.path + (one.code?.line ?? "")}>
          <Known one={one} />
        </div>
      ))}
    </Panel>
  );
}

function Known({ one }: { one: Discovered }) {
  const { code, shown } = one;
  const component = code?.component ?? null;
  const guards = code?.guards ?? [];
  return (
    <>
      <Row name={capital(knownBy(one.by))}>
        <span className="mono">
          <Hostile
            text={code ? `${code.file}:${code.line}` : (shown?.found_at ?? "") || one.input}
            most={160}
          />
        </span>
        <span className="sub">
          <Hostile text={one.input} most={120} />
        </span>
      </Row>
      {code && (
        <Row name="Handler">
          <Hostile text={`${code.handler ?? "no name"} (${code.framework})`} most={160} />
        </Row>
      )}
      {component !== null && (
        <Row name="Component">
          <Hostile text={component} most={120} />
        </Row>
      )}
      {code && (
        <Row name="Guard">
          {demanded(code.authorization)}
          {guards.length > 0 && (
            <span className="sub">
              <Hostile text={guards.join(", ")} most={240} />
            </span>
          )}
        </Row>
      )}
      {shown && (
        <Row name="Answer">
          {shown.status === null ? "not asked" : String(shown.status)}
          {shown.named_in.length > 0 && (
            <span className="sub">
              named in <Hostile text={shown.named_in.map(spaced).join(", ")} most={120} />
            </span>
          )}
        </Row>
      )}
      {matchedAs(one) !== "" && (
        <Row name="Matched">
          <Hostile text={matchedAs(one)} most={240} />
        </Row>
      )}
    </>
  );
}

function Row({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="row line">
      <span className="t3 nw">{name}</span>
      <span className="grow breaks">{children}</span>
    </div>
  );
}

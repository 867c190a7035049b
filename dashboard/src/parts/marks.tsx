// The grammar that every page shares: severity, certainty, risk, methods, paths, values of traffic.
import type { CSSProperties, ReactNode } from "react";
import type { Action, Confidence, Endpoint, EvidenceValue, Severity, Stage } from "../api/shapes.ts";
import { knownBy, onlyDiscovered } from "../words/knowledge.ts";
import {
  authName,
  capital,
  fitting,
  isSensitive,
  type Place,
  placeOf,
  SEVERITIES,
  STAGE_TONE,
  STAGES,
  spaced,
  tone,
  verbAndName,
  writes,
} from "../words/names.ts";
import { pieces, visible } from "../words/visible.ts";

/** Text that came from traffic: what would not be seen is shown by its name. */
export function Hostile({ text, most }: { text: string; most?: number }) {
  return (
    <bdi>
      {pieces(text, most).map((piece, index) =>
        piece.odd ? (
          <span className="odd" key={index}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}

/** A battlement of four merlons, a colour, and the word. */
export function Sev({ severity, bare }: { severity: Severity; bare?: boolean }) {
  const filled = 4 - SEVERITIES.indexOf(severity);
  return (
    <span className={`sev s-${severity}`}>
      <i aria-hidden="true">
        {[0, 1, 2, 3].map((merlon) => (
          <b key={merlon} className={merlon < filled ? "f" : ""} />
        ))}
      </i>
      {bare ? <span className="vh">{capital(severity)}</span> : capital(severity)}
    </span>
  );
}

/** How sure it is, in words beside the severity. */
export function Sure({ confidence }: { confidence: Confidence }) {
  return (
    <span className="plain nw">{confidence === "confirmed" ? "confirmed" : `confidence ${confidence}`}</span>
  );
}

export type Certainty = "happened" | "would" | "unconfirmed" | "unevaluated";

/** Solid happened, hollow would have, dashed unconfirmed, hatched not evaluated. */
export function Sign(props: {
  kind?: Action | "held" | "hostile" | "fault";
  certainty?: Certainty;
  children: ReactNode;
}) {
  const { kind = "allow", certainty = "happened", children } = props;
  return <span className={`mark-c k-${kind} ${certainty === "happened" ? "" : certainty}`}>{children}</span>;
}

/** The number and ten stones. */
export function RiskMark({ score }: { score: number }) {
  const filled = Math.round(score / 10);
  const colour = tone(score);
  return (
    <span className={`risk ${colour ? `s-${colour}` : ""}`}>
      <b>{score}</b>
      <i style={{ "--n": filled } as CSSProperties} aria-hidden="true" />
    </span>
  );
}

/** How far an attack went, of four stages. */
export function Stages({ stages }: { stages: Stage[] }) {
  const last = STAGES.findLast((stage) => stages.includes(stage));
  return (
    <>
      <span className={`stages ${last ? `s-${STAGE_TONE[last]}` : ""}`} aria-hidden="true">
        {STAGES.map((stage) => (
          <i key={stage} className={stages.includes(stage) ? "f" : ""} />
        ))}
      </span>
      <span className="sub">{last ?? "–"}</span>
    </>
  );
}

export function Method({ name }: { name: string }) {
  return <span className={writes(name) ? "m w" : "m"}>{visible(name, 24)}</span>;
}

/** A template: its parameters stand on a faint ground. */
export function Path({ path, most = 300 }: { path: string; most?: number | undefined }) {
  return (
    <span className="path" title={path.length > 60 ? visible(path, 600) : undefined}>
      {path.split(/(\{[^{}/]{1,64}\})/).map((part, index) =>
        index % 2 === 1 ? (
          <var key={index}>
            <Hostile text={part} />
          </var>
        ) : (
          part && <Hostile key={part + String(index)} text={part} most={most} />
        ),
      )}
    </span>
  );
}

/** What is called somewhere, by its verb and its name. */
export function Called({ place, most }: { place: Place; most?: number | undefined }) {
  const { verb, name } = verbAndName(place);
  return (
    <>
      <Method name={verb} /> <Path path={name} most={most} />
    </>
  );
}

export function Operation({ endpoint }: { endpoint: Parameters<typeof placeOf>[0] }) {
  return <Called place={placeOf(endpoint)} />;
}

/** State chips are neutral: a state is no severity. */
export function StateChip({
  endpoint,
}: {
  endpoint: Pick<Endpoint, "inventory_state" | "confirmed" | "requests" | "known_by">;
}) {
  const { inventory_state: state, confirmed } = endpoint;
  if (onlyDiscovered(endpoint)) {
    const known = endpoint.known_by.map(knownBy).join(", ");
    return (
      <span className="chip dashed" title={`Known by ${known} only, never called`}>
        {known}
      </span>
    );
  }
  if (!confirmed) return <span className="chip dashed">provisional</span>;
  if (state === "documented") return <span className="plain">documented</span>;
  if (state === "unspecified") return <span className="plain">no spec</span>;
  return <span className={`chip ${state}`}>{spaced(state)}</span>;
}

export function DataClass({ name }: { name: string }) {
  return <span className={isSensitive(name) ? "dc sensitive" : "dc"}>{visible(name, 40)}</span>;
}

/** Each class once, the harmful ones first, as many as there is room for, and how many more. */
export function DataClasses({ names, room }: { names: string[]; room: number }) {
  if (names.length === 0) return <span className="plain">–</span>;
  const { shown, more } = fitting(names, room);
  return (
    <span className="dcs">
      {shown.map((name) => (
        <DataClass key={name} name={name} />
      ))}
      {more.length > 0 && (
        <span className="dc more" title={more.join(", ")}>
          +{more.length}
        </span>
      )}
    </span>
  );
}

/** How callers authenticate; not evaluated is never shown as none. */
export function AuthWords({ endpoint }: { endpoint: Pick<Endpoint, "auth" | "auth_judged"> }) {
  const kinds = [...new Set(endpoint.auth.map((auth) => authName(auth.type)))];
  if (kinds.length > 0) return <span>{kinds.join(", ")}</span>;
  if (endpoint.auth_judged > 0) return <span className="s-high tone">none seen</span>;
  return <Sign certainty="unevaluated">not evaluated</Sign>;
}

/** A redacted value: class, shape, keyed hash. Equal hashes are equal values. */
export function Sealed({ value, look }: { value: EvidenceValue; look?: "same" | "proof" | undefined }) {
  return (
    <span className={`sealed ${look ?? ""}`}>
      <b>{visible(value.class, 40)}</b>
      <Hostile text={value.shape} most={120} />
      <u>#{visible(value.hash.slice(0, 6))}</u>
    </span>
  );
}

// Parameters of the request and fields of the answer of an endpoint, as a tree.
import { type CSSProperties, Fragment, useMemo, useState } from "react";
import type { Endpoint, Parameter } from "../api/shapes.ts";
import { Segments } from "../parts/filters.tsx";
import { DataClass, Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty } from "../parts/words.tsx";
import { useAddress } from "../shell/search.ts";
import {
  type Answer,
  answersOf,
  depth,
  isInBody,
  label,
  mediaTypesOf,
  presence,
  valuesOf,
} from "../words/fields.ts";
import { count, many, share } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";

const MOST = 40;

/** What is sent, and what is answered with the status of the address. */
export function Fields({ endpoint }: { endpoint: Endpoint }) {
  const { first } = useAddress();
  const answers = useMemo(() => answersOf(endpoint), [endpoint]);
  const named = (answer: Answer) => String(answer.status ?? "unknown");
  const asked = first("status");
  const answer = answers.find((one) => named(one) === asked) ?? answers[0];
  return (
    <Panel
      title="What goes in, what comes out"
      sub={
        isWritten(endpoint)
          ? "as the specification says; nothing was seen of it"
          : `learned from ${many(endpoint.requests, "exchange")}; values redacted`
      }
      end={
        answers.length > 1 && (
          <Segments
            label="Answers with status"
            name="status"
            options={answers.slice(0, 6).map((one) => [named(one), named(one)] as [string, string])}
          />
        )
      }
    >
      <FieldTree endpoint={endpoint} answer={answer} />
    </Panel>
  );
}

/** Whether what is known of its fields is what is written, as of channels of a broker. */
const isWritten = (endpoint: Endpoint): boolean => endpoint.requests === 0 && endpoint.parameters.length > 0;

interface Section {
  title: string;
  part: string;
  fields: { one: Parameter; seen: number; of: number | undefined }[];
}

/** The parts of request and answer with their fields, each with how often it was there and could have been. */
function sections(endpoint: Endpoint, answer: Answer | undefined): Section[] {
  const numbered = endpoint.bodies.map((body, position) => ({ ...body, position }));
  const sent = numbered.filter((body) => body.direction === "request").map((body) => body.position);
  const granted = endpoint.statuses
    .filter(([status]) => (status >= 200 && status < 300) || status === 304)
    .reduce((all, [, size]) => all + size, 0);
  const of = (direction: Parameter["direction"], inBody: boolean) =>
    endpoint.parameters.filter((one) => one.direction === direction && isInBody(one) === inBody);
  const within = (fields: Parameter[], bodies: number[]) =>
    fields.flatMap((one) => {
      // What was written before kinds of bodies were told apart.
      if (endpoint.bodies.length === 0) return [{ one, seen: one.seen, of: undefined }];
      const here = presence(one, bodies);
      return here ? [{ one, seen: here.seen, of: one.location.endsWith("/*") ? undefined : here.of }] : [];
    });
  const isMessage = isWritten(endpoint);
  return [
    {
      title: isMessage ? "Address" : "Request",
      part: isMessage ? "" : "head",
      fields: of("request", false).map((one) => ({ one, seen: one.seen, of: Math.max(granted, one.seen) })),
    },
    {
      title: isMessage ? "Message received" : "Request body",
      part: mediaTypesOf(endpoint.bodies, "request").join(", "),
      fields: within(of("request", true), sent),
    },
    {
      title: isMessage ? "Message sent" : `Response ${answer?.status ?? ""}`,
      part: answer?.mediaTypes.join(", ") ?? "",
      fields: within(of("response", true), answer?.bodies ?? []),
    },
  ];
}

function FieldTree({ endpoint, answer }: { endpoint: Endpoint; answer: Answer | undefined }) {
  const [whole, setWhole] = useState(false);
  const classes = useMemo(() => {
    const map = new Map<string, string[]>();
    for (const one of endpoint.data_classes) {
      const key = `${one.direction} ${one.location}`;
      map.set(key, [...(map.get(key) ?? []), one.class]);
    }
    return map;
  }, [endpoint]);
  const parts = useMemo(() => sections(endpoint, answer), [endpoint, answer]);
  const total = parts.reduce((all, part) => all + part.fields.length, 0);
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
              <th className="wide-only">Range or values</th>
              <th>Data class</th>
              <th className="num">Present</th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ title, part, fields }) => {
              const shown = fields.slice(0, Math.max(0, left));
              left -= shown.length;
              if (shown.length === 0) return null;
              return (
                <Fragment key={title}>
                  <tr className="sect">
                    <td colSpan={5}>
                      {title} <b>{visible(part, 120)}</b>
                    </td>
                  </tr>
                  {shown.map(({ one, seen, of }) => (
                    <tr key={one.direction + one.location + one.type}>
                      <td style={{ paddingLeft: 34 + depth(one.location) * 18 }}>
                        <Hostile text={label(one)} most={80} />
                      </td>
                      <td className="ty">
                        {visible(one.format ? `${one.type}, ${one.format}` : one.type, 60)}
                      </td>
                      <td className="ex wide-only" title={visible(one.examples_redacted.join(" · "), 300)}>
                        <Hostile text={valuesOf(one)} most={80} />
                      </td>
                      <td>
                        <span className="dcs">
                          {(classes.get(`${one.direction} ${one.location}`) ?? []).map((name) => (
                            <DataClass key={name} name={name} />
                          ))}
                        </span>
                      </td>
                      <td className="num">
                        {isWritten(endpoint) ? (
                          <span className="t3">{one.required ? "required" : "optional"}</span>
                        ) : (
                          <Present seen={seen} of={of} />
                        )}
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

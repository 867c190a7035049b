// Actor, wall, endpoints; time runs down. An arrow passes the wall or stops there.
import { useMemo } from "react";
import type { ActorRef, Detection, Endpoint } from "../api/shapes.ts";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { useNarrow } from "../parts/rows.tsx";
import { placeOf, STAGE_TONE, STAGES, verbAndName } from "../words/names.ts";
import { count } from "../words/numbers.ts";
import { clock, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { type Act, stageName } from "./incident.tsx";

const ROW = 34;
const BAND = 22;

interface Lane {
  id: string | undefined;
  name: string;
  under: string;
}

/** Up to four lanes: the endpoints with the most requests, and one for the rest and for paths without endpoint. */
function lanes(detections: Detection[], endpoints: Map<string, Endpoint>): Lane[] {
  const size = new Map<string | undefined, number>();
  for (const each of detections) {
    const id = each.endpoint_id ?? undefined;
    size.set(id, (size.get(id) ?? 0) + each.exchanges);
  }
  const named = [...size].filter(([id]) => id !== undefined && endpoints.has(id)).sort((a, b) => b[1] - a[1]);
  const own = named.slice(0, named.length === size.size && named.length <= 4 ? 4 : 3);
  const result: Lane[] = own.map(([id]) => {
    const endpoint = endpoints.get(id as string) as Endpoint;
    const { verb, name } = verbAndName(placeOf(endpoint));
    const parts = name.split("/").filter(Boolean);
    return {
      id,
      name: visible(parts.length > 1 ? `…/${parts.at(-1)}` : name, 80),
      under: visible(verb, 12),
    };
  });
  if (own.length < size.size) result.unshift({ id: undefined, name: "elsewhere", under: "several" });
  return result;
}

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export function Sequence(props: {
  acts: Act[];
  endpoints: Map<string, Endpoint>;
  actor: ActorRef;
  now: number;
}) {
  const narrow = useNarrow();
  const { acts, endpoints } = props;
  const detections = useMemo(() => acts.flatMap((act) => act.detections), [acts]);
  const columns = useMemo(() => lanes(detections, endpoints), [detections, endpoints]);
  if (detections.length === 0) return null;
  const width = narrow ? 358 : 800;
  const from = narrow ? 44 : 72;
  const wall = narrow ? 206 : 370;
  const first = narrow ? 246 : 450;
  const gap = columns.length > 1 ? (width - (narrow ? 40 : 96) - first) / (columns.length - 1) : 0;
  const x = (index: number) => first + index * gap;
  const top = narrow ? 44 : 56;
  let y = top;
  const bands = acts.map((act) => {
    const start = y;
    y += BAND + 8;
    const rows = act.detections.map((detection) => {
      const at = y + 16;
      y += ROW;
      return { detection, at };
    });
    y += 4;
    return { act, start, rows };
  });
  const height = y + 4;
  const held = detections.some((each) => each.refused > 0);
  const would = detections.some((each) => each.would_refuse > 0);
  const letter = (index: number) => String.fromCharCode(97 + index);
  return (
    <Panel
      title="How it went"
      sub="actor, wall, endpoints; time runs down, UTC"
      end={
        <span className="legend">
          <Sign kind="deny">got through</Sign>
          {would && (
            <Sign kind="deny" certainty="would">
              would refuse
            </Sign>
          )}
          {held && <Sign kind="held">stopped</Sign>}
        </span>
      }
    >
      <div className="seq">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label="The requests of the actor, and how far they came; the timeline below says the same in words"
        >
          <text className="hd" x={from} y={16} textAnchor="middle">
            {narrow ? "" : "Actor"}
          </text>
          <text className="hd" x={wall} y={16} textAnchor="middle">
            Bartizan
          </text>
          {columns.map((lane, index) => (
            <g key={lane.id ?? "elsewhere"}>
              {narrow ? (
                <text className="hd" x={x(index)} y={16} textAnchor="middle">
                  {letter(index)}
                </text>
              ) : (
                <>
                  <title>{lane.name}</title>
                  <text className="hm" x={x(index)} y={16} textAnchor="middle">
                    {cut(lane.name, Math.max(10, Math.floor((gap || 220) / 7.6)))}
                  </text>
                  <text className="hs" x={x(index)} y={31} textAnchor="middle">
                    {lane.under}
                  </text>
                </>
              )}
              <path className="life" d={`M${x(index)} ${top - 12}V${height}`} />
            </g>
          ))}
          <path className="life" d={`M${from} ${top - 12}V${height}`} />
          {bands.map(({ act, start }) => (
            <g key={act.stage} className={`s-${STAGE_TONE[act.stage]}`}>
              <rect className="band" x="0" y={start} width={width} height={BAND} />
              <rect className="edge" x="0" y={start} width="3" height={BAND} />
              <text className="stage" x="10" y={start + 15}>
                {STAGES.indexOf(act.stage) + 1} {stageName(act.stage)}
              </text>
            </g>
          ))}
          <path className="wall" d={`M${wall - 8} ${top - 14}h4v3h3v-3h2v3h3v-3h4V${height}H${wall - 8}z`} />
          {bands.flatMap(({ rows }) =>
            rows.map(({ detection, at }) => (
              <Arrow
                key={detection.id}
                detection={detection}
                at={at}
                from={from}
                wall={wall}
                to={x(
                  Math.max(
                    0,
                    columns.findIndex((lane) => lane.id === (detection.endpoint_id ?? undefined)),
                  ),
                )}
                room={Math.floor((wall - from - 18) / 5.9)}
                width={width}
              />
            )),
          )}
        </svg>
        {narrow && (
          <ol className="lanes">
            {columns.map((lane, index) => (
              <li key={lane.id ?? "elsewhere"}>
                <b>{letter(index)}</b> <code>{lane.name}</code>
              </li>
            ))}
          </ol>
        )}
      </div>
    </Panel>
  );
}

function Arrow(props: {
  detection: Detection;
  at: number;
  from: number;
  wall: number;
  to: number;
  room: number;
  width: number;
}) {
  const { detection, at, from, wall, to, room, width } = props;
  const time = instant(detection.time);
  const through = detection.succeeded > 0;
  const stopped = detection.refused >= detection.exchanges && detection.exchanges > 0;
  const end = stopped ? wall - 9 : to;
  const weight = Math.min(4, 1.5 + Math.log10(Math.max(1, detection.exchanges)));
  const result = stopped
    ? `all ${count(detection.exchanges)} stopped`
    : through
      ? `${count(detection.succeeded)} got through`
      : "in vain";
  // Beside the head of the arrow where there is room, else below its end.
  const beside = end + 8 + result.length * 6.4 < width;
  return (
    <g className={stopped ? "held" : through ? "through" : "vain"}>
      <title>{visible(`${detection.exchanges} × ${detection.title}: ${result}`, 300)}</title>
      <text className="tm" x={from - 8} y={at + 4} textAnchor="end">
        {time === undefined ? "" : clock(time)}
      </text>
      <text className="what" x={from + 8} y={at - 5}>
        {cut(visible(`${count(detection.exchanges)} × ${detection.title}`, 120), room)}
      </text>
      <path className="line" d={`M${from} ${at}H${end - (stopped ? 0 : 6)}`} strokeWidth={weight} />
      {stopped ? (
        <rect className="stop" x={end - 1} y={at - 6} width="4" height="12" />
      ) : (
        <path className="head" d={`M${end} ${at}l-8 -4.5v9z`} />
      )}
      {detection.would_refuse > 0 && !stopped && (
        <rect className="hold" x={wall - 5} y={at - 5} width="10" height="10" />
      )}
      <text
        className="res"
        x={beside ? end + 8 : end - 10}
        y={beside ? at + 4 : at + 14}
        textAnchor={beside ? "start" : "end"}
      >
        {result}
      </text>
    </g>
  );
}

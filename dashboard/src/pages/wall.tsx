// Hostile traffic stands above a line, all other hangs below it. The two sides have scales of their own.
import { type KeyboardEvent, useMemo, useState } from "react";
import type { Incident, TimeBucket } from "../api/shapes.ts";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { useNarrow } from "../parts/rows.tsx";
import { useNow } from "../parts/words.tsx";
import { count, many, short } from "../words/numbers.ts";
import { clock, day, instant, span } from "../words/time.ts";
import { visible } from "../words/visible.ts";

const ABOVE = 116;
const BELOW = 72;

/** Steps joined so that there are at most `most`: sums over neighbours. */
function join(steps: TimeBucket[], most: number): TimeBucket[] {
  const size = Math.ceil(steps.length / most);
  if (size <= 1) return steps;
  const result: TimeBucket[] = [];
  for (let from = 0; from < steps.length; from += size) {
    const group = steps.slice(from, from + size);
    const first = group[0];
    if (!first) break;
    const total = (name: "seconds" | "exchanges" | "hostile" | "errors") =>
      group.reduce((sum, step) => sum + step[name], 0);
    result.push({
      time: first.time,
      seconds: total("seconds"),
      exchanges: total("exchanges"),
      hostile: total("hostile"),
      errors: total("errors"),
    });
  }
  return result;
}

/** The next of 1, 2, 5, 10, 20 … that is not below. */
function ceiling(value: number): number {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * size).find((step) => step >= value) ?? value;
}

export function Wall({ timeline, incidents }: { timeline: TimeBucket[]; incidents: Incident[] }) {
  const narrow = useNarrow();
  const steps = useMemo(() => join(timeline, narrow ? 48 : 120), [timeline, narrow]);
  const total = (name: "exchanges" | "hostile" | "errors") =>
    timeline.reduce((sum, step) => sum + step[name], 0);
  const last = steps.at(-1);
  const first = instant(steps[0]?.time);
  const end = (instant(last?.time) ?? 0) + (last?.seconds ?? 0) * 1000;
  return (
    <Panel
      title="Traffic"
      sub={
        last
          ? `above: hostile · below: all others · per ${span((steps[0]?.seconds ?? 0) * 1000)}`
          : "above: hostile · below: all others"
      }
      end={
        <span className="legend">
          <Sign kind="deny">
            hostile <b>{count(total("hostile"))}</b>
          </Sign>
          <Sign kind="allow">
            others <b>{count(total("exchanges") - total("hostile"))}</b>
          </Sign>
          <span>{count(total("errors"))} answered with an error</span>
        </span>
      }
    >
      {first === undefined || total("exchanges") === 0 ? (
        <p className="pb small t3">No exchange was judged yet.</p>
      ) : (
        <Plot steps={steps} from={first} to={end} incidents={incidents} narrow={narrow} />
      )}
    </Panel>
  );
}

interface PlotProps {
  steps: TimeBucket[];
  from: number;
  to: number;
  incidents: Incident[];
  narrow: boolean;
}

function Plot({ steps, from, to, incidents, narrow }: PlotProps) {
  const now = useNow();
  const [at, setAt] = useState<number>();
  const most = ceiling(Math.max(...steps.map((step) => step.hostile), 1));
  const others = ceiling(Math.max(...steps.map((step) => step.exchanges - step.hostile), 1));
  const chosen = at === undefined ? undefined : steps[at];
  const within = (index: number) => Math.min(steps.length - 1, Math.max(0, index));
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (event.key === "Escape") setAt(undefined);
    if (step === 0) return;
    event.preventDefault();
    setAt(within((at ?? (step > 0 ? -1 : steps.length)) + step));
  };
  return (
    <div className="wall">
      <div className="yax" aria-hidden="true">
        <span style={{ top: 0 }}>{short(most)}</span>
        <span style={{ top: ABOVE }}>0</span>
        <span style={{ top: ABOVE + BELOW }}>{short(others)}</span>
      </div>
      <div
        className="plot"
        role="slider"
        tabIndex={0}
        aria-label="Traffic over time"
        aria-valuemin={0}
        aria-valuemax={steps.length - 1}
        aria-valuenow={at ?? 0}
        aria-valuetext={chosen ? says(chosen, now) : "Arrow keys walk through time"}
        onKeyDown={onKey}
        onMouseMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(within(Math.floor(((event.clientX - box.left) / box.width) * steps.length)));
        }}
        onMouseLeave={() => setAt(undefined)}
      >
        <svg
          viewBox={`0 0 ${steps.length * 10} ${ABOVE + BELOW}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <path className="gridline" d={`M0 .5H${steps.length * 10}M0 ${ABOVE / 2}H${steps.length * 10}`} />
          {steps.map((step, index) => (
            <Bar key={step.time} step={step} x={index * 10} most={most} others={others} on={index === at} />
          ))}
          <path className="top-of-wall" d={`M0 ${ABOVE}H${steps.length * 10}`} />
        </svg>
        <Pennants incidents={incidents} from={from} to={to} near={narrow ? 0.09 : 0.03} />
      </div>
      <Axis from={from} to={to} ticks={narrow ? 3 : 6} now={now} />
      <p className="readout" aria-hidden="true">
        {chosen ? says(chosen, now) : "Times are UTC. Pennants are incidents, with their score."}
      </p>
    </div>
  );
}

function says(step: TimeBucket, now: number): string {
  const time = instant(step.time) ?? 0;
  return `${day(time, now)} ${clock(time)}: ${many(step.exchanges, "exchange")}, ${count(step.hostile)} hostile, ${count(step.errors)} answered with an error`;
}

function Pennants(props: { incidents: Incident[]; from: number; to: number; near: number }) {
  const marks = props.incidents.flatMap((incident) => {
    const time = instant(incident.started);
    if (time === undefined || time < props.from || time > props.to) return [];
    return [{ incident, share: (time - props.from) / (props.to - props.from) }];
  });
  return marks.map(({ incident, share }, index) => (
    <span
      key={incident.id}
      className={`pennant s-${incident.severity} ${share > 0.8 ? "left" : ""}`}
      style={{ left: `${share * 100}%` }}
      title={visible(incident.summary, 200)}
    >
      {/* Those that would lie on each other fly at different heights. */}
      <span
        style={{
          top: marks.slice(0, index).filter((one) => Math.abs(one.share - share) < props.near).length * 19,
        }}
      >
        {incident.score}
      </span>
    </span>
  ));
}

function Axis({ from, to, ticks, now }: { from: number; to: number; ticks: number; now: number }) {
  const at = (tick: number) => from + ((to - from) * tick) / ticks;
  return (
    <div className="xax" aria-hidden="true">
      {Array.from({ length: ticks + 1 }, (_, tick) => (
        <span key={tick} style={{ left: `${(tick / ticks) * 100}%` }}>
          {tick === 0 || day(at(tick), now) !== day(at(tick - 1), now)
            ? `${clock(at(tick))} ${day(at(tick), now)}`
            : clock(at(tick))}
        </span>
      ))}
    </div>
  );
}

function Bar(props: { step: TimeBucket; x: number; most: number; others: number; on: boolean }) {
  const { step, x, on } = props;
  const up = step.hostile > 0 ? Math.max(2, (step.hostile / props.most) * (ABOVE - 8)) : 0;
  const rest = Math.max(0, step.exchanges - step.hostile);
  const down = rest > 0 ? Math.max(1, (rest / props.others) * (BELOW - 2)) : 0;
  return (
    <g>
      {on && <rect className="cursor" x={x} y="0" width="10" height={ABOVE + BELOW} />}
      {up > 0 && <rect className="hostile" x={x + 1} y={ABOVE - up} width="8" height={up} />}
      {down > 0 && <rect className="rest" x={x + 1} y={ABOVE + 2} width="8" height={down} />}
    </g>
  );
}

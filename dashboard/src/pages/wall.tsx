// What was held stands above a line, what was let through hangs below it. The two sides have scales of their own.
// Solid happened, hollow would have, hatched was not judged.
import { type KeyboardEvent, useMemo, useState } from "react";
import type { TimeBucket, Traffic } from "../api/figures.ts";
import type { Incident } from "../api/shapes.ts";
import { type Certainty, Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { useNarrow } from "../parts/rows.tsx";
import { useNow } from "../parts/words.tsx";
import { count, many, short } from "../words/numbers.ts";
import { clock, day, instant, MINUTE, span } from "../words/time.ts";
import { visible } from "../words/visible.ts";

const ABOVE = 116;
const BELOW = 72;

/** One kind of traffic: its name, its side of the line, and how sure it is. */
interface Series {
  name: string;
  above: boolean;
  kind: "deny" | "hostile" | "allow" | "fault";
  certainty: Certainty;
}

/** How much of each series there was in one stretch of time. */
interface Step {
  time: number;
  seconds: number;
  sizes: number[];
}

interface Picture {
  series: Series[];
  steps: Step[];
  /** What the sides are. */
  sub: string;
}

const VERDICTS: Series[] = [
  { name: "refused", above: true, kind: "deny", certainty: "happened" },
  { name: "would be refused", above: true, kind: "deny", certainty: "would" },
  { name: "hostile, let through", above: false, kind: "hostile", certainty: "happened" },
  { name: "let through", above: false, kind: "allow", certainty: "happened" },
  { name: "server errors", above: false, kind: "fault", certainty: "happened" },
  { name: "not judged", above: false, kind: "allow", certainty: "unevaluated" },
];
const HOSTILITY: Series[] = [
  { name: "hostile", above: true, kind: "deny", certainty: "happened" },
  { name: "others", above: false, kind: "allow", certainty: "happened" },
  { name: "server errors", above: false, kind: "fault", certainty: "happened" },
];

/** More steps than any server keeps; what is beyond is not drawn. */
const MOST_STEPS = 2000;

/** Verdicts over time. Times without exchanges are steps too, so that the axis is one of time. */
function ofTraffic({ since, seconds, buckets }: Traffic): Picture {
  const from = instant(since) ?? 0;
  const last = instant(buckets.at(-1)?.time) ?? from;
  const sizes = new Map(
    buckets.map((one) => [
      instant(one.time),
      [one.refused, one.monitored, one.hostile, one.clean, one.errors, one.not_judged],
    ]),
  );
  const steps: Step[] = [];
  for (let time = from; time <= last && steps.length < MOST_STEPS; time += seconds * 1000) {
    steps.push({ time, seconds, sizes: sizes.get(time) ?? VERDICTS.map(() => 0) });
  }
  return { series: VERDICTS, sub: "above: refused, or would be · below: let through", steps };
}

/** The last analysis: it judges afterwards, and refuses nothing. */
const ofAnalysis = (timeline: TimeBucket[]): Picture => ({
  series: HOSTILITY,
  sub: "of the last analysis · above: hostile · below: all others",
  steps: timeline.map(({ time, seconds, exchanges, hostile, errors }) => {
    const rest = Math.max(0, exchanges - hostile);
    const failed = Math.min(errors, rest);
    return { time: instant(time) ?? 0, seconds, sizes: [hostile, rest - failed, failed] };
  }),
});

/** Steps joined so that there are at most `most`: sums over neighbours. */
function join(steps: Step[], most: number): Step[] {
  const size = Math.ceil(steps.length / most);
  if (size <= 1) return steps;
  const result: Step[] = [];
  for (let from = 0; from < steps.length; from += size) {
    const group = steps.slice(from, from + size);
    const first = group[0];
    if (!first) break;
    result.push({
      time: first.time,
      seconds: group.reduce((sum, step) => sum + step.seconds, 0),
      sizes: first.sizes.map((_, index) => group.reduce((sum, step) => sum + (step.sizes[index] ?? 0), 0)),
    });
  }
  return result;
}

/** The next of 1, 2, 3, 4, 6, 8, 10, 20 … that is not below. */
function ceiling(value: number): number {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 3, 4, 6, 8, 10].map((step) => step * size).find((step) => step >= value) ?? value;
}

const sum = (sizes: number[]) => sizes.reduce((all, size) => all + size, 0);

interface WallProps {
  traffic: Traffic;
  timeline: TimeBucket[];
  incidents: Incident[];
}

export function Wall({ traffic, timeline, incidents }: WallProps) {
  const narrow = useNarrow();
  // A store that was filled by an analysis has seen no traffic of a gateway.
  const picture = useMemo(
    () => (traffic.buckets.length > 0 ? ofTraffic(traffic) : ofAnalysis(timeline)),
    [traffic, timeline],
  );
  const steps = useMemo(() => join(picture.steps, narrow ? 48 : 150), [picture, narrow]);
  const total = (index: number) => steps.reduce((all, step) => all + (step.sizes[index] ?? 0), 0);
  const first = steps[0];
  return (
    <Panel
      title="At the wall"
      sub={first ? `${picture.sub} · per ${span(first.seconds * 1000)}` : undefined}
      end={
        <span className="legend">
          {picture.series.map((one, index) => (
            <Sign key={one.name} kind={one.kind} certainty={one.certainty}>
              {one.name} <b>{count(total(index))}</b>
            </Sign>
          ))}
        </span>
      }
    >
      {steps.some((step) => sum(step.sizes) > 0) ? (
        <Plot picture={picture} steps={steps} incidents={incidents} narrow={narrow} />
      ) : (
        <p className="pb small t3">No exchange was judged yet.</p>
      )}
    </Panel>
  );
}

interface PlotProps {
  picture: Picture;
  steps: Step[];
  incidents: Incident[];
  narrow: boolean;
}

function Plot({ picture, steps, incidents, narrow }: PlotProps) {
  const now = useNow();
  const [at, setAt] = useState<number>();
  const { series } = picture;
  const side = (step: Step, above: boolean) =>
    step.sizes.reduce((all, size, index) => all + (series[index]?.above === above ? size : 0), 0);
  const most = ceiling(Math.max(...steps.map((step) => side(step, true)), 1));
  const others = ceiling(Math.max(...steps.map((step) => side(step, false)), 1));
  const last = steps.at(-1);
  const from = steps[0]?.time ?? 0;
  const to = (last?.time ?? 0) + (last?.seconds ?? 0) * 1000;
  const chosen = at === undefined ? undefined : steps[at];
  const within = (index: number) => Math.min(steps.length - 1, Math.max(0, index));
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (event.key === "Escape") setAt(undefined);
    if (step === 0) return;
    event.preventDefault();
    setAt(within((at ?? (step > 0 ? -1 : steps.length)) + step));
  };
  const width = steps.length * 10;
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
        aria-valuetext={chosen ? says(chosen, series, now) : "Arrow keys walk through time"}
        onKeyDown={onKey}
        onMouseMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(within(Math.floor(((event.clientX - box.left) / box.width) * steps.length)));
        }}
        onMouseLeave={() => setAt(undefined)}
      >
        <svg viewBox={`0 0 ${width} ${ABOVE + BELOW}`} preserveAspectRatio="none" aria-hidden="true">
          <path className="gridline" d={`M0 .5H${width}M0 ${ABOVE / 2}H${width}`} />
          {steps.map((step, index) => (
            <Bar
              key={step.time}
              step={step}
              series={series}
              x={index * 10}
              most={most}
              others={others}
              on={index === at}
            />
          ))}
          <path className="top-of-wall" d={`M0 ${ABOVE}H${width}`} />
        </svg>
        <Gaps steps={steps} series={series} others={others} />
        <Pennants incidents={incidents} from={from} to={to} near={narrow ? 0.09 : 0.03} />
      </div>
      <Axis from={from} to={to} narrow={narrow} now={now} />
      <p className="readout" aria-hidden="true">
        {chosen ? says(chosen, series, now) : "Times are UTC. Pennants are incidents, with their score."}
      </p>
    </div>
  );
}

function says(step: Step, series: Series[], now: number): string {
  const parts = series.map((one, index) => `${count(step.sizes[index] ?? 0)} ${one.name}`);
  const time = clock(step.time, step.seconds * 1000 < MINUTE);
  return `${day(step.time, now)} ${time}: ${many(sum(step.sizes), "exchange")}, ${parts.join(", ")}`;
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

function Axis({ from, to, narrow, now }: { from: number; to: number; narrow: boolean; now: number }) {
  // Marks with seconds are longer.
  const ticks = narrow ? (to - from < 3 * MINUTE ? 2 : 3) : 6;
  const at = (tick: number) => from + ((to - from) * tick) / ticks;
  const label = (time: number) => clock(time, (to - from) / ticks < MINUTE);
  return (
    <div className="xax" aria-hidden="true">
      {Array.from({ length: ticks + 1 }, (_, tick) => (
        <span key={tick} style={{ left: `${(tick / ticks) * 100}%` }}>
          {tick === 0 || day(at(tick), now) !== day(at(tick - 1), now)
            ? `${label(at(tick))} ${day(at(tick), now)}`
            : label(at(tick))}
        </span>
      ))}
    </div>
  );
}

interface BarProps {
  step: Step;
  series: Series[];
  x: number;
  most: number;
  others: number;
  on: boolean;
}

/** Heights of the parts of one bar, each with where it begins, outwards from the line. */
function stack(step: Step, series: Series[], above: boolean, scale: number) {
  let from = 0;
  return series.flatMap((one, index) => {
    const size = step.sizes[index] ?? 0;
    if (one.above !== above || size === 0) return [];
    // The smallest number can still be seen.
    const height = Math.max(above ? 2 : 1, size * scale);
    from += height;
    return [{ one, from: from - height, height }];
  });
}

const UP = ABOVE - 8;
const DOWN = BELOW - 2;

function Bar({ step, series, x, most, others, on }: BarProps) {
  return (
    <g>
      {on && <rect className="cursor" x={x} y="0" width="10" height={ABOVE + BELOW} />}
      {stack(step, series, true, UP / most).map(({ one, from, height }) => (
        <rect
          key={one.name}
          className={one.certainty === "would" ? "hostile hollow" : "hostile"}
          x={x + 1}
          y={ABOVE - from - height}
          width="8"
          height={height}
        />
      ))}
      {stack(step, series, false, DOWN / others)
        .filter(({ one }) => one.certainty === "happened")
        .map(({ one, from, height }) => (
          <rect
            key={one.name}
            className={`rest ${one.kind}`}
            x={x + 1}
            y={ABOVE + 2 + from}
            width="8"
            height={height}
          />
        ))}
    </g>
  );
}

/** What was not judged, hatched. The picture is stretched, and a hatch in it would be too: these are boxes above it. */
function Gaps({ steps, series, others }: { steps: Step[]; series: Series[]; others: number }) {
  return steps.flatMap((step, index) =>
    stack(step, series, false, DOWN / others)
      .filter(({ one }) => one.certainty === "unevaluated")
      .map(({ from, height }) => (
        <i
          key={step.time}
          className="gap hatch"
          style={{
            left: `${((index + 0.1) / steps.length) * 100}%`,
            width: `${(0.8 / steps.length) * 100}%`,
            top: ABOVE + 2 + from,
            height: Math.max(4, height),
          }}
        />
      )),
  );
}

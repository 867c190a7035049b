// Held traffic stands above a line, passed traffic hangs below it. The two sides have scales of their own.
import { useMemo, useState } from "react";
import type { Incident, TrafficStep } from "../api/shapes.ts";
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
function join(steps: TrafficStep[], most: number): TrafficStep[] {
  const size = Math.ceil(steps.length / most);
  if (size <= 1) return steps;
  const result: TrafficStep[] = [];
  for (let from = 0; from < steps.length; from += size) {
    const group = steps.slice(from, from + size);
    const total = (
      name: "seconds" | "exchanges" | "allowed" | "refused" | "would_refuse" | "not_inspected",
    ) => group.reduce((sum, step) => sum + step[name], 0);
    result.push({
      start: group[0]?.start ?? "",
      seconds: total("seconds"),
      exchanges: total("exchanges"),
      allowed: total("allowed"),
      refused: total("refused"),
      would_refuse: total("would_refuse"),
      not_inspected: total("not_inspected"),
    });
  }
  return result;
}

/** The next of 1, 2, 5, 10, 20 … that is not below. */
function ceiling(value: number): number {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * size).find((step) => step >= value) ?? value;
}

export function Wall({ traffic, incidents }: { traffic: TrafficStep[]; incidents: Incident[] }) {
  const narrow = useNarrow();
  const now = useNow();
  const steps = useMemo(() => join(traffic, narrow ? 48 : 120), [traffic, narrow]);
  const [at, setAt] = useState<number>();
  const total = (name: "exchanges" | "allowed" | "refused" | "would_refuse" | "not_inspected") =>
    traffic.reduce((sum, step) => sum + step[name], 0);
  const first = instant(steps[0]?.start);
  const last = steps.at(-1);
  const end = (instant(last?.start) ?? 0) + (last?.seconds ?? 0) * 1000;
  if (first === undefined || total("exchanges") === 0) {
    return (
      <Panel title="At the wall" sub="above: held · below: let through">
        <p className="pb small t3">No exchange was judged in this time.</p>
      </Panel>
    );
  }
  const held = ceiling(Math.max(...steps.map((step) => step.refused + step.would_refuse), 1));
  const passed = ceiling(Math.max(...steps.map((step) => step.exchanges - step.refused), 1));
  const chosen = at === undefined ? undefined : steps[at];
  const ticks = narrow ? 3 : 6;
  const marks = incidents
    .flatMap((incident) => {
      const time = instant(incident.started);
      return time !== undefined && time >= first && time <= end
        ? [{ incident, share: (time - first) / (end - first) }]
        : [];
    })
    .slice(0, 4);
  return (
    <Panel
      title="At the wall"
      sub={`above: held · below: let through · per ${span((steps[0]?.seconds ?? 0) * 1000)}`}
      end={
        <span className="legend">
          <Sign kind="allow">
            allowed <b>{count(total("allowed"))}</b>
          </Sign>
          <Sign kind="deny">
            refused <b>{count(total("refused"))}</b>
          </Sign>
          <Sign kind="deny" certainty="would">
            would refuse <b>{count(total("would_refuse"))}</b>
          </Sign>
          <Sign certainty="unevaluated">
            not inspected <b>{count(total("not_inspected"))}</b>
          </Sign>
        </span>
      }
    >
      <div className="wall">
        <div className="yax" aria-hidden="true">
          <span style={{ top: 0 }}>{short(held)}</span>
          <span style={{ top: ABOVE }}>0</span>
          <span style={{ top: ABOVE + BELOW }}>{short(passed)}</span>
        </div>
        <div
          className="plot"
          role="slider"
          tabIndex={0}
          aria-label="Time at the wall"
          aria-valuemin={0}
          aria-valuemax={steps.length - 1}
          aria-valuenow={at ?? 0}
          aria-valuetext={chosen ? says(chosen, now) : "Arrow keys walk through time"}
          onKeyDown={(event) => {
            const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
            if (event.key === "Escape") setAt(undefined);
            if (step === 0) return;
            event.preventDefault();
            setAt(Math.min(steps.length - 1, Math.max(0, (at ?? (step > 0 ? -1 : steps.length)) + step)));
          }}
          onMouseMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            setAt(
              Math.min(
                steps.length - 1,
                Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * steps.length)),
              ),
            );
          }}
          onMouseLeave={() => setAt(undefined)}
        >
          <svg
            viewBox={`0 0 ${steps.length * 10} ${ABOVE + BELOW}`}
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            <defs>
              <pattern
                id="hatched"
                width="4"
                height="4"
                patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)"
              >
                <rect width="1.2" height="4" fill="var(--hatch)" />
              </pattern>
            </defs>
            <path className="gridline" d={`M0 .5H${steps.length * 10}M0 ${ABOVE / 2}H${steps.length * 10}`} />
            {steps.map((step, index) => (
              <Bar
                key={step.start}
                step={step}
                x={index * 10}
                held={held}
                passed={passed}
                on={index === at}
              />
            ))}
            <path className="top-of-wall" d={`M0 ${ABOVE}H${steps.length * 10}`} />
          </svg>
          {marks.map(({ incident, share }, index) => (
            <span
              key={incident.id}
              className={`pennant s-${incident.severity} ${share > 0.8 ? "left" : ""}`}
              style={{ left: `${share * 100}%` }}
              title={visible(incident.summary, 200)}
            >
              {/* Two that would lie on each other fly at different heights. */}
              <span
                style={{
                  top:
                    marks
                      .slice(0, index)
                      .filter((one) => Math.abs(one.share - share) < (narrow ? 0.09 : 0.03)).length * 19,
                }}
              >
                {incident.score}
              </span>
            </span>
          ))}
        </div>
        <div className="xax" aria-hidden="true">
          {Array.from({ length: ticks + 1 }, (_, tick) => {
            const time = first + ((end - first) * tick) / ticks;
            return (
              <span key={tick} style={{ left: `${(tick / ticks) * 100}%` }}>
                {tick === 0 || day(time, now) !== day(first + ((end - first) * (tick - 1)) / ticks, now)
                  ? `${clock(time)} ${day(time, now)}`
                  : clock(time)}
              </span>
            );
          })}
        </div>
        <p className="readout" aria-hidden="true">
          {chosen ? says(chosen, now) : "Times are UTC. Pennants are incidents, with their score."}
        </p>
      </div>
    </Panel>
  );
}

function says(step: TrafficStep, now: number): string {
  const time = instant(step.start) ?? 0;
  return `${day(time, now)} ${clock(time)}: ${many(step.exchanges, "exchange")}, ${count(step.refused)} refused, ${count(step.would_refuse)} would be refused, ${count(step.not_inspected)} not inspected`;
}

function Bar(props: { step: TrafficStep; x: number; held: number; passed: number; on: boolean }) {
  const { step, x, held, passed, on } = props;
  const up = (value: number) => (value / held) * (ABOVE - 8);
  const down = (value: number) => (value / passed) * (BELOW - 2);
  const refused = up(step.refused);
  const would = up(step.would_refuse);
  const missed = down(Math.min(step.not_inspected, step.exchanges));
  const allowed = down(Math.max(0, step.exchanges - step.refused - step.not_inspected));
  return (
    <g className={on ? "on" : ""}>
      {on && <rect className="cursor" x={x} y="0" width="10" height={ABOVE + BELOW} />}
      {refused > 0 && <rect className="refused" x={x + 1} y={ABOVE - refused} width="8" height={refused} />}
      {would > 0 && (
        <rect
          className="would"
          x={x + 1.7}
          y={ABOVE - refused - would}
          width="6.6"
          height={Math.max(2, would)}
        />
      )}
      {allowed > 0 && <rect className="allowed" x={x + 1} y={ABOVE + 2} width="8" height={allowed} />}
      {missed > 0 && (
        <rect className="missed" x={x + 1} y={ABOVE + 2 + allowed} width="8" height={Math.max(1.5, missed)} />
      )}
    </g>
  );
}

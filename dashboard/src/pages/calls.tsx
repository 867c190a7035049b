// How an endpoint was called over time, beside the period before.
import { type KeyboardEvent, useState } from "react";
import { useCallsHere } from "../api/calls.ts";
import type { CallsOf, EndpointCalls } from "../api/shapes.ts";
import { Segments } from "../parts/filters.tsx";
import { Sign } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Ready, useNow } from "../parts/words.tsx";
import { useAddress } from "../shell/search.ts";
import { changed, isPeriod, lasting, line, PERIODS, told } from "../words/calls.ts";
import { count, many } from "../words/numbers.ts";
import { clock, day, instant, span } from "../words/time.ts";
import { ChangeMark } from "./endpointcolumns.tsx";

/** The calls of one endpoint, in the period of the address. */
export function CallsHere({ endpoint, firstSeen }: { endpoint: string; firstSeen: string | null }) {
  const { first } = useAddress();
  const asked = first("period");
  const period = isPeriod(asked) ? asked : "day";
  const calls = useCallsHere(endpoint, period);
  return (
    <Panel
      title="Calls"
      sub="solid: now · dotted: the period before"
      end={
        <Segments
          label="Calls of"
          name="period"
          now={period}
          options={PERIODS.map(([name, words]) => [name, words] as [string, string])}
        />
      }
    >
      <Ready of={calls} rows={4}>
        {(it) => {
          const own = it.items[0];
          return own?.buckets ? (
            <Chart calls={it} own={own} buckets={own.buckets} firstSeen={firstSeen} />
          ) : (
            <p className="pb small t3">Nothing was counted.</p>
          );
        }}
      </Ready>
    </Panel>
  );
}

const WIDTH = 600;
const HEIGHT = 72;

interface ChartProps {
  calls: EndpointCalls;
  own: CallsOf;
  buckets: number[];
  firstSeen: string | null;
}

function Chart({ calls, own, buckets, firstSeen }: ChartProps) {
  const now = useNow();
  const [at, setAt] = useState<number>();
  const middle = instant(calls.middle) ?? 0;
  const half = buckets.length / 2;
  const [was, is] = [buckets.slice(0, half), buckets.slice(half)];
  const most = Math.max(1, ...buckets);
  const within = (index: number) => Math.min(half - 1, Math.max(0, index));
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (event.key === "Escape") setAt(undefined);
    if (step === 0) return;
    event.preventDefault();
    setAt(within((at ?? (step > 0 ? -1 : half)) + step));
  };
  const time = (index: number) => middle + index * calls.seconds * 1000;
  const says = (index: number) =>
    `${day(time(index), now)} ${clock(time(index))}: ${many(is[index] ?? 0, "call")}, ${count(was[index] ?? 0)} in the period before`;
  const last = time(half - 1);
  return (
    <div className="calls">
      <p className="row">
        <span className="grow">{told(own, calls.period)}</span>
        <ChangeMark
          change={calls.is_covered ? changed(own, instant(firstSeen), middle) : "not_evaluated"}
          calls={own}
          period={calls.period}
        />
      </p>
      <div
        className="plot"
        role="slider"
        tabIndex={0}
        aria-label="Calls over time"
        aria-valuemin={0}
        aria-valuemax={half - 1}
        aria-valuenow={at ?? 0}
        aria-valuetext={at === undefined ? "Arrow keys walk through time" : says(at)}
        onKeyDown={onKey}
        onMouseMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(within(Math.floor(((event.clientX - box.left) / box.width) * half)));
        }}
        onMouseLeave={() => setAt(undefined)}
      >
        <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" aria-hidden="true">
          {is.map((size, index) => (
            <rect
              key={time(index)}
              className={index === at ? "on" : ""}
              x={(index * WIDTH) / half + 1}
              width={WIDTH / half - 2}
              y={HEIGHT - (size / most) * HEIGHT}
              height={size === 0 ? 0 : Math.max(2, (size / most) * HEIGHT)}
            />
          ))}
          <path
            className="was"
            transform={`translate(${WIDTH / half / 2})`}
            d={line(was, most, WIDTH - WIDTH / half, HEIGHT)}
          />
          <path className="base" d={`M0 ${HEIGHT}H${WIDTH}`} />
        </svg>
      </div>
      <p className="row small t3" aria-hidden="true">
        {at === undefined ? (
          <>
            <span className="grow">
              {day(middle, now)} {clock(middle)}
            </span>
            <span className="grow">
              at most {count(most)} in {span(calls.seconds * 1000)}
            </span>
            <span>
              {day(last, now)} {clock(last)}
            </span>
          </>
        ) : (
          says(at)
        )}
      </p>
      {!calls.is_covered && <Since calls={calls} />}
    </div>
  );
}

/** How far back calls were counted, where that is not far enough. */
function Since({ calls }: { calls: EndpointCalls }) {
  const now = useNow();
  const since = instant(calls.counted_since);
  return (
    <p className="small since">
      <Sign certainty="unevaluated">
        {since === undefined
          ? "No call was counted yet"
          : `Counted since ${day(since, now)}, ${clock(since)}: what was in the ${lasting(calls.period)} before is not known whole`}
      </Sign>
    </p>
  );
}

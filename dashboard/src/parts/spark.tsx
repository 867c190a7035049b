import { useCallsInView } from "../api/calls.ts";
import { line, type Period, told } from "../words/calls.ts";

const WIDTH = 36;
const HEIGHT = 12;

/** How an endpoint was called in a period: solid; and, where both are compared, dotted in the one before. */
export function Spark({ id, period, compared }: { id: string; period: Period; compared?: boolean }) {
  const calls = useCallsInView(id, period);
  const buckets = calls?.buckets ?? [];
  const middle = buckets.length / 2;
  const [before, now] = [buckets.slice(0, middle), buckets.slice(middle)];
  const most = Math.max(0, ...(compared ? buckets : now));
  // Nothing is quieter than a line of nothing.
  if (calls && most === 0) return null;
  return (
    <svg
      className="spark"
      viewBox={`-1 -1 ${WIDTH + 2} ${HEIGHT + 2}`}
      role="img"
      aria-label={calls ? told(calls, period) : "Not read yet"}
    >
      {calls && <title>{told(calls, period)}</title>}
      {compared && <path className="was" d={line(before, most, WIDTH, HEIGHT)} />}
      <path d={line(now, most, WIDTH, HEIGHT)} />
    </svg>
  );
}

import type { MeasuredRate } from "../api/shapes.ts";
import { count, many } from "../words/numbers.ts";
import { absolute } from "../words/time.ts";
import { visible } from "../words/visible.ts";

/** How often callers asked where a rate limit applies, and the numbers that would fit them. */
export function MeasuredRates({ rates }: { rates: MeasuredRate[] }) {
  const seen = rates.filter((rate) => rate.callers > 0);
  const [first] = seen;
  if (!first) return null;
  return (
    <details>
      <summary>What callers ask</summary>
      {seen.map((rate) => (
        <p className="prose" key={`${rate.rate} ${rate.tier ?? ""}`}>
          <b>{visible(rate.rate, 80)}</b>
          {rate.tier != null && ` tier ${rate.tier}`}, in {many(rate.period_seconds, "second")}, of{" "}
          {many(rate.callers, "caller")}: half asked at most {count(rate.p50)}, 9 in 10 at most{" "}
          {count(rate.p90)}, 99 in 100 at most {count(rate.p99)}, the busiest {count(rate.most)}.{" "}
          <Proposal rate={rate} />
        </p>
      ))}
      <p className="small t3">
        Most that a caller asked in a period, since {absolute(Date.parse(first.since))}.
      </p>
    </details>
  );
}

function Proposal({ rate }: { rate: MeasuredRate }) {
  const { proposed } = rate;
  if (!proposed) return <>Nothing is proposed yet: that takes 100 callers and ten periods.</>;
  const { requests, burst, callers_beyond: beyond } = proposed;
  return (
    <>
      Proposed:{" "}
      <code>
        requests: {requests}, period_seconds: {rate.period_seconds}, burst: {burst}
      </code>{" "}
      – twice what 99 in 100 never exceeded.{" "}
      {beyond === 0 ? "Nobody has asked more." : `${many(beyond, "caller")} asked more at some time.`}
    </>
  );
}

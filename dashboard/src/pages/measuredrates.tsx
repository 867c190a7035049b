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
      <table>
        <thead>
          <tr>
            <th>Rate</th>
            <th className="num">Half of them</th>
            <th className="num">9 in 10</th>
            <th className="num">99 in 100</th>
            <th className="num">Most</th>
          </tr>
        </thead>
        <tbody>
          {seen.map((rate) => (
            <tr key={`${rate.rate} ${rate.tier ?? ""}`}>
              <td>
                {visible(rate.rate, 80)}
                {rate.tier != null && <span className="t3"> tier {rate.tier}</span>}
                <span className="sub">
                  in {many(rate.period_seconds, "second")}, {many(rate.callers, "caller")}
                </span>
              </td>
              <td className="num">{count(rate.p50)}</td>
              <td className="num">{count(rate.p90)}</td>
              <td className="num">{count(rate.p99)}</td>
              <td className="num">{count(rate.most)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {seen.map((rate) => (
        <Proposal key={`${rate.rate} ${rate.tier ?? ""}`} rate={rate} />
      ))}
      <p className="small t3">
        Most that a caller asked in a period, since {absolute(Date.parse(first.since))}.
      </p>
    </details>
  );
}

function Proposal({ rate }: { rate: MeasuredRate }) {
  const { proposed } = rate;
  if (!proposed)
    return (
      <p className="prose">
        Nothing is proposed for {visible(rate.rate, 80)} yet: that takes 100 callers and ten periods.
      </p>
    );
  const { requests, burst, callers_beyond: beyond } = proposed;
  return (
    <p className="prose">
      Proposed:{" "}
      <code>
        requests: {requests}, period_seconds: {rate.period_seconds}, burst: {burst}
      </code>{" "}
      – twice what 99 in 100 callers never exceeded.{" "}
      {beyond === 0 ? "Nobody has asked more." : `${many(beyond, "caller")} asked more at some time.`}
    </p>
  );
}

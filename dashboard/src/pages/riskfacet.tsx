import { useAddress } from "../shell/search.ts";
import { STEP } from "../words/inventory.ts";
import { many } from "../words/numbers.ts";

/** How risky they are, in steps of twenty; one step and all above it can be chosen. */
export function RiskFacet({ steps }: { steps: number[] }) {
  const { first, set } = useAddress();
  const from = Number(first("min_risk") ?? 0);
  const most = Math.max(1, ...steps);
  const choose = (least: number) =>
    set("min_risk", least === 0 || from === least ? undefined : String(least));
  return (
    <section>
      <h3>Risk</h3>
      <div className="histo">
        {steps.map((size, step) => (
          <button
            key={step}
            type="button"
            className={from > 0 && step * STEP >= from ? "in" : ""}
            title={`${step * STEP} – ${step === 4 ? 100 : step * STEP + STEP - 1}: ${many(size, "endpoint")}`}
            aria-label={`Risk from ${step * STEP}: ${many(size, "endpoint")} in this step`}
            aria-pressed={from === step * STEP}
            onClick={() => choose(step * STEP)}
          >
            {/* The root, so that a few risky ones are still seen beside thousands of others. */}
            <i style={{ height: `${size === 0 ? 0 : Math.max(6, Math.sqrt(size / most) * 100)}%` }} />
          </button>
        ))}
      </div>
      <div className="row">
        <span>0</span>
        <span>{from > 0 ? `${from} – 100` : "100"}</span>
      </div>
    </section>
  );
}

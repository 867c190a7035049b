import type { EndpointRow } from "../api/rows.ts";
import { Dialog } from "../parts/dialog.tsx";
import { AuthWords, DataClass, Hostile, Operation, StateChip } from "../parts/marks.tsx";
import { Ledger, Pairs } from "../parts/panels.tsx";
import { Time } from "../parts/words.tsx";
import { useKeys } from "../shell/keys.ts";
import { count } from "../words/numbers.ts";

/** An endpoint beside its list. */
export function Peek({ row, close, open }: { row: EndpointRow; close: () => void; open: () => void }) {
  useKeys({});
  return (
    <Dialog title={<Operation endpoint={row} />} close={close} className="drawer">
      <div className="body" onKeyDown={(event) => event.key === " " && close()}>
        <Pairs
          items={[
            ["Host", <Hostile key="host" text={row.host} />],
            ["State", <StateChip key="state" endpoint={row} />],
            ["Access", row.access],
            ["Owner", row.owner === null ? "not known" : <Hostile key="owner" text={row.owner} />],
            ["Authentication", <AuthWords key="auth" endpoint={row} />],
            ["Requests", count(row.requests)],
            ["Actors", count(row.actors)],
            ["Last seen", <Time key="seen" at={row.last_seen} ago />],
          ]}
        />
        {row.data_classes.length > 0 && (
          <span className="dcs wrap">
            {[...new Set(row.data_classes.map((one) => one.class))].map((name) => (
              <DataClass key={name} name={name} />
            ))}
          </span>
        )}
        <Ledger factors={row.risk.factors} score={row.risk.score} name="Risk" />
      </div>
      <footer>
        <button type="button" className="btn" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
        <button type="button" className="btn primary" onClick={open}>
          Open endpoint
        </button>
      </footer>
    </Dialog>
  );
}

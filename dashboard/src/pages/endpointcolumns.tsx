// The columns of the inventory.
import { useCallsInView } from "../api/calls.ts";
import { AuthWords, DataClasses, Hostile, Method, Path, RiskMark, Sign, StateChip } from "../parts/marks.tsx";
import type { Column } from "../parts/rows.tsx";
import { Spark } from "../parts/spark.tsx";
import { Time } from "../parts/words.tsx";
import {
  type Calls,
  CHANGES,
  type Change,
  changed,
  lasting,
  type Period,
  ratio,
  told,
} from "../words/calls.ts";
import type { InventoryRow } from "../words/inventory.ts";
import { placeOf, verbAndName } from "../words/names.ts";
import { count } from "../words/numbers.ts";
import { instant } from "../words/time.ts";

type Of = Column<InventoryRow>;

/** Which calls are looked at. */
export interface Frame {
  period: Period;
  /** Beside those of the period before. */
  compared: boolean;
  /** Where the period begins, once it is known; undefined too when nobody counted for so long. */
  middle: number | undefined;
}

const ACTORS: Of = {
  name: "actors",
  title: "Actors",
  width: "46px",
  numeric: true,
  spare: 1540,
  cell: (row) => count(row.actors),
};

const FOUND: Of = {
  name: "found",
  title: "Found",
  width: "52px",
  numeric: true,
  sort: "first_seen",
  down: true,
  cell: (row) => (
    <span className="t2">
      <Time at={row.first_seen} />
    </span>
  ),
};

/** Where there is little room, the verb stands before the name. */
function Name({ row }: { row: InventoryRow }) {
  const { verb, name } = verbAndName(placeOf(row));
  return (
    <>
      <span className="folded">
        <Method name={verb} />
      </span>
      <Path path={name} />
    </>
  );
}

const METHOD: Of = {
  name: "method",
  title: "Method",
  width: "46px",
  cell: (row) => <Method name={verbAndName(placeOf(row)).verb} />,
};

const PATH: Of = {
  name: "path",
  title: "Path",
  width: "minmax(140px, 1fr)",
  narrow: "keep",
  cell: (row) => <Name row={row} />,
};

/** Where rows do not stand under their host, it stands under the path. */
const PATH_AND_HOST: Of = {
  ...PATH,
  cell: (row) => (
    <>
      <Name row={row} />
      <span className="sub">
        <Hostile text={placeOf(row).operation ? row.host + row.path : row.host} most={80} />
      </span>
    </>
  ),
};

const STATE: Of = {
  name: "state",
  title: "State",
  width: "82px",
  cell: (row) => <StateChip endpoint={row} />,
};

const AUTH: Of = {
  name: "auth",
  title: "Auth",
  width: "92px",
  spare: 980,
  cell: (row) => <AuthWords endpoint={row} />,
};

const DATA: Of = {
  name: "data",
  title: "Data it carries",
  width: "132px",
  cell: (row) => <DataClasses names={row.data_classes.map((one) => one.class)} room={17} />,
};

const OWNER: Of = {
  name: "owner",
  title: "Owner",
  width: "80px",
  spare: 1380,
  cell: (row) =>
    row.owner === null ? <span className="t3">–</span> : <Hostile text={row.owner} most={60} />,
};

const REQUESTS: Of = {
  name: "requests",
  title: "Requests",
  width: "64px",
  numeric: true,
  sort: "requests",
  down: true,
  cell: (row) => count(row.requests),
};

const RISK: Of = {
  name: "risk",
  title: "Risk",
  width: "78px",
  sort: "risk",
  down: true,
  cell: (row) => <RiskMark score={row.risk.score} />,
};

const SEEN: Of = {
  name: "seen",
  title: "Seen",
  width: "52px",
  numeric: true,
  sort: "last_seen",
  down: true,
  spare: 1380,
  cell: (row) => (
    <span className="t2">
      <Time at={row.last_seen} />
    </span>
  ),
};

/** The columns for a list that is grouped or not, and of which calls or of all requests. */
export function columnsOf(of: {
  withHost: boolean;
  /** The server sorts, and knows neither actors nor periods. */
  large: boolean;
  sort: string;
  frame: Frame | undefined;
}): Of[] {
  const { frame, large } = of;
  const sorted = (column: Of, sort: string): Of => (large ? column : { ...column, sort, down: true });
  const requests = frame ? [sorted(callsIn(frame), "calls")] : [REQUESTS];
  const change = frame?.compared ? [sorted(changeIn(frame), "change")] : [];
  return [
    METHOD,
    of.withHost ? PATH_AND_HOST : PATH,
    STATE,
    AUTH,
    DATA,
    // Beside calls of a period there is no room for it.
    ...(frame ? [] : [OWNER]),
    ...requests,
    // There is room for one of them; where rows fold, for the change or the risk.
    ...(change.length > 0
      ? [...change, RISK]
      : [sorted(ACTORS, "actors"), { ...RISK, narrow: "keep" as const }]),
    // Who sorts by when they were found sees when that was.
    of.sort.endsWith("first_seen") ? FOUND : SEEN,
  ];
}

const callsIn = (frame: Frame): Of => ({
  name: "calls",
  title: `Requests, ${lasting(frame.period)}`,
  width: "108px",
  numeric: true,
  cell: (row) => <CallsCell row={row} frame={frame} />,
});

const changeIn = (frame: Frame): Of => ({
  name: "change",
  title: "Change",
  width: "76px",
  spare: 980,
  narrow: "keep",
  cell: (row) => <ChangeCell row={row} frame={frame} />,
});

function CallsCell({ row, frame }: { row: InventoryRow; frame: Frame }) {
  const seen = useCallsInView(row.id, frame.period);
  const calls = row.calls ?? seen;
  return (
    <span className="called">
      <Spark id={row.id} period={frame.period} compared={frame.compared} />
      {calls && <span className={calls.now === 0 ? "t3" : ""}>{count(calls.now)}</span>}
    </span>
  );
}

function ChangeCell({ row, frame }: { row: InventoryRow; frame: Frame }) {
  const seen = useCallsInView(row.id, frame.period);
  const calls = row.calls ?? seen;
  if (!calls) return null;
  const change =
    frame.middle === undefined ? "not_evaluated" : changed(calls, instant(row.first_seen), frame.middle);
  return <ChangeMark change={change} calls={calls} period={frame.period} />;
}

/** What became of the calls: in words where a number says nothing. */
export function ChangeMark(props: { change: Change; calls: Calls; period: Period }) {
  const { change, calls } = props;
  const title = `${CHANGES[change]}: ${told(calls, props.period)}`;
  if (change === "not_evaluated") return <Sign certainty="unevaluated">unknown</Sign>;
  if (change === "not_called") return <span className="t3">–</span>;
  const isNumber = change === "more" || change === "fewer" || change === "same";
  return (
    <span title={title} className={change === "same" ? "t3" : "stands-out"}>
      {isNumber ? ratio(calls) : CHANGES[change]}
    </span>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { resource, useAble, useSession } from "../api/queries.ts";
import type { AuditEntry, Role } from "../api/shapes.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Export, ListPanel } from "../parts/list.tsx";
import { Hostile } from "../parts/marks.tsx";
import { Pairs } from "../parts/panels.tsx";
import type { Column } from "../parts/rows.tsx";
import { Empty, Time } from "../parts/words.tsx";
import { named, useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { absolute, instant } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { HealthPanels } from "./health.tsx";
import { Kept } from "./kept.tsx";
import { Password } from "./password.tsx";
import { Tokens, Users } from "./people.tsx";

const ORDER: Role[] = ["viewer", "analyst", "operator", "admin"];
const TABS: { name: string; words: string; least: Role }[] = [
  { name: "health", words: "Health", least: "viewer" },
  { name: "you", words: "You", least: "viewer" },
  { name: "users", words: "Users", least: "admin" },
  { name: "configuration", words: "Sources and retention", least: "operator" },
  { name: "audit", words: "Audit log", least: "admin" },
];

export function Settings() {
  useCrumbs("Settings");
  const { first, set } = useAddress();
  const session = useSession();
  const may = (least: Role) => session !== undefined && ORDER.indexOf(session.role) >= ORDER.indexOf(least);
  const configured = useAble("GET", "/configuration");
  const tabs = TABS.filter((tab) => may(tab.least) && (tab.name !== "configuration" || configured));
  const now = tabs.find((tab) => tab.name === first("tab"))?.name ?? "health";
  return (
    <>
      <div className="page-head">
        <h1>Settings</h1>
        {session && named(session) && (
          <span className="small t3">
            {session.organisation}, {session.environment}
          </span>
        )}
      </div>
      <nav className="views" aria-label="Sections">
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            className="view"
            aria-current={tab.name === now}
            onClick={() => set("tab", tab.name)}
          >
            {tab.words}
          </button>
        ))}
      </nav>
      {now === "health" && <HealthPanels />}
      {now === "you" && (
        <div className="grid g-2">
          <Password />
          <Tokens />
        </div>
      )}
      {now === "users" && <Users />}
      {now === "configuration" && <Kept />}
      {now === "audit" && <Audit />}
    </>
  );
}

const ENTRIES: Column<AuditEntry>[] = [
  {
    name: "number",
    title: "No",
    width: "64px",
    numeric: true,
    sort: "sequence",
    down: true,
    cell: (row) => <span className="mono t3">{row.sequence}</span>,
  },
  {
    name: "when",
    title: "When",
    width: "64px",
    narrow: "keep",
    cell: (row) => (
      <span className="t3">
        <Time at={row.time} />
      </span>
    ),
  },
  { name: "who", title: "Who", width: "120px", narrow: "keep", cell: (row) => visible(row.who, 60) },
  { name: "what", title: "What", width: "200px", narrow: "first", cell: (row) => visible(row.action, 80) },
  {
    name: "of",
    title: "Of",
    width: "minmax(160px, 1fr)",
    narrow: "full",
    cell: (row) => (
      <span title={visible(`${row.subject} ${row.details}`, 600)}>
        <Hostile text={row.subject} most={120} />{" "}
        {row.details && (
          <span className="t3">
            <Hostile text={row.details} most={200} />
          </span>
        )}
      </span>
    ),
  },
];

const EVERYTHING = {};

function Audit() {
  const head = useQuery(resource<{ sequence: number }>("/audit/head"));
  const [shown, setShown] = useState<AuditEntry>();
  return (
    <>
      <div className="page-head">
        <span className="small t3">everything that changed security, chained by keyed hashes</span>
        <span className="acts">
          <Export path="/audit" query={EVERYTHING} order="-sequence" total={head.data?.sequence} />
        </span>
      </div>
      <ListPanel
        path="/audit"
        query={EVERYTHING}
        order="-sequence"
        label="Audit log"
        noun="entry"
        nouns="entries"
        total={head.data?.sequence}
        columns={ENTRIES}
        id={(row) => String(row.sequence)}
        open={setShown}
        narrowHeight={76}
        empty={<Empty title="Nothing was changed yet" />}
      />
      {shown && <Entry entry={shown} close={() => setShown(undefined)} />}
    </>
  );
}

/** One entry with all its facts. */
function Entry({ entry, close }: { entry: AuditEntry; close: () => void }) {
  const at = instant(entry.time);
  return (
    <Dialog title={visible(entry.action, 80)} close={close} className="drawer">
      <div className="body">
        <Pairs
          items={[
            ["Number", String(entry.sequence)],
            ["Time", at === undefined ? "–" : absolute(at)],
            ["Who", visible(entry.who, 100)],
            ["Of", <Hostile key="of" text={entry.subject} most={400} />],
          ]}
        />
        {entry.details && (
          <pre className="code wraps">
            <Hostile text={entry.details} most={4000} />
          </pre>
        )}
      </div>
      <footer>
        <button type="button" className="btn primary" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
      </footer>
    </Dialog>
  );
}

import { Link } from "@tanstack/react-router";
import type { Changes, Overview } from "../api/figures.ts";
import { useSession } from "../api/queries.ts";
import { lastVisit } from "../api/visit.ts";
import { Panel } from "../parts/panels.tsx";
import { Empty, Time } from "../parts/words.tsx";
import { many } from "../words/numbers.ts";

interface Item {
  sign: string;
  size: number;
  words: string;
  to: "/inventory" | "/findings" | "/incidents" | "/policies";
  search: Record<string, string>;
}

/** What came, changed or went, as links to it. */
const changed = (changes: Changes): Item[] => [
  {
    sign: "!",
    size: changes.new_incidents,
    words: many(changes.new_incidents, "new incident"),
    to: "/incidents",
    search: { sort: "-last_seen" },
  },
  {
    sign: "!",
    size: changes.new_findings,
    words: many(changes.new_findings, "new finding"),
    to: "/findings",
    search: { sort: "-first_seen" },
  },
  {
    sign: "↺",
    size: changes.reopened_findings,
    words: `${many(changes.reopened_findings, "finding")} came back`,
    to: "/findings",
    search: { state: "open", sort: "-last_seen" },
  },
  {
    sign: "✓",
    size: changes.fixed_findings,
    words: `${many(changes.fixed_findings, "finding")} fixed`,
    to: "/findings",
    search: { state: "fixed", sort: "-last_seen" },
  },
  {
    sign: "+",
    size: changes.new_endpoints,
    words: many(changes.new_endpoints, "new endpoint"),
    to: "/inventory",
    search: { sort: "-first_seen" },
  },
  {
    sign: "~",
    size: changes.changed_endpoints,
    words: `${many(changes.changed_endpoints, "endpoint")} changed`,
    to: "/inventory",
    search: { sort: "-last_seen" },
  },
];

/** What waits, whenever it came. */
const waiting = ({ counts, server }: Overview): Item[] => [
  {
    sign: "?",
    size: counts.provisional,
    words: `${many(counts.provisional, "endpoint")} still provisional`,
    to: "/inventory",
    search: { confirmed: "false" },
  },
  {
    sign: "■",
    size: server?.exchanges.refused_by_policies ?? 0,
    words: `${many(server?.exchanges.refused_by_policies ?? 0, "request")} refused by policies`,
    to: "/policies",
    search: {},
  },
  {
    sign: "□",
    size: server?.exchanges.policies_would_refuse ?? 0,
    words: `${many(server?.exchanges.policies_would_refuse ?? 0, "request")} would have been refused by rules in monitor mode`,
    to: "/policies",
    search: { mode: "monitor" },
  },
];

/** What changed since one was last here, and what waits. */
export function News({ overview }: { overview: Overview }) {
  const session = useSession();
  const since = session && lastVisit(session);
  const news = overview.changes ? changed(overview.changes).filter(({ size }) => size > 0) : [];
  const rest = waiting(overview).filter(({ size }) => size > 0);
  return (
    <Panel title="Since your last visit" end={since ? <Time at={since} ago /> : "this is your first"}>
      {news.length > 0 ? (
        <Feed items={news} />
      ) : (
        since && rest.length > 0 && <p className="feed-none">Nothing new since then.</p>
      )}
      {rest.length > 0 && (
        <>
          <h3 className="feed-head">{overview.server ? "Waiting, and since the server began" : "Waiting"}</h3>
          <Feed items={rest} />
        </>
      )}
      {news.length + rest.length === 0 && <Empty title="Nothing new" />}
    </Panel>
  );
}

function Feed({ items }: { items: Item[] }) {
  return (
    <ul className="feed news">
      {items.map(({ sign, words, to, search }) => (
        <li key={words}>
          <span className="mono t3" aria-hidden="true">
            {sign}
          </span>
          <Link to={to} search={search}>
            {words}
          </Link>
        </li>
      ))}
    </ul>
  );
}

import { Link } from "@tanstack/react-router";
import { useFindings, useInventory, useSession } from "../api/queries.ts";
import type { Overview } from "../api/shapes.ts";
import { Panel } from "../parts/panels.tsx";
import { Empty, Time } from "../parts/words.tsx";
import { many } from "../words/numbers.ts";

interface Item {
  sign: string;
  size: number;
  words: (size: number) => string;
  to: "/inventory" | "/findings" | "/policies";
  search: Record<string, string>;
}

/** What came since one was last here, and what waits, as links to it. */
export function News({ overview }: { overview: Overview }) {
  const session = useSession();
  const endpoints = useInventory();
  const findings = useFindings();
  const since = session?.last_login ?? "";
  // Counted once all were read: a number that grows while one looks at it is none.
  const fresh = (list: { items: { first_seen: string | null }[] | undefined; complete: boolean }) =>
    since === "" || !list.complete
      ? 0
      : (list.items ?? []).filter((row) => (row.first_seen ?? "") > since).length;
  const exchanges = overview.server?.exchanges;
  const items: Item[] = [
    {
      sign: "+",
      size: fresh(endpoints),
      words: (size) => many(size, "new endpoint"),
      to: "/inventory",
      search: { sort: "-last_seen" },
    },
    {
      sign: "!",
      size: fresh(findings),
      words: (size) => many(size, "new finding"),
      to: "/findings",
      search: {},
    },
    {
      sign: "?",
      size: overview.counts.provisional,
      words: (size) => `${many(size, "endpoint")} still provisional`,
      to: "/inventory",
      search: { confirmed: "false" },
    },
    {
      sign: "■",
      size: exchanges?.refused_by_policies ?? 0,
      words: (size) => `${many(size, "request")} refused by policies`,
      to: "/policies",
      search: {},
    },
    {
      sign: "□",
      size: exchanges?.policies_would_refuse ?? 0,
      words: (size) => `${many(size, "request")} would have been refused by rules in monitor mode`,
      to: "/policies",
      search: { mode: "monitor" },
    },
  ];
  const shown = items.filter(({ size }) => size > 0);
  return (
    <Panel
      title="Since your last visit"
      end={session?.last_login ? <Time at={session.last_login} ago /> : "first visit"}
    >
      {shown.length === 0 ? (
        <Empty title="Nothing new" />
      ) : (
        <ul className="feed news">
          {shown.map(({ sign, size, words, to, search }) => (
            <li key={sign}>
              <span className="mono t3" aria-hidden="true">
                {sign}
              </span>
              <Link to={to} search={search}>
                {words(size)}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { resource, useAble, useSession } from "../api/queries.ts";
import type { AuditEntry, Configuration, Page, Role } from "../api/shapes.ts";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { HealthPanels } from "./health.tsx";
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
        {session && (
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
      {now === "configuration" && <ConfigurationPanel />}
      {now === "audit" && <Audit />}
    </>
  );
}

/** The configuration that holds, as it is written; secrets are references. */
function ConfigurationPanel() {
  const configuration = useQuery(resource<Configuration>("/configuration"));
  return (
    <Panel
      title="Configuration that holds"
      sub="sources, sinks, retention, policies; changed in the file, never here"
      end={configuration.data && <Copy text={configuration.data.yaml} label="Copy the configuration" />}
    >
      <Ready of={configuration} rows={10}>
        {(it) => (
          <div className="pb">
            <pre className="code">
              {it.yaml.split("\n").map((line, index) => (
                <Fragment key={index}>
                  <Hostile text={line} />
                  {"\n"}
                </Fragment>
              ))}
            </pre>
          </div>
        )}
      </Ready>
    </Panel>
  );
}

/** Most entries that are shown. */
const SHOWN = 500;

function Audit() {
  const head = useQuery(resource<{ sequence: number }>("/audit/head"));
  const last = head.data?.sequence ?? 0;
  // The last ones: the API reads from the first on.
  const audit = useQuery({
    ...resource<Page<AuditEntry>>("/audit", { behind: Math.max(0, last - SHOWN), most: SHOWN }),
    enabled: head.data !== undefined,
  });
  return (
    <Panel
      title="Audit log"
      sub="everything that changed security, chained by keyed hashes"
      end={
        head.data && (last > SHOWN ? `the last ${SHOWN} of ${count(last)}` : many(last, "entry", "entries"))
      }
    >
      <Ready
        of={head.error ? { ...audit, error: head.error, isPending: false, refetch: head.refetch } : audit}
        rows={8}
      >
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="Nothing was changed yet" />
          ) : (
            <table className="fold">
              <thead>
                <tr>
                  <th className="num">No</th>
                  <th>When</th>
                  <th>Who</th>
                  <th>What</th>
                  <th>Of</th>
                </tr>
              </thead>
              <tbody>
                {page.items.toReversed().map((entry) => (
                  <tr key={entry.sequence}>
                    <td className="num mono t3 f-hide">{entry.sequence}</td>
                    <td className="t3">
                      <Time at={entry.time} />
                    </td>
                    <td>{visible(entry.who, 60)}</td>
                    <td className="f-first">{visible(entry.action, 80)}</td>
                    <td className="f-full breaks">
                      <Hostile text={entry.subject} most={120} />{" "}
                      {entry.details && (
                        <span className="t3">
                          <Hostile text={entry.details} most={200} />
                        </span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Ready>
    </Panel>
  );
}

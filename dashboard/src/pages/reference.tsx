import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { lasting, useChecks, useDetectors } from "../api/queries.ts";
import type { DataClassItem, Page, ReferenceItem } from "../api/shapes.ts";
import { About, inline } from "../parts/doc.tsx";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { DataClass, Sev, Sure } from "../parts/marks.tsx";
import { Empty, Ready } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { replace } from "../words/address.ts";
import { capital, spaced } from "../words/names.ts";

interface Entry {
  code: string;
  title: string;
  text: string;
  show: () => ReactNode;
}

const ofItem = (item: ReferenceItem): Entry => ({
  code: item.code,
  title: item.title,
  text: `${item.code} ${item.name} ${item.title} ${String(item.owasp ?? "")} ${item.cwe.join(" ")}`,
  show: () => (
    <>
      <div className="row wrap">
        <Sev severity={item.severity} />
        <Sure confidence={item.confidence} />
        <span className="plain mono">
          {item.code} · {item.name}
        </span>
      </div>
      <h1>{item.title}</h1>
      <About item={item} />
    </>
  ),
});

const ofClass = (item: DataClassItem): Entry => ({
  code: item.name,
  title: item.title,
  text: `${item.name} ${item.title} ${item.group}`,
  show: () => (
    <>
      <div className="row wrap">
        <DataClass name={item.name} />
        <span className="chip">{capital(spaced(item.group))}</span>
        {item.is_custom && <span className="chip">From the configuration</span>}
        {item.family !== item.name && <span className="plain">a kind of {item.family}</span>}
        {item.sensitive && <span className="plain">its exposure is serious by itself</span>}
      </div>
      <h1>{item.title}</h1>
      <p className="prose">{inline(item.what)}</p>
    </>
  ),
});

/** Checks, detectors and data classes of this version, as they describe themselves. */
export function Reference() {
  useCrumbs("Reference");
  const { first } = useAddress();
  const code = first("code") ?? "";
  const kind =
    first("kind") ??
    (code.startsWith("BZ-D") ? "detectors" : code === "" || code.startsWith("BZ-") ? "checks" : "classes");
  const checks = useChecks();
  const detectors = useDetectors();
  const classes = useQuery(lasting<Page<DataClassItem>>("/reference/classes"));
  return (
    <>
      <div className="page-head">
        <h1>Reference</h1>
        <span className="small t3">what this version looks for, why, and how to fix it</span>
      </div>
      <div className="toolbar">
        <FilterBar names={{}} hint="code, title, OWASP, CWE…" />
        <Segments
          label="Kind"
          name="kind"
          now={kind}
          options={[
            ["checks", "Checks"],
            ["detectors", "Detectors"],
            ["classes", "Data classes"],
          ]}
        />
      </div>
      {kind === "classes" ? (
        <Ready of={classes} rows={12}>
          {(page) => <Entries entries={page.items.map(ofClass)} />}
        </Ready>
      ) : (
        <Ready of={kind === "detectors" ? detectors : checks} rows={12}>
          {(page) => <Entries entries={page.items.map(ofItem)} />}
        </Ready>
      )}
    </>
  );
}

function Entries({ entries }: { entries: Entry[] }) {
  const { search, first, go } = useAddress();
  const code = first("code");
  const words = (first("q") ?? "").toLowerCase();
  const shown = entries.filter((entry) => entry.text.toLowerCase().includes(words));
  const chosen = shown.find((entry) => entry.code === code) ?? shown[0];
  useEffect(() => {
    if (code) document.getElementById(`item-${code}`)?.scrollIntoView({ block: "nearest" });
  }, [code]);
  if (!chosen) return <Empty title="Nothing has that name" />;
  return (
    <div className="refs">
      <nav className="panel" aria-label="Items">
        <ul>
          {shown.map((entry) => (
            <li key={entry.code} id={`item-${entry.code}`}>
              <button
                type="button"
                aria-current={entry === chosen}
                onClick={() => go(replace(search, "code", entry.code))}
              >
                <span className="mono t3">{entry.code}</span>
                <span>{entry.title}</span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <article className="panel">
        <div className="pb">{chosen.show()}</div>
      </article>
    </div>
  );
}

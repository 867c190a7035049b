import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { resource } from "../api/queries.ts";
import type { ReferenceItem } from "../api/shapes.ts";
import { Doc } from "../parts/doc.tsx";
import { FilterBar, Segments } from "../parts/filters.tsx";
import { Sev } from "../parts/marks.tsx";
import { Empty, Ready } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { useAddress } from "../shell/search.ts";
import { replace } from "../words/address.ts";

/** Checks, detectors and data classes of this version, as they describe themselves. */
export function Reference() {
  useCrumbs("Reference");
  const { search, first, go } = useAddress();
  const code = first("code");
  const kind = first("kind") ?? (code?.startsWith("BZ-D") ? "detectors" : "checks");
  const items = useQuery({
    ...resource<{ items: ReferenceItem[] }>(
      `/reference/${["checks", "detectors", "classes"].includes(kind) ? kind : "checks"}`,
    ),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const q = (first("q") ?? "").toLowerCase();
  useEffect(() => {
    if (code && items.data) document.getElementById(`item-${code}`)?.scrollIntoView({ block: "nearest" });
  }, [code, items.data]);
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
      <Ready of={items} rows={12}>
        {(list) => {
          const shown = list.items.filter(
            (item) =>
              !q ||
              `${item.code} ${item.name} ${item.title} ${(item.owasp ?? []).join(" ")} ${(item.cwe ?? []).join(" ")}`
                .toLowerCase()
                .includes(q),
          );
          const chosen = shown.find((item) => item.code === code) ?? shown[0];
          if (!chosen) return <Empty title="Nothing has that name" />;
          return (
            <div className="refs">
              <nav className="panel" aria-label="Items">
                <ul>
                  {shown.map((item) => (
                    <li key={item.code} id={`item-${item.code}`}>
                      <button
                        type="button"
                        aria-current={item === chosen}
                        onClick={() => go(replace(search, "code", item.code))}
                      >
                        <span className="mono t3">{item.code}</span>
                        <span>{item.title}</span>
                      </button>
                    </li>
                  ))}
                </ul>
              </nav>
              <article className="panel">
                <div className="pb">
                  <div className="row wrap">
                    {item_severity(chosen)}
                    <span className="plain mono">
                      {chosen.code}
                      {chosen.name !== chosen.code ? ` · ${chosen.name}` : ""}
                    </span>
                  </div>
                  <h1>{chosen.title}</h1>
                  <Doc text={chosen.documentation} />
                </div>
              </article>
            </div>
          );
        }}
      </Ready>
    </>
  );
}

const item_severity = (item: ReferenceItem) =>
  item.severity ? (
    <Sev severity={item.severity} />
  ) : item.group ? (
    <span className="chip">{item.group}</span>
  ) : null;

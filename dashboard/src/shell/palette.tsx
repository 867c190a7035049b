import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { select } from "../api/client.ts";
import { resource, useChecks } from "../api/queries.ts";
import type { Endpoint, PolicyRow } from "../api/shapes.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Icon, type IconName } from "../parts/icons.tsx";
import { Operation } from "../parts/marks.tsx";
import { useLater } from "../parts/words.tsx";
import { PLACES } from "./frame.tsx";
import { type Theme, useTheme } from "./theme.ts";

interface Hit {
  key: string;
  group: string;
  icon: IconName;
  words: ReactNode;
  end?: string;
  go: () => void;
}

const MEMBERS = ["id", "host", "method", "path", "protocol", "operation"] as const;

/** Goes to pages, endpoints, findings and policies, and runs commands, by their names. */
export function Palette({ close, showKeys }: { close: () => void; showKeys: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const words = useLater(text.trim(), 120);
  const hits = useHits(text.trim().toLowerCase(), words, showKeys);
  const list = useRef<HTMLDivElement>(null);
  const chosen = Math.min(at, hits.length - 1);
  useEffect(() => {
    list.current?.querySelector(`[data-hit="${chosen}"]`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    close();
    hit.go();
  };
  return (
    <Dialog title="Search or run a command" close={close} className="palette" bare>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="hits"
        aria-activedescendant={hits.length > 0 ? `hit-${chosen}` : undefined}
        aria-label="Search or run a command"
        placeholder="Endpoint, finding, policy, page or command"
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            setAt((chosen + step + hits.length) % Math.max(1, hits.length));
          }
          if (event.key === "Enter") go(hits[chosen]);
        }}
      />
      <div className="hits" id="hits" role="listbox" aria-label="Results" ref={list}>
        {hits.length === 0 && <p className="pb small t3">Nothing has that name.</p>}
        {hits.map((hit, index) => (
          <div key={hit.key} role="presentation">
            {hits[index - 1]?.group !== hit.group && <h3 role="presentation">{hit.group}</h3>}
            <div
              role="option"
              id={`hit-${index}`}
              data-hit={index}
              aria-selected={index === chosen}
              onMouseMove={() => setAt(index)}
              onClick={() => go(hit)}
            >
              <Icon name={hit.icon} />
              <span className="cut">{hit.words}</span>
              {hit.end && <span className="end nw">{hit.end}</span>}
            </div>
          </div>
        ))}
      </div>
    </Dialog>
  );
}

function useHits(text: string, asked: string, showKeys: () => void): Hit[] {
  const navigate = useNavigate();
  const [theme, choose] = useTheme();
  const enabled = asked.length > 1;
  const endpoints = useQuery({
    queryKey: ["palette", "endpoints", asked],
    queryFn: ({ signal }) =>
      select<Endpoint, (typeof MEMBERS)[number]>("/endpoints", MEMBERS, { path: asked, limit: 6 }, signal),
    enabled,
  });
  const checks = useChecks();
  const policies = useQuery({ ...resource<{ items: PolicyRow[] }>("/policies"), enabled });
  return useMemo(() => {
    const hits: Hit[] = [];
    const add = (hit: Hit) => hits.push(hit);
    for (const place of PLACES) {
      if (!place.name.toLowerCase().includes(text)) continue;
      add({
        key: place.to,
        group: "Go to",
        icon: place.icon,
        words: place.name,
        end: `G ${place.letter.toUpperCase()}`,
        go: () => navigate({ to: place.to }),
      });
    }
    if (enabled) {
      for (const one of endpoints.data?.items ?? []) {
        add({
          key: one.id,
          group: "Endpoints",
          icon: "list",
          words: <Operation endpoint={one} />,
          end: one.host,
          go: () => navigate({ to: "/inventory/$id", params: { id: one.id } }),
        });
      }
      for (const one of (checks.data?.items ?? [])
        .filter((item) => `${item.code} ${item.title}`.toLowerCase().includes(text))
        .slice(0, 5)) {
        add({
          key: one.code,
          group: "Findings of",
          icon: "findings",
          words: one.title,
          end: one.code,
          go: () => navigate({ to: "/findings", search: { code: one.code } }),
        });
      }
      for (const one of (policies.data?.items ?? [])
        .filter((policy) => policy.name.toLowerCase().includes(text))
        .slice(0, 4)) {
        add({
          key: `policy-${one.name}`,
          group: "Policies",
          icon: "policies",
          words: one.name,
          end: one.mode,
          go: () => navigate({ to: "/policies", search: { q: one.name } }),
        });
      }
    }
    const commands: [string, IconName, () => void][] = [
      [
        "Findings that nobody has looked at",
        "findings",
        () => navigate({ to: "/findings", search: { state: "open" } }),
      ],
      [
        "Endpoints that answer without credentials",
        "list",
        () => navigate({ to: "/inventory", search: { auth: "none_seen" } }),
      ],
      [
        "What would have been refused",
        "policies",
        () => navigate({ to: "/policies", search: { mode: "monitor" } }),
      ],
      ["Keyboard", "reference", showKeys],
      ...(["light", "dark", "system"] as Theme[])
        .filter((one) => one !== theme)
        .map((one): [string, IconName, () => void] => [
          `Theme: ${one}`,
          one === "dark" ? "moon" : one === "light" ? "sun" : "screen",
          () => choose(one),
        ]),
    ];
    for (const [words, icon, go] of commands) {
      if (words.toLowerCase().includes(text)) add({ key: words, group: "Do", icon, words, go });
    }
    return hits;
  }, [text, enabled, endpoints.data, checks.data, policies.data, navigate, theme, choose, showKeys]);
}

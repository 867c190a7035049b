// A long list: only the rows in view exist, the page scrolls, the keyboard walks.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useKeys } from "../shell/keys.ts";

export interface Column<T> {
  name: string;
  title: string;
  /** A track of a CSS grid. */
  width: string;
  numeric?: boolean;
  /** The word of the API's `sort`, and whether the largest comes first. */
  sort?: string;
  down?: boolean;
  /** Where it goes when there is little room; `hide` unless it says otherwise. */
  narrow?: "first" | "full" | "keep";
  cell: (item: T) => ReactNode;
}

export interface Selection {
  ids: ReadonlySet<string>;
  set: (ids: ReadonlySet<string>) => void;
}

interface Props<T> {
  label: string;
  items: T[];
  total: number;
  columns: Column<T>[];
  id: (item: T) => string;
  open: (item: T) => void;
  peek?: (item: T) => void;
  more?: (() => void) | undefined;
  height?: number;
  narrowHeight?: number;
  sort?: string | undefined;
  sortBy?: (sort: string) => void;
  selection?: Selection;
  group?: { of: (item: T) => string; head: (name: string) => ReactNode };
}

type Line<T> = { item: T } | { group: string } | undefined;

const narrowQuery = window.matchMedia("(max-width: 720px)");
const onNarrow = (listener: () => void) => {
  narrowQuery.addEventListener("change", listener);
  return () => narrowQuery.removeEventListener("change", listener);
};
export const useNarrow = () => useSyncExternalStore(onNarrow, () => narrowQuery.matches);

/** The lines to show: heads of groups between the items, and one for each that was not read yet. */
function lay<T>(items: T[], total: number, group: Props<T>["group"]): Line<T>[] {
  const lines: Line<T>[] = [];
  let before: string | undefined;
  for (const item of items) {
    const name = group?.of(item);
    if (group && name !== undefined && name !== before) {
      lines.push({ group: name });
      before = name;
    }
    lines.push({ item });
  }
  for (let missing = items.length; missing < total; missing++) lines.push(undefined);
  return lines;
}

export function Rows<T>(props: Props<T>) {
  const { items, total, columns, id, open, peek, more, selection, group } = props;
  const narrow = useNarrow();
  const height = narrow ? (props.narrowHeight ?? 60) : (props.height ?? 32);
  const lines = useMemo(() => lay(items, total, group), [items, total, group]);
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [at, setAt] = useState(0);
  const anchor = useRef<number>(undefined);
  useLayoutEffect(() => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY), []);

  const rows = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => (lines[index] && "group" in (lines[index] as object) ? 30 : height),
    overscan: 6,
    scrollMargin: top,
    scrollPaddingStart: 80,
    scrollPaddingEnd: 64,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes follow from these
  useEffect(() => rows.measure(), [lines, height]);
  const shown = rows.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && lastShown >= lines.length - (total - items.length) - 40) more();
  }, [more, lastShown, lines.length, total, items.length]);

  const itemAt = (index: number) => {
    const line = lines[index];
    return line && "item" in line ? line.item : undefined;
  };
  const focus = (index: number) => {
    setAt(index);
    rows.scrollToIndex(index, { align: "auto" });
    requestAnimationFrame(() =>
      body.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }),
    );
  };
  const walk = (step: number) => {
    const inside = body.current?.contains(document.activeElement);
    let next = inside ? at + step : at;
    while (next >= 0 && next < lines.length && itemAt(next) === undefined) next += step || 1;
    if (itemAt(next) !== undefined) focus(next);
  };
  const pick = (index: number, range: boolean) => {
    const item = itemAt(index);
    if (!selection || item === undefined) return false;
    const next = new Set(selection.ids);
    if (range && anchor.current !== undefined) {
      const [from, to] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      for (let line = from; line <= to; line++) {
        const one = itemAt(line);
        if (one !== undefined) next.add(id(one));
      }
    } else if (!next.delete(id(item))) next.add(id(item));
    anchor.current = index;
    selection.set(next);
  };
  const act = (handler: (item: T) => void) => () => {
    const item = itemAt(at);
    if (item === undefined || !body.current?.contains(document.activeElement)) return false;
    handler(item);
  };
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    ArrowDown: () => (body.current?.contains(document.activeElement) ? walk(1) : false),
    ArrowUp: () => (body.current?.contains(document.activeElement) ? walk(-1) : false),
    Enter: act(open),
    ...(peek ? { " ": act(peek) } : {}),
    ...(selection
      ? {
          x: () => pick(at, false),
          "shift+x": () => pick(at, true),
          "*": () => selection.set(new Set(items.map(id))),
          Escape: () => (selection.ids.size > 0 ? selection.set(new Set()) : false),
        }
      : {}),
  });

  const tracks = (selection ? "14px " : "") + columns.map((column) => column.width).join(" ");
  const style = { "--cols": narrow ? undefined : tracks, "--h": `${height}px` } as React.CSSProperties;
  const placed = (column: Column<T>) =>
    column.narrow === "keep" ? "" : column.narrow ? `f-${column.narrow}` : "f-hide";
  return (
    <div className="list" role="grid" aria-label={props.label} aria-rowcount={lines.length + 1} style={style}>
      <div className="lhead" role="row">
        {selection && (
          <span role="columnheader">
            <input
              type="checkbox"
              className="cb"
              aria-label="Select all that were read"
              checked={items.length > 0 && selection.ids.size >= items.length}
              ref={(box) => {
                if (box) box.indeterminate = selection.ids.size > 0 && selection.ids.size < items.length;
              }}
              onChange={() => selection.set(selection.ids.size > 0 ? new Set() : new Set(items.map(id)))}
            />
          </span>
        )}
        {columns.map((column) => (
          <Head key={column.name} column={column} sort={props.sort} sortBy={props.sortBy} />
        ))}
      </div>
      <div className="rows" role="rowgroup" ref={body} style={{ height: rows.getTotalSize() }}>
        {shown.map(({ index, start, key }) => {
          const line = lines[index];
          const place = { transform: `translateY(${start - top}px)` };
          if (line === undefined) {
            return (
              <div key={key} role="row" style={place} aria-busy="true" className="bars">
                <i style={{ width: "60%" }} />
              </div>
            );
          }
          if ("group" in line && group) {
            return (
              <div key={key} role="row" className="group" style={place}>
                <span role="gridcell">{group.head(line.group)}</span>
              </div>
            );
          }
          const { item } = line as { item: T };
          const selected = selection?.ids.has(id(item));
          return (
            <div
              key={key}
              role="row"
              data-index={index}
              aria-rowindex={index + 2}
              aria-selected={selected}
              tabIndex={index === at ? 0 : -1}
              style={place}
              onFocus={() => setAt(index)}
              onClick={(event) => {
                if ((event.target as Element).closest("a,button,input")) return;
                open(item);
              }}
            >
              {selection && (
                <span role="gridcell" className="f-hide">
                  <input
                    type="checkbox"
                    className="cb"
                    tabIndex={-1}
                    aria-label="Select"
                    checked={selected ?? false}
                    onChange={() => undefined}
                    onClick={(event) => pick(index, event.shiftKey)}
                  />
                </span>
              )}
              {columns.map((column) => (
                <span
                  key={column.name}
                  role="gridcell"
                  className={`${column.numeric ? "num" : ""} ${placed(column)}`}
                >
                  {column.cell(item)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Head<T>(props: {
  column: Column<T>;
  sort: string | undefined;
  sortBy: ((sort: string) => void) | undefined;
}) {
  const { column, sort, sortBy } = props;
  const down = sort === `-${column.sort}`;
  const up = column.sort !== undefined && sort === column.sort;
  const next = down ? column.sort : up ? `-${column.sort}` : `${column.down ? "-" : ""}${column.sort}`;
  return (
    <span
      role="columnheader"
      className={column.numeric ? "num" : ""}
      aria-sort={down ? "descending" : up ? "ascending" : undefined}
    >
      {column.sort && sortBy ? (
        <button type="button" onClick={() => next && sortBy(next)}>
          {column.title}
          {down ? " ↓" : up ? " ↑" : ""}
        </button>
      ) : (
        column.title
      )}
    </span>
  );
}

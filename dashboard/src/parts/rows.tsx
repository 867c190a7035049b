// A long list: only the rows in view exist, the page scrolls, the keyboard walks.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  memo,
  type ReactNode,
  type RefObject,
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
  /** It can be sorted this way only. */
  fixed?: boolean;
  /** The width of the window up to which it is left out. */
  spare?: number;
  /** Where it goes when rows fold; `hide` unless it says otherwise. */
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

const onResize = (listener: () => void) => {
  window.addEventListener("resize", listener);
  return () => window.removeEventListener("resize", listener);
};
/** Whether the window is at most so wide. */
const useWithin = (width: number) => useSyncExternalStore(onResize, () => window.innerWidth <= width);
export const useNarrow = () => useWithin(720);

/** The columns that there is room for; `styles/tables.css` folds rows at the same width. */
function useRoom<T>(columns: Column<T>[]) {
  const folded = useWithin(880);
  const width = useSyncExternalStore(onResize, () => Math.ceil(window.innerWidth / 20) * 20);
  const shown = useMemo(
    () => columns.filter(({ spare }) => folded || spare === undefined || width > spare),
    [columns, folded, width],
  );
  return { folded, shown };
}

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

/** The keys of a list: walking, opening, selecting. `at` is the line that has the focus, or had it last. */
function useWalk<T>(props: Props<T>, lines: Line<T>[], show: (index: number) => void) {
  const { items, id, open, peek, selection } = props;
  const body = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const place = useRef({ at: 0, pending: false, anchor: -1 });
  const itemAt = (index: number) => {
    const line = lines[index];
    return line && "item" in line ? line.item : undefined;
  };
  const inside = () => place.current.pending || (body.current?.contains(document.activeElement) ?? false);
  const focused = (index: number) => {
    place.current.at = index;
    place.current.pending = false;
    setAt(index);
  };
  const walk = (step: number) => {
    let next = inside() ? place.current.at + step : place.current.at;
    while (next >= 0 && next < lines.length && itemAt(next) === undefined) next += step;
    if (itemAt(next) === undefined) return;
    focused(next);
    place.current.pending = true;
    show(next);
    requestAnimationFrame(() => {
      // Several steps may have been made before this frame: the last one counts.
      const row = body.current?.querySelector<HTMLElement>(`[data-index="${place.current.at}"]`);
      row?.focus({ preventScroll: true });
      place.current.pending = false;
    });
  };
  const pick = (index: number, range: boolean) => {
    const item = itemAt(index);
    if (!selection || item === undefined) return false;
    const next = new Set(selection.ids);
    const { anchor } = place.current;
    if (range && anchor >= 0) {
      for (let line = Math.min(anchor, index); line <= Math.max(anchor, index); line++) {
        const one = itemAt(line);
        if (one !== undefined) next.add(id(one));
      }
    } else if (!next.delete(id(item))) next.add(id(item));
    place.current.anchor = index;
    selection.set(next);
  };
  const act = (handler: (item: T) => void) => () => {
    const item = itemAt(place.current.at);
    if (item === undefined || !inside()) return false;
    handler(item);
  };
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    ArrowDown: () => (inside() ? walk(1) : false),
    ArrowUp: () => (inside() ? walk(-1) : false),
    Enter: act(open),
    ...(peek ? { " ": act(peek) } : {}),
    ...(selection
      ? {
          x: () => pick(place.current.at, false),
          "shift+x": () => pick(place.current.at, true),
          "*": () => selection.set(new Set(items.map(id))),
          Escape: () => (selection.ids.size > 0 ? selection.set(new Set()) : false),
        }
      : {}),
  });
  return { body, at, focused, pick };
}

export function Rows<T>(props: Props<T>) {
  const { items, total, id, more, selection, group } = props;
  const { folded, shown: columns } = useRoom(props.columns);
  const height = folded ? (props.narrowHeight ?? 60) : (props.height ?? 32);
  const lines = useMemo(() => lay(items, total, group), [items, total, group]);
  const [top, setTop] = useState(0);
  const rows = useWindowVirtualizer({
    count: lines.length,
    estimateSize: (index) => (lines[index] && "group" in (lines[index] as object) ? 30 : height),
    overscan: 3,
    scrollMargin: top,
    scrollPaddingStart: 80,
    scrollPaddingEnd: 64,
  });
  const walk = useWalk(props, lines, (index) => rows.scrollToIndex(index, { align: "auto" }));
  const { body } = walk;
  useLayoutEffect(() => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY), [body]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes follow from these
  useEffect(() => rows.measure(), [lines, height]);
  const shown = rows.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && lastShown >= lines.length - (total - items.length) - 40) more();
  }, [more, lastShown, lines.length, total, items.length]);

  // One object for all rows, so that those that stay in view are not drawn again.
  const hands = useRef({ open: props.open, focused: walk.focused, pick: walk.pick });
  hands.current = { open: props.open, focused: walk.focused, pick: walk.pick };
  const tracks = (selection ? "14px " : "") + columns.map((column) => column.width).join(" ");
  // Each row is told by itself: what all inherit, all their descendants are styled anew for.
  const grid = folded ? undefined : tracks;
  return (
    <div className="list" role="grid" aria-label={props.label} aria-rowcount={lines.length + 1}>
      <Heads {...props} columns={columns} grid={grid} />
      <div className="rows" role="rowgroup" ref={body} style={{ height: rows.getTotalSize() }}>
        {shown.map(({ index, start, key }) => {
          const line = lines[index];
          const place = { transform: `translateY(${start - top}px)` };
          if (line === undefined) {
            return (
              <div key={key} role="row" style={{ ...place, height }} aria-busy="true" className="bars">
                <i style={{ width: "60%" }} />
              </div>
            );
          }
          if ("group" in line) {
            return (
              <div key={key} role="row" className="group" style={place}>
                <span role="gridcell">{group?.head(line.group)}</span>
              </div>
            );
          }
          return (
            <Row
              key={key}
              item={line.item}
              index={index}
              y={start - top}
              height={height}
              grid={grid}
              columns={columns as Column<unknown>[]}
              selected={selection?.ids.has(id(line.item))}
              current={index === walk.at}
              hands={hands as Hands}
            />
          );
        })}
      </div>
    </div>
  );
}

type Hands = RefObject<{
  open: (item: unknown) => void;
  focused: (index: number) => void;
  pick: (index: number, range: boolean) => unknown;
}>;

const placed = (column: Column<unknown>) =>
  `${column.numeric ? "num" : ""} ${column.narrow === "keep" ? "" : `f-${column.narrow ?? "hide"}`}`;

const Row = memo(function Row(props: {
  item: unknown;
  index: number;
  y: number;
  height: number;
  grid: string | undefined;
  columns: Column<unknown>[];
  selected: boolean | undefined;
  current: boolean;
  hands: Hands;
}) {
  const { item, index, hands, selected, height } = props;
  return (
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={selected}
      tabIndex={props.current ? 0 : -1}
      style={{ transform: `translateY(${props.y}px)`, height, gridTemplateColumns: props.grid }}
      onFocus={() => hands.current.focused(index)}
      onClick={(event) => {
        if (!(event.target as Element).closest("a,button,input")) hands.current.open(item);
      }}
    >
      {selected !== undefined && (
        <span role="gridcell" className="f-hide">
          <input
            type="checkbox"
            className="cb"
            tabIndex={-1}
            aria-label="Select"
            checked={selected}
            onChange={() => undefined}
            onClick={(event) => hands.current.pick(index, event.shiftKey)}
          />
        </span>
      )}
      {props.columns.map((column) => (
        <span key={column.name} role="gridcell" className={placed(column)}>
          {column.cell(item)}
        </span>
      ))}
    </div>
  );
});

function Heads<T>({
  columns,
  grid,
  selection,
  items,
  id,
  sort,
  sortBy,
}: Props<T> & { grid: string | undefined }) {
  const some = selection !== undefined && selection.ids.size > 0 && selection.ids.size < items.length;
  return (
    <div className="lhead" role="row" style={{ gridTemplateColumns: grid }}>
      {selection && (
        <span role="columnheader">
          <input
            type="checkbox"
            className="cb"
            aria-label="Select all that were read"
            checked={items.length > 0 && selection.ids.size >= items.length}
            ref={(box) => {
              if (box) box.indeterminate = some;
            }}
            onChange={() => selection.set(selection.ids.size > 0 ? new Set() : new Set(items.map(id)))}
          />
        </span>
      )}
      {columns.map((column) => (
        <Head key={column.name} column={column} sort={sort} sortBy={sortBy} />
      ))}
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
  const own = `${column.down ? "-" : ""}${column.sort}`;
  const next = column.fixed || !(down || up) ? own : down ? column.sort : `-${column.sort}`;
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

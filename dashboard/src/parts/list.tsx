// The page of a list: filters from the address, figures and rows from the server, sorted there; more as one scrolls.
import { type ReactNode, useMemo, useState } from "react";
import { type Asked, address, type Query } from "../api/client.ts";
import { useFacets, useList, useTakes } from "../api/queries.ts";
import type { Rows as Listed } from "../api/rows.ts";
import type { Asks } from "../api/schema.ts";
import { useAddress } from "../shell/search.ts";
import { asked } from "../words/address.ts";
import { count, many } from "../words/numbers.ts";
import { relative } from "../words/time.ts";
import { type Facet, FacetColumn, tallies } from "./facets.tsx";
import { FilterBar, type FilterNames, type Suggestion } from "./filters.tsx";
import { Icon } from "./icons.tsx";
import { type Column, Rows, type Selection } from "./rows.tsx";
import { Empty, Failed, Loading, useNow } from "./words.tsx";

/** Lists that the server counts too. */
type Counted = "/endpoints" | "/findings" | "/incidents" | "/actors" | "/changes" | "/clients";

/** Most lines below the last row that was read: the page grows as one scrolls, and never reads all. */
const AHEAD = 40;
/** Most rows of an export. */
const MOST_EXPORTED = 100_000;

/** What the API is asked for by the address. A range begins before the moment it was chosen, so that rows stay put. */
export function useAsked<Path extends keyof Asks>(words: readonly Asks[Path][]): Asked<Path> {
  const { search } = useAddress();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another range begins before another moment
  const chosen = useMemo(() => Date.now(), [search.range]);
  const text = JSON.stringify(asked(search, words, chosen));
  return useMemo(() => JSON.parse(text), [text]);
}

/** The figures of a list under its filters, as soon as the server has counted them. */
export function useCounted<Path extends Counted>(path: Path, query: Asked<`${Path}/facets`>) {
  const answer = useFacets(`${path}/facets` as `${Path}/facets` & keyof Asks, query as never);
  const { data } = answer;
  return useMemo(
    () => ({
      answer,
      total: data?.total,
      sizes: tallies(data),
      more: new Set(Object.entries(data?.facets ?? {}).flatMap(([name, { more }]) => (more ? [name] : []))),
    }),
    [answer, data],
  );
}

/** Saves what the list shows, with the same filters in the same order. */
export function Export(props: {
  path: keyof Listed;
  query: Query;
  order?: string;
  total?: number | undefined;
  /** A link in the head of a panel, not a button. */
  small?: boolean;
}) {
  const { path, query, order, total, small } = props;
  const { first } = useAddress();
  const able = useTakes(path, "format");
  const sort = order && (first("sort") ?? order);
  if (!able) return null;
  const cut = total !== undefined && total > MOST_EXPORTED;
  return (
    <a
      className={small ? "link" : "btn"}
      href={address(path, { ...query, ...(sort ? { sort } : {}), format: "csv" })}
      download
      title={`All rows under these filters, in this order${cut ? `; the first ${count(MOST_EXPORTED)} of ${count(total)}` : ""}`}
    >
      {!small && <Icon name="save" />}
      Export CSV
    </a>
  );
}

interface Props<Path extends keyof Listed & keyof Asks> {
  path: Path;
  /** Where the list is, when that is not its own address. */
  at?: string | undefined;
  /** The filters, and the order that holds when the address names none. */
  query: Asked<Path>;
  order: string | undefined;
  label: string;
  noun: string;
  nouns?: string;
  /** How many fit, where the server counts. */
  total?: number | undefined;
  columns: Column<Listed[Path]>[];
  id: (row: Listed[Path]) => string;
  open: (row: Listed[Path]) => void;
  peek?: (row: Listed[Path]) => void;
  height?: number;
  narrowHeight?: number;
  selection?: Selection;
  /** What can be done, at the foot; in place of the keys. */
  foot?: ReactNode;
  empty: ReactNode;
  /** Told of the rows that are there, for keys that act on one. */
  rows?: { current: Listed[Path][] };
}

/** The rows of a list in a panel, with its states: loading, failed, empty, partly read. */
export function ListPanel<Path extends keyof Listed & keyof Asks>(props: Props<Path>) {
  const { path, query, order, total } = props;
  const { first, set } = useAddress();
  const sort = order && (first("sort") ?? order);
  const asks = useMemo(() => (sort ? { ...query, sort } : query) as Asked<Path>, [query, sort]);
  const list = useList(path, asks, undefined, true, props.at);
  const rows = list.items ?? [];
  if (props.rows) props.rows.current = rows;
  const rest = list.complete || list.further ? 0 : Math.max(1, (total ?? rows.length + AHEAD) - rows.length);
  return (
    <div className={list.old ? "panel old" : "panel"} aria-busy={list.old}>
      {list.error && (
        <div className="pb">
          <Failed error={list.error} retry={() => list.refetch()} />
        </div>
      )}
      {list.missing && <Gaps missing={list.missing} />}
      {list.items === undefined ? (
        !list.error && <Loading rows={12} />
      ) : rows.length === 0 && list.complete ? (
        props.empty
      ) : rows.length === 0 && list.further ? (
        <Empty title="Nothing that fits so far" action={<Further list={list} />}>
          Only the latest were looked at yet.
        </Empty>
      ) : (
        <>
          <Rows
            label={props.label}
            items={rows}
            total={rows.length + Math.min(rest, AHEAD)}
            columns={props.columns}
            id={props.id}
            open={props.open}
            more={list.error ? undefined : list.more}
            {...(order ? { sort, sortBy: (next) => set("sort", next === order ? undefined : next) } : {})}
            {...(props.peek ? { peek: props.peek } : {})}
            {...(props.selection ? { selection: props.selection } : {})}
            height={props.height ?? 32}
            narrowHeight={props.narrowHeight ?? 60}
          />
          <div className="tf">
            {props.foot ?? (
              <span className="wide-only">
                <kbd>J</kbd> <kbd>K</kbd> move ·{" "}
                {props.selection && (
                  <>
                    <kbd>X</kbd> select ·{" "}
                  </>
                )}
                <kbd>↵</kbd> open
              </span>
            )}
            <Further list={list} />
            <Read list={list} words={(size) => many(size, props.noun, props.nouns)} total={total} />
          </div>
        </>
      )}
    </div>
  );
}

/** Who is missing from the list. */
function Gaps({ missing }: { missing: { damaged: number; elsewhere: boolean } }) {
  return (
    <div className="pb">
      <div className="note">
        <span className="sq hatch" />
        <p>
          <b>Not all of them.</b>{" "}
          {missing.elsewhere && "Other servers that share this store keep some that are not here. "}
          {missing.damaged > 0 && `${many(missing.damaged, "block")} of the log cannot be read.`}
        </p>
      </div>
    </div>
  );
}

/** What fits may be rare: how far to look is for somebody to say. */
function Further({ list }: { list: ReturnType<typeof useList> }) {
  const { further } = list;
  if (!further) return null;
  return (
    <button type="button" className="btn" onClick={() => further()}>
      Look further back
    </button>
  );
}

/** How many there are, how many of them were read, and when that was long ago. */
function Read(props: {
  list: ReturnType<typeof useList>;
  words: (size: number) => string;
  total: number | undefined;
}) {
  const { list, words, total } = props;
  const now = useNow();
  const size = list.items?.length ?? 0;
  return (
    <span className="end row">
      {now - list.at > 120_000 && !list.old && (
        <>
          read {relative(list.at, now)} ago
          <button type="button" className="link" onClick={() => list.refetch()}>
            Read again
          </button>
        </>
      )}
      <span role="status">
        {list.complete
          ? words(size)
          : total === undefined
            ? `${words(size)} read, more below`
            : `${count(size)} of ${words(Math.max(total, size))} read`}
      </span>
    </span>
  );
}

interface PageProps {
  title: string;
  about: ReactNode;
  views?: ReactNode;
  names: FilterNames;
  hint: string;
  suggest?: { typed: (text: string) => void; found: Suggestion[] };
  tools?: ReactNode;
  end: ReactNode;
  facets?: { facets: Facet[]; counted: ReturnType<typeof useCounted> };
  children: ReactNode;
}

/** How pages of lists are laid out: head, views, filters, facets beside the rows. */
export function ListPage(props: PageProps) {
  const { facets } = props;
  const [open, setOpen] = useState(false);
  return (
    <>
      <div className="page-head">
        <h1>{props.title}</h1>
        <span className="small t3">{props.about}</span>
        <span className="acts">{props.end}</span>
      </div>
      {props.views}
      <div className="toolbar">
        <FilterBar
          names={props.names}
          hint={props.hint}
          {...(props.suggest ? { suggest: props.suggest } : {})}
        />
        {facets && (
          <button
            type="button"
            className="btn only-tight"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            Filters
          </button>
        )}
        {props.tools}
      </div>
      {facets ? (
        <div className="inv broad">
          <FacetColumn
            facets={facets.facets}
            open={open}
            now={facets.counted.sizes ?? (facets.counted.answer.error ? new Map() : undefined)}
            more={facets.counted.more}
          />
          {props.children}
        </div>
      ) : (
        props.children
      )}
    </>
  );
}

/** Nothing fits, or nothing is there; a way back to all. */
export function NoRows({
  title,
  fallback,
  children,
}: {
  title: string;
  fallback: string;
  children?: ReactNode;
}) {
  const { search, go } = useAddress();
  const filtered = Object.keys(search).some((name) => name !== "sort");
  return (
    <Empty
      title={filtered ? title : fallback}
      action={
        filtered && (
          <button type="button" className="btn" onClick={() => go({})}>
            Show all
          </button>
        )
      }
    >
      {children}
    </Empty>
  );
}

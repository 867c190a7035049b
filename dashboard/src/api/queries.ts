import {
  type InfiniteData,
  keepPreviousData,
  QueryClient,
  type QueryKey,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useMemo } from "react";
import { type Asked, get, getPart, keepToken, Problem, type Query, select } from "./client.ts";
import type { Health, Overview } from "./figures.ts";
import { type FindingRow, MEMBERS, type Rows } from "./rows.ts";
import type { Asks } from "./schema.ts";
import type {
  Detection,
  Endpoint,
  Facets,
  Finding,
  Incident,
  Page,
  ReferenceItem,
  Session,
} from "./shapes.ts";
import { lastVisit } from "./visit.ts";

const again = (count: number, error: unknown) =>
  error instanceof Problem && (error.status === 0 || error.status >= 500) && count < 2;

export const client = new QueryClient({
  defaultOptions: { queries: { staleTime: 15_000, gcTime: 10 * 60_000, retry: again } },
});

/** One resource. */
export function resource<T>(path: string, query: Query = {}, every?: number) {
  return queryOptions({
    queryKey: [path, query] as QueryKey,
    queryFn: ({ signal }) => get<T>(path, query, signal),
    ...(every ? { refetchInterval: every } : {}),
  });
}

/** One thing by its id. Nothing of another id may stand in for it. */
export function one<T>(path: string, id: string) {
  return queryOptions({
    queryKey: [path, id] as QueryKey,
    queryFn: ({ signal }) => get<T>(`${path}/${encodeURIComponent(id)}`, {}, signal),
    enabled: id !== "",
  });
}

export const sessionOptions = queryOptions({
  queryKey: ["/session"],
  queryFn: async ({ signal }) => keepToken(await get<Session>("/session", {}, signal)),
  staleTime: 5 * 60_000,
  retry: false,
});

export const useSession = () => useQuery(sessionOptions).data;
export function useOverview() {
  const session = useSession();
  const since = session && lastVisit(session);
  return useQuery(resource<Overview>("/overview", since ? { since } : {}, 30_000));
}
export const useHealth = () => useQuery(resource<Health>("/health", {}, 10_000));
export const useEndpoint = (id: string) => useQuery(one<Endpoint>("/endpoints", id));
export const useFinding = (id: string) => useQuery(one<Finding>("/findings", id));
export const useIncident = (id: string) => useQuery(one<Incident>("/incidents", id));
export const useDetections = (query: Asked<"/detections">) =>
  useQuery(resource<Page<Detection>>("/detections", { limit: 500, ...query }));
export const useChecks = () => useQuery(lasting<Page<ReferenceItem>>("/reference/checks"));
export const useDetectors = () => useQuery(lasting<Page<ReferenceItem>>("/reference/detectors"));

/** Names of those who can be given findings. */
export const useAssignees = () =>
  useQuery({ ...resource<Page<{ name: string }>>("/assignees", { limit: 500 }), staleTime: 60_000 });

/** What does not change while the server runs. */
export const lasting = <T>(path: string) => ({
  ...resource<T>(path, path.startsWith("/reference") ? { limit: 500 } : {}),
  staleTime: Number.POSITIVE_INFINITY,
});

interface Operation {
  parameters?: { name: string; in: string }[];
}

/** An operation that the server can do, by its own description; undefined when it cannot. */
function useOperation(method: string, path: string): Operation | undefined {
  const document = useQuery(
    lasting<{ paths: Record<string, Record<string, Operation>> }>("/openapi.json"),
  ).data;
  const operations = Object.entries(document?.paths ?? {}).find(
    ([name]) =>
      name.replace(/^\/api\/v1/, "").replaceAll(/\{\w+\}/g, "{}") === path.replaceAll(/\{\w+\}/g, "{}"),
  )?.[1];
  return operations?.[method.toLowerCase()];
}

/** Whether the server can do something, such as `PUT /policies/{name}/mode`. */
export const useAble = (method: string, path: string): boolean => useOperation(method, path) !== undefined;

/** Whether an address can be asked with a word, such as `format`. */
export const useTakes = (path: string, word: string): boolean =>
  useOperation("GET", path)?.parameters?.some((one) => one.in === "query" && one.name === word) ?? false;

/** How many there are under these filters, and of which values. */
export const useFacets = <Path extends `${keyof Rows}/facets` & keyof Asks>(
  path: Path,
  query: Asked<Path>,
  enabled = true,
) =>
  useQuery({
    ...resource<Facets>(path, query as Query),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    enabled,
  });

/** Most items of one answer. */
const PART = 200;
/** Parts without any item after which somebody has to say that it should go on: a filter may fit nothing for long. */
const DRY_PARTS = 5;
/** A list of at most so many parts is read again when somebody comes back to it; a longer one when they ask. */
const FEW_PARTS = 4;

/** A list that goes on when it is scrolled. `at` is where it is, when that is not the list's own address. */
export function useList<Path extends keyof Rows>(
  path: Path,
  query: Asked<Path>,
  limit = PART,
  enabled = true,
  at: string = path,
) {
  const members: readonly string[] | undefined = MEMBERS[path];
  const result = useInfiniteQuery({
    queryKey: [at, "list", query, limit],
    queryFn: ({ pageParam, signal }) => {
      const part: Query = { ...query, limit, ...(pageParam ? { after: pageParam } : {}) };
      return (
        members
          ? select<Record<string, unknown>, string>(at, members, part, signal)
          : getPart(at, part, signal)
      ) as Promise<Page<Rows[Path]>>;
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    enabled,
    // While other filters are read, what was there stays.
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    refetchOnMount: ({ state }) => (state.data?.pages.length ?? 0) <= FEW_PARTS,
  });
  const pages = result.data?.pages;
  const items = useMemo(() => pages?.flatMap((page) => page.items), [pages]);
  const dry = (pages?.length ?? 0) - 1 - (pages?.findLastIndex((page) => page.items.length > 0) ?? -1);
  const next = result.hasNextPage && !result.isFetching ? result.fetchNextPage : undefined;
  const asks = dry > 0 && dry % DRY_PARTS === 0;
  return {
    items,
    complete: items !== undefined && !result.hasNextPage,
    more: asks ? undefined : next,
    /** After many parts without an item: goes on, when somebody says so. */
    further: asks ? next : undefined,
    missing: pages?.findLast((page) => page.missing)?.missing,
    /** Whether these are the rows of the filters before. */
    old: result.isPlaceholderData,
    error: result.error,
    refetch: result.refetch,
    at: result.dataUpdatedAt,
  };
}

/** Changes rows of the findings that were read, and takes away those that are to go; the figures are read again. */
export function changeFindings(
  ids: ReadonlySet<string>,
  change: (row: FindingRow) => FindingRow,
  stays: (row: FindingRow, query: Query) => boolean,
) {
  for (const { queryKey } of client.getQueryCache().findAll({ queryKey: ["/findings", "list"] })) {
    client.setQueryData<InfiniteData<Page<FindingRow>>>(
      queryKey,
      (data) =>
        data && {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            items: page.items.flatMap((row) => {
              if (!ids.has(row.id)) return [row];
              const next = change(row);
              return stays(next, queryKey[2] as Query) ? [next] : [];
            }),
          })),
        },
    );
  }
  return client.invalidateQueries({
    predicate: ({ queryKey: [path, kind] }) =>
      typeof path === "string" && /^\/(findings|overview)/.test(path) && kind !== "list",
  });
}

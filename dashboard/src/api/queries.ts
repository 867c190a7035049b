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
import { type Asked, get, keepToken, Problem, type Query, select } from "./client.ts";
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
  User,
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

/** Those who can log in; only administrators are told. */
export const useUsers = (enabled: boolean) =>
  useQuery({ ...resource<Page<User>>("/users", { limit: 500 }), enabled, staleTime: 60_000 });

/** What does not change while the server runs. */
export const lasting = <T>(path: string) => ({
  ...resource<T>(path, path.startsWith("/reference") ? { limit: 500 } : {}),
  staleTime: Number.POSITIVE_INFINITY,
});

/** What the server can do, by its own description: whether it knows `PUT /policies/{name}/mode`. */
export function useAble(method: string, path: string): boolean {
  const document = useQuery(lasting<{ paths: Record<string, object> }>("/openapi.json")).data;
  const operations = Object.entries(document?.paths ?? {}).find(
    ([name]) =>
      name.replace(/^\/api\/v1/, "").replaceAll(/\{\w+\}/g, "{}") === path.replaceAll(/\{\w+\}/g, "{}"),
  )?.[1];
  return operations !== undefined && method.toLowerCase() in operations;
}

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
/** A list of at most so many parts is read again when somebody comes back to it; a longer one when they ask. */
const FEW_PARTS = 4;

/** A list that goes on when it is scrolled. */
export function useList<Path extends keyof Rows>(
  path: Path,
  query: Asked<Path>,
  limit = PART,
  enabled = true,
) {
  const members: readonly string[] | undefined = MEMBERS[path];
  const result = useInfiniteQuery({
    queryKey: [path, "list", query, limit],
    queryFn: ({ pageParam, signal }) => {
      const part: Query = { ...query, limit, ...(pageParam ? { after: pageParam } : {}) };
      return (
        members
          ? select<Record<string, unknown>, string>(path, members, part, signal)
          : get(path, part, signal)
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
  const items = useMemo(() => result.data?.pages.flatMap((page) => page.items), [result.data]);
  return {
    items,
    complete: items !== undefined && !result.hasNextPage,
    more: result.hasNextPage && !result.isFetching ? result.fetchNextPage : undefined,
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

import {
  keepPreviousData,
  QueryClient,
  type QueryKey,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { get, keepToken, Problem, type Query } from "./client.ts";
import type {
  Detection,
  Endpoint,
  Facets,
  Finding,
  Health,
  Incident,
  Overview,
  Page,
  Session,
} from "./shapes.ts";

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 10 * 60_000,
      retry: (count, error) =>
        error instanceof Problem && (error.status === 0 || error.status >= 500) && count < 2,
      refetchOnWindowFocus: true,
    },
  },
});

/** One resource; what was there stays while it is read again. */
export function resource<T>(path: string, query: Query = {}, every?: number) {
  return queryOptions({
    queryKey: [path, query] as QueryKey,
    queryFn: ({ signal }) => get<T>(path, query, signal),
    placeholderData: keepPreviousData,
    ...(every ? { refetchInterval: every } : {}),
  });
}

export const sessionOptions = queryOptions({
  queryKey: ["/session"],
  queryFn: async ({ signal }) => keepToken(await get<Session>("/session", {}, signal)),
  staleTime: 5 * 60_000,
  retry: false,
});

export const useSession = () => useQuery(sessionOptions).data;
export const useOverview = () => useQuery(resource<Overview>("/overview", {}, 30_000));
export const useHealth = () => useQuery(resource<Health>("/health", {}, 10_000));
export const useEndpoint = (id: string) => useQuery(one<Endpoint>("/endpoints", id));
export const useFinding = (id: string) => useQuery(one<Finding>("/findings", id));
export const useIncident = (id: string) => useQuery(one<Incident>("/incidents", id));
export const useFacets = (query: Query) => useQuery(resource<Facets>("/endpoints/facets", query));
export const useDetections = (query: Query) =>
  useQuery(resource<Page<Detection>>("/detections", { limit: 500, ...query }));

/** One thing by its id. Nothing of another id may stand in for it. */
export function one<T>(path: string, id: string) {
  return queryOptions({
    queryKey: [path, id] as QueryKey,
    queryFn: ({ signal }) => get<T>(`${path}/${encodeURIComponent(id)}`, {}, signal),
    enabled: id !== "",
  });
}

/** A long list, page by page; `rows` are those that have been read, `total` is how many there are. */
export function useList<T>(path: string, query: Query, limit = 500) {
  const result = useInfiniteQuery({
    queryKey: [path, "list", query, limit],
    queryFn: ({ pageParam, signal }) =>
      get<Page<T>>(path, { ...query, limit, ...(pageParam ? { after: pageParam } : {}) }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
  return { ...result, total: result.data?.pages[0]?.total ?? 0, pages: result.data?.pages };
}

import {
  keepPreviousData,
  QueryClient,
  type QueryKey,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { get, keepToken, Problem, type Query } from "./client.ts";
import type {
  Detection,
  Endpoint,
  EndpointRow,
  Finding,
  FindingRow,
  Health,
  Incident,
  Overview,
  Page,
  ReferenceItem,
  Session,
} from "./shapes.ts";

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
export const useOverview = () => useQuery(resource<Overview>("/overview", {}, 30_000));
export const useHealth = () => useQuery(resource<Health>("/health", {}, 10_000));
export const useEndpoint = (id: string) => useQuery(one<Endpoint>("/endpoints", id));
export const useFinding = (id: string) => useQuery(one<Finding>("/findings", id));
export const useIncident = (id: string) => useQuery(one<Incident>("/incidents", id));
export const useDetections = (query: Query) =>
  useQuery(resource<Page<Detection>>("/detections", { limit: 500, ...query }));
export const useChecks = () => useQuery(lasting<Page<ReferenceItem>>("/reference/checks"));
export const useDetectors = () => useQuery(lasting<Page<ReferenceItem>>("/reference/detectors"));

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

/** A list that goes on when it is scrolled. */
export function useList<T>(path: string, query: Query, limit = 200) {
  const result = useInfiniteQuery({
    queryKey: [path, "list", query, limit],
    queryFn: ({ pageParam, signal }) =>
      get<Page<T>>(path, { ...query, limit, ...(pageParam ? { after: pageParam } : {}) }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    // While other filters are read, what was there stays.
    placeholderData: keepPreviousData,
    // A long list is many requests: it is read again when somebody asks for it.
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
  const items = useMemo(() => result.data?.pages.flatMap((page) => page.items), [result.data]);
  return {
    items,
    complete: items !== undefined && !result.hasNextPage,
    more: result.hasNextPage && !result.isFetchingNextPage ? result.fetchNextPage : undefined,
    error: result.error,
    refetch: result.refetch,
    at: result.dataUpdatedAt,
  };
}

/** Most rows that are read into the page. */
export const MOST_ROWS = 50_000;

/**
 * A whole list, read part by part, so that it can be filtered, counted and sorted at once. `complete` says whether all
 * of it is there; what is above `MOST_ROWS` is not read.
 */
export function useWhole<T>(path: string, query: Query) {
  const list = useList<T>(path, query, 500);
  const { items, more, error } = list;
  useEffect(() => {
    // After a failure somebody has to say when to go on, or it would be asked again and again.
    if (more && !error && (items?.length ?? 0) < MOST_ROWS) more();
  }, [more, items, error]);
  return list;
}

const ENDPOINT_FIELDS =
  "id,host,method,path,protocol,operation,service,access,inventory_state,confirmed,auth,auth_judged,requests,actors,first_seen,last_seen,data_classes,risk";
const FINDING_FIELDS =
  "id,code,title,severity,confidence,owasp,cwe,endpoint_id,host,endpoints,discriminator,failed,passed,state,first_seen,last_seen";

export const useInventory = () => useWhole<EndpointRow>("/endpoints", { fields: ENDPOINT_FIELDS });
export const useFindings = () => useWhole<FindingRow>("/findings", { fields: FINDING_FIELDS });

// How often endpoints are called: of all of them, and of those in view, which are asked for together.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Period } from "../words/calls.ts";
import { get } from "./client.ts";
import { resource } from "./queries.ts";
import type { CallsOf, EndpointCalls } from "./shapes.ts";

const PATH = "/endpoints/calls";
/** Most endpoints of one request. */
const TOGETHER = 100;
/** Rows that come into view within so many milliseconds are asked for together. */
const PAUSE = 40;
const STALE = 60_000;

/** All endpoints that were called in a period or in the one before. */
export const useAllCalls = (period: Period | undefined) =>
  useQuery({
    ...resource<EndpointCalls>(PATH, { period }),
    enabled: period !== undefined,
    staleTime: STALE,
  });

/** One endpoint, with its figures and what they are of. */
export const useCallsHere = (id: string | undefined, period: Period | undefined) =>
  useQuery({
    ...resource<EndpointCalls>(PATH, { period, endpoint: id }),
    enabled: id !== undefined && period !== undefined,
    placeholderData: keepPreviousData,
    staleTime: STALE,
  });

interface Waiting {
  ids: Set<string>;
  answer: Promise<Map<string, CallsOf>>;
}
const waiting = new Map<Period, Waiting>();

async function ask(period: Period, ids: string[]): Promise<Map<string, CallsOf>> {
  const parts = Array.from({ length: Math.ceil(ids.length / TOGETHER) }, (_, part) =>
    ids.slice(part * TOGETHER, (part + 1) * TOGETHER),
  );
  const answers = await Promise.all(parts.map((endpoint) => get<EndpointCalls>(PATH, { period, endpoint })));
  return new Map(answers.flatMap(({ items }) => items.map((one) => [one.endpoint_id, one])));
}

/** What all that ask within the pause are answered with. */
function together(period: Period, id: string): Promise<Map<string, CallsOf>> {
  const open = waiting.get(period);
  if (open) {
    open.ids.add(id);
    return open.answer;
  }
  const ids = new Set([id]);
  const answer = new Promise((done) => setTimeout(done, PAUSE)).then(() => {
    waiting.delete(period);
    return ask(period, [...ids]);
  });
  waiting.set(period, { ids, answer });
  return answer;
}

/** An endpoint in view, bucket by bucket. */
export const useCallsInView = (id: string, period: Period) =>
  useQuery({
    queryKey: [PATH, "view", period, id],
    queryFn: async () => (await together(period, id)).get(id) ?? null,
    staleTime: STALE,
  }).data;

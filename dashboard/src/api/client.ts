import type { Asks } from "./schema.ts";
import type { Page, Session } from "./shapes.ts";

/** Search words of a request: repeated values become repeated parameters. */
export type Query = Record<string, string | number | string[] | undefined>;

/** Search words that an address knows, by the API's own document; it refuses all others. */
export type Asked<Path extends keyof Asks> = {
  [Word in Asks[Path]]?: string | number | string[] | undefined;
};

/** What the server said was wrong (RFC 9457), or that it did not answer (`status` 0). */
export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  readonly incident: string | undefined;
  readonly fields: { field: string; message: string }[];
  readonly retryAfter: number | undefined;

  constructor(status: number, title: string, body: Record<string, unknown> = {}, retryAfter?: number) {
    super(title);
    this.status = status;
    this.detail = typeof body.detail === "string" ? body.detail : "";
    this.incident = typeof body.incident === "string" ? body.incident : undefined;
    this.fields = Array.isArray(body.errors) ? body.errors : [];
    this.retryAfter = retryAfter ?? (typeof body.retry_after === "number" ? body.retry_after : undefined);
  }
}

/** Told to the window when the session has ended meanwhile. */
export const ENDED = "bartizan-session-ended";

const BASE = "/api/v1";
const ACCEPTED =
  "application/json, application/vnd.bartizan.selection+json;q=0.9, application/problem+json;q=0.8";
let csrf = "";

/** Remembers what writes must send back. It lives in memory only. */
export function keepToken(session: Session): Session {
  csrf = session.csrf_token ?? "";
  return session;
}

/** The address of a request below the base, for links to exports too. */
export function address(path: string, query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [String(value)]) words.append(name, one);
  }
  const text = words.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

async function call<T>(method: string, path: string, query?: Query, body?: unknown, signal?: AbortSignal) {
  return (await ask<T>(method, path, query, body, signal)).value;
}

async function ask<T>(method: string, path: string, query?: Query, body?: unknown, signal?: AbortSignal) {
  const headers: Record<string, string> = { accept: ACCEPTED };
  if (method !== "GET") headers["x-csrf-token"] = csrf;
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem(0, "No answer from Bartizan");
  }
  const text = await response.text();
  let value: unknown;
  try {
    value = text === "" ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!response.ok) {
    if (response.status === 401 && path !== "/session") window.dispatchEvent(new Event(ENDED));
    const problem = (value ?? {}) as Record<string, unknown>;
    const title = typeof problem.title === "string" ? problem.title : `Status ${response.status}`;
    const wait = Number(response.headers.get("retry-after"));
    throw new Problem(response.status, title, problem, wait > 0 ? wait : undefined);
  }
  if (text !== "" && value === undefined) throw new Problem(response.status, "The answer is not JSON");
  return { value: value as T, headers: response.headers };
}

/** A part of a list, with what is missing from it. */
export async function getPart<T>(path: string, query: Query, signal?: AbortSignal): Promise<Page<T>> {
  const { value, headers } = await ask<Page<T>>("GET", path, query, undefined, signal);
  const damaged = Number(headers.get("x-damaged-blocks") ?? 0);
  const elsewhere = headers.get("x-exchanges-elsewhere") === "true";
  return damaged > 0 || elsewhere ? { ...value, missing: { damaged, elsewhere } } : value;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  call<T>("GET", path, query, undefined, signal);

/**
 * Chosen members of the items of a list. The document promises none of them in such an answer, so each is looked for:
 * what a row needs and does not have is an error of the answer, not an `undefined` on the page.
 */
export async function select<T, K extends keyof T & string>(
  path: string,
  members: readonly K[],
  query: Query,
  signal?: AbortSignal,
): Promise<Page<Pick<T, K>>> {
  const page = await get<Page<Partial<T>>>(path, { ...query, fields: members.join(",") }, signal);
  for (const item of page.items) {
    const missing = members.find((member) => item[member] === undefined);
    if (missing !== undefined) throw new Problem(200, `The answer lacks “${missing}”`);
  }
  return page as Page<Pick<T, K>>;
}

export const post = <T>(path: string, body: unknown) => call<T>("POST", path, undefined, body);
export const put = <T>(path: string, body: unknown) => call<T>("PUT", path, undefined, body);
export const patch = <T>(path: string, body: unknown) => call<T>("PATCH", path, undefined, body);
export const remove = <T>(path: string) => call<T>("DELETE", path);

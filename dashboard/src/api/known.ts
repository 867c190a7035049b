// Which sources know an endpoint and what, as the administration API answers it.

export type KnownBy = "traffic" | "specification" | "code" | "crawl" | "perimeter";
export type Demanded = "required" | "none" | "unclear";

/** What code, a crawl or a perimeter knows of an endpoint. */
export interface Discovered {
  by: KnownBy;
  /** The folder or file that was read. */
  input: string;
  method: string;
  path: string;
  /** What stands before that path where it is called. */
  prefix: string;
  /** How it was found to be this endpoint, in words. */
  matched: string;
  code: {
    framework: string;
    file: string;
    line: number;
    handler: string | null;
    component: string | null;
    authorization: Demanded;
    /** Outermost first. */
    guards: string[];
    owner: string | null;
  } | null;
  shown: { host: string; status: number | null; named_in: string[]; found_at: string } | null;
}

export interface Known {
  known_by: KnownBy[];
  discovered: Discovered[];
}

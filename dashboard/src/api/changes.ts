// The change log of the catalogue, as the administration API answers with it.

export type ChangeGrade = "info" | "warning" | "alert";

/** An entry of the change log: `subject` is what it is about, empty for the endpoint itself. */
export interface Change {
  id: string;
  /** Of the traffic. */
  time: string;
  noticed: string;
  kind: string;
  grade: ChangeGrade;
  endpoint_id: string;
  host: string;
  method: string;
  path: string;
  operation: string | null;
  subject: string;
  before: string | null;
  after: string | null;
}

/** What was new until `ends` counts as there all along. */
export interface ChangeBaseline {
  began: string;
  ends: string;
}

/** How the change log is kept; without a baseline as long as nothing was compared. */
export interface ChangeLog {
  baseline: ChangeBaseline | null;
  most_kept: number;
  days_kept: number;
}

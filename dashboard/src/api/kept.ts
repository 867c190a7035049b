import type { PolicyRow } from "./shapes.ts";

/** A refusal that is set aside for some time: of one endpoint, for one reason, and perhaps of one caller. */
export interface PolicyException {
  id: string;
  policy: string;
  scope: PolicyRow["scope"];
  /** The reason for which the policy refused. */
  refusal: string;
  /** The caller, by the name that was verified; null for whoever calls. */
  subject: string | null;
  exchange: string;
  until: string;
  reason: string;
  who: string;
  made: string;
}

export type DeliveryState = "failed" | "asked" | "replaying" | "taken" | "discarded";

/** A delivery of a webhook that no upstream took, without the delivery. */
export interface FailedDelivery {
  id: string;
  state: DeliveryState;
  policy: string;
  service: string;
  first: string;
  last: string;
  until: string;
  exchange: string;
  /** Why it last failed. */
  failure: string;
  status: number | null;
  failures: number;
  replays: number;
  bytes: number;
  /** Whether it is kept whole, and can be replayed. */
  is_whole: boolean;
  /** Why it is not. */
  missing: string;
}

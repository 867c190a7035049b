// A test for the compiler: what the API answers, by its own document, is what the pages read. It emits nothing.
import type * as schema from "./schema.ts";
import type * as shapes from "./shapes.ts";

/** Fails to compile unless every answer can be read as the shape. */
type Reads<Shape, _Answer extends Shape> = true;

export type Agreements = [
  Reads<shapes.Session, schema.SessionView>,
  Reads<shapes.Endpoint, schema.Endpoint>,
  Reads<shapes.Finding, schema.Finding>,
  Reads<shapes.StateChange, schema.FindingEvent>,
  Reads<shapes.Detection, schema.Detection>,
  Reads<shapes.Incident, schema.Incident>,
  Reads<shapes.Actor, schema.ActorSummary>,
  Reads<shapes.ActorRef, schema.ActorRef>,
  Reads<shapes.Figures, schema.Figures>,
  Reads<shapes.Counts, schema.Counts>,
  Reads<shapes.Health, schema.Health>,
  Reads<shapes.TimeBucket, schema.TimeBucket>,
  Reads<shapes.NamedCount, schema.NamedCount>,
  Reads<shapes.CheckTally, schema.CheckTally>,
  Reads<shapes.Summary, schema.Summary>,
  Reads<shapes.Overview, schema.Overview>,
  Reads<shapes.PolicyRow, schema.PolicyView>,
  Reads<shapes.LiveExchange, schema.LiveExchange>,
  Reads<shapes.ReferenceItem, schema.ItemMeta>,
  Reads<shapes.DataClassItem, schema.ClassView>,
  Reads<shapes.Service, schema.ServiceRecord>,
  Reads<shapes.ApiKey, schema.ApiKey>,
  Reads<shapes.User, schema.User>,
  Reads<shapes.Token, schema.AccessToken>,
  Reads<shapes.Configuration, schema.Configuration>,
  Reads<shapes.AuditEntry, schema.AuditRecord>,
  Reads<shapes.Evidence, schema.Evidence>,
  Reads<shapes.EvidenceValue, schema.EvidenceValue>,
  Reads<shapes.Parameter, schema.Parameter>,
  Reads<shapes.Auth, schema.Auth>,
  Reads<shapes.DataClassCount, schema.DataClassCount>,
  Reads<shapes.Factor, schema.ScoreFactor>,
];

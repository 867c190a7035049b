// A test for the compiler: what the API answers, by its own document, is what the pages read. It emits nothing.
import type * as apart from "./apart.ts";
import type * as changes from "./changes.ts";
import type * as clients from "./clients.ts";
import type * as figures from "./figures.ts";
import type * as journeys from "./journeys.ts";
import type * as schema from "./schema.ts";
import type * as servicemap from "./servicemap.ts";
import type * as shapes from "./shapes.ts";

/** Fails to compile unless every answer can be read as the shape. */
type Reads<Shape, _Answer extends Shape> = true;

/** A part of a list of which only some members were asked for. */
type Part<Shape> = shapes.Page<Partial<Shape>>;

export type Agreements = [
  Reads<shapes.Session, schema.SessionView>,
  Reads<shapes.Endpoint, schema.Endpoint>,
  Reads<Part<shapes.Endpoint>, schema.Selections["/endpoints"]>,
  Reads<shapes.Finding, schema.FindingView>,
  Reads<Part<shapes.Finding>, schema.Selections["/findings"]>,
  Reads<shapes.StateChange, schema.FindingEvent>,
  Reads<shapes.Detection, schema.Detection>,
  Reads<shapes.Incident, schema.Incident>,
  Reads<Part<shapes.Incident>, schema.Selections["/incidents"]>,
  Reads<shapes.Actor, schema.ActorSummary>,
  Reads<shapes.ActorRef, schema.ActorRef>,
  Reads<figures.Figures, schema.Figures>,
  Reads<figures.Counts, schema.Counts>,
  Reads<figures.Health, schema.Health>,
  Reads<figures.TimeBucket, schema.TimeBucket>,
  Reads<figures.NamedCount, schema.NamedCount>,
  Reads<figures.CheckTally, schema.CheckTally>,
  Reads<figures.Summary, schema.Summary>,
  Reads<figures.Overview, schema.Overview>,
  Reads<shapes.PolicyRow, schema.PolicyView>,
  Reads<shapes.LiveExchange, schema.LiveExchange>,
  Reads<shapes.ReferenceItem, schema.ItemMeta>,
  Reads<shapes.DataClassItem, schema.ClassView>,
  Reads<shapes.Service, schema.ServiceRecord>,
  Reads<shapes.ApiKey, schema.ApiKey>,
  Reads<shapes.User, schema.User>,
  Reads<shapes.Token, schema.AccessToken>,
  Reads<shapes.Run, schema.RunView>,
  Reads<shapes.Retention, schema.RetentionView>,
  Reads<shapes.Configuration, schema.Configuration>,
  Reads<shapes.AuditEntry, schema.AuditRecord>,
  Reads<shapes.Evidence, schema.Evidence>,
  Reads<shapes.EvidenceValue, schema.EvidenceValue>,
  Reads<shapes.Parameter, schema.Parameter>,
  Reads<shapes.Auth, schema.Auth>,
  Reads<shapes.DataClassCount, schema.DataClassCount>,
  Reads<shapes.Factor, schema.ScoreFactor>,
  Reads<shapes.Facets, schema.Facets>,
  Reads<shapes.Comment, schema.FindingComment>,
  Reads<shapes.Exchange, schema.ExchangeView>,
  Reads<shapes.Callers, schema.Callers>,
  Reads<shapes.EndpointCalls, schema.EndpointCalls>,
  Reads<shapes.EndpointHistory, schema.History>,
  Reads<apart.Parts, schema.EndpointParts>,
  Reads<apart.MergedPath, schema.MergedPath>,
  Reads<apart.Split, schema.EndpointSplit>,
  Reads<changes.Change, schema.Change>,
  Reads<changes.ChangeLog, schema.Baseline>,
  Reads<clients.Client, schema.ClientSummary>,
  Reads<clients.ClientDetail, schema.ClientDetail>,
  Reads<journeys.JourneySummary, schema.JourneySummary>,
  Reads<journeys.Journey, schema.Journey>,
  Reads<journeys.IncidentJourney, schema.IncidentJourney>,
  Reads<servicemap.ServiceGraph, schema.ServiceGraph>,
  Reads<servicemap.ThirdParty, schema.ThirdParty>,
  Reads<figures.Traffic, schema.Traffic>,
  Reads<figures.Changes, schema.Changes>,
];

// What of a journey is drawn, and where: pure, so that the same journey gives the same picture.
import type { JourneyMove, JourneyNode, JourneyStep, MoveKind } from "../api/journeys.ts";
import { type Layered, type LayeredEdge, layered, type PlacedEdge, type PlacedNode } from "./layered.ts";

/** Moves below this share of what follows are hidden until somebody asks for them. */
export const RARE_SHARE = 0.02;
export const SIZES = { width: 152, height: 40, across: 56, between: 20 };
/** Where steps are drawn that were at no endpoint, or at one of too many that the graph does not have. */
export const ELSEWHERE = "elsewhere";
/** Most places that the graph does not have, and most usual nodes that nobody of the incident visited. */
const MOST_STRANGE = 12;
const MOST_AROUND = 12;

/** Moves that are drawn. A node that nobody begins at keeps its most frequent way in, however rare that is. */
export function shownMoves(nodes: JourneyNode[], moves: JourneyMove[], rare: boolean): JourneyMove[] {
  const known = new Set(nodes.map((node) => node.endpoint_id));
  const drawable = moves.filter(({ from, to }) => known.has(from) && known.has(to));
  if (rare) return drawable;
  const begun = new Set(nodes.filter(({ starts }) => starts > 0).map((node) => node.endpoint_id));
  for (const { from, to, share } of drawable) if (share >= RARE_SHARE && from !== to) begun.add(to);
  return drawable.filter(({ from, to, share }) => {
    if (share >= RARE_SHARE) return true;
    if (from === to || begun.has(to)) return false;
    begun.add(to);
    return true;
  });
}

/** From left to right, from where most sessions begin. */
export function laidOut(nodes: JourneyNode[], edges: LayeredEdge[], others: string[] = []): Layered {
  const order = nodes.toSorted((a, b) => b.starts - a.starts || b.visits - a.visits);
  return layered([...order.map((node) => node.endpoint_id), ...others], edges, SIZES);
}

/** The weight of a line in units of the drawing, by how often the move was made. */
export const weight = (count: number, most: number): number =>
  1 + 4 * Math.sqrt(Math.max(0, count) / Math.max(1, most));

/** The head of an arrow, at the end of its path. */
export function head({ path, from, to, back }: PlacedEdge): string {
  const [x = 0, y = 0] = (path.match(/-?\d+(\.\d+)?/g) ?? []).slice(-2).map(Number);
  if (from === to) return `M${x},${y}l-4,-7h8z`;
  return back ? `M${x},${y}l8,-4v8z` : `M${x},${y}l-8,-4v8z`;
}

/** The node that an arrow key leads to: up and down within a layer, left and right to the nearest of the next. */
export function neighbour(nodes: PlacedNode[], id: string, key: string): string | undefined {
  const own = nodes.find((node) => node.id === id);
  if (!own) return nodes[0]?.id;
  const nearest = (fit: (node: PlacedNode) => boolean) =>
    nodes
      .filter(fit)
      .toSorted(
        (a, b) => Math.abs(a.layer - own.layer) - Math.abs(b.layer - own.layer) || away(a) - away(b),
      )[0]?.id;
  const away = (node: PlacedNode) => Math.abs(node.y - own.y);
  if (key === "ArrowRight") return nearest(({ layer }) => layer > own.layer);
  if (key === "ArrowLeft") return nearest(({ layer }) => layer < own.layer);
  if (key === "ArrowDown") return nearest(({ layer, y }) => layer === own.layer && y > own.y);
  if (key === "ArrowUp") return nearest(({ layer, y }) => layer === own.layer && y < own.y);
  return undefined;
}

export interface TrailMove extends LayeredEdge {
  /** The strangest of the times it was made; `not_compared` where one end is at no endpoint. */
  kind: MoveKind | "not_compared";
  /** The numbers of the steps that it led to, from 1. */
  steps: number[];
}

export interface Trail {
  /** The numbers of the steps at each place, from 1. */
  visits: Map<string, number[]>;
  moves: TrailMove[];
  /** Places that the graph does not have, with the first step there. */
  strange: Map<string, JourneyStep>;
  /** Whether a step there was part of a detection. */
  hostile: Set<string>;
}

const STRANGENESS: TrailMove["kind"][] = ["usual", "rare", "one_caller", "not_compared", "unseen"];

/** The way of a caller through a graph, each move once. A step where a session begins is led to by none. */
export function trailOf(steps: JourneyStep[], known: ReadonlySet<string>): Trail {
  const trail: Trail = { visits: new Map(), moves: [], strange: new Map(), hostile: new Set() };
  const byEnds = new Map<string, TrailMove>();
  let before: string | undefined;
  for (const [index, step] of steps.entries()) {
    const place = placeIn(trail, step, known);
    const own = trail.visits.get(place);
    if (own) own.push(index + 1);
    else trail.visits.set(place, [index + 1]);
    if (step.hostile) trail.hostile.add(place);
    if (before !== undefined && step.move !== "start") {
      const key = JSON.stringify([before, place]);
      const move = byEnds.get(key);
      if (move) {
        move.steps.push(index + 1);
        if (STRANGENESS.indexOf(step.move) > STRANGENESS.indexOf(move.kind)) move.kind = step.move;
      } else {
        byEnds.set(key, { from: before, to: place, kind: step.move, steps: [index + 1] });
      }
    }
    before = place;
  }
  trail.moves = [...byEnds.values()];
  return trail;
}

function placeIn({ strange }: Trail, step: JourneyStep, known: ReadonlySet<string>): string {
  const id = step.endpoint_id;
  if (id !== null && (known.has(id) || strange.has(id))) return id;
  const place = id === null || strange.size >= MOST_STRANGE ? ELSEWHERE : id;
  if (!strange.has(place)) strange.set(place, step);
  return place;
}

/** The nodes that are drawn under a trail: those it visits, and the most visited of the others. */
export function around(nodes: JourneyNode[], { visits }: Trail): JourneyNode[] {
  let others = 0;
  return nodes.filter(({ endpoint_id }) => {
    if (visits.has(endpoint_id)) return true;
    others += 1;
    return others <= MOST_AROUND;
  });
}

/** `3`, `3, 4`, `3, 4 +17`: numbers of steps where there is little room. */
export const numbered = (steps: number[]): string =>
  steps.length <= 2 ? steps.join(", ") : `${steps.slice(0, 2).join(", ")} +${steps.length - 2}`;

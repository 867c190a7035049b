// What of a journey is drawn, and where: pure, so that the same journey gives the same picture.
import type { JourneyMove, JourneyNode, JourneyStep, MoveKind } from "../api/journeys.ts";
import {
  type Layered,
  type LayeredEdge,
  layered,
  MAX_EDGES,
  type PlacedEdge,
  type PlacedNode,
} from "./layered.ts";

/** Moves below this share of what follows are hidden until somebody asks for them. */
export const RARE_SHARE = 0.02;
export const SIZES = { width: 152, height: 40, across: 44, between: 20 };
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

/**
 * From left to right by the fewest moves from where sessions begin. `more` are moves that are drawn too, and place only
 * what the others do not reach; `others` are drawn beside the nodes.
 */
export function laidOut(
  nodes: JourneyNode[],
  moves: LayeredEdge[],
  more: LayeredEdge[] = [],
  others: string[] = [],
): Layered {
  const order = nodes.toSorted((a, b) => b.starts - a.starts || b.visits - a.visits);
  const ids = [...order.map((node) => node.endpoint_id), ...others];
  const begins = order.filter(({ starts }, index) => index === 0 || starts >= (order[0]?.starts ?? 0) / 2);
  const tree = waysTo(
    ids,
    begins.map((node) => node.endpoint_id),
    [moves, more],
  );
  const placed = packed(layered(ids, tree, SIZES));
  const at = new Map(placed.nodes.map((node) => [node.id, node]));
  const known = new Map([...moves, ...more].map((move) => [JSON.stringify([move.from, move.to]), move]));
  const edges = [...known.values()].flatMap(({ from, to }) => {
    const [first, last] = [at.get(from), at.get(to)];
    return first && last ? [curved(first, last)] : [];
  });
  const kept = edges.slice(0, MAX_EDGES);
  return {
    ...placed,
    edges: kept,
    leftOut: { nodes: placed.leftOut.nodes, edges: edges.length - kept.length },
  };
}

/** One move into each node: the first of the fewest from a beginning. Breadth first, what is left begins anew. */
function waysTo(ids: string[], begins: string[], lots: LayeredEdge[][]): LayeredEdge[] {
  const reached = new Set<string>(begins);
  const tree: LayeredEdge[] = [];
  const follow = (lot: LayeredEdge[], from: Iterable<string>) => {
    const out = new Map<string, string[]>();
    for (const { from: id, to } of lot) out.set(id, [...(out.get(id) ?? []), to]);
    // A set goes on through what is added while it is walked.
    const walk = new Set(from);
    for (const id of walk) {
      for (const to of out.get(id) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        walk.add(to);
        tree.push({ from: id, to });
      }
    }
  };
  for (const lot of lots) follow(lot, [...reached]);
  for (const id of ids) {
    if (reached.has(id)) continue;
    reached.add(id);
    follow(lots.flat(), [id]);
  }
  return tree;
}

/** Without bands from left to right where nothing is. */
function packed(layout: Layered): Layered {
  let bottom = -SIZES.between;
  let shift = 0;
  const heights = new Map<string, number>();
  for (const { id, y } of layout.nodes.toSorted((a, b) => a.y - b.y)) {
    shift += Math.max(0, y - bottom - SIZES.between);
    bottom = Math.max(bottom, y + SIZES.height);
    heights.set(id, y - shift);
  }
  const nodes = layout.nodes.map((node) => ({ ...node, y: heights.get(node.id) ?? node.y }));
  return { ...layout, nodes, height: Math.max(0, ...nodes.map(({ y }) => y + SIZES.height)) };
}

/** A line between two nodes: rightwards from side to side, back the other way round, and over the top to itself. */
function curved(from: PlacedNode, to: PlacedNode): PlacedEdge {
  const { width, height, across, between } = SIZES;
  const ends = { from: from.id, to: to.id };
  if (from.id === to.id) {
    const [left, right, top] = [from.x + width * 0.6, from.x + width * 0.8, from.y - between * 0.8];
    return {
      ...ends,
      path: `M${left},${from.y} C${left},${top} ${right},${top} ${right},${from.y}`,
      back: true,
    };
  }
  const [y, toY] = [from.y + height / 2, to.y + height / 2];
  const back = to.layer <= from.layer;
  const x = to.layer < from.layer ? from.x : from.x + width;
  const toX = back ? to.x + width : to.x;
  // There and back within a layer are two lines, so that dashes of one do not fill those of the other.
  const wide = to.layer === from.layer && to.y < from.y ? across * 1.6 : across;
  const bow = Math.max(wide, Math.abs(toX - x) / 3) * (to.layer < from.layer ? -1 : 1);
  return {
    ...ends,
    path: `M${x},${y} C${x + bow},${y} ${toX + (back ? Math.abs(bow) : -bow)},${toY} ${toX},${toY}`,
    back,
  };
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

// Places the nodes of a directed graph in layers, from left to right: callers before what they call. In the
// way of Sugiyama, Tagawa and Toda (1981): edges against the grain are turned round, layers by the longest
// path, fewer crossings by barycentres, then heights beside neighbours. Pure, deterministic and bounded: the
// same nodes and edges in the same order give the same picture.

export interface LayeredEdge {
  from: string;
  to: string;
}

/** Sizes in units of the drawing. */
export interface Sizes {
  /** Of a node. */
  width: number;
  height: number;
  /** Between layers, where edges bend. */
  across: number;
  /** Between the nodes of a layer. */
  between: number;
}

export interface PlacedNode {
  id: string;
  /** 0 is leftmost. */
  layer: number;
  /** Upper left corner. */
  x: number;
  y: number;
}

export interface PlacedEdge extends LayeredEdge {
  /** The `d` of an SVG path, from the caller to what it calls. */
  path: string;
  /** Whether it goes back to an earlier layer, as one edge of every cycle does. */
  back: boolean;
}

export interface Layered {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
  /** Nodes and edges beyond the limits, and edges whose ends are not drawn. */
  leftOut: { nodes: number; edges: number };
}

/** Most nodes and edges that are drawn: a picture of more tells nothing. */
export const MAX_NODES = 150;
export const MAX_EDGES = 600;
/** Most bends of edges over several layers; edges beyond go straight. */
const MAX_BENDS = 2_000;
const SWEEPS = 8;

/** A node, or the bend of an edge that passes a layer: then `id` is null. */
interface Cell {
  id: string | null;
  layer: number;
  at: number;
  y: number;
  before: Cell[];
  after: Cell[];
}

interface Wire {
  edge: LayeredEdge;
  back: boolean;
  /** From the earlier layer to the later one, both ends included. */
  cells: Cell[];
}

export function layered(ids: string[], edges: LayeredEdge[], sizes: Sizes): Layered {
  const distinct = [...new Set(ids)];
  const drawn = distinct.slice(0, MAX_NODES);
  const known = new Set(drawn);
  const joined = distinctEdges(edges.filter(({ from, to }) => known.has(from) && known.has(to)));
  const kept = joined.slice(0, MAX_EDGES);
  const turned = turnedRound(drawn, kept);
  const layers = longestPaths(drawn, kept, turned);
  const cells = new Map(drawn.map((id) => [id, cell(id, layers.get(id) ?? 0)]));
  const wires = wired(kept, turned, cells);
  const columns = ordered(cells, wires);
  const height = raised(columns, sizes);
  const x = (layer: number) => layer * (sizes.width + sizes.across);
  return {
    nodes: drawn.flatMap((id) => {
      const { layer, y } = cells.get(id) ?? cell(id, 0);
      return { id, layer, x: x(layer), y };
    }),
    edges: kept.map((edge) => {
      const wire = wires.find((one) => one.edge === edge);
      const own = cells.get(edge.from) ?? cell(edge.from, 0);
      const path = wire ? bent(wire, x, sizes) : loop(x(own.layer), own.y, sizes);
      return { from: edge.from, to: edge.to, path, back: wire?.back ?? true };
    }),
    width: columns.length === 0 ? 0 : x(columns.length - 1) + sizes.width,
    height,
    leftOut: {
      nodes: distinct.length - drawn.length,
      edges: distinctEdges(edges).length - kept.length,
    },
  };
}

const cell = (id: string | null, layer: number): Cell => ({ id, layer, at: 0, y: 0, before: [], after: [] });

function distinctEdges(edges: LayeredEdge[]): LayeredEdge[] {
  const seen = new Set<string>();
  return edges.filter(({ from, to }) => {
    const key = JSON.stringify([from, to]);
    return !seen.has(key) && seen.add(key);
  });
}

/** What a node calls, without itself. */
function called(edges: LayeredEdge[]): Map<string, LayeredEdge[]> {
  const out = new Map<string, LayeredEdge[]>();
  for (const edge of edges) {
    if (edge.from === edge.to) continue;
    const own = out.get(edge.from);
    if (own) own.push(edge);
    else out.set(edge.from, [edge]);
  }
  return out;
}

/** Edges that would close a cycle, found depth first from those that nobody calls; without recursion. */
function turnedRound(ids: string[], edges: LayeredEdge[]): Set<LayeredEdge> {
  const calls = called(edges);
  const isCalled = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  const starts = [...ids.filter((id) => !isCalled.has(id)), ...ids.filter((id) => isCalled.has(id))];
  const state = new Map<string, "open" | "done">();
  const turned = new Set<LayeredEdge>();
  for (const start of starts) {
    if (state.has(start)) continue;
    const stack: { id: string; next: number }[] = [{ id: start, next: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = calls.get(top.id)?.[top.next];
      top.next += 1;
      if (!edge) {
        state.set(top.id, "done");
        stack.pop();
      } else if (state.get(edge.to) === "open") {
        turned.add(edge);
      } else if (!state.has(edge.to)) {
        state.set(edge.to, "open");
        stack.push({ id: edge.to, next: 0 });
      }
    }
  }
  return turned;
}

/** The layer of each: one after the latest of those that call it. */
function longestPaths(ids: string[], edges: LayeredEdge[], turned: Set<LayeredEdge>): Map<string, number> {
  const forward = edges.filter(({ from, to }) => from !== to);
  const straight = forward.map((edge) =>
    turned.has(edge) ? { from: edge.to, to: edge.from } : { from: edge.from, to: edge.to },
  );
  const calls = called(straight);
  const waits = new Map(ids.map((id) => [id, 0]));
  for (const { to } of straight) waits.set(to, (waits.get(to) ?? 0) + 1);
  const layers = new Map(ids.map((id) => [id, 0]));
  const ready = ids.filter((id) => waits.get(id) === 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    for (const { to } of calls.get(id) ?? []) {
      layers.set(to, Math.max(layers.get(to) ?? 0, (layers.get(id) ?? 0) + 1));
      const left = (waits.get(to) ?? 1) - 1;
      waits.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return layers;
}

/** Edges as chains of cells, one in every layer they pass. */
function wired(edges: LayeredEdge[], turned: Set<LayeredEdge>, cells: Map<string, Cell>): Wire[] {
  let bends = 0;
  return edges.flatMap((edge) => {
    const back = turned.has(edge);
    const first = cells.get(back ? edge.to : edge.from);
    const last = cells.get(back ? edge.from : edge.to);
    if (!first || !last || first === last) return [];
    const between = last.layer - first.layer - 1;
    const chain = [first];
    if (bends + between <= MAX_BENDS) {
      bends += between;
      for (let layer = first.layer + 1; layer < last.layer; layer += 1) chain.push(cell(null, layer));
    }
    chain.push(last);
    chain.slice(1).forEach((later, index) => {
      const earlier = chain[index];
      earlier?.after.push(later);
      if (earlier) later.before.push(earlier);
    });
    return { edge, back, cells: chain };
  });
}

/** The cells of each layer from top to bottom, the order with the fewest crossings of those tried. */
function ordered(cells: Map<string, Cell>, wires: Wire[]): Cell[][] {
  const columns: Cell[][] = [];
  const put = (one: Cell) => {
    while (columns.length <= one.layer) columns.push([]);
    columns[one.layer]?.push(one);
  };
  cells.forEach(put);
  for (const wire of wires) wire.cells.filter(({ id }) => id === null).forEach(put);
  columns.forEach(number);
  let best = columns.map((column) => [...column]);
  let fewest = crossings(columns);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const column of down ? columns : [...columns].reverse()) {
      const wish = new Map(column.map((one) => [one, mean(down ? one.before : one.after, one)]));
      column.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || a.at - b.at);
      number(column);
    }
    const now = crossings(columns);
    if (now < fewest) [fewest, best] = [now, columns.map((column) => [...column])];
  }
  best.forEach(number);
  return best;
}

const number = (column: Cell[]) => {
  for (const [at, one] of column.entries()) one.at = at;
};

const mean = (cells: Cell[], own: Cell): number =>
  cells.length === 0 ? own.at : cells.reduce((sum, { at }) => sum + at, 0) / cells.length;

function crossings(columns: Cell[][]): number {
  let count = 0;
  for (const column of columns) {
    const lines = column.flatMap((one) => one.after.map((other) => [one.at, other.at] as const));
    lines.forEach(([from, to], index) => {
      for (const [start, end] of lines.slice(index + 1)) count += Number((from - start) * (to - end) < 0);
    });
  }
  return count;
}

/** Gives each cell a height near those it is joined with; the height of all. */
function raised(columns: Cell[][], sizes: Sizes): number {
  const step = (one: Cell) => (one.id === null ? sizes.height / 2 : sizes.height) + sizes.between;
  for (const column of columns) {
    let y = 0;
    for (const one of column) {
      one.y = y;
      y += step(one);
    }
  }
  for (let pass = 0; pass < SWEEPS; pass += 1) {
    const right = pass % 2 === 0;
    for (const column of right ? columns : [...columns].reverse()) {
      settle(column, (one) => (right ? one.before : one.after), step);
    }
  }
  const all = columns.flat();
  const top = Math.min(0, ...all.map(({ y }) => y));
  for (const one of all) one.y = Math.round(one.y - top);
  const lowest = Math.min(...all.map(({ y }) => y));
  for (const one of all) one.y -= lowest;
  return all.length === 0 ? 0 : Math.max(...all.map(({ y }) => y)) + sizes.height;
}

/** Moves the cells of a layer towards their neighbours, as far as their order and distances allow. */
function settle(column: Cell[], neighbours: (one: Cell) => Cell[], step: (one: Cell) => number) {
  const wishes = column.map((one) => {
    const near = neighbours(one);
    return near.length === 0 ? one.y : near.reduce((sum, { y }) => sum + y, 0) / near.length;
  });
  let floor = Number.NEGATIVE_INFINITY;
  let pushed = 0;
  column.forEach((one, index) => {
    const wish = wishes[index] ?? one.y;
    one.y = Math.max(wish, floor);
    pushed += one.y - wish;
    floor = one.y + step(one);
  });
  // Those that were pushed down share the way with those that pushed.
  const shift = column.length === 0 ? 0 : pushed / column.length;
  for (const one of column) one.y -= shift;
}

/** A path through the cells of an edge, from the side of the caller. */
function bent(wire: Wire, x: (layer: number) => number, { width, height }: Sizes): string {
  const last = wire.cells.length - 1;
  const points = wire.cells.flatMap((one, index) => {
    const y = one.y + height / 2;
    const left = [x(one.layer), y] as const;
    const right = [x(one.layer) + width, y] as const;
    return index === 0 ? [right] : index === last ? [left] : [left, right];
  });
  if (wire.back) points.reverse();
  return points
    .map(([px, py], index) => {
      const before = points[index - 1];
      if (!before) return `M${px},${py}`;
      const middle = (before[0] + px) / 2;
      return before[1] === py ? `L${px},${py}` : `C${middle},${before[1]} ${middle},${py} ${px},${py}`;
    })
    .join(" ");
}

/** From a node back to itself, over its upper edge. */
function loop(x: number, y: number, { width, between }: Sizes): string {
  const [from, to, top] = [x + width * 0.6, x + width * 0.8, y - between * 0.6];
  return `M${from},${y} C${from},${top} ${to},${top} ${to},${y}`;
}

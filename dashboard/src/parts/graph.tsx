// A graph of nodes in layers. One node is in the order of the Tab key; arrow keys walk to the others.
import { type KeyboardEvent, useRef, useState } from "react";
import { head, neighbour, SIZES } from "../words/journeygraph.ts";
import type { Layered } from "../words/layered.ts";

export interface GraphNode {
  id: string;
  verb: string;
  name: string;
  /** Beside the verb: a share, and what else there is to know. */
  under: string;
  /** In a line of plain text. */
  says: string;
  look?: string;
  /** From 0 to 1: a bar along the lower edge. */
  share?: number;
  begins?: boolean;
  ends?: boolean;
  /** Numbers of steps. */
  badge?: string | undefined;
}

export interface GraphLine {
  from: string;
  to: string;
  width: number;
  says: string;
  look?: string;
}

interface Props {
  label: string;
  hint: string;
  layout: Layered;
  nodes: GraphNode[];
  /** The later ones are drawn over the earlier ones. */
  lines: GraphLine[];
  chosen?: string | undefined;
  choose?: (id: string) => void;
}

const PAD = 16;
const LETTERS = 19;
/** The width of a letter of the verb, in units of the drawing. */
const VERB_LETTER = 6.6;

/** The end of a name tells more than its beginning. */
const tail = (text: string) => (text.length > LETTERS ? `…${text.slice(1 - LETTERS)}` : text);

export function Graph({ label, hint, layout, nodes, lines, chosen, choose }: Props) {
  const [said, say] = useState<string>();
  const [at, setAt] = useState<string>();
  const svg = useRef<SVGSVGElement>(null);
  const places = new Map(layout.nodes.map((node) => [node.id, node]));
  const paths = new Map(layout.edges.map((edge) => [JSON.stringify([edge.from, edge.to]), edge]));
  const drawn = nodes.filter(({ id }) => places.has(id));
  const stop = [at, chosen, drawn[0]?.id].find((id) => id !== undefined && places.has(id));
  const touches = ({ from, to }: GraphLine) => chosen !== undefined && (from === chosen || to === chosen);
  const beside = new Set(lines.filter(touches).flatMap(({ from, to }) => [from, to]));
  const onKey = (event: KeyboardEvent, id: string) => {
    if ((event.key === "Enter" || event.key === " ") && choose) {
      event.preventDefault();
      choose(id);
    }
    const next = neighbour(layout.nodes, id, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setAt(next);
    svg.current?.querySelector<SVGGElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
  };
  const width = layout.width + 2 * PAD;
  const height = layout.height + 2 * PAD;
  return (
    <div className="graph">
      <div className="canvas">
        <svg
          ref={svg}
          role="group"
          aria-label={label}
          viewBox={`${-PAD} ${-PAD} ${width} ${height}`}
          width={width}
          height={height}
          className={chosen === undefined ? "" : "chosen"}
        >
          {lines.map((line) => {
            const edge = paths.get(JSON.stringify([line.from, line.to]));
            if (!edge) return null;
            const near = touches(line);
            return (
              <g
                key={`${line.from} ${line.to} ${line.look ?? ""}`}
                className={`line ${line.look ?? ""} ${near ? "near" : ""}`}
                {...(near
                  ? { role: "img", tabIndex: 0, "aria-label": line.says }
                  : { "aria-hidden": "true" as const })}
                onMouseEnter={() => say(line.says)}
                onMouseLeave={() => say(undefined)}
                onFocus={() => say(line.says)}
                onBlur={() => say(undefined)}
              >
                <path className="hit" d={edge.path} />
                <path className="way" d={edge.path} strokeWidth={line.width} />
                <path className="head" d={head(edge)} />
              </g>
            );
          })}
          {drawn.map((node) => (
            <Node
              key={node.id}
              node={node}
              x={places.get(node.id)?.x ?? 0}
              y={places.get(node.id)?.y ?? 0}
              stop={node.id === stop}
              near={beside.has(node.id)}
              pressed={choose ? node.id === chosen : undefined}
              onClick={() => choose?.(node.id)}
              onKeyDown={(event) => onKey(event, node.id)}
              say={say}
            />
          ))}
        </svg>
      </div>
      <p className="small t3 tells" aria-hidden="true">
        {said ?? hint}
      </p>
    </div>
  );
}

function Node(props: {
  node: GraphNode;
  x: number;
  y: number;
  stop: boolean;
  near: boolean;
  pressed: boolean | undefined;
  onClick: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
  say: (text: string | undefined) => void;
}) {
  const { node, x, y, pressed, say } = props;
  const { width, height } = SIZES;
  return (
    <g
      className={`node ${node.look ?? ""} ${props.near ? "near" : ""} ${pressed ? "on" : ""}`}
      transform={`translate(${x} ${y})`}
      data-node={node.id}
      tabIndex={props.stop ? 0 : -1}
      role={pressed === undefined ? "img" : "button"}
      {...(pressed === undefined ? { "aria-label": node.says } : { "aria-pressed": pressed })}
      onClick={props.onClick}
      onKeyDown={props.onKeyDown}
      onMouseEnter={() => say(node.says)}
      onMouseLeave={() => say(undefined)}
      onFocus={() => say(node.says)}
      onBlur={() => say(undefined)}
    >
      {pressed !== undefined && <desc>{node.says}</desc>}
      <rect className="box" width={width} height={height} rx="5" />
      {node.share !== undefined && (
        <rect
          className="bar"
          x="1"
          y={height - 4}
          width={Math.max(2, (width - 2) * node.share)}
          height="3"
          rx="1"
        />
      )}
      {node.begins && <path className="mark-begin" d={`M-13,${height / 2 - 6}l9,6l-9,6z`} />}
      {node.ends && <rect className="mark-end" x={width + 4} y={height / 2 - 8} width="3" height="16" />}
      {/* In the order in which they are read; a name that is cut is whole in the description. */}
      <text className="verb" x="8" y="31">
        {node.verb}
      </text>
      <text className="name" x="8" y="16">
        {tail(node.name)}
      </text>
      <text className="under" x={node.verb === "" ? 8 : 14 + node.verb.length * VERB_LETTER} y="31">
        {node.under}
      </text>
      {node.badge !== undefined && <Badge text={node.badge} />}
    </g>
  );
}

function Badge({ text }: { text: string }) {
  const width = 10 + text.length * 6.6;
  return (
    <g className="badge" transform={`translate(${SIZES.width - width + 6} -13)`}>
      <rect width={width} height="16" rx="3" />
      <text x={width / 2} y="12" textAnchor="middle">
        {text}
      </text>
    </g>
  );
}

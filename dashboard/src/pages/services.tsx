import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { resource } from "../api/queries.ts";
import type { CalledOperation, ServiceGraph, ServiceNode, ThirdParty } from "../api/servicemap.ts";
import type { Page } from "../api/shapes.ts";
import { DataClass, Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { layered } from "../words/layered.ts";
import { spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { durations, joined, kindName, nodeName, toldBy, transport } from "../words/servicemap.ts";
import { visible } from "../words/visible.ts";

const SIZES = { width: 176, height: 40, across: 72, between: 16 };
/** Letters that fit into a node. */
const FITS = 24;
/** Links that the table shows. */
const ROWS = 200;
const PARTIES = 200;

/** Which services call which, and whom ours call. */
export function Services() {
  useCrumbs("Services");
  const graph = useQuery(resource<{ graph: ServiceGraph | null }>("/service-graph", {}, 60_000));
  const egress = useQuery(resource<Page<ThirdParty>>("/egress", { limit: PARTIES }, 60_000));
  return (
    <>
      <div className="thead">
        <div className="row wrap">
          <h1>Services</h1>
          <span className="t3">who calls whom, as of the last result</span>
        </div>
      </div>
      <div className="stack">
        <Ready of={graph} rows={8}>
          {({ graph }) => (graph && graph.links.length > 0 ? <Graph graph={graph} /> : <Nothing />)}
        </Ready>
        <Panel
          title="Egress"
          sub="APIs of others that ours call"
          end={egress.data && many(egress.data.items.length, "third party", "third parties")}
        >
          <Ready of={egress} rows={4}>
            {({ items, next }) =>
              items.length === 0 ? <Nowhere /> : <Egress parties={items} more={next !== null} />
            }
          </Ready>
        </Panel>
      </div>
    </>
  );
}

const Nothing = () => (
  <Panel title="Calls">
    <Empty title="No calls between services are known">
      They are told by trace context, certificates of a mesh, names that tracing gives, and addresses of
      callers. Sources that hold none of these tell nothing here.
    </Empty>
  </Panel>
);

const Nowhere = () => (
  <Empty title="No call to a third party is known">
    A host is somebody else’s when the configuration says so, or when ours were seen calling it at an address
    of others and nothing shows that ours answer there.
  </Empty>
);

function Graph({ graph }: { graph: ServiceGraph }) {
  const nodes = joined(graph);
  const names = new Map(graph.nodes.map((node) => [node.id, node]));
  const cut = graph.links_left_out + Math.max(0, graph.links.length - ROWS);
  return (
    <>
      <Panel title="Graph" sub="callers on the left" end={many(nodes.length, "node")}>
        <Drawn graph={graph} nodes={nodes} />
      </Panel>
      <Panel title="Calls" sub="most calls first" end={many(graph.links.length, "pair")}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
        <div className="scroll" tabIndex={0} role="region" aria-label="Calls">
          <table className="wide">
            <thead>
              <tr>
                <th>Caller</th>
                <th>Calls</th>
                <th className="num">How often</th>
                <th className="num">Failed</th>
                <th className="num">Median / p90</th>
                <th>Mostly</th>
                <th>Told by</th>
                <th className="num">Last</th>
              </tr>
            </thead>
            <tbody>
              {graph.links.slice(0, ROWS).map((link) => (
                <tr key={`${link.caller} ${link.callee}`}>
                  <td>
                    <Named node={names.get(link.caller)} id={link.caller} />
                  </td>
                  <td>
                    <Named node={names.get(link.callee)} id={link.callee} />
                  </td>
                  <td className="num">{count(link.calls)}</td>
                  <td className="num">{link.failures === 0 ? "–" : count(link.failures)}</td>
                  <td className="num nw">{durations(link)}</td>
                  <td>
                    <Mostly operations={link.top_operations} all={link.operations} />
                  </td>
                  <td className="t2">{toldBy(link)}</td>
                  <td className="num">
                    <Time at={link.last_seen} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {(cut > 0 || graph.forgotten > 0) && (
          <p className="tf">
            {cut > 0 && `${many(cut, "pair")} with fewer calls are not shown. `}
            {graph.forgotten > 0 &&
              `${many(graph.forgotten, "caller")} of single operations were forgotten for want of room: counts may be too small.`}
          </p>
        )}
      </Panel>
    </>
  );
}

/** The picture; what it says is in the table below, for whoever does not see it. */
function Drawn({ graph, nodes }: { graph: ServiceGraph; nodes: ServiceNode[] }) {
  const drawing = layered(
    nodes.map(({ id }) => id),
    graph.links.map(({ caller, callee }) => ({ from: caller, to: callee })),
    SIZES,
  );
  const known = new Map(nodes.map((node) => [node.id, node]));
  const calls = new Map(graph.links.map((link) => [JSON.stringify([link.caller, link.callee]), link]));
  const most = Math.max(1, ...graph.links.map((link) => link.calls));
  const left = drawing.leftOut.nodes;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <div className="graph" tabIndex={0} role="region" aria-label="Graph of services">
      <svg
        width={drawing.width + 2}
        height={drawing.height + 12}
        viewBox={`-1 -11 ${drawing.width + 2} ${drawing.height + 12}`}
        role="img"
        aria-label={`${many(drawing.nodes.length, "node")} and ${many(drawing.edges.length, "link")}; the table below lists them`}
      >
        <defs>
          <marker
            id="calls"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0,0 L8,4 L0,8 z" className="tip" />
          </marker>
        </defs>
        {drawing.edges.map(({ from, to, path }) => {
          const link = calls.get(JSON.stringify([from, to]));
          const weight = 1 + 2 * Math.sqrt((link?.calls ?? 0) / most);
          return (
            <path
              key={`${from} ${to}`}
              d={path}
              className={link && link.failures * 10 > link.calls ? "edge bad" : "edge"}
              strokeWidth={weight}
              markerEnd="url(#calls)"
            >
              <title>{`${visible(from, 60)} calls ${visible(to, 60)}: ${many(link?.calls ?? 0, "call")}`}</title>
            </path>
          );
        })}
        {drawing.nodes.map(({ id, x, y }) => {
          const node = known.get(id);
          if (!node) return null;
          return (
            <g key={id} className={node.kind} transform={`translate(${x},${y})`}>
              <title>{visible(nodeName(node), 120)}</title>
              <rect width={SIZES.width} height={SIZES.height} rx={node.kind === "network" ? 20 : 4} />
              <text x={12} y={17} className="hd">
                {visible(nodeName(node), FITS)}
              </text>
              <text x={12} y={31}>
                {node.endpoints > 0 ? many(node.endpoints, "endpoint") : kindName(node.kind)}
                {node.composite_endpoints > 0 && ` · ${count(node.composite_endpoints)} composite`}
              </text>
            </g>
          );
        })}
      </svg>
      {left > 0 && <p className="small t3">{many(left, "node")} with fewer calls are not drawn.</p>}
    </div>
  );
}

function Named({ node, id }: { node: ServiceNode | undefined; id: string }) {
  if (!node) return <Hostile text={id} most={60} />;
  const text = <Hostile text={nodeName(node)} most={60} />;
  const host = node.hosts[0];
  return (
    <>
      {host === undefined ? (
        text
      ) : (
        <Link to="/inventory" search={{ host }} className="link">
          {text}
        </Link>
      )}
      {node.kind !== "service" && node.kind !== "network" && (
        <span className="t3"> {kindName(node.kind)}</span>
      )}
    </>
  );
}

function Mostly({ operations, all }: { operations: CalledOperation[]; all: number }) {
  const first = operations[0];
  if (!first) return <span className="t3">–</span>;
  return (
    <>
      <Link to="/inventory/$id" params={{ id: first.endpoint_id }} className="link">
        <Hostile text={first.name} most={80} />
      </Link>
      {all > 1 && <span className="t3"> and {count(all - 1)} more</span>}
    </>
  );
}

function Egress({ parties, more }: { parties: ThirdParty[]; more: boolean }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <div className="scroll" tabIndex={0} role="region" aria-label="Third parties">
        <table className="wide">
          <thead>
            <tr>
              <th>Host</th>
              <th className="num">Calls</th>
              <th>Operations</th>
              <th>Who calls</th>
              <th>Sent there</th>
              <th>Credentials</th>
              <th>Transport</th>
              <th className="num">Last</th>
            </tr>
          </thead>
          <tbody>
            {parties.map((party) => (
              <Party key={party.host} party={party} />
            ))}
          </tbody>
        </table>
      </div>
      {more && <p className="tf">These are the {count(parties.length)} that are called most.</p>}
    </>
  );
}

function Party({ party }: { party: ThirdParty }) {
  const callers = party.callers.map(nodeName).join(", ");
  const credentials = [...new Set(party.credentials.map(({ type }) => spaced(type)))].join(", ");
  return (
    <tr>
      <td>
        <Link to="/inventory" search={{ host: party.host }} className="link">
          <Hostile text={party.host} most={60} />
        </Link>
        <span className="t3" title={visible(party.told, 300)}>
          {" "}
          by {spaced(party.told_by)}
        </span>
      </td>
      <td className="num">{count(party.requests)}</td>
      <td>
        <Mostly operations={party.top_operations} all={party.operations} />
      </td>
      <td>{callers === "" ? <span className="t3">not told</span> : <Hostile text={callers} most={80} />}</td>
      <td>
        {party.sent.length === 0 ? (
          <span className="t3">–</span>
        ) : (
          party.sent.map((sent) => <DataClass key={sent.class} name={sent.class} />)
        )}
      </td>
      <td>{credentials === "" ? <span className="t3">–</span> : credentials}</td>
      <td className={party.plain > 0 ? "bad" : ""}>{transport(party)}</td>
      <td className="num">
        <Time at={party.last_seen} />
      </td>
    </tr>
  );
}

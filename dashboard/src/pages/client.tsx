import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ClientDetail, ClientOperation } from "../api/clients.ts";
import type { NamedCount } from "../api/figures.ts";
import { one } from "../api/queries.ts";
import { Called, DataClasses, Hostile } from "../parts/marks.tsx";
import { Facts, Panel } from "../parts/panels.tsx";
import { Copy, Empty, Ready, Time } from "../parts/words.tsx";
import { useCrumbs } from "../shell/frame.tsx";
import { formName, needs, refusedShare, scopeWords, toldBy, unusedScopes } from "../words/clients.ts";
import { capital, spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";
import { visible } from "../words/visible.ts";
import { Grade } from "./actors.tsx";

export function ClientPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const client = useQuery(one<ClientDetail>("/clients", id));
  useCrumbs(client.data ? visible(client.data.label, 80) : "Client", { to: "/clients", name: "Clients" });
  return (
    <Ready of={client} rows={8}>
      {(it) => <Whole client={it} />}
    </Ready>
  );
}

function Whole({ client }: { client: ClientDetail }) {
  return (
    <>
      <div className="thead">
        <div className="row wrap">
          <span className="chip">{formName(client.form)}</span>
          <span className="chip">{spaced(client.kind)}</span>
          <Grade grade={client.grade} />
          <span className="plain mono nw">
            {client.id} <Copy text={client.id} label="Copy the id" />
          </span>
        </div>
        <h1>
          <Hostile text={client.label} most={200} />
        </h1>
      </div>
      <p className="story">
        Known by {toldBy(client.told_by)}
        {client.issuer !== null && (
          <>
            , issued by <Hostile text={client.issuer} most={120} />
          </>
        )}
        .{client.grade === "claimed" && " Nothing shows that it is so: anybody can send that."}
      </p>
      <Facts
        items={[
          ["Requests", count(client.requests)],
          ["Refused", refusedShare(client)],
          ["Users", count(client.users)],
          ["Addresses", count(client.sources)],
          ["Scopes unused", unusedScopes(client)],
          ["First seen", <Time key="first" at={client.first_seen} ago />],
          ["Last seen", <Time key="last" at={client.last_seen} ago />],
        ]}
      />
      <div className="stack">
        {client.scopes_granted > 0 && <Scopes client={client} />}
        <Operations client={client} />
        {client.scopes_granted === 0 && <Scopes client={client} />}
        <NeverCalled client={client} />
        <Evidence
          title="What tells its kind"
          rows={client.kind_evidence.map((one) => ({ ...one, name: capital(one.name) }))}
          none="Nothing tells where it runs"
        />
        {client.fingerprints.length + client.tls_versions.length > 0 && (
          <Evidence title="TLS" rows={[...client.tls_versions, ...client.fingerprints]} none="" />
        )}
      </div>
    </>
  );
}

function Scopes({ client }: { client: ClientDetail }) {
  const { scopes } = client;
  const more = client.scopes_granted - scopes.length;
  return (
    <Panel title="Scopes" sub="that its tokens had" end={many(client.scopes_granted, "scope")}>
      {scopes.length === 0 ? (
        <Empty title="No token of it had a scope">What it may do is not written in what it sends.</Empty>
      ) : (
        <table className="fold">
          <thead>
            <tr>
              <th>Scope</th>
              <th>Claim</th>
              <th>Use</th>
            </tr>
          </thead>
          <tbody>
            {scopes.map((scope) => (
              <tr key={`${scope.claim} ${scope.name}`}>
                <td className="f-first breaks mono">
                  <Hostile text={scope.name} most={130} />
                </td>
                <td className="t3">
                  <Hostile text={scope.claim} most={20} />
                </td>
                <td className={scope.usage === "unused" ? "tone s-medium" : "t2"}>
                  {scopeWords(scope.usage)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p className="pb small t3">{many(more, "more scope")} without room to be listed.</p>}
    </Panel>
  );
}

/** `GET api.example/orders` as the two things it says. */
function named(name: string) {
  const end = name.indexOf(" ");
  return { method: name.slice(0, Math.max(0, end)), path: name.slice(end + 1), operation: null };
}

/** Each class once, whichever way it went. */
const classesOf = ({ data = [] }: ClientOperation) => [...new Set(data.map((one) => one.class))];

function Operations({ client }: { client: ClientDetail }) {
  const { operations, operations_not_kept: notKept } = client;
  return (
    <Panel title="Operations used" end={many(client.operations_used, "operation")}>
      {operations.length === 0 ? (
        <Empty title="No operation of the inventory was granted to it" />
      ) : (
        <table className="fold">
          <thead>
            <tr>
              <th>Operation</th>
              <th>Scopes that it needs</th>
              <th>Data sent or answered</th>
              <th className="num">Granted</th>
            </tr>
          </thead>
          <tbody>
            {operations.map((operation) => (
              <tr key={operation.endpoint_id}>
                <td className="f-first breaks">
                  <Link to="/inventory/$id" params={{ id: operation.endpoint_id }} className="link">
                    <Called place={named(operation.name)} most={200} />
                  </Link>
                </td>
                <td className={operation.lacking.length > 0 ? "breaks tone s-high" : "breaks t2"}>
                  <Hostile text={needs(operation)} most={200} />
                </td>
                <td>
                  <DataClasses names={classesOf(operation)} room={240} />
                </td>
                <td className="num">{count(operation.requests)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {notKept > 0 && (
        <p className="pb small t3">
          {many(notKept, "more exchange")} of operations without room to be told apart.
        </p>
      )}
    </Panel>
  );
}

/** What its scopes allow beyond what it does: a hint at grants that can be taken back. */
function NeverCalled({ client }: { client: ClientDetail }) {
  const { allowed, operations_unused: unused } = client;
  if (unused === null) return null;
  return (
    <Panel title="Allowed and never called" end={many(unused, "operation")}>
      {allowed.length === 0 ? (
        <Empty title="It uses all that its scopes allow" />
      ) : (
        <table className="fold">
          <tbody>
            {allowed.map((operation) => (
              <tr key={`${operation.method} ${operation.path}`}>
                <td className="f-first breaks mono">
                  <Hostile text={`${operation.method} ${operation.path}`} most={200} />
                </td>
                <td className="breaks t2">
                  <Hostile text={operation.scopes.join(", ")} most={200} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {unused > allowed.length && allowed.length > 0 && (
        <p className="pb small t3">The first {count(allowed.length)} by path.</p>
      )}
    </Panel>
  );
}

function Evidence({ title, rows, none }: { title: string; rows: NamedCount[]; none: string }) {
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <Empty title={none} />
      ) : (
        <table className="fold">
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <td className="f-first breaks">
                  <Hostile text={row.name} most={160} />
                </td>
                <td className="num t2">{many(row.count, "exchange")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

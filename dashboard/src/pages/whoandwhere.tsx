// Whose an endpoint is and where: each fact with what told it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Fact, Told } from "../api/placed.ts";
import { resource } from "../api/queries.ts";
import type { Endpoint, Page, Service } from "../api/shapes.ts";
import { Hostile } from "../parts/marks.tsx";
import { Panel } from "../parts/panels.tsx";
import { capital, spaced } from "../words/names.ts";
import { count, many } from "../words/numbers.ts";

const NOT_KNOWN = <span className="t3">not known</span>;

/** What kind of thing told a fact, in front of its name. */
const BY: Record<Told["by"], string> = {
  rule: "rule ",
  configuration: "",
  specification: "",
  codeowners: "",
  traffic: "",
};

export function WhoAndWhere({ endpoint }: { endpoint: Endpoint }) {
  const service = useService(endpoint.service);
  const { owner, business_unit: unit, stage, access } = endpoint;
  // What was said of the service counts where nothing tells of the endpoint itself.
  const owned = owner ?? (service?.owner || null);
  const united = unit ?? (service?.business_unit || null);
  const told = (fact: Fact, own: unknown) =>
    own === null && service ? "its service" : sayOf(endpoint.told.find((one) => one.fact === fact));
  const isBare = owned === null && united === null && stage === "unknown" && endpoint.service === null;
  return (
    <Panel title="Who and where">
      <dl className="pb kv left">
        <Row name="Owner" value={owned} told={owned && told("owner", owner)} />
        <Row name="Business unit" value={united} told={united && told("business_unit", unit)} />
        <Row name="Service" value={service?.name || endpoint.service} told={told("service", "")} />
        <Row name="Stage" value={stage === "unknown" ? null : stage} told={told("stage", "")} />
        <Row name="Access" value={access === "unknown" ? null : spaced(access)} told={told("access", "")} />
        <Row name="Reached" value={reached(endpoint)} />
        {endpoint.resources.map((one) => (
          <Row key={one.kind + one.name} name={capital(one.kind)} value={one.name} mono />
        ))}
      </dl>
      {endpoint.calls.length > 0 && (
        <div className="pb">
          <p className="small t3">
            {endpoint.composite ? "Composite: one call of it fans out to" : "Seen calling, by trace context"}
          </p>
          {endpoint.calls.map((one) => (
            <div key={one.endpoint_id} className="row line">
              <Link to="/inventory/$id" params={{ id: one.endpoint_id }} className="grow breaks mono link">
                <Hostile text={one.name} most={120} />
              </Link>
              <span className="nw t3">{many(one.exchanges, "time")}</span>
            </div>
          ))}
        </div>
      )}
      {isBare && (
        <p className="pb small t3">
          Nobody said whose it is. A rule under <code>catalog.rules</code> of the configuration gives an
          owner, business unit, service or stage by host, path or tag; a specification does by{" "}
          <code>x-owner</code>, <code>x-business-unit</code> and <code>x-lifecycle</code>.
        </p>
      )}
    </Panel>
  );
}

function Row(props: { name: string; value: string | null; told?: string | null; mono?: boolean }) {
  const { name, value, told, mono } = props;
  const shown: ReactNode = value === null ? NOT_KNOWN : <Hostile text={value} most={120} />;
  return (
    <>
      <dt>{name}</dt>
      <dd className={mono ? "mono" : undefined}>
        {shown}
        {value !== null && told && (
          <span className="sub">
            <Hostile text={told} most={240} />
          </span>
        )}
      </dd>
    </>
  );
}

const sayOf = (told: Told | undefined) => (told ? BY[told.by] + told.what : "");

/** Which way its exchanges came. */
function reached({ reached: { way, through, past } }: Endpoint): string | null {
  if (way === "through") return `through a gateway, ${many(through, "exchange")}`;
  if (way === "past") return `past every gateway, ${many(past, "exchange")}`;
  if (way === "both") return `both: ${count(through)} through a gateway, ${count(past)} past it`;
  return null;
}

/** The service of that id, as far as something was said of it. */
function useService(id: string | null): Service | undefined {
  const services = useQuery({
    ...resource<Page<Service>>("/services", { limit: 500 }),
    staleTime: 60_000,
    enabled: id !== null,
  });
  return services.data?.items.find((one) => one.id === id);
}

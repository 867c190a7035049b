//! Endpoints and services.

use bartizan_model::{
    Access, DriftGrade, Endpoint, EndpointId, InventoryState, KnownBy, LifeStage, Protocol, Role,
    ServiceId,
};
use bartizan_store::{EndpointFilter, EndpointOrder, Facets, ServiceRecord};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/endpoints", Role::Viewer).does_as_table(
            "endpoints",
            "listEndpoints",
            "Endpoints by host, path and method",
            list,
        ),
        At::get("/endpoints/facets", Role::Viewer).does(
            "getEndpointFacets",
            "How many endpoints there are, by host, method, protocol, service, owner, business unit, \
             stage, access, inventory state, confirmed, data class, source that knows it, drift and risk",
            facets,
        ),
        At::get("/endpoints/{id}", Role::Viewer).does(
            "getEndpoint",
            "One endpoint, also by an id that leads to it",
            get,
        ),
        At::list("/services", Role::Viewer).does("listServices", "Services by name", services),
        At::put("/services/{id}", Role::Operator).does(
            "saveService",
            "Makes a service, or says something else of it",
            save_service,
        ),
    ]
}

/// Which endpoints. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Exact host: any of these.
    host: Vec<String>,
    /// Exact method: any of these.
    method: Vec<String>,
    /// Part of the path or of what is called there, in either case.
    path: Option<String>,
    /// Protocol: any of these.
    protocol: Vec<Protocol>,
    /// Service: any of these.
    service: Vec<ServiceId>,
    /// Owner: any of these.
    owner: Vec<String>,
    /// Business unit: any of these.
    business_unit: Vec<String>,
    /// Where in its life it is: any of these.
    stage: Vec<LifeStage>,
    /// Who can reach it: any of these.
    access: Vec<Access>,
    /// How it relates to what is written: any of these.
    inventory_state: Vec<InventoryState>,
    /// Confirmed or provisional.
    confirmed: Option<bool>,
    /// A data class that was seen there: any of these.
    data_class: Vec<String>,
    /// Which source knows it: any of these.
    known_by: Vec<KnownBy>,
    /// Grade of a difference to what is written that it has: any of these.
    drift: Vec<DriftGrade>,
    /// Least risk score, 0 to 100.
    #[schemars(range(max = 100))]
    min_risk: Option<u8>,
}

impl Wanted {
    fn filter(&self) -> EndpointFilter {
        EndpointFilter {
            hosts: self.host.clone(),
            methods: self.method.clone(),
            path_contains: self.path.clone(),
            protocols: self.protocol.clone(),
            services: self.service.clone(),
            owners: self.owner.clone(),
            business_units: self.business_unit.clone(),
            stages: self.stage.clone(),
            access: self.access.clone(),
            inventory_states: self.inventory_state.clone(),
            confirmed: self.confirmed,
            data_classes: self.data_class.clone(),
            known_by: self.known_by.clone(),
            drift: self.drift.clone(),
            min_risk: self.min_risk,
        }
    }
}

async fn list(
    call: Call<Wanted, Nothing, EndpointOrder>,
) -> Result<Reply<Listed<Endpoint>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let page = call.api.store()?.endpoints(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn facets(call: Call<Wanted, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.endpoint_facets(scope, &call.query.filter()).await?.into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<Endpoint>, Problem> {
    let (scope, id) = (&call.caller()?.scope, EndpointId::from_text(call.id.as_str()));
    let endpoint = call.api.store()?.endpoint(scope, &id).await?;
    Ok(endpoint.ok_or_else(Problem::not_found)?.into())
}

async fn services(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<ServiceRecord>>, Problem> {
    let services = call.api.store()?.services(&call.caller()?.scope).await?;
    Ok(Listed::whole(services).into())
}

/// What is said of a service.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedService {
    /// For people.
    #[schemars(length(min = 1, max = 256))]
    name: String,
    /// Team or person; empty when nobody is known.
    #[serde(default)]
    #[schemars(length(max = 256))]
    owner: String,
    /// Part of the organisation it belongs to; empty when unknown.
    #[serde(default)]
    #[schemars(length(max = 256))]
    business_unit: String,
}

/// Longest text of a service, in bytes.
const TEXT_BYTES: usize = 256;

async fn save_service(call: Call<Nothing, SavedService>) -> Result<Reply<ServiceRecord>, Problem> {
    let SavedService { name, owner, business_unit } = &call.body;
    let is_plain = |text: &&String| text.len() <= TEXT_BYTES && !text.chars().any(char::is_control);
    let is_id = call.id.len() <= 64
        && call.id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if name.trim().is_empty() || ![name, owner, business_unit].iter().all(is_plain) || !is_id {
        let detail =
            "a service needs a name, at most 256 bytes of text, and an id of letters and digits";
        return Err(Problem::invalid(detail));
    }
    let service = ServiceRecord {
        id: ServiceId::from_text(call.id.as_str()),
        name: name.clone(),
        owner: owner.clone(),
        business_unit: business_unit.clone(),
    };
    let (caller, store) = (call.caller()?, call.api.store()?);
    let (who, now) = (&caller.user.name, crate::serve::now());
    store.save_service(&caller.scope, &service, who, now).await?;
    Ok(service.into())
}

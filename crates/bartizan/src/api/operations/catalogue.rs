//! Endpoints and services.

use bartizan_model::{Access, Endpoint, EndpointId, InventoryState, Protocol, Role, ServiceId};
use bartizan_store::{EndpointFilter, ServiceRecord};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::{
    call::Call,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::{Listed, Reply},
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/endpoints", Role::Viewer).does(
            "listEndpoints",
            "Endpoints by host, path and method",
            list,
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
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Exact host.
    host: Option<String>,
    /// Exact method.
    method: Option<String>,
    /// Part of the path, in either case.
    path: Option<String>,
    /// Protocol.
    protocol: Option<Protocol>,
    /// Service.
    service: Option<ServiceId>,
    /// Who can reach it.
    access: Option<Access>,
    /// How it relates to what is written.
    inventory_state: Option<InventoryState>,
    /// Confirmed or provisional.
    confirmed: Option<bool>,
    /// A data class that was seen there.
    data_class: Option<String>,
    /// Least risk score, 0 to 100.
    #[schemars(range(max = 100))]
    min_risk: Option<u8>,
}

async fn list(call: Call<Wanted, Nothing>) -> Result<Reply<Listed<Endpoint>>, Problem> {
    let (scope, wanted) = (&call.caller()?.scope, &call.query);
    let filter = EndpointFilter {
        host: wanted.host.clone(),
        method: wanted.method.clone(),
        path_contains: wanted.path.clone(),
        protocol: wanted.protocol,
        service: wanted.service.clone(),
        access: wanted.access,
        inventory_state: wanted.inventory_state,
        confirmed: wanted.confirmed,
        data_class: wanted.data_class.clone(),
        min_risk: wanted.min_risk,
    };
    let page = call.api.store()?.endpoints(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
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

//! Which software calls the APIs.

use bartizan_model::{ClientDetail, ClientForm, ClientKind, ClientSummary, Role, ids::ClientId};
use bartizan_store::{ClientFilter, ClientOrder, Facets};
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
        At::list("/clients", Role::Viewer).does_as_table(
            "clients",
            "listClients",
            "Applications, add-ons and keys that call the APIs, busiest first",
            list,
        ),
        At::get("/clients/facets", Role::Viewer).does(
            "getClientFacets",
            "How many clients there are, by kind and form",
            facets,
        ),
        At::get("/clients/{id}", Role::Viewer).does(
            "getClient",
            "One client: scopes and operations that it was granted, and what it used of them",
            get,
        ),
    ]
}

/// Which clients. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Where it runs or whose it is: any of these.
    kind: Vec<ClientKind>,
    /// What it is: any of these.
    form: Vec<ClientForm>,
    /// Part of the label, in either case.
    label: Option<String>,
}

impl Wanted {
    fn filter(&self) -> ClientFilter {
        ClientFilter {
            kinds: self.kind.clone(),
            forms: self.form.clone(),
            label_contains: self.label.clone(),
        }
    }
}

async fn list(
    call: Call<Wanted, Nothing, ClientOrder>,
) -> Result<Reply<Listed<ClientSummary>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let page = call.api.store()?.clients(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn facets(call: Call<Wanted, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.client_facets(scope, &call.query.filter()).await?.into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<ClientDetail>, Problem> {
    let (scope, id) = (&call.caller()?.scope, ClientId::from_text(call.id.as_str()));
    let client = call.api.store()?.client(scope, &id).await?;
    Ok(client.ok_or_else(Problem::not_found)?.into())
}

//! Contracts from what was learned: made of the endpoints in the store when serving begins and every few minutes, for the
//! `openapi` policies that ask for them. Nothing of it is on the way of a request.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use bartizan_gateway::{
    Running,
    policy::{LearnedContract, LearnedContracts, PolicyConfig},
};
use bartizan_model::{Endpoint, Scope};
use bartizan_store::{DataDirectory, EndpointFilter, PageRequest, Store, StoreError};
use serde_json::{Value, json};
use tokio::{runtime::Handle, sync::Mutex};

use super::{Behind, ServeError, in_force::InForce};
use crate::output::learned::Learned;

/// How often contracts are made anew.
const EVERY: Duration = Duration::from_secs(600);
/// Requests from which on what was seen of an endpoint is compared with: what none of 300 showed is, with 95 %
/// confidence, in less than 1 % of them (the rule of three, Hanley and Lippman-Hand 1983).
const MIN_REQUESTS: u64 = 300;
/// Most endpoints of one contract: they are in memory together.
const MOST_ENDPOINTS: usize = 5_000;
/// Endpoints that are read at a time.
const AT_A_TIME: u32 = 500;

/// Hosts that policies compare with what was learned of.
fn hosts<'p>(policies: impl Iterator<Item = &'p PolicyConfig>) -> BTreeSet<String> {
    let contracts = policies.filter_map(|policy| policy.openapi.as_ref()?.learned.as_ref());
    contracts.map(|learned| learned.host.to_ascii_lowercase()).collect()
}

/// Puts in what is known when serving begins.
pub(super) fn load(
    behind: &Behind,
    (store, scope): (&dyn Store, &Scope),
    configured: &[PolicyConfig],
    learned: &LearnedContracts,
) -> Result<(), ServeError> {
    let fresh = behind.block_on(read(store, scope, hosts(configured.iter())));
    learned.replace(fresh.map_err(ServeError::Learned)?);
    Ok(())
}

/// What is known of these hosts.
async fn read(
    store: &dyn Store,
    scope: &Scope,
    hosts: BTreeSet<String>,
) -> Result<BTreeMap<String, LearnedContract>, StoreError> {
    let mut out = BTreeMap::new();
    for host in hosts {
        let (endpoints, are_all) = endpoints(store, scope, &host).await?;
        out.insert(host.clone(), contract(&endpoints, &host, are_all));
    }
    Ok(out)
}

async fn endpoints(
    store: &dyn Store,
    scope: &Scope,
    host: &str,
) -> Result<(Vec<Endpoint>, bool), StoreError> {
    let filter = EndpointFilter { hosts: vec![host.to_owned()], ..EndpointFilter::default() };
    let (mut out, mut page) = (Vec::new(), PageRequest::first(AT_A_TIME));
    loop {
        let found = store.endpoints(scope, &filter, &page).await?;
        out.extend(found.items);
        match found.next {
            None => return Ok((out, true)),
            Some(_) if out.len() >= MOST_ENDPOINTS => return Ok((out, false)),
            Some(after) => page = PageRequest::after(AT_A_TIME, after),
        }
    }
}

/// The contract of a host. Of endpoints that were called too little only method and path are in it.
fn contract(endpoints: &[Endpoint], host: &str, are_all: bool) -> LearnedContract {
    let mut called: BTreeMap<(&str, &str), (u64, bool)> = BTreeMap::new();
    // What was only ever refused, by us too, is no part of what a host serves.
    let is_granted =
        |endpoint: &&Endpoint| endpoint.statuses.iter().any(|(status, _)| *status < 400);
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.requests > 0).filter(is_granted) {
        let key = (endpoint.method.0.as_str(), endpoint.path.as_str());
        let (requests, is_confirmed) = called.entry(key).or_default();
        *requests += endpoint.requests;
        *is_confirmed |= endpoint.confirmed;
    }
    let is_sure = |endpoint: &Endpoint| {
        let key = (endpoint.method.0.as_str(), endpoint.path.as_str());
        called.get(&key).is_some_and(|(requests, ok)| *requests >= MIN_REQUESTS && *ok)
    };
    let sure: Vec<Endpoint> = endpoints.iter().filter(|one| is_sure(one)).cloned().collect();
    let text = Learned::Openapi.document(&sure, host, "");
    let mut document: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut unsure = Vec::new();
    for (method, path) in called.keys() {
        let operation = &mut document["paths"][*path][method.to_ascii_lowercase()];
        if operation.is_null() {
            *operation = json!({"responses": {}});
            unsure.push(((*method).to_owned(), (*path).to_owned()));
        }
    }
    let requests: u64 = called.values().map(|(requests, _)| requests).sum();
    LearnedContract { document, unsure, is_enough: are_all && requests >= MIN_REQUESTS }
}

/// Makes contracts anew every few minutes, as long as the gateway runs.
pub(super) fn keep_up(
    behind: &Behind,
    (directory, scope): (&Arc<DataDirectory>, &Scope),
    contracts: Arc<LearnedContracts>,
    in_force: &Arc<Mutex<InForce>>,
    (running, traffic): (&Arc<Running>, &Handle),
) {
    let keeper = Keeper {
        directory: Arc::downgrade(directory),
        scope: scope.clone(),
        contracts,
        in_force: Arc::downgrade(in_force),
        running: Arc::downgrade(running),
        traffic: traffic.clone(),
    };
    behind.spawn(async move {
        let mut told = false;
        loop {
            tokio::time::sleep(EVERY).await;
            match keeper.renew().await {
                None => return,
                Some(Err(problem)) if !std::mem::replace(&mut told, true) => {
                    anstream::eprintln!("warning: learned contracts are not made anew: {problem}");
                }
                Some(_) => {}
            }
        }
    });
}

/// What contracts are made of, and for whom.
struct Keeper {
    directory: Weak<DataDirectory>,
    scope: Scope,
    contracts: Arc<LearnedContracts>,
    in_force: Weak<Mutex<InForce>>,
    running: Weak<Running>,
    traffic: Handle,
}

impl Keeper {
    /// Makes contracts anew, and policies where they differ; `None` when serving has ended.
    async fn renew(&self) -> Option<Result<(), ServeError>> {
        let (directory, in_force) = (self.directory.upgrade()?, self.in_force.upgrade()?);
        let running = self.running.upgrade()?;
        let hosts = hosts(in_force.lock().await.policies().map(|(policy, _)| policy));
        let fresh = match read(directory.store(), &self.scope, hosts).await {
            Ok(fresh) => fresh,
            Err(error) => return Some(Err(ServeError::Learned(error))),
        };
        if !self.contracts.replace(fresh) {
            return Some(Ok(()));
        }
        Some(in_force.lock().await.renew(&running, &self.traffic))
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::Method;

    use super::*;

    fn endpoint(method: &str, path: &str, requests: u64) -> Endpoint {
        Endpoint {
            host: "api.example".to_owned(),
            method: Method(method.to_owned()),
            path: path.to_owned(),
            requests,
            statuses: vec![(200, requests)],
            confirmed: true,
            ..Endpoint::default()
        }
    }

    #[test]
    fn what_was_called_too_little_is_named_and_no_more() {
        let provisional = Endpoint { confirmed: false, ..endpoint("GET", "/v1/maybe", 9_000) };
        let all = [
            endpoint("GET", "/v1/orders/{id}", MIN_REQUESTS),
            endpoint("POST", "/v1/orders/{id}", MIN_REQUESTS - 1),
            endpoint("GET", "/v1/uncalled", 0),
            provisional,
        ];
        let LearnedContract { document, unsure, is_enough } = contract(&all, "api.example", true);
        let paths = &document["paths"];
        assert_eq!(paths["/v1/orders/{id}"]["get"]["parameters"][0]["name"], "id");
        assert_eq!(paths["/v1/orders/{id}"]["post"], json!({"responses": {}}));
        assert!(paths.get("/v1/uncalled").is_none() && is_enough);
        let named = |method: &str, path: &str| (method.to_owned(), path.to_owned());
        assert_eq!(unsure, [named("GET", "/v1/maybe"), named("POST", "/v1/orders/{id}")]);
        assert!(!contract(&all, "api.example", false).is_enough, "there are more");
        let few = [endpoint("GET", "/", MIN_REQUESTS - 1)];
        assert!(!contract(&few, "api.example", true).is_enough);
        let none = contract(&[], "api.example", true);
        assert!(!none.is_enough && none.unsure.is_empty());
    }

    #[test]
    fn hosts_are_those_that_policies_name() {
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(
            "[{name: a, openapi: {learned: {host: API.example}}}, {name: b, openapi: {inline: {}}}, {name: c, size: {}}]",
        )
        .expect("policies");
        assert_eq!(hosts(policies.iter()), BTreeSet::from(["api.example".to_owned()]));
    }
}

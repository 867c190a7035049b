//! Exceptions of policies, each made of a refusal that somebody has looked at.

use bartizan_gateway::policy::ScopeConfig;
use bartizan_model::{Endpoint, ExchangeId, PolicyOutcome, Role, Timestamp};
use bartizan_store::{ExchangeFacts, ExchangeQuery, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    api::{
        call::Call,
        list::Listed,
        operation::{At, Nothing, Operation},
        problem::Problem,
        reply::Reply,
    },
    serve::{Exception, SwitchError, now, relations::path_pattern},
};

/// Blocks of the log that are looked into at once, and how often, for one exchange.
const BLOCKS: u32 = 48;
const TIMES: usize = 10;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::create("/policies/{name}/exceptions", Role::Operator).does(
            "addPolicyException",
            "Sets refusals aside like the one of an exchange: of its endpoint, for its reason, until a time",
            add,
        ),
        At::list("/exceptions", Role::Viewer).does(
            "listPolicyExceptions",
            "Exceptions that were made of refusals and have not ended, in the order in which they were made",
            list,
        ),
        At::delete("/exceptions/{id}", Role::Operator).does(
            "removePolicyException",
            "Ends an exception before its time",
            remove,
        ),
    ]
}

/// An exception that is to be made.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewException {
    /// The exchange that the policy has refused, or would have: its endpoint and the reason are those of the exception.
    exchange: ExchangeId,
    /// When it ends: at most 30 days ahead.
    until: Timestamp,
    /// Why it is made.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
    /// Only for this caller, by the name that is verified: subject of a token or certificate, id of a key. Default:
    /// whoever calls.
    #[serde(default)]
    #[schemars(length(max = 256))]
    subject: Option<String>,
}

async fn add(call: Call<Nothing, NewException>) -> Result<Reply<Exception>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let (store, server) = (call.api.store()?, &call.api.0.server);
    let gateway = server.gateway.upgrade().ok_or_else(Problem::stopping)?;
    let NewException { exchange, until, reason, subject } = &call.body;
    let facts = find(&call, exchange).await?.ok_or_else(|| {
        Problem::invalid("this exchange is not kept, or not yet, or it is too long ago")
    })?;
    let refusal = facts.decisions.iter().find(|one| {
        let was_refused = one.outcome != PolicyOutcome::NotEvaluated && one.status.is_some();
        one.policy == call.id && was_refused
    });
    let refusal =
        refusal.ok_or_else(|| Problem::invalid("this policy has not refused this exchange"))?;
    let endpoint = match &facts.endpoint {
        Some(id) => store.endpoint(&caller.scope, id).await?,
        None => None,
    };
    let scope = endpoint.and_then(|endpoint| scope(&endpoint, &facts.method)).ok_or_else(|| {
        Problem::invalid("the exchange is of no endpoint that an exception can name: write it into the configuration")
    })?;
    let one = Exception {
        id: id()?,
        policy: call.id.clone(),
        scope,
        refusal: refusal.reason.clone(),
        subject: subject.clone(),
        exchange: facts.id.clone(),
        until: *until,
        reason: reason.clone(),
        who: caller.user.name.clone(),
        made: now(),
    };
    let mut in_force = server.in_force.lock().await;
    let kept = (&*store, &caller.scope);
    in_force.except((&gateway, &server.traffic), kept, one.clone()).await.map_err(refused)?;
    Ok(one.into())
}

async fn list(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<Exception>>, Problem> {
    call.api.own(call.caller()?)?;
    let in_force = call.api.0.server.in_force.lock().await;
    Ok(Listed::whole(in_force.exceptions(now()).cloned().collect()).into())
}

async fn remove(call: Call<Nothing, Nothing>) -> Result<Reply<Nothing>, Problem> {
    let caller = call.caller()?;
    call.api.own(caller)?;
    let (store, server) = (call.api.store()?, &call.api.0.server);
    let gateway = server.gateway.upgrade().ok_or_else(Problem::stopping)?;
    let mut in_force = server.in_force.lock().await;
    let (gateway, kept) = ((&*gateway, &server.traffic), (&*store, &caller.scope));
    let who = (caller.user.name.as_str(), now());
    in_force.end_exception(gateway, kept, &call.id, who).await.map_err(refused)?;
    Ok(Nothing {}.into())
}

fn refused(error: SwitchError) -> Problem {
    match error {
        SwitchError::Unknown => Problem::not_found(),
        SwitchError::End(why) => Problem::invalid(why),
        SwitchError::Policy(error) => Problem::invalid(error.to_string()),
        SwitchError::Store(error) => error.into(),
        SwitchError::Gateway(error) => Problem::internal(&error),
    }
}

fn id() -> Result<String, Problem> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(format!("pex_{}", bartizan_model::hash::encode32(&bytes)))
}

/// The newest exchange of this id, as far back as is looked.
async fn find<B: Sync>(
    call: &Call<Nothing, B>,
    id: &ExchangeId,
) -> Result<Option<ExchangeFacts>, Problem> {
    let directory = call.api.0.directory.upgrade().ok_or_else(Problem::stopping)?;
    let (query, mut page) = (ExchangeQuery::default(), PageRequest::first(1));
    for _ in 0..TIMES {
        let found =
            directory.latest_exchanges(&query, &|facts| facts.id == *id, &page, BLOCKS).await?;
        if let Some(facts) = found.records.into_iter().next() {
            return Ok(Some(facts));
        }
        let Some(next) = found.next else { break };
        page = PageRequest::after(1, next);
    }
    Ok(None)
}

/// The scope of an endpoint; `None` where none says that.
fn scope(endpoint: &Endpoint, method: &str) -> Option<ScopeConfig> {
    let host = endpoint.host.split(':').next().unwrap_or_default();
    if host.contains('{') {
        return None;
    }
    let is_method =
        !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    let methods = is_method.then(|| vec![method.to_owned()])?;
    let hosts = Some(host.to_owned()).filter(|host| !host.is_empty()).into_iter().collect();
    let paths = vec![path_pattern(&endpoint.path)?];
    Some(ScopeConfig { hosts, paths, methods, ..ScopeConfig::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_is_that_of_the_endpoint() {
        let of = |host: &str, path: &str| {
            let (host, path) = (host.to_owned(), path.to_owned());
            scope(&Endpoint { host, path, ..Endpoint::default() }, "PUT")
        };
        let found = of("api.example.com:8443", "/v1/orders/{id}/lines").expect("a scope");
        assert_eq!(found.hosts, ["api.example.com"]);
        assert_eq!(
            (found.paths, found.methods),
            (vec!["/v1/orders/*/lines".to_owned()], vec!["PUT".to_owned()])
        );
        assert!(of("{tenant}.example.com", "/v1/orders").is_none());
        assert!(of("api.example.com", "/v1/{a}.json").is_none());
        assert!(scope(&Endpoint::default(), "").is_none());
    }
}

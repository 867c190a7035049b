//! Deliveries of webhooks that no upstream took.

use bartizan_model::{
    FailedDeliveryId, Role,
    webhook::{DeliveryState, KeptDelivery},
};
use bartizan_store::{FailedDeliveryChange, FailedDeliveryFilter};
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
    output::delivery::ShownDelivery,
    serve::now,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/webhooks", Role::Viewer).does(
            "listFailedDeliveries",
            "Deliveries of webhooks that no upstream took, the one that failed last first",
            list,
        ),
        At::get("/webhooks/{id}", Role::Analyst).does(
            "getFailedDelivery",
            "A failed delivery, its values replaced by others of the same shape",
            show,
        ),
        At::act("/webhooks/{id}/replay", Role::Operator).does(
            "replayFailedDelivery",
            "Has a failed delivery sent through the gateway once more",
            replay,
        ),
        At::act("/webhooks/{id}/discard", Role::Operator).does(
            "discardFailedDelivery",
            "Says that a failed delivery is not needed; what it holds is forgotten",
            discard,
        ),
    ]
}

/// Which failed deliveries.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeliveryQuery {
    /// In this state.
    state: Option<DeliveryState>,
    /// Verified by the policy of this name.
    policy: Option<String>,
}

/// Why something is done.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeliveryDecision {
    /// Why; may be empty.
    #[schemars(length(max = 1000))]
    reason: String,
}

async fn list(call: Call<DeliveryQuery, Nothing>) -> Result<Reply<Listed<KeptDelivery>>, Problem> {
    let DeliveryQuery { state, policy } = call.query.clone();
    let filter = FailedDeliveryFilter { state, policy };
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let page = store.failed_deliveries(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn show(call: Call<Nothing, Nothing>) -> Result<Reply<ShownDelivery>, Problem> {
    let (scope, store) = (&call.caller()?.scope, call.api.store()?);
    let id = FailedDeliveryId::from_text(call.id.as_str());
    let found = store.failed_delivery(scope, &id).await?;
    let (delivery, content) = found.ok_or_else(Problem::not_found)?;
    let key = store.organisation_key(&scope.organisation, now()).await?;
    Ok(ShownDelivery::of(delivery, content, &key).into())
}

async fn replay(call: Call<Nothing, DeliveryDecision>) -> Result<Reply<KeptDelivery>, Problem> {
    // Only this server's own gateway would replay it.
    call.api.own(call.caller()?)?;
    let asked = decide(&call, DeliveryState::Asked).await?;
    call.api.0.server.replays.notify_one();
    Ok(asked)
}

async fn discard(call: Call<Nothing, DeliveryDecision>) -> Result<Reply<KeptDelivery>, Problem> {
    decide(&call, DeliveryState::Discarded).await
}

async fn decide(
    call: &Call<Nothing, DeliveryDecision>,
    to: DeliveryState,
) -> Result<Reply<KeptDelivery>, Problem> {
    let caller = call.caller()?;
    let change = FailedDeliveryChange {
        id: FailedDeliveryId::from_text(call.id.as_str()),
        to,
        who: caller.user.name.clone(),
        reason: call.body.reason.clone(),
        now: now(),
    };
    let kept = call.api.store()?.change_failed_delivery(&caller.scope, &change).await?;
    Ok(kept.into())
}

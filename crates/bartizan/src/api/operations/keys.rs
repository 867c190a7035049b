//! Own API keys, with which callers of the protected APIs are told.

use bartizan_model::{ApiKey, ApiKeyId, ApiKeyRate, ApiKeyState, ApiKeyTerms, Duration, Role};
use bartizan_store::{ApiKeyChange, NewApiKey, create_api_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/keys", Role::Operator).does("listKeys", "Own API keys, oldest first", list),
        At::create("/keys", Role::Operator).does(
            "addKey",
            "Makes an own API key, and shows it this once",
            add,
        ),
        At::put("/keys/{id}/state", Role::Operator).does(
            "setKeyState",
            "Disables, enables or revokes an own API key",
            set_state,
        ),
    ]
}

/// A new key.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// What it is for.
    #[schemars(length(min = 1, max = 128))]
    name: String,
    /// Whose it is.
    #[schemars(length(min = 1, max = 128))]
    owner: String,
    /// What it may be used for: scope tokens of RFC 6749 §3.3.
    #[serde(default)]
    #[schemars(length(max = 32), inner(length(min = 1, max = 128)))]
    scopes: Vec<String>,
    /// For how many days it counts, 1 to 36500; for ever when it is missing.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    days: Option<u32>,
    /// Under which conditions it may be used.
    #[serde(default)]
    terms: NewTerms,
}

/// Under which conditions a new key may be used; each that is there has to be met.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct NewTerms {
    /// Addresses and networks that it may come from, for example `192.0.2.0/24`; any when empty.
    addresses: Vec<String>,
    /// Certificates, one of which the client has to show to the listener: the name that policies know it by, or
    /// `sha256:` and 64 hexadecimal digits of its thumbprint. None is needed when empty.
    certificates: Vec<String>,
    /// Whether it is refused in requests of browsers.
    server_only: bool,
    /// How often it may be used; without a bound of its own when it is missing.
    rate: Option<ApiKeyRate>,
}

impl From<NewTerms> for ApiKeyTerms {
    fn from(new: NewTerms) -> Self {
        let NewTerms { addresses, certificates, server_only, rate } = new;
        Self { addresses, certificates, server_only, rate }
    }
}

/// A key, shown once.
#[derive(Serialize, JsonSchema)]
pub(super) struct ShownKey {
    /// What is known of it later.
    #[serde(flatten)]
    known: ApiKey,
    /// The key itself. It cannot be shown again.
    key: String,
}

/// What to do with a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewState {
    /// *Revoked* is final.
    state: ApiKeyState,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    reason: String,
}

impl Default for NewState {
    fn default() -> Self {
        Self { state: ApiKeyState::Disabled, reason: String::new() }
    }
}

async fn list(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<ApiKey>>, Problem> {
    let keys = call.api.store()?.api_keys(&call.caller()?.scope).await?;
    Ok(Listed::whole(keys).into())
}

async fn add(call: Call<Nothing, NewKey>) -> Result<Reply<ShownKey>, Problem> {
    let (caller, wanted, store) = (call.caller()?, &call.body, call.api.store()?);
    if wanted.days.is_some_and(|days| !(1..=36_500).contains(&days)) {
        return Err(Problem::invalid("`days` is a number from 1 to 36500"));
    }
    let (scope, now) = (&caller.scope, crate::serve::now());
    let new = NewApiKey {
        name: wanted.name.clone(),
        owner: wanted.owner.clone(),
        scopes: wanted.scopes.clone(),
        expires: wanted.days.map(|days| now.plus(Duration::days(i64::from(days)))),
        terms: wanted.terms.clone().into(),
    };
    let (known, secret) = create_api_key(&*store, scope, new, &caller.user.name, now).await?;
    Ok(ShownKey { known, key: secret.reveal().as_str().to_owned() }.into())
}

async fn set_state(call: Call<Nothing, NewState>) -> Result<Reply<ApiKey>, Problem> {
    let (caller, NewState { state, reason }) = (call.caller()?, &call.body);
    if reason.chars().count() > 2_000 || reason.chars().any(char::is_control) {
        return Err(Problem::invalid("a reason is plain text of at most 2000 characters"));
    }
    let change = ApiKeyChange {
        id: ApiKeyId::from_text(call.id.as_str()),
        to: *state,
        who: caller.user.name.clone(),
        reason: reason.clone(),
        now: crate::serve::now(),
    };
    Ok(call.api.store()?.set_api_key_state(&caller.scope, &change).await?.into())
}

//! Tokens of the administration API.

use bartizan_model::{Role, Timestamp, user::TOKEN_PREFIX};
use bartizan_store::AccessToken;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    call::Call,
    list::Listed,
    logins,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

/// Longest life of a token, in days.
const MOST_DAYS: u32 = 366;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/tokens", Role::Viewer).does(
            "listTokens",
            "Your tokens, oldest first; those of everybody for who administers",
            list,
        ),
        At::create("/tokens", Role::Viewer).does(
            "addToken",
            "Makes a token, and shows it this once",
            add,
        ),
        At::delete("/tokens/{id}", Role::Viewer).does("removeToken", "Takes a token back", remove),
    ]
}

/// A new token.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for.
    #[schemars(length(min = 1, max = 128))]
    name: String,
    /// What it may do at most; not more than you.
    role: Role,
    /// For how many days it counts, 1 to 366.
    #[schemars(range(min = 1, max = 366))]
    days: u32,
}

/// A token, shown once.
#[derive(Serialize, JsonSchema)]
pub(super) struct ShownToken {
    /// What is known of it later.
    #[serde(flatten)]
    known: AccessToken,
    /// The token: `Authorization: Bearer` and this. It cannot be shown again.
    token: String,
}

async fn list(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<AccessToken>>, Problem> {
    let caller = call.caller()?;
    let mut tokens = call.api.store()?.tokens(&caller.scope).await?;
    tokens.retain(|token| caller.role == Role::Admin || token.user == caller.user.name);
    Ok(Listed::whole(tokens).into())
}

async fn add(call: Call<Nothing, NewToken>) -> Result<Reply<ShownToken>, Problem> {
    let (caller, NewToken { name, role, days }) = (call.caller()?, &call.body);
    if caller.session.is_none() {
        return Err(Problem::forbidden("a token cannot make another one: log in"));
    }
    if !(1..=MOST_DAYS).contains(days) {
        return Err(Problem::invalid("`days` is a number from 1 to 366"));
    }
    let (secret, now) = (logins::secret()?, crate::serve::now());
    let digest = secret.digest();
    let known = AccessToken {
        // Half of the digest tells tokens apart, and is no way back to the secret.
        id: format!("tok_{}", &digest.to_string()[..16]),
        name: name.clone(),
        user: caller.user.name.clone(),
        role: *role,
        created: now,
        expires: Timestamp::from_micros(now.micros() + i64::from(*days) * 86_400_000_000),
        used: None,
    };
    call.api.store()?.add_token(&caller.scope, &digest, &known).await?;
    let token = format!("{TOKEN_PREFIX}{}", secret.reveal().as_str());
    Ok(ShownToken { known, token }.into())
}

async fn remove(call: Call<Nothing, Nothing>) -> Result<Reply<Nothing>, Problem> {
    let (caller, store) = (call.caller()?, call.api.store()?);
    let tokens = store.tokens(&caller.scope).await?;
    let is_theirs = |token: &&AccessToken| {
        token.id == call.id && (caller.role == Role::Admin || token.user == caller.user.name)
    };
    let token = tokens.iter().find(is_theirs).ok_or_else(Problem::not_found)?;
    store.remove_token(&caller.scope, &token.id, &caller.user.name, crate::serve::now()).await?;
    Ok(Nothing {}.into())
}

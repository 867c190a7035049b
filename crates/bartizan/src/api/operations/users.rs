//! Who may log in.

use bartizan_model::{Role, User};
use bartizan_store::UserChange;
use schemars::JsonSchema;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/users", Role::Admin).does("listUsers", "All users by name", list),
        At::create("/users", Role::Admin).does(
            "addUser",
            "Adds a user, who has to choose another password at the first log-in",
            add,
        ),
        At::patch("/users/{name}", Role::Admin).does(
            "changeUser",
            "Changes a user, and ends their sessions",
            change,
        ),
    ]
}

/// A new user.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// 1 to 64 characters of `a-z 0-9 . _ @ -`.
    #[schemars(regex(pattern = "^[a-z0-9._@-]{1,64}$"))]
    name: String,
    /// What they may do.
    role: Role,
    /// Their first password: 15 characters at least.
    #[schemars(with = "String", extend("format" = "password", "minLength" = 15, "maxLength" = 256))]
    password: Zeroizing<String>,
}

/// What to change. What is missing stays.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ChangedUser {
    /// What they may do.
    role: Option<Role>,
    /// Whether they are shut out.
    disabled: Option<bool>,
    /// Another password, which they have to change.
    #[schemars(with = "Option<String>", extend("format" = "password", "minLength" = 15, "maxLength" = 256))]
    password: Option<Zeroizing<String>>,
}

async fn list(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<User>>, Problem> {
    let users = call.api.store()?.users(&call.caller()?.scope).await?;
    Ok(Listed::whole(users).into())
}

async fn add(mut call: Call<Nothing, NewUser>) -> Result<Reply<User>, Problem> {
    let password = std::mem::take(&mut call.body.password);
    let password = call.api.0.logins.hasher.hash(password, true).await?;
    let (caller, NewUser { name, role, .. }) = (call.caller()?, &call.body);
    let (store, now) = (call.api.store()?, crate::serve::now());
    let user = store.add_user(&caller.scope, name, *role, &password, &caller.user.name, now);
    Ok(user.await?.into())
}

async fn change(mut call: Call<Nothing, ChangedUser>) -> Result<Reply<User>, Problem> {
    let password = match call.body.password.take() {
        Some(text) => Some(call.api.0.logins.hasher.hash(text, true).await?),
        None => None,
    };
    let caller = call.caller()?;
    let change = UserChange {
        name: call.id.clone(),
        role: call.body.role,
        disabled: call.body.disabled,
        password,
        keep_session: caller.session.as_ref().map(|session| session.digest),
        who: caller.user.name.clone(),
        now: crate::serve::now(),
    };
    Ok(call.api.store()?.change_user(&caller.scope, &change).await?.into())
}

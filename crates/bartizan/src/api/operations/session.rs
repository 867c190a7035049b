//! Logging in and out.

use axum::http::{HeaderValue, header};
use bartizan_model::{EnvironmentId, LoginSecret, OrganisationId, Role, Scope, Timestamp};
use bartizan_store::UserChange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::api::{
    access::{COOKIE, Caller},
    call::Call,
    first_user, logins,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::open_to_all("/session").does("logIn", "Begins a session", log_in),
        At::get("/session", Role::Viewer).does("getSession", "Who you are", get),
        At::delete("/session", Role::Viewer).does("logOut", "Ends the session", log_out),
        At::put("/session/password", Role::Viewer).does(
            "changePassword",
            "Changes your password, and ends your other sessions and your tokens",
            change_password,
        ),
    ]
}

/// Who logs in.
#[derive(Default, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    /// Name of the user.
    user: String,
    /// Their password.
    #[schemars(extend("format" = "password"))]
    password: String,
    /// Their organisation; that of the server when it is missing.
    #[serde(default)]
    organisation: Option<String>,
    /// Their environment; that of the server when it is missing.
    #[serde(default)]
    environment: Option<String>,
}

/// A change of a password.
#[derive(Default, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The password so far.
    #[schemars(extend("format" = "password"))]
    current: String,
    /// The new one: 15 characters at least.
    #[schemars(extend("format" = "password", "minLength" = 15, "maxLength" = 256))]
    new: String,
}

/// Who is logged in.
#[derive(Serialize, JsonSchema)]
pub(super) struct SessionView {
    /// Name of the user.
    user: String,
    /// What they may do.
    role: Role,
    /// Whose data they see.
    organisation: OrganisationId,
    /// And of which environment.
    environment: EnvironmentId,
    /// What every change has to send as `x-csrf-token`; `null` for a token, which needs none.
    csrf_token: Option<String>,
    /// When the session ends at the latest; `null` for a token.
    expires: Option<Timestamp>,
    /// When this user logged in last.
    last_login: Option<Timestamp>,
    /// Another password has to be chosen before anything else.
    must_change_password: bool,
}

impl SessionView {
    fn of(caller: &Caller) -> Self {
        let (user, session) = (&caller.user, caller.session.as_ref());
        Self {
            user: user.name.clone(),
            role: caller.role,
            organisation: caller.scope.organisation.clone(),
            environment: caller.scope.environment.clone(),
            csrf_token: session.map(|session| session.csrf_token.to_string()),
            expires: session.map(|session| session.expires),
            last_login: user.last_login,
            must_change_password: user.must_change_password,
        }
    }
}

async fn log_in(call: Call<Nothing, LogIn>) -> Result<Reply<SessionView>, Problem> {
    let (store, body) = (call.api.store()?, &call.body);
    let own = &call.api.0.scope;
    let scope = Scope {
        organisation: match &body.organisation {
            Some(name) => OrganisationId::from_text(name.as_str()),
            None => own.organisation.clone(),
        },
        environment: match &body.environment {
            Some(name) => EnvironmentId::from_text(name.as_str()),
            None => own.environment.clone(),
        },
    };
    let name = body.user.to_ascii_lowercase();
    let password = Zeroizing::new(body.password.clone());
    let log_ins = &call.api.0.logins;
    log_ins.prove(&*store, &scope, (&name, password), call.peer).await?;
    let (before, _) = store.user(&scope, &name).await?.ok_or_else(Problem::not_found)?;
    let (secret, expires) = logins::begin(&*store, &scope, &name).await?;
    let view = SessionView {
        user: before.name,
        role: before.role,
        organisation: scope.organisation,
        environment: scope.environment,
        csrf_token: Some(secret.csrf_token().to_string()),
        expires: Some(expires),
        last_login: before.last_login,
        must_change_password: before.must_change_password,
    };
    Ok(Reply::from(view).with(header::SET_COOKIE, cookie(&secret)?))
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<SessionView>, Problem> {
    Ok(SessionView::of(call.caller()?).into())
}

async fn log_out(call: Call<Nothing, Nothing>) -> Result<Reply<Nothing>, Problem> {
    if let Some(session) = &call.caller()?.session {
        call.api.store()?.end_session(&session.digest).await?;
    }
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    let gone = HeaderValue::from_str(&gone).map_err(|error| Problem::internal(&error))?;
    Ok(Reply::from(Nothing {}).with(header::SET_COOKIE, gone))
}

async fn change_password(
    call: Call<Nothing, PasswordChange>,
) -> Result<Reply<SessionView>, Problem> {
    let caller = call.caller()?;
    let Some(session) = &caller.session else {
        return Err(Problem::forbidden("a token cannot change the password: log in"));
    };
    let (store, log_ins) = (call.api.store()?, &call.api.0.logins);
    let name = caller.user.name.as_str();
    let current = Zeroizing::new(call.body.current.clone());
    let proven = log_ins.prove(&*store, &caller.scope, (name, current), call.peer).await;
    proven.map_err(|problem| match problem.status {
        // It is not the session that ended.
        401 => Problem::invalid("this is not your password so far"),
        _ => problem,
    })?;
    if call.body.current == call.body.new {
        return Err(Problem::invalid("the new password is the old one"));
    }
    let new = log_ins.hasher.hash(Zeroizing::new(call.body.new.clone()), false).await?;
    let change = UserChange {
        name: name.to_owned(),
        password: Some(new),
        keep_session: Some(session.digest),
        who: name.to_owned(),
        now: crate::serve::now(),
        ..UserChange::default()
    };
    let user = store.change_user(&caller.scope, &change).await?;
    if let Some(directory) = call.api.0.directory.upgrade() {
        first_user::forget_of(name, directory.path());
    }
    Ok(SessionView::of(&Caller { user, ..caller.clone() }).into())
}

/// `Secure` would keep the cookie from coming back over the plain loopback connection in some browsers.
fn cookie(secret: &LoginSecret) -> Result<HeaderValue, Problem> {
    let text = secret.reveal();
    let line = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", text.as_str());
    let mut value = HeaderValue::from_str(&line).map_err(|error| Problem::internal(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

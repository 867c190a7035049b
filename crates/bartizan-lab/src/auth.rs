//! Login, refresh, logout, reset of a password.

use axum::http::header;
use serde_json::{Map, Value, json};

use crate::{
    access::{COOKIE, grant},
    call::{Answer, Call, Problem, ok},
    db::{Row, int, text},
    flaws::{
        authentication::{
            default_account, login_tells_accounts, login_without_throttle, logout_keeps_session,
            refresh_reuse, reset_code_in_answer, throttle_forwarded_address,
        },
        configuration::{cookie_flags, reset_link_host},
        injection::sql_login,
        resources::otp_cost,
    },
    lab::{Lab, now},
    seed::digest,
    tokens,
};

/// Wrong passwords for one account before it has to wait.
const MAX_FAILURES: u32 = 10;
/// Text messages to one number.
const MAX_MESSAGES: u32 = 5;
/// Seconds that a refresh token and a session live.
const SESSION: i64 = 14 * 24 * 3600;

/// POST `/auth/login`.
pub(crate) async fn login(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let (login, password) = (field(&body, "login"), field(&body, "password"));
    let key = format!("login {login} {}", forwarded(lab, call));
    if lab.count(&key) > MAX_FAILURES && !lab.has(&login_without_throttle::FLAW) {
        return Err(Problem::slow_down());
    }
    let user = find(lab, login, password).await?;
    let user = user.filter(|u| text(u, "login") != "setup" || lab.has(&default_account::FLAW));
    let Some(user) = user else {
        let known = lab.db.one("select id from users where login = ?", &[json!(login)]).await?;
        let why = match known {
            None if lab.has(&login_tells_accounts::FLAW) => "there is no such account",
            Some(_) if lab.has(&login_tells_accounts::FLAW) => "the password is wrong",
            _ => "login or password is wrong",
        };
        return Err(Problem::new(axum::http::StatusCode::UNAUTHORIZED, why));
    };
    lab.forget(&key);
    tokens_for(lab, &user).await
}

/// What failures are counted by, beside the account.
fn forwarded(lab: &Lab, call: &Call) -> String {
    if lab.has(&throttle_forwarded_address::FLAW) {
        return call.header("x-forwarded-for").to_owned();
    }
    String::new()
}

async fn find(lab: &Lab, login: &str, password: &str) -> Result<Option<Row>, Problem> {
    let hash = digest(password);
    if lab.has(&sql_login::FLAW) {
        let sql =
            format!("select * from users where login = '{login}' and password_hash = '{hash}'");
        return Ok(lab.db.assembled(sql).await?.into_iter().next());
    }
    let sql = "select * from users where login = ? and password_hash = ?";
    Ok(lab.db.one(sql, &[json!(login), json!(hash)]).await?)
}

async fn tokens_for(lab: &Lab, user: &Row) -> Answer {
    let id = int(user, "id");
    let (refresh, session) = (lab.token(20), lab.token(16));
    let add = "insert into grants(token,user,kind,expires) values (?,?,?,?)";
    let expires = now() + SESSION;
    for (token, kind) in [(&refresh, "refresh"), (&session, "session")] {
        lab.db.all(add, &[json!(token), json!(id), json!(kind), json!(expires)]).await?;
    }
    let access = tokens::issue(lab, id, text(user, "login"), text(user, "role"), now());
    let mut answer = ok(json!({
        "access_token": access, "token_type": "Bearer", "expires_in": tokens::LIFETIME,
        "refresh_token": refresh,
    }))?;
    let flags = if lab.has(&cookie_flags::FLAW) { "" } else { "; HttpOnly; SameSite=Strict" };
    if let Ok(cookie) = format!("{COOKIE}={session}; Path=/{flags}").parse() {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// POST `/auth/refresh`.
pub(crate) async fn refresh(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let token = field(&body, "refresh_token");
    let row = grant(lab, token, "refresh").await?.ok_or_else(Problem::anonymous)?;
    if !lab.has(&refresh_reuse::FLAW) {
        if int(&row, "used") > 0 {
            // Used twice: somebody has stolen it. Everything of this user ends.
            let user = json!(int(&row, "user"));
            lab.db.all("delete from grants where user = ?", &[user]).await?;
            return Err(Problem::anonymous());
        }
        lab.db.all("update grants set used = 1 where token = ?", &[json!(token)]).await?;
    }
    let user = lab.db.one("select * from users where id = ?", &[json!(int(&row, "user"))]).await?;
    tokens_for(lab, &user.ok_or_else(Problem::anonymous)?).await
}

/// POST `/auth/logout`.
pub(crate) async fn logout(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let token = field(&body, "refresh_token");
    if !lab.has(&logout_keeps_session::FLAW)
        && let Some(row) = grant(lab, token, "refresh").await?
    {
        let user = json!(int(&row, "user"));
        lab.db.all("delete from grants where user = ?", &[user]).await?;
    }
    crate::call::nothing()
}

/// POST `/auth/forgot`. The answer is the same whether there is such an account.
pub(crate) async fn forgot(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let login = json!(field(&body, "login"));
    let mut answer = json!({"message": "if there is such an account, a mail is on its way"});
    let code = lab.token(10);
    if let Some(user) = lab.db.one("select id from users where login = ?", &[login]).await? {
        let sql = "insert into grants(token,user,kind,expires) values (?,?,'reset',?)";
        lab.db.all(sql, &[json!(code), json!(int(&user, "id")), json!(now() + 900)]).await?;
        if lab.has(&reset_code_in_answer::FLAW) {
            answer["code"] = json!(code);
        }
    }
    let sent_to = call.header("host");
    let host = if lab.has(&reset_link_host::FLAW) { sent_to } else { "app.quayside.example" };
    answer["link"] = json!(format!("https://{host}/reset"));
    ok(answer)
}

/// POST `/auth/reset`.
pub(crate) async fn reset(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let row = grant(lab, field(&body, "code"), "reset").await?;
    let row = row.ok_or_else(|| Problem::bad("the code is wrong or too old"))?;
    let password = field(&body, "password");
    if password.len() < 8 {
        return Err(Problem::bad("a password has at least 8 characters"));
    }
    let hash = json!(digest(password));
    let user = json!(int(&row, "user"));
    lab.db.all("update users set password_hash = ? where id = ?", &[hash, user.clone()]).await?;
    lab.db.all("delete from grants where user = ?", &[user]).await?;
    ok(json!({"message": "the password is changed"}))
}

/// POST `/auth/otp`: each one costs money.
pub(crate) async fn otp(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let phone = field(&body, "phone");
    let sent = lab.count(&format!("otp {phone}"));
    if sent > MAX_MESSAGES && !lab.has(&otp_cost::FLAW) {
        return Err(Problem::slow_down());
    }
    ok(json!({"message": "sent"}))
}

/// The text in a field of a JSON object; empty when it is none.
pub(crate) fn field<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or("")
}

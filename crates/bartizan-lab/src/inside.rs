//! What is not part of the surface: the lab's own switches, the services inside its network, and
//! the partner that it talks to.

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{
    call::{Answer, Call, Problem, content, ok},
    db::{int, text},
    lab::{Lab, now},
    outbound, tokens,
};

/// POST `/_lab/reset`.
pub(crate) async fn reset(lab: &Lab, _: &Call) -> Answer {
    lab.reset().await?;
    crate::call::nothing()
}

/// GET `/_lab/token`: an access token that was issued `age` seconds ago, for proofs about time.
pub(crate) async fn token(lab: &Lab, call: &Call) -> Answer {
    let login = json!(call.asked("login"));
    let user = lab.db.one("select * from users where login = ?", &[login]).await?;
    let user = user.ok_or_else(Problem::missing)?;
    let age: i64 = call.asked("age").parse().unwrap_or(0);
    // Only tokens that ran out: a good one is had by logging in.
    let issued = now() - age.clamp(tokens::LIFETIME * 2, 1 << 32);
    let token =
        tokens::issue(lab, int(&user, "id"), text(&user, "login"), text(&user, "role"), issued);
    Ok(content(StatusCode::OK, "text/plain", token))
}

/// GET `/_internal/metadata`: there only for requests that the lab itself sends.
pub(crate) async fn metadata(lab: &Lab, call: &Call) -> Answer {
    if call.header(outbound::INSIDE) != outbound::inside(lab) {
        return Err(Problem::missing());
    }
    let secret = lab.db.one("select value from secrets where name = 'vault'", &[]).await?;
    ok(json!({"instance": "quayside-1", "credentials": secret.map(|row| row["value"].clone())}))
}

/// GET `/_partner/carrier/{id}`: a partner whose answers hold more than they should.
pub(crate) async fn carrier(_: &Lab, call: &Call) -> Answer {
    let id = call.number("id")?;
    ok(json!({
        "shipment": id, "status": "at_depot", "carrier_cost": 1, "owner": 1,
        "notes": "<img src=x onerror=alert('carrier')>",
    }))
}

/// GET `/_partner/hooks/redirect`.
pub(crate) async fn redirect(_: &Lab, call: &Call) -> Answer {
    let mut answer = content(StatusCode::FOUND, "text/plain", "moved");
    let to = HeaderValue::from_str(call.asked("to"));
    answer.headers_mut().insert(header::LOCATION, to.map_err(|_| Problem::bad("no address"))?);
    Ok(answer)
}

/// `/_partner/hooks/echo`: a receiver of hooks.
pub(crate) async fn echo(_: &Lab, _: &Call) -> Answer {
    Ok(content(StatusCode::OK, "text/plain", "received"))
}

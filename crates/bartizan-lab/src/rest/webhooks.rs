//! Hooks that customers register.

use serde_json::json;

use crate::{
    auth::field,
    call::{Answer, Call, Problem, created, ok},
    flaws::outgoing::webhook_test,
    lab::Lab,
    outbound,
};

/// POST `/api/v1/webhooks`.
pub(crate) async fn create(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let body = call.json()?;
    let url = field(&body, "url");
    if url.len() > 500 || !outbound::is_registered(lab, url).await {
        return Err(Problem::bad("hooks go to registered receivers only"));
    }
    let sql = "insert into webhooks(tenant,owner,url,event) values (?,?,?,?) returning *";
    let event: String = field(&body, "event").chars().take(40).collect();
    let values = [json!(caller.tenant), json!(caller.id), json!(url), json!(event)];
    created(lab.db.one(sql, &values).await?.unwrap_or_default())
}

/// POST `/api/v1/webhooks/test`: sends a hook and says what came back.
pub(crate) async fn test(lab: &Lab, call: &Call) -> Answer {
    call.user()?;
    let body = call.json()?;
    let url = field(&body, "url");
    if lab.has(&webhook_test::FLAW) {
        return match outbound::fetch(lab, "GET", url, false).await {
            Ok(reply) => ok(json!({"status": reply.status, "answer": reply.text()})),
            Err(why) => ok(json!({"error": why})),
        };
    }
    if !outbound::is_registered(lab, url).await {
        return Err(Problem::bad("hooks go to registered receivers only"));
    }
    match outbound::fetch(lab, "POST", url, false).await {
        Ok(reply) => ok(json!({"status": reply.status})),
        Err(_) => ok(json!({"error": "no answer"})),
    }
}

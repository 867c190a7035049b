//! Hooks that customers register, and what was sent to them.

use serde_json::{Value, json};

use crate::{
    auth::field,
    call::{Answer, Call, Problem, created, ok},
    db::text,
    deliveries::{self, EVENTS},
    flaws::{objects::hook_deliveries, outgoing::webhook_test},
    lab::Lab,
    outbound,
};

/// POST `/api/v1/webhooks`. The answer is the only place that shows the secret. A user has at most
/// five hooks.
pub(crate) async fn create(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let body = call.json()?;
    let (url, event) = (field(&body, "url"), field(&body, "event"));
    if url.len() > 500 || !outbound::is_registered(lab, url).await {
        return Err(Problem::bad("hooks go to registered receivers only"));
    }
    if !EVENTS.contains(&event) {
        return Err(Problem::bad(format!("event is one of {}", EVENTS.join(", "))));
    }
    let sql = "insert into webhooks(tenant,owner,url,event) select ?,?,?,? \
               where (select count(*) from webhooks where owner = ?) < 5 returning *";
    let owner = json!(caller.id);
    let values = [json!(caller.tenant), owner.clone(), json!(url), json!(event), owner];
    let hook = lab.db.one(sql, &values).await?;
    let mut hook = hook.ok_or_else(|| Problem::conflict("there are five hooks already"))?;
    let secret = deliveries::secret(lab, &hook);
    hook.insert("secret".to_owned(), Value::String(secret));
    created(hook)
}

/// GET `/api/v1/webhooks/{id}/deliveries`: the last 100, newest first.
pub(crate) async fn deliveries(lab: &Lab, call: &Call) -> Answer {
    let id = json!(call.number("id")?);
    let hook = lab.db.one("select * from webhooks where id = ?", std::slice::from_ref(&id)).await?;
    let hook = hook.ok_or_else(Problem::missing)?;
    if !call.user()?.may_see(&hook) && !lab.has(&hook_deliveries::FLAW) {
        return Err(Problem::missing());
    }
    let sql = "select id, event, payload, state, attempts, answer from hook_deliveries \
               where hook = ? order by rowid desc limit 100";
    let mut rows = lab.db.all(sql, &[id]).await?;
    for row in &mut rows {
        let payload = serde_json::from_str(text(row, "payload")).unwrap_or(Value::Null);
        row.insert("payload".to_owned(), payload);
    }
    ok(json!({"deliveries": rows}))
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

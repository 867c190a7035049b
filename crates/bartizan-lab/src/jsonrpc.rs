//! JSON-RPC 2.0: contracts and profile.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Problem, nothing, ok},
    flaws::{objects::jsonrpc_contract, properties::jsonrpc_credit, resources::jsonrpc_batch},
    lab::Lab,
    rest::{only, users},
};

/// Calls in one batch.
const MAX_BATCH: usize = 20;
/// Calls in one batch, whatever flaws are on.
const MAX_BATCH_EVER: usize = 1000;

/// POST `/jsonrpc`.
pub(crate) async fn call(lab: &Lab, call: &Call) -> Answer {
    match serde_json::from_slice::<Value>(&call.body) {
        Ok(Value::Array(calls)) => {
            let most = if lab.has(&jsonrpc_batch::FLAW) { MAX_BATCH_EVER } else { MAX_BATCH };
            if calls.is_empty() || calls.len() > most {
                return ok(error(&Value::Null, -32600, "a batch holds from 1 to 20 calls"));
            }
            let mut answers = Vec::new();
            for one in &calls {
                answers.extend(answer(lab, call, one).await);
            }
            if answers.is_empty() { nothing() } else { ok(answers) }
        }
        Ok(one) => match answer(lab, call, &one).await {
            Some(answer) => ok(answer),
            None => nothing(),
        },
        Err(_) => ok(error(&Value::Null, -32700, "that is not JSON")),
    }
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// The answer to one call; none to a notification.
async fn answer(lab: &Lab, call: &Call, one: &Value) -> Option<Value> {
    let id = one.get("id");
    let name = one.get("method").and_then(Value::as_str).unwrap_or("");
    let params = one.get("params").cloned().unwrap_or_default();
    let result = method(lab, call, name, &params).await;
    let id = id?;
    Some(match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(problem) => {
            let code = if problem.status.as_u16() == 400 { -32602 } else { -32000 };
            error(id, code, &problem.detail)
        }
    })
}

async fn method(lab: &Lab, call: &Call, name: &str, params: &Value) -> Result<Value, Problem> {
    let caller = call.user()?;
    match name {
        "contract.get" => {
            let id = params.get("id").and_then(Value::as_i64).unwrap_or(0);
            let row = lab.db.one("select * from contracts where id = ?", &[json!(id)]).await?;
            let row = row.ok_or_else(Problem::missing)?;
            if !caller.may_see(&row) && !lab.has(&jsonrpc_contract::FLAW) {
                return Err(Problem::missing());
            }
            Ok(row.into())
        }
        "contract.list" => {
            let sql = "select * from contracts where owner = ? order by id limit 100";
            Ok(lab.db.all(sql, &[json!(caller.id)]).await?.into())
        }
        "profile.update" => {
            let Value::Object(body) = params else { return Err(Problem::bad("params: an object")) };
            users::change(lab, caller.id, body).await?;
            if let Some(credit) = body.get("credit_limit").and_then(Value::as_i64)
                && lab.has(&jsonrpc_credit::FLAW)
            {
                let sql = "update users set credit_limit = ? where id = ?";
                lab.db.all(sql, &[json!(credit), json!(caller.id)]).await?;
            }
            let row = lab.db.one("select * from users where id = ?", &[json!(caller.id)]).await?;
            Ok(only(&row.unwrap_or_default(), users::OWN).into())
        }
        "ping" => Ok(json!("pong")),
        _ => Err(Problem::bad("there is no such method")),
    }
}

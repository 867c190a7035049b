//! XML-RPC: depots.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    call::{Answer, Call, Problem, content},
    db::{int, text},
    flaws::{configuration::xmlrpc_introspection, functions::xmlrpc_close_depot},
    lab::Lab,
    seed::Role,
    xml::{self, escape},
};

const METHODS: &[&str] = &["depot.status", "depot.list", "depot.close", "system.listMethods"];

/// POST `/xmlrpc`.
pub(crate) async fn call(lab: &Lab, call: &Call) -> Answer {
    let body = match method(lab, call).await {
        Ok(value) => format!("<params><param><value>{value}</value></param></params>"),
        Err(problem) => format!(
            "<fault><value><struct><member><name>faultCode</name><value><int>{}</int></value></member>\
             <member><name>faultString</name><value><string>{}</string></value></member></struct>\
             </value></fault>",
            problem.status.as_u16(),
            escape(&problem.detail)
        ),
    };
    let text = format!("<?xml version=\"1.0\"?><methodResponse>{body}</methodResponse>");
    Ok(content(StatusCode::OK, "text/xml", text))
}

async fn method(lab: &Lab, call: &Call) -> Result<String, Problem> {
    let document = xml::parse(&call.text(), &mut |_| None)
        .map_err(|why| Problem::bad("the call cannot be read").because(why))?;
    let number = document.find("param").map(|p| {
        let inner = p.find("int").or_else(|| p.find("i4")).or_else(|| p.find("value"));
        inner.map_or("", |element| element.text.trim()).to_owned()
    });
    let number: i64 = number.and_then(|n| n.parse().ok()).unwrap_or(0);
    match document.value("methodName") {
        "system.listMethods" => {
            if !lab.has(&xmlrpc_introspection::FLAW) {
                return Err(Problem::missing());
            }
            let names: String =
                METHODS.iter().map(|m| format!("<value><string>{m}</string></value>")).collect();
            Ok(format!("<array><data>{names}</data></array>"))
        }
        "depot.list" => {
            call.user()?;
            let rows = lab.db.all("select * from depots order by id", &[]).await?;
            let names: String = rows
                .iter()
                .map(|row| format!("<value><string>{}</string></value>", escape(text(row, "name"))))
                .collect();
            Ok(format!("<array><data>{names}</data></array>"))
        }
        "depot.status" => {
            call.user()?;
            let row = lab.db.one("select * from depots where id = ?", &[json!(number)]).await?;
            let open = int(&row.ok_or_else(Problem::missing)?, "open");
            Ok(format!("<boolean>{open}</boolean>"))
        }
        "depot.close" => {
            if !lab.has(&xmlrpc_close_depot::FLAW) {
                call.need(Role::Manager)?;
            }
            let sql = "update depots set open = 0 where id = ? returning id";
            let row = lab.db.one(sql, &[json!(number)]).await?;
            row.ok_or_else(Problem::missing)?;
            Ok("<boolean>1</boolean>".to_owned())
        }
        name => Err(Problem::bad(format!("there is no method {name}"))),
    }
}

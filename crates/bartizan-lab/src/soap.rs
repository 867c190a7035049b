//! SOAP 1.1: customs declarations.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    call::{Answer, Call, Problem, content},
    db::{Row, int, text},
    flaws::{
        configuration::soap_fault_details,
        functions::soap_void,
        injection::{soap_sql, xml_file_entity},
        objects::soap_declaration,
        outgoing::xml_external_entity,
        resources::xml_entities,
    },
    lab::Lab,
    outbound,
    rest::pages::FILES,
    seed::Role,
    xml::{self, Element, Entity, escape},
};

/// Entities inside entities.
const MAX_NESTING: usize = 12;
/// Bytes that all entities of a document may become, and references they may take.
const MAX_ENTITY: usize = 64 << 10;

/// POST `/soap`.
pub(crate) async fn call(lab: &Lab, call: &Call) -> Answer {
    let (status, body) = match operation(lab, call).await {
        Ok(body) => (StatusCode::OK, body),
        Err(problem) => (StatusCode::INTERNAL_SERVER_ERROR, fault(lab, &problem)),
    };
    let envelope = format!(
        "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:q=\"urn:quayside:customs\"><soap:Body>{body}</soap:Body></soap:Envelope>"
    );
    Ok(content(status, "text/xml; charset=utf-8", envelope))
}

fn fault(lab: &Lab, problem: &Problem) -> String {
    let detail = if lab.has(&soap_fault_details::FLAW) && !problem.internals.is_empty() {
        format!("<detail>{} at quayside.soap.Dispatcher:88</detail>", escape(&problem.internals))
    } else {
        String::new()
    };
    format!(
        "<soap:Fault><faultcode>soap:{}</faultcode><faultstring>{}</faultstring>{detail}</soap:Fault>",
        if problem.status.is_server_error() { "Server" } else { "Client" },
        escape(&problem.detail)
    )
}

async fn operation(lab: &Lab, call: &Call) -> Result<String, Problem> {
    let caller = call.user()?;
    let document = read(lab, &call.text()).await?;
    let body = document.find("Body").and_then(|body| body.children.first());
    let operation = body.ok_or_else(|| Problem::bad("the body is empty"))?;
    match operation.name.as_str() {
        "GetDeclaration" => {
            let row = declaration(lab, operation.value("id")).await?;
            if !caller.may_see(&row) && !lab.has(&soap_declaration::FLAW) {
                return Err(Problem::missing());
            }
            Ok(format!("<q:GetDeclarationResponse>{}</q:GetDeclarationResponse>", shown(&row)))
        }
        "FindDeclarations" => {
            let goods = operation.value("goods");
            let rows = if lab.has(&soap_sql::FLAW) {
                let sql = format!(
                    "select id, tenant, owner, goods, value, status from declarations \
                     where owner = {} and goods = '{goods}'",
                    caller.id
                );
                lab.db.assembled(sql).await?
            } else {
                let sql = "select * from declarations where owner = ? and goods = ? limit 100";
                lab.db.all(sql, &[json!(caller.id), json!(goods)]).await?
            };
            let rows: String = rows.iter().map(shown).collect();
            Ok(format!("<q:FindDeclarationsResponse>{rows}</q:FindDeclarationsResponse>"))
        }
        "LodgeDeclaration" => {
            let goods: String = operation.value("goods").chars().take(2000).collect();
            let sql = "insert into declarations(tenant,owner,goods,value,status) \
                       values (?,?,?,?,'lodged') returning *";
            let value: i64 = operation.value("value").parse().unwrap_or(0);
            let values = [json!(caller.tenant), json!(caller.id), json!(goods), json!(value)];
            let row = lab.db.one(sql, &values).await?.unwrap_or_default();
            Ok(format!("<q:LodgeDeclarationResponse>{}</q:LodgeDeclarationResponse>", shown(&row)))
        }
        "VoidDeclaration" => {
            if !lab.has(&soap_void::FLAW) {
                call.need(Role::Manager)?;
            }
            let row = declaration(lab, operation.value("id")).await?;
            if !caller.may_see(&row) {
                return Err(Problem::missing());
            }
            let sql = "update declarations set status = 'void' where id = ? returning *";
            let row = lab.db.one(sql, &[json!(int(&row, "id"))]).await?.unwrap_or_default();
            Ok(format!("<q:VoidDeclarationResponse>{}</q:VoidDeclarationResponse>", shown(&row)))
        }
        name => Err(Problem::bad(format!("there is no operation {name}"))),
    }
}

async fn declaration(lab: &Lab, id: &str) -> Result<Row, Problem> {
    let id: i64 = id.parse().map_err(|_| {
        Problem::bad("id is no number").because(format!("NumberFormatException: \"{id}\""))
    })?;
    let row = lab.db.one("select * from declarations where id = ?", &[json!(id)]).await?;
    row.ok_or_else(Problem::missing)
}

fn shown(row: &Row) -> String {
    format!(
        "<q:declaration><id>{}</id><goods>{}</goods><value>{}</value><status>{}</status></q:declaration>",
        int(row, "id"),
        escape(text(row, "goods")),
        int(row, "value"),
        escape(text(row, "status")),
    )
}

/// Reads a document; what its own entities stand for depends on the flaws.
async fn read(lab: &Lab, text: &str) -> Result<Element, Problem> {
    let declared = match text.split_once("<!DOCTYPE") {
        Some((_, rest)) => xml::entities(rest),
        None => HashMap::new(),
    };
    let mut known = HashMap::new();
    let mut room = MAX_ENTITY;
    for (name, entity) in &declared {
        let value = match entity {
            Entity::Text(text) if lab.has(&xml_entities::FLAW) => {
                Some(expand(text, &declared, 0, &mut room))
            }
            Entity::System(url) => external(lab, url).await,
            Entity::Text(_) => None,
        };
        if let Some(value) = value {
            known.insert(name.clone(), value);
        }
    }
    xml::parse(text, &mut |name| known.get(name).cloned())
        .map_err(|why| Problem::bad("the document cannot be read").because(why))
}

/// What an external entity stands for.
async fn external(lab: &Lab, url: &str) -> Option<String> {
    if let Some(path) = url.strip_prefix("file://") {
        let (_, text) = FILES.iter().find(|(p, _)| *p == path)?;
        return lab.has(&xml_file_entity::FLAW).then(|| (*text).to_owned());
    }
    if !lab.has(&xml_external_entity::FLAW) {
        return None;
    }
    Some(outbound::fetch(lab, "GET", url, false).await.ok()?.text())
}

/// Replaces entities inside entities. `room` is what it may still take: one for each reference, and
/// one for each byte. Entities that grow to nothing would else take time without end.
fn expand(
    text: &str,
    declared: &HashMap<String, Entity>,
    nesting: usize,
    room: &mut usize,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let Some((name, behind)) = after.split_once(';') else { break };
        *room = room.saturating_sub(before.len() + 1);
        if *room == 0 {
            return out;
        }
        out.push_str(before);
        if let Some(Entity::Text(inner)) = declared.get(name)
            && nesting < MAX_NESTING
        {
            out.push_str(&expand(inner, declared, nesting + 1, room));
        }
        rest = behind;
    }
    if rest.len() <= *room {
        *room -= rest.len();
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_grow_no_further_than_the_limit() {
        let mut declared = HashMap::from([("a0".to_owned(), Entity::Text("ha".repeat(10)))]);
        for n in 1..20 {
            let text = format!("&a{};", n - 1).repeat(10);
            declared.insert(format!("a{n}"), Entity::Text(text));
        }
        let of =
            |text: &str, declared: &_| expand(text, declared, 0, &mut MAX_ENTITY.clone()).len();
        assert!(of("&a2;", &declared) == 2000);
        assert!((MAX_ENTITY / 2..=MAX_ENTITY).contains(&of("&a6;", &declared)));
        assert!(of("&a19;", &declared) <= MAX_ENTITY);
        declared.insert("x".to_owned(), Entity::Text("&x;".repeat(10)));
        assert_eq!(of("&x;", &declared), 0);
    }
}

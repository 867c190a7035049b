//! Pages for browsers, and the descriptions of the API.

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{
    call::{Answer, Call, Problem, content, ok},
    db::text,
    documents,
    flaws::{
        consumption::carrier_markup,
        injection::{open_redirect, template_path, tracking_markup},
        inventory::internal_document,
    },
    lab::Lab,
    server::APPLICATION,
};

const HTML: &str = "text/html; charset=utf-8";

/// Files that the lab pretends to have. There is no file behind them.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("/srv/quayside/forms/packing-list.txt", "Packing list\n\nCrates: ______\n"),
    ("/srv/quayside/forms/customs.txt", "Customs form\n\nGoods: ______\n"),
    ("/srv/quayside/config/app.env", "SMTP_PASSWORD=gangway-7781\nMODE=production\n"),
    (
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nquayside:x:999:999::/srv/quayside:/bin/false\n",
    ),
];

/// GET `/`.
pub(crate) async fn home(_: &Lab, _: &Call) -> Answer {
    let page = "<!doctype html><title>Quayside</title><h1>Quayside</h1>\
                <p>Freight for everybody. <a href=\"/openapi.json\">API</a> \
                <a href=\"/openapi-partner.json\">Partners</a> <a href=\"/schema.graphql\">GraphQL</a> \
                <a href=\"/soap?wsdl\">SOAP</a> <a href=\"/track?ref=QS-1001\">Tracking</a></p>";
    Ok(content(StatusCode::OK, HTML, page))
}

/// GET `/track`.
pub(crate) async fn track(lab: &Lab, call: &Call) -> Answer {
    let asked = call.asked("ref");
    let sql = "select status from shipments where reference = ?";
    let row = lab.db.one(sql, &[json!(asked)]).await?;
    let status = row.map_or_else(|| "unknown".to_owned(), |row| text(&row, "status").to_owned());
    let shown =
        if lab.has(&tracking_markup::FLAW) { asked.to_owned() } else { crate::xml::escape(asked) };
    let page = format!("<!doctype html><title>Tracking</title><p>{shown}: {status}</p>");
    Ok(content(StatusCode::OK, HTML, page))
}

/// GET `/labels/{id}`.
pub(crate) async fn label(lab: &Lab, call: &Call) -> Answer {
    let row = super::shipments::any(lab, call.number("id")?).await?;
    if !call.user()?.may_see(&row) {
        return Err(Problem::missing());
    }
    let notes = text(&row, "notes");
    let notes =
        if lab.has(&carrier_markup::FLAW) { notes.to_owned() } else { crate::xml::escape(notes) };
    let page = format!(
        "<!doctype html><title>Label</title><h1>{}</h1><p>{notes}</p>",
        crate::xml::escape(text(&row, "reference"))
    );
    Ok(content(StatusCode::OK, HTML, page))
}

/// GET `/go`.
pub(crate) async fn go(lab: &Lab, call: &Call) -> Answer {
    let to = call.asked("to");
    let ours =
        to == APPLICATION || to.strip_prefix(APPLICATION).is_some_and(|rest| rest.starts_with('/'));
    if !ours && !lab.has(&open_redirect::FLAW) {
        return Err(Problem::bad("that place is not ours"));
    }
    let mut answer = content(StatusCode::FOUND, "text/plain", "");
    let to = HeaderValue::from_str(to).map_err(|_| Problem::bad("that is no address"))?;
    answer.headers_mut().insert(header::LOCATION, to);
    Ok(answer)
}

/// GET `/files`.
pub(crate) async fn files(lab: &Lab, call: &Call) -> Answer {
    let name = call.asked("name");
    if !lab.has(&template_path::FLAW)
        && !name.chars().all(|c| c.is_alphanumeric() || "-.".contains(c))
    {
        return Err(Problem::bad("that is no name of a form"));
    }
    let path = resolved(&format!("/srv/quayside/forms/{name}"));
    let found = FILES.iter().find(|(p, _)| *p == path);
    let (_, text) = found.ok_or_else(Problem::missing)?;
    Ok(content(StatusCode::OK, "text/plain", *text))
}

/// A path without `.` and `..`.
fn resolved(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// GET `/openapi.json`.
pub(crate) async fn openapi(_: &Lab, _: &Call) -> Answer {
    ok(documents::honest())
}

/// GET `/openapi-partner.json`.
pub(crate) async fn partner(_: &Lab, _: &Call) -> Answer {
    ok(documents::drifting())
}

/// GET `/openapi-internal.json`.
pub(crate) async fn internal(lab: &Lab, call: &Call) -> Answer {
    if !lab.has(&internal_document::FLAW) {
        call.need(crate::seed::Role::Admin)?;
    }
    ok(documents::internal())
}

/// GET `/schema.graphql`.
pub(crate) async fn graphql(_: &Lab, _: &Call) -> Answer {
    Ok(content(StatusCode::OK, "text/plain", documents::GRAPHQL))
}

/// GET `/quayside.proto`.
pub(crate) async fn proto(_: &Lab, _: &Call) -> Answer {
    Ok(content(StatusCode::OK, "text/plain", documents::PROTO))
}

/// GET `/soap?wsdl`.
pub(crate) async fn wsdl(lab: &Lab, _: &Call) -> Answer {
    let text = documents::WSDL.replace("{origin}", &format!("http://{}", lab.address));
    Ok(content(StatusCode::OK, "text/xml; charset=utf-8", text))
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn paths_are_resolved_as_file_systems_do() {
        assert_eq!(
            resolved("/srv/quayside/forms/../config/app.env"),
            "/srv/quayside/config/app.env"
        );
        assert_eq!(resolved("/../../etc/./passwd"), "/etc/passwd");
    }
}

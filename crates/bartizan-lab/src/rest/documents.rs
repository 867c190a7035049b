//! Documents: uploaded, imported, shown.

use axum::http::{HeaderValue, StatusCode, header};
use bytes::Bytes;
use serde_json::json;

use super::only;
use crate::{
    auth::field,
    call::{Answer, Call, Problem, content as answer, created, nothing, ok},
    db::{Row, int, text},
    flaws::{
        injection::upload_markup,
        objects::{document_delete, document_read},
        outgoing::{import_url, redirect_followed},
        resources::{preview_size, upload_size},
    },
    lab::Lab,
    outbound,
};

/// Bytes of one document where sizes are looked at.
const MAX_DOCUMENT: usize = 256 << 10;
/// Bytes of all uploads together; more, and the lab goes back to its first state.
const MAX_STORED: i64 = 32 << 20;
/// Points of a preview on each side where sizes are looked at, and in any case.
const MAX_SIDE: (usize, usize) = (512, 1500);
/// Columns of a list.
const SHOWN: &[&str] = &["id", "tenant", "owner", "name", "content_type", "size"];

async fn any(lab: &Lab, call: &Call) -> Result<Row, Problem> {
    let id = json!(call.number("id")?);
    let row = lab.db.one("select * from documents where id = ?", &[id]).await?;
    row.ok_or_else(Problem::missing)
}

/// GET `/api/v1/documents`.
pub(crate) async fn list(lab: &Lab, call: &Call) -> Answer {
    let sql = "select * from documents where owner = ? order by id limit 100";
    let rows = lab.db.all(sql, &[json!(call.user()?.id)]).await?;
    let rows: Vec<Row> = rows.iter().map(|row| only(row, SHOWN)).collect();
    ok(json!({"documents": rows}))
}

/// POST `/api/v1/documents`: a form with one file (RFC 7578).
pub(crate) async fn upload(lab: &Lab, call: &Call) -> Answer {
    let kind = call.header("content-type");
    let boundary = multer::parse_boundary(kind).map_err(|e| Problem::bad(e.to_string()))?;
    let body: Bytes = call.body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    let bad = |e: multer::Error| Problem::bad("the form cannot be read").because(e.to_string());
    let part = form.next_field().await.map_err(bad)?;
    let part = part.ok_or_else(|| Problem::bad("the form has no file"))?;
    let name: String = part.file_name().unwrap_or("unnamed").chars().take(120).collect();
    let kind =
        part.content_type().map_or("application/octet-stream", |m| m.essence_str()).to_owned();
    let bytes = part.bytes().await.map_err(bad)?;
    if bytes.len() > MAX_DOCUMENT && !lab.has(&upload_size::FLAW) {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the document is too large"));
    }
    keep(lab, call, &name, &kind, &bytes).await
}

async fn keep(lab: &Lab, call: &Call, name: &str, kind: &str, bytes: &[u8]) -> Answer {
    let stored = lab.db.one("select coalesce(sum(size), 0) as size from documents", &[]).await?;
    let caller = call.user()?;
    if stored.is_some_and(|row| int(&row, "size") > MAX_STORED) {
        lab.reset().await?;
    }
    let sql = "insert into documents(tenant,owner,name,content_type,size,content) \
               values (?,?,?,?,?,?) returning *";
    let values = [
        json!(caller.tenant),
        json!(caller.id),
        json!(name),
        json!(kind),
        json!(bytes.len()),
        json!(String::from_utf8_lossy(bytes)),
    ];
    created(only(&lab.db.one(sql, &values).await?.unwrap_or_default(), SHOWN))
}

/// POST `/api/v1/documents/import`.
pub(crate) async fn import(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let url = field(&body, "url");
    if !outbound::is_registered(lab, url).await && !lab.has(&import_url::FLAW) {
        return Err(Problem::bad("documents are imported from registered places only"));
    }
    let follow = lab.has(&redirect_followed::FLAW);
    let reply = outbound::fetch(lab, "GET", url, follow).await;
    let reply = reply.map_err(|why| {
        Problem::new(StatusCode::BAD_GATEWAY, "the document cannot be fetched").because(why)
    })?;
    let bytes = reply.body.slice(..reply.body.len().min(MAX_DOCUMENT));
    keep(lab, call, "imported", &reply.header("content-type"), &bytes).await
}

/// GET `/api/v1/documents/{id}/content`.
pub(crate) async fn content(lab: &Lab, call: &Call) -> Answer {
    let row = any(lab, call).await?;
    if !call.user()?.may_see(&row) && !lab.has(&document_read::FLAW) {
        return Err(Problem::missing());
    }
    let bytes = text(&row, "content").to_owned();
    if lab.has(&upload_markup::FLAW) {
        return Ok(answer(StatusCode::OK, text(&row, "content_type"), bytes));
    }
    let safe = ["text/plain", "application/pdf", "image/png", "application/json"];
    let kind = text(&row, "content_type");
    let kind = if safe.contains(&kind) { kind } else { "application/octet-stream" };
    let mut out = answer(StatusCode::OK, kind, bytes);
    let attachment = HeaderValue::from_static("attachment");
    out.headers_mut().insert(header::CONTENT_DISPOSITION, attachment);
    Ok(out)
}

/// GET `/api/v1/documents/{id}/preview`: a grey picture (portable graymap) of a size.
pub(crate) async fn preview(lab: &Lab, call: &Call) -> Answer {
    let row = any(lab, call).await?;
    if !call.user()?.may_see(&row) {
        return Err(Problem::missing());
    }
    let side = |name: &str| call.asked(name).parse::<usize>().unwrap_or(64).min(MAX_SIDE.1);
    let (width, height) = (side("width"), side("height"));
    if width.max(height) > MAX_SIDE.0 && !lab.has(&preview_size::FLAW) {
        return Err(Problem::bad("a preview has at most 512 points on each side"));
    }
    let mut picture = format!("P5 {width} {height} 255\n").into_bytes();
    picture.resize(picture.len() + width * height, 0x80);
    Ok(answer(StatusCode::OK, "image/x-portable-graymap", picture))
}

/// DELETE `/api/v1/documents/{id}`.
pub(crate) async fn delete(lab: &Lab, call: &Call) -> Answer {
    let row = any(lab, call).await?;
    if int(&row, "owner") != call.user()?.id && !lab.has(&document_delete::FLAW) {
        return Err(Problem::missing());
    }
    lab.db.all("delete from documents where id = ?", &[row["id"].clone()]).await?;
    nothing()
}

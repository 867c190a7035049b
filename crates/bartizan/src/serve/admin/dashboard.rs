//! The dashboard: files that were built before this program was, and lie in it. One that was built
//! without them says how to build them.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use include_dir::{Dir, File, include_dir};

use crate::entity_tag::EntityTag;

/// Empty but for a mark where the dashboard was not built before.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../dashboard/dist");

/// The one page. Which part of it shows is decided in the browser, by the address.
const PAGE: &str = "index.html";

/// What the dashboard may do: nothing but load its own files and ask its own server. Traffic that gets
/// into a page as text cannot become a script, a style, a form or a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const MISSING: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Bartizan</title>\
    <h1>This program was built without the dashboard</h1>\
    <p>Its files were not there. In a checkout of the repository <code>make run</code> builds both.</p>\
    <p>The administration API works: see <code>docs/reference/openapi.json</code>.</p></html>";

/// Answers with a file, or with the page for an address that only the page knows.
pub(super) async fn answer(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let mut response = match FILES.get_file(path).filter(|_| path != PAGE) {
        Some(file) => serve(path, file, &headers),
        // A file that is missing is not the page: a browser would take it for a script.
        None if is_file(path) && path != PAGE => {
            (StatusCode::NOT_FOUND, "there is no such file\n").into_response()
        }
        None => match FILES.get_file(PAGE) {
            Some(file) => serve(PAGE, file, &headers),
            None => page(StatusCode::OK, MISSING.into()),
        },
    };
    let policies = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ];
    let policies = policies.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(policies);
    response
}

/// Whether a path is that of a file. Addresses of the dashboard have no dot in their last part, but for
/// names of hosts and the like, which come in the query.
fn is_file(path: &str) -> bool {
    path.starts_with("assets/") || path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn page(status: StatusCode, body: axum::body::Body) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, [(header::CACHE_CONTROL, "no-cache")], body).into_response()
}

fn serve(path: &str, file: &'static File<'static>, headers: &HeaderMap) -> Response {
    let tag = EntityTag::of(file.contents());
    // Names of assets hold a hash of what is in them.
    let is_permanent = path.starts_with("assets/");
    let caching = if is_permanent { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common =
        [(header::ETAG, tag.as_str().to_owned()), (header::CACHE_CONTROL, caching.to_owned())];
    if tag.is_known(headers) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, kind(path))], file.contents()).into_response()
}

/// Of the files that a build makes.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(target: &'static str) -> Response {
        answer(Method::GET, Uri::from_static(target), HeaderMap::new()).await
    }

    #[tokio::test]
    async fn every_answer_forbids_what_traffic_could_become() {
        for target in ["/", "/findings/fnd_1", "/assets/none.js", "/../../etc/passwd", "/a%00b"] {
            let response = ask(target).await;
            let policy =
                response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
            for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{target}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }

    #[tokio::test]
    async fn addresses_of_the_page_give_the_page_and_missing_files_do_not() {
        for target in ["/", "/inventory", "/endpoints/ep_abc", "/index.html"] {
            let response = ask(target).await;
            let kind = response.headers()[header::CONTENT_TYPE].to_str().expect("text");
            assert_eq!((response.status(), kind), (StatusCode::OK, "text/html; charset=utf-8"));
        }
        for target in ["/assets/x", "/assets/none.js", "/favicon.ico2", "/.git/config.bak"] {
            assert_eq!(ask(target).await.status(), StatusCode::NOT_FOUND, "{target}");
        }
        let posted = answer(Method::POST, Uri::from_static("/"), HeaderMap::new()).await;
        assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}

//! Paths that are asked for without having been named anywhere, and what paths look like.

use super::address::split_query;

/// Paths below `/.well-known/` (RFC 8615) that tell of APIs and who may call them.
pub(super) const WELL_KNOWN: &[&str] = &[
    // OpenID Connect Discovery 1.0 §4; RFC 8414; RFC 9728.
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    // RFC 9727: the list of APIs of a publisher.
    "/.well-known/api-catalog",
    // RFC 9116.
    "/.well-known/security.txt",
    // Where keys are by convention; `jwks_uri` of the documents above decides.
    "/.well-known/jwks.json",
    // Interfaces for assistants: the Model Context Protocol, Agent2Agent, plug-ins.
    "/.well-known/mcp.json",
    "/.well-known/mcp/server-card.json",
    "/.well-known/agent-card.json",
    "/.well-known/ai-plugin.json",
    // A convention of some publishers of OpenAPI.
    "/.well-known/openapi.json",
];

/// Where specifications are by default.
pub(super) const SPECIFICATIONS: &[&str] = &[
    // FastAPI, Litestar, Hono and by convention.
    "/openapi.json",
    "/openapi.yaml",
    "/openapi.yml",
    "/api/openapi.json",
    "/api/v1/openapi.json",
    "/docs/openapi.json",
    "/schema/openapi.json",
    // springdoc.
    "/v3/api-docs",
    "/v3/api-docs/swagger-config",
    // Springfox.
    "/v2/api-docs",
    "/swagger-resources",
    // ASP.NET: Swashbuckle, NSwag, Microsoft.AspNetCore.OpenApi.
    "/swagger/v1/swagger.json",
    "/openapi/v1.json",
    // go-swagger, swag, grape-swagger, flask-restx.
    "/swagger.json",
    "/swagger.yaml",
    "/swagger/doc.json",
    "/api/swagger.json",
    // NestJS, L5-Swagger, drf-spectacular.
    "/api-json",
    "/api-docs",
    "/docs/api-docs.json",
    "/api/schema/",
    // AsyncAPI, by convention.
    "/asyncapi.json",
    "/asyncapi.yaml",
    // SDL of GraphQL, by convention.
    "/schema.graphql",
    // WSDL 1.1 of the services of a server: Apache CXF, ASP.NET, Spring-WS by convention.
    "/?wsdl",
    "/services?wsdl",
    "/ws?wsdl",
];

/// Where documentation, GraphQL and management are by default.
pub(super) const DOCUMENTATION: &[&str] = &[
    // Swagger UI, ReDoc, Scalar, RapiDoc.
    "/docs",
    "/redoc",
    "/swagger",
    "/swagger-ui/index.html",
    "/swagger-ui.html",
    "/api/docs",
    "/scalar",
    // The API itself, by convention.
    "/api",
    "/api/v1",
    "/v1",
    // GraphQL and its consoles.
    "/graphql",
    "/api/graphql",
    "/graphiql",
    "/playground",
    // Management: Spring Boot Actuator, Prometheus. The list of actuators alone, none of them.
    "/actuator",
    "/metrics",
];

/// Those of the lists above that are asked for where many servers are looked at: the customs of the frameworks
/// that are met most, one path each.
pub(super) const FEW: &[&str] = &[
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource",
    "/.well-known/api-catalog",
    "/openapi.json",
    "/openapi.yaml",
    "/api/openapi.json",
    "/v3/api-docs",
    "/v2/api-docs",
    "/openapi/v1.json",
    "/swagger/v1/swagger.json",
    "/swagger.json",
    "/asyncapi.json",
    "/?wsdl",
    "/docs",
    "/swagger-ui/index.html",
    "/api",
    "/api/v1",
    "/graphql",
    "/actuator",
    "/metrics",
];

/// Ends of paths of files that are no API, whoever serves them.
const ASSETS: &[&str] = &[
    "7z",
    "avif",
    "bmp",
    "css",
    "eot",
    "exe",
    "gif",
    "gz",
    "htm",
    "html",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "jsx",
    "less",
    "map",
    "md",
    "mjs",
    "mp3",
    "mp4",
    "ogg",
    "otf",
    "pdf",
    "png",
    "scss",
    "svg",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "ts",
    "tsx",
    "ttf",
    "txt",
    "vue",
    "wasm",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "woff",
    "woff2",
    "xml",
    "zip",
];

/// Files that are pages all the same.
const PAGES: &[&str] = &["htm", "html", "xml"];

/// Words of links that may do something although they are asked for with GET.
const ACTING: &[&str] = &[
    "activate",
    "add",
    "approve",
    "ban",
    "buy",
    "cancel",
    "checkout",
    "clear",
    "confirm",
    "deactivate",
    "delete",
    "destroy",
    "disable",
    "drop",
    "enable",
    "kill",
    "logoff",
    "logout",
    "pay",
    "purge",
    "remove",
    "reset",
    "restart",
    "revoke",
    "send",
    "shutdown",
    "signoff",
    "signout",
    "stop",
    "trash",
    "unlink",
    "unlock",
    "unsubscribe",
];

/// Words of the last part of a path behind which GraphQL answers.
const GRAPHQL: &[&str] = &["gql", "graphql"];

/// The path of a target, without its query.
pub(super) fn path_of(target: &str) -> &str {
    split_query(target).0
}

/// The end of the last part of a path, in lower case; empty when it has none.
pub(super) fn extension(target: &str) -> String {
    let name = path_of(target).rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or_else(String::new, |(_, end)| end.to_ascii_lowercase())
}

/// Whether a path is that of a file and not of an API.
pub(super) fn is_asset(target: &str) -> bool {
    ASSETS.contains(&extension(target).as_str())
}

/// Whether a link may lead to a page that is worth reading.
pub(super) fn is_page(target: &str) -> bool {
    !is_asset(target) || PAGES.contains(&extension(target).as_str())
}

/// Whether a link leads to a script.
pub(super) fn is_script(target: &str) -> bool {
    matches!(extension(target).as_str(), "js" | "mjs")
}

/// Whether asking for a link may do something: one of its words says so, or two together (`logOut`). Words end
/// where letters do, and where case changes; a character may be written as its code.
pub(super) fn may_act(target: &str) -> bool {
    let (mut before, mut word, mut was_lower) = (String::new(), String::new(), false);
    for c in percent_decoded(target).chars().chain(['/']) {
        let is_new = !c.is_ascii_alphabetic() || (c.is_ascii_uppercase() && was_lower);
        if is_new && !word.is_empty() {
            let pair = format!("{before}{word}");
            if ACTING.contains(&word.as_str()) || ACTING.contains(&pair.as_str()) {
                return true;
            }
            before = std::mem::take(&mut word);
        }
        if c.is_ascii_alphabetic() {
            word.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase();
    }
    false
}

/// A target with ASCII letters that are written as their codes (RFC 3986 §2.1) as themselves.
fn percent_decoded(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    let mut rest = target;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let code = behind.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code.filter(u8::is_ascii_alphabetic) {
            Some(letter) => {
                out.push(char::from(letter));
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether GraphQL is likely to answer there.
pub(super) fn is_graphql(path: &str) -> bool {
    let last = path_of(path).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    GRAPHQL.iter().any(|name| last.eq_ignore_ascii_case(name))
}

/// Whether a reference names a specification, by its last part.
pub(super) fn is_specification(target: &str) -> bool {
    let name = path_of(target).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let is_named = matches!(stem, "openapi" | "swagger" | "asyncapi" | "api-docs");
    let is_file = matches!(extension(target).as_str(), "json" | "yaml" | "yml");
    is_named && (is_file || name == "api-docs") || stem == "swagger-config"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_paths_without_repetitions() {
        let all: Vec<&str> =
            [WELL_KNOWN, SPECIFICATIONS, DOCUMENTATION].into_iter().flatten().copied().collect();
        let distinct: std::collections::BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        assert!(all.iter().all(|path| path.starts_with('/') && !may_act(path)));
        assert!(all.len() < 60, "a polite list");
        assert!(FEW.iter().all(|path| distinct.contains(path)) && FEW.len() <= 20);
    }

    #[test]
    fn paths_are_told_apart() {
        assert!(is_asset("/a/b.PNG?v=1") && !is_asset("/v1.2/orders") && !is_asset("/a.js/b"));
        assert!(is_page("/a.html") && is_page("/a") && !is_page("/a.woff2"));
        assert!(is_script("/a.min.js?x") && !is_script("/a.json"));
        assert!(may_act("/logout") && may_act("/orders?do=delete") && may_act("/users/log-out"));
        assert!(may_act("/admin/deleteUser?id=3") && may_act("/logOut") && may_act("/%64elete/7"));
        assert!(!may_act("/orders/deleted-ones") && !may_act("/address") && !may_act("/100%"));
        assert!(is_graphql("/api/GraphQL/") && !is_graphql("/graphql/schema"));
        for named in ["/openapi.json", "/x/swagger.yaml?v=1", "/v3/api-docs", "/swagger-config"] {
            assert!(is_specification(named), "{named}");
        }
        for other in ["/swagger", "/openapi.html", "/orders.json", "/docs"] {
            assert!(!is_specification(other), "{other}");
        }
    }
}

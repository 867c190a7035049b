//! What code, crawls and perimeters found, as the inventory takes it in: from a run, or from the JSON that one
//! wrote before.
//!
//! Such a file is data from elsewhere: keys that are not known are ignored, what is too long is cut or left out.

use bartizan_analysis::discoveries::FoundRoute;
use bartizan_code::{Component, Demand, Route, short};
use bartizan_model::{DeclaredInCode, Demanded, Discovered, KnownBy, ShownByServer};
use serde::Deserialize;

/// Longest path that is taken in, in bytes.
const MAX_PATH_BYTES: usize = 2_048;
/// Longest method that is taken in, in bytes.
const MAX_METHOD_BYTES: usize = 32;
/// Most guards of a route, and most places where one is named.
const MAX_NAMED: usize = 20;

/// A route that code declares.
pub(crate) fn of_code(
    input: &str,
    route: Route,
    owner: impl Fn(&str) -> Option<String>,
) -> FoundRoute {
    let guards = route.authorization.guards.into_iter().map(|guard| guard.name);
    let (group, component) = match route.component {
        Some(Component { name, version, manifest }) => (manifest, Some(titled(name, version))),
        None => (String::new(), None),
    };
    let code = DeclaredInCode {
        framework: route.framework.to_owned(),
        owner: owner(&route.place.file),
        file: route.place.file,
        line: route.place.line,
        handler: route.handler,
        component,
        authorization: match route.authorization.state {
            Demand::Required => Demanded::Required,
            Demand::None => Demanded::None,
            Demand::Unclear => Demanded::Unclear,
        },
        guards: guards.take(MAX_NAMED).collect(),
    };
    FoundRoute {
        host: None,
        group: format!("{input}\n{group}"),
        discovered: Discovered {
            code: Some(code),
            ..found(KnownBy::Code, input, route.method, route.path)
        },
    }
}

fn titled(name: String, version: Option<String>) -> String {
    version.map_or(name.clone(), |version| format!("{name} {version}"))
}

fn found(by: KnownBy, input: &str, method: String, path: String) -> Discovered {
    Discovered {
        by,
        input: input.to_owned(),
        method,
        path,
        prefix: String::new(),
        matched: String::new(),
        code: None,
        shown: None,
    }
}

/// The routes of a result of `discover source`, `crawl` or `perimeter`, which is called `input`.
///
/// # Errors
/// Says why it is none.
pub(crate) fn of_result(input: &str, text: &str) -> Result<Vec<FoundRoute>, String> {
    let result: AnyResult = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match result {
        AnyResult { services: Some(services), .. } => {
            let of = |service: Service| {
                let host = host(&service.host);
                let group = format!("{host} {}", service.port);
                let routes = service.routes.into_iter();
                routes
                    .filter_map(|route| served(KnownBy::Perimeter, input, &host, &group, route))
                    .collect::<Vec<_>>()
            };
            Ok(services.into_iter().flat_map(of).collect())
        }
        AnyResult { target: Some(target), routes: Some(routes), .. } => {
            let host = host_of(&target).ok_or("its target is no URL")?;
            let routes = routes.into_iter();
            let served = |route| served(KnownBy::Crawl, input, &host, &host, route);
            Ok(routes.filter_map(served).collect())
        }
        AnyResult { compared: Some(_), routes: Some(routes), .. } => {
            Ok(routes.into_iter().filter_map(|route| declared(input, route)).collect())
        }
        _ => Err("it is no result of `discover`".to_owned()),
    }
}

/// Any of the three results.
#[derive(Deserialize)]
struct AnyResult {
    /// Of a crawl.
    target: Option<String>,
    /// Of source code.
    compared: Option<Vec<String>>,
    /// Of a perimeter.
    services: Option<Vec<Service>>,
    routes: Option<Vec<Written>>,
}

#[derive(Deserialize)]
struct Service {
    host: String,
    port: u16,
    #[serde(default)]
    routes: Vec<Written>,
}

/// A route as any of them writes it.
#[derive(Deserialize)]
struct Written {
    method: String,
    path: String,
    #[serde(default)]
    known_by: Vec<String>,
    status: Option<u16>,
    #[serde(default)]
    found_at: String,
    code: Option<InCode>,
    owner: Option<String>,
}

#[derive(Deserialize)]
struct InCode {
    framework: String,
    handler: Option<String>,
    place: Place,
    component: Option<WrittenComponent>,
    authorization: Authorization,
}

#[derive(Deserialize)]
struct Place {
    file: String,
    line: u32,
}

#[derive(Deserialize)]
struct WrittenComponent {
    name: String,
    version: Option<String>,
    #[serde(default)]
    manifest: String,
}

#[derive(Deserialize)]
struct Authorization {
    state: Demanded,
    #[serde(default)]
    guards: Vec<Guard>,
}

#[derive(Deserialize)]
struct Guard {
    name: String,
}

impl Written {
    /// Whether it can be an endpoint.
    fn is_fit(&self) -> bool {
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        self.path.starts_with('/')
            && self.path.len() <= MAX_PATH_BYTES
            && (1..=MAX_METHOD_BYTES).contains(&self.method.len())
            && is_plain(&self.path)
            && is_plain(&self.method)
    }
}

/// A route that a server showed; `None` for what cannot be one.
fn served(by: KnownBy, input: &str, host: &str, group: &str, route: Written) -> Option<FoundRoute> {
    route.is_fit().then(|| {
        let named = route.known_by.iter().take(MAX_NAMED).map(|name| short(name));
        let shown = ShownByServer {
            host: host.to_owned(),
            status: route.status,
            named_in: named.collect(),
            found_at: short(&route.found_at),
        };
        FoundRoute {
            host: Some(host.to_owned()),
            group: group.to_owned(),
            discovered: Discovered {
                shown: Some(shown),
                ..found(by, input, route.method, route.path)
            },
        }
    })
}

/// A route of a written result of code; `None` for what code does not declare.
fn declared(input: &str, route: Written) -> Option<FoundRoute> {
    if !route.is_fit() {
        return None;
    }
    let InCode { framework, handler, place, component, authorization } = route.code?;
    let manifest = component.as_ref().map_or("", |component| component.manifest.as_str());
    let group = format!("{input}\n{manifest}");
    let guards = authorization.guards.iter().take(MAX_NAMED).map(|guard| short(&guard.name));
    let code = DeclaredInCode {
        framework: short(&framework),
        file: short(&place.file),
        line: place.line,
        handler: handler.as_deref().map(short),
        component: component.map(|component| short(&titled(component.name, component.version))),
        authorization: authorization.state,
        guards: guards.collect(),
        owner: route.owner.as_deref().map(short),
    };
    Some(FoundRoute {
        host: None,
        group,
        discovered: Discovered {
            code: Some(code),
            ..found(KnownBy::Code, input, route.method, route.path)
        },
    })
}

/// The host of a URL, as endpoints have it.
fn host_of(url: &str) -> Option<String> {
    let url: http::Uri = url.parse().ok()?;
    url.host().map(host)
}

/// In lower case, IPv6 in brackets, without a final dot.
fn host(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.contains(':') && !name.starts_with('[') { format!("[{name}]") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let routes = of_result("x.json", text).expect("a result");
        let line = |route: &FoundRoute| {
            let FoundRoute { host, discovered, .. } = route;
            let host = host.as_deref().unwrap_or_default();
            format!("{} {} {host}{}", discovered.by, discovered.method, discovered.path)
        };
        routes.iter().map(line).collect()
    }

    #[test]
    fn results_of_each_kind_are_read() {
        let code = r#"{"summary": {}, "compared": ["code"], "findings": [], "routes": [
            {"method": "GET", "path": "/users/{id}", "known_by": ["code"], "traffic": [], "owner": "@a",
             "code": {"framework": "express", "handler": "show", "place": {"file": "a.js", "line": 3},
                      "component": {"name": "shop", "version": "1.2.0", "manifest": "package.json"},
                      "authorization": {"state": "required", "guards": [{"name": "auth()"}]}}},
            {"method": "GET", "path": "/only/called", "known_by": ["traffic"], "code": null, "traffic": []}]}"#;
        assert_eq!(lines(code), ["code GET /users/{id}"]);
        let routes = of_result("x.json", code).expect("a result");
        let expected = DeclaredInCode {
            framework: "express".to_owned(),
            file: "a.js".to_owned(),
            line: 3,
            handler: Some("show".to_owned()),
            component: Some("shop 1.2.0".to_owned()),
            authorization: Demanded::Required,
            guards: vec!["auth()".to_owned()],
            owner: Some("@a".to_owned()),
        };
        assert_eq!(routes[0].discovered.code.as_ref(), Some(&expected));
        let crawl = r#"{"target": "https://API.example.com:8443/", "routes": [
            {"method": "?", "path": "/admin", "known_by": ["script"], "status": 401, "found_at": "x"}]}"#;
        assert_eq!(lines(crawl), ["crawl ? api.example.com/admin"]);
        let perimeter = r#"{"services": [{"host": "::1", "port": 80, "routes": [
            {"method": "GET", "path": "/a", "known_by": [], "status": null, "found_at": ""}]}]}"#;
        assert_eq!(lines(perimeter), ["perimeter GET [::1]/a"]);
    }

    #[test]
    fn what_is_no_result_or_no_route_is_refused_or_left_out() {
        for text in ["[]", "{}", r#"{"endpoints": []}"#, r#"{"target": "", "routes": []}"#, "{"] {
            assert!(of_result("x.json", text).is_err(), "{text}");
        }
        let long = "a".repeat(MAX_PATH_BYTES);
        let text = format!(
            r#"{{"target": "http://a/", "routes": [
                {{"method": "GET", "path": "/{long}"}}, {{"method": "", "path": "/a"}},
                {{"method": "GET", "path": "a"}}, {{"method": "GET", "path": "/a\u0007"}},
                {{"method": "GET", "path": "/b"}}]}}"#
        );
        assert_eq!(lines(&text), ["crawl GET a/b"]);
    }
}

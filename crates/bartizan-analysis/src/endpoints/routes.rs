//! Templates of paths as frameworks name the route that answered: `/orders/{id}` (ASP.NET, Spring, FastAPI,
//! Micronaut, chi), `/orders/:id` (Express, Rails, Gin), `/orders/<int:id>` (Flask, Django).

/// Longest route, in bytes.
const MAX_ROUTE: usize = 1_024;
/// Longest name of a parameter, in bytes.
const MAX_NAME: usize = 64;

/// The template that a route is, with `{name}`, when a path of these segments fits it. Routes that take the rest of
/// a path, or that stand below a place that they do not name, are none: they have another number of segments.
#[must_use]
pub(crate) fn template(route: &str, segments: &[&str]) -> Option<String> {
    if route.is_empty() || route.len() > MAX_ROUTE {
        return None;
    }
    let parts: Vec<&str> = route.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() != segments.len() {
        return None;
    }
    let mut out = String::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        out.push('/');
        let (before, name, after) = match part.find(['{', ':', '<']) {
            None => (part, None, ""),
            Some(at) => parameter(part, at)?,
        };
        let Some(name) = name else {
            out.push_str(fixed(before).filter(|text| text == segment)?);
            continue;
        };
        let rest = segment.strip_prefix(fixed(before)?)?.strip_suffix(fixed(after)?)?;
        if rest.is_empty() {
            return None;
        }
        out.push_str(&format!("{before}{{{name}}}{after}"));
    }
    Some(out)
}

/// What is in front of a parameter that begins at `at`, its name, and what is behind it.
fn parameter(part: &str, at: usize) -> Option<(&str, Option<&str>, &str)> {
    let (before, rest) = part.split_at_checked(at)?;
    let (inside, after) = match rest.split_at_checked(1)? {
        // Of ASP.NET and Spring: `{id:int}`, `{id?}`, `{id=7}`, `{id:[0-9]+}`.
        ("{", rest) => {
            let (inside, after) = rest.rsplit_once('}')?;
            (inside.split([':', '?', '=']).next()?, after)
        }
        // Of Flask and Django: `<int:id>`.
        ("<", rest) => {
            let (inside, after) = rest.split_once('>')?;
            (inside.rsplit(':').next()?, after)
        }
        // Of Express: `:id`, `:id?`, `:id(\d+)`, `:id.json`.
        (_, rest) => {
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            let end = rest.bytes().position(|b| !is_name(b)).unwrap_or(rest.len());
            let (inside, after) = rest.split_at_checked(end)?;
            let is_pattern = after.starts_with('(') && after.trim_end_matches('?').ends_with(')');
            (inside, if is_pattern || after == "?" { "" } else { after })
        }
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let is_fit = (1..=MAX_NAME).contains(&inside.len()) && inside.bytes().all(is_name);
    is_fit.then_some((before, Some(inside), after))
}

/// Fixed text that stands for itself.
fn fixed(text: &str) -> Option<&str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~@!$&'+,;=".contains(&b);
    text.bytes().all(is_plain).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_frameworks_are_templates_where_the_path_fits() {
        let of = |route: &str, path: &str| {
            let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            template(route, &segments)
        };
        for (route, path, expected) in [
            ("/otel/{oid}", "/otel/7", "/otel/{oid}"),
            ("otel/{oid:int}/", "/otel/7", "/otel/{oid}"),
            ("/v1/{kind?}", "/v1/a", "/v1/{kind}"),
            ("/a/{id:[0-9]{1,3}}", "/a/12", "/a/{id}"),
            ("/users/:userID?", "/users/ann", "/users/{userID}"),
            ("/users/:id(\\d+)", "/users/7", "/users/{id}"),
            ("/files/:name.json", "/files/a.json", "/files/{name}.json"),
            ("/u/<int:pk>/x", "/u/3/x", "/u/{pk}/x"),
            ("/users/search", "/users/search", "/users/search"),
        ] {
            assert_eq!(of(route, path).as_deref(), Some(expected), "{route}");
        }
        for (route, path) in [
            ("/orders/{id}", "/api/orders/7"),
            ("/**", "/a/b"),
            ("/*", "/a"),
            ("/files/{*rest}", "/files/a"),
            ("/users/search", "/users/7"),
            ("/files/:name.json", "/files/a.xml"),
            ("/a/{", "/a/b"),
            ("/a/{}", "/a/b"),
            ("/a/{b c}", "/a/b"),
            ("/(.*)", "/a"),
            ("", "/"),
            ("/", "/"),
        ] {
            assert_eq!(of(route, path), None, "{route}");
        }
    }
}

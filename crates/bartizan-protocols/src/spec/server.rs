//! Addresses of servers.

use std::sync::Arc;

use bartizan_model::{HostPattern, host::MAX_VALUES};

use super::{
    operation::{Operations, SpecServer},
    tree::Node,
};

/// Longest address, in bytes; the rest is cut.
pub(super) const MAX_ADDRESS: usize = 2 * 1024;

/// `https://host:port/base`, `//host/base`, `host/base` (with a dot), or `/base`.
pub(super) fn server_of(url: &str) -> SpecServer {
    let url = url.get(..url.floor_char_boundary(MAX_ADDRESS)).unwrap_or_default();
    let url = url.split(['?', '#']).next().unwrap_or("");
    let (protocol, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), Some(rest)),
        None => (String::new(), url.strip_prefix("//")),
    };
    match rest {
        Some(rest) => {
            let (host, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            SpecServer {
                host: host_only(host),
                pattern: None,
                base_path: clean_base(base),
                protocol,
                name: String::new(),
            }
        }
        None => SpecServer { base_path: clean_base(url), ..SpecServer::default() },
    }
}

/// Fewest labels of fixed text behind the variables of a host: below fewer anything may be.
const MIN_FIXED_LABELS: usize = 2;

/// The hosts of a URL, or of an authority, whose variables are not filled in. `values`: those that a variable is
/// limited to. `None` where the host has no variable, or is nothing but one.
pub(super) fn hosts_of(
    url: &str,
    values: impl Fn(&str) -> Option<Vec<String>>,
) -> Option<Arc<HostPattern>> {
    let url = url.get(..url.floor_char_boundary(MAX_ADDRESS)).unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().and_then(|host| host.split(':').next())?;
    let pattern = HostPattern::with_values(host, values).ok()?;
    (pattern.fixed_labels() >= MIN_FIXED_LABELS).then(|| Arc::new(pattern))
}

/// The values that a variable of a server is limited to (OpenAPI 3.1.1 §4.8.6).
pub(super) fn values_of(out: &Operations, variable: Node<'_>) -> Option<Vec<String>> {
    let values = out.children(variable.get("enum").filter(|values| values.is_array())?);
    Some(values.take(MAX_VALUES + 1).filter_map(Node::scalar).map(str::to_owned).collect())
}

/// Host of an authority, without user and port, lower case.
pub(super) fn host_only(authority: &str) -> String {
    let authority = authority.get(..authority.floor_char_boundary(MAX_ADDRESS)).unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or("");
    let authority = authority.split('/').next().unwrap_or("");
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => authority.split(':').next().unwrap_or(""),
    };
    host.to_ascii_lowercase()
}

/// A path in front of others: without empty parts, without a slash at the end.
pub(super) fn clean_base(base: &str) -> String {
    let base = base.get(..base.floor_char_boundary(MAX_ADDRESS)).unwrap_or_default();
    let mut out = String::new();
    for part in base.split('/').filter(|p| !p.is_empty() && *p != ".") {
        out.push('/');
        out.push_str(part);
    }
    out
}

/// Replaces `{name}` by what is known for it; the rest stays.
pub(super) fn fill<'v>(url: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut rest = url.get(..url.floor_char_boundary(MAX_ADDRESS)).unwrap_or_default();
    let mut out = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('{') {
        // Without an end here there is none behind it either.
        let Some((name, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        match value(name) {
            Some(value) if out.len() + value.len() <= MAX_ADDRESS => out.push_str(value),
            _ => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

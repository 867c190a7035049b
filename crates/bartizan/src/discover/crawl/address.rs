//! Where a reference leads, and whether that is still the server that was named.

use std::fmt;

/// Longest reference that is followed, in bytes: a longer one is made by a machine to have no end.
pub const MAX_REFERENCE: usize = 2_048;
/// Longest name of a host (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;

/// Scheme, host and port: what one crawl keeps to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Whether it is `https`.
    pub https: bool,
    /// Host in lower case, an IPv6 address in brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Where a reference leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// To this path and query of the same origin.
    Here(String),
    /// To another origin.
    Elsewhere(String),
    /// To nothing that is asked by HTTP, or it cannot be read.
    Nowhere,
}

impl Origin {
    /// Reads the URL of a target: its origin, and the path and query to begin with.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(url: &str) -> Result<(Self, String), String> {
        let wrong = "it must begin with http:// or https://";
        if url.len() > MAX_REFERENCE || url.contains(|c: char| c.is_control() || c == ' ') {
            return Err("it is too long, or holds blanks or control characters".to_owned());
        }
        let (scheme, rest) = url.split_once("://").ok_or(wrong)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong.to_owned()),
        };
        let (authority, path) = split_authority(rest);
        if authority.contains('@') {
            return Err("it holds a user name; `--header` sends credentials".to_owned());
        }
        let origin = Self::of(https, authority).ok_or("it names no host, or no port of one")?;
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = split_query(path);
        Ok((origin, target(path, query)))
    }

    /// The origin of an authority; `None` when it names no host.
    pub(super) fn of(https: bool, authority: &str) -> Option<Self> {
        // What stands before `@` is a user, however much it looks like a host.
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner.split_once(']')?;
                let is_address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
                if host.is_empty() || !host.chars().all(is_address) {
                    return None;
                }
                let port = match rest {
                    "" => None,
                    rest => Some(rest.strip_prefix(':')?),
                };
                (format!("[{}]", host.to_ascii_lowercase()), port)
            }
            None => {
                let (host, port) = match authority.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (authority, None),
                };
                let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
                if host.is_empty() || !host.chars().all(is_name) {
                    return None;
                }
                (host.to_ascii_lowercase(), port)
            }
        };
        let port = match port.filter(|port| !port.is_empty()) {
            None => Self::usual_port(https),
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
        };
        (host.len() <= MAX_HOST && port > 0).then_some(Self { https, host, port })
    }

    const fn usual_port(https: bool) -> u16 {
        if https { 443 } else { 80 }
    }

    /// Host, and port unless it is the usual one: the value of `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == Self::usual_port(self.https) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The URL of a path and query.
    #[must_use]
    pub fn url(&self, target: &str) -> String {
        format!("{self}{target}")
    }

    /// Where a reference leads that stands at `base`, a path and query of this origin (RFC 3986 §5.2).
    #[must_use]
    pub fn resolve(&self, base: &str, reference: &str) -> Resolved {
        let reference = reference.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        let reference = reference.split('#').next().unwrap_or_default();
        // Browsers take `\` for `/`, other programs do not: whoever writes it wants that difference.
        let odd = |c: char| c.is_control() || c == '\\';
        if reference.is_empty() || reference.len() > MAX_REFERENCE || reference.contains(odd) {
            return Resolved::Nowhere;
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return self.absolute(self.https, rest);
        }
        if let Some((scheme, rest)) = scheme_of(reference) {
            let https = match scheme.as_str() {
                "http" | "ws" => false,
                "https" | "wss" => true,
                _ => return Resolved::Nowhere,
            };
            return match rest.strip_prefix("//") {
                Some(rest) => self.absolute(https, rest),
                None => Resolved::Nowhere,
            };
        }
        let (path, query) = split_query(reference);
        let (base, base_query) = split_query(base);
        if path.is_empty() {
            return Resolved::Here(target(base, query.or(base_query)));
        }
        if path.starts_with('/') {
            return Resolved::Here(target(path, query));
        }
        let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
        Resolved::Here(target(&format!("{folder}/{path}"), query))
    }

    fn absolute(&self, https: bool, rest: &str) -> Resolved {
        let (authority, path) = split_authority(rest);
        match Self::of(https, authority) {
            Some(origin) if origin == *self => {
                let (path, query) = split_query(path);
                Resolved::Here(target(path, query))
            }
            Some(origin) => Resolved::Elsewhere(origin.to_string()),
            None => Resolved::Nowhere,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

/// The authority of what stands behind `//`, and the rest.
pub(super) fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()))
}

/// Path and query of a target.
pub(super) fn split_query(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// The scheme of a reference in lower case, and what stands behind its colon.
fn scheme_of(reference: &str) -> Option<(String, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.chars().all(is_scheme)).then(|| (scheme.to_ascii_lowercase(), rest))
}

/// Path and query as they are sent: begins with `/`, without dot segments (RFC 3986 §5.2.4), encoded.
fn target(path: &str, query: Option<&str>) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment.to_ascii_lowercase().as_str() {
            "." | "%2e" => {}
            ".." | ".%2e" | "%2e." | "%2e%2e" => {
                parts.pop();
            }
            _ => {
                parts.push(segment);
                continue;
            }
        }
        if is_last {
            parts.push("");
        }
    }
    let path = encoded(&format!("/{}", parts.join("/")));
    match query {
        Some(query) => format!("{path}?{}", encoded(query)),
        None => path,
    }
}

/// Text with everything encoded that may not stand in a path or query (RFC 3986 §3.3, §3.4). What is
/// encoded stays as it is.
pub(super) fn encoded(text: &str) -> String {
    const KEPT: &[u8] = b"-._~!$&'()*+,;=:@/%?";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || KEPT.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::parse("https://api.example.com/").expect("a URL").0
    }

    #[test]
    fn urls_of_targets_are_read() {
        for (url, told, target) in [
            ("https://API.example.com", "https://api.example.com", "/"),
            ("http://api.example.com:80/a/../b?c=d#e", "http://api.example.com", "/b?c=d"),
            ("http://127.0.0.1:8080?x", "http://127.0.0.1:8080", "/?x"),
            ("http://[::1]:3000/a", "http://[::1]:3000", "/a"),
        ] {
            let (origin, begin) = Origin::parse(url).expect(url);
            assert_eq!((origin.to_string().as_str(), begin.as_str()), (told, target), "{url}");
        }
        for url in [
            "api.example.com",
            "ftp://api.example.com",
            "https://",
            "https://user:secret@api.example.com",
            "https://api.example.com:0",
            "https://api.example.com:port",
            "https://a b",
            "https://[::1",
            "https://a\nb/",
        ] {
            assert!(Origin::parse(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn references_lead_here_elsewhere_or_nowhere() {
        let here = |target: &str| Resolved::Here(target.to_owned());
        for (reference, expected) in [
            ("b", here("/docs/b")),
            ("./b?x=1#y", here("/docs/b?x=1")),
            ("../b/", here("/b/")),
            ("../../../b", here("/b")),
            ("/b/%2e%2e/c", here("/c")),
            ("?page=2", here("/docs/a?page=2")),
            (" /b\n", here("/b")),
            ("/ä b", here("/%C3%A4%20b")),
            ("//api.example.com/b", here("/b")),
            ("HTTPS://api.example.com:443/b", here("/b")),
            ("wss://api.example.com/events", here("/events")),
            ("http://api.example.com/b", Resolved::Elsewhere("http://api.example.com".to_owned())),
            ("//other.example", Resolved::Elsewhere("https://other.example".to_owned())),
            (
                "https://api.example.com@other.example:8443/b",
                Resolved::Elsewhere("https://other.example:8443".to_owned()),
            ),
            ("/\\other.example", Resolved::Nowhere),
            ("javascript:alert(1)", Resolved::Nowhere),
            ("data:text/html,x", Resolved::Nowhere),
            ("mailto:a@example.com", Resolved::Nowhere),
            ("https:/b", Resolved::Nowhere),
            ("https://\u{1b}[31m/", Resolved::Nowhere),
            ("/a\u{1b}b", Resolved::Nowhere),
            ("#top", Resolved::Nowhere),
            ("", Resolved::Nowhere),
        ] {
            assert_eq!(origin().resolve("/docs/a?x", reference), expected, "{reference:?}");
        }
        let long = format!("/{}", "x".repeat(MAX_REFERENCE));
        assert_eq!(origin().resolve("/", &long), Resolved::Nowhere);
    }
}

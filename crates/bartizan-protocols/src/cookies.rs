//! Cookies (RFC 6265): what the client sends and what the response sets.

use bartizan_model::{Headers, LimitName, Root};

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    path::cut,
    percent,
    view::{NodeId, Step},
};

/// The `SameSite` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SameSite {
    /// `Strict`.
    Strict,
    /// `Lax`.
    Lax,
    /// `None`.
    None,
    /// Anything else; browsers treat it as missing.
    Other,
}

/// One `Set-Cookie` field. Name and value are a node of the view: [`SetCookie::node`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    /// The node of the value under the cookie root of the response; its key is the name.
    pub node: NodeId,
    /// Whether `Secure` is there.
    pub secure: bool,
    /// Whether `HttpOnly` is there.
    pub http_only: bool,
    /// Whether `Partitioned` is there.
    pub partitioned: bool,
    /// `SameSite`, when it is there.
    pub same_site: Option<SameSite>,
    /// `Domain`, lower case, without a leading dot; `None` for a host-only cookie.
    pub domain: Option<String>,
    /// `Path`, when it is there.
    pub path: Option<String>,
    /// `Max-Age` in seconds, when it is there and a number.
    pub max_age: Option<i64>,
    /// Whether `Expires` is there.
    pub expires: bool,
    /// Whether the response deletes the cookie: an empty value, `Max-Age` of zero or less.
    pub deletes: bool,
}

impl Decoder<'_> {
    /// `Cookie` fields of a request.
    pub(crate) fn request_cookies(&mut self, headers: &Headers) {
        if !headers.contains("cookie") {
            return;
        }
        let Some(root) = self.view.open_root(self.side, Root::Cookie) else { return };
        self.scratch.names.clear();
        let mut count = 0;
        for field in headers.get_all("cookie") {
            let kept = self.bounded(field);
            for pair in kept.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
                count += 1;
                if count > self.limits.cookies {
                    self.view.limit(self.side, LimitName::Cookies);
                    break;
                }
                if self.cookie(root, pair).is_none() {
                    break;
                }
            }
        }
        self.view.close(root);
    }

    /// `Set-Cookie` fields of a response.
    pub(crate) fn response_cookies(&mut self, headers: &Headers, out: &mut Vec<SetCookie>) {
        if !headers.contains("set-cookie") {
            return;
        }
        let Some(root) = self.view.open_root(self.side, Root::Cookie) else { return };
        self.scratch.names.clear();
        for (i, field) in headers.get_all("set-cookie").enumerate() {
            if i >= self.limits.cookies as usize {
                self.view.limit(self.side, LimitName::Cookies);
                break;
            }
            let kept = self.bounded(field);
            let (pair, attributes) = kept.split_once(';').unwrap_or((kept, ""));
            let Some(node) = self.cookie(root, pair.trim()) else { break };
            let mut cookie = set_cookie(node, attributes);
            cookie.deletes = cookie.max_age.is_some_and(|age| age <= 0)
                || pair.split_once('=').is_some_and(|(_, value)| value.trim().is_empty());
            out.push(cookie);
        }
        self.view.close(root);
    }

    fn bounded<'t>(&mut self, field: &'t str) -> &'t str {
        let kept = cut(field, self.limits.header_value_bytes as usize);
        if kept.len() < field.len() {
            self.view.limit(self.side, LimitName::HeaderValueBytes);
        }
        percent::controls(kept, self.view, self.side);
        kept
    }

    /// `name=value`; without `=` it is a value without a name, as browsers read it.
    fn cookie(&mut self, root: NodeId, pair: &str) -> Option<NodeId> {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim(), value.trim());
        let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let hash = self.hash(name);
        let step = match self.scratch.names.add(hash, 0) {
            None => Step::Key(name),
            Some(seen) => {
                self.view.anomaly(self.side, AnomalyKind::DuplicateCookie);
                Step::Repeat(name, seen.count)
            }
        };
        self.text_leaf(root, step, bare.unwrap_or(value))
    }
}

fn set_cookie(node: NodeId, attributes: &str) -> SetCookie {
    let mut cookie = SetCookie {
        node,
        secure: false,
        http_only: false,
        partitioned: false,
        same_site: None,
        domain: None,
        path: None,
        max_age: None,
        expires: false,
        deletes: false,
    };
    for attribute in attributes.split(';') {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let (name, value) = (name.trim(), value.trim());
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("secure") {
            cookie.secure = true;
        } else if is("httponly") {
            cookie.http_only = true;
        } else if is("partitioned") {
            cookie.partitioned = true;
        } else if is("expires") {
            cookie.expires = true;
        } else if is("max-age") {
            cookie.max_age = value.parse().ok();
        } else if is("domain") && !value.is_empty() {
            cookie.domain = Some(value.trim_start_matches('.').to_ascii_lowercase());
        } else if is("path") && !value.is_empty() {
            cookie.path = Some(value.to_owned());
        } else if is("samesite") {
            cookie.same_site = Some(same_site(value));
        }
    }
    cookie
}

fn same_site(value: &str) -> SameSite {
    match value {
        v if v.eq_ignore_ascii_case("strict") => SameSite::Strict,
        v if v.eq_ignore_ascii_case("lax") => SameSite::Lax,
        v if v.eq_ignore_ascii_case("none") => SameSite::None,
        _ => SameSite::Other,
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Response, Side};

    use super::*;
    use crate::decode::{Decoded, decode};

    fn decoded(request: &[&str], response: &[&str], limits: &Limits) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.headers = request.iter().map(|v| ("Cookie", *v)).collect();
        exchange.response = Some(Response {
            headers: response.iter().map(|v| ("Set-Cookie", *v)).collect(),
            headers_captured: true,
            ..Response::default()
        });
        decode(&exchange, limits, 1)
    }

    fn places(decoded: &Decoded, side: Side) -> Vec<(String, &str)> {
        let root = decoded.view.root(side, Root::Cookie).expect("cookie root");
        root.children().map(|n| (n.instance().to_string(), n.raw())).collect()
    }

    #[test]
    fn request_cookies_are_named_values() {
        let seen = decoded(&["sid=abc; a=\"q\";; b = 1 ; lone", "c=x=y"], &[], &Limits::default());
        let expected = [
            ("cookie.sid", "abc"),
            ("cookie.a", "q"),
            ("cookie.b", "1"),
            ("cookie.", "lone"),
            ("cookie.c", "x=y"),
        ];
        assert_eq!(places(&seen, Side::Request), expected.map(|(a, b)| (a.to_owned(), b)));
        assert!(seen.view.anomalies().is_empty());
        let twice = decoded(&["a=1; a=2"], &[], &Limits::default());
        assert_eq!(places(&twice, Side::Request)[1].0, "cookie.a#1");
        assert!(twice.view.has_anomaly(Side::Request, AnomalyKind::DuplicateCookie));
    }

    #[test]
    fn set_cookie_attributes_are_typed() {
        let seen = decoded(
            &[],
            &[
                "sid=abc; Path=/; Secure; HttpOnly; SameSite=lax; Domain=.Example.com; Max-Age=60",
                "old=; expires=Thu, 01 Jan 1970 00:00:00 GMT",
                "x=1; samesite=sometimes",
            ],
            &Limits::default(),
        );
        assert_eq!(places(&seen, Side::Response)[0], ("cookie.sid".to_owned(), "abc"));
        let [sid, old, x] = seen.set_cookies.as_slice() else { panic!("three cookies") };
        assert!(sid.secure && sid.http_only && !sid.expires && !sid.deletes);
        assert_eq!(sid.same_site, Some(SameSite::Lax));
        assert_eq!((sid.domain.as_deref(), sid.path.as_deref()), (Some("example.com"), Some("/")));
        assert_eq!(sid.max_age, Some(60));
        assert!(old.expires && old.deletes && old.same_site.is_none());
        assert_eq!(x.same_site, Some(SameSite::Other));
        assert_eq!(seen.view.node(x.node).map(|n| n.key()), Some("x"));
    }

    #[test]
    fn a_limit_on_cookies_is_recorded() {
        let limits = Limits { cookies: 2, ..Limits::default() };
        let seen = decoded(&["a=1; b=2; c=3"], &["a=1", "b=2", "c=3"], &limits);
        assert_eq!(seen.set_cookies.len(), 2);
        let reasons: Vec<_> = seen.view.not_inspected().iter().map(ToString::to_string).collect();
        assert_eq!(reasons, ["request:limit_cookies", "response:limit_cookies"]);
    }
}

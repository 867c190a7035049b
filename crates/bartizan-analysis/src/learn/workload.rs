//! Names of workloads: who asked and who answered, as a mesh or tracing names them.
//!
//! A mesh gives each workload a certificate with a SPIFFE ID (SPIFFE-ID specification, section 2), and its
//! proxies say in `x-forwarded-client-cert` whose they saw, see [`forwarded`].

use std::borrow::Cow;

use bartizan_model::Exchange;
use smol_str::SmolStr;

use super::forwarded;
use crate::catalog::NetworkKind;

/// Longest name of a workload, in bytes; a longer one is none.
pub const MAX_NAME: usize = 128;

/// Who asked; `from` is whose network the address of the client is of.
#[must_use]
pub fn caller(exchange: &Exchange, from: Option<NetworkKind>) -> Option<SmolStr> {
    named(exchange.caller.as_deref()).or_else(|| of_certificate(exchange, from, "uri"))
}

/// Who answered.
#[must_use]
pub fn callee(exchange: &Exchange, from: Option<NetworkKind>) -> Option<SmolStr> {
    named(exchange.callee.as_deref()).or_else(|| of_certificate(exchange, from, "by"))
}

/// The name of a workload: a SPIFFE ID of Kubernetes gives `namespace/account`, another one its path, and any
/// other text stands for itself. `None` for what is no name.
#[must_use]
pub fn name_of(text: &str) -> Option<SmolStr> {
    let name: Cow<'_, str> = match text.trim().strip_prefix("spiffe://") {
        None => text.trim().into(),
        Some(id) => {
            let (_, path) = id.split_once('/')?;
            let steps: Vec<&str> = path.splitn(5, '/').collect();
            match steps[..] {
                ["ns", namespace, "sa", account] => format!("{namespace}/{account}").into(),
                _ => path.into(),
            }
        }
    };
    let is_name = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.chars().all(|ch| ch.is_alphanumeric() || "-_./: ".contains(ch));
    is_name.then(|| SmolStr::new(name))
}

fn named(text: Option<&str>) -> Option<SmolStr> {
    text.and_then(name_of)
}

fn of_certificate(exchange: &Exchange, from: Option<NetworkKind>, member: &str) -> Option<SmolStr> {
    let uri = forwarded::member(exchange, from, member)?;
    uri.starts_with("spiffe://").then(|| name_of(uri)).flatten()
}

#[cfg(test)]
mod tests {
    use bartizan_model::Request;

    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for (text, name) in [
            ("spiffe://cluster.local/ns/shop/sa/orders", Some("shop/orders")),
            ("spiffe://a.test/billing/api", Some("billing/api")),
            ("spiffe://a.test/ns/shop/sa/orders/x", Some("ns/shop/sa/orders/x")),
            ("  shop/cart ", Some("shop/cart")),
            ("Bestellungen-ü", Some("Bestellungen-ü")),
            ("spiffe://a.test", None),
            ("spiffe://a.test/", None),
            ("", None),
            ("a\u{1b}[31m", None),
            ("a\nb", None),
            ("<b>", None),
        ] {
            assert_eq!(name_of(text).as_deref(), name, "{text:?}");
        }
        assert_eq!(name_of(&"a".repeat(MAX_NAME + 1)), None);
    }

    #[test]
    fn the_proxy_nearest_to_the_server_is_believed_inside_only() {
        let field = "By=spiffe://a/ns/x/sa/edge;URI=spiffe://a/ns/x/sa/evil,\
                     By=spiffe://a/ns/shop/sa/cart;Hash=00;Subject=\"O=a,b;URI=spiffe://a/ns/x/sa/no\";\
                     URI=spiffe://a/ns/shop/sa/orders;DNS=b";
        let exchange = Exchange {
            request: Request {
                headers: [("X-Forwarded-Client-Cert", field)].into_iter().collect(),
                ..Request::default()
            },
            ..Exchange::default()
        };
        let names = |from| [caller(&exchange, from), callee(&exchange, from)];
        let told = ["shop/orders", "shop/cart"].map(|name| Some(SmolStr::new(name)));
        assert_eq!(names(Some(NetworkKind::Private)), told);
        assert_eq!(names(None), told);
        assert_eq!(names(Some(NetworkKind::Public)), [None, None]);
        assert_eq!(names(Some(NetworkKind::Partner)), [None, None]);
        let said = Exchange { caller: Some("web".to_owned()), ..exchange };
        assert_eq!(caller(&said, Some(NetworkKind::Public)).as_deref(), Some("web"));
    }
}

//! Which methods are served. Names are compared with case (RFC 9110 §9.1), but many upstreams do not:
//! `post` and `PoSt` would be a POST behind every rule that is for POST.

use http::Method;

/// The registered methods (IANA, "HTTP Method Registry", 2024) but those that are not for a gateway
/// (CONNECT, TRACE, PRI), sorted.
const REGISTERED: [&str; 37] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// What stands for every method.
const ANY: &str = "*";

/// The methods that are served: the registered ones, and others that were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Methods {
    any: bool,
    others: Vec<String>,
}

impl Methods {
    /// Compiles the names of others.
    ///
    /// # Errors
    /// Says which name is none.
    pub(crate) fn compile(others: &[String]) -> Result<Self, String> {
        let any = others.iter().any(|name| name == ANY);
        let others: Vec<_> = others.iter().filter(|name| *name != ANY).cloned().collect();
        match others.iter().find(|name| Method::from_bytes(name.as_bytes()).is_err()) {
            Some(wrong) => Err(format!("{wrong:?} is no method")),
            None => Ok(Self { any, others }),
        }
    }

    /// Whether requests with this method are served.
    pub(crate) fn serve(&self, method: &Method) -> bool {
        let is_usual = matches!(
            *method,
            Method::GET
                | Method::POST
                | Method::PUT
                | Method::PATCH
                | Method::DELETE
                | Method::HEAD
                | Method::OPTIONS
        );
        is_usual
            || self.any
            || REGISTERED.binary_search(&method.as_str()).is_ok()
            || self.others.iter().any(|name| name == method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_read_as_another_method_is_not_served() {
        assert!(REGISTERED.is_sorted());
        let serves = |others: &[&str], name: &str| {
            let others: Vec<_> = others.iter().map(|name| (*name).to_owned()).collect();
            let methods = Methods::compile(&others).expect("compiles");
            methods.serve(&Method::from_bytes(name.as_bytes()).expect("a method"))
        };
        for name in ["GET", "PROPFIND", "QUERY", "ACL"] {
            assert!(serves(&[], name), "{name}");
        }
        for name in ["get", "Post", "trace", "PURGE", "GETS", "propfind"] {
            assert!(!serves(&[], name), "{name}");
            assert!(serves(&["*"], name) && serves(&["PURGE", name], name), "{name}");
        }
        assert!(Methods::compile(&["a b".to_owned()]).is_err());
        assert!(Methods::compile(&[String::new()]).is_err());
    }
}

//! What is said of a server or location: where it listens, and the policies that it amounts to.

use serde_json::{Map, Value, json};

use super::{Around, SILENT, directives::Directive, redirect};
use crate::commands::import::found::{Found, Place};

/// Where a server listens.
#[derive(Debug)]
pub(super) struct Listens {
    pub(super) text: String,
    pub(super) is_secure: bool,
}

/// What is said of a server itself.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) names: Vec<String>,
    pub(super) listens: Vec<Listens>,
    /// Files of chain and key.
    pub(super) certificate: Option<(String, String)>,
}

impl Server {
    pub(super) fn of(directive: &Directive, found: &mut Found) -> Self {
        let mut server = Self::default();
        let (mut chain, mut key) = (None, None);
        for one in &directive.block {
            match (one.name.as_str(), one.arguments.as_slice()) {
                ("server_name", names) => server.take_names(names, one, found),
                ("listen", [address, options @ ..]) => {
                    let is_secure = options.iter().any(|option| option == "ssl");
                    match listened(address) {
                        Some(text) => server.listens.push(Listens { text, is_secure }),
                        None => one.is_not_understood(found),
                    }
                }
                ("ssl_certificate", [path]) => chain = Some(path.clone()),
                ("ssl_certificate_key", [path]) => key = Some(path.clone()),
                _ => {}
            }
        }
        server.certificate = chain.zip(key);
        server
    }

    fn take_names(&mut self, names: &[String], directive: &Directive, found: &mut Found) {
        for name in names.iter().filter(|name| *name != "_" && !name.is_empty()) {
            if let Some(rest) = name.strip_prefix('.') {
                self.names.extend([rest.to_owned(), format!("*.{rest}")]);
            } else if name.starts_with('~') || name.ends_with('*') {
                directive.is_not_understood(found);
            } else {
                self.names.push(name.clone());
            }
        }
    }
}

/// `80`, `*:80`, `localhost:80`, `[::]:443`, `127.0.0.1`.
fn listened(address: &str) -> Option<String> {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_port(address) {
        return Some(format!("0.0.0.0:{address}"));
    }
    if address.starts_with("unix:") {
        return None;
    }
    match address.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        Some(("*", port)) => Some(format!("0.0.0.0:{port}")),
        Some(("localhost", port)) => Some(format!("127.0.0.1:{port}")),
        Some(_) => Some(address.to_owned()),
        None => Some(format!("{address}:80")),
    }
}

/// The policies that directives of one place amount to; what is not understood of them is noted.
pub(super) fn policies(
    directives: &[&Directive],
    stem: &str,
    place: &Place,
    around: &Around,
    found: &mut Found,
) {
    let (mut answers, mut requests) = (Map::new(), Map::new());
    for one in directives {
        match (one.name.as_str(), one.arguments.as_slice()) {
            ("allow" | "deny", [_]) => {}
            ("limit_req", arguments) => match rate(arguments, around) {
                Some(settings) => found.policy(stem, place, "rate", settings),
                None => one.is_not_understood(found),
            },
            ("client_max_body_size", [size]) => match bytes(size) {
                Some(0) => {}
                Some(bytes) => found.policy(stem, place, "size", json!({"body_bytes": bytes})),
                None => one.is_not_understood(found),
            },
            ("add_header", [name, value, ..]) if !value.contains('$') => {
                answers.insert(name.clone(), value.clone().into());
            }
            ("proxy_set_header", [name, value]) => set(one, name, value, &mut requests, found),
            ("return", [code, url]) if code.starts_with('3') && url.starts_with("https://$") => {
                redirect(stem, place, found);
            }
            (name, _) if SILENT.contains(&name) => {}
            _ => one.is_not_understood(found),
        }
    }
    if !answers.is_empty() {
        found.policy(stem, place, "headers", json!({"set": answers, "recommended": false}));
    }
    if !requests.is_empty() {
        found.policy(stem, place, "request_headers", json!({"set": requests}));
    }
    if let Some(settings) = addresses(directives, found) {
        found.policy(stem, place, "address", settings);
    }
}

/// Fields of requests. Those that say where a request is from and for are written by the gateway.
fn set(
    directive: &Directive,
    name: &str,
    value: &str,
    requests: &mut Map<String, Value>,
    found: &mut Found,
) {
    let lower = name.to_ascii_lowercase();
    let by_itself = ["host", "x-real-ip", "upgrade", "connection", "x-request-id"];
    if by_itself.contains(&lower.as_str()) || lower.starts_with("x-forwarded-") {
        return;
    }
    if value.contains('$') || value.is_empty() {
        return directive.is_not_understood(found);
    }
    requests.insert(lower, value.into());
}

/// `limit_req zone=one burst=5 nodelay`
fn rate(arguments: &[String], around: &Around) -> Option<Value> {
    let part =
        |name: &str| arguments.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
    let (requests, seconds) = around.rates.get(part("zone")?)?;
    let burst: u64 = part("burst").map_or(Some(0), |burst| burst.parse().ok())?;
    // There, those of a burst come on top of the first one.
    let burst = burst.checked_add(1)?;
    Some(json!({"requests": requests, "period_seconds": seconds, "burst": burst}))
}

/// `10m`, `512k`, `1g`, `1000`.
fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1 << 10),
        (at, 'm' | 'M') => (&text[..at], 1 << 20),
        (at, 'g' | 'G') => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// There the first rule that fits counts; here whatever is denied is, and with `allow` everything else too.
fn addresses(directives: &[&Directive], found: &mut Found) -> Option<Value> {
    let mut rules = directives.iter().filter(|one| one.name == "allow" || one.name == "deny");
    let (mut allow, mut deny, mut denies_rest) = (Vec::new(), Vec::new(), false);
    let is_simple = rules.all(|one| {
        let Some(network) = one.arguments.first().filter(|_| !denies_rest) else { return false };
        match (one.name.as_str(), network.as_str()) {
            ("deny", "all") => denies_rest = true,
            ("allow", "all") => {}
            ("deny", _) if !allow.is_empty() => return false,
            ("deny", network) => deny.push(network.to_owned()),
            (_, network) => allow.push(network.to_owned()),
        }
        true
    });
    if !is_simple {
        let one = directives.iter().find(|one| one.name == "allow" || one.name == "deny")?;
        let what = "the order of `allow` and `deny` matters, and they are not taken over";
        found.note(Some(one.line), what);
        return None;
    }
    match (denies_rest, allow.is_empty(), deny.is_empty()) {
        (true, true, _) => Some(json!({"deny": ["0.0.0.0/0", "::/0"]})),
        (true, false, _) => Some(json!({"allow": allow, "deny": deny})),
        (false, _, false) => Some(json!({"deny": deny})),
        (false, _, true) => None,
    }
}

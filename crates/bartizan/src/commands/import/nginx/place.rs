//! What is said of a server or location: where it listens, and the policies that it amounts to.

use serde_json::{Map, Value, json};

use super::{Around, SILENT, directives::Directive, redirect};
use crate::commands::import::found::{Found, Place};

/// Where a server listens.
#[derive(Debug)]
pub(super) struct Listens {
    pub(super) text: String,
    pub(super) is_secure: bool,
    /// Whether it is for all names there that no other server is for.
    is_default: bool,
}

/// Where a server listens that does not say it.
const UNSAID: &str = "0.0.0.0:80";

/// Files of chain and key, as far as they are named.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    chain: Option<String>,
    key: Option<String>,
}

impl Files {
    /// Those that directives name, in the place of others that were named around them.
    pub(super) fn of<'a>(
        directives: impl Iterator<Item = &'a Directive>,
        around: &Self,
        found: &mut Found,
    ) -> Self {
        let mut own = Self::default();
        for one in directives {
            let file = match one.name.as_str() {
                "ssl_certificate" => &mut own.chain,
                "ssl_certificate_key" => &mut own.key,
                _ => continue,
            };
            match one.arguments.as_slice() {
                [path] if !path.contains('$') && file.is_none() => *file = Some(path.clone()),
                // There are several, for different kinds of keys.
                [path] if !path.contains('$') => {
                    found.note(
                        Some(one.line),
                        format_args!("{path} is left out: the first is used"),
                    );
                }
                _ => one.is_not_understood(found),
            }
        }
        match own.chain.is_some() {
            true => own,
            false => around.clone(),
        }
    }
}

/// What is said of a server itself.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) names: Vec<String>,
    /// Whether it has names that cannot be written here.
    has_odd_names: bool,
    pub(super) listens: Vec<Listens>,
    /// Whether it says where it listens, be it where nothing listens here.
    says_where: bool,
    /// Files of chain and key.
    pub(super) certificate: Option<(String, String)>,
}

impl Server {
    pub(super) fn of(directive: &Directive, around: &Files, found: &mut Found) -> Self {
        let mut server = Self::default();
        let is_on = |one: &Directive| one.arguments.iter().any(|argument| argument == "on");
        let is_secure = directive.inner("ssl").any(is_on);
        for one in &directive.block {
            match (one.name.as_str(), one.arguments.as_slice()) {
                ("server_name", names) => server.take_names(names, one, found),
                ("listen", [address, options @ ..]) => {
                    server.says_where = true;
                    let has = |word: &str| options.iter().any(|option| option == word);
                    match listened(address).filter(|_| !has("quic") && !has("proxy_protocol")) {
                        Some(text) => server.listens.push(Listens {
                            text,
                            is_secure: is_secure || has("ssl"),
                            is_default: has("default_server") || has("default"),
                        }),
                        None => {
                            let shown = one.arguments.join(" ");
                            found
                                .note(Some(one.line), format_args!("`listen {shown}` is left out"));
                        }
                    }
                }
                _ => {}
            }
        }
        let files = Files::of(directive.block.iter(), around, found);
        server.certificate = files.chain.zip(files.key);
        server
    }

    /// Whether it is for names alone that cannot be written here: without any it would be for all.
    pub(super) const fn is_for_others(&self) -> bool {
        self.names.is_empty() && self.has_odd_names
    }

    /// Where it listens.
    pub(super) fn addresses(&self) -> Vec<&str> {
        match self.says_where {
            false => vec![UNSAID],
            true => self.listens.iter().map(|listens| listens.text.as_str()).collect(),
        }
    }

    /// Whether it is the one for all names that no other is for, where it listens. That is the first one unless another
    /// says that it is.
    pub(super) fn is_default(&self, all: &[&Self]) -> bool {
        self.addresses().into_iter().any(|address| {
            let says_so = |one: &Self| {
                one.listens.iter().any(|listens| listens.text == address && listens.is_default)
            };
            let mut there = all.iter().filter(|one| one.addresses().contains(&address));
            let first = there.clone().next();
            let default = there.find(|one| says_so(one)).or(first);
            default.is_some_and(|one| std::ptr::eq(*one, self))
        })
    }

    fn take_names(&mut self, names: &[String], directive: &Directive, found: &mut Found) {
        for name in names.iter().filter(|name| *name != "_" && !name.is_empty()) {
            if let Some(rest) = name.strip_prefix('.') {
                self.names.extend([rest.to_owned(), format!("*.{rest}")]);
            } else if name.starts_with('~') || name.ends_with('*') || name.contains('$') {
                self.has_odd_names = true;
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
            ("return", _) if is_to_https(one) => redirect(stem, place, found),
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

/// Whether it sends everybody to the same place by HTTPS.
pub(super) fn is_to_https(one: &Directive) -> bool {
    let is_one =
        |code: &String, url: &String| code.starts_with('3') && url.starts_with("https://$");
    one.name == "return" && matches!(one.arguments.as_slice(), [code, url] if is_one(code, url))
}

/// Whether a directive of a location lets nobody in from outside.
pub(super) fn is_closed(one: &Directive) -> bool {
    let refuses = |code: &String| code.len() == 3 && code.starts_with(['4', '5']);
    one.name == "internal" || one.name == "return" && one.arguments.first().is_some_and(refuses)
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
        found.loses(Some(one.line), what);
        return None;
    }
    match (denies_rest, allow.is_empty(), deny.is_empty()) {
        (true, true, _) => Some(json!({"deny": ["0.0.0.0/0", "::/0"]})),
        (true, false, _) => Some(json!({"allow": allow, "deny": deny})),
        (false, _, false) => Some(json!({"deny": deny})),
        (false, _, true) => None,
    }
}

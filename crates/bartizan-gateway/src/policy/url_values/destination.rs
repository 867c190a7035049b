//! Where a URL leads, read so that nobody reads it differently: what libraries disagree about is refused.
//!
//! The WHATWG URL standard and RFC 3986 differ on backslashes, missing slashes, tabs and odd numbers, and name resolution
//! takes addresses that neither writes (`inet_aton`: `127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest URL, in bytes: what browsers and servers take at least (RFC 9110 §4.1), and no reason for more.
const URL_BYTES: usize = 8_000;
/// Longest host name, in bytes (RFC 1035 §2.3.4).
const NAME_BYTES: usize = 253;

/// Schemes that libraries fetch without two slashes behind them.
const LENIENT: [&str; 25] = [
    "dict",
    "expect",
    "file",
    "ftp",
    "ftps",
    "gopher",
    "gophers",
    "http",
    "https",
    "imap",
    "jar",
    "ldap",
    "ldaps",
    "local-file",
    "netdoc",
    "phar",
    "php",
    "pop3",
    "rtsp",
    "scp",
    "sftp",
    "smb",
    "tftp",
    "ws",
    "wss",
];

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name, in lower case and without a dot at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination<'u> {
    /// In lower case.
    pub(crate) scheme: String,
    pub(crate) host: Host,
    /// That of the scheme where none is named and it is known.
    pub(crate) port: Option<u16>,
    /// As it is written, a slash where there is none.
    pub(crate) path: &'u str,
}

/// Whether a text is one that libraries would take for a URL.
pub(crate) fn is_url(text: &str) -> bool {
    let text = trimmed(text);
    // What tabs and line ends are in is read without them.
    let is_read = |c: &char| !matches!(c, '\t' | '\r' | '\n');
    let mut start = text.chars().filter(is_read);
    if [start.next(), start.next()].into_iter().all(|c| matches!(c, Some('/' | '\\'))) {
        return start.next().is_some();
    }
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    // Python has one with an underscore.
    let scheme: String = scheme.replace('_', "-").chars().filter(is_read).collect();
    let is_blank = rest.starts_with(char::is_whitespace) || rest.is_empty();
    is_scheme(&scheme)
        && (rest.starts_with("//")
            || rest.starts_with("\\\\")
            || (!is_blank && LENIENT.contains(&scheme.to_ascii_lowercase().as_str())))
}

/// Without what is taken away at both ends: spaces and control characters.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ' || c.is_whitespace() || c == '\u{feff}')
}

pub(super) fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    // One letter is a drive.
    text.len() > 1
        && bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

impl<'u> Destination<'u> {
    /// Reads a URL.
    ///
    /// # Errors
    /// Why it may be read in several ways, or in none.
    pub(crate) fn parse(text: &'u str) -> Result<Self, &'static str> {
        let text = trimmed(text);
        if text.len() > URL_BYTES {
            return Err("url-too-long");
        }
        if text.contains('\\') || text.contains(char::is_control) {
            return Err("odd-url");
        }
        let (scheme, rest) = text.split_once(':').ok_or("not-a-url")?;
        if !is_scheme(scheme) {
            return Err("not-a-url");
        }
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.strip_prefix("//").ok_or("odd-url")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        if authority.contains('@') {
            return Err("user-name");
        }
        let (host, port) = split(authority)?;
        let port = match port {
            "" => default_port(&scheme),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| "odd-url")?)
            }
            _ => return Err("odd-url"),
        };
        let path = behind.split(['?', '#']).next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { scheme, host: Host::parse(host)?, port, path })
    }

    /// Whether the path says the same to everybody: no encoded characters, no segments that lead elsewhere.
    pub(crate) fn has_plain_path(&self) -> bool {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/,:@!$&'()*+=".contains(&byte);
        self.path.bytes().all(is_plain) && !self.path.contains("..") && !self.path.contains("//")
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

/// Host and port of an authority, the port empty where none is named.
fn split(authority: &str) -> Result<(&str, &str), &'static str> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or("odd-url")? + 1;
        let (host, behind) = authority.split_at(end);
        return match behind.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if behind.is_empty() => Ok((host, "")),
            None => Err("odd-url"),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err("odd-url"),
        Some((host, port)) => Ok((host, port)),
        None => Ok((authority, "")),
    }
}

impl Host {
    /// Reads a host, an IPv6 address within brackets.
    ///
    /// # Errors
    /// Why it may be read in several ways, or in none.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.is_ascii() {
            // Normalisation makes other characters of them: digits and dots, too (UTS #46).
            return Err("host-not-ascii");
        }
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or("odd-url")?;
            let address: Ipv6Addr = inner.parse().map_err(|_| "address-spelling")?;
            return Ok(Self::Address(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !label.is_empty() && label.len() < 64 && label.bytes().all(is_of_name)
        };
        if name.len() > NAME_BYTES || !name.split('.').all(is_label) {
            return Err("odd-host");
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        if is_number(last) {
            // The usual form, without zeros in front, is read the same everywhere.
            let address: Result<Ipv4Addr, _> = name.parse();
            return address
                .map(|address| Self::Address(address.into()))
                .map_err(|_| "address-spelling");
        }
        Ok(Self::Name(name.to_ascii_lowercase()))
    }

    /// Why it is not of the public internet, as far as its name tells.
    pub(crate) fn inside(&self) -> Option<&'static str> {
        match self {
            Self::Address(address) if bartizan_model::address::is_metadata(*address) => {
                Some("metadata-address")
            }
            Self::Address(address) => {
                (!bartizan_model::address::is_public(*address)).then_some("private-address")
            }
            Self::Name(name) => is_inner(name).then_some("inner-name"),
        }
    }
}

/// Whether a label is a number to those who take a name for an address (WHATWG URL §3.5): decimal, octal or
/// hexadecimal.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a name is one of a machine or a network of one's own: without a dot, or below a name that is set aside for
/// that (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`) or commonly used so.
fn is_inner(name: &str) -> bool {
    const INNER: [&str; 11] = [
        "localhost",
        "local",
        "localdomain",
        "internal",
        "intranet",
        "private",
        "corp",
        "home",
        "lan",
        "home.arpa",
        "cluster.local",
    ];
    let is_below = |suffix: &&str| {
        name.strip_suffix(*suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    !name.contains('.') || INNER.iter().any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> Option<&'static str> {
        match Destination::parse(text) {
            Ok(destination) => destination.host.inside(),
            Err(reason) => Some(reason),
        }
    }

    #[test]
    fn places_inside_are_known_in_every_spelling() {
        for (url, reason) in [
            ("http://127.0.0.1/", "private-address"),
            ("http://127.0.0.1./", "private-address"),
            ("HTTP://127.0.0.1:8080", "private-address"),
            ("http://10.1.2.3?x", "private-address"),
            ("http://169.254.169.254/latest", "metadata-address"),
            ("http://100.100.100.200#a", "metadata-address"),
            ("http://2130706433/", "address-spelling"),
            ("http://017700000001/", "address-spelling"),
            ("http://0x7f000001/", "address-spelling"),
            ("http://0x7f.1/", "address-spelling"),
            ("http://0X7F.0.0.1/", "address-spelling"),
            ("http://0177.0.0.1/", "address-spelling"),
            ("http://127.1/", "address-spelling"),
            ("http://010.8.8.8/", "address-spelling"),
            ("http://8.8.8.08/", "address-spelling"),
            ("http://1.2.3.256/", "address-spelling"),
            ("http://0/", "address-spelling"),
            ("http://a.0x/", "address-spelling"),
            ("http://[::1]/", "private-address"),
            ("http://[::ffff:127.0.0.1]/", "private-address"),
            ("http://[::ffff:7f00:1]:80/", "private-address"),
            ("http://[::ffff:a9fe:a9fe]/", "metadata-address"),
            ("http://[64:ff9b::a9fe:a9fe]/", "metadata-address"),
            ("http://[fd00:ec2::254]/", "metadata-address"),
            ("http://[fe80::1%25eth0]/", "address-spelling"),
            ("http://[::1", "odd-url"),
            ("http://[::1]x/", "odd-url"),
            ("http://localhost/", "inner-name"),
            ("http://LOCALHOST./", "inner-name"),
            ("http://a.localhost/", "inner-name"),
            ("http://metadata.google.internal/", "inner-name"),
            ("http://redis:6379/", "inner-name"),
            ("http://vault.svc.cluster.local/", "inner-name"),
            ("http://user@127.0.0.1/", "user-name"),
            ("http://good.example@127.0.0.1/", "user-name"),
            ("http://good.example:80@127.0.0.1/", "user-name"),
            ("http://good.example\\@127.0.0.1/", "odd-url"),
            ("http:\\\\127.0.0.1/", "odd-url"),
            ("http:/127.0.0.1/", "odd-url"),
            ("http:127.0.0.1", "odd-url"),
            ("http:///127.0.0.1/", "odd-host"),
            ("ht\ttp://127.0.0.1/", "odd-url"),
            ("http://127.0.\n0.1/", "odd-url"),
            ("//127.0.0.1/", "not-a-url"),
            ("http://127.0.0.1%2f.good.example/", "odd-host"),
            ("http://%31%32%37.0.0.1/", "odd-host"),
            ("http://good.example:80:80/", "odd-url"),
            ("http://good.example:99999/", "odd-url"),
            ("http://good.example:8O/", "odd-url"),
            ("http://good..example/", "odd-host"),
            ("http://good.example../", "odd-host"),
            ("http://good .example/", "odd-host"),
            ("http://①②⑦.0.0.1/", "host-not-ascii"),
            ("http://127。0。0。1/", "host-not-ascii"),
            ("http://ⓛocalhost/", "host-not-ascii"),
            ("http://", "odd-host"),
            ("/etc/passwd", "not-a-url"),
            ("", "not-a-url"),
        ] {
            assert_eq!(why(url), Some(reason), "{url:?}");
        }
    }

    #[test]
    fn places_outside_are_read() {
        for url in [
            "https://good.example",
            " https://good.example/a b ",
            "https://xn--bcher-kva.example/",
            "https://8.8.8.8:8443/x?u=http://127.0.0.1/",
            "https://[2606:4700::1111]/",
            "https://a_b.good.example.",
            "https://1.good.example/",
        ] {
            assert_eq!(why(url), None, "{url}");
        }
        let read = Destination::parse("HTTPS://Good.Example./A?b#c").expect("read");
        let host = Host::Name("good.example".to_owned());
        let expected =
            Destination { scheme: "https".to_owned(), host, port: Some(443), path: "/A" };
        assert_eq!(read, expected);
        assert!(read.has_plain_path());
        for path in ["/a/../b", "/a//b", "/%2e%2e/b", "/a;b", "/a b"] {
            let url = format!("http://good.example{path}");
            assert!(!Destination::parse(&url).expect("read").has_plain_path(), "{path}");
        }
    }

    #[test]
    fn texts_are_told_from_urls() {
        for text in [
            "http://a",
            "HTTP://a",
            "//a/b",
            "\\\\a\\b",
            "http:a",
            "file:/etc/passwd",
            " \tgopher://a",
            "ht\ntp://a",
            "x-y://a",
            "https:\\\\a",
            "jar:http://a!/b",
            "\u{feff}http://a",
            "/\\a",
            "\\/a",
            "/\t/a",
            "local_file:///etc/passwd",
            "local_file:/etc/passwd",
        ] {
            assert!(is_url(text), "{text:?}");
        }
        for text in [
            "",
            "a",
            "/a/b",
            "note: see",
            "http: see below",
            "C:/Users",
            "12:30",
            "urn:a:b",
            "mailto:a@b",
            "see http://a",
            "a=http://b",
            "//",
            "/\\",
            "https:",
        ] {
            assert!(!is_url(text), "{text:?}");
        }
    }
}

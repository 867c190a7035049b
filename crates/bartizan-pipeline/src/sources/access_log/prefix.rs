//! What stands before the time of a line: `[syslog or container prefix] [host:port] address ident
//! user`.

use std::net::IpAddr;

use super::super::{
    logs::{
        address::address,
        escapes::unescape_text,
        shipping::{is_shipped, shipping_words},
    },
    target::looks_like_host,
};

/// Who asked, and whom.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) ip: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    /// Host that the line names, without the port when it is the default one.
    pub(super) authority: String,
    /// As the port tells.
    pub(super) scheme: &'static str,
}

/// Most words before the user name.
const WORDS: usize = 24;

/// Reads the prefix; `None` when it is too short to be one.
pub(super) fn read(text: &str) -> Option<Prefix> {
    let text = text.trim();
    // Word and where it ends, so that the user can be taken as written.
    let mut words = Vec::with_capacity(8);
    let mut at = 0;
    while words.len() < WORDS {
        let rest = text.get(at..)?;
        let rest_trimmed = rest.trim_start_matches(' ');
        if rest_trimmed.is_empty() {
            break;
        }
        at += rest.len() - rest_trimmed.len();
        let length = rest_trimmed.find(' ').unwrap_or(rest_trimmed.len());
        words.push((at, rest_trimmed.get(..length)?));
        at += length;
    }
    let skipped = if is_shipped(text) { shipping_words(&words) } else { 0 };
    let words = words.get(skipped..)?;
    let client = client_at(words)?;
    let mut prefix = Prefix::default();
    if let Some((ip, port)) = words.get(client).and_then(|(_, word)| address(word)) {
        prefix.ip = Some(ip);
        prefix.port = port;
    }
    if let Some((_, host)) = client.checked_sub(1).and_then(|before| words.get(before))
        && is_virtual_host(host, client == 1)
    {
        (prefix.authority, prefix.scheme) = virtual_host(host);
    }
    // A list of addresses (X-Forwarded-For in place of the peer): the first is the client.
    let mut ident = client + 1;
    while words.get(ident - 1).is_some_and(|(_, word)| word.ends_with(','))
        && words.get(ident).is_some_and(|(_, word)| address(word).is_some())
    {
        ident += 1;
    }
    let (_, ident_word) = words.get(ident)?;
    let (user_start, _) = words.get(ident + 1)?;
    // lighttpd writes the host where others write ident.
    let is_name =
        ident_word.contains('.') && ident_word.contains(|c: char| c.is_ascii_alphabetic());
    if prefix.authority.is_empty() && is_name && looks_like_host(ident_word) {
        (prefix.authority, prefix.scheme) = virtual_host(ident_word);
    }
    let user = text.get(*user_start..)?.trim();
    let user = user.strip_prefix('"').and_then(|u| u.strip_suffix('"')).unwrap_or(user);
    prefix.user = (!matches!(user, "" | "-")).then(|| unescape_text(user));
    Some(prefix)
}

/// Which word is the client: an address at the beginning, or behind a host; else the first word.
/// Not further on: a user name is anything that a client likes to send.
fn client_at(words: &[(usize, &str)]) -> Option<usize> {
    let last = words.len().checked_sub(3)?;
    let at = |i: usize| words.get(i).filter(|_| i <= last).and_then(|(_, word)| address(word));
    if at(0).is_some_and(|(_, port)| port.is_some()) && at(1).is_some() {
        // The host is itself named by its address.
        return Some(1);
    }
    let found = (0..2).find(|i| at(*i).is_some());
    Some(match found {
        Some(at) => at,
        // `host:port name ident user`: the client's name was looked up.
        None if last >= 1 && words.first().is_some_and(|(_, w)| has_port(w)) => 1,
        None => 0,
    })
}

fn has_port(word: &str) -> bool {
    word.contains(':') && looks_like_host(word)
}

fn is_virtual_host(word: &str, is_first: bool) -> bool {
    word != "-"
        && (looks_like_host(word) || looks_like_host(without_port(word)))
        // Behind a container's or shipper's prefix, a bare word may be anything.
        && (is_first || word.contains('.'))
}

/// Apache adds the port also to a name that has one: `localhost:5001:443`.
fn without_port(word: &str) -> &str {
    word.rsplit_once(':').map_or(word, |(host, _)| host)
}

/// Authority and scheme of `host:port`.
fn virtual_host(word: &str) -> (String, &'static str) {
    let host = word.to_lowercase();
    if let Some(bare) = host.strip_suffix(":443") {
        return (bare.to_owned(), "https");
    }
    if let Some(bare) = host.strip_suffix(":80") {
        return (bare.to_owned(), "http");
    }
    // Of two ports, the first is the one that the client asked for.
    let bare = without_port(&host);
    let has_two = !bare.starts_with('[') && bare.contains(':');
    (if has_two { bare.to_owned() } else { host }, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, String, Option<String>) {
        let prefix = read(text).expect(text);
        (prefix.ip.map(|ip| ip.to_string()), prefix.authority, prefix.user)
    }

    #[test]
    fn client_host_and_user_are_found() {
        for (text, ip, host, user) in [
            ("1.2.3.4 - -", Some("1.2.3.4"), "", None),
            ("2001:db8::1 - alice", Some("2001:db8::1"), "", Some("alice")),
            ("[2001:db8::1]:99 - alice", Some("2001:db8::1"), "", Some("alice")),
            ("::ffff:1.2.3.4 - -", Some("1.2.3.4"), "", None),
            ("fe80::1%eth0 - -", Some("fe80::1"), "", None),
            ("1.2.3.4 - John Q. Doe", Some("1.2.3.4"), "", Some("John Q. Doe")),
            ("1.2.3.4 - \"\"", Some("1.2.3.4"), "", None),
            ("1.2.3.4 - a\\x22b", Some("1.2.3.4"), "", Some("a\"b")),
            ("api.h.test:443 1.2.3.4 - -", Some("1.2.3.4"), "api.h.test", None),
            ("api.h.test:8443 ::1 - bob", Some("::1"), "api.h.test:8443", Some("bob")),
            ("api.h.test 1.2.3.4 - -", Some("1.2.3.4"), "api.h.test", None),
            ("1.2.3.4 www.h.test -", Some("1.2.3.4"), "www.h.test", None),
            ("localhost:5001:443 1.2.3.4 - -", Some("1.2.3.4"), "localhost:5001", None),
            ("localhost:5001:8080 1.2.3.4 - -", Some("1.2.3.4"), "localhost:5001", None),
            ("[2001:db8::9]:443 2001:db8::1 - -", Some("2001:db8::1"), "[2001:db8::9]", None),
            ("10.0.0.1:8080 1.2.3.4 - -", Some("1.2.3.4"), "10.0.0.1:8080", None),
            ("client.isp.test - -", None, "", None),
            ("h.test:80 client.isp.test - -", None, "h.test", None),
            ("- - -", None, "", None),
            ("unix: - -", None, "", None),
            ("1.2.3.4, 10.0.0.1 - -", Some("1.2.3.4"), "", None),
            ("May  1 00:00:00 10.0.0.1 nginx: 1.2.3.4 - al", Some("1.2.3.4"), "", Some("al")),
            (
                "<134>May  1 00:00:00 lb nginx[7]: h.test 1.2.3.4 - -",
                Some("1.2.3.4"),
                "h.test",
                None,
            ),
            (
                "<134>1 2026-05-01T00:00:00Z 10.0.0.1 nginx 7 - - 1.2.3.4 - -",
                Some("1.2.3.4"),
                "",
                None,
            ),
            ("2026-05-01T00:00:00.1Z stdout F 1.2.3.4 - -", Some("1.2.3.4"), "", None),
            ("web_1  | 1.2.3.4 - -", Some("1.2.3.4"), "", None),
            ("name.isp.test - x 9.9.9.9 - -", None, "", Some("x 9.9.9.9 - -")),
            ("1.2.3.4 - x 9.9.9.9 - -", Some("1.2.3.4"), "", Some("x 9.9.9.9 - -")),
        ] {
            let expected = (ip.map(str::to_owned), host.to_owned(), user.map(str::to_owned));
            assert_eq!(parts(text), expected, "{text}");
        }
        assert_eq!(read("1.2.3.4 -"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn many_words_are_bounded() {
        let long = format!("1.2.3.4 - {}", "x ".repeat(100_000));
        assert_eq!(read(&long).and_then(|p| p.user).map(|u| u.len()), Some(199_999));
    }
}

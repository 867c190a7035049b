//! Configurations of nginx: servers, locations that pass on, upstreams, rates, sizes, addresses and fields.

mod directives;
mod place;

use std::collections::BTreeMap;

use serde_json::json;

use self::{
    directives::{Directive, parse},
    place::{Files, Server},
};
use super::found::{Certificate, Found, Place, Service};

/// Directives that say nothing about what passes, or that are done here without being told.
const SILENT: &[&str] = &[
    "access_log",
    "client_body_buffer_size",
    "client_header_buffer_size",
    "default_type",
    "error_log",
    "events",
    "gzip",
    "gzip_comp_level",
    "gzip_min_length",
    "gzip_types",
    "gzip_vary",
    "http2",
    "keepalive",
    "keepalive_timeout",
    "large_client_header_buffers",
    "load_module",
    "log_format",
    "pid",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_connect_timeout",
    "proxy_http_version",
    "proxy_read_timeout",
    "proxy_send_timeout",
    "sendfile",
    "server_names_hash_bucket_size",
    "server_tokens",
    "ssl_ciphers",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "tcp_nodelay",
    "tcp_nopush",
    "types_hash_max_size",
    "user",
    "worker_connections",
    "worker_processes",
    "worker_rlimit_nofile",
    "zone",
];

/// What says where requests go.
const PASSES: [&str; 2] = ["proxy_pass", "grpc_pass"];
/// What says which certificate is shown.
const FILES: [&str; 2] = ["ssl_certificate", "ssl_certificate_key"];
/// What says how large bodies may be.
const SIZE: &str = "client_max_body_size";

/// A group of upstreams.
#[derive(Debug, Default)]
struct Group {
    servers: Vec<String>,
    balance: Option<&'static str>,
}

/// What is said outside of servers.
#[derive(Debug, Default)]
struct Around {
    groups: BTreeMap<String, Group>,
    /// Requests and seconds, by the name of the zone.
    rates: BTreeMap<String, (u64, u64)>,
    /// Whether it is said how large bodies may be.
    has_size: bool,
}

pub(super) fn read(text: &str) -> Result<Found, String> {
    let (mut found, mut around) = (Found::default(), Around::default());
    let all = parse(text)?;
    let http = |one: &Directive| one.name == "http";
    let inside: Vec<&Directive> =
        all.iter().filter(|one| http(one)).flat_map(|one| &one.block).collect();
    let outside = all.iter().filter(|one| !http(one));
    let everything: Vec<&Directive> = outside.chain(inside).collect();
    for one in &everything {
        match one.name.as_str() {
            "upstream" => group(one, &mut around, &mut found),
            "limit_req_zone" => zone(one, &mut around, &mut found),
            _ => {}
        }
    }
    let elsewhere = ["upstream", "limit_req_zone", "server"];
    let is_rest = |one: &&&Directive| {
        !elsewhere.contains(&one.name.as_str()) && !FILES.contains(&one.name.as_str())
    };
    let rest: Vec<&Directive> = everything.iter().filter(is_rest).copied().collect();
    place::policies(&rest, "nginx", &Place::default(), &around, &mut found);
    around.has_size = rest.iter().any(|one| one.name == SIZE);
    let files = Files::of(everything.iter().copied(), &Files::default(), &mut found);
    let servers = everything.iter().filter(|one| one.name == "server");
    let servers: Vec<(&Directive, Server)> =
        servers.map(|one| (*one, Server::of(one, &files, &mut found))).collect();
    let servers = taken(servers, &mut found);
    listeners(&servers, &mut found);
    for (directive, server) in &servers {
        self::server(directive, server, &around, &mut found);
    }
    reached(&servers, &mut found);
    found.deeper_names();
    Ok(found)
}

/// Servers but those that would be for more names here than there.
fn taken<'a>(
    servers: Vec<(&'a Directive, Server)>,
    found: &mut Found,
) -> Vec<(&'a Directive, Server)> {
    let all: Vec<&Server> = servers.iter().map(|(_, server)| server).collect();
    let is_taken: Vec<bool> = servers
        .iter()
        .map(|(directive, server)| {
            if server.is_for_others() {
                let what = "a server whose names are all expressions is left out: requests for them go to another \
                            service, or to none";
                found.loses(Some(directive.line), what);
            } else if server.names.is_empty() && !server.is_default(&all) {
                let what = "a server without names that is not the default one is left out";
                found.note(Some(directive.line), what);
            } else {
                return true;
            }
            false
        })
        .collect();
    let servers = servers.into_iter().zip(is_taken);
    servers.filter_map(|(server, is_taken)| is_taken.then_some(server)).collect()
}

/// Listeners. One of TLS for which there is no certificate is left out: it would listen without TLS.
fn listeners(servers: &[(&Directive, Server)], found: &mut Found) {
    let listens = || servers.iter().flat_map(|(_, server)| &server.listens);
    for (directive, server) in servers {
        for address in &server.listens {
            let there = || listens().filter(|one| one.text == address.text);
            let is_secure = there().any(|one| one.is_secure);
            let has_certificate = |one: &Server| {
                one.certificate.is_some() && one.listens.iter().any(|one| one.text == address.text)
            };
            if is_secure && !servers.iter().any(|(_, one)| has_certificate(one)) {
                let what = "is left out: no certificate is named for it";
                found.loses(
                    Some(directive.line),
                    format_args!("`listen {} ssl` {what}", address.text),
                );
                continue;
            }
            let certificate = server.certificate.clone().filter(|_| is_secure);
            let names = server.names.clone();
            let certificate = certificate.map(|(chain, key)| Certificate { names, chain, key });
            found.listener(address.text.clone(), certificate);
        }
    }
}

/// Here all services are served at all listeners. Where a server sends everybody to HTTPS, a policy does so here.
fn reached(servers: &[(&Directive, Server)], found: &mut Found) {
    let passes = |directive: &Directive| {
        let mut inside = directive.inner("location").flat_map(|location| &location.block);
        inside.any(|one| PASSES.contains(&one.name.as_str()))
    };
    let sends_on = |directive: &Directive| {
        let whole = directive.inner("location").filter(|one| one.arguments == ["/"]);
        let mut all = std::iter::once(directive).chain(whole);
        all.any(|one| one.inner("return").any(place::is_to_https))
    };
    let addresses: Vec<String> = found.addresses().map(str::to_owned).collect();
    for (directive, server) in servers.iter().filter(|(directive, _)| passes(directive)) {
        let own = server.addresses();
        let is_sent_on = |address: &str| {
            let mut there = servers.iter().filter(|(_, one)| one.addresses().contains(&address));
            let is_for_same = |one: &Server| {
                one.names.is_empty() || server.names.iter().all(|name| one.names.contains(name))
            };
            there.any(|(other, one)| is_for_same(one) && sends_on(other))
        };
        let others =
            addresses.iter().filter(|one| !own.contains(&one.as_str()) && !is_sent_on(one));
        let others: Vec<&str> = others.map(String::as_str).collect();
        if !others.is_empty() {
            let own = if own.is_empty() { "another place".to_owned() } else { own.join(", ") };
            let others = others.join(", ");
            let what = format!(
                "what is served at {own} there is served at {others} too: all listeners serve all services"
            );
            found.loses(Some(directive.line), what);
        }
    }
}

fn group(directive: &Directive, around: &mut Around, found: &mut Found) {
    let Some(name) = directive.arguments.first() else { return };
    let mut group = Group::default();
    for one in &directive.block {
        match (one.name.as_str(), one.arguments.as_slice()) {
            ("server", [address, rest @ ..]) => {
                let is_left_out = |word: &String| word == "down" || word == "backup";
                if rest.iter().any(is_left_out) {
                    found.note(
                        Some(one.line),
                        format_args!("{address} is left out: {}", rest.join(" ")),
                    );
                    continue;
                }
                if !rest.is_empty() {
                    let what = rest.join(" ");
                    found.note(
                        Some(one.line),
                        format_args!("`{what}` of {address} is not taken over"),
                    );
                }
                group.servers.push(address.clone());
            }
            ("least_conn", _) => group.balance = Some("least_busy"),
            (name, _) if SILENT.contains(&name) => {}
            _ => one.is_not_understood(found),
        }
    }
    around.groups.insert(name.clone(), group);
}

/// `limit_req_zone $binary_remote_addr zone=one:10m rate=1r/s`
fn zone(directive: &Directive, around: &mut Around, found: &mut Found) {
    let part = |name: &str| {
        let mut arguments = directive.arguments.iter();
        arguments.find_map(|one| one.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let key = directive.arguments.first().map_or("", String::as_str);
    let is_by_address = ["$binary_remote_addr", "$remote_addr"].contains(&key);
    let rate = part("rate").and_then(|rate| {
        let (count, unit) = rate.split_once("r/")?;
        let seconds = if unit == "s" { 1 } else { 60 };
        Some((count.parse::<u64>().ok()?, seconds))
    });
    match (part("zone"), rate) {
        (Some(zone), Some(rate)) if is_by_address => {
            let name = zone.split(':').next().unwrap_or_default();
            around.rates.insert(name.to_owned(), rate);
        }
        _ => directive.is_not_understood(found),
    }
}

fn server(directive: &Directive, server: &Server, around: &Around, found: &mut Found) {
    let place = Place { hosts: server.names.clone(), ..Place::default() };
    let stem = server.names.first().map_or("server", String::as_str).to_owned();
    let known = ["listen", "server_name", "ssl", "location"];
    if directive.block.iter().any(place::is_closed) {
        // Names that no service is for are refused in any case.
        if !server.names.is_empty() {
            found.refuses(&stem, &place);
        }
        return;
    }
    let is_rest = |one: &&Directive| {
        !known.contains(&one.name.as_str()) && !FILES.contains(&one.name.as_str())
    };
    let rest: Vec<&Directive> = directive.block.iter().filter(is_rest).collect();
    place::policies(&rest, &stem, &place, around, found);
    if !around.has_size && !rest.iter().any(|one| one.name == SIZE) {
        usual_size(directive, &stem, &place, found);
    }
    for location in directive.inner("location") {
        self::location(location, &stem, &place, around, found);
    }
}

/// Where nothing is said there, bodies may have 1 MiB.
fn usual_size(server: &Directive, stem: &str, place: &Place, found: &mut Found) {
    let mut locations = server.inner("location").peekable();
    if locations.peek().is_none() {
        return;
    }
    match locations.any(|one| one.inner(SIZE).next().is_some()) {
        true => {
            let what = "locations that name no `client_max_body_size` take 1 MiB there";
            found.loses(Some(server.line), what);
        }
        false => found.policy(stem, place, "size", json!({"body_bytes": 1 << 20})),
    }
}

fn location(directive: &Directive, stem: &str, server: &Place, around: &Around, found: &mut Found) {
    let prefix = match directive.arguments.as_slice() {
        [prefix] if prefix.starts_with('/') => prefix,
        [sign, prefix] if (sign == "=" || sign == "^~") && prefix.starts_with('/') => {
            if sign == "=" {
                let what = "is for this path only; the service takes what is below it, too";
                found.loses(Some(directive.line), format_args!("`location = {prefix}` {what}"));
            }
            prefix
        }
        _ => return directive.is_not_understood(found),
    };
    let place = server.below(prefix);
    let stem = format!("{stem}{prefix}");
    if directive.block.iter().any(place::is_closed) {
        return found.refuses(&stem, &place);
    }
    let (pass, rest): (Vec<&Directive>, Vec<&Directive>) =
        directive.block.iter().partition(|one| PASSES.contains(&one.name.as_str()));
    place::policies(&rest, &stem, &place, around, found);
    match pass.first() {
        Some(pass) => {
            if let Some(service) = service(pass, prefix, server, around, found) {
                found.service(Service { name: stem, ..service });
            }
        }
        None if rest.iter().any(|one| place::is_to_https(one)) => {}
        None => {
            let what =
                "passes nothing on to an upstream there; here its requests go where others go";
            found.loses(Some(directive.line), format_args!("`location {prefix}` {what}"));
        }
    }
}

fn service(
    pass: &Directive,
    prefix: &str,
    server: &Place,
    around: &Around,
    found: &mut Found,
) -> Option<Service> {
    let target = pass.arguments.first().filter(|target| !target.contains('$'));
    let Some((scheme, rest)) = target.and_then(|target| target.split_once("://")) else {
        pass.is_not_understood(found);
        return None;
    };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if !path.is_empty() && path != prefix {
        let what = "another path; requests go on with the path that they came with";
        let text = format!("`{} {scheme}://{rest}` has {what}", pass.name);
        // Below a path of the upstream, they may not go elsewhere there.
        match path {
            "/" => found.note(Some(pass.line), text),
            _ => found.loses(Some(pass.line), text),
        }
    }
    let is_grpc = pass.name == "grpc_pass";
    let scheme = match scheme {
        "https" | "grpcs" => "https",
        "http" | "grpc" => "http",
        _ => {
            pass.is_not_understood(found);
            return None;
        }
    };
    let group = around.groups.get(host);
    let servers = group.map_or_else(|| vec![host.to_owned()], |group| group.servers.clone());
    Some(Service {
        name: String::new(),
        hosts: server.hosts.clone(),
        path_prefix: prefix.to_owned(),
        upstreams: servers.iter().map(|server| with_port(scheme, server)).collect(),
        balance: group.and_then(|group| group.balance),
        protocol: is_grpc.then_some("http2"),
    })
}

/// An upstream with its port, as it is written here.
fn with_port(scheme: &str, server: &str) -> String {
    let has_port = server
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    match (has_port, scheme) {
        (true, _) => format!("{scheme}://{server}"),
        (false, "https") => format!("{scheme}://{server}:443"),
        (false, _) => format!("{scheme}://{server}:80"),
    }
}

/// A policy that sends clients to HTTPS, where a server does nothing else.
fn redirect(stem: &str, place: &Place, found: &mut Found) {
    found.policy(stem, place, "https_redirect", json!({}));
}

#[cfg(test)]
mod tests;

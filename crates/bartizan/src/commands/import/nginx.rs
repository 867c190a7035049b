//! Configurations of nginx: servers, locations that pass on, upstreams, rates, sizes, addresses and fields.

mod directives;
mod place;

use std::collections::BTreeMap;

use serde_json::json;

use self::{
    directives::{Directive, parse},
    place::Server,
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
    let rest = everything.iter().filter(|one| !elsewhere.contains(&one.name.as_str()));
    let rest: Vec<&Directive> = rest.copied().collect();
    place::policies(&rest, "nginx", &Place::default(), &around, &mut found);
    for one in everything.iter().filter(|one| one.name == "server") {
        server(one, &around, &mut found);
    }
    Ok(found)
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

fn server(directive: &Directive, around: &Around, found: &mut Found) {
    let server = Server::of(directive, found);
    for address in &server.listens {
        let certificate = server.certificate.clone().filter(|_| address.is_secure);
        let names = server.names.clone();
        let certificate = certificate.map(|(chain, key)| Certificate { names, chain, key });
        found.listener(address.text.clone(), certificate);
    }
    let place = Place { hosts: server.names.clone(), ..Place::default() };
    let stem = server.names.first().map_or("server", String::as_str).to_owned();
    let known = ["listen", "server_name", "ssl_certificate", "ssl_certificate_key", "location"];
    let rest = directive.block.iter().filter(|one| !known.contains(&one.name.as_str()));
    place::policies(&rest.collect::<Vec<_>>(), &stem, &place, around, found);
    for location in directive.block.iter().filter(|one| one.name == "location") {
        self::location(location, &stem, &place, around, found);
    }
}

fn location(directive: &Directive, stem: &str, server: &Place, around: &Around, found: &mut Found) {
    let prefix = match directive.arguments.as_slice() {
        [prefix] if prefix.starts_with('/') => prefix,
        [sign, prefix] if (sign == "=" || sign == "^~") && prefix.starts_with('/') => {
            if sign == "=" {
                let what = "is for this path only; the service takes what is below it, too";
                found.note(Some(directive.line), format_args!("`location = {prefix}` {what}"));
            }
            prefix
        }
        _ => return directive.is_not_understood(found),
    };
    let place = server.below(prefix);
    let passes = ["proxy_pass", "grpc_pass"];
    let (pass, rest): (Vec<&Directive>, Vec<&Directive>) =
        directive.block.iter().partition(|one| passes.contains(&one.name.as_str()));
    let stem = format!("{stem}{prefix}");
    place::policies(&rest, &stem, &place, around, found);
    match pass.first() {
        Some(pass) => {
            if let Some(service) = service(pass, prefix, server, around, found) {
                found.service(Service { name: stem, ..service });
            }
        }
        None => {
            let what = "passes nothing on to an upstream, and is not taken over";
            found.note(Some(directive.line), format_args!("`location {prefix}` {what}"));
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
        found.note(Some(pass.line), format_args!("`{} {scheme}://{rest}` has {what}", pass.name));
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

//! Access logs of nginx, Apache, Traefik and what imitates them: common, combined and vhost
//! combined form, recognised line by line.

mod line;
mod prefix;

use bartizan_model::source::Ordering;

use super::{
    Reading, SourceItem,
    logs::{Dialect, Form, LATENESS},
};

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "access-log",
    title: "Access log in common or combined form (nginx, Apache, Traefik)",
    what: "Reads `address ident user [time] \"request\" status bytes`, with or without `\"referer\" \
           \"user agent\"`, with or without `host:port` before the address, each line by itself, so \
           that mixed files work. Accepts IPv6, `-` anywhere, `\\\"` and `\\xHH` escapes of nginx \
           and Apache, users with spaces, any time zone, ISO and epoch times, a syslog or container \
           prefix, absolute request targets (which name the host), and further fields at the end: \
           a request time (seconds with decimals, `350ms`, `rt=0.350`), a quoted list of addresses \
           (X-Forwarded-For). Escaped bytes that are no UTF-8 become %XX in the target. Bodies, \
           most request headers and response headers are not in such a log, so that a request \
           without a credential proves nothing; a host is only there when the line names one. \
           Lines that are no request (TLS handshakes, empty requests) are skipped and counted. \
           Times have one second. Lines are written when a request ends and may come up to 5 \
           minutes late.",
    extensions: &["log"],
    example: "203.0.113.7 - alice [22/Nov/2026:10:00:00 +0000] \"GET /v1/orders/7 HTTP/1.1\" 200 512 \"-\" \"curl/8.4.0\"\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read: |line| line::read(line.bytes), form: Form::Loose }),
};

#[cfg(test)]
mod tests;

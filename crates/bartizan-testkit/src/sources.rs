//! Entry functions of what reads captures and logs. Checked: no panic; the same items however the
//! bytes are cut; requests that have the form of requests; numbers that are some.

use std::io::{Cursor, Read};

use bartizan_model::Exchange;
use bartizan_pipeline::sources::{Item, OpenOptions, SourceLimits, receivers::read_message};

/// Lines of access logs: each is tried with every dialect.
pub fn access_logs(data: &[u8]) {
    read_as("access-log", data);
}

/// Items of Burp Suite.
pub fn burp(data: &[u8]) {
    read_as("burp", data);
}

/// A HAR.
pub fn har(data: &[u8]) {
    read_as("har", data);
}

/// Flows of mitmproxy.
pub fn mitmproxy(data: &[u8]) {
    read_as("mitmproxy", data);
}

/// A Postman collection.
pub fn postman(data: &[u8]) {
    read_as("postman", data);
}

/// Messages to receivers.
pub fn receivers(data: &[u8]) {
    read_message(data).iter().for_each(check);
}

fn read_as(format: &str, data: &[u8]) {
    let whole = items(format, data.len().max(1), data);
    assert_eq!(whole, items(format, 7, data), "pieces of 7");
}

/// Gives so many bytes at a time.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

fn items(format: &str, step: usize, data: &[u8]) -> Vec<String> {
    let limits = SourceLimits { entry_bytes: 2_000, log_line_bytes: 1_500, document_bytes: 3_000 };
    let options = OpenOptions::new().format(format).limits(limits);
    let reader = Pieces(Cursor::new(data.to_vec()), step);
    let Ok(mut source) = options.open_reader("fuzz", reader) else { return Vec::new() };
    let mut out = Vec::new();
    while let Some(item) = source.next() {
        if let Ok(Item::Exchange(exchange)) = &item {
            check(exchange);
        }
        out.push(format!("{item:?}"));
    }
    out
}

fn check(exchange: &Exchange) {
    let request = &exchange.request;
    assert!(!request.method.is_empty(), "a request has a method");
    assert!(
        request.target.starts_with('/') || request.target == "*",
        "a target is a path: {}",
        request.target
    );
    assert!(["", "http", "https", "ws", "wss"].contains(&&*request.scheme), "{}", request.scheme);
    assert!(exchange.duration_ms.is_none_or(|ms| ms.is_finite() && ms >= 0.0));
    assert!(exchange.response.as_ref().is_none_or(|response| response.status < 1000));
    assert!(exchange.client.port.is_none() || exchange.client.ip.is_some(), "a port of nobody");
}

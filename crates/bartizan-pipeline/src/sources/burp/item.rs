//! One item of Burp Suite to one exchange.

use std::borrow::Cow;

use bartizan_model::{BodyState, Exchange, HeaderState, Request, Response, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use quick_xml::{Reader, events::Event};
use time::UtcOffset;

use super::super::{
    logs::{
        address::address,
        request_line::{self, without_default_port},
    },
    raw_http,
    skip::SkipReason,
    times,
};

/// Most members of one item.
const MEMBERS: usize = 64;

/// The members that are read.
#[derive(Default)]
struct Members {
    time: Vec<u8>,
    url: Vec<u8>,
    host: Vec<u8>,
    ip: String,
    port: Vec<u8>,
    protocol: Vec<u8>,
    status: Vec<u8>,
    request: Vec<u8>,
    request_is_base64: bool,
    response: Vec<u8>,
    response_is_base64: bool,
}

/// Reads an item. The exchange has no id and no source name yet.
pub(super) fn read(item: &[u8]) -> Result<Exchange, SkipReason> {
    // Burp writes the bytes of a message as they are. As Latin-1 they are text whatever they are,
    // and the same bytes again afterwards.
    let (text, is_latin) = match std::str::from_utf8(item) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (Cow::Owned(item.iter().map(|byte| char::from(*byte)).collect()), true),
    };
    let members = members(&text, is_latin)?;
    let bytes = message(members.request, members.request_is_base64)?;
    let raw = raw_http::read(&bytes).ok_or(SkipReason::MissingRequest)?;
    let asked = request_line::read(raw.first)?;
    let scheme = match String::from_utf8_lossy(&members.protocol).trim() {
        scheme @ ("http" | "https") => scheme.to_owned(),
        _ if members.url.starts_with(b"https:") => "https".to_owned(),
        _ => asked.scheme,
    };
    let port = String::from_utf8_lossy(&members.port).trim().parse::<u16>().ok();
    let host = String::from_utf8_lossy(&members.host).trim().to_lowercase();
    let authority = [
        asked.authority,
        raw.headers.get("host").unwrap_or("").to_lowercase(),
        port.map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
    ]
    .into_iter()
    .find(|authority| !authority.is_empty() && !authority.starts_with(':'))
    .unwrap_or_default();
    let answer = message(members.response, members.response_is_base64)?;
    Ok(Exchange {
        time: time(&String::from_utf8_lossy(&members.time)),
        server: address(members.ip.trim()).map(|(ip, _)| (ip, port)),
        response: Some(response(&answer, &members.status)),
        request: Request {
            method: asked.method,
            authority: without_default_port(&scheme, authority),
            scheme,
            target: asked.target,
            http_version: asked.version,
            headers: raw.headers,
            header_state: match raw.has_all_headers {
                true => HeaderState::Complete,
                false => HeaderState::Incomplete,
            },
            body: raw.body,
            body_state: raw.body_state,
            ..Request::default()
        },
        ..Exchange::default()
    })
}

/// The answer; status 0 when the item has none.
fn response(bytes: &[u8], status: &[u8]) -> Response {
    let declared = String::from_utf8_lossy(status).trim().parse::<u16>().ok();
    let declared = declared.filter(|status| (1..1000).contains(status));
    let Some(raw) = raw_http::read(bytes) else {
        let status = declared.unwrap_or(0);
        return Response { status, body_state: BodyState::NotCaptured, ..Response::default() };
    };
    let status = raw_http::status_line(raw.first).map(|(_, status)| status).or(declared);
    Response {
        status: status.unwrap_or(0),
        headers: raw.headers,
        headers_captured: raw.has_all_headers,
        body: raw.body,
        body_state: raw.body_state,
        ..Response::default()
    }
}

fn message(bytes: Vec<u8>, is_base64: bool) -> Result<Vec<u8>, SkipReason> {
    if !is_base64 {
        return Ok(bytes);
    }
    let packed: Vec<u8> = bytes.into_iter().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).map_err(|_| SkipReason::InvalidBase64)
}

fn members(text: &str, is_latin: bool) -> Result<Members, SkipReason> {
    let mut out = Members::default();
    let mut reader = Reader::from_str(text);
    let mut count = 0;
    loop {
        match reader.read_event().map_err(|_| SkipReason::NotXml)? {
            Event::Start(start) => {
                count += 1;
                if count > MEMBERS {
                    return Err(SkipReason::WrongShape);
                }
                let attribute = |name: &str| {
                    let found = start.attributes().flatten().find(|a| a.key.as_ref() == name);
                    found.map(|a| a.value.to_string())
                };
                let is_base64 = attribute("base64").as_deref() == Some("true");
                let name = start.name().as_ref().to_owned();
                match &*name {
                    "host" => out.ip = attribute("ip").unwrap_or_default(),
                    "request" => out.request_is_base64 = is_base64,
                    "response" => out.response_is_base64 = is_base64,
                    _ => {}
                }
                let inside = inside(&mut reader)?;
                let bytes = if is_latin {
                    inside.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
                } else {
                    inside.into_bytes()
                };
                if let Some(slot) = out.slot(&name) {
                    *slot = bytes;
                }
            }
            Event::Eof => return Ok(out),
            _ => {}
        }
    }
}

impl Members {
    fn slot(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        Some(match name {
            "time" => &mut self.time,
            "url" => &mut self.url,
            "host" => &mut self.host,
            "port" => &mut self.port,
            "protocol" => &mut self.protocol,
            "status" => &mut self.status,
            "request" => &mut self.request,
            "response" => &mut self.response,
            _ => return None,
        })
    }
}

/// Text and CDATA up to the end of a member. One inside another is of no Burp.
fn inside(reader: &mut Reader<&[u8]>) -> Result<String, SkipReason> {
    let mut out = String::new();
    loop {
        match reader.read_event().map_err(|_| SkipReason::NotXml)? {
            Event::Text(text) => out.push_str(&text),
            Event::CData(text) => out.push_str(&text),
            Event::GeneralRef(reference) => match &*reference {
                "lt" => out.push('<'),
                "gt" => out.push('>'),
                "amp" => out.push('&'),
                "quot" => out.push('"'),
                "apos" => out.push('\''),
                _ => match reference.resolve_char_ref() {
                    Ok(Some(c)) => out.push(c),
                    // Nothing declares entities, so that there is no other.
                    _ => return Err(SkipReason::NotXml),
                },
            },
            Event::End(_) => return Ok(out),
            Event::Start(_) => return Err(SkipReason::WrongShape),
            Event::Eof => return Err(SkipReason::NotXml),
            _ => {}
        }
    }
}

/// `Sun Nov 22 10:00:00 CET 2026`, as Java writes it; or any other form.
fn time(text: &str) -> Option<Timestamp> {
    let words: Vec<_> = text.split_ascii_whitespace().take(7).collect();
    let &[_, month, day, clock, zone, year] = words.as_slice() else {
        return times::parse(text);
    };
    let offset = zone_offset(zone)?;
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    let (hours, minutes) = (minutes / 60, minutes % 60);
    times::parse(&format!("{day:0>2}/{month}/{year}:{clock} {sign}{hours:02}{minutes:02}"))
}

/// Minutes east of UTC. `None` for letters that several zones share.
fn zone_offset(zone: &str) -> Option<i32> {
    let hours = match zone {
        "UTC" | "GMT" | "Z" | "WET" => 0,
        "WEST" | "CET" | "BST" => 1,
        "CEST" | "EET" | "SAST" => 2,
        "EEST" | "MSK" | "TRT" => 3,
        "HKT" | "SGT" | "AWST" => 8,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "BRT" => -3,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" | "AKDT" => -8,
        "AKST" => -9,
        "HST" => -10,
        _ => {
            let rest =
                zone.strip_prefix("GMT").or_else(|| zone.strip_prefix("UTC")).unwrap_or(zone);
            let sign = match rest.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let digits: String = rest.chars().filter(char::is_ascii_digit).take(5).collect();
            let number: i32 = digits.parse().ok()?;
            let (hours, minutes) =
                if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
            let offset = UtcOffset::from_hms(hours.try_into().ok()?, minutes.try_into().ok()?, 0);
            return offset.ok().map(|offset| sign * offset.whole_seconds() / 60);
        }
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_java_are_read_where_their_zone_is_one() {
        for (text, expected) in [
            ("Sun Nov 22 10:00:00 UTC 2026", Some("2026-11-22T10:00:00.000000Z")),
            ("Wed Jul 03 12:34:56 CEST 2019", Some("2019-07-03T10:34:56.000000Z")),
            ("Wed Jul 3 12:34:56 EDT 2019", Some("2019-07-03T16:34:56.000000Z")),
            ("Wed Jul 03 12:34:56 GMT+05:30 2019", Some("2019-07-03T07:04:56.000000Z")),
            ("Wed Jul 03 12:34:56 CST 2019", None),
            ("2026-11-22T10:00:00Z", Some("2026-11-22T10:00:00.000000Z")),
            ("", None),
        ] {
            assert_eq!(time(text).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn items_in_any_coding_are_read() {
        let request = b"POST /a?b=\xe4 HTTP/2\r\nHost: h.test\r\nContent-Length: 3\r\n\r\n\xff]]";
        let plain = [
            &b"<time>x</time><host ip=\"2001:db8::9\">h.test</host><port>8443</port>\
               <protocol>https</protocol><request base64=\"false\"><![CDATA["[..],
            request,
            b"]]></request><status>204</status><response base64=\"false\"></response>",
        ]
        .concat();
        let packed = format!(
            "<time/><host ip=\"2001:db8::9\">h.test</host><port>8443</port><protocol>https</protocol>\
             <request base64=\"true\">{}</request><status>204</status>",
            STANDARD.encode(request)
        );
        for item in [&plain[..], packed.as_bytes()] {
            let e = read(item).expect("an exchange");
            assert_eq!((&*e.request.method, &*e.request.target), ("POST", "/a?b=%E4"));
            assert_eq!((&*e.request.scheme, &*e.request.authority), ("https", "h.test"));
            assert_eq!(&*e.request.body, b"\xff]]");
            assert_eq!(e.request.http_version.as_deref(), Some("2"));
            assert_eq!(e.response.map(|r| (r.status, r.headers_captured)), Some((204, false)));
            assert_eq!(e.server.and_then(|(_, port)| port), Some(8443));
        }
        let escaped =
            "<request>GET /?a=1&amp;b=&#60; HTTP/1.1&#13;\nHost: h&#13;\n&#13;\n</request>";
        assert_eq!(read(escaped.as_bytes()).map(|e| e.request.target), Ok("/?a=1&b=<".to_owned()));
    }

    #[test]
    fn what_is_no_item_is_named() {
        for (item, reason) in [
            ("", SkipReason::MissingRequest),
            ("<request base64=\"true\">!</request>", SkipReason::InvalidBase64),
            ("<request>&x;</request>", SkipReason::NotXml),
            ("<request>", SkipReason::NotXml),
            ("<request><a/><b></b></request>", SkipReason::WrongShape),
            ("<request>hello</request>", SkipReason::RequestIncomplete),
        ] {
            assert_eq!(read(item.as_bytes()).err(), Some(reason), "{item}");
        }
        let many = "<a></a>".repeat(MEMBERS + 1);
        assert_eq!(read(many.as_bytes()).err(), Some(SkipReason::WrongShape));
    }
}

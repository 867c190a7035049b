//! What is kept of each request: what it truly was, and the exchange itself.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::schedule::BEGIN;
use crate::client::{Reply, Said};

/// Longest body that a captured exchange holds, in bytes.
const MAX_CAPTURED: usize = 64 << 10;

/// What a request truly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// An ordinary user.
    Benign,
    /// An attack.
    Hostile,
    /// What an attacker does before, and ordinary users do too: leave it out of every count.
    Ambiguous,
}

/// One request that was sent.
#[derive(Clone, Debug)]
pub struct Record {
    /// Also sent as `x-request-id`.
    pub id: String,
    /// Virtual milliseconds since 1970.
    pub at: u64,
    /// Name of the actor: its part and number.
    pub actor: String,
    /// Name of its part.
    pub part: &'static str,
    /// OWASP category of its part.
    pub owasp: &'static str,
    /// What it truly is.
    pub label: Label,
    /// Client address.
    pub address: String,
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields as sent.
    pub headers: Vec<(String, String)>,
    /// Body as sent.
    pub body: Bytes,
    /// Version of HTTP: `1.1` or `2`.
    pub http_version: &'static str,
    /// What came back; status 0 when nothing did.
    pub reply: Reply,
}

impl Record {
    /// Virtual minutes since the play began.
    #[must_use]
    pub fn minute(&self) -> u32 {
        u32::try_from(self.at.saturating_sub(BEGIN) / 60_000).unwrap_or(u32::MAX)
    }

    /// The line of the truth log.
    #[must_use]
    pub fn truth(&self) -> Value {
        let campaign = (self.label != Label::Benign).then_some(&self.actor);
        json!({
            "id": self.id, "time": time(self.at), "label": self.label, "actor": self.actor,
            "persona": self.part, "campaign": campaign, "owasp": self.owasp,
            "address": self.address, "method": self.method, "path": self.path,
            "status": self.reply.status,
        })
    }

    /// The exchange, in the form that `analyze` reads.
    #[must_use]
    pub fn exchange(&self) -> Value {
        let mut request = json!({
            "method": self.method, "url": format!("http://quayside.example{}", self.path),
            "http_version": self.http_version, "headers": self.headers,
        });
        put_body(&mut request, &self.body);
        let mut out = json!({
            "id": self.id, "time": time(self.at), "client": {"ip": self.address},
            "request": request,
        });
        if self.reply.status > 0 {
            let headers: Vec<(String, String)> = self
                .reply
                .headers
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect();
            out["response"] = json!({"status": self.reply.status, "headers": headers});
            put_body(&mut out["response"], &self.reply.body);
            if self.reply.status == 101 {
                out["protocol"] = json!("websocket");
                out["messages"] = self.reply.said.iter().map(message).collect();
            }
        }
        out
    }
}

fn message(said: &Said) -> Value {
    json!({"direction": if said.from_client { "client" } else { "server" }, "data": said.text})
}

fn put_body(message: &mut Value, body: &Bytes) {
    if body.is_empty() {
        return;
    }
    if body.len() > MAX_CAPTURED {
        message["body_state"] = json!("truncated");
    }
    let kept = body.slice(..body.len().min(MAX_CAPTURED));
    match std::str::from_utf8(&kept) {
        Ok(text) => message["body"] = json!(text),
        Err(_) => message["body_base64"] = json!(BASE64_STANDARD.encode(&kept)),
    }
}

/// RFC 3339, in UTC with milliseconds. Days to civil date after Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms".
fn time(at: u64) -> String {
    let (days, rest) = (at / 86_400_000, at % 86_400_000);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_civil() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(time(1_796_083_199_000), "2026-11-30T23:59:59.000Z");
    }
}

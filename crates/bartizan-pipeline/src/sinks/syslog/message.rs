//! Messages of RFC 5424, framed by octet counting (RFC 6587 §3.4.1, RFC 5425 §4.3).

use std::fmt::Write as _;

use bartizan_model::{Event, Severity};
use serde_json::Value;

use super::Content;

/// Most characters of a value in structured data.
const VALUE_CHARS: usize = 255;
/// What makes long events long.
const LONG: [&str; 9] = [
    "evidence",
    "remediation",
    "endpoint_ids",
    "detection_ids",
    "factors",
    "linked",
    "absorbed",
    "exchange_ids",
    "discriminator",
];
/// Before text that is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What messages are made with.
pub(super) struct Form {
    pub(super) facility: u8,
    pub(super) content: Content,
    pub(super) hostname: String,
    pub(super) app_name: String,
    pub(super) process: u32,
    pub(super) enterprise_number: u32,
    pub(super) most_bytes: usize,
}

impl Form {
    /// The message with its length before it.
    pub(super) fn frame(&self, event: &Event) -> Vec<u8> {
        let message = self.message(event);
        format!("{} {message}", message.len()).into_bytes()
    }

    fn message(&self, event: &Event) -> String {
        let mut head = self.head(event);
        head.push_str(BYTE_ORDER_MARK);
        let room = self.most_bytes.saturating_sub(head.len());
        let json = || Some(visible(&serde_json::to_string(event).ok()?));
        let text = match self.content {
            Content::Text => None,
            Content::Json => {
                json().filter(|text| text.len() <= room).or_else(|| shorter(event, room))
            }
        };
        let text = text.unwrap_or_else(|| visible(&event.headline()));
        head.push_str(&text[..text.floor_char_boundary(room)]);
        head
    }

    /// Everything before the text.
    fn head(&self, event: &Event) -> String {
        let priority = u32::from(self.facility) * 8 + severity(event.severity);
        // At most 2147483647, beginning anew (RFC 5424 §7.3.1).
        let number = if event.sequence == 0 { 1 } else { (event.sequence - 1) % 0x7fff_ffff + 1 };
        let mut out = format!(
            "<{priority}>1 {} {} {} {} {} [meta sequenceId=\"{number}\"][bartizan@{}",
            event.time,
            self.hostname,
            self.app_name,
            self.process,
            event.kind,
            self.enterprise_number,
        );
        let sequence = event.sequence.to_string();
        let code = match (&event.finding, &event.detection) {
            (Some(finding), _) => finding.code.as_str(),
            (_, Some(detection)) => detection.code.as_str(),
            _ => event.change.as_ref().map_or("", |change| change.kind.as_str()),
        };
        let host = match (&event.finding, &event.change) {
            (Some(finding), _) => finding.host.as_str(),
            (_, Some(change)) => change.host.as_str(),
            _ => "",
        };
        for (name, value) in [
            ("id", event.id.as_str()),
            ("sequence", &sequence),
            ("type", event.kind.as_str()),
            ("severity", event.severity.as_str()),
            ("organisation", event.organisation.as_str()),
            ("environment", event.environment.as_str()),
            ("subject", event.subject()),
            ("code", code),
            ("host", host),
        ] {
            if !value.is_empty() {
                // Writing to a string cannot fail.
                let _ = write!(out, " {name}=\"{}\"", value_of(value));
            }
        }
        out.push_str("] ");
        out
    }
}

const fn severity(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    }
}

/// The event as JSON without what makes it long, if that is enough.
fn shorter(event: &Event, room: usize) -> Option<String> {
    let mut json = serde_json::to_value(event).ok()?;
    for subject in ["finding", "incident", "detection", "change"] {
        if let Some(Value::Object(subject)) = json.get_mut(subject) {
            subject.retain(|key, _| !LONG.contains(&key.as_str()));
        }
    }
    json["cut"] = true.into();
    Some(visible(&json.to_string())).filter(|text| text.len() <= room)
}

/// A value of structured data: control characters made visible, then `"`, `\` and `]` escaped
/// (RFC 5424 §6.3.3).
fn value_of(text: &str) -> String {
    let cut: String = text.chars().take(VALUE_CHARS).collect();
    let mut out = String::with_capacity(cut.len());
    for c in visible(&cut).chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Control characters, line separators and what turns text around as `\uXXXX`. In JSON, where they are
/// within strings only, that means the same.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_hidden = c.is_control()
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if is_hidden {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

//! Packets of Socket.IO (protocol 5) as they are on a WebSocket: a packet of Engine.IO (protocol 4) of type
//! "message", and in it a type, how many attachments follow, a namespace, an id for the answer, and JSON:
//! `42["chat message",{"text":"a"}]`, `42/admin,17["ban","ann"]`.

/// Engine.IO: a message.
const MESSAGE: u8 = b'4';
/// Socket.IO: from CONNECT to BINARY_ACK.
const TYPES: std::ops::RangeInclusive<u8> = b'0'..=b'6';
/// EVENT and BINARY_EVENT.
const EVENTS: [u8; 2] = [b'2', b'5'];
/// Most digits of a count or an id.
const MAX_DIGITS: usize = 10;

/// The JSON in a message; `None` when it is no packet that has some.
pub(crate) fn payload(text: &str) -> Option<&str> {
    let [MESSAGE, kind, ..] = text.as_bytes() else { return None };
    let mut rest = text.get(2..).filter(|_| TYPES.contains(kind))?;
    if let Some(behind) = after_digits(rest).strip_prefix('-') {
        rest = behind;
    }
    if rest.starts_with('/') {
        rest = rest.split_once(',')?.1;
    }
    let json = after_digits(rest);
    json.starts_with(['[', '{']).then_some(json)
}

/// Whether bytes begin as an event does: the array in it begins with its name.
#[must_use]
pub fn is_event(data: &[u8]) -> bool {
    matches!(data, [MESSAGE, kind, ..] if EVENTS.contains(kind))
}

fn after_digits(text: &str) -> &str {
    let digits = text.bytes().take(MAX_DIGITS).take_while(u8::is_ascii_digit).count();
    text.get(digits..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_behind_what_is_in_front_of_it() {
        for (text, json) in [
            (r#"42["a",1]"#, Some(r#"["a",1]"#)),
            (r#"42/admin,17["ban"]"#, Some(r#"["ban"]"#)),
            (r#"4317[1]"#, Some("[1]")),
            (r#"452-["file",{}]"#, Some(r#"["file",{}]"#)),
            (r#"452-/a,9["file"]"#, Some(r#"["file"]"#)),
            (r#"40{"sid":"x"}"#, Some(r#"{"sid":"x"}"#)),
            ("40", None),
            ("2", None),
            (r#"4["a"]"#, None),
            ("42", None),
            ("42 and more", None),
            ("42/no", None),
            ("49[1]", None),
            ("", None),
        ] {
            assert_eq!(payload(text), json, "{text}");
        }
        assert!(is_event(b"42[\"a\"]") && !is_event(b"43[1]") && !is_event(b"[\"a\"]"));
    }
}

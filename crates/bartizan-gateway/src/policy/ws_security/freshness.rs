//! When a message was made, and how long it may be used (Web Services Security: SOAP Message Security 1.1 §10).

use bartizan_model::Timestamp;

use super::{
    Fault,
    document::{Part, at_most_one, elements, one, value},
    envelope::UTILITY,
};

/// Longest text of a time, in bytes.
const TIME_BYTES: usize = 40;

/// How old messages may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// In seconds.
    pub(super) max_age: i64,
    /// How far clocks may differ, in seconds.
    pub(super) leeway: i64,
}

impl Freshness {
    /// When a `wsu:Timestamp` was made, if it is good now.
    pub(super) fn of_timestamp(self, node: Part<'_>, now: Timestamp) -> Result<Timestamp, Fault> {
        const MALFORMED: &str = "timestamp-malformed";
        let created = one(node, (UTILITY, "Created"), MALFORMED)?;
        let expires = at_most_one(node, (UTILITY, "Expires"), MALFORMED)?;
        if elements(node).count() != 1 + usize::from(expires.is_some()) {
            return Err(Fault::Refused(MALFORMED));
        }
        let created = time(created).ok_or(Fault::Refused(MALFORMED))?;
        self.check(created, now)?;
        if let Some(expires) = expires {
            let expires = time(expires).ok_or(Fault::Refused(MALFORMED))?;
            if expires < created {
                return Err(Fault::Refused(MALFORMED));
            }
            if expires.seconds() < now.seconds() - self.leeway {
                return Err(Fault::Refused("timestamp-expired"));
            }
        }
        Ok(created)
    }

    /// Whether something that was made then is good now.
    pub(super) fn check(self, created: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let (created, now) = (created.seconds(), now.seconds());
        if created > now + self.leeway {
            return Err(Fault::Refused("created-in-future"));
        }
        if created < now - self.max_age - self.leeway {
            return Err(Fault::Refused("created-too-long-ago"));
        }
        Ok(())
    }

    /// From when on something that was made then is refused by its age alone.
    pub(super) const fn end(self, created: Timestamp) -> Timestamp {
        Timestamp::from_seconds(created.seconds() + self.max_age + self.leeway + 1)
    }
}

/// A time with its offset (XML Schema part 2 §3.2.7), in one way of writing it.
pub(super) fn time(node: Part<'_>) -> Option<Timestamp> {
    let text = value(node).ok()?;
    let bytes = text.as_bytes();
    let offset = bytes.last_chunk::<6>();
    let has_offset = bytes.ends_with(b"Z")
        || offset.is_some_and(|offset| matches!(offset, [b'+' | b'-', _, _, b':', _, _]));
    let is_one = bytes.len() <= TIME_BYTES && bytes.get(10) == Some(&b'T') && has_offset;
    if is_one { Timestamp::parse(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ws_security::document;

    /// 2026-01-01T00:00:00Z.
    const NOW: i64 = 1_767_225_600;

    fn judged(inside: &str) -> Result<i64, &'static str> {
        let text = format!("<u:Timestamp xmlns:u='{UTILITY}'>{inside}</u:Timestamp>")
            .replace("<C>", "<u:Created>")
            .replace("</C>", "</u:Created>")
            .replace("<E>", "<u:Expires>")
            .replace("</E>", "</u:Expires>");
        let document = document::read(text.as_bytes()).expect(&text);
        let freshness = Freshness { max_age: 300, leeway: 60 };
        let made = freshness.of_timestamp(document.root_element(), Timestamp::from_seconds(NOW));
        made.map(|made| made.seconds() - NOW).map_err(|fault| fault.reason())
    }

    #[test]
    fn messages_are_good_for_a_while() {
        for (inside, expected) in [
            ("<C>2026-01-01T00:00:00Z</C>", Ok(0)),
            ("<C>2026-01-01T00:00:00.123Z</C><E>2026-01-01T00:05:00Z</E>", Ok(0)),
            ("<C>2026-01-01T01:00:00+01:00</C>", Ok(0)),
            ("<C>2026-01-01T00:01:00Z</C>", Ok(60)),
            ("<C>2026-01-01T00:01:01Z</C>", Err("created-in-future")),
            ("<C>2025-12-31T23:54:00Z</C>", Ok(-360)),
            ("<C>2025-12-31T23:53:59Z</C>", Err("created-too-long-ago")),
            ("<C>2025-12-31T23:58:00Z</C><E>2025-12-31T23:59:00Z</E>", Ok(-120)),
            ("<C>2025-12-31T23:58:00Z</C><E>2025-12-31T23:58:59Z</E>", Err("timestamp-expired")),
            ("<C>2026-01-01T00:00:00Z</C><E>2025-12-31T23:59:59Z</E>", Err("timestamp-malformed")),
            ("<C>2026-01-01T00:00:00</C>", Err("timestamp-malformed")),
            ("<C>2026-01-01 00:00:00Z</C>", Err("timestamp-malformed")),
            ("<C> 2026-01-01T00:00:00Z</C>", Err("timestamp-malformed")),
            ("<C>2026-01-01T00:00:00Z<!-- --></C>", Err("timestamp-malformed")),
            ("<C>2026-13-01T00:00:00Z</C>", Err("timestamp-malformed")),
            ("<C>2026-01-01T00:00:00Z</C><C>2026-01-01T00:00:00Z</C>", Err("timestamp-malformed")),
            ("<C>2026-01-01T00:00:00Z</C><x/>", Err("timestamp-malformed")),
            ("<E>2026-01-01T00:00:00Z</E>", Err("timestamp-malformed")),
            ("", Err("timestamp-malformed")),
        ] {
            assert_eq!(judged(inside), expected, "{inside}");
        }
    }
}

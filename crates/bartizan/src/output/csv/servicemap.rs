//! Services that call each other and third parties as lines of a table.

use std::borrow::Cow;

use bartizan_model::{ServiceLink, ThirdParty, Timestamp};

use super::Record;

fn number(count: u64) -> Cow<'static, str> {
    count.to_string().into()
}

fn time(time: Option<Timestamp>) -> Cow<'static, str> {
    time.map(|time| time.to_string()).unwrap_or_default().into()
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> Cow<'static, str> {
    names.collect::<Vec<_>>().join("; ").into()
}

fn ms(duration: Option<f64>) -> Cow<'static, str> {
    duration.map(|ms| ms.to_string()).unwrap_or_default().into()
}

impl Record for ServiceLink {
    const COLUMNS: &'static [&'static str] = &[
        "caller",
        "callee",
        "calls",
        "failures",
        "operations",
        "median_ms",
        "p90_ms",
        "told_by",
        "top_operations",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.caller.as_str().into(),
            self.callee.as_str().into(),
            number(self.calls),
            number(self.failures),
            number(self.operations),
            ms(self.median_ms),
            ms(self.p90_ms),
            joined(self.told_by.iter().map(|told| told.by.as_str())),
            joined(self.top_operations.iter().map(|one| one.name.as_str())),
            time(self.first_seen),
            time(self.last_seen),
        ]
    }
}

impl Record for ThirdParty {
    const COLUMNS: &'static [&'static str] = &[
        "host",
        "told_by",
        "told",
        "requests",
        "failures",
        "encrypted",
        "plain",
        "operations",
        "top_operations",
        "callers",
        "sent",
        "received",
        "credentials",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let credentials = self.credentials.iter().map(|one| one.auth_type.as_str());
        vec![
            self.host.as_str().into(),
            self.told_by.as_str().into(),
            self.told.as_str().into(),
            number(self.requests),
            number(self.failures),
            number(self.encrypted),
            number(self.plain),
            number(self.operations),
            joined(self.top_operations.iter().map(|one| one.name.as_str())),
            joined(self.callers.iter().map(|one| one.id.as_str())),
            joined(self.sent.iter().map(|one| one.class.as_str())),
            joined(self.received.iter().map(|one| one.class.as_str())),
            joined(credentials),
            time(self.first_seen),
            time(self.last_seen),
        ]
    }
}

//! Routes as lines of a table.

use std::borrow::Cow;

use super::Entry;
use crate::output::csv::Record;

impl Record for Entry {
    const COLUMNS: &'static [&'static str] = &[
        "method",
        "path",
        "known_by",
        "credentials",
        "guards",
        "framework",
        "handler",
        "file",
        "line",
        "component",
        "version",
        "owner",
        "requests",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let known: Vec<&str> = self.known_by.iter().map(|by| by.as_str()).collect();
        let mut out: Vec<Cow<'_, str>> =
            vec![self.method.as_str().into(), self.path.as_str().into(), known.join("; ").into()];
        match &self.code {
            Some(code) => {
                let state = serde_json::to_value(code.authorization.state);
                let state = state.ok().and_then(|state| Some(state.as_str()?.to_owned()));
                let guards: Vec<&str> =
                    code.authorization.guards.iter().map(|guard| guard.name.as_str()).collect();
                let component = code.component.as_ref();
                out.extend([
                    state.unwrap_or_default().into(),
                    guards.join("; ").into(),
                    code.framework.into(),
                    code.handler.as_deref().unwrap_or_default().into(),
                    code.place.file.as_str().into(),
                    code.place.line.to_string().into(),
                    component.map_or("", |component| component.name.as_str()).into(),
                    component
                        .and_then(|component| component.version.as_deref())
                        .unwrap_or_default()
                        .into(),
                ]);
            }
            None => out.extend(std::iter::repeat_n(Cow::Borrowed(""), 8)),
        }
        out.push(self.owner.as_deref().unwrap_or_default().into());
        let requests: u64 = self.traffic.iter().map(|called| called.requests).sum();
        out.push(if self.traffic.is_empty() { "".into() } else { requests.to_string().into() });
        out
    }
}

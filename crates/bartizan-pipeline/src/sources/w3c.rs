//! Logs in W3C extended form, as IIS writes them.

use std::borrow::Cow;

use bartizan_model::{Duration, Exchange, source::Ordering};

use super::{
    Reading, SourceItem,
    logs::{Dialect, Form, RawLine, columns::Columns, line::Field},
    skip::SkipReason,
};

/// IIS keeps lines back in a buffer of 64 KiB, and writes one when its answer is complete.
const LATENESS: Duration = Duration::minutes(5);

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "w3c",
    title: "Log in W3C extended form (IIS and others)",
    what: "Reads lines in the columns that the last `#Fields:` line names, which may change in the \
           middle of a file (IIS writes it anew at each start): date and time (UTC, whole seconds), \
           `c-ip`, `c-port`, `cs-method`, `cs-uri-stem`, `cs-uri-query` (or `cs-uri`), `cs-host`, \
           `cs-username`, `s-ip` and `s-port` (443 and 80 tell the scheme), `sc-status`, \
           `sc-bytes`, `time-taken` (milliseconds; with a fraction, seconds), agent, referer, \
           cookie, `x-forwarded-for`, `cs-version`. The `+` that IIS writes for a blank in an agent \
           is undone; a plus before a blank is one. Paths are as IIS writes them: decoded once. \
           Values in quotes are read. Lines before any `#Fields:` line, or with another number of \
           values, are skipped and counted. Bodies are not in such a log. Lines may come up to 5 \
           minutes late.",
    extensions: &["log"],
    example: "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n2026-11-22 10:00:00 10.0.0.4 GET /v1/orders/7 expand=1 443 - 203.0.113.7 Mozilla/5.0+(X11;+Linux) - 200 0 0 12\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &[(&str, Field)] = &[
    ("date", Field::Date),
    ("time", Field::Clock),
    ("c-ip", Field::Client),
    ("c-port", Field::ClientPort),
    ("cs-username", Field::User),
    ("cs-method", Field::Method),
    ("cs-uri", Field::Target),
    ("cs-uri-stem", Field::Path),
    ("cs-uri-query", Field::Query),
    ("cs-host", Field::Host),
    ("cs(host)", Field::Host),
    ("cs-version", Field::Version),
    ("sc-status", Field::Status),
    ("sc-bytes", Field::Bytes),
    ("cs(user-agent)", Field::Header("user-agent")),
    ("cs(referer)", Field::Header("referer")),
    ("cs(cookie)", Field::Header("cookie")),
    ("x-forwarded-for", Field::Header("x-forwarded-for")),
    ("cs(x-forwarded-for)", Field::Header("x-forwarded-for")),
    ("cs(content-type)", Field::Header("content-type")),
    ("sc(content-type)", Field::ResponseHeader("content-type")),
    ("s-ip", Field::Server),
    ("s-port", Field::ServerPort),
    ("time-taken", Field::Duration),
    ("time-taken", Field::Milliseconds),
];

fn value(field: Field, text: &str) -> Cow<'_, str> {
    match field {
        Field::Header("user-agent") if !text.contains(' ') => Cow::Owned(blanks(text)),
        _ => Cow::Borrowed(text),
    }
}

/// Undoes the plus that stands for a blank; of two, the second is one: `(bot;++http://…)`.
fn blanks(text: &str) -> String {
    text.replace("++", " \u{0}").replace('+', " ").replace('\u{0}', "+")
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let columns = line.columns;
    if !columns.is_known() {
        let is_w3c = is_without_fields(line.bytes);
        return Err(if is_w3c { SkipReason::FieldsUnknown } else { SkipReason::NotALogLine });
    }
    if !is_requests(columns) || !columns.fits(line.bytes) {
        return Err(SkipReason::NotALogLine);
    }
    let mut out = columns.read(line.bytes, TABLE, value)?;
    match out.server_port {
        Some(443) => out.set(Field::Scheme, "https"),
        Some(80) => out.set(Field::Scheme, "http"),
        _ => {}
    }
    out.exchange()
}

/// Whether the columns are those of requests, and none of another dialect.
fn is_requests(columns: &Columns) -> bool {
    let has_target = columns.has("cs-uri-stem") || columns.has("cs-uri");
    columns.has("cs-method") && has_target && !columns.has("x-edge-location")
}

/// `date time … GET /path …`, of a file whose first lines are gone.
fn is_without_fields(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line.get(..line.len().min(1024)).unwrap_or_default());
    let mut words = text.split_ascii_whitespace();
    let (date, time) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let is_date = date.len() == 10 && date.as_bytes().get(4) == Some(&b'-');
    let is_time = time.len() >= 8 && time.as_bytes().get(2) == Some(&b':');
    is_date
        && is_time
        && words.any(|word| matches!(word, "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD"))
}

#[cfg(test)]
mod tests {
    use crate::sources::{
        OpenOptions,
        tests::{drain, read as read_all, split},
    };

    const TWO: &str = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken\n\
        2026-05-01 00:00:00 10.0.0.4 GET /a+b x=%20 443 DOMAIN\\al 2001:db8::1 Mo/5+(bot;++http://b.test) 200 350\n\
        #Software: again\n#Fields: time date cs-method cs-uri-stem sc-status time-taken cs-host\n\
        00:00:01 2026-05-01 POST /c 201 0.5 h.test\n\
        00:00:02 2026-05-01 POST /d 201\n";

    #[test]
    fn columns_may_change() {
        let (exchanges, skipped) = split(read_all("x", TWO.as_bytes()));
        assert_eq!((exchanges.len(), skipped), (2, vec!["wrong_columns at line 6".to_owned()]));
        let e = &exchanges[0];
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
        assert_eq!((&*e.request.scheme, &*e.request.target), ("https", "/a+b?x=%20"));
        assert_eq!(e.request.headers.get("user-agent"), Some("Mo/5 (bot; +http://b.test)"));
        assert_eq!((e.duration_ms, e.client.user.as_deref()), (Some(350.0), Some("DOMAIN\\al")));
        assert_eq!(e.server.map(|(_, port)| port), Some(Some(443)));
        let e = &exchanges[1];
        assert_eq!(e.time.map(|t| t.to_string()).as_deref(), Some("2026-05-01T00:00:01.000000Z"));
        assert_eq!((&*e.request.authority, e.duration_ms), ("h.test", Some(500.0)));
    }

    #[test]
    fn columns_are_part_of_a_checkpoint() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("u_ex.log");
        std::fs::write(&path, TWO).expect("writes");
        let mut source = OpenOptions::new().open(&path).expect("opens");
        assert_eq!(source.format(), "w3c");
        let first = source.next();
        let checkpoint = source.checkpoint();
        drop(source);
        let rest = |at| split(drain(&mut *OpenOptions::new().resume(&path, at).expect("goes on")));
        assert!(first.is_some());
        let (exchanges, skipped) = rest(&checkpoint);
        assert_eq!((exchanges.len(), skipped.len()), (1, 1));
        assert_eq!(exchanges[0].request.target, "/c");
    }

    #[test]
    fn lines_without_columns_and_quiet_hours_are_named() {
        let line = "2026-05-01 00:00:00 10.0.0.4 GET /a - 443 - 1.2.3.4 x - 200 0 0 350\n";
        let text =
            format!("{line}#Fields: date time cs-method cs-uri-stem\n2026-05-01 00:00:00 GET /\n");
        let (exchanges, skipped) = split(read_all("x", text.as_bytes()));
        assert_eq!((exchanges.len(), skipped), (1, vec!["fields_unknown at line 1".to_owned()]));
        let quiet = "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem\n";
        let end = read_all("x", quiet.as_bytes()).pop().and_then(Result::err);
        assert!(end.is_some_and(|e| e.is_empty_input()), "nothing happened is no failure");
    }
}

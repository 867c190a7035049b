//! Access logs of nginx, Apache, Traefik and what imitates them: common, combined and vhost
//! combined form, recognised line by line.

mod line;
mod prefix;
mod request_line;

use bartizan_model::{
    Duration,
    source::{Checkpoint, Ordering},
};

use super::{
    Head, Item, Source, SourceItem, SourceLimits,
    error::SourceError,
    foreign,
    input::Input,
    ledger::Ledger,
    lines::{Line, Lines},
    skip::{Place, SkipReason},
};

/// Lines are written when a request ends, with the time it began (Apache) or ended (nginx), and
/// workers write their buffers when they are full or after some minutes.
const LATENESS: Duration = Duration::minutes(5);
const HELP: &str = "write the log in combined form: remote address, user, [time], \"request\", \
                    status, bytes, \"referer\", \"user agent\"";
/// Lines of the beginning that are looked at.
const PROBE_LINES: usize = 50;

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
    recognise,
    open,
};

fn recognise(head: &Head<'_>) -> u8 {
    let lines = head.bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let mut lines: Vec<_> = lines.filter(|line| !line.is_empty()).take(PROBE_LINES + 1).collect();
    // The last line of a cut head is cut too.
    if !head.is_all && lines.len() <= PROBE_LINES && lines.len() > 1 {
        lines.pop();
    }
    let good = lines.iter().filter(|line| line::is_access_log(line)).count();
    if good > 0 {
        return 60 + u8::try_from(good * 40 / lines.len().max(1)).unwrap_or(40);
    }
    let by_name = head.extension == "log" || head.extension.starts_with("log-");
    if by_name && !lines.is_empty() { 20 } else { 0 }
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let lines = Lines::new(limits.log_line_bytes, ledger.state().number);
    Box::new(AccessLog { input, ledger, lines })
}

struct AccessLog {
    input: Input,
    ledger: Ledger,
    lines: Lines,
}

impl AccessLog {
    fn step(&mut self) -> Result<Option<Item>, SourceError> {
        while !self.ledger.is_closed() {
            let read = self.lines.next(&mut self.input)?;
            let at = Place::Line(self.lines.number());
            let outcome = match read {
                Line::End => return self.end(),
                Line::TooLong => Err(SkipReason::EntryTooLarge),
                Line::Text { .. } if self.lines.text().trim_ascii().is_empty() => {
                    self.ledger.mark(self.input.offset(), 0, self.lines.number());
                    continue;
                }
                Line::Text { ended } => {
                    let outcome = line::read(self.lines.text());
                    if !ended && outcome == Err(SkipReason::NotALogLine) {
                        // Still being written, perhaps: the mark stays before it.
                        let reason = self.input.broken().unwrap_or(SkipReason::Truncated);
                        return Ok(Some(self.ledger.skip(reason, at)));
                    }
                    outcome
                }
            };
            self.ledger.mark(self.input.offset(), 0, self.lines.number());
            return Ok(Some(match outcome {
                Ok(exchange) => self.ledger.exchange(Box::new(exchange), self.input.name()),
                Err(SkipReason::NotALogLine) if foreign::is_log_line(self.lines.text()) => {
                    self.ledger.skip(SkipReason::OtherLogFormat, at)
                }
                Err(reason) => self.ledger.skip(reason, at),
            }));
        }
        Ok(None)
    }

    fn end(&mut self) -> Result<Option<Item>, SourceError> {
        if let Some(reason) = self.input.broken() {
            return Ok(Some(self.ledger.skip(reason, Place::Line(self.lines.number()))));
        }
        self.ledger.close(&self.input, "only blank lines", HELP).map_or(Ok(None), Err)
    }
}

impl Source for AccessLog {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn format(&self) -> &'static str {
        SOURCE.name
    }

    fn ordering(&self) -> Ordering {
        SOURCE.ordering
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        let step = self.step();
        if step.is_err() {
            self.ledger.fail();
        }
        step.transpose()
    }

    fn position(&self) -> u64 {
        self.input.position()
    }

    fn total(&self) -> Option<u64> {
        self.input.total()
    }

    fn checkpoint(&self) -> Checkpoint {
        self.ledger.checkpoint(&self.input, SOURCE.name)
    }
}

#[cfg(test)]
mod tests;

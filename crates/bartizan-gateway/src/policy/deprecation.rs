//! What will be gone: told to clients beforehand, and shown to them by short outages.

use bartizan_model::{Mode, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal};
use crate::phases::Edits;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "deprecation",
    title: "Deprecated endpoints",
    mode: Mode::Monitor,
    documentation: "\
Tells clients of what is in its scope that it should not be used any more, by fields of every answer: `Deprecation` (RFC \
9745) since when, `Sunset` (RFC 8594) until when it is there, and `Link` to what explains the deprecation, to the policy \
for what is gone, and to what is there instead. With `gone_after_sunset` it is refused by 410 from then on. Where \
several policies are about one answer, the earliest times and all links are told.

Few look at fields. `brown_out` has the endpoint refused now and then before it is gone: within its time, for the first \
`seconds` of every `every_seconds`, counted from the beginning of the brown-out. Clients get 503 with `Retry-After`, \
which is the end of that outage, or 410. In monitor mode the policy says which requests would have been refused, and by \
whom they were made is with the exchanges: those who have to be told.",
    examples: &["\
name: orders-v1
mode: enforce
scope: {paths: [/v1/orders/**]}
deprecation:
  since: 2027-01-01T00:00:00Z
  sunset: 2027-12-31T00:00:00Z
  link: https://api.example/docs/orders-v2
  successor: https://api.example/v2/orders
  gone_after_sunset: true
  brown_out:
    from: 2027-11-01T00:00:00Z
    until: 2027-12-31T00:00:00Z
    every_seconds: 3600
    seconds: 300
"],
};

/// Longest time between the beginnings of two outages, in seconds.
const LONGEST: u32 = 604_800;
/// Longest link, in bytes.
const LINK_BYTES: usize = 2_048;
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Settings of a deprecation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeprecationConfig {
    /// Since when it should not be used any more (RFC 3339); may be in the future.
    pub since: Timestamp,
    /// When it will be gone (RFC 3339); not before `since`.
    #[serde(default)]
    pub sunset: Option<Timestamp>,
    /// Page that explains the deprecation, by https.
    #[serde(default)]
    pub link: Option<String>,
    /// Page that says what becomes of what is gone, by https.
    #[serde(default)]
    pub sunset_link: Option<String>,
    /// What is there instead, by https.
    #[serde(default)]
    pub successor: Option<String>,
    /// Whether it is refused (410) from `sunset` on.
    #[serde(default)]
    pub gone_after_sunset: bool,
    /// Outages that remind of it.
    #[serde(default)]
    pub brown_out: Option<BrownOut>,
}

/// Outages that remind of a deprecation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrownOut {
    /// When the first one begins (RFC 3339).
    pub from: Timestamp,
    /// When the last one has ended (RFC 3339).
    pub until: Timestamp,
    /// Seconds between the beginnings of two, 2 to 604800.
    pub every_seconds: u32,
    /// Seconds that each lasts; fewer than `every_seconds`.
    pub seconds: u32,
    /// What clients are answered with meanwhile: 503 or 410.
    #[serde(default = "unavailable")]
    pub status: u16,
}

const fn unavailable() -> u16 {
    503
}

/// A compiled deprecation.
#[derive(Debug)]
pub(crate) struct Deprecation {
    /// Since when, and how that is told.
    since: (Timestamp, HeaderValue),
    sunset: Option<(Timestamp, HeaderValue)>,
    links: Vec<HeaderValue>,
    gone: Option<Timestamp>,
    brown_out: Option<BrownOut>,
}

impl Deprecation {
    pub(crate) fn compile(config: &DeprecationConfig) -> Result<Self, Problem> {
        if config.sunset.is_some_and(|sunset| sunset < config.since) {
            return Err(Problem::new("sunset", "is before `since`"));
        }
        if config.gone_after_sunset && config.sunset.is_none() {
            return Err(Problem::new("gone_after_sunset", "needs `sunset`"));
        }
        config.brown_out.as_ref().map_or(Ok(()), check)?;
        let written = |key: &str, text: String| {
            HeaderValue::try_from(text).map_err(|_| Problem::new(key, "cannot be told in a field"))
        };
        let since = written("since", format!("@{}", config.since.seconds()))?;
        let sunset =
            config.sunset.map(|at| written("sunset", http_date(at)).map(|text| (at, text)));
        let mut links = Vec::new();
        for (key, relation, link) in [
            ("link", "deprecation", &config.link),
            ("sunset_link", "sunset", &config.sunset_link),
            ("successor", "successor-version", &config.successor),
        ] {
            let Some(link) = link else { continue };
            let uri = link.parse::<Uri>().ok().filter(|uri| uri.scheme_str() == Some("https"));
            let is_plain = |b: u8| b.is_ascii_graphic() && !b"<>\"".contains(&b);
            if uri.is_none() || link.len() > LINK_BYTES || !link.bytes().all(is_plain) {
                return Err(Problem::new(key, "expected an https URL"));
            }
            links.push(written(key, format!("<{link}>; rel=\"{relation}\""))?);
        }
        Ok(Self {
            since: (config.since, since),
            sunset: sunset.transpose()?,
            links,
            gone: config.sunset.filter(|_| config.gone_after_sunset),
            brown_out: config.brown_out,
        })
    }

    /// Whether it ever refuses.
    pub(crate) const fn refuses(&self) -> bool {
        self.gone.is_some() || self.brown_out.is_some()
    }

    /// Refuses what is gone, and what comes in an outage.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.gone.is_some_and(|gone| gone <= now) {
            let title = "this is gone; `Link` says what is there instead, if anything is";
            return Err(Refusal::deny(StatusCode::GONE, "gone", title).because("after-sunset"));
        }
        let Some(brown_out) = self.brown_out.filter(|one| one.from <= now && now < one.until)
        else {
            return Ok(());
        };
        let since = now.since(brown_out.from).as_micros() / 1_000_000;
        let into = since % i64::from(brown_out.every_seconds);
        let left = i64::from(brown_out.seconds) - into;
        if left <= 0 {
            return Ok(());
        }
        let title = "this will be gone soon, and is off for a while to remind of it";
        let status = StatusCode::from_u16(brown_out.status).unwrap_or(StatusCode::GONE);
        let refusal = Refusal::deny(status, "brown-out", title);
        Err(match status {
            StatusCode::GONE => refusal,
            _ => refusal.with(header::RETRY_AFTER, HeaderValue::from(left)),
        })
    }
}

/// Everything that deprecations of one answer have to say.
#[derive(Debug, Default)]
pub(crate) struct Announced<'a> {
    since: Option<Said<'a>>,
    sunset: Option<Said<'a>>,
    links: Vec<&'a HeaderValue>,
}

/// A time, and how it is told.
type Said<'a> = &'a (Timestamp, HeaderValue);

impl<'a> Announced<'a> {
    /// Takes another one in. The earliest times count: until then clients have to be prepared.
    pub(crate) fn add(&mut self, rule: &'a Deprecation) {
        let earliest = |known: Option<Said<'a>>, more: Said<'a>| match known {
            Some(known) if known.0 <= more.0 => Some(known),
            _ => Some(more),
        };
        self.since = earliest(self.since, &rule.since);
        if let Some(sunset) = &rule.sunset {
            self.sunset = earliest(self.sunset, sunset);
        }
        for link in &rule.links {
            if !self.links.contains(&link) {
                self.links.push(link);
            }
        }
    }

    /// Whether there is nothing to say.
    pub(crate) fn is_empty(&self) -> bool {
        self.since.is_none()
    }

    /// Tells the client. What the answer says itself about when stays; links stand beside those of the answer.
    pub(crate) fn edit(&self, fields: &HeaderMap, edits: &mut Edits) {
        for (name, said) in [(DEPRECATION, self.since), (SUNSET, self.sunset)] {
            if let Some((_, value)) = said.filter(|_| !fields.contains_key(&name)) {
                edits.set(name, value.clone());
            }
        }
        if self.links.is_empty() {
            return;
        }
        let there = fields.get_all(header::LINK).iter().chain(self.links.iter().copied());
        let all: Vec<&[u8]> = there.map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
            edits.set(header::LINK, joined);
        }
    }
}

fn check(brown_out: &BrownOut) -> Result<(), Problem> {
    if brown_out.until <= brown_out.from {
        return Err(Problem::new("brown_out.until", "is not after `from`"));
    }
    if !(2..=LONGEST).contains(&brown_out.every_seconds) {
        return Err(Problem::new("brown_out.every_seconds", "expected 2 to 604800"));
    }
    if !(1..brown_out.every_seconds).contains(&brown_out.seconds) {
        return Err(Problem::new("brown_out.seconds", "expected 1 to less than `every_seconds`"));
    }
    if ![410, 503].contains(&brown_out.status) {
        return Err(Problem::new("brown_out.status", "expected 410 or 503"));
    }
    Ok(())
}

/// A time as fields write it (RFC 9110 §5.6.7), to the second.
fn http_date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // 2026-11-22T10:00:00.000000Z; the epoch was a Thursday.
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let weekday = usize::try_from(at.seconds().div_euclid(86_400).rem_euclid(7)).unwrap_or(0);
    let month = part(5, 7).parse::<usize>().unwrap_or(1);
    format!(
        "{}, {} {} {} {} GMT",
        DAYS.get(weekday).copied().unwrap_or_default(),
        part(8, 10),
        MONTHS.get(month.saturating_sub(1)).copied().unwrap_or_default(),
        part(0, 4),
        part(11, 19)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Deprecation, Problem> {
        Deprecation::compile(&serde_saphyr::from_str(text).expect(text))
    }

    /// What becomes of fields when these are announced.
    fn announce(rules: &[&Deprecation], fields: &mut HeaderMap) {
        let (mut announced, mut edits) = (Announced::default(), Edits::default());
        rules.iter().for_each(|rule| announced.add(rule));
        announced.edit(fields, &mut edits);
        edits.apply(fields);
    }

    const V1: &str = "{since: 2023-06-30T23:59:59Z, sunset: 2024-06-30T23:59:59Z, \
                      link: 'https://a.example/d', successor: 'https://a.example/v2'}";

    const SOONER: &str = "{since: 2020-01-01T00:00:00Z, sunset: 2024-06-01T00:00:00Z, \
                          link: 'https://b.example/d', successor: 'https://a.example/v2'}";

    #[test]
    fn answers_say_since_when_and_until_when() {
        let rule = compile(V1).expect("compiles");
        let mut fields = HeaderMap::new();
        fields.append(header::LINK, HeaderValue::from_static("</next>; rel=\"next\""));
        announce(&[&rule], &mut fields);
        // The examples of RFC 9745 §2.1 and RFC 8594 §3 are of this form.
        assert_eq!(fields[DEPRECATION], "@1688169599");
        assert_eq!(fields[SUNSET], "Sun, 30 Jun 2024 23:59:59 GMT");
        let link = "</next>; rel=\"next\", <https://a.example/d>; rel=\"deprecation\", \
                    <https://a.example/v2>; rel=\"successor-version\"";
        assert_eq!(fields[header::LINK], link);
        assert!(
            !rule.refuses() && rule.check(Timestamp::from_seconds(i64::MAX / 2_000_000)).is_ok()
        );
    }

    #[test]
    fn what_the_service_says_about_it_stays() {
        let rule = compile(V1).expect("compiles");
        let mut fields = HeaderMap::new();
        fields.insert(SUNSET, HeaderValue::from_static("Mon, 01 Jan 2024 00:00:00 GMT"));
        announce(&[&rule], &mut fields);
        assert_eq!(fields[SUNSET], "Mon, 01 Jan 2024 00:00:00 GMT");
    }

    #[test]
    fn of_several_the_earliest_times_and_all_links_are_told() {
        let (one, other) = (compile(V1).expect("compiles"), compile(SOONER).expect("compiles"));
        let bare = compile("{since: 2025-01-01T00:00:00Z}").expect("compiles");
        let mut first = HeaderMap::new();
        announce(&[&one, &other, &bare], &mut first);
        assert_eq!(first[DEPRECATION], "@1577836800");
        assert_eq!(first[SUNSET], "Sat, 01 Jun 2024 00:00:00 GMT");
        let link = "<https://a.example/d>; rel=\"deprecation\", \
                    <https://a.example/v2>; rel=\"successor-version\", \
                    <https://b.example/d>; rel=\"deprecation\"";
        assert_eq!(first[header::LINK], link, "each once");
        let mut second = HeaderMap::new();
        announce(&[&bare, &other, &one], &mut second);
        assert_eq!((&first[DEPRECATION], &first[SUNSET]), (&second[DEPRECATION], &second[SUNSET]));
        let mut nothing = HeaderMap::new();
        announce(&[], &mut nothing);
        assert!(nothing.is_empty());
    }

    #[test]
    fn dates_are_those_of_fields() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(Timestamp::from_seconds(seconds)), expected);
        }
    }

    #[test]
    fn outages_come_and_go_until_it_is_gone() {
        let text = "{since: 1970-01-01T00:00:00Z, sunset: 1970-01-01T00:16:40Z, \
                    gone_after_sunset: true, brown_out: {from: 1970-01-01T00:01:40Z, \
                    until: 1970-01-01T00:05:00Z, every_seconds: 60, seconds: 10}}";
        let rule = compile(text).expect("compiles");
        for (seconds, status, wait) in [
            (99, None, None),
            (100, Some(503), Some("10")),
            (109, Some(503), Some("1")),
            (110, None, None),
            (159, None, None),
            (160, Some(503), Some("10")),
            (300, None, None),
            (999, None, None),
            (1_000, Some(410), None),
        ] {
            let refusal = rule.check(Timestamp::from_seconds(seconds)).err();
            let waits = refusal.as_ref().and_then(|refusal| refusal.fields.first().cloned());
            let waits = waits.map(|(_, value)| value.to_str().expect("text").to_owned());
            assert_eq!(refusal.map(|refusal| refusal.status.as_u16()), status, "{seconds}");
            assert_eq!(waits.as_deref(), wait, "{seconds}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let since = "since: 2027-01-01T00:00:00Z";
        let brown_out =
            |rest: &str| format!("{{{since}, brown_out: {{from: 2027-01-01T00:00:00Z, {rest}}}}}");
        let day = "until: 2027-01-02T00:00:00Z";
        for (text, key) in [
            (format!("{{{since}, sunset: 2026-01-01T00:00:00Z}}"), "sunset"),
            (format!("{{{since}, gone_after_sunset: true}}"), "gone_after_sunset"),
            (format!("{{{since}, link: 'http://a.example'}}"), "link"),
            (format!("{{{since}, successor: 'https://a.example/\">'}}"), "successor"),
            (
                brown_out("until: 2027-01-01T00:00:00Z, every_seconds: 60, seconds: 1"),
                "brown_out.until",
            ),
            (brown_out(&format!("{day}, every_seconds: 1, seconds: 1")), "brown_out.every_seconds"),
            (brown_out(&format!("{day}, every_seconds: 60, seconds: 60")), "brown_out.seconds"),
            (brown_out(&format!("{day}, every_seconds: 60, seconds: 0")), "brown_out.seconds"),
            (
                brown_out(&format!("{day}, every_seconds: 60, seconds: 1, status: 500")),
                "brown_out.status",
            ),
        ] {
            assert_eq!(compile(&text).expect_err(&text).key, key, "{text}");
        }
    }
}

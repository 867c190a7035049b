//! How senders sign deliveries: which bytes, how, and where they say so.

use aws_lc_rs::hmac;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

use super::{Encoding, GenericConfig, HmacHash, Scheme, WebhookConfig};
use crate::policy::config::Problem;

/// Most signatures of one delivery that are compared: a sender that replaces a secret sends two.
const SIGNATURES: usize = 8;
/// Most bytes of the field with the signature.
const FIELD_BYTES: usize = 4_096;
/// Most digits of a time in seconds.
const DIGITS: usize = 12;
/// Most parts of what is signed.
const PARTS: usize = 16;

/// How deliveries of a sender are signed.
#[derive(Debug)]
pub(super) struct Form {
    field: HeaderName,
    writing: Writing,
    pub(super) algorithm: hmac::Algorithm,
    encoding: Encoding,
    signed: Vec<Part>,
    /// Where it says when it was signed, if it does.
    time: Option<Time>,
    /// A signed field that names the delivery.
    id: Option<HeaderName>,
}

/// How a field holds signatures.
#[derive(Debug)]
enum Writing {
    /// One, after this.
    Plain(String),
    /// Several, each after `v1,`, with spaces between them.
    Versions,
    /// `t=TIME,v1=SIGNATURE`, the latter as often as needed.
    Pairs,
}

/// A part of what is signed.
#[derive(Debug)]
enum Part {
    Text(String),
    Field(HeaderName),
    /// The time of [`Writing::Pairs`].
    Time,
    Body,
}

#[derive(Debug, PartialEq, Eq)]
enum Time {
    Field(HeaderName),
    Pair,
}

/// What a head says about how a delivery is signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said<'h> {
    pub(super) signatures: Vec<Vec<u8>>,
    /// When it was signed, in seconds since 1970.
    pub(super) time: Option<i64>,
    time_text: &'h str,
    /// Its name, where a signed field has one.
    pub(super) id: Option<&'h [u8]>,
}

impl Form {
    pub(super) fn compile(config: &WebhookConfig) -> Result<Self, Problem> {
        if config.scheme != Scheme::Generic && config.generic.is_some() {
            return Err(Problem::new("generic", "is for `scheme: generic` only"));
        }
        let name = HeaderName::from_static;
        let text = |text: &str| Part::Text(text.to_owned());
        let hmac = hmac::HMAC_SHA256;
        Ok(match config.scheme {
            Scheme::Standard => Self {
                field: name("webhook-signature"),
                writing: Writing::Versions,
                algorithm: hmac,
                encoding: Encoding::Base64,
                signed: vec![
                    Part::Field(name("webhook-id")),
                    text("."),
                    Part::Field(name("webhook-timestamp")),
                    text("."),
                    Part::Body,
                ],
                time: Some(Time::Field(name("webhook-timestamp"))),
                id: Some(name("webhook-id")),
            },
            Scheme::Github => Self {
                field: name("x-hub-signature-256"),
                writing: Writing::Plain("sha256=".to_owned()),
                algorithm: hmac,
                encoding: Encoding::Hex,
                signed: vec![Part::Body],
                time: None,
                id: None,
            },
            Scheme::Stripe => Self {
                field: name("stripe-signature"),
                writing: Writing::Pairs,
                algorithm: hmac,
                encoding: Encoding::Hex,
                signed: vec![Part::Time, text("."), Part::Body],
                time: Some(Time::Pair),
                id: None,
            },
            Scheme::Slack => Self {
                field: name("x-slack-signature"),
                writing: Writing::Plain("v0=".to_owned()),
                algorithm: hmac,
                encoding: Encoding::Hex,
                signed: vec![
                    text("v0:"),
                    Part::Field(name("x-slack-request-timestamp")),
                    text(":"),
                    Part::Body,
                ],
                time: Some(Time::Field(name("x-slack-request-timestamp"))),
                id: None,
            },
            Scheme::Generic => {
                let missing = || Problem::new("generic", "says how deliveries are signed");
                Self::generic(config.generic.as_ref().ok_or_else(missing)?)
                    .map_err(|problem| problem.below("generic"))?
            }
        })
    }

    fn generic(config: &GenericConfig) -> Result<Self, Problem> {
        let field = |key: &str, name: &str| {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            parsed.map_err(|_| Problem::new(key, "is no field name"))
        };
        let signed = parts(&config.signed)?;
        let signed_field = |key: &str, name: &Option<String>| {
            let Some(name) = name else { return Ok(None) };
            let name = field(key, name)?;
            let is_it = |part: &Part| matches!(part, Part::Field(known) if *known == name);
            if signed.iter().any(is_it) {
                Ok(Some(name))
            } else {
                let problem = "is not signed, so that anybody could change it: name it in `signed`";
                Err(Problem::new(key, problem))
            }
        };
        let id = signed_field("id_header", &config.id_header)?;
        let time = signed_field("timestamp_header", &config.timestamp_header)?.map(Time::Field);
        Ok(Self {
            field: field("header", &config.header)?,
            writing: Writing::Plain(config.prefix.clone()),
            algorithm: match config.algorithm {
                HmacHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                HmacHash::Sha256 => hmac::HMAC_SHA256,
                HmacHash::Sha384 => hmac::HMAC_SHA384,
                HmacHash::Sha512 => hmac::HMAC_SHA512,
            },
            encoding: config.encoding,
            signed,
            time,
            id,
        })
    }

    /// What a head says, without whether it is true.
    ///
    /// # Errors
    /// A short name of what is missing or wrong.
    pub(super) fn read<'h>(&self, fields: &'h HeaderMap) -> Result<Said<'h>, &'static str> {
        let value = one(fields, &self.field).map_err(|several| match several {
            true => "signature-several",
            false => "signature-missing",
        })?;
        let text = value.to_str().ok().filter(|text| text.len() <= FIELD_BYTES);
        let text = text.ok_or("signature-malformed")?;
        let (written, paired) = self.written(text)?;
        let signatures = written.into_iter().map(|text| self.decode(text));
        let signatures: Option<Vec<_>> = signatures.collect();
        let signatures = signatures.filter(|all| (1..=SIGNATURES).contains(&all.len()));
        let signatures = signatures.ok_or("signature-malformed")?;
        for (at, part) in self.signed.iter().enumerate() {
            if let Part::Field(name) = part {
                self.check_signed(at, one(fields, name).map_err(|_| "signed-field-missing")?)?;
            }
        }
        let time_text = match &self.time {
            None => "",
            Some(Time::Pair) => paired.ok_or("timestamp-missing")?,
            Some(Time::Field(name)) => {
                let value = one(fields, name).map_err(|_| "timestamp-missing")?;
                value.to_str().map_err(|_| "timestamp-malformed")?
            }
        };
        let time = match self.time {
            None => None,
            Some(_) => Some(seconds(time_text).ok_or("timestamp-malformed")?),
        };
        let id = match &self.id {
            None => None,
            Some(name) => Some(one(fields, name).map_err(|_| "signed-field-missing")?.as_bytes()),
        };
        Ok(Said { signatures, time, time_text, id })
    }

    /// The signatures of a field, still encoded, and the time beside them.
    fn written<'t>(&self, text: &'t str) -> Result<(Vec<&'t str>, Option<&'t str>), &'static str> {
        match &self.writing {
            Writing::Plain(prefix) => {
                let written = text.strip_prefix(prefix.as_str()).ok_or("signature-malformed")?;
                Ok((vec![written], None))
            }
            Writing::Versions => {
                // Others than `v1` are made with other keys.
                let all = text.split(' ').filter_map(|one| one.strip_prefix("v1,"));
                Ok((all.take(SIGNATURES + 1).collect(), None))
            }
            Writing::Pairs => {
                let pairs = || text.split(',').filter_map(|pair| pair.split_once('='));
                let mut times = pairs().filter(|(key, _)| *key == "t").map(|(_, value)| value);
                let time = times.next();
                if times.next().is_some() {
                    return Err("signature-malformed");
                }
                let all = pairs().filter(|(key, _)| *key == "v1").map(|(_, value)| value);
                Ok((all.take(SIGNATURES + 1).collect(), time))
            }
        }
    }

    /// A signature of the length that the hash has: what is cut off is none.
    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        let decoded = match self.encoding {
            Encoding::Hex => unhex(text),
            Encoding::Base64 => STANDARD.decode(text).ok(),
            Encoding::Base64Url => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok(),
        };
        decoded.filter(|bytes| bytes.len() == self.algorithm.tag_len())
    }

    /// What is signed has to be parted in one way only, or who has one signed delivery could take a piece of a field for
    /// the body, or of the body for a field. Fields before the body end where the text behind them comes first, fields
    /// behind it begin where the text before them comes last: it must not come any sooner or later than that, be it within
    /// the field or where the two meet.
    fn check_signed(&self, at: usize, value: &HeaderValue) -> Result<(), &'static str> {
        let value = value.as_bytes();
        let text = |at: usize| match self.signed.get(at) {
            Some(Part::Text(text)) => text.as_bytes(),
            _ => &[],
        };
        let is_behind = self.signed[..at].iter().any(|part| matches!(part, Part::Body));
        let is_clear = if is_behind {
            let text = text(at.saturating_sub(1));
            memmem::rfind(&[text, value].concat(), text) == Some(0)
        } else {
            let text = text(at + 1);
            memmem::find(&[value, text].concat(), text) == Some(value.len())
        };
        if is_clear && !value.is_empty() { Ok(()) } else { Err("signed-field-malformed") }
    }

    /// Gives what is signed, piece by piece; without what changes each time that the same is sent if `is_name`.
    pub(super) fn signed(
        &self,
        fields: &HeaderMap,
        said: &Said<'_>,
        body: &[u8],
        is_name: bool,
        mut piece: impl FnMut(&[u8]),
    ) {
        for part in &self.signed {
            match part {
                Part::Text(text) => piece(text.as_bytes()),
                Part::Body => piece(body),
                Part::Time if is_name => {}
                Part::Time => piece(said.time_text.as_bytes()),
                Part::Field(name) => {
                    let is_time = matches!(&self.time, Some(Time::Field(time)) if time == name);
                    // It was there when the head was read.
                    let value = fields.get(name).filter(|_| !(is_name && is_time));
                    piece(value.map_or(&[][..], HeaderValue::as_bytes));
                }
            }
        }
    }
}

/// The only value of a field; otherwise whether there are several.
fn one<'h>(fields: &'h HeaderMap, name: &HeaderName) -> Result<&'h HeaderValue, bool> {
    let mut values = fields.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (first, _) => Err(first.is_some()),
    }
}

fn seconds(text: &str) -> Option<i64> {
    let is_plain =
        (1..=DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
    if rest.is_empty() { bytes.collect() } else { None }
}

/// Parts of `{header.x-id}.{body}`.
fn parts(template: &str) -> Result<Vec<Part>, Problem> {
    let wrong = |problem: &str| Problem::new("signed", problem);
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        if parts.len() >= PARTS {
            return Err(wrong(&format!("has more than {PARTS} parts")));
        }
        if let Some(inside) = rest.strip_prefix('{') {
            let (name, behind) = inside.split_once('}').ok_or_else(|| wrong("`{` is left open"))?;
            if matches!(parts.last(), Some(Part::Field(_) | Part::Body)) {
                return Err(wrong(
                    "two values without a text between them can be taken for others",
                ));
            }
            parts.push(match name.strip_prefix("header.") {
                None if name == "body" => Part::Body,
                None => return Err(wrong("expected `{body}` or `{header.NAME}`")),
                Some(name) => {
                    let name = HeaderName::from_bytes(name.as_bytes());
                    Part::Field(name.map_err(|_| wrong("names a field that cannot be"))?)
                }
            });
            rest = behind;
        } else {
            let (text, _) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            if text.contains('}') {
                return Err(wrong("`}` without `{`"));
            }
            parts.push(Part::Text(text.to_owned()));
            rest = &rest[text.len()..];
        }
    }
    if parts.iter().filter(|part| matches!(part, Part::Body)).count() != 1 {
        return Err(wrong("`{body}` has to be in it, once"));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_say_what_is_signed_in_one_way() {
        for good in ["{body}", "v1:{header.x-id}.{header.x-time}.{body}", "{body}!"] {
            assert!(parts(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "{header.x-id}",
            "{body}{body}",
            "{body}.{body}",
            "{header.x-id}{body}",
            "{header.x id}.{body}",
            "{header.}.{body}",
            "{query.a}.{body}",
            "{body",
            "body}",
            "}{body}",
        ] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
        assert!(parts(&"a{header.b}".repeat(20)).is_err());
    }

    #[test]
    fn only_plain_seconds_are_a_time() {
        assert_eq!((seconds("1614265330"), seconds("0")), (Some(1_614_265_330), Some(0)));
        for wrong in ["", "-1", "+1", "1.5", " 1", "1e9", "1614265330000", "١"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        assert_eq!(unhex("0fF0"), Some(vec![15, 240]));
        for wrong in ["f", "0g", "+1", "é1"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}

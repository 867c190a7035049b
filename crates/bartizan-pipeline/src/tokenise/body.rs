//! Bodies: JSON and forms here, markup beside; what cannot be parsed is replaced as a whole.

use bartizan_model::BodyState;
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{Tokeniser, words::is_name};

/// Members of an object from which on the decoder takes all keys for those of a map.
const MAP_KEYS: usize = 64;

impl Tokeniser {
    /// Replaces the values of a body. One that is encoded, no text, or of a kind that is not known is
    /// left out.
    pub(super) fn body(
        &self,
        media: &str,
        is_encoded: bool,
        body: &mut Bytes,
        state: &mut BodyState,
    ) {
        if body.is_empty() {
            return;
        }
        let text = std::str::from_utf8(body).ok().filter(|_| !is_encoded);
        match text.and_then(|text| self.known(media, text)) {
            Some(text) => *body = text.into_bytes().into(),
            None => {
                *body = Bytes::new();
                *state = BodyState::NotCaptured;
            }
        }
    }

    fn known(&self, media: &str, text: &str) -> Option<String> {
        let start = text.trim_start();
        let says_json = media.ends_with("json");
        let says_markup = media.ends_with("xml") || media.ends_with("html");
        if says_json || start.starts_with(['{', '[', '"']) {
            return Some(if is_json(text) { self.json(text) } else { self.text(text) });
        }
        if media == "application/x-www-form-urlencoded" {
            let mut out = String::with_capacity(text.len());
            self.pairs(&mut out, text);
            return Some(out);
        }
        if says_markup || start.starts_with('<') {
            return Some(self.markup(text).unwrap_or_else(|| self.text(text)));
        }
        media.starts_with("text/").then(|| self.text(text))
    }

    /// Strings and numbers of JSON that was parsed before, and keys that are no names.
    pub(super) fn json(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        // Members so far of each object that is open; arrays have a place too.
        let mut open: Vec<usize> = Vec::new();
        let mut rest = text;
        while let Some(ch) = rest.chars().next() {
            if ch == '"' {
                let (string, behind) = rest.split_at(string_end(rest));
                let is_key = behind.trim_start().starts_with(':');
                let count = open.last_mut().filter(|_| is_key);
                let is_map = count.is_some_and(|count| {
                    *count += 1;
                    *count > MAP_KEYS
                });
                if is_key && !is_map && is_key_name(string) {
                    out.push_str(string);
                } else {
                    self.json_string(&mut out, string);
                }
                rest = behind;
                continue;
            }
            if ch == '-' || ch.is_ascii_digit() {
                let is_of_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
                let end = rest.find(|c: char| !is_of_number(c)).unwrap_or(rest.len());
                self.json_number(&mut out, &rest[..end]);
                rest = &rest[end..];
                continue;
            }
            match ch {
                '{' | '[' => open.push(0),
                '}' | ']' => drop(open.pop()),
                _ => {}
            }
            out.push(ch);
            rest = &rest[ch.len_utf8()..];
        }
        out
    }

    /// A number keeps its sign, a first digit that is 0 or not, and that it has an exponent: of one
    /// digit, so that it stays a number that can be read.
    fn json_number(&self, out: &mut String, number: &str) {
        let mut stream = super::Stream::of(&self.key, number);
        let (digits, exponent) = match number.find(['e', 'E']) {
            Some(at) => number.split_at(at),
            None => (number, ""),
        };
        let mut is_first = true;
        for ch in digits.chars() {
            out.push(match (ch, stream.replace(ch)) {
                ('0', _) if is_first => '0',
                ('1'..='9', '0') if is_first => '1',
                (_, replaced) => replaced,
            });
            is_first &= !ch.is_ascii_digit();
        }
        if !exponent.is_empty() {
            out.extend(exponent.chars().take_while(|ch| !ch.is_ascii_digit()));
            out.push(stream.replace('0'));
        }
    }

    /// A string with its quotes. Escapes stay, but those that stand for a character become `x`.
    fn json_string(&self, out: &mut String, string: &str) {
        let inner = string.get(1..string.len().saturating_sub(1)).unwrap_or_default();
        let mut stream = super::Stream::of(&self.key, inner);
        out.push('"');
        let mut chars = inner.chars();
        while let Some(ch) = chars.next() {
            match ch {
                '\\' => match chars.next() {
                    Some('u') => {
                        out.push('x');
                        chars.by_ref().take(4).for_each(drop);
                    }
                    Some(next) => out.extend([ch, next]),
                    None => {}
                },
                _ => out.push(stream.replace(ch)),
            }
        }
        out.push('"');
    }
}

/// Whether a text is JSON, or several JSON values one behind the other.
fn is_json(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.all(|value| value.is_ok())
}

/// Whether a key with its quotes is a name. Letters that are written as escapes are none's.
fn is_key_name(string: &str) -> bool {
    string.strip_prefix('"').and_then(|text| text.strip_suffix('"')).is_some_and(is_name)
}

/// Length of a JSON string at the beginning of `text`, its quotes included.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

//! Formats that are asserted: those of JSON Schema, and of the registry of OpenAPI those that say something about a
//! value.

use jsonschema::PatternOptions;
use serde_json::{Value, json};

use crate::policy::schema::fit::OwnFormat;

/// Formats of JSON Schema 2020-12.
const STANDARD: [&str; 19] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Formats of texts in the registry of OpenAPI.
pub(super) const OWN: [OwnFormat; 3] =
    [("byte", is_base64), ("base64url", is_base64url), ("char", is_character)];

/// Whether it says something about a text.
pub(super) fn is_asserted(name: &str) -> bool {
    STANDARD.contains(&name) || OWN.iter().any(|(own, _)| *own == name)
}

/// The schema of the numbers that a format allows.
pub(super) fn range(name: &str) -> Option<Value> {
    Some(match name {
        "int8" => json!({"minimum": i8::MIN, "maximum": i8::MAX}),
        "uint8" => json!({"minimum": 0, "maximum": u8::MAX}),
        "int16" => json!({"minimum": i16::MIN, "maximum": i16::MAX}),
        "uint16" => json!({"minimum": 0, "maximum": u16::MAX}),
        "int32" => json!({"minimum": i32::MIN, "maximum": i32::MAX}),
        "uint32" => json!({"minimum": 0, "maximum": u32::MAX}),
        "int64" => json!({"minimum": i64::MIN, "maximum": i64::MAX}),
        "uint64" => json!({"minimum": 0, "maximum": u64::MAX}),
        "double-int" => {
            json!({"minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64})
        }
        "float" => json!({"minimum": f32::MIN, "maximum": f32::MAX}),
        _ => return None,
    })
}

/// Whether a pattern can be compared in time that is bounded by its text: without looking around or back.
pub(super) fn is_pattern(text: &str) -> bool {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(&json!({"pattern": text})).is_ok()
}

/// RFC 4648 section 4, with or without padding.
fn is_base64(text: &str) -> bool {
    is_encoded(text, b"+/")
}

/// RFC 4648 section 5, with or without padding.
fn is_base64url(text: &str) -> bool {
    is_encoded(text, b"-_")
}

fn is_encoded(text: &str, others: &[u8]) -> bool {
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
    bare.bytes().all(is_one)
        && bare.len() % 4 != 1
        && (padding == 0 || (padding < 3 && text.len().is_multiple_of(4)))
}

fn is_character(text: &str) -> bool {
    text.chars().count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_texts() {
        for text in ["", "YQ==", "YWI=", "YWJj", "YQ", "+/+/"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["Y", "YQ=", "Y===", "YW Jj", "-_-_", "YQ==YQ==", "é"] {
            assert!(!is_base64(text), "{text}");
        }
        assert!(is_base64url("-_-_") && !is_base64url("+/+/"));
        assert!(is_character("é") && !is_character("") && !is_character("ab"));
    }

    #[test]
    fn patterns_that_look_around_are_none() {
        for text in ["^a+$", r"\d{4}", r"^\p{L}+$", "[a-z]{1,64}"] {
            assert!(is_pattern(text), "{text}");
        }
        for text in ["(?=a)", "(?!a)b", "(?<=a)b", r"(a)\1", "(", "[z-a]"] {
            assert!(!is_pattern(text), "{text}");
        }
    }

    #[test]
    fn ranges_are_of_numbers() {
        let byte = json!({"minimum": -128, "maximum": 127});
        assert_eq!((range("int8"), range("date"), range("double")), (Some(byte), None, None));
    }
}

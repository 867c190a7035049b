//! Values, steps and codecs of the view.

/// An embedded encoding that was undone, as the decode chain names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Base64 or base64url.
    Base64,
    /// JSON inside a string.
    Json,
    /// A JSON Web Token; `header` and `payload` follow.
    Jwt,
    /// Another round of percent-decoding.
    Percent,
    /// Form encoding inside a string.
    Form,
}

impl Codec {
    const ALL: [Self; 5] = [Self::Base64, Self::Json, Self::Jwt, Self::Percent, Self::Form];

    /// The codec with that word in decode chains.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.as_str() == word)
    }

    /// The word in the decode chain.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Json => "json",
            Self::Jwt => "jwt",
            Self::Percent => "percent",
            Self::Form => "form",
        }
    }
}

/// How a node hangs on its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Key of an object, name of a parameter, header, cookie, form field or element.
    Key(&'a str),
    /// Key of a map of high cardinality: `{key}` in the general form.
    AnyKey(&'a str),
    /// The n-th value (from 0) of a name that repeats.
    Repeat(&'a str, u32),
    /// Element of an array, or segment of a path.
    Index(u32),
    /// What an embedded decoder found in the parent's text.
    Decoded(Codec),
}

/// A typed value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// JSON `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// Any other number, as a double.
    Number(f64),
    /// Text; from forms, query, headers and XML everything is text.
    Text(&'a str),
    /// An object; children follow.
    Object,
    /// An array; children follow.
    Array,
    /// Bytes that are no text (their number).
    Opaque(u64),
}

impl Value<'_> {
    /// The type as parameters name it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Object => "object",
            Self::Array => "array",
            Self::Opaque(_) => "binary",
        }
    }

    /// Whether it holds no other values.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        !matches!(self, Self::Object | Self::Array)
    }
}

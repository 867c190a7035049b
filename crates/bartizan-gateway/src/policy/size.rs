//! Size limits: smaller ones than those of the gateway, for a part of what it serves.

use bartizan_model::Mode;
use http::{HeaderMap, StatusCode, header, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal};
use crate::phases::{BodyView, Streamed};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "size",
    title: "Size limits",
    mode: Mode::Enforce,
    documentation: "\
Refuses requests that are larger than this part of the API needs: the target (414), the fields of the \
head together or their number (431), the body (413). A body is refused by the length that the client \
states, before any of it is read, and by its real length once it is there. A body that is passed on as \
it comes (gRPC, or above the limit of the whole gateway where that streams) has no length to compare: \
when it is already known to be above the gateway's limit it is refused, else it counts as not \
evaluated. The limits of the gateway hold beside these.",
    examples: &["\
name: small-login
scope: {paths: [/login], methods: [POST]}
size: {body_bytes: 4096, target_bytes: 512}
"],
};

/// Settings of a size policy. What is missing is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SizeConfig {
    /// Most bytes of a body, as transferred.
    pub body_bytes: Option<u64>,
    /// Most bytes of path and query.
    pub target_bytes: Option<u32>,
    /// Most bytes of all field names and values together.
    pub head_bytes: Option<u32>,
    /// Most fields.
    pub fields: Option<u32>,
}

/// A compiled size policy.
#[derive(Debug)]
pub(crate) struct Sizes(SizeConfig);

impl Sizes {
    pub(crate) fn compile(config: &SizeConfig) -> Result<Self, Problem> {
        if *config == SizeConfig::default() {
            return Err(Problem::new("", "at least one limit is needed"));
        }
        for (key, value) in [("target_bytes", config.target_bytes), ("fields", config.fields)] {
            if value == Some(0) {
                return Err(Problem::new(key, "every request has at least one"));
            }
        }
        Ok(Self(config.clone()))
    }

    /// What the head alone tells.
    pub(crate) fn check_head(&self, request: &request::Parts) -> Result<(), Refusal> {
        let target = request.uri.path_and_query().map_or(1, |target| target.as_str().len());
        if exceeds(target, self.0.target_bytes) {
            let title = "the target is longer than is taken here";
            return Err(Refusal::deny(StatusCode::URI_TOO_LONG, "target-too-long", title));
        }
        let fields = &request.headers;
        let is_large = exceeds(fields.len(), self.0.fields)
            || self.0.head_bytes.is_some() && exceeds(bytes_of(fields), self.0.head_bytes);
        if is_large {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            let title = "the fields are larger than is taken here";
            return Err(Refusal::deny(status, "head-too-large", title));
        }
        let stated = fields.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        match stated.and_then(|text| text.parse::<u64>().ok()) {
            Some(stated) => self.check_length(stated),
            None => Ok(()),
        }
    }

    /// What the body tells; `None` when its length is not known.
    pub(crate) fn check_body(&self, body: BodyView<'_>) -> Option<Result<(), Refusal>> {
        self.0.body_bytes?;
        match body {
            BodyView::Whole(bytes) => Some(self.check_length(bytes.len() as u64)),
            BodyView::Streamed(Streamed::TooLarge) => Some(Err(too_large())),
            BodyView::Streamed(Streamed::TooSlow | Streamed::Endless | Streamed::NoRoom) => None,
        }
    }

    pub(crate) fn limits_bodies(&self) -> bool {
        self.0.body_bytes.is_some()
    }

    fn check_length(&self, length: u64) -> Result<(), Refusal> {
        match self.0.body_bytes {
            Some(most) if length > most => Err(too_large()),
            _ => Ok(()),
        }
    }
}

fn too_large() -> Refusal {
    let title = "the body is larger than is taken here";
    Refusal::deny(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large-here", title)
}

fn exceeds(value: usize, most: Option<u32>) -> bool {
    most.is_some_and(|most| value > most as usize)
}

fn bytes_of(fields: &HeaderMap) -> usize {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn head(target: &str, fields: &[(&str, &str)]) -> request::Parts {
        let mut request = http::Request::builder().uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn status(result: Result<(), Refusal>) -> u16 {
        result.err().map_or(200, |refusal| refusal.status.as_u16())
    }

    #[test]
    fn heads_and_stated_lengths() {
        let config = SizeConfig {
            body_bytes: Some(10),
            target_bytes: Some(8),
            head_bytes: Some(40),
            fields: Some(2),
        };
        let sizes = Sizes::compile(&config).expect("compiles");
        let check =
            |target: &str, fields: &[(&str, &str)]| status(sizes.check_head(&head(target, fields)));
        assert_eq!(check("/2345678", &[]), 200);
        assert_eq!(check("/23?5678", &[]), 200);
        assert_eq!(check("/23456789", &[]), 414);
        assert_eq!(check("/", &[("a", "1"), ("b", "2"), ("c", "3")]), 431);
        assert_eq!(check("/", &[("a", &"x".repeat(39))]), 200);
        assert_eq!(check("/", &[("a", &"x".repeat(40))]), 431);
        assert_eq!(check("/", &[("content-length", "10")]), 200);
        assert_eq!(check("/", &[("content-length", "11")]), 413);
    }

    #[test]
    fn bodies_by_their_real_length() {
        let sizes = Sizes::compile(&SizeConfig { body_bytes: Some(3), ..Default::default() });
        let sizes = sizes.expect("compiles");
        let whole = |text: &'static str| {
            sizes.check_body(BodyView::Whole(&Bytes::from_static(text.as_bytes()))).map(status)
        };
        assert_eq!((whole("abc"), whole("abcd")), (Some(200), Some(413)));
        let streamed = |why| sizes.check_body(BodyView::Streamed(why)).map(status);
        assert_eq!(streamed(Streamed::TooLarge), Some(413));
        assert_eq!((streamed(Streamed::Endless), streamed(Streamed::TooSlow)), (None, None));
        let none = Sizes::compile(&SizeConfig { fields: Some(1), ..Default::default() });
        assert!(!none.expect("compiles").limits_bodies());
        assert!(Sizes::compile(&SizeConfig::default()).is_err());
    }
}

//! Security fields of responses: set, added where they are missing, removed.

use std::collections::BTreeMap;

use bartizan_model::Mode;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem};
use crate::phases::Edits;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "headers",
    title: "Security fields of responses",
    mode: Mode::Monitor,
    documentation: "\
Changes fields of responses on their way to the client, also of the gateway's policies' own answers. \
Several such policies come in the order in which they are written, each after what the one before it has changed. \
`set` replaces a field, `add` gives one only where the response has none of that name, `remove` takes \
it away. `recommended` (on unless switched off) adds `X-Content-Type-Options: nosniff`, \
`Referrer-Policy: no-referrer`, `Cache-Control: no-store` for answers to requests with credentials \
that say nothing about caching, and on HTTPS `Strict-Transport-Security: max-age=31536000`, and \
removes `Server`, `X-Powered-By`, `X-AspNet-Version` and `X-AspNetMvc-Version`. Fields that frame a \
message cannot be changed. The answer that opens a WebSocket (101) stays as it is.",
    examples: &["\
name: security-fields
mode: enforce
headers:
  set: {content-security-policy: default-src 'none'; frame-ancestors 'none'}
  remove: [x-runtime]
"],
};

/// Most fields of each list.
const FIELDS: usize = 64;
/// Removed by recommendation: they tell attackers what to look up.
const TELLING: [&str; 4] = ["server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version"];
/// Fields that are of the message, not of what it says.
const FRAMING: [&str; 7] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "content-encoding",
    "upgrade",
    "trailer",
    "te",
];

/// Settings of a policy about fields of responses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeadersConfig {
    /// Fields that are replaced.
    pub set: BTreeMap<String, String>,
    /// Fields that are given where there is none of that name.
    pub add: BTreeMap<String, String>,
    /// Fields that are removed.
    pub remove: Vec<String>,
    /// Whether the recommended changes are made too.
    pub recommended: bool,
}

impl Default for HeadersConfig {
    fn default() -> Self {
        let (set, add) = (BTreeMap::new(), BTreeMap::new());
        Self { set, add, remove: Vec::new(), recommended: true }
    }
}

/// A compiled policy about fields of responses.
#[derive(Debug)]
pub(crate) struct Fields {
    set: Vec<(HeaderName, HeaderValue)>,
    add: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
    recommended: bool,
}

impl Fields {
    pub(crate) fn compile(config: &HeadersConfig) -> Result<Self, Problem> {
        let mut remove = Vec::new();
        for (at, text) in config.remove.iter().enumerate() {
            remove.push(name(&format!("remove.{at}"), text)?);
        }
        let mut add = values("add", &config.add)?;
        let set = values("set", &config.set)?;
        if config.recommended {
            add.push((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
            add.push((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
            remove.extend(TELLING.map(HeaderName::from_static));
        }
        if set.is_empty() && add.is_empty() && remove.is_empty() {
            return Err(Problem::new("", "there is nothing to do"));
        }
        // What is set or added on purpose is not removed by recommendation.
        remove.retain(|gone| !set.iter().chain(&add).any(|(name, _)| name == gone));
        Ok(Self { set, add, remove, recommended: config.recommended })
    }

    /// The changes for a response with these fields; `false` when there is none.
    pub(crate) fn edit(&self, fields: &HeaderMap, about: About, edits: &mut Edits) -> bool {
        let mut changes = false;
        for (name, value) in &self.set {
            if fields.get(name) != Some(value) || fields.get_all(name).iter().count() > 1 {
                edits.set(name.clone(), value.clone());
                changes = true;
            }
        }
        let mut add = |name: &HeaderName, value: &HeaderValue| {
            if !fields.contains_key(name) && !self.set.iter().any(|(set, _)| set == name) {
                edits.set(name.clone(), value.clone());
                changes = true;
            }
        };
        for (name, value) in &self.add {
            add(name, value);
        }
        if self.recommended && about.is_secure {
            let year = HeaderValue::from_static("max-age=31536000");
            add(&header::STRICT_TRANSPORT_SECURITY, &year);
        }
        if self.recommended && about.has_credentials {
            add(&header::CACHE_CONTROL, &HeaderValue::from_static("no-store"));
        }
        for name in &self.remove {
            if fields.contains_key(name) {
                edits.remove(name.clone());
                changes = true;
            }
        }
        changes
    }
}

/// What a response answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    /// The client came over HTTPS.
    pub(crate) is_secure: bool,
    /// The request carried a credential.
    pub(crate) has_credentials: bool,
}

/// The name of a field that may be changed.
pub(super) fn name(key: &str, text: &str) -> Result<HeaderName, Problem> {
    let name = HeaderName::from_bytes(text.as_bytes());
    let name = name.map_err(|_| Problem::new(key, format!("{text:?} is no field name")))?;
    if FRAMING.contains(&name.as_str()) {
        return Err(Problem::new(key, format!("{name} frames the message and stays as it is")));
    }
    Ok(name)
}

/// Names and values of fields that may be changed.
pub(super) fn values(
    key: &str,
    map: &BTreeMap<String, String>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    if map.len() > FIELDS {
        return Err(Problem::new(key, format!("more than {FIELDS} fields")));
    }
    let mut out: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(map.len());
    for (text, value) in map {
        let key = format!("{key}.{text}");
        let name = name(&key, text)?;
        let value = HeaderValue::from_str(value);
        let value = value.map_err(|_| Problem::new(&key, "the value holds control characters"))?;
        if out.iter().any(|(known, _)| *known == name) {
            return Err(Problem::new(&key, "is there in another spelling already"));
        }
        out.push((name, value));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> HeadersConfig {
        serde_saphyr::from_str(text).expect("a configuration")
    }

    fn edited(
        config: &HeadersConfig,
        fields: &[(&'static str, &'static str)],
        about: About,
    ) -> Vec<String> {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_static(value));
        }
        let mut edits = Edits::default();
        let changes = Fields::compile(config).expect("compiles").edit(&map, about, &mut edits);
        let before = map.clone();
        edits.apply(&mut map);
        assert_eq!(changes, map != before);
        let mut out: Vec<_> =
            map.iter().map(|(n, v)| format!("{n}: {}", v.to_str().expect("text"))).collect();
        out.sort();
        out
    }

    #[test]
    fn fields_are_set_added_and_removed() {
        let config = config(
            "{set: {X-A: '1'}, add: {x-b: '2', x-c: '3'}, remove: [x-d], recommended: false}",
        );
        let fields = [("x-a", "0"), ("x-a", "9"), ("x-b", "0"), ("x-d", "0"), ("server", "s")];
        assert_eq!(
            edited(&config, &fields, About::default()),
            ["server: s", "x-a: 1", "x-b: 0", "x-c: 3"]
        );
        // Nothing to change is seen as such.
        edited(&config, &[("x-a", "1"), ("x-b", "2"), ("x-c", "3")], About::default());
    }

    #[test]
    fn recommended_changes() {
        let about = About { is_secure: true, has_credentials: true };
        let got =
            edited(&HeadersConfig::default(), &[("server", "x"), ("x-powered-by", "y")], about);
        let expected = [
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "strict-transport-security: max-age=31536000",
            "x-content-type-options: nosniff",
        ];
        assert_eq!(got, expected);
        let kept = [("cache-control", "max-age=5"), ("referrer-policy", "origin")];
        let got = edited(&HeadersConfig::default(), &kept, About { is_secure: false, ..about });
        assert_eq!(
            got,
            [
                "cache-control: max-age=5",
                "referrer-policy: origin",
                "x-content-type-options: nosniff"
            ]
        );
        let own = config("{set: {server: bartizan}}");
        assert!(
            edited(&own, &[("server", "x")], About::default())
                .contains(&"server: bartizan".to_owned())
        );
    }

    #[test]
    fn impossible_changes_are_refused() {
        for text in [
            "{recommended: false}",
            "{set: {content-length: '1'}}",
            "{set: {'a b': '1'}}",
            "{add: {a: \"x\\ny\"}}",
            "{add: {a: '1', A: '2'}}",
            "{remove: [Transfer-Encoding]}",
        ] {
            assert!(Fields::compile(&config(text)).is_err(), "{text}");
        }
    }
}

//! How much of a list one may ask for at once.

use bartizan_model::Mode;
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, asked, config::Problem, record::Refusal};

/// Most names, and most parameters of one query that are compared with them.
const NAMES: usize = 64;
const PARAMETERS: usize = 1_024;
/// Longest name, in bytes.
const NAME_BYTES: usize = 64;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "page_size",
    title: "Page sizes",
    mode: Mode::Monitor,
    documentation: "\
Refuses requests (400) whose query asks for more of a list at once than it says: parameters with one of the names, \
compared without case, percent-decoded, also with brackets behind them (`limit[]`, `limit[0]`). What is no number of \
decimal digits is refused too (`-1`, `1e9`, `0x7f`, `all`): servers read such as no limit at all. An empty value passes. \
Every one of several counts. A query of more than 1024 parameters is refused.

Only the query is looked at; arguments of GraphQL and fields of bodies are not.",
    examples: &["\
name: lists
mode: enforce
page_size: {most: 100}
"],
};

/// Settings of a limit of page sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageSizeConfig {
    /// Most that may be asked for at once.
    pub most: u64,
    /// Names of query parameters, up to 64.
    #[serde(default = "names")]
    pub parameters: Vec<String>,
}

fn names() -> Vec<String> {
    let names = [
        "limit",
        "per_page",
        "perpage",
        "page_size",
        "pagesize",
        "page[size]",
        "page[limit]",
        "$top",
        "max_results",
        "maxresults",
    ];
    names.map(str::to_owned).to_vec()
}

/// A compiled limit of page sizes.
#[derive(Debug)]
pub(crate) struct PageSize {
    most: u64,
    /// In lower case.
    names: Vec<String>,
}

impl PageSize {
    pub(crate) fn compile(config: &PageSizeConfig) -> Result<Self, Problem> {
        if config.parameters.is_empty() || config.parameters.len() > NAMES {
            return Err(Problem::new("parameters", format!("expected 1 to {NAMES} names")));
        }
        let is_name = |name: &String| !name.is_empty() && name.len() <= NAME_BYTES;
        if let Some(at) = config.parameters.iter().position(|name| !is_name(name)) {
            let key = format!("parameters.{at}");
            return Err(Problem::new(key, format!("expected 1 to {NAME_BYTES} bytes")));
        }
        let names = config.parameters.iter().map(|name| name.to_lowercase()).collect();
        Ok(Self { most: config.most, names })
    }

    pub(crate) fn check(&self, uri: &Uri) -> Result<(), Refusal> {
        let Some(query) = uri.query() else { return Ok(()) };
        for (at, pair) in query.split(['&', ';']).enumerate() {
            if at == PARAMETERS {
                return Err(refusal("too-many-parameters", String::new()));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = asked::parameter(name).to_lowercase();
            if !self.names.iter().any(|known| is_named(&name, known)) {
                continue;
            }
            let value = asked::parameter(value);
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let digits = value.bytes().all(|b| b.is_ascii_digit());
            // What is too long to be a number is too large.
            if !digits
                || value.parse::<u64>().is_ok_and(|size| size > self.most)
                || value.len() > 19
            {
                let reason = if digits { "page-too-large" } else { "page-size-no-number" };
                return Err(refusal(reason, format!("at most {} at once", self.most)));
            }
        }
        Ok(())
    }
}

/// Whether a name is another one, or that with a bracketed index behind it.
fn is_named(name: &str, known: &str) -> bool {
    let Some(rest) = name.strip_prefix(known) else { return false };
    rest.is_empty() || (rest.starts_with('[') && rest.ends_with(']'))
}

fn refusal(reason: &'static str, detail: String) -> Refusal {
    let title = "this asks for more at once than is given";
    Refusal::deny(StatusCode::BAD_REQUEST, "page-too-large", title)
        .because(reason)
        .with_detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_within_the_limit_pass() {
        let config: PageSizeConfig = serde_json::from_str(r#"{"most": 100}"#).expect("read");
        let rule = PageSize::compile(&config).expect("compiles");
        for (query, passes) in [
            ("", true),
            ("limit=100&page=2", true),
            ("limit=", true),
            ("limit", true),
            ("limits=5000", true),
            ("q=limit=5000", true),
            ("limit=101", false),
            ("LIMIT=101", false),
            ("l%69mit=101", false),
            ("l%2569mit=101", false),
            ("limit=%31%30%31", false),
            ("limit=10&limit=101", false),
            ("limit=10;limit=101", false),
            ("limit[]=101", false),
            ("limit%5B0%5D=101", false),
            ("page[size]=101", false),
            ("page%5Bsize%5D=101", false),
            ("%24top=1000", false),
            ("limit=-1", false),
            ("limit=1e9", false),
            ("limit=0x7f", false),
            ("limit=all", false),
            ("limit=99999999999999999999999", false),
            ("limit=+101", false),
        ] {
            let uri = Uri::try_from(format!("/a?{query}")).expect(query);
            assert_eq!(rule.check(&uri).is_ok(), passes, "{query}");
        }
        let many = format!("/a?{}", "a&".repeat(PARAMETERS + 1));
        assert!(rule.check(&Uri::try_from(many).expect("a target")).is_err());
    }
}

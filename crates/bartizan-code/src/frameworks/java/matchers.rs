//! Matchers of requests, as security rules of Spring are written with.

use super::types::{Java, arguments, name_of, type_name};
use crate::{
    frameworks::{ant, calls::callee},
    syntax::Piece,
};

/// Which requests a rule is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher {
    /// The method, where only one is meant.
    pub(super) method: Option<String>,
    /// Patterns of paths.
    pub(super) patterns: Vec<String>,
    /// Whether every path is meant.
    pub(super) is_any: bool,
    /// Whether a slash at the end makes no difference.
    pub(super) is_lenient: bool,
}

impl Matcher {
    /// One for all requests.
    pub(super) fn any() -> Self {
        Self { is_any: true, ..Self::default() }
    }

    /// Whether all requests of a route match.
    pub(super) fn takes(&self, method: &str, path: &str) -> bool {
        if self.method.as_deref().is_some_and(|wanted| wanted != method) {
            return false;
        }
        let bare =
            if self.is_lenient && path.len() > 1 { path.trim_end_matches('/') } else { path };
        self.is_any || self.patterns.iter().any(|it| ant::matches(it, bare))
    }
}

/// Calls that say which requests a rule is for.
pub(super) const MATCHERS: &[&str] = &[
    "antMatchers",
    "anyExchange",
    "anyRequest",
    "matchers",
    "mvcMatchers",
    "pathMatchers",
    "regexMatchers",
    "requestMatchers",
];

/// Matchers that are built from others, or from a path.
const BUILDERS: &[&str] = &[
    "AndRequestMatcher",
    "AndServerWebExchangeMatcher",
    "AntPathRequestMatcher",
    "MvcRequestMatcher",
    "OrRequestMatcher",
    "OrServerWebExchangeMatcher",
    "PathPatternParserServerWebExchangeMatcher",
    "antMatcher",
    "anyOf",
    "matcher",
    "matchers",
    "pathMatchers",
    "pathPattern",
    "pattern",
];

const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
const MAX_DEPTH: usize = 8;

/// What a call like `requestMatchers(…)` matches.
pub(super) fn of_call<'f>(java: &Java<'_, 'f>, call: &Piece<'f>) -> Vec<Matcher> {
    let name = callee(call);
    if matches!(name, "anyRequest" | "anyExchange") {
        return vec![Matcher::any()];
    }
    let mut found = of_arguments(java, &arguments(call), 0);
    for matcher in &mut found {
        matcher.is_lenient |= name.starts_with("mvc");
        if name.starts_with("regex") {
            matcher.patterns.iter_mut().for_each(|it| *it = of_regex(it));
        }
    }
    found
}

fn of_arguments<'f>(java: &Java<'_, 'f>, given: &[Piece<'f>], depth: usize) -> Vec<Matcher> {
    let mut own = Matcher::default();
    let mut found = Vec::new();
    for argument in given.iter().take(100) {
        if let Some(method) = method_of(argument) {
            own.method = Some(method);
            continue;
        }
        let texts = if is_matcher(java, argument) { Vec::new() } else { java.strings(argument) };
        for text in texts {
            if METHODS.contains(&text.as_str()) {
                own.method = Some(text);
            } else {
                own.patterns.push(if text.starts_with('/') { text } else { format!("/{text}") });
            }
        }
        found.extend(of_matcher(java, argument, depth + 1));
    }
    // A method alone stands for all of its requests.
    own.is_any = own.method.is_some() && own.patterns.is_empty() && found.is_empty();
    if own.is_any || !own.patterns.is_empty() {
        found.push(own);
    }
    found
}

/// Whether an expression is a matcher or a variable that holds one, not a text.
fn is_matcher<'f>(java: &Java<'_, 'f>, piece: &Piece<'f>) -> bool {
    let declared = if piece.is(&["identifier"]) { java.declared(piece) } else { None };
    let value = declared.map(|it| it.field("value").unwrap_or(it)).unwrap_or(*piece);
    is_builder(&value)
        || value.is(&["object_creation_expression"])
            && value.field("type").is_some_and(|it| it.text().ends_with("Matcher"))
}

fn is_builder(piece: &Piece<'_>) -> bool {
    match piece.kind() {
        "method_invocation" => BUILDERS.contains(&callee(piece)),
        "object_creation_expression" => {
            piece.field("type").is_some_and(|of| BUILDERS.contains(&type_name(&of)))
        }
        _ => false,
    }
}

/// What an expression that is a matcher matches.
fn of_matcher<'f>(java: &Java<'_, 'f>, piece: &Piece<'f>, depth: usize) -> Vec<Matcher> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    match piece.kind() {
        _ if is_builder(piece) => of_arguments(java, &arguments(piece), depth + 1),
        "method_invocation" if piece.text().starts_with("EndpointRequest.") => {
            let patterns = vec!["/actuator/**".to_owned()];
            vec![Matcher { patterns, ..Matcher::default() }]
        }
        "method_invocation" if callee(piece) == "regexMatcher" => {
            let mut found = of_arguments(java, &arguments(piece), depth + 1);
            let patterns = found.iter_mut().flat_map(|it| it.patterns.iter_mut());
            patterns.for_each(|it| *it = of_regex(it));
            found
        }
        "method_invocation" if callee(piece) == "toArray" => {
            piece.field("object").map(|it| of_matcher(java, &it, depth + 1)).unwrap_or_default()
        }
        "method_invocation" if matches!(callee(piece), "of" | "asList") => {
            arguments(piece).iter().flat_map(|it| of_matcher(java, it, depth + 1)).collect()
        }
        "array_initializer" => {
            piece.children().take(100).flat_map(|it| of_matcher(java, &it, depth + 1)).collect()
        }
        "array_creation_expression" => {
            piece.field("value").map(|it| of_matcher(java, &it, depth + 1)).unwrap_or_default()
        }
        "field_access" if piece.text() == "AnyRequestMatcher.INSTANCE" => vec![Matcher::any()],
        "identifier" => {
            let found = java.declared(piece);
            let value = found.and_then(|it| match it.kind() {
                "variable_declarator" => it.field("value"),
                _ => Some(it),
            });
            // Texts were taken already.
            value
                .filter(|it| java.strings(it).is_empty() || is_matcher(java, it))
                .map(|it| of_matcher(java, &it, depth + 1))
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// `HttpMethod.GET`, `GET` of a static import, `HttpMethod.GET.name()`.
fn method_of(piece: &Piece<'_>) -> Option<String> {
    let text = piece.text().trim_end_matches(".name()").trim_end_matches(".toString()");
    let last = text.rsplit('.').next().unwrap_or(text);
    let is_constant =
        text == last || text.contains("HttpMethod.") || text.contains("RequestMethod.");
    (is_constant && METHODS.contains(&last)).then(|| last.to_owned())
}

/// A regular expression as a pattern, as far as it is a simple one.
fn of_regex(text: &str) -> String {
    let text = text.trim_start_matches('/').trim_start_matches('^').trim_end_matches('$');
    let text = text.replace("[^/]+", "*").replace("\\d+", "*").replace("\\.", ".");
    let text = text.replace("(/.*)?", "/**").replace("/.*", "/**").replace(".*", "*");
    if text.starts_with('/') { text } else { format!("/{text}") }
}

/// The calls that a call is made on and those made on it, as `a().b().c()` from the inside.
pub(super) fn chained<'f>(call: &Piece<'f>) -> impl Iterator<Item = Piece<'f>> + use<'f> {
    std::iter::successors(Some(*call), |call| {
        let parent = call.parent()?;
        let is_on = parent.is(&["method_invocation"]) && parent.field("object")? == *call;
        is_on.then_some(parent)
    })
    .take(200)
}

/// Whether a call is made on what a call of `name` gives, directly or not.
pub(super) fn is_on(call: &Piece<'_>, name: &str) -> bool {
    std::iter::successors(call.field("object"), |it| it.field("object"))
        .take(200)
        .any(|it| it.is(&["method_invocation"]) && name_of(&it) == name)
}

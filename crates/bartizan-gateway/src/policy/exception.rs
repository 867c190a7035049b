//! Exceptions: a narrow part of a policy's scope in which it is not asked until a time that somebody has named.

use bartizan_model::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    config::Problem,
    scope::{Scope, ScopeConfig},
};

/// Most exceptions of one policy.
const EXCEPTIONS: usize = 64;
/// Longest reason, in bytes.
const REASON_BYTES: usize = 500;

/// Where a policy is not asked for some time, although its scope fits. It is asked all the same where the request may
/// be read as another one that is not excepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionConfig {
    /// Where. It has to name paths, and not all of them.
    pub scope: ScopeConfig,
    /// When it ends (RFC 3339). From then on the policy is asked as if the exception was not there.
    pub until: Timestamp,
    /// Why it is made, for whoever reads it later: 1 to 500 bytes.
    pub reason: String,
}

/// A compiled exception.
#[derive(Clone, Debug)]
pub(crate) struct Exception {
    pub(crate) scope: Scope,
    until: Timestamp,
}

impl Exception {
    /// Whether it counts at a time.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Compiles the exceptions of a policy. Those that have ended are compiled too: what is written down stays right.
pub(crate) fn compile(configs: &[ExceptionConfig]) -> Result<Vec<Exception>, Problem> {
    if configs.len() > EXCEPTIONS {
        return Err(Problem::new("except", format!("{EXCEPTIONS} are the most")));
    }
    let mut exceptions = Vec::with_capacity(configs.len());
    for (at, config) in configs.iter().enumerate() {
        let key = |key: &str| format!("except.{at}.{key}");
        let is_all = |path: &String| path.split('/').all(|part| part.is_empty() || part == "**");
        if config.scope.paths.is_empty() || config.scope.paths.iter().any(is_all) {
            let problem =
                "expected paths, and not all of them: `mode: off` is for the whole policy";
            return Err(Problem::new(key("scope.paths"), problem));
        }
        if config.reason.trim().is_empty() || config.reason.len() > REASON_BYTES {
            return Err(Problem::new(key("reason"), "expected 1 to 500 bytes that say why"));
        }
        let scope = Scope::compile(&config.scope);
        let scope =
            scope.map_err(|(of, problem)| Problem::new(key(&format!("scope.{of}")), problem))?;
        exceptions.push(Exception { scope, until: config.until });
    }
    Ok(exceptions)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::policy::{
        asked::Asked,
        scope::{Reach, Wanted},
    };

    fn read(text: &str) -> Vec<ExceptionConfig> {
        serde_saphyr::from_str(text).expect(text)
    }

    fn scope(exceptions: &str) -> Scope {
        let paths = vec!["/orders/**".to_owned()];
        let mut scope =
            Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() }).expect("a scope");
        scope.exceptions = compile(&read(exceptions)).expect("compiles");
        scope
    }

    fn asked(path: &str, seconds: i64) -> Asked {
        let request = Request::get(path).body(()).expect("a request").into_parts().0;
        let wanted = Wanted { paths: true, methods: true, ..Wanted::default() };
        Asked::new(wanted, None, &request).at(Timestamp::from_seconds(seconds))
    }

    const EXPORT: &str = "[{scope: {paths: [/orders/export], methods: [GET]}, until: 1970-01-01T00:01:40Z, reason: a job}]";

    #[test]
    fn an_exception_is_narrow_and_ends() {
        let scope = scope(EXPORT);
        for (path, seconds, reach) in [
            ("/orders/export", 99, Reach::Out),
            ("/orders/export", 100, Reach::Surely),
            ("/orders/exports", 99, Reach::Surely),
            ("/orders/7", 99, Reach::Surely),
            ("/other", 99, Reach::Out),
        ] {
            let asked = asked(path, seconds);
            assert_eq!(scope.reach(&asked), reach, "{path} {seconds}");
            let is_excepted = path == "/orders/export" && seconds < 100;
            assert_eq!(scope.is_excepted(&asked), is_excepted, "{path} {seconds}");
        }
    }

    /// Whoever wants past a policy must not get there by a path that only looks like the excepted one.
    #[test]
    fn what_may_be_something_else_is_not_excepted() {
        let scope = scope(EXPORT);
        for path in [
            "/orders/7/../export",
            "/orders/export/..;/7",
            "/orders/7/%2e%2e/export",
            "/orders/export?_method=DELETE",
        ] {
            let asked = asked(path, 1);
            assert!(scope.reach(&asked).is_possible(), "{path}");
            assert!(!scope.is_excepted(&asked), "{path}");
        }
    }

    #[test]
    fn wide_and_unexplained_exceptions_are_refused() {
        let until = "until: 2030-01-01T00:00:00Z";
        for (text, key) in [
            (format!("[{{scope: {{}}, {until}, reason: x}}]"), "except.0.scope.paths"),
            (
                format!("[{{scope: {{paths: ['/**']}}, {until}, reason: x}}]"),
                "except.0.scope.paths",
            ),
            (format!("[{{scope: {{paths: [/]}}, {until}, reason: x}}]"), "except.0.scope.paths"),
            (format!("[{{scope: {{paths: [a]}}, {until}, reason: x}}]"), "except.0.scope.paths"),
            (format!("[{{scope: {{paths: [/a]}}, {until}, reason: ' '}}]"), "except.0.reason"),
        ] {
            let problem = compile(&read(&text)).expect_err(&text);
            assert_eq!(problem.key, key, "{text}");
        }
        let one = read(EXPORT);
        assert!(compile(&vec![one[0].clone(); EXCEPTIONS + 1]).is_err());
        let without_end = "[{scope: {paths: [/a]}, reason: x}]";
        assert!(serde_saphyr::from_str::<Vec<ExceptionConfig>>(without_end).is_err());
    }
}

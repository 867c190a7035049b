//! Decoys: what is nowhere mentioned, so that nobody asks for it who means well.

use bartizan_model::Mode;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, exception, record::Refusal, scope::ScopeConfig};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "decoy",
    title: "Decoy endpoints",
    mode: Mode::Monitor,
    documentation: "\
Refuses every request in its scope, which has to name paths that do not exist and that nothing links to: only who looks \
for something asks for `/.env` or `/admin/backup.zip`. The refusal (`decoy`) is kept with the exchange and counted, so \
`bartizan exchanges --decided` and the metric `policy_reasons` show who is looking. The client is told what it would be \
told of any path that does not exist: 404, or the `status` that your service answers with; a 401 asks for a credential as \
the first enforced `authentication` policy for that path does, or else the first of all. The body is a problem document \
as that of other refusals here: where your service answers for paths that do not exist, its own body may look different. In monitor \
mode the request goes on to the upstream and is noted all the same.",
    examples: &["\
name: nothing-to-see
mode: enforce
scope: {paths: [/.env, /.git/**, /wp-admin/**, /actuator/heapdump], ignore_case: true}
decoy: {status: 404}
"],
};

/// Settings of decoys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DecoyConfig {
    /// What clients are answered with: 401, 403, 404 or 410.
    pub status: u16,
}

impl Default for DecoyConfig {
    fn default() -> Self {
        Self { status: 404 }
    }
}

/// A compiled decoy.
#[derive(Debug)]
pub(crate) struct Decoy {
    status: StatusCode,
}

impl Decoy {
    pub(crate) fn compile(config: &DecoyConfig, scope: &ScopeConfig) -> Result<Self, Problem> {
        if !exception::names_places(scope) {
            let problem = "the scope of the policy has to name paths, and not all of them: it refuses all that is in it";
            return Err(Problem::new("", problem));
        }
        let status = StatusCode::from_u16(config.status).ok();
        let status = status.filter(|status| [401, 403, 404, 410].contains(&status.as_u16()));
        let status =
            status.ok_or_else(|| Problem::new("status", "expected 401, 403, 404 or 410"))?;
        Ok(Self { status })
    }

    /// Refuses. The client must not find out that it was a decoy: where it is told that a credential is needed, it is
    /// told so as it is elsewhere, by `asks_who`.
    pub(crate) fn check(&self, asks_who: impl FnOnce() -> Option<Refusal>) -> Result<(), Refusal> {
        let (code, title) = match self.status.as_u16() {
            401 => {
                let refusal = asks_who().unwrap_or_else(|| {
                    let title = "this needs a valid credential";
                    Refusal::deny(self.status, "authentication-required", title)
                });
                return Err(refusal.because("decoy"));
            }
            403 => ("forbidden", "this is not allowed"),
            410 => ("gone", "this is gone"),
            _ => ("not-found", "there is nothing here"),
        };
        Err(Refusal::deny(self.status, code, title).because("decoy"))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    #[test]
    fn it_refuses_and_does_not_tell_why() {
        let scope = ScopeConfig { paths: vec!["/.env".to_owned()], ..ScopeConfig::default() };
        for status in [401, 403, 404, 410] {
            let decoy = Decoy::compile(&DecoyConfig { status }, &scope).expect("compiles");
            let refusal = decoy.check(|| None).expect_err("refused");
            assert_eq!((refusal.status.as_u16(), refusal.reason), (status, "decoy"));
            assert!(!refusal.code.contains("decoy") && !refusal.title.contains("decoy"));
            let reply = refusal.into_reply();
            assert_eq!(reply.headers.contains_key(header::WWW_AUTHENTICATE), status == 401);
        }
        for status in [200, 302, 500, 42] {
            assert!(Decoy::compile(&DecoyConfig { status }, &scope).is_err(), "{status}");
        }
    }

    #[test]
    fn who_is_asked_for_a_credential_is_asked_as_elsewhere() {
        let scope = ScopeConfig { paths: vec!["/.env".to_owned()], ..ScopeConfig::default() };
        let elsewhere = || {
            let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "authentication-required", "x");
            let asked = HeaderValue::from_static("Basic realm=\"shop\"");
            Some(refusal.with(header::WWW_AUTHENTICATE, asked))
        };
        let decoy = Decoy::compile(&DecoyConfig { status: 401 }, &scope).expect("compiles");
        let refusal = decoy.check(elsewhere).expect_err("refused");
        assert_eq!((refusal.code, refusal.reason), ("authentication-required", "decoy"));
        let reply = refusal.into_reply();
        assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Basic realm=\"shop\"");
        let gone = Decoy::compile(&DecoyConfig { status: 410 }, &scope).expect("compiles");
        assert_eq!(gone.check(elsewhere).expect_err("refused").code, "gone");
    }

    #[test]
    fn everywhere_is_no_decoy() {
        for paths in [&[][..], &["/**"], &["/.env", "/*"], &["/"]] {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            let scope = ScopeConfig { paths, ..ScopeConfig::default() };
            assert!(Decoy::compile(&DecoyConfig::default(), &scope).is_err(), "{scope:?}");
        }
    }
}

//! Authorisation: who may call what, by scopes, roles and claims of a verified identity.

use std::collections::BTreeMap;

use bartizan_model::{Exchange, Mode};
use bartizan_protocols::Decoded;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PolicyItem,
    authentication::Way,
    called::{self, Called},
    config::Problem,
    identity::Identity,
    record::Refusal,
    roles,
    vouchers::Vouchers,
};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "authorization",
    title: "Authorisation",
    mode: Mode::Monitor,
    documentation: "\
Says who may call what is in its scope: whoever meets one of the grants in `allow`. A grant is met by one identity \
that has all of its `scopes` and `claims`, one of its `roles`, is one of its `subjects` and was identified `by` one of the \
ways that it names, as far as it lists any. What a token calls `ann` need not be the user `ann`, nor the certificate: where \
the configuration identifies callers in several ways, a grant with `subjects` has to say `by` which, and where it takes \
tokens of several issuers also of which (`claims: {iss: […]}`); `identified` is met by every verified identity, `anyone` also without. Roles are looked for in the claims of \
`role_claims`, as a text or a list of texts; a name with dots leads into objects (`realm_access.roles`). Identities \
come from `api_key`, `jwt`, `introspection`, `basic` and `message_signature` policies, in either mode, and from client \
certificates. Whoever is not let in is \
answered with 401 when nobody was identified, else with 403, or in both cases with 404 where `hide` is set.

`deny_rest: true` instead of grants is the switch to deny by default: such a policy refuses what no other \
`authorization` policy allows. One allows a request when the request is surely in its scope, however an upstream may \
read the path and method, and meets a grant, in whatever mode the policy is, unless it is `off`. So a route whose \
policy is misspelt stays closed, and so does one that nobody has thought of. What is open to all needs a policy that \
says so (`allow: [{anyone: true}]`). Several policies about one request must all let it pass.

`calls` narrows a policy to what a body calls: fields of the root of a GraphQL document, one by one and whatever \
alias they have, methods of JSON-RPC, XML-RPC and gRPC, operations of SOAP. For messages of a WebSocket it is the \
text in a member `type`, `action`, `event`, `method` or `command` of a JSON object, and the fields of a GraphQL document \
in its `payload`. Names are compared without case. \
Such a policy is asked behind the size of the body. A request or message of which it cannot be told what it calls \
(a batch, a persisted document, members that only some servers take for a query or method, such as `Query`, what target \
and body say differently, a body that is not held or beyond 1 MiB or 5 milliseconds) is in it: it may call anything. It never makes up for a grant that `deny_rest` looks for.",
    examples: &[
        "\
name: administration
mode: enforce
scope: {paths: [/v1/admin/**], ignore_case: true}
authorization: {allow: [{roles: [admin]}, {scopes: [admin:read, admin:write]}]}
",
        "\
name: nothing-else
mode: enforce
authorization: {deny_rest: true}
",
        "\
name: only-managers-set-roles
mode: enforce
scope: {paths: [/graphql]}
authorization: {calls: [setRole], allow: [{roles: [manager]}]}
",
    ],
};

/// The claim that names who made a token, and is known of each.
const ISSUER: &str = "iss";

/// Settings of an authorization policy: either `allow` or `deny_rest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthorizationConfig {
    /// Who may; one of these is enough.
    pub allow: Vec<GrantConfig>,
    /// Whether it refuses what no other policy of this kind allows.
    pub deny_rest: bool,
    /// What has to be called for the policy to apply; everything in scope when empty.
    pub calls: Vec<String>,
    /// Claims in which roles are looked for.
    pub role_claims: Vec<String>,
    /// Whether the client is told that there is nothing (404).
    pub hide: bool,
}

impl Default for AuthorizationConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny_rest: false,
            calls: Vec::new(),
            role_claims: roles::usual_role_claims(),
            hide: false,
        }
    }
}

/// Who may: whoever meets all that is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GrantConfig {
    /// Everybody, identified or not.
    pub anyone: bool,
    /// Everybody who was identified.
    pub identified: bool,
    /// Roles, of which one is needed.
    pub roles: Vec<String>,
    /// Scopes, of which all are needed.
    pub scopes: Vec<String>,
    /// Claims, all of them, each with one of the values given for it.
    pub claims: BTreeMap<String, Vec<Value>>,
    /// Subjects of tokens, names of certificates, of users with passwords and of keys of signatures, and ids of own keys,
    /// of which it must be one.
    pub subjects: Vec<String>,
    /// Ways of being identified, of which it must be one.
    pub by: Vec<Way>,
}

impl AuthorizationConfig {
    /// Claims that it reads.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &String> {
        let of_grants = self.allow.iter().flat_map(|grant| grant.claims.keys());
        of_grants.chain(&self.role_claims)
    }
}

/// A compiled authorization policy.
#[derive(Debug)]
pub(crate) struct Authorization {
    config: AuthorizationConfig,
}

impl Authorization {
    pub(crate) fn compile(
        config: &AuthorizationConfig,
        vouchers: &Vouchers,
    ) -> Result<Self, Problem> {
        roles::check_names("role_claims", &config.role_claims)?;
        roles::check_names("calls", &config.calls)?;
        if config.deny_rest {
            if !config.allow.is_empty() {
                return Err(Problem::new("deny_rest", "is instead of `allow`: use two policies"));
            }
            if !config.calls.is_empty() {
                return Err(Problem::new("deny_rest", "is about requests, not about `calls`"));
            }
        } else if config.allow.is_empty() {
            let problem = "at least one is needed; `deny_rest: true` refuses what nothing allows";
            return Err(Problem::new("allow", problem));
        }
        if config.allow.len() > roles::NAMES {
            return Err(Problem::new("allow", format!("more than {} entries", roles::NAMES)));
        }
        for (at, grant) in config.allow.iter().enumerate() {
            grant.check(vouchers).map_err(|Problem { key, problem }| {
                let dot = if key.is_empty() { "" } else { "." };
                Problem::new(format!("allow.{at}{dot}{key}"), problem)
            })?;
        }
        Ok(Self { config: config.clone() })
    }

    /// Whether it refuses what no other policy allows.
    pub(crate) const fn is_rest(&self) -> bool {
        self.config.deny_rest
    }

    /// Whether it needs to know what a body calls.
    pub(crate) const fn is_about_calls(&self) -> bool {
        !self.config.calls.is_empty()
    }

    /// Whether one of these may.
    pub(crate) fn check(&self, who: &[Identity]) -> Result<(), Refusal> {
        let may = |grant: &GrantConfig| {
            grant.anyone || who.iter().any(|one| grant.is_met(one, &self.config.role_claims))
        };
        if self.config.allow.iter().any(may) { Ok(()) } else { Err(self.refusal(who)) }
    }

    /// The answer to what no policy allows.
    pub(crate) fn refusal(&self, who: &[Identity]) -> Refusal {
        let reason = match (self.is_rest(), who.is_empty()) {
            (true, _) => "no-policy-allows",
            (false, true) => "nobody-identified",
            (false, false) => "no-grant-met",
        };
        if self.config.hide {
            let title = "there is nothing here";
            return Refusal::deny(StatusCode::NOT_FOUND, "not-found", title).because(reason);
        }
        if who.is_empty() {
            let title = "this needs to be known who asks";
            let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "authentication-required", title);
            let challenge = HeaderValue::from_static("Bearer");
            return refusal.because(reason).with(header::WWW_AUTHENTICATE, challenge);
        }
        let title = "this is not allowed to whoever asks";
        Refusal::deny(StatusCode::FORBIDDEN, "not-allowed", title).because(reason)
    }

    /// Whether a request that was read calls what the policy is about, or may.
    pub(crate) fn is_called(&self, decoded: Option<&Decoded>) -> bool {
        match decoded.map_or(Called::Unknown, called::of_request) {
            Called::Unknown => true,
            Called::Nothing => false,
            Called::Names(names) => self.names_one(&names),
        }
    }

    /// Whether a message of a WebSocket calls what the policy is about, or may.
    pub(crate) fn is_called_by_message(&self, exchange: &Exchange, decoded: &Decoded) -> bool {
        match called::of_message(exchange, decoded) {
            Called::Unknown => true,
            Called::Nothing => false,
            Called::Names(names) => self.names_one(&names),
        }
    }

    fn names_one(&self, names: &[String]) -> bool {
        let is_listed = |name: &String| self.config.calls.iter().any(|call| called::is(name, call));
        names.iter().any(is_listed)
    }
}

impl GrantConfig {
    fn check(&self, vouchers: &Vouchers) -> Result<(), Problem> {
        if !self.subjects.is_empty() {
            vouchers.check(&self.by, self.claims.contains_key(ISSUER))?;
        }
        roles::check_names("roles", &self.roles)?;
        roles::check_names("scopes", &self.scopes)?;
        roles::check_names("subjects", &self.subjects)?;
        if self.claims.len() > roles::NAMES {
            return Err(Problem::new("claims", format!("more than {} entries", roles::NAMES)));
        }
        if let Some((name, _)) = self.claims.iter().find(|(_, values)| values.is_empty()) {
            let problem = "no value is given, so that nobody could meet it";
            return Err(Problem::new(format!("claims.{name}"), problem));
        }
        let asks = !(self.roles.is_empty()
            && self.scopes.is_empty()
            && self.claims.is_empty()
            && self.subjects.is_empty()
            && self.by.is_empty());
        match (self.anyone, self.identified, asks) {
            (false, false, true) | (true, false, false) | (false, true, false) => Ok(()),
            (false, false, false) => Err(Problem::new(
                "",
                "asks for nothing; `identified: true` is for everybody who was identified, \
                 `anyone: true` for all",
            )),
            _ => Err(Problem::new("", "`anyone` and `identified` stand alone")),
        }
    }

    fn is_met(&self, who: &Identity, role_claims: &[String]) -> bool {
        // Who made a token is known, whether or not what was asked about it says so once more.
        let is_issuer = |value: &Value| !who.issuer.is_empty() && *value == *who.issuer;
        let claims = || {
            self.claims.iter().all(|(name, wanted)| match name.as_str() {
                ISSUER => wanted.iter().any(is_issuer),
                _ => roles::claim(&who.claims, name).is_some_and(|value| wanted.contains(value)),
            })
        };
        who.has(&self.scopes)
            && (self.by.is_empty() || self.by.iter().any(|way| way.is_of(who)))
            && (self.subjects.is_empty() || self.subjects.iter().any(|one| **one == *who.subject))
            && (self.roles.is_empty() || roles::has_role(who, role_claims, &self.roles))
            && claims()
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::PrincipalKind;

    use super::{super::roles::tests::somebody, *};

    fn compile(text: &str) -> Result<Authorization, Problem> {
        let config = serde_json::from_str(text).expect("settings");
        Authorization::compile(&config, &Vouchers::default())
    }

    fn status(text: &str, who: &[Identity]) -> Option<u16> {
        let policy = compile(text).expect("compiles");
        policy.check(who).err().map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn all_of_a_grant_must_be_met_by_one_identity() {
        let admin = [somebody("1", r#"{"role":"admin","tenant":"north"}"#)];
        let user = [somebody("2", r#"{"role":"user","tenant":"north"}"#)];
        let both = [somebody("3", r#"{"role":"admin","tenant":"south"}"#), user[0].clone()];
        let grants = r#"{"allow":[{"roles":["admin"],"claims":{"tenant":["north"]}}]}"#;
        assert_eq!(status(grants, &admin), None);
        assert_eq!(status(grants, &user), Some(403));
        assert_eq!(status(grants, &[]), Some(401));
        assert_eq!(status(grants, &both), Some(403), "not half from each");
        assert_eq!(status(r#"{"allow":[{"scopes":["orders:read"]}]}"#, &user), None);
        assert_eq!(status(r#"{"allow":[{"subjects":["1"]}]}"#, &user), Some(403));
        assert_eq!(status(r#"{"allow":[{"identified":true}]}"#, &user), None);
        assert_eq!(status(r#"{"allow":[{"identified":true}]}"#, &[]), Some(401));
        assert_eq!(status(r#"{"allow":[{"anyone":true}]}"#, &[]), None);
        assert_eq!(status(r#"{"hide":true,"allow":[{"roles":["a"]}]}"#, &[]), Some(404));
        assert_eq!(status(r#"{"deny_rest":true}"#, &admin), Some(403), "nothing allows it");
    }

    /// Who may choose what a token calls them is not the user of that name for it.
    #[test]
    fn a_name_counts_by_the_way_that_is_named() {
        let token = somebody("ann", "{}");
        let user = Identity { issuer: "".into(), ..token.clone() };
        let certificate = Identity { kind: PrincipalKind::Certificate, ..user.clone() };
        let signer = Identity { kind: PrincipalKind::Client, ..user.clone() };
        let all =
            [("jwt", token), ("basic", user), ("certificate", certificate), ("signature", signer)];
        for (way, _) in &all {
            let named = format!(r#"{{"allow":[{{"subjects":["ann"],"by":["{way}"]}}]}}"#);
            let anybody = format!(r#"{{"allow":[{{"by":["{way}"]}}]}}"#);
            for (other, who) in &all {
                let expected = (way != other).then_some(403);
                let who = std::slice::from_ref(who);
                assert_eq!(status(&named, who), expected, "{way} {other}");
                assert_eq!(status(&anybody, who), expected, "{way} {other}");
            }
        }
        for (issuer, allowed) in
            [("issuer", [true, false]), ("other", [false; 2]), ("", [false; 2])]
        {
            let of =
                format!(r#"{{"allow":[{{"subjects":["ann"],"claims":{{"iss":["{issuer}"]}}}}]}}"#);
            let may = [0, 1].map(|at| status(&of, std::slice::from_ref(&all[at].1)).is_none());
            assert_eq!(may, allowed, "{issuer:?}");
        }
        let two = r#"{"allow":[{"subjects":["ann"],"by":["jwt","basic"]}]}"#;
        let statuses: Vec<_> =
            all.iter().map(|(_, who)| status(two, std::slice::from_ref(who))).collect();
        assert_eq!(statuses, [None, None, Some(403), Some(403)]);
    }

    #[test]
    fn what_says_nothing_or_two_things_is_refused() {
        for (text, key) in [
            ("{}", "allow"),
            (r#"{"allow":[{}]}"#, "allow.0"),
            (r#"{"allow":[{"anyone":true,"roles":["a"]}]}"#, "allow.0"),
            (r#"{"allow":[{"identified":true,"by":["jwt"]}]}"#, "allow.0"),
            (r#"{"allow":[{"roles":[""]}]}"#, "allow.0.roles.0"),
            (r#"{"allow":[{"claims":{"a":[]}}]}"#, "allow.0.claims.a"),
            (r#"{"deny_rest":true,"allow":[{"anyone":true}]}"#, "deny_rest"),
            (r#"{"deny_rest":true,"calls":["a"]}"#, "deny_rest"),
        ] {
            assert_eq!(compile(text).err().map(|problem| problem.key), Some(key.to_owned()));
        }
    }
}

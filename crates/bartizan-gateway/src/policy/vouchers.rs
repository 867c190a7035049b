//! Who gives callers their names: what one calls `ann` need not be whom another calls so.

use std::collections::BTreeSet;

use super::{
    authentication::Way,
    config::{PolicyConfig, Problem},
};

/// Those who give names in a configuration. Own keys are none: nobody chooses their ids.
#[derive(Debug, Default)]
pub(crate) struct Vouchers {
    /// Of tokens.
    issuers: BTreeSet<String>,
    /// The others: users with passwords, certificates, keys of signatures.
    ways: Vec<Way>,
}

impl Vouchers {
    /// Those of these policies, whatever mode they are in: who switches one on changes for nobody else who is whom.
    pub(crate) fn of(policies: &[PolicyConfig], has_certificates: bool) -> Self {
        let of_jwt = policies.iter().filter_map(|policy| Some(&policy.jwt.as_ref()?.issuer));
        let asked = policies.iter().filter_map(|policy| policy.introspection.as_ref());
        let issuers = of_jwt.chain(asked.map(|config| &config.issuer)).cloned().collect();
        let has = |kind: fn(&PolicyConfig) -> bool| policies.iter().any(kind);
        let ways = [
            (Way::Certificate, has_certificates),
            (Way::Signature, has(|policy| policy.message_signature.is_some())),
            (Way::Basic, has(|policy| policy.basic.is_some())),
            (Way::WsSecurity, has(|policy| policy.ws_security.is_some())),
        ];
        let ways = ways.into_iter().filter_map(|(way, is_there)| is_there.then_some(way)).collect();
        Self { issuers, ways }
    }

    /// Refuses names that several of these may give. `by` are the ways that somebody may be identified in, all when empty;
    /// `names_issuer` says whether it is asked which issuer it is.
    pub(crate) fn check(&self, by: &[Way], names_issuer: bool) -> Result<(), Problem> {
        let counts = |way: Way| by.is_empty() || by.contains(&way);
        let is_token = counts(Way::Jwt) && !self.issuers.is_empty();
        let ways = self.ways.iter().filter(|way| counts(**way)).count() + usize::from(is_token);
        if by.is_empty() && ways > 1 {
            let problem = "callers are identified in several ways here, and what one calls so is somebody \
                           else to another: say in which way it has to be (`by: [jwt]`)";
            return Err(Problem::new("subjects", problem));
        }
        if is_token && self.issuers.len() > 1 && !names_issuer {
            let problem = "there are several issuers of tokens, and what one calls so is somebody else to \
                           another: say which it has to be (`claims: {iss: [https://idp.example]}`)";
            return Err(Problem::new("subjects", problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(policies: &str, has_certificates: bool, by: &[Way]) -> Option<String> {
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(policies).expect(policies);
        let checked = Vouchers::of(&policies, has_certificates).check(by, false);
        checked.err().map(|problem| problem.problem)
    }

    const TOKENS: &str =
        "{name: a, jwt: {issuer: 'https://a.example', audiences: [b], algorithms: [ES256]}}";

    #[test]
    fn a_name_is_one_only_where_one_gives_names() {
        let users = "{name: b, mode: off, basic: {users: ['x:y']}}";
        let keys = "{name: c, message_signature: {}}, {name: d, api_key: {}}";
        let (one, none): (_, &[Way]) = (format!("[{TOKENS}]"), &[]);
        assert_eq!(problem("[{name: d, api_key: {}}]", false, none), None);
        assert_eq!(problem(&one, false, none), None);
        assert_eq!(
            problem(&format!("[{TOKENS}, {}]", TOKENS.replace("name: a", "name: e")), false, none),
            None
        );
        assert!(problem(&one, true, none).is_some_and(|problem| problem.contains("by: [jwt]")));
        for more in [users, keys] {
            let two = format!("[{TOKENS}, {more}]");
            assert!(problem(&two, false, none).is_some(), "{more}");
            assert_eq!(problem(&two, false, &[Way::Jwt]), None, "{more}");
            assert_eq!(problem(&two, true, &[Way::Certificate, Way::Basic]), None, "it was said");
        }
        let issuers =
            format!("[{TOKENS}, {}]", TOKENS.replace("a.ex", "b.ex").replace("name: a", "name: e"));
        for by in [&[][..], &[Way::Jwt]] {
            assert!(problem(&issuers, false, by).is_some_and(|problem| problem.contains("iss:")));
        }
        assert_eq!(problem(&issuers, true, &[Way::Certificate]), None);
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(&issuers).expect("policies");
        assert!(Vouchers::of(&policies, false).check(&[], true).is_ok(), "it is asked who it is");
    }
}

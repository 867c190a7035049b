//! Presets: policies that usually belong together, by one word. They become policies of the configuration when it is
//! read, so that `config show` has them and each can be switched; one of the same name that is written takes the place of
//! the one of the preset.

use bartizan_gateway::policy::PolicyConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, gateway::ServiceConfig, load::from_yaml};

/// For whom an API is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// For everybody: rates by address, sizes, page sizes, attacks, error details, decoys.
    Public,
    /// For the own network: private addresses, credentials, attacks.
    Private,
    /// For known others: credentials, everything denied that no `authorization` policy allows, rates and quotas by
    /// caller, attacks, error details.
    Partner,
    /// For operations that hold others: batches, depth and cost of GraphQL at `/graphql`, batches of JSON-RPC at
    /// `/jsonrpc`, requests under way.
    Composite,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Public, Self::Private, Self::Partner, Self::Composite];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Partner => "partner",
            Self::Composite => "composite",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Public => include_str!("presets/public.yaml"),
            Self::Private => include_str!("presets/private.yaml"),
            Self::Partner => include_str!("presets/partner.yaml"),
            Self::Composite => include_str!("presets/composite.yaml"),
        }
    }

    /// Its policies, everywhere or for a service.
    ///
    /// # Errors
    /// The text of a preset is wrong, which a test finds out.
    fn policies(self, service: Option<&ServiceConfig>) -> Result<Vec<PolicyConfig>, String> {
        let policies: Result<Vec<PolicyConfig>, _> = from_yaml(self.text());
        let mut policies = policies.map_err(|error| error.to_string())?;
        for policy in &mut policies {
            let name = format!("{}-{}", self.as_str(), policy.name);
            policy.name = service.map_or_else(|| name.clone(), |of| format!("{}-{name}", of.name));
            if let Some(service) = service {
                narrow(policy, service);
            }
        }
        Ok(policies)
    }
}

/// Has a policy apply to what goes to a service, and to nothing else. Its paths are below those of the service.
fn narrow(policy: &mut PolicyConfig, service: &ServiceConfig) {
    let scope = &mut policy.scope;
    scope.services = vec![service.name.clone()];
    let prefix = service.path_prefix.trim_end_matches('/');
    scope.paths.iter_mut().for_each(|path| path.insert_str(0, prefix));
}

impl Config {
    /// Puts the policies of presets behind those that are written, those of services before those of everything.
    ///
    /// # Errors
    /// The text of a preset is wrong, which a test finds out.
    pub(super) fn expand_presets(&mut self) -> Result<(), String> {
        let services = self.gateway.services.iter();
        let mut chosen: Vec<_> =
            services.filter_map(|service| Some((service.preset?, Some(service)))).collect();
        chosen.extend(self.preset.map(|preset| (preset, None)));
        let mut expanded = Vec::new();
        for (preset, service) in chosen {
            expanded.extend(preset.policies(service)?);
        }
        let known =
            |policies: &[PolicyConfig], name: &str| policies.iter().any(|one| one.name == name);
        for policy in expanded {
            if !known(&self.policies, &policy.name) {
                self.policies.push(policy);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::{self, Overrides};

    fn expanded(text: &str) -> Config {
        let mut config: Config = from_yaml(text).expect(text);
        config.expand_presets().expect("expands");
        config
    }

    const SERVICES: &str = "gateway: {services: [\
        {name: shop, hosts: [shop.example], path_prefix: /v1, upstreams: ['http://a:1'], preset: PRESET}, \
        {name: rest, upstreams: ['http://b:1']}]}";

    #[test]
    fn every_preset_compiles_everywhere_and_for_a_service_and_enforces_nothing() {
        for preset in Preset::ALL {
            let word = preset.as_str();
            let everywhere =
                format!("preset: {word}\n{}", SERVICES.replace(", preset: PRESET", ""));
            for text in [everywhere, SERVICES.replace("PRESET", word)] {
                let config = expanded(&text);
                assert!(config.policies.len() >= 3, "{word}");
                let overrides = Overrides { listen: None, upstream: None };
                let checked = serve::check(&config, &overrides);
                assert!(checked.is_ok(), "{word}: {:?}", checked.err());
                for policy in &config.policies {
                    let (_, mode) = policy.kind_and_mode().expect("one rule");
                    assert_eq!(mode, bartizan_model::Mode::Monitor, "{}", policy.name);
                }
            }
        }
    }

    #[test]
    fn a_service_has_its_policies_for_itself() {
        let config = expanded(&SERVICES.replace("PRESET", "public"));
        for policy in &config.policies {
            assert!(policy.name.starts_with("shop-public-"), "{}", policy.name);
            assert_eq!(policy.scope.services, ["shop"]);
            assert!(policy.scope.hosts.is_empty(), "another name of its host leads to it, too");
            assert!(policy.scope.paths.iter().all(|path| path.starts_with("/v1/")));
        }
    }

    /// A service that takes what others leave holds none of their requests.
    #[test]
    fn a_service_without_hosts_has_its_policies_for_itself() {
        let rest =
            SERVICES.replace(", preset: PRESET", "").replace("rest, ", "rest, preset: public, ");
        let config = expanded(&rest);
        assert!(config.policies.len() >= 3);
        assert!(config.policies.iter().all(|policy| policy.scope.services == ["rest"]));
        let decoys = config.policies.iter().find(|policy| policy.decoy.is_some());
        assert!(decoys.expect("decoys").scope.paths.contains(&"/.env".to_owned()));
    }

    #[test]
    fn a_service_that_is_not_there_is_refused() {
        let text = "{name: a, mode: off, scope: {services: [shop, SHOP]}, size: {fields: 9}}";
        let policies = format!("{}\npolicies: [{text}]", SERVICES.replace(", preset: PRESET", ""));
        let overrides = Overrides { listen: None, upstream: None };
        let error = serve::check(&expanded(&policies), &overrides).expect_err("misspelt");
        assert!(error.to_string().contains("scope.services.1"), "{error}");
        let one = Overrides { upstream: Some("http://c:1".to_owned()), ..overrides };
        let error = serve::check(&expanded(&SERVICES.replace("PRESET", "public")), &one);
        assert!(error.is_err(), "its policies would be for nobody");
    }

    #[test]
    fn what_is_written_takes_its_place_also_when_it_is_read_again() {
        let text = "preset: public\npolicies: [{name: public-rate, mode: enforce, \
                    rate: {requests: 1, period_seconds: 1}}]";
        let config = expanded(text);
        let rates: Vec<_> = config.policies.iter().filter(|one| one.rate.is_some()).collect();
        assert_eq!(rates.len(), 1);
        assert_eq!(rates[0].mode, Some(bartizan_model::Mode::Enforce));
        let again = expanded(&config.to_yaml().expect("written"));
        assert_eq!(again.policies, config.policies);
    }
}

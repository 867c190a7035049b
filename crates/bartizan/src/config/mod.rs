//! The configuration: one YAML or TOML file, every key documented, unknown keys refused.
//!
//! Documentation and defaults live on the fields; `config schema` and the reference page are derived
//! from here.

pub mod catalog;
pub mod certificates;
pub mod egress;
pub mod gateway;
mod load;
mod place;
mod presets;
mod problem;
pub mod upstreams;

use std::{path::PathBuf, sync::Arc};

use bartizan_analysis::{
    Snapshot,
    classes::custom::{ClassDefinition, CustomClasses},
    governance::{Governance, GovernanceRule, RuleMistake, ServicePlace},
};
use bartizan_gateway::policy::PolicyConfig;
use bartizan_model::{HashKey, Limits, Scope, Severity};
use bartizan_pipeline::{sinks::SinkConfig, sources::receivers::ReceiverConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use catalog::CatalogConfig;
use gateway::{AdminConfig, GatewayConfig};
pub(crate) use load::from_yaml;
pub use load::{Loaded, load};
pub(crate) use place::place_of;
pub use presets::Preset;
pub use problem::ConfigError;

/// The whole configuration. Without any, everything has a useful and safe default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Organisation that everything belongs to.
    pub organisation: Name,
    /// Environment that everything belongs to, for example `production`.
    pub environment: Name,
    /// Where results are kept.
    pub store: StoreConfig,
    /// How offline inputs are analysed.
    pub analyze: AnalyzeConfig,
    /// The inline gateway (`bartizan serve`).
    pub gateway: GatewayConfig,
    /// The administration listener of `bartizan serve`: health and metrics.
    pub admin: AdminConfig,
    /// Policies that usually belong together, for everything that goes through the gateway; a service may have its own.
    /// All are monitored, are called `PRESET-…` (those of a service `SERVICE-PRESET-…`) and stand behind those in
    /// `policies`; one of that name there takes the place of the one of the preset. `bartizan config show` shows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Inline policies of `bartizan serve`, each with a name and exactly one kind of rule. Some are
    /// there without any: `default-api-keys` (own API keys, enforced) and, all monitored, `default-rate` (10
    /// requests per second and address, 20 at once), `default-user-rate` (100 per minute and identified user, 1,000
    /// with the scope `premium`), `default-quota` (10,000 per day and identified user), `default-login` (guesses
    /// of passwords and password resets) and `default-headers` (fields of responses). Each of them applies
    /// wherever no policy of its kind in this list does, whatever the mode of that one: a policy for
    /// `/partners/**` leaves it in force everywhere else. One with the name of a default policy takes
    /// its place altogether.
    pub policies: Vec<PolicyConfig>,
    /// Where `bartizan serve` takes what others saw, beside or instead of what goes through its gateway, each
    /// with a name and exactly one kind. None by default. With receivers and without a service the
    /// gateway does not listen. What several sources saw counts once.
    pub receivers: Vec<ReceiverConfig>,
    /// Where events of findings, incidents and detections are sent by `bartizan serve`, each with a
    /// name and exactly one kind. What was found before a sink is named here is not sent to it.
    pub sinks: Vec<SinkConfig>,
    /// Whose APIs are, and where.
    pub catalog: CatalogConfig,
    /// Data classes of your own, at most 64: what is sensitive in your business and nobody else's.
    /// They are looked for beside the built-in ones, in traffic and in source code; each class without
    /// `names` costs a look at every value. `bartizan explain` shows them with the built-in ones.
    #[serde(deserialize_with = "bartizan_analysis::classes::custom::checked")]
    pub classes: Vec<ClassDefinition>,
    /// Which data classes which endpoints may handle; anything else is a finding (`BZ-C030`). The order
    /// does not matter: what one rule denies is denied, and where rules allow something, what none of
    /// them names is against them. Endpoints that no rule is about are free.
    pub governance: Vec<GovernanceRule>,
    /// What may be shown.
    pub redaction: RedactionConfig,
    /// Limits of decoding. Each has a counter; what lies beyond is reported as not inspected.
    #[schemars(with = "std::collections::BTreeMap<String, u32>")]
    pub limits: Limits,
}

impl Config {
    /// All of it as YAML, as it would be written into a file.
    ///
    /// # Errors
    /// Says what cannot be written.
    pub fn to_yaml(&self) -> Result<String, String> {
        serde_saphyr::to_string(self).map_err(|error| error.to_string())
    }

    /// The classes and rules, compiled.
    ///
    /// # Errors
    /// The first rule that is wrong. Classes were proven when they were read.
    fn compile(&self) -> Result<(CustomClasses, Governance), RuleMistake> {
        let classes = CustomClasses::compile(&self.classes).unwrap_or_default();
        let services = self.gateway.services.iter().map(|service| ServicePlace {
            name: service.name.clone(),
            hosts: service.hosts.clone(),
            path_prefix: service.path_prefix.clone(),
        });
        let services: Vec<_> = services.collect();
        let named: Vec<&str> =
            self.catalog.rules.iter().filter_map(|rule| rule.set.service.as_deref()).collect();
        let governance = Governance::compile(&self.governance, &classes, &services, &named)?;
        Ok((classes, governance))
    }

    /// What the judgement is given, without specifications.
    ///
    /// # Errors
    /// What is wrong with a rule; reading the configuration has told it before.
    pub fn snapshot(&self, scope: Scope, key: HashKey) -> Result<Snapshot, RuleMistake> {
        let (classes, governance) = self.compile()?;
        Ok(Snapshot {
            limits: self.limits.clone(),
            clear_addresses: self.redaction.addresses == Addresses::Clear,
            classes: Arc::new(classes),
            governance: Arc::new(governance),
            ..Snapshot::new(scope, key)
        })
    }
}

/// A short name: letters, digits, `-`, `_` and `.`; at most 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Default for Name {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits =
            text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if text.is_empty() || text.len() > 64 || !fits || text.starts_with('.') {
            return Err("expected 1 to 64 letters, digits, `-`, `_` or `.`".to_owned());
        }
        Ok(Self(text))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Where results are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Folder of the embedded store. `analyze` keeps results only when this or `--data` is given;
    /// `catalog`, `findings` and `incidents` read `./bartizan-data` without it.
    pub data: Option<PathBuf>,
    /// Folder of the organisation's keys, outside the database. Default: `keys` inside the folder of
    /// the store; put it elsewhere when backups of the store leave the machine.
    pub keys: Option<PathBuf>,
    /// A PostgreSQL database instead of the embedded one, as `env:NAME` or `file:PATH`: the variable or
    /// file holds `postgres://USER:PASSWORD@HOST:PORT/NAME`. Keys and exchange facts stay in `data`.
    /// Several gateways may share one; each has a folder of its own, with the same keys in it. Other
    /// hosts are reached by TLS with a verified certificate, unless the URL says `?sslmode=`
    /// something else; `&sslrootcert=FILE` names a certificate authority of your own.
    pub url: Option<Reference>,
    /// Exchange facts older than this are dropped. 0 keeps all.
    pub exchange_days: u32,
    /// Exchange facts beyond this many mebibytes are dropped, oldest first. 0 keeps all. On a full disk the
    /// oldest make room earlier than that.
    pub exchange_mebibytes: u32,
    /// For so many hours after the first results `serve` takes endpoints, parameters, ways of authentication
    /// and data classes for what was there all along: the baseline. What is new later is a change, which the
    /// change log tells. 0: the first results are the baseline, as they are of `analyze`.
    pub baseline_hours: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            data: None,
            keys: None,
            url: None,
            exchange_days: 30,
            exchange_mebibytes: 1_024,
            baseline_hours: 24,
        }
    }
}

/// Where a secret is: `env:NAME` or `file:PATH`, never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

impl Reference {
    /// The reference as text; no secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    /// The error does not repeat the text: it may be the secret.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_reference = ["env:", "file:"].iter().any(|kind| {
            text.strip_prefix(kind).is_some_and(|rest| !rest.is_empty() && !rest.starts_with("//"))
        });
        match is_reference {
            true => Ok(Self(text)),
            false => {
                Err("a secret is named as `env:NAME` or `file:PATH`, never written here".into())
            }
        }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

/// How offline inputs are analysed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnalyzeConfig {
    /// Threads that decode. 0: one per processor. The result does not depend on it.
    pub threads: u16,
    /// Exit with code 1 when a finding or detection of at least this severity is there.
    pub fail_on: FailOn,
}

impl Default for AnalyzeConfig {
    fn default() -> Self {
        Self { threads: 0, fail_on: FailOn::Never }
    }
}

/// From which severity on a command exits with code 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Never.
    Never,
    /// Any.
    Info,
    /// Low or worse.
    Low,
    /// Medium or worse.
    Medium,
    /// High or worse.
    High,
    /// Critical only.
    Critical,
}

impl FailOn {
    /// Whether something of that severity makes the command fail.
    #[must_use]
    pub fn includes(self, severity: Severity) -> bool {
        let least = match self {
            Self::Never => return false,
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        };
        severity >= least
    }
}

/// What may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedactionConfig {
    /// How client addresses are shown and stored.
    pub addresses: Addresses,
}

/// How client addresses are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Addresses {
    /// As their network: IPv4 by /24, IPv6 by /48, with a keyed hash that tells them apart.
    #[default]
    Network,
    /// In the clear.
    Clear,
}

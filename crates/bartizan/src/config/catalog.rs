//! Whose APIs are, and where: networks, gateways, and rules that assign facts to endpoints.

use std::path::PathBuf;

use bartizan_model::{Access, LifeStage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;

/// Whose APIs are, and where. What nothing tells is shown as not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogConfig {
    /// Whose networks addresses of callers are of: they tell whether an endpoint is public, for partners,
    /// or private. Of two that hold an address the narrower counts. A change counts for exchanges that
    /// come after it.
    pub networks: NetworksConfig,
    /// Hosts that are somebody else's, so that what is called there is a third party's API; `*` stands
    /// for anything: `api.payments.example`, `*.maps.example`.
    pub third_party_hosts: Vec<String>,
    /// What tells that an exchange came through a gateway, and not past it.
    pub gateways: GatewaysConfig,
    /// A CODEOWNERS file, as GitHub and GitLab read it: its owners of the file of a specification own
    /// what that describes, unless a rule or the specification names others. Files are looked up from
    /// its folder, or from the one above when that is `.github`, `.gitlab` or `docs`.
    pub codeowners: Option<PathBuf>,
    /// Hosts that serve one API, so that what is called there is one endpoint: `{tenant}.api.example.com`, where a
    /// variable stands for a label or a part of one. A host without a variable is one of its own, whatever else
    /// is written here, in specifications, or suggested by traffic (`admin.api.example.com`). The first that fits
    /// counts, before servers of specifications and what is learned. At most 256.
    pub hosts: Vec<String>,
    /// Path templates that hold whatever traffic suggests, each behind its host, where `*` stands for
    /// anything: fixed text is kept apart (`api.example.com/users/search`), and `{name}` is a parameter
    /// (`*.example.com/v1/{tenant}/items`). They undo a wrong guess of the inventory for good, also in what
    /// was learned before: an endpoint that was merged comes back with its id. What the dashboard keeps apart
    /// (`POST /endpoints/{id}/split`) is such a path too, in the store; it counts behind these. At most 1,000.
    pub paths: Vec<String>,
    /// Folders of source code of these APIs: the routes that it declares become part of the inventory. Read
    /// when `serve` or `analyze` begins, and at each reload; nothing is executed.
    pub source: Vec<PathBuf>,
    /// Results of `discover source`, `crawl` and `perimeter` (`--format json`), or folders with some (`.json`):
    /// what they found becomes part of the inventory. Read when `serve` or `analyze` begins, and at each
    /// reload.
    pub discovered: Vec<PathBuf>,
    /// Rules that say whose endpoints are; for each fact the first counts that fits and says it. They count
    /// before everything else. At most 500, with 4,000 patterns together.
    pub rules: Vec<RuleConfig>,
}

/// Networks by whose they are, for example `203.0.113.0/24`; at most 1,024 of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworksConfig {
    /// Anybody's, where they would be private otherwise: for example the addresses that a load balancer
    /// gives to visitors.
    pub public: Vec<String>,
    /// Of partners.
    pub partner: Vec<String>,
    /// One's own, beside those that are private everywhere (RFC 1918, RFC 4193, RFC 6598, loopback,
    /// link-local): for example public addresses of offices.
    pub private: Vec<String>,
}

/// What tells that an exchange came through a gateway. What `serve` passes on came through one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaysConfig {
    /// Sources that record at a gateway, by the names that `analyze` shows (files as they were given);
    /// `*` stands for anything: `*/kong-access.log`.
    pub sources: Vec<String>,
    /// Addresses and networks of gateways, as the APIs behind them see them. In all other sources an
    /// exchange whose client has one of these came through a gateway, any other past it. Without any, it
    /// is not known.
    pub addresses: Vec<String>,
}

/// A rule that says whose endpoints are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Name, shown where a fact says what told it; unique.
    pub name: Name,
    /// Which endpoints. Without it, all.
    #[serde(rename = "match", default)]
    pub matches: MatchConfig,
    /// What is said of them.
    pub set: SetConfig,
}

/// Which endpoints. What is empty is not looked at; of several patterns of one kind one is enough, and
/// all kinds have to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MatchConfig {
    /// Hosts; `*` stands for anything. Case does not count.
    pub hosts: Vec<String>,
    /// Path templates as the inventory shows them. `*` stands for anything within a segment, a segment
    /// `**` for any number of segments: `/v1/orders/*`, `/payments/**`.
    pub paths: Vec<String>,
    /// Methods, in capitals.
    pub methods: Vec<String>,
    /// Tags of the operation in its specification; `*` stands for anything.
    pub tags: Vec<String>,
    /// Specifications that describe the endpoint, by the path that `--spec` was given; `*` stands for
    /// anything.
    pub specs: Vec<String>,
}

/// What a rule says; at least one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SetConfig {
    /// Team or person that answers for the endpoint; at most 256 bytes.
    pub owner: Option<String>,
    /// Part of the organisation that it belongs to; at most 256 bytes.
    pub business_unit: Option<String>,
    /// Id of the service that it belongs to: at most 64 letters, digits, `-` and `_`.
    pub service: Option<String>,
    /// Who can reach it; `unknown` cannot be said.
    pub access: Option<Access>,
    /// Where in its life it is; `unknown` cannot be said.
    pub stage: Option<LifeStage>,
    /// What serves it. Each kind that is named here is shown in the place of what traffic shows of it.
    pub resources: ResourcesConfig,
    /// Whether one call of it fans out to others, whatever traces show.
    pub composite: Option<bool>,
    /// Whether it carries sensitive data, whatever classes were seen: the risk of the endpoint counts it, and where
    /// it is `false` no class of it.
    pub sensitive_data: Option<bool>,
}

/// What serves an endpoint; each at most 256 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResourcesConfig {
    /// The host that requests name.
    pub host: Option<String>,
    /// What it runs on: a machine, a cluster, a function.
    pub instance: Option<String>,
    /// The upstream behind a gateway.
    pub upstream: Option<String>,
    /// What its certificate is for.
    pub certificate: Option<String>,
}

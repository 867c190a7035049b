//! The kinds of rules, each once: what it is called, its settings, what they are compiled to.
//!
//! A new kind is a file with its settings, its rule and its [`PolicyItem`], a line here, and a line
//! where it is asked: in `pass` when the head is enough, in `inspection` when a body is needed.

use std::{collections::HashSet, sync::Arc};

use bartizan_model::{Mode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem, Surroundings, address, api_key, authentication, authorization, basic, break_glass,
    captcha, challenge, concurrency, condition, config, cors, decoy, deprecation, detectors,
    exception::ExceptionConfig,
    flow, geo, graphql, grpc, headers, https_redirect, introspection, json_rpc, jwt, kill_switch,
    leak, login, logout, message_signature, openapi, ownership, page_size, properties,
    protected_resource, quota, rate,
    record::{Outside, Policy},
    request_headers, schema,
    scope::{ScopeConfig, Wanted},
    security_txt,
    set::{Around, Named, Outer},
    set_aside::SetAside,
    shown, single_use, size, soap, transfer, upload, upstream_errors, url_values, verified_bots,
    webhook, websocket, ws_security, xml_rpc,
};

macro_rules! kinds {
    ($(
        $(#[$about:meta])*
        $kind:ident: $config:ty => $list:ident: $rule:ty, |$settings:ident, $around:ident| $make:expr;
    )+) => {
        /// A policy: its name, whether it acts, where it applies, and exactly one kind of rule.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct PolicyConfig {
            /// Unique name, for logs, metrics and clients: 1 to 64 letters, digits, `-`, `_` or `.`.
            pub name: String,
            /// `off`: not looked at. `monitor`: shows what it would have done. `enforce`: does it. Default:
            /// `enforce` for `api_key` and `size`, `off` for `kill_switch` and `break_glass`, else `monitor`.
            #[serde(default, deserialize_with = "config::mode", skip_serializing_if = "Option::is_none")]
            #[schemars(with = "Option<config::ModeName>")]
            pub mode: Option<Mode>,
            /// Where it applies. Default: everywhere.
            #[serde(default)]
            pub scope: ScopeConfig,
            /// Where it is not asked for some time, although its scope fits; at most 64. Each request that is left
            /// out is counted as not evaluated (`excepted`).
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub except: Vec<ExceptionConfig>,
            $(
                $(#[$about])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $kind: Option<$config>,
            )+
            /// Whether it is a default one, which steps back wherever another one of its kind applies.
            #[serde(skip)]
            pub(crate) is_default: bool,
            /// When a switch by hand to its mode ends.
            #[serde(skip)]
            pub(crate) until: Option<Timestamp>,
            /// Refusals that were set aside by hand.
            #[serde(skip)]
            pub(crate) set_aside: Vec<SetAside>,
        }

        impl PolicyConfig {
            /// A policy without a rule.
            pub(super) fn empty(name: &str) -> Self {
                Self {
                    name: name.to_owned(),
                    mode: None,
                    scope: ScopeConfig::default(),
                    except: Vec::new(),
                    $($kind: None,)+
                    is_default: false,
                    until: None,
                    set_aside: Vec::new(),
                }
            }

            /// The callers that its tiers name.
            pub(super) fn tiers(&self) -> impl Iterator<Item = &rate::Callers> {
                let rates = self.rate.iter().flat_map(|rate| &rate.tiers).map(|tier| &tier.with);
                let quotas = self.quota.iter().flat_map(|quota| &quota.tiers);
                rates.chain(quotas.map(|tier| &tier.with))
            }

            /// The kinds of rules that it has; exactly one once it was checked.
            pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
                [$((self.$kind.is_some(), stringify!($kind))),+]
                    .into_iter()
                    .filter_map(|(is_there, kind)| is_there.then_some(kind))
            }
        }

        /// All kinds, in the order in which they are asked.
        pub static ITEMS: &[&PolicyItem] = &[$(&$kind::ITEM),+];

        /// Compiled policies, by kind. Those that are off were compiled too, and are not in it.
        #[derive(Debug, Default)]
        pub(crate) struct PolicySet {
            $(pub(crate) $list: Vec<Policy<$rule>>,)+
            /// What their scopes ask about.
            pub(crate) wanted: Wanted,
            /// Their names, those that are off among them.
            pub(crate) names: HashSet<String>,
            /// The services that they name.
            pub(crate) services: Vec<Named>,
            /// Whether one of them has an exception.
            pub(crate) has_exceptions: bool,
            /// Keys the hashes of what is read for several policies at once.
            pub(crate) seed: u64,
        }

        impl PolicySet {
            /// What there is to each of them whatever its rule is, kind by kind.
            pub(super) fn outsides(&self) -> Vec<&dyn Outside> {
                let mut all: Vec<&dyn Outside> = Vec::new();
                $(all.extend(self.$list.iter().map(|policy| policy as &dyn Outside));)+
                all
            }

            /// Compiles the rule of a policy, of which there is one.
            pub(super) fn add(
                &mut self,
                policy: &PolicyConfig,
                outer: Outer<'_>,
                around: &Around<'_>,
            ) -> Result<(), config::Problem> {
                $(
                    if let Some($settings) = &policy.$kind {
                        let $around = around;
                        let rule: $rule = $make?;
                        outer.add(rule, &mut self.$list, around.tallies);
                        return Ok(());
                    }
                )+
                Ok(())
            }
        }
    };
}

kinds! {
    /// What is left out in an emergency.
    break_glass: break_glass::BreakGlassConfig => glasses: break_glass::Glass,
        |settings, around| break_glass::Glass::compile(settings, around);
    /// What is switched off.
    kill_switch: kill_switch::KillSwitchConfig => switches: kill_switch::KillSwitch,
        |settings, around| kill_switch::KillSwitch::compile(settings, around.until);
    /// Who may connect, by address.
    address: address::AddressConfig => addresses: address::Addresses,
        |settings, _around| address::Addresses::compile(settings);
    /// Who may connect, by country and provider.
    geo: geo::GeoConfig => places: geo::Geo, |settings, _around| geo::Geo::compile(settings);
    /// Who may call itself a known bot.
    verified_bots: verified_bots::VerifiedBotsConfig => bots: verified_bots::VerifiedBots,
        |settings, _around| verified_bots::VerifiedBots::compile(settings);
    /// What nobody asks for who means well.
    decoy: decoy::DecoyConfig => decoys: decoy::Decoy,
        |settings, around| decoy::Decoy::compile(settings, around.scope);
    /// That clients come by HTTPS.
    https_redirect: https_redirect::HttpsRedirectConfig => redirects: https_redirect::HttpsRedirect,
        |settings, _around| https_redirect::HttpsRedirect::compile(settings);
    /// Whom to tell about weaknesses.
    security_txt: security_txt::SecurityTxtConfig => security_texts: security_txt::SecurityTxt,
        |settings, _around| security_txt::SecurityTxt::compile(settings);
    /// What will be gone.
    deprecation: deprecation::DeprecationConfig => deprecations: deprecation::Deprecation,
        |settings, _around| deprecation::Deprecation::compile(settings);
    /// How large requests may be.
    size: size::SizeConfig => sizes: size::Sizes, |settings, _around| size::Sizes::compile(settings);
    /// How often one may ask.
    rate: rate::RateConfig => rates: Arc<rate::Limit>, |settings, around| {
        let key = &around.surroundings.hash_key;
        let limit = rate::Limit::compile(around.name, settings, around.scope, key)?;
        Ok(Arc::new(limit.after(around.limit_before())))
    };
    /// How many bytes one may move.
    transfer: transfer::TransferConfig => transfers: transfer::Transfer, |settings, around| {
        let key = &around.surroundings.hash_key;
        transfer::Transfer::compile(around.name, settings, around.scope, key)
    };
    /// How much of a day or month one may use.
    quota: quota::QuotaConfig => quotas: quota::Quota, |settings, around| {
        quota::Quota::compile(around.name, settings, around.scope, &around.surroundings.hash_key)
    };
    /// How much may be under way at a time.
    concurrency: concurrency::ConcurrencyConfig => under_way: concurrency::Concurrency,
        |settings, around| {
            let key = &around.surroundings.hash_key;
            concurrency::Concurrency::compile(around.name, settings, around.scope, key)
        };
    /// How much of a list one may ask for at once.
    page_size: page_size::PageSizeConfig => page_sizes: page_size::PageSize,
        |settings, _around| page_size::PageSize::compile(settings);
    /// Which pages of other origins may call.
    cors: cors::CorsConfig => cors: cors::Cors, |settings, _around| cors::Cors::compile(settings);
    /// Verification of own API keys.
    api_key: api_key::ApiKeyConfig => keys: api_key::OwnKeys,
        |settings, around| api_key::OwnKeys::compile(settings, &around.surroundings.keys);
    /// Users with passwords.
    basic: basic::BasicConfig => basics: basic::Basic,
        |settings, around| around.basic(settings);
    /// Verification of the JWTs of an issuer.
    jwt: jwt::JwtConfig => tokens: Arc<jwt::Tokens>, |settings, around| around.tokens(settings);
    /// Tokens that whoever made them is asked about.
    introspection: introspection::IntrospectionConfig => introspected: Arc<introspection::Introspected>,
        |settings, around| around.introspected(settings);
    /// Requests that are signed.
    message_signature: message_signature::MessageSignatureConfig => signed: message_signature::Signatures,
        |settings, around| around.signatures(settings);
    /// Who SOAP messages are from, and what of them is signed.
    ws_security: ws_security::WsSecurityConfig => ws_security: ws_security::WsSecurity,
        |settings, around| {
            let key = &around.surroundings.hash_key;
            ws_security::WsSecurity::compile(around.name, settings, key)
        };
    /// Deliveries of webhooks.
    webhook: webhook::WebhookConfig => webhooks: webhook::Webhook, |settings, around| {
        webhook::Webhook::compile(around.name, settings, &around.surroundings.hash_key)
    };
    /// Operations that end tokens.
    logout: logout::LogoutConfig => logouts: logout::Logouts,
        |settings, _around| logout::Logouts::compile(settings);
    /// Where clients get tokens.
    protected_resource: protected_resource::ProtectedResourceConfig => metadata: protected_resource::Metadata,
        |settings, _around| protected_resource::Metadata::compile(settings);
    /// Who must have been identified.
    authentication: authentication::AuthenticationConfig => required: authentication::Required,
        |settings, around| {
            let has_certificates = around.surroundings.has_client_certificates;
            authentication::Required::compile(settings, has_certificates)
        };
    /// Who may call what.
    authorization: authorization::AuthorizationConfig => authorizations: authorization::Authorization,
        |settings, around| authorization::Authorization::compile(settings, around.vouchers);
    /// What must hold of requests, as an expression.
    condition: condition::ConditionConfig => conditions: condition::Condition,
        |settings, _around| condition::Condition::compile(settings);
    /// Whose objects are for whom.
    ownership: ownership::OwnershipConfig => owners: ownership::Ownership, |settings, around| {
        let Surroundings { owners, hash_key, .. } = around.surroundings;
        ownership::Ownership::compile(settings, owners, hash_key)
    };
    /// Which objects callers have been shown.
    shown: shown::ShownConfig => shown: shown::ShownObjects, |settings, around| {
        let Surroundings { owners, hash_key, .. } = around.surroundings;
        shown::ShownObjects::compile(settings, owners, hash_key)
    };
    /// Which members of objects are for whom.
    properties: properties::PropertiesConfig => properties: properties::Properties,
        |settings, _around| properties::Properties::compile(settings);
    /// In which order operations follow each other.
    flow: flow::FlowConfig => flows: flow::Flow,
        |settings, around| flow::Flow::compile(around.name, settings, &around.surroundings.hash_key);
    /// What a client has to work out before it is let in.
    challenge: challenge::ChallengeConfig => challenges: challenge::Challenge, |settings, around| {
        challenge::Challenge::compile(around.name, settings, &around.surroundings.hash_key)
    };
    /// What a person has to solve before it is let in.
    captcha: captcha::CaptchaConfig => captchas: captcha::Captcha,
        |settings, around| captcha::Captcha::compile(around.name, settings, around.surroundings);
    /// How often passwords may be guessed.
    login: login::LoginConfig => logins: login::Login,
        |settings, around| login::Login::compile(around.name, settings, &around.surroundings.hash_key);
    /// Values that are good once.
    single_use: single_use::SingleUseConfig => single_uses: single_use::SingleUse,
        |settings, around| single_use::SingleUse::compile(around.name, settings, around.surroundings);
    /// What JSON bodies look like.
    schema: schema::SchemaConfig => schemas: schema::Schema,
        |settings, _around| schema::Schema::compile(settings);
    /// How much GraphQL requests ask for.
    graphql: graphql::GraphqlConfig => graphql: graphql::Graphql,
        |settings, around| graphql::Graphql::compile(settings, around.surroundings.hash_key.seed());
    /// Which methods of JSON-RPC may be called.
    json_rpc: json_rpc::JsonRpcConfig => json_rpc: json_rpc::JsonRpc,
        |settings, around| json_rpc::JsonRpc::compile(settings, around.surroundings.hash_key.seed());
    /// Which methods of XML-RPC may be called.
    xml_rpc: xml_rpc::XmlRpcConfig => xml_rpc: xml_rpc::XmlRpc,
        |settings, around| xml_rpc::XmlRpc::compile(settings, around.surroundings.hash_key.seed());
    /// Which operations of SOAP may be called, and with what.
    soap: soap::SoapConfig => soap: soap::Soap,
        |settings, around| soap::Soap::compile(settings, around.surroundings.hash_key.seed());
    /// Which methods of gRPC may be called, and with what.
    grpc: grpc::GrpcConfig => grpc: grpc::Grpc,
        |settings, around| grpc::Grpc::compile(settings, around.surroundings.hash_key.seed());
    /// Where URLs in requests may lead.
    url_values: url_values::UrlValuesConfig => urls: url_values::UrlValues, |settings, around| {
        url_values::UrlValues::compile(settings, around.surroundings.hash_key.seed())
    };
    /// Which files are taken.
    upload: upload::UploadConfig => uploads: upload::Upload,
        |settings, around| upload::Upload::compile(settings, around.surroundings.hash_key.seed());
    /// What messages of WebSockets look like.
    websocket: websocket::WebsocketConfig => sockets: websocket::Websocket,
        |settings, around| {
            websocket::Websocket::compile(settings, around.surroundings.hash_key.seed())
        };
    /// What an OpenAPI specification says about requests and answers.
    openapi: openapi::OpenApiConfig => contracts: openapi::Contract,
        |settings, around| {
            let Surroundings { learned, hash_key, .. } = around.surroundings;
            openapi::Contract::compile(settings, hash_key.seed(), learned)
        };
    /// What is refused as an attack.
    detectors: detectors::DetectorsConfig => detectors: detectors::Detectors,
        |settings, around| detectors::Detectors::compile(settings, &around.surroundings.hash_key);
    /// Which answers are kept from clients.
    leak: leak::LeakConfig => leaks: leak::Leaks,
        |settings, _around| leak::Leaks::compile(settings);
    /// What becomes of errors of services.
    upstream_errors: upstream_errors::UpstreamErrorsConfig => upstream_errors: upstream_errors::UpstreamErrors,
        |settings, _around| upstream_errors::UpstreamErrors::compile(settings);
    /// Fields of requests.
    request_headers: request_headers::RequestHeadersConfig => request_fields: request_headers::RequestFields,
        |settings, _around| request_headers::RequestFields::compile(settings);
    /// Fields of responses.
    headers: headers::HeadersConfig => fields: headers::Fields,
        |settings, _around| headers::Fields::compile(settings);
}

//! Bots that are who they say: whoever calls itself by the name of a known bot has to come from where that one does.

use std::{net::IpAddr, path::PathBuf};

use bartizan_model::Mode;
use http::{HeaderMap, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PolicyItem,
    address::{Ranges, wide},
    config::Problem,
    files::{self, LIST_BYTES},
    record::Refusal,
};
use crate::config::Network;

/// Most bots of a policy.
const BOTS: usize = 200;
/// Most names of a bot.
const NAMES: usize = 20;
/// Most networks of a bot.
const NETWORKS: usize = 100_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "verified_bots",
    title: "Verified bots",
    mode: Mode::Monitor,
    documentation: "\
Refuses whoever calls itself by the name of a known bot in `User-Agent` and does not connect from the networks of that \
bot (403): pretending to be a search engine is how scrapers get past limits. Those networks are given, or read from the \
files that operators of bots publish: `{\"prefixes\": [{\"ipv4Prefix\": …}, {\"ipv6Prefix\": …}]}` as Google, Bing, OpenAI \
and others do, or one network per line. They are read when the configuration is; nothing is fetched, and names are not \
looked up in the DNS.

A name is compared without regard to case, anywhere in the field. Of several bots that are named in one field, all have \
to be right. It says nothing about clients that name no such bot, and lets nobody past other policies. Up to 200 bots, \
each with 20 names and 100000 networks.",
    examples: &["\
name: search-engines
verified_bots:
  bots:
    - {agents: [examplebot, example-images], networks: [192.0.2.0/24, 2001:db8::/32]}
"],
};

/// Settings of a policy about bots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedBotsConfig {
    /// The bots that are known.
    pub bots: Vec<BotConfig>,
}

/// A known bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BotConfig {
    /// What it calls itself in `User-Agent`, 3 characters or more each.
    pub agents: Vec<String>,
    /// Where it connects from: addresses and networks.
    pub networks: Vec<String>,
    /// Files with further networks.
    pub network_files: Vec<PathBuf>,
}

/// A compiled policy about bots.
#[derive(Debug)]
pub(crate) struct VerifiedBots(Vec<Bot>);

#[derive(Debug)]
struct Bot {
    /// In lower case.
    agents: Vec<Box<[u8]>>,
    networks: Ranges,
}

impl VerifiedBots {
    pub(crate) fn compile(config: &VerifiedBotsConfig) -> Result<Self, Problem> {
        if config.bots.is_empty() || config.bots.len() > BOTS {
            return Err(Problem::new("bots", format!("expected 1 to {BOTS}")));
        }
        let bot = |(at, bot): (usize, &BotConfig)| {
            Bot::compile(bot).map_err(|problem| problem.below(&format!("bots.{at}")))
        };
        config.bots.iter().enumerate().map(bot).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn check(&self, address: IpAddr, fields: &HeaderMap) -> Result<(), Refusal> {
        let at = wide(address.to_canonical());
        for agent in fields.get_all(header::USER_AGENT) {
            // All of it: how long a head may be is bounded elsewhere.
            let agent = agent.as_bytes().to_ascii_lowercase();
            let is_false = |bot: &Bot| bot.is_named(&agent) && !bot.networks.holds(at);
            if self.0.iter().any(is_false) {
                let title = "this client is not the one that it says it is";
                return Err(Refusal::deny(StatusCode::FORBIDDEN, "bot-not-verified", title));
            }
        }
        Ok(())
    }
}

impl Bot {
    fn compile(config: &BotConfig) -> Result<Self, Problem> {
        if config.agents.is_empty() || config.agents.len() > NAMES {
            return Err(Problem::new("agents", format!("expected 1 to {NAMES}")));
        }
        if let Some(at) = config.agents.iter().position(|name| name.trim().len() < 3) {
            let problem = "a name this short is in many that mean something else";
            return Err(Problem::new(format!("agents.{at}"), problem));
        }
        let mut ranges = Vec::new();
        for (at, text) in config.networks.iter().enumerate() {
            add(&mut ranges, text).map_err(|p| Problem::new(format!("networks.{at}"), p))?;
        }
        for (at, path) in config.network_files.iter().enumerate() {
            let text = files::text(path, LIST_BYTES);
            let read = text.and_then(|text| read(&mut ranges, &text));
            read.map_err(|problem| Problem::new(format!("network_files.{at}"), problem))?;
        }
        if ranges.is_empty() {
            return Err(Problem::new("networks", "without any, nobody could be this bot"));
        }
        let lower = |name: &String| name.trim().to_ascii_lowercase().into_bytes().into();
        Ok(Self {
            agents: config.agents.iter().map(lower).collect(),
            networks: Ranges::new(ranges),
        })
    }

    fn is_named(&self, agent: &[u8]) -> bool {
        self.agents.iter().any(|name| memchr::memmem::find(agent, name).is_some())
    }
}

fn add(ranges: &mut Vec<(u128, u128)>, text: &str) -> Result<(), String> {
    if ranges.len() >= NETWORKS {
        return Err(format!("there are more than {NETWORKS} networks"));
    }
    let network = Network::parse(text).ok_or_else(|| format!("{text:?} is no network"))?;
    ranges.push(network.range());
    Ok(())
}

/// A list as it is published: an object with `prefixes`, or one network per line.
fn read(ranges: &mut Vec<(u128, u128)>, text: &str) -> Result<(), String> {
    if !text.trim_start().starts_with('{') {
        let entries = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
        return entries.filter(|entry| !entry.is_empty()).try_for_each(|one| add(ranges, one));
    }
    let list: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let prefixes = list.get("prefixes").and_then(Value::as_array).ok_or("it has no `prefixes`")?;
    for prefix in prefixes {
        let text = ["ipv4Prefix", "ipv6Prefix"].iter().find_map(|name| prefix.get(name)?.as_str());
        add(ranges, text.ok_or("one of `prefixes` has no `ipv4Prefix` or `ipv6Prefix`")?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn bots(text: &str) -> Result<VerifiedBots, Problem> {
        VerifiedBots::compile(&serde_saphyr::from_str(text).expect("settings"))
    }

    fn passes(bots: &VerifiedBots, address: &str, agents: &[&str]) -> bool {
        let mut fields = HeaderMap::new();
        for agent in agents {
            fields.append(header::USER_AGENT, HeaderValue::from_str(agent).expect("a value"));
        }
        bots.check(address.parse().expect("an address"), &fields).is_ok()
    }

    #[test]
    fn whoever_uses_a_name_has_to_come_from_there() {
        let bots = bots(
            "{bots: [{agents: [ExampleBot], networks: [192.0.2.0/24, '2001:db8::/32']},
                     {agents: [otherbot], networks: [198.51.100.0/24]}]}",
        )
        .expect("compiles");
        let ours = "Mozilla/5.0 (compatible; examplebot/2.1; +https://example.com/bot)";
        for (address, agents, expected) in [
            ("192.0.2.9", &[ours][..], true),
            ("::ffff:192.0.2.9", &[ours], true),
            ("2001:db8::9", &[ours], true),
            ("203.0.113.9", &[ours], false),
            ("203.0.113.9", &["EXAMPLEBOT"], false),
            ("203.0.113.9", &["curl/8", ours], false),
            ("192.0.2.9", &["examplebot otherbot"], false),
            ("203.0.113.9", &["curl/8"], true),
            ("203.0.113.9", &[], true),
            ("203.0.113.9", &[&*format!("{}examplebot", "x".repeat(9_000))], false),
        ] {
            assert_eq!(passes(&bots, address, agents), expected, "{address} {agents:?}");
        }
    }

    #[test]
    fn lists_are_read_as_they_are_published() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list");
        let settings =
            format!("{{bots: [{{agents: [examplebot], network_files: ['{}']}}]}}", path.display());
        let json = r#"{"creationTime": "x", "prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}"#;
        for text in [json, "# theirs\n192.0.2.0/24 # here\n2001:db8::/32\n"] {
            std::fs::write(&path, text).expect("written");
            let bots = bots(&settings).expect("compiles");
            assert!(passes(&bots, "192.0.2.1", &["examplebot"]), "{text}");
            assert!(passes(&bots, "2001:db8::1", &["examplebot"]), "{text}");
            assert!(!passes(&bots, "192.0.3.1", &["examplebot"]), "{text}");
        }
        for wrong in ["", "{}", r#"{"prefixes": [{}]}"#, r#"{"prefixes": []}"#, "{", "nonsense"] {
            std::fs::write(&path, wrong).expect("written");
            assert!(bots(&settings).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, key) in [
            ("{bots: []}", "bots"),
            ("{bots: [{networks: [192.0.2.1]}]}", "bots.0.agents"),
            ("{bots: [{agents: [ab], networks: [192.0.2.1]}]}", "bots.0.agents.0"),
            ("{bots: [{agents: [abc]}]}", "bots.0.networks"),
            ("{bots: [{agents: [abc], networks: [x]}]}", "bots.0.networks.0"),
        ] {
            assert_eq!(bots(text).err().map(|problem| problem.key), Some(key.to_owned()), "{text}");
        }
    }
}

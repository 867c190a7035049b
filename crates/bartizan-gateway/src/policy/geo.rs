//! Countries and networks of providers: where clients connect from, by a database of addresses.

use std::{collections::BTreeSet, fs::File, io::Read as _, net::IpAddr, path::PathBuf, sync::Arc};

use bartizan_model::Mode;
use http::StatusCode;
use maxminddb::{PathElement, Reader};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem, record::Refusal};

/// Most bytes of a database: the largest that are published have about 130 MB.
const DATABASE_BYTES: u64 = 512 * 1024 * 1024;
/// Most countries or autonomous systems of a list.
const ENTRIES: usize = 10_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "geo",
    title: "Countries and providers",
    mode: Mode::Monitor,
    documentation: "\
Refuses clients (403) by the country that a database says their address is of (`allow_countries`, `deny_countries`: ISO \
3166-1, two letters), or by the autonomous system that announces it (`deny_systems`: numbers, for example of hosting \
providers). `deny` wins. The database is a file in MaxMind's format (`.mmdb`): those for countries, cities and autonomous \
systems of MaxMind, DB-IP and IPinfo are; two policies take two databases. A country is read at \
`country/iso_code`, `country_code` or `country`, a system at `autonomous_system_number` or `asn`.

The address is that of the connection, or the one that a trusted proxy names. What becomes of addresses that the database \
does not know, those of private networks among them, says `unknown`. Such databases are often wrong about single \
addresses, and whoever wants to comes by way of another country: it thins out, it does not keep out. \
The file is read when the configuration is, at most 512 MiB, and held in memory.",
    examples: &["\
name: where-we-sell
scope: {paths: [/checkout/**]}
geo: {database: /var/lib/GeoIP/GeoLite2-Country.mmdb, allow_countries: [DE, AT, CH]}
"],
};

/// Settings of a policy by place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeoConfig {
    /// The database, a file in MaxMind's format.
    pub database: PathBuf,
    /// Only clients of these countries are let in, when there are any: two letters each.
    #[serde(default)]
    pub allow_countries: Vec<String>,
    /// Clients of these countries are not let in.
    #[serde(default)]
    pub deny_countries: Vec<String>,
    /// Clients of these autonomous systems are not let in.
    #[serde(default)]
    pub deny_systems: Vec<u32>,
    /// What becomes of addresses that the database says nothing about.
    #[serde(default)]
    pub unknown: Unknown,
}

/// The number of an autonomous system; IPinfo writes `AS64496`.
#[derive(Deserialize)]
#[serde(untagged)]
enum System<'d> {
    Number(u64),
    Text(&'d str),
}

/// What becomes of addresses of nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// They are let in, and not evaluated.
    #[default]
    Pass,
    /// They are not let in.
    Refuse,
}

/// A compiled policy by place.
#[derive(Debug)]
pub(crate) struct Geo {
    database: Arc<Reader<Vec<u8>>>,
    allow: Option<BTreeSet<[u8; 2]>>,
    deny: BTreeSet<[u8; 2]>,
    systems: BTreeSet<u32>,
    unknown: Unknown,
}

impl Geo {
    pub(crate) fn compile(config: &GeoConfig) -> Result<Self, Problem> {
        let GeoConfig { allow_countries, deny_countries, deny_systems, .. } = config;
        if allow_countries.is_empty() && deny_countries.is_empty() && deny_systems.is_empty() {
            let problem = "one of `allow_countries`, `deny_countries` and `deny_systems` is needed";
            return Err(Problem::new("", problem));
        }
        if deny_systems.len() > ENTRIES {
            return Err(Problem::new("deny_systems", format!("more than {ENTRIES}")));
        }
        let allow = countries("allow_countries", allow_countries)?;
        let geo = Self {
            database: Arc::new(read(config)?),
            allow: (!allow.is_empty()).then_some(allow),
            deny: countries("deny_countries", deny_countries)?,
            systems: deny_systems.iter().copied().collect(),
            unknown: config.unknown,
        };
        geo.check_kind()?;
        Ok(geo)
    }

    /// Refuses a database that cannot say what is asked: it would let everybody in.
    fn check_kind(&self) -> Result<(), Problem> {
        let kind = self.database.metadata().database_type.to_ascii_lowercase();
        let has_systems = ["asn", "isp", "enterprise"].iter().any(|word| kind.contains(word));
        let asks_for_countries = self.allow.is_some() || !self.deny.is_empty();
        let wrong = |what| {
            let kind = &self.database.metadata().database_type;
            Err(Problem::new("database", format!("one of type {kind:?} does not tell {what}")))
        };
        if !self.systems.is_empty() && !has_systems && !kind.contains("ipinfo") {
            return wrong("autonomous systems");
        }
        let only_systems = kind.ends_with("asn") || kind.ends_with("asn-lite");
        if asks_for_countries && only_systems {
            return wrong("countries");
        }
        Ok(())
    }

    /// What follows for a client at an address; `Ok` with a reason when nothing is known of it.
    pub(crate) fn check(&self, address: IpAddr) -> Result<Option<&'static str>, Refusal> {
        let title = "this address is not let in";
        let refuse = |reason| {
            Err(Refusal::deny(StatusCode::FORBIDDEN, "place-refused", title).because(reason))
        };
        let address = address.to_canonical();
        // A database of IPv4 only knows nothing of IPv6, and one that is broken here knows nothing either.
        let found = self.database.lookup(address).ok();
        let text = |path: &[PathElement<'_>]| {
            found.as_ref()?.decode_path::<&str>(path).ok().flatten().and_then(country)
        };
        let number = |path: &[PathElement<'_>]| match found
            .as_ref()?
            .decode_path::<System<'_>>(path)
            .ok()??
        {
            System::Number(number) => u32::try_from(number).ok(),
            System::Text(text) => text.trim_start_matches("AS").parse().ok(),
        };
        let mut unknown = false;
        if !self.systems.is_empty() {
            let system = number(&[PathElement::Key("autonomous_system_number")])
                .or_else(|| number(&[PathElement::Key("asn")]));
            unknown |= system.is_none();
            if system.is_some_and(|system| self.systems.contains(&system)) {
                return refuse("system-denied");
            }
        }
        if self.allow.is_some() || !self.deny.is_empty() {
            let country = text(&[PathElement::Key("country"), PathElement::Key("iso_code")])
                .or_else(|| text(&[PathElement::Key("country_code")]))
                .or_else(|| text(&[PathElement::Key("country")]));
            let Some(country) = country else { return self.nowhere() };
            if self.deny.contains(&country) {
                return refuse("country-denied");
            }
            if self.allow.as_ref().is_some_and(|allow| !allow.contains(&country)) {
                return refuse("country-not-allowed");
            }
        }
        if unknown { self.nowhere() } else { Ok(None) }
    }

    fn nowhere(&self) -> Result<Option<&'static str>, Refusal> {
        let reason = "place-unknown";
        match self.unknown {
            Unknown::Pass => Ok(Some(reason)),
            Unknown::Refuse => {
                let title = "this address is not let in";
                Err(Refusal::deny(StatusCode::FORBIDDEN, "place-refused", title).because(reason))
            }
        }
    }
}

fn read(config: &GeoConfig) -> Result<Reader<Vec<u8>>, Problem> {
    let path = config.database.display();
    let failed = |problem: String| Problem::new("database", format!("{path}: {problem}"));
    let file = File::open(&config.database).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    let read = file.take(DATABASE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > DATABASE_BYTES {
        return Err(failed(format!("has more than {DATABASE_BYTES} bytes")));
    }
    Reader::from_source(bytes).map_err(|error| failed(error.to_string()))
}

/// A country as two capitals.
fn country(text: &str) -> Option<[u8; 2]> {
    let code: [u8; 2] = text.as_bytes().try_into().ok()?;
    code.iter().all(u8::is_ascii_alphabetic).then(|| code.map(|letter| letter.to_ascii_uppercase()))
}

fn countries(key: &str, list: &[String]) -> Result<BTreeSet<[u8; 2]>, Problem> {
    if list.len() > ENTRIES {
        return Err(Problem::new(key, format!("more than {ENTRIES}")));
    }
    let mut found = BTreeSet::new();
    for (at, text) in list.iter().enumerate() {
        let problem = || Problem::new(format!("{key}.{at}"), "is no country of two letters");
        found.insert(country(text).ok_or_else(problem)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `scripts/geo-fixture.sh` wrote: 192.0.2.0/24 is of Germany and system 64496, 198.51.100.0/24 of France and
    /// 64497, 2001:db8::/32 of Austria, 203.0.113.0/24 of nowhere but system 64498.
    fn config(more: &str) -> GeoConfig {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/geo");
        let text = format!("{{database: '{folder}/places.mmdb'{more}}}");
        serde_saphyr::from_str(&text).expect("settings")
    }

    fn checked(more: &str, address: &str) -> Result<Option<&'static str>, &'static str> {
        let geo = Geo::compile(&config(more)).expect("compiles");
        geo.check(address.parse().expect("an address")).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn countries_are_allowed_and_denied() {
        let allow = ", allow_countries: [de, AT]";
        for (more, address, expected) in [
            (allow, "192.0.2.7", Ok(None)),
            (allow, "::ffff:192.0.2.7", Ok(None)),
            (allow, "2001:db8::1", Ok(None)),
            (allow, "198.51.100.7", Err("country-not-allowed")),
            (allow, "203.0.113.7", Ok(Some("place-unknown"))),
            (allow, "10.0.0.1", Ok(Some("place-unknown"))),
            (", allow_countries: [DE], unknown: refuse", "10.0.0.1", Err("place-unknown")),
            (", deny_countries: [FR]", "198.51.100.7", Err("country-denied")),
            (", deny_countries: [FR]", "192.0.2.7", Ok(None)),
            (
                ", allow_countries: [FR], deny_countries: [FR]",
                "198.51.100.7",
                Err("country-denied"),
            ),
        ] {
            assert_eq!(checked(more, address), expected, "{more} {address}");
        }
    }

    #[test]
    fn systems_are_denied_whatever_their_country() {
        let more = ", deny_systems: [64496, 64498]";
        assert_eq!(checked(more, "192.0.2.7"), Err("system-denied"));
        assert_eq!(checked(more, "203.0.113.7"), Err("system-denied"));
        assert_eq!(checked(more, "198.51.100.7"), Ok(None));
        assert_eq!(checked(more, "10.0.0.1"), Ok(Some("place-unknown")));
        let both = ", allow_countries: [DE], deny_systems: [64496]";
        assert_eq!(checked(both, "192.0.2.7"), Err("system-denied"));
    }

    #[test]
    fn what_would_let_everybody_in_is_refused() {
        let key = |config: &GeoConfig| Geo::compile(config).err().map(|problem| problem.key);
        assert_eq!(key(&config("")), Some(String::new()));
        assert_eq!(key(&config(", deny_countries: [Germany]")), Some("deny_countries.0".into()));
        let mut missing = config(", deny_countries: [DE]");
        missing.database = "/nonexistent/places.mmdb".into();
        assert_eq!(key(&missing), Some("database".into()));
        let folder = tempfile::tempdir().expect("a folder");
        missing.database = folder.path().join("broken.mmdb");
        for bytes in [&b""[..], b"nonsense", b"\xab\xcd\xefMaxMind.com", &[0xff; 4_096]] {
            std::fs::write(&missing.database, bytes).expect("written");
            assert_eq!(key(&missing), Some("database".into()));
        }
        // One that tells no countries would find nobody.
        let mut systems = config(", deny_countries: [DE]");
        systems.database =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/geo/systems.mmdb").into();
        assert_eq!(key(&systems), Some("database".into()));
    }
}

//! From the configuration of the catalogue to what the judgement is given.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::{Path, PathBuf},
};

use bartizan_analysis::catalog::{
    Catalog, Codeowners, Gateways, Glob, KnownHost, KnownPath, MAX_CODEOWNERS_BYTES, MAX_FACT,
    MAX_KNOWN_HOSTS, MAX_KNOWN_PATHS, MAX_NETWORKS, MAX_PATTERNS, MAX_RULES, Match, NetworkKind,
    Networks, PathGlob, Rule, Set,
};
use bartizan_model::{Access, LifeStage, ResourceKind, ServiceId, address::Network};

use crate::{
    config::catalog::{CatalogConfig, MatchConfig, ResourcesConfig, RuleConfig, SetConfig},
    serve::SettingsError,
};

/// Folders of a repository in which a CODEOWNERS file may be.
const INSIDE: [&str; 3] = [".github", ".gitlab", "docs"];

/// Longest id of a service, in bytes: as the administration API takes it.
const SERVICE_BYTES: usize = 64;

/// Reads patterns, networks and the CODEOWNERS file. `specs`: the specifications that endpoints are
/// compared with.
///
/// # Errors
/// A pattern, network or value that cannot be used, or a CODEOWNERS file that cannot be read.
pub(crate) fn compile(config: &CatalogConfig, specs: &[PathBuf]) -> Result<Catalog, SettingsError> {
    let CatalogConfig { networks, third_party_hosts, gateways, hosts, paths, rules, .. } = config;
    let mut known = Vec::new();
    for (name, list, kind) in [
        ("public", &networks.public, NetworkKind::Public),
        ("partner", &networks.partner, NetworkKind::Partner),
        ("private", &networks.private, NetworkKind::Private),
    ] {
        let list = addresses(&format!("catalog.networks.{name}"), list)?;
        known.extend(list.into_iter().map(|network| (network, kind)));
    }
    let foreign: Vec<String> = third_party_hosts.iter().map(|host| host.to_lowercase()).collect();
    let third_party = globs("catalog.third_party_hosts", &foreign)?;
    let gateways = Gateways {
        sources: globs("catalog.gateways.sources", &gateways.sources)?,
        addresses: addresses("catalog.gateways.addresses", &gateways.addresses)?,
    };
    if hosts.len() > MAX_KNOWN_HOSTS {
        return Err(wrong("catalog.hosts", format!("more than {MAX_KNOWN_HOSTS} hosts")));
    }
    let hosts = patterns("catalog.hosts", hosts, KnownHost::new)?;
    if paths.len() > MAX_KNOWN_PATHS {
        return Err(wrong("catalog.paths", format!("more than {MAX_KNOWN_PATHS} paths")));
    }
    let paths = patterns("catalog.paths", paths, KnownPath::new)?;
    let owners = FileOwners::read(config)?;
    let owned = |spec: &PathBuf| {
        let owner = owners.as_ref().and_then(|owners| owners.of(spec))?;
        Some((spec.display().to_string(), owner))
    };
    let code_owners = specs.iter().filter_map(owned).collect();
    Ok(Catalog {
        networks: Networks::new(known.into_iter()),
        gateways,
        third_party: foreign.into_iter().zip(third_party).collect(),
        rules: compile_rules(rules)?,
        hosts,
        paths,
        code_owners,
    })
}

fn wrong(key: impl Into<String>, problem: impl Into<String>) -> SettingsError {
    SettingsError { key: key.into(), problem: problem.into() }
}

fn addresses(key: &str, list: &[String]) -> Result<Vec<Network>, SettingsError> {
    if list.len() > MAX_NETWORKS {
        return Err(wrong(key, format!("more than {MAX_NETWORKS} networks")));
    }
    let network = |(at, text): (usize, &String)| {
        Network::parse(text).ok_or_else(|| {
            let problem = format!("`{text}` is no address and no network such as 10.0.0.0/8");
            wrong(format!("{key}.{at}"), problem)
        })
    };
    list.iter().enumerate().map(network).collect()
}

fn patterns<T>(
    key: &str,
    list: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, SettingsError> {
    if list.len() > MAX_PATTERNS {
        return Err(wrong(key, format!("more than {MAX_PATTERNS} patterns")));
    }
    let pattern = |(at, text): (usize, &String)| {
        read(text).map_err(|problem| wrong(format!("{key}.{at}"), problem))
    };
    list.iter().enumerate().map(pattern).collect()
}

fn globs(key: &str, list: &[String]) -> Result<Vec<Glob>, SettingsError> {
    patterns(key, list, Glob::new)
}

fn compile_rules(rules: &[RuleConfig]) -> Result<Vec<Rule>, SettingsError> {
    if rules.len() > MAX_RULES {
        return Err(wrong("catalog.rules", format!("more than {MAX_RULES} rules")));
    }
    let mut names = BTreeSet::new();
    let mut sum = 0;
    let mut out = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let key = format!("catalog.rules.{at}");
        let name = rule.name.as_str();
        if !names.insert(name) {
            return Err(wrong(format!("{key}.name"), format!("two rules are named `{name}`")));
        }
        let matches = compile_match(&format!("{key}.match"), &rule.matches)?;
        sum += matches.patterns();
        if sum > MAX_PATTERNS {
            let problem = format!("more than {MAX_PATTERNS} patterns in all rules together");
            return Err(wrong("catalog.rules", problem));
        }
        let set = compile_set(&format!("{key}.set"), &rule.set)?;
        out.push(Rule { name: name.to_owned(), matches, set });
    }
    Ok(out)
}

fn compile_match(key: &str, config: &MatchConfig) -> Result<Match, SettingsError> {
    let lower = |text: &str| Glob::new(&text.to_lowercase());
    Ok(Match {
        hosts: patterns(&format!("{key}.hosts"), &config.hosts, lower)?,
        paths: patterns(&format!("{key}.paths"), &config.paths, PathGlob::new)?,
        methods: globs(&format!("{key}.methods"), &config.methods)?,
        tags: globs(&format!("{key}.tags"), &config.tags)?,
        specs: globs(&format!("{key}.specs"), &config.specs)?,
    })
}

fn compile_set(key: &str, config: &SetConfig) -> Result<Set, SettingsError> {
    let SetConfig { owner, business_unit, service, access, stage, .. } = config;
    if *config == SetConfig::default() {
        return Err(wrong(
            key,
            "says nothing: name an owner, business_unit, service, access, stage, resources, composite or \
             sensitive_data",
        ));
    }
    for (name, text) in [("owner", owner), ("business_unit", business_unit)] {
        check_fact(&format!("{key}.{name}"), text.as_deref())?;
    }
    let resources = compile_resources(&format!("{key}.resources"), &config.resources)?;
    let is_id = |text: &String| {
        let is_fit = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        !text.is_empty() && text.len() <= SERVICE_BYTES && text.bytes().all(is_fit)
    };
    if service.as_ref().is_some_and(|text| !is_id(text)) {
        let problem = format!("expected 1 to {SERVICE_BYTES} letters, digits, `-` or `_`");
        return Err(wrong(format!("{key}.service"), problem));
    }
    let unknown = "leave it out: what nothing tells is unknown";
    if *access == Some(Access::Unknown) {
        return Err(wrong(format!("{key}.access"), unknown));
    }
    if *stage == Some(LifeStage::Unknown) {
        return Err(wrong(format!("{key}.stage"), unknown));
    }
    Ok(Set {
        owner: owner.as_ref().map(|text| text.trim().to_owned()),
        business_unit: business_unit.as_ref().map(|text| text.trim().to_owned()),
        service: service.as_deref().map(ServiceId::from_text),
        access: *access,
        stage: *stage,
        resources,
        composite: config.composite,
        sensitive_data: config.sensitive_data,
    })
}

fn check_fact(key: &str, text: Option<&str>) -> Result<(), SettingsError> {
    let is_fit = |text: &str| {
        !text.trim().is_empty() && text.len() <= MAX_FACT && !text.chars().any(char::is_control)
    };
    match text.filter(|text| !is_fit(text)) {
        Some(_) => Err(wrong(key, format!("expected text of 1 to {MAX_FACT} bytes on one line"))),
        None => Ok(()),
    }
}

fn compile_resources(
    key: &str,
    config: &ResourcesConfig,
) -> Result<BTreeMap<ResourceKind, String>, SettingsError> {
    let mut out = BTreeMap::new();
    for (kind, text) in [
        (ResourceKind::Host, &config.host),
        (ResourceKind::Instance, &config.instance),
        (ResourceKind::Upstream, &config.upstream),
        (ResourceKind::Certificate, &config.certificate),
    ] {
        check_fact(&format!("{key}.{kind}"), text.as_deref())?;
        out.extend(text.as_ref().map(|text| (kind, text.trim().to_owned())));
    }
    Ok(out)
}

/// Who owns which file.
pub(crate) struct FileOwners {
    owners: Codeowners,
    /// Name of the file that says so.
    name: String,
    /// The folder that its patterns begin in.
    root: PathBuf,
}

impl FileOwners {
    /// Reads the CODEOWNERS file that the configuration names; `None` when it names none.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read(config: &CatalogConfig) -> Result<Option<Self>, SettingsError> {
        let Some(path) = &config.codeowners else { return Ok(None) };
        let fail = |problem: String| {
            wrong("catalog.codeowners", format!("cannot read {}: {problem}", path.display()))
        };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
        let most = MAX_CODEOWNERS_BYTES as u64 + 1;
        file.take(most).read_to_string(&mut text).map_err(|error| fail(error.to_string()))?;
        if text.len() > MAX_CODEOWNERS_BYTES {
            return Err(fail(format!("it is larger than {MAX_CODEOWNERS_BYTES} bytes")));
        }
        let root = root_of(path).map_err(|error| fail(error.to_string()))?;
        let name = path.display().to_string();
        Ok(Some(Self { owners: Codeowners::parse(&text), name, root }))
    }

    /// Owners of a file, and the line that says so; `None` for one that is elsewhere or not there.
    pub(crate) fn of(&self, file: &Path) -> Option<(String, String)> {
        let whole = file.canonicalize().ok()?;
        let below = whole.strip_prefix(&self.root).ok()?;
        let names: Option<Vec<&str>> = below.components().map(|c| c.as_os_str().to_str()).collect();
        let path = names?.join("/");
        let (owner, line) = self.owners.owner(&path)?;
        Some((owner.to_owned(), format!("{}, line {line}", self.name)))
    }
}

/// The folder that patterns of a CODEOWNERS file begin in.
fn root_of(path: &Path) -> std::io::Result<PathBuf> {
    let whole = path.canonicalize()?;
    let folder = whole.parent().unwrap_or(Path::new("/"));
    let is_inside = folder.file_name().is_some_and(|name| INSIDE.iter().any(|one| name == *one));
    let above = folder.parent().filter(|_| is_inside);
    Ok(above.unwrap_or(folder).to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> CatalogConfig {
        serde_saphyr::from_str(text).expect("a configuration")
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        for (text, key) in [
            ("networks: {partner: [10.0.0.0/40]}", "catalog.networks.partner.0"),
            ("networks: {private: ['::1', nowhere]}", "catalog.networks.private.1"),
            ("third_party_hosts: ['']", "catalog.third_party_hosts.0"),
            ("gateways: {addresses: [a]}", "catalog.gateways.addresses.0"),
            ("rules: [{name: a, set: {}}]", "catalog.rules.0.set"),
            ("rules: [{name: a, set: {owner: ' '}}]", "catalog.rules.0.set.owner"),
            ("rules: [{name: a, set: {service: 'a b'}}]", "catalog.rules.0.set.service"),
            ("rules: [{name: a, set: {access: unknown}}]", "catalog.rules.0.set.access"),
            ("rules: [{name: a, set: {stage: unknown}}]", "catalog.rules.0.set.stage"),
            (
                "rules: [{name: a, set: {resources: {instance: ''}}}]",
                "catalog.rules.0.set.resources.instance",
            ),
            (
                "rules: [{name: a, match: {paths: ['/a**']}, set: {owner: b}}]",
                "catalog.rules.0.match.paths.0",
            ),
            (
                "rules: [{name: a, set: {owner: b}}, {name: a, set: {owner: c}}]",
                "catalog.rules.1.name",
            ),
            ("paths: ['api.example.com/a', '/no/host']", "catalog.paths.1"),
            ("hosts: ['{tenant}.example.com', '{tenant}']", "catalog.hosts.1"),
            ("hosts: ['*.example.com']", "catalog.hosts.0"),
            ("codeowners: /nowhere/CODEOWNERS", "catalog.codeowners"),
        ] {
            let error = compile(&config(text), &[]).map(drop).expect_err(text);
            assert_eq!(error.key, key, "{text}");
        }
        let rule = |at: usize| format!("{{name: r{at}, set: {{owner: a}}}}");
        let many: Vec<String> = (0..=MAX_RULES).map(rule).collect();
        let error = compile(&config(&format!("rules: [{}]", many.join(", "))), &[]);
        assert_eq!(error.map(drop).expect_err("many").key, "catalog.rules");
    }

    #[test]
    fn rules_say_all_five_facts() {
        let text = "rules: [{name: a, set: {resources: {instance: ' k8s/shop '}, composite: true, sensitive_data: false}}]";
        let catalog = compile(&config(text), &[]).expect("compiles");
        let set = &catalog.rules[0].set;
        assert_eq!(
            set.resources,
            BTreeMap::from([(ResourceKind::Instance, "k8s/shop".to_owned())])
        );
        assert_eq!((set.composite, set.sensitive_data), (Some(true), Some(false)));
    }

    #[test]
    fn owners_of_files_are_found_from_the_root_of_the_repository() {
        let home = tempfile::tempdir().expect("a folder");
        for folder in [".github", "apis"] {
            std::fs::create_dir(home.path().join(folder)).expect("a folder");
        }
        let spec = home.path().join("apis/orders.yaml");
        let file = home.path().join(".github/CODEOWNERS");
        std::fs::write(&spec, "openapi: 3.1.0").expect("a file");
        std::fs::write(&file, "* @all\n/apis/ @orders\n").expect("a file");
        let config = CatalogConfig { codeowners: Some(file.clone()), ..CatalogConfig::default() };
        let elsewhere = PathBuf::from("/nowhere/openapi.yaml");
        let catalog = compile(&config, &[spec.clone(), elsewhere]).expect("compiles");
        let owner = ("@orders".to_owned(), format!("{}, line 2", file.display()));
        assert_eq!(catalog.code_owners, BTreeMap::from([(spec.display().to_string(), owner)]));
    }
}

//! What was found in a configuration of others, and the configuration that it becomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::LOSS;
use crate::{
    config::{Config, from_yaml},
    output::text::safe,
    serve::{self, Overrides},
};

/// Most notes that are told; the rest is counted.
const NOTES: usize = 200;
/// Most services, and policies.
const MOST: usize = 500;
/// Longest part of a name that comes from the file, in bytes.
const NAME_BYTES: usize = 40;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    services: Vec<Service>,
    listeners: Vec<Listener>,
    policies: Vec<Value>,
    names: BTreeSet<String>,
    /// Methods that services are for, of those that are not for all.
    methods: BTreeMap<String, BTreeSet<String>>,
    notes: Said,
    losses: Said,
}

/// What is to be said.
#[derive(Debug, Default)]
struct Said {
    texts: Vec<String>,
    left_out: usize,
}

impl Said {
    fn add(&mut self, line: Option<usize>, text: impl fmt::Display) {
        if self.texts.len() == NOTES {
            self.left_out += 1;
            return;
        }
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        self.texts.push(safe(&format!("{place}{text}")));
    }

    fn all(&self) -> impl Iterator<Item = String> {
        let more = (self.left_out > 0).then(|| format!("and {} more", self.left_out));
        self.texts.iter().cloned().chain(more)
    }
}

/// Where requests go.
#[derive(Debug, Default, Serialize)]
pub(super) struct Service {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hosts: Vec<String>,
    pub(super) path_prefix: String,
    pub(super) upstreams: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) balance: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<&'static str>,
}

/// Where clients connect.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Listener {
    pub(super) address: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) certificates: Vec<Certificate>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Certificate {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<String>,
    pub(super) chain: String,
    pub(super) key: String,
}

/// Where a policy applies.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) services: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) methods: Vec<String>,
}

impl Place {
    /// The same from a prefix of paths on. There, a prefix without a slash at its end goes on within a segment:
    /// `/admin` holds `/administration`.
    pub(super) fn below(&self, prefix: &str) -> Self {
        let paths = match (prefix.trim_end_matches('/'), prefix.ends_with('/')) {
            ("", _) => Vec::new(),
            (prefix, true) => vec![format!("{prefix}/**")],
            (prefix, false) => vec![format!("{prefix}*/**")],
        };
        Self { paths, ..self.clone() }
    }

    fn to_value(&self) -> Option<Value> {
        let mut scope = Map::new();
        for (key, list) in [
            ("services", &self.services),
            ("hosts", &self.hosts),
            ("paths", &self.paths),
            ("methods", &self.methods),
        ] {
            if !list.is_empty() {
                scope.insert(key.to_owned(), json!(list));
            }
        }
        (!scope.is_empty()).then(|| scope.into())
    }
}

impl Found {
    /// Whether there is nowhere for requests to go.
    pub(super) fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Says what is to be thought of, and lets no more through.
    pub(super) fn note(&mut self, line: Option<usize>, text: impl fmt::Display) {
        self.notes.add(line, text);
    }

    /// Says what may let more through than there: what restricts and is not taken over, and what may.
    pub(super) fn loses(&mut self, line: Option<usize>, text: impl fmt::Display) {
        self.losses.add(line, text);
    }

    /// What is to be thought of.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.all()
    }

    /// What may let more through.
    pub(super) fn losses(&self) -> impl Iterator<Item = String> {
        self.losses.all()
    }

    /// Whether more may get through than there.
    pub(super) fn is_lossy(&self) -> bool {
        !self.losses.texts.is_empty()
    }

    /// Adds a service; its name is made one that nothing else has. Gives that name, or the name of the one that takes
    /// the same requests already.
    pub(super) fn service(&mut self, service: Service) -> Option<String> {
        let place = |one: &Service| one.path_prefix.trim_end_matches('/').to_owned();
        let same = |one: &&Service| one.hosts == service.hosts && place(one) == place(&service);
        if let Some(known) = self.services.iter().find(same) {
            let (name, prefix) = (known.name.clone(), &service.path_prefix);
            if known.upstreams != service.upstreams {
                let what = format!(
                    "{prefix} leads to several places there, and to those of `{name}` only here"
                );
                self.loses(None, what);
            }
            return Some(name);
        }
        if self.services.len() == MOST {
            self.loses(None, "there are more services than are taken over");
            return None;
        }
        let name = self.name(&service.name);
        self.services.push(Service { name: name.clone(), ..service });
        Some(name)
    }

    /// Says which methods a service is for; none stand for all. Of several times, all count.
    pub(super) fn serves(&mut self, service: &str, methods: &[String]) {
        let known = self.methods.get(service).is_none_or(|known| !known.is_empty());
        let of_service = self.methods.entry(service.to_owned()).or_default();
        match methods.is_empty() {
            true => of_service.clear(),
            false if known => of_service.extend(methods.iter().cloned()),
            false => {}
        }
    }

    /// Policies that refuse, service by service, the methods that it is not for.
    pub(super) fn refuse_other_methods(&mut self) {
        let narrowed = std::mem::take(&mut self.methods).into_iter();
        for (service, methods) in narrowed.filter(|(_, methods)| !methods.is_empty()) {
            let place = Place { services: vec![service.clone()], ..Place::default() };
            let named = Place { methods: methods.into_iter().collect(), ..place.clone() };
            self.policy(&service, &named, "authorization", json!({"allow": [{"anyone": true}]}));
            let rest = json!({"deny_rest": true, "hide": true});
            self.policy(&service, &place, "authorization", rest);
        }
    }

    /// There, `*.` in front of a name stands for any number of labels. Where a service takes what others leave, it takes
    /// the deeper names.
    pub(super) fn deeper_names(&mut self) {
        let mut hosts = self.services.iter().flat_map(|service| &service.hosts);
        let pattern = hosts.find(|host| host.starts_with("*.")).cloned();
        let takes_rest = self.services.iter().any(|service| service.hosts.is_empty());
        if let Some(pattern) = pattern.filter(|_| takes_rest) {
            let what = "is for one more label here and for any number there; others go to services without hosts";
            self.loses(None, format_args!("`{pattern}` {what}"));
        }
    }

    /// A policy that lets nobody in.
    pub(super) fn refuses(&mut self, stem: &str, place: &Place) {
        self.policy(stem, place, "address", json!({"deny": ["0.0.0.0/0", "::/0"]}));
    }

    /// Addresses at which it listens.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.listeners.iter().map(|listener| listener.address.as_str())
    }

    /// Adds a listener, unless it is there.
    pub(super) fn listener(&mut self, address: String, certificate: Option<Certificate>) {
        let known = self.listeners.iter().position(|one| one.address == address);
        let at = known.unwrap_or(self.listeners.len());
        if known.is_none() {
            self.listeners.push(Listener { address, certificates: Vec::new() });
        }
        let certificates = &mut self.listeners[at].certificates;
        certificates.extend(certificate.filter(|one| !certificates.contains(one)));
    }

    /// Adds a policy, monitored.
    pub(super) fn policy(&mut self, stem: &str, place: &Place, kind: &str, settings: Value) {
        if self.policies.len() == MOST {
            self.loses(None, "there are more policies than are taken over");
            return;
        }
        let name = self.name(&format!("{stem}-{}", kind.replace('_', "-")));
        let mut policy = Map::new();
        policy.insert("name".to_owned(), name.into());
        policy.insert("mode".to_owned(), "monitor".into());
        if let Some(scope) = place.to_value() {
            policy.insert("scope".to_owned(), scope);
        }
        policy.insert(kind.to_owned(), settings);
        self.policies.push(policy.into());
    }

    /// Has all requests go there.
    pub(super) fn send_to(&mut self, upstream: &str) {
        for service in &mut self.services {
            service.upstreams = vec![upstream.to_owned()];
        }
    }

    /// Requests go to the first service that they match: the longest prefixes come first, names before patterns of
    /// names, and these before none.
    fn in_order(&mut self) {
        self.services.sort_by_key(|service| {
            let has_patterns = service.hosts.iter().any(|host| host.starts_with('*'));
            let length = std::cmp::Reverse(service.path_prefix.len());
            (service.hosts.is_empty(), has_patterns, length)
        });
    }

    /// A name that nothing else has.
    fn name(&mut self, text: &str) -> String {
        let is_kept = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        let mut stem = String::new();
        for c in text.chars() {
            if stem.len() >= NAME_BYTES {
                break;
            }
            match is_kept(c) {
                true => stem.push(c),
                false if stem.ends_with('-') || stem.is_empty() => {}
                false => stem.push('-'),
            }
        }
        let stem = stem.trim_end_matches('-');
        let stem = if stem.is_empty() { "imported" } else { stem };
        let mut numbered = (1..).map(|number| match number {
            1 => stem.to_owned(),
            number => format!("{stem}-{number}"),
        });
        let name = numbered.find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(name.clone());
        name
    }

    /// The configuration as a file, and why `serve` would not take it, if it would not.
    pub(super) fn yaml(&mut self) -> (String, Option<String>) {
        self.in_order();
        let mut gateway = Map::new();
        if !self.listeners.is_empty() {
            gateway.insert("listeners".to_owned(), json!(self.listeners));
        }
        gateway.insert("services".to_owned(), json!(self.services));
        let mut whole = Map::new();
        whole.insert("gateway".to_owned(), gateway.into());
        if !self.policies.is_empty() {
            whole.insert("policies".to_owned(), json!(self.policies));
        }
        let mut out = String::from(
            "# A first configuration. Policies are monitored: nothing is refused until they are enforced.\n",
        );
        for loss in self.losses() {
            out.push_str(&format!("# {LOSS}{loss}\n"));
        }
        for note in self.notes() {
            out.push_str(&format!("# {note}\n"));
        }
        let (text, problem) = match serde_saphyr::to_string(&Value::from(whole)) {
            Ok(text) => {
                let problem = refused(&text);
                (text, problem)
            }
            Err(error) => (String::new(), Some(error.to_string())),
        };
        out.push_str(&text);
        (out, problem)
    }
}

/// Why `serve` would not take a configuration.
fn refused(text: &str) -> Option<String> {
    let config: Config = match from_yaml(text) {
        Ok(config) => config,
        Err(error) => return Some(error.without_snippet().to_string()),
    };
    let overrides = Overrides { listen: None, upstream: None };
    serve::check(&config, &overrides).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_taken_once() {
        let mut found = Found::default();
        let names: Vec<_> = ["/v1/orders/", "v1 orders", "", "é\u{1b}", &"x".repeat(99)]
            .map(|text| found.name(text))
            .to_vec();
        assert_eq!(names[..4], ["v1-orders", "v1-orders-2", "imported", "imported-2"]);
        assert_eq!(names[4].len(), NAME_BYTES);
    }

    #[test]
    fn the_file_says_what_was_not_understood_and_can_be_served() {
        let mut found = Found::default();
        for (prefix, hosts) in [("/", vec![]), ("/v1", vec![]), ("/", vec!["a.example".to_owned()])]
        {
            let upstreams = vec!["http://a:1".to_owned()];
            let path_prefix = prefix.to_owned();
            found.service(Service { path_prefix, hosts, upstreams, ..Service::default() });
        }
        let place = Place::default().below("/v1/");
        found.policy("v1", &place, "rate", json!({"requests": 1, "period_seconds": 1}));
        found.note(Some(7), "`lua_package` \u{1b}[2J\nname: x");
        assert!(!found.is_lossy());
        found.loses(None, "`deny` \u{1b}[2J");
        assert!(found.is_lossy());
        let (text, problem) = found.yaml();
        assert_eq!(problem, None, "{text}");
        let config: Config = from_yaml(&text).expect("readable");
        let prefixes: Vec<_> = config
            .gateway
            .services
            .iter()
            .map(|one| (one.hosts.len(), &*one.path_prefix))
            .collect();
        assert_eq!(prefixes, [(1, "/"), (0, "/v1"), (0, "/")]);
        assert_eq!(config.policies[0].scope.paths, ["/v1/**"]);
        let comments = text.lines().filter(|line| line.starts_with('#')).count();
        assert!(comments == 3 && text.contains("# may let more through: `deny`"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn prefixes_go_on_within_a_segment() {
        for (prefix, paths) in
            [("/", &[][..]), ("/v1/", &["/v1/**"]), ("/v1", &["/v1*/**"]), ("/a/b", &["/a/b*/**"])]
        {
            assert_eq!(Place::default().below(prefix).paths, paths, "{prefix}");
        }
    }

    #[test]
    fn exact_names_come_before_patterns_of_names() {
        let mut found = Found::default();
        for (host, prefix) in [("*.example", "/x/y"), ("a.example", "/x"), ("a.example", "/x/")] {
            let (hosts, upstreams) = (vec![host.to_owned()], vec![format!("http://{host}:1")]);
            let path_prefix = prefix.to_owned();
            found.service(Service { path_prefix, hosts, upstreams, ..Service::default() });
        }
        found.in_order();
        let order: Vec<_> = found.services.iter().map(|one| &*one.path_prefix).collect();
        assert_eq!(order, ["/x", "/x/y"], "and the same place once");
        assert!(!found.is_lossy());
    }

    /// One that is for all methods is, whatever else is said of it.
    #[test]
    fn other_methods_are_refused_where_none_is_for_all() {
        let mut found = Found::default();
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (service, methods) in [
            ("a", of(&["GET"])),
            ("a", of(&["HEAD"])),
            ("b", of(&["GET"])),
            ("b", of(&[])),
            ("b", of(&["PUT"])),
        ] {
            found.serves(service, &methods);
        }
        found.refuse_other_methods();
        assert_eq!(found.policies.len(), 2);
        assert_eq!(
            found.policies[0]["scope"],
            json!({"services": ["a"], "methods": ["GET", "HEAD"]})
        );
        assert_eq!(found.policies[1]["authorization"]["deny_rest"], true);
        assert_eq!(found.policies[1]["scope"], json!({"services": ["a"]}));
    }

    #[test]
    fn what_cannot_be_served_is_said() {
        let mut found = Found::default();
        let upstreams = vec!["ftp://a".to_owned()];
        found.service(Service { path_prefix: "/".to_owned(), upstreams, ..Service::default() });
        let (_, problem) = found.yaml();
        assert!(problem.is_some_and(|problem| problem.contains("upstreams")));
    }
}

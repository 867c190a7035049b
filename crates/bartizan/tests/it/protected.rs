//! Planted flaws behind policies of at most ten lines: the proof no longer works through the gateway, and
//! the users of the repaired twin notice nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use bartizan_lab::{
    Client, Options, Server as Lab, documents,
    flaws::{self, FlawItem},
    player::{Plan, Record, benign, play},
    proof::{Failure, Runner},
    seed::{carrier_key, signing_key},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot};

use crate::{
    command::{home, write},
    serve::{Server, admin},
};

/// Longest policy file, in lines that are no comment.
const MOST_LINES: usize = 10;
const SEED: u64 = 1;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bartizan-lab/policies")
}

/// The policies against one flaw.
struct Protection {
    flaw: &'static FlawItem,
    text: String,
}

fn protections() -> Vec<Protection> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let flaw = flaws::find(&name).unwrap_or_else(|| panic!("{name} is no flaw of the lab"));
        all.push(Protection { flaw, text: std::fs::read_to_string(&path).expect("readable") });
    }
    all.sort_by_key(|one| one.flaw.id);
    all
}

impl Protection {
    /// The policies, named after the flaw, with what the lab can tell about itself written to `home`.
    fn policies(&self, home: &TempDir) -> Vec<Value> {
        let text = self.text.replace("QUAYSIDE/", &format!("{}/", home.path().display()));
        let policies: Vec<Value> = serde_saphyr::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", self.flaw.id));
        let named = policies.into_iter().map(|mut policy| {
            let name = policy["name"].as_str().expect("a name").to_owned();
            policy["name"] = format!("{}.{name}", self.flaw.id).into();
            policy
        });
        named.collect()
    }
}

/// What policies may refer to: `QUAYSIDE/signing-key`, `QUAYSIDE/carrier-key` and the documents of the lab's surface.
fn tell(home: &TempDir) {
    write(home, "signing-key", signing_key(SEED).as_bytes());
    write(home, "carrier-key", carrier_key().as_bytes());
    write(home, "openapi.json", documents::honest().to_string().as_bytes());
    write(home, "schema.graphql", documents::GRAPHQL.as_bytes());
    write(home, "quayside.proto", documents::PROTO.as_bytes());
    write(home, "quayside.wsdl", documents::WSDL.as_bytes());
}

/// A lab, and `serve` with policies before it.
struct Stage {
    server: Server,
    client: Client,
    /// Where the lab itself is.
    upstream: String,
    _home: TempDir,
    _stop: oneshot::Sender<()>,
}

impl Stage {
    fn new(
        runtime: &Runtime,
        options: &Options,
        policies: impl Fn(&TempDir) -> Vec<Value>,
    ) -> Self {
        let home = home();
        tell(&home);
        let lab = runtime.block_on(Lab::bind("127.0.0.1:0", options)).expect("the lab starts");
        let upstream = format!("http://{}", lab.address());
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(lab.run(async { drop(stopped.await) }));
        let by_grpc = |name: &str, prefix: &str| json!({"name": name, "path_prefix": prefix, "upstreams": [upstream], "protocol": "http2"});
        let config = json!({
            "gateway": {
                "trusted_proxies": ["127.0.0.0/8"],
                "services": [
                    by_grpc("tracking", "/quayside.v1.Tracking"),
                    by_grpc("release", "/quayside.v1.Release"),
                    by_grpc("reflection", "/grpc.reflection.v1"),
                    {"name": "lab", "upstreams": [upstream]},
                ],
            },
            "policies": policies(&home),
        });
        write(&home, "bartizan.yaml", config.to_string().as_bytes());
        let server = Server::start(&home, &[]);
        let target = format!("http://{}", server.gateway);
        let client = runtime.block_on(Client::to(&target)).expect("a client");
        Self { server, client, upstream, _home: home, _stop: stop }
    }

    /// What policies refused, or changed in answers: name and how often.
    fn acted(&self) -> Vec<(String, u64)> {
        let (status, text) = admin(self.server.admin, "/metrics");
        assert_eq!(status, 200);
        let lines = text.lines().filter(|line| line.contains("policy_decisions_total{"));
        let acted = lines.filter(|line| {
            line.contains("outcome=\"refused\"") || line.contains("outcome=\"acted\"")
        });
        let read = acted.filter_map(|line| {
            let name = line.split("policy=\"").nth(1)?.split('"').next()?;
            let count = line.rsplit(' ').next()?.parse().ok()?;
            Some((name.to_owned(), count))
        });
        // Those of these tests are named after a flaw and themselves.
        read.filter(|(name, count)| *count > 0 && name.contains('.')).collect()
    }
}

#[test]
fn every_protection_is_short_and_says_what_it_does() {
    let all = protections();
    assert!(!all.is_empty());
    for one in &all {
        let first = one.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("# ") && first.ends_with('.'), "{}: {first:?}", one.flaw.id);
        let lines = one.text.lines().filter(|line| !line.trim_start().starts_with('#'));
        assert!(lines.count() <= MOST_LINES, "{} has more than {MOST_LINES} lines", one.flaw.id);
    }
}

/// Whether it was the gateway that answered.
fn was_refused(failure: &Failure) -> bool {
    matches!(failure, Failure::Unmet { body, .. } if body.contains("urn:bartizan:problem"))
}

#[test]
fn every_protection_stops_its_flaw() {
    let runtime = Runtime::new().expect("a runtime");
    let mut wrong = String::new();
    for one in protections() {
        let (flaw, last) = (one.flaw, one.flaw.proof.len() - 1);
        let options = Options { flaws: BTreeSet::from([flaw.id]), ..Options::secure(SEED) };
        let stage = Stage::new(&runtime, &options, |home| one.policies(home));
        let mut runner = Runner::behind(stage.client.clone(), stage.upstream.clone());
        let told = match runtime.block_on(runner.run(flaw.proof)) {
            // What prepares the flaw may be what a policy refuses.
            Err(failure) if failure.step() == Some(last) || was_refused(&failure) => None,
            Err(failure) => Some(format!("does not get to the flaw: {failure}")),
            Ok(()) => Some("the proof still works".to_owned()),
        };
        // The flaw is there, and it was a policy that stopped it, or the gateway as it always is.
        let is_stopped_by_policy = !one.policies(&home()).is_empty();
        let told = told.or_else(|| {
            let is_idle = is_stopped_by_policy && stage.acted().is_empty();
            is_idle.then(|| "nothing acted".to_owned())
        });
        if let Some(told) = told {
            let _ = writeln!(wrong, "{}: {told}", flaw.id);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn users_of_the_repaired_twin_notice_nothing() {
    let runtime = Runtime::new().expect("a runtime");
    let all = protections();
    let stage = Stage::new(&runtime, &Options::secure(SEED), |home| {
        all.iter().flat_map(|one| one.policies(home)).collect()
    });
    const DAY: Plan = Plan { seed: SEED, minutes: 420, speed: 0.0, overlap: 1, cast: &[benign()] };
    // One of each kind, and how many.
    let mut told: BTreeMap<String, (u32, String)> = BTreeMap::new();
    let mut sink = |record: &Record| {
        let text = record.reply.text();
        if text.contains("urn:bartizan:problem") {
            let problem: Value = serde_json::from_str(&text).unwrap_or_default();
            let path = record.path.split('?').next().unwrap_or_default();
            let kind =
                format!("{} {path} {} {}", record.method, problem["code"], problem["detail"]);
            told.entry(kind).or_insert((0, text)).0 += 1;
        }
        Ok(())
    };
    let tally = runtime.block_on(play(&DAY, &stage.client, &mut sink)).expect("played");
    assert!(told.is_empty(), "of {tally:?}: {told:#?}; {:?}", stage.acted());
}

//! `bartizan store`, and commands on a PostgreSQL store.

use std::{path::Path, process::Command};

use tempfile::TempDir;

/// The same server that the tests of the store start, for those here.
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../bartizan-store/tests/it/postgres/server.rs"]
pub(crate) mod server;

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/shop.jsonl");

struct Home {
    folder: TempDir,
    url: Option<String>,
}

impl Home {
    fn new(url: Option<String>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if url.is_some() {
            let text = "store:\n  data: kept\n  url: env:TEST_STORE\n";
            std::fs::write(folder.path().join("bartizan.yaml"), text).expect("written");
        }
        Self { folder, url }
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
        command.current_dir(self.folder.path()).args(arguments).env("USER", "ann");
        command.envs(self.url.iter().map(|url| ("TEST_STORE", url)));
        let output = command.output().expect("the command starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn good(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.run(arguments);
        assert!(matches!(code, Some(0 | 1)), "{arguments:?}: {code:?} {err}");
        assert!(!out.contains("a%20test") && !err.contains("a%20test"), "the password shows");
        out
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).expect("folder").any(|entry| {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).expect("file");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// Without times of running, which differ.
fn lists(home: &Home) -> Vec<String> {
    ["catalog", "findings", "incidents"]
        .iter()
        .map(|list| home.good(&[list, "--data", "kept", "--format", "json"]))
        .collect()
}

#[test]
fn commands_work_on_postgres_and_the_store_moves_there_and_back() {
    let Some(server) = server::shared() else { return };
    let home = Home::new(Some(server.database()));
    let analyze = ["analyze", CAPTURE, "--no-report", "--data", "kept", "--format", "json"];
    home.good(&analyze);
    assert!(!home.folder.path().join("kept/bartizan.db").exists(), "nothing embedded");
    assert!(home.folder.path().join("kept/keys/default.key").exists());
    let before = lists(&home);
    assert!(before[0].contains("\"path\""), "{}", before[0]);
    let key = home.good(&["keys", "create", "--owner", "acme"]);
    assert!(key.starts_with("btz_"));
    assert!(home.good(&["keys", "list"]).contains("acme"));

    let copy = home.good(&["store", "backup", "copy.db"]);
    assert_eq!(copy, "wrote copy.db\n");
    let out = home.good(&["store", "move", "--from", "env:TEST_STORE", "--to", "sqlite"]);
    assert!(out.starts_with("moved ") && out.contains("audit records verified"), "{out}");
    let (code, _, err) = home.run(&["store", "move", "--from", "env:TEST_STORE", "--to", "sqlite"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("is not empty"), "{err}");
    assert!(!holds(home.folder.path(), "a%20test"), "the password was written down");

    // On the embedded database the same is seen.
    std::fs::remove_file(home.folder.path().join("bartizan.yaml")).expect("removed");
    assert_eq!(lists(&home), before);
    assert!(home.good(&["keys", "list", "--data", "kept"]).contains("acme"));
    // And from the copy, in another folder with the same keys.
    let other = home.folder.path().join("other");
    std::fs::create_dir(&other).expect("made");
    let keys = home.folder.path().join("kept/keys");
    let copied = Command::new("cp").arg("-rp").arg(keys).arg(&other).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let out = home.good(&["store", "restore", "copy.db", "--data", "other"]);
    assert!(out.starts_with("restored ") && !out.contains("not verified"), "{out}");
    assert_eq!(home.good(&["catalog", "--data", "other", "--format", "json"]), before[0]);
}

#[test]
fn addresses_of_databases_come_by_reference_only() {
    let home = Home::new(None);
    let (code, _, err) =
        home.run(&["store", "move", "--from", "sqlite", "--to", "postgres://ann:sesame@h/b"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("env:NAME") && !err.contains("sesame"), "{err}");
    let file = home.folder.path().join("bartizan.yaml");
    for (text, wanted) in [
        ("store:\n  url: postgres://ann:sesame@h/b\n", "env:NAME"),
        ("store:\n  url: env:TEST_UNSET\n", "TEST_UNSET"),
        ("store:\n  url: file:url.txt\n", "begins neither with postgres://"),
    ] {
        std::fs::write(&file, text).expect("written");
        std::fs::write(home.folder.path().join("url.txt"), "mysql://ann:sesame@h/b\n").expect("ok");
        let (code, out, err) = home.run(&["findings", "--data", "kept"]);
        assert_eq!(code, Some(2), "{out}");
        assert!(err.contains(wanted), "{err}");
        assert!(!err.contains("sesame"), "{err}");
    }
}

#[test]
fn a_server_that_is_away_is_named() {
    let home = Home::new(Some("postgres://ann:sesame@localhost/b?host=/nonexistent".to_owned()));
    let (code, _, err) = home.run(&["findings"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("database /nonexistent:5432/b cannot be reached"), "{err}");
    assert!(err.contains("store.url") && !err.contains("sesame"), "{err}");
}

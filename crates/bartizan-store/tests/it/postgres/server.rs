//! A real PostgreSQL server, started by the tests and ended with them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use bartizan_store::PostgresOptions;

const SCRIPT: &str = include_str!("server.sh");
const PASSWORD: &str = "a%20test";

/// Ends when dropped, and when this process ends in whatever way: then its standard input closes.
pub(crate) struct Server {
    directory: PathBuf,
    programs: PathBuf,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _script: Child,
}

/// The one server that the tests of this binary share; `None` when PostgreSQL is not installed, which
/// is said. In CI it must be.
pub(crate) fn shared() -> Option<&'static Server> {
    // An error is kept too: else each test would wait for a server that does not start.
    static SERVER: OnceLock<Option<Result<Server, String>>> = OnceLock::new();
    let Some(server) = SERVER.get_or_init(Server::start) else {
        say_skipped();
        return None;
    };
    Some(server.as_ref().unwrap_or_else(|error| panic!("{error}")))
}

/// Said by each test that does not run.
pub(crate) fn say_skipped() {
    eprintln!("SKIPPED: PostgreSQL (initdb, postgres) is not installed");
}

/// Where the programs of the newest version are.
fn programs() -> Option<PathBuf> {
    // What is on the path may be a link to one of the programs only.
    let of =
        |directory: PathBuf| Some(directory.join("initdb").canonicalize().ok()?.parent()?.into());
    let is_whole = |directory: &PathBuf| {
        ["postgres", "pg_isready", "psql"].iter().all(|program| directory.join(program).is_file())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).filter_map(of).find(is_whole) {
        return Some(found);
    }
    // Debian keeps them apart, by version.
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> =
        versions.filter_map(|v| of(v.ok()?.path().join("bin"))).filter(is_whole).collect();
    found.sort();
    found.pop()
}

impl Server {
    /// One of its own, for tests that kill it; `None` as with [`shared`].
    pub(crate) fn start() -> Option<Result<Self, String>> {
        let Some(programs) = programs() else {
            let must = std::env::var_os("CI").is_some_and(|v| v == "true");
            assert!(!must, "in CI PostgreSQL must be installed");
            return None;
        };
        Some(Self::in_directory(&programs, tempfile::tempdir().expect("temporary").keep()))
    }

    /// In a directory that exists; it is removed in the end.
    pub(crate) fn in_directory(programs: &Path, directory: PathBuf) -> Result<Self, String> {
        let mut script = Command::new("sh")
            .args(["-c", SCRIPT, "server.sh"])
            .arg(&directory)
            .arg(programs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = script.stdin.take().expect("piped");
        let output = BufReader::new(script.stdout.take().expect("piped"));
        let (talk, programs) = (Mutex::new((input, output)), programs.to_owned());
        let server = Self { directory, programs, talk, _script: script };
        server.answer(None)?;
        Ok(server)
    }

    fn answer(&self, command: Option<&str>) -> Result<(), String> {
        let mut talk = self.talk.lock().expect("not poisoned");
        if let Some(command) = command {
            writeln!(talk.0, "{command}").expect("the script listens");
        }
        let mut line = String::new();
        talk.1.read_line(&mut line).expect("the script answers");
        match line.trim() {
            "ready" => Ok(()),
            _ => Err(format!("the server did not do this: {}", command.unwrap_or("begin"))),
        }
    }

    /// Kills it, as a loss of power would, and starts it again.
    pub(crate) fn crash(&self) {
        self.answer(Some("crash")).expect("killed and started");
    }

    pub(crate) fn stop(&self) {
        self.answer(Some("stop")).expect("stopped");
    }

    pub(crate) fn start_again(&self) {
        self.answer(Some("start")).expect("started");
    }

    fn url(&self, user: &str, database: &str) -> String {
        format!(
            "postgres://{user}:{PASSWORD}@localhost/{database}?host={}",
            self.directory.display()
        )
    }

    /// Runs a statement as somebody who may do everything.
    pub(crate) fn run(&self, text: &str) {
        let output = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--output", "/dev/null", "--command", text])
            .arg(self.url("admin", "postgres"))
            .output()
            .expect("psql starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}: {errors}");
    }

    /// Locks a table of a database against everybody, until what is returned is dropped or the server
    /// killed.
    pub(crate) fn lock(&self, url: &str, table: &str) -> Lock {
        let text = format!(
            "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'locked'; \
             SELECT pg_sleep(60)"
        );
        let mut psql = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            // Told as it is done, statement by statement.
            .args(text.split("; ").flat_map(|statement| ["--command", statement]))
            .arg(url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql starts");
        let mut line = String::new();
        let output = psql.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("psql answers");
        assert_eq!(line.trim(), "locked");
        Lock(psql)
    }

    /// The URL of a new database, which belongs to a role without further rights.
    pub(crate) fn database(&self) -> String {
        self.make("")
    }

    /// The same, with its files in a directory.
    pub(crate) fn database_in(&self, directory: &Path) -> String {
        self.run(&format!("CREATE TABLESPACE small LOCATION '{}'", directory.display()));
        self.make("TABLESPACE small")
    }

    fn make(&self, place: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        self.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 'a test'"));
        self.run(&format!("CREATE DATABASE {name} OWNER {name} {place}"));
        self.url(&name, &name)
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Whoever holds a lock.
pub(crate) struct Lock(Child);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Options for a URL of [`Server::database`].
pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::parse(url).expect("valid")
}

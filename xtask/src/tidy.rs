//! Rules of the repository that compilers do not know. Each list of exceptions may only shrink.

use std::{collections::BTreeMap, fs};

use anyhow::{Result, bail};

use crate::workspace::{Metadata, Package, files, metadata, root};

/// Which of our crates each of our crates may use. `testkit` may be used for development only.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("bartizan-model", &[]),
    ("bartizan-protocols", &["bartizan-model"]),
    ("bartizan-analysis", &["bartizan-model", "bartizan-protocols"]),
    ("bartizan-store", &["bartizan-model"]),
    ("bartizan-gateway", &["bartizan-model", "bartizan-protocols", "bartizan-analysis"]),
    (
        "bartizan-pipeline",
        &["bartizan-model", "bartizan-protocols", "bartizan-analysis", "bartizan-store"],
    ),
    (
        "bartizan",
        &[
            "bartizan-code",
            "bartizan-model",
            "bartizan-protocols",
            "bartizan-analysis",
            "bartizan-store",
            "bartizan-gateway",
            "bartizan-pipeline",
            "bartizan-lab",
        ],
    ),
    ("bartizan-code", &[]),
    ("bartizan-lab", &[]),
    (
        "bartizan-testkit",
        &[
            "bartizan-model",
            "bartizan-protocols",
            "bartizan-analysis",
            "bartizan-gateway",
            "bartizan-pipeline",
        ],
    ),
    ("xtask", &[]),
];

/// Licences that may be linked into the binary.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "Unlicense",
    "BSL-1.0",
    // Of data alone: the list of certificate authorities.
    "CDLA-Permissive-2.0",
];

/// Packages that must not appear anywhere in the tree, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "one TLS provider: aws-lc-rs"),
    ("openssl", "one TLS provider: aws-lc-rs"),
    ("native-tls", "one TLS provider: aws-lc-rs"),
    ("serde_yaml", "unmaintained: serde-saphyr"),
    ("serde_yml", "unsound: serde-saphyr"),
    ("fancy-regex", "backtracking"),
    ("pcre2", "backtracking"),
    ("rusqlite", "links SQLite twice beside sqlx"),
    ("rsa", "RUSTSEC-2023-0071"),
];

/// Banned packages that one other names, and why that does no harm.
const TOLERATED: &[(&str, &str, &str)] =
    &[("fancy-regex", "jsonschema", "its other engine: ours is `PatternOptions::regex`")];

/// Packages that may be in the tree in several versions, and why.
const DUPLICATES: &[(&str, &str)] = &[
    ("base64", "sqlx-core is one version behind"),
    ("bit-vec", "jsonschema names fancy-regex, which is one version behind yasna"),
    ("block-buffer", "sqlx-core uses sha2 0.10"),
    ("cpufeatures", "sqlx-core uses sha2 0.10"),
    ("crypto-common", "sqlx-core uses sha2 0.10"),
    ("digest", "sqlx-core uses sha2 0.10"),
    ("embedded-io", "postcard names both"),
    ("getrandom", "jsonschema hashes with one version before"),
    ("hashbrown", "sqlx-core is one version behind"),
    ("quick-xml", "phonenumber is one version behind"),
    ("r-efi", "named by getrandom, and nobody builds it here"),
    ("rand_core", "named by signature, which jsonwebtoken uses, and nobody builds it"),
    ("regex-syntax", "phonenumber keeps an old cache of expressions"),
    ("sha2", "sqlx-core is one version behind"),
    ("strum", "phonenumber is one version behind jsonschema"),
    ("strum_macros", "phonenumber is one version behind jsonschema"),
    ("syn", "maud is one version behind"),
    ("synstructure", "asn1-rs, below x509-parser, is one version behind"),
    ("untrusted", "aws-lc-rs names an older one than rustls-webpki, and nobody builds it"),
    ("windows-sys", "named by ring, which rustls-webpki names and nobody builds"),
];

/// Most packages of the tree. Thirteen of them are tree-sitter and its grammars, which are tables more
/// than code.
const MAX_PACKAGES: usize = 442;

/// Data that imitates the code of others, which has its own customs.
const DATA: &str = "eval/sets/";

/// Longest source file, in lines.
const MAX_LINES: usize = 500;

/// Words that say nothing as the name of a file or folder.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common", "misc"];

/// Runs every rule and reports all violations at once.
pub(crate) fn run() -> Result<()> {
    let metadata = metadata()?;
    let files = files()?;
    let mut problems = Vec::new();
    directions(&metadata, &mut problems);
    packages(&metadata, &mut problems);
    duplicates(&metadata, &mut problems);
    sources(&files, &mut problems)?;
    promised_tests(&files, &mut problems)?;
    if problems.is_empty() {
        println!("tidy: {} packages, {} files, no violation", metadata.packages.len(), files.len());
        return Ok(());
    }
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    bail!("{} violations", problems.len())
}

/// Looks for each test that the table of attacks in `SECURITY.md` names: a function between backticks,
/// or the title of a browser test between quotes.
fn promised_tests(files: &[String], problems: &mut Vec<String>) -> Result<()> {
    let mut tests = String::new();
    for file in files.iter().filter(|f| f.ends_with(".rs") || f.contains(".test.")) {
        tests.push_str(&fs::read_to_string(root().join(file))?);
    }
    let text = fs::read_to_string(root().join("SECURITY.md"))?;
    let rows = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let mut found = 0;
    for cell in rows.skip(2).filter_map(|row| row.rsplit_once('|')).map(|(_, cell)| cell) {
        let functions = cell.split('`').skip(1).step_by(2).map(|name| format!("fn {name}("));
        let titles = cell.split('"').skip(1).step_by(2).map(|title| format!("\"{title}\""));
        for test in functions.chain(titles) {
            found += 1;
            if !tests.contains(&test) {
                problems.push(format!("SECURITY.md promises a test that is not there: {test}"));
            }
        }
    }
    if found == 0 {
        problems.push("SECURITY.md names no test".to_owned());
    }
    Ok(())
}

fn directions(metadata: &Metadata, problems: &mut Vec<String>) {
    for package in metadata.packages.iter().filter(|p| p.source.is_none()) {
        let Some((_, allowed)) = DIRECTIONS.iter().find(|(name, _)| *name == package.name) else {
            problems.push(format!("{}: crate is not in the table of directions", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let ours = dependency.name.starts_with("bartizan");
            let for_tests =
                dependency.kind.as_deref() == Some("dev") && dependency.name == "bartizan-testkit";
            if ours && !for_tests && !allowed.contains(&dependency.name.as_str()) {
                problems.push(format!(
                    "{} must not depend on {} (see ARCHITECTURE.md)",
                    package.name, dependency.name
                ));
            }
        }
        if package.rust_version.is_none() {
            problems.push(format!("{}: rust-version is missing", package.manifest_path));
        }
    }
}

fn packages(metadata: &Metadata, problems: &mut Vec<String>) {
    let others = metadata.packages.iter().filter(|p| p.source.is_some());
    let count = others.clone().count();
    if count > MAX_PACKAGES {
        problems.push(format!("{count} packages, more than {MAX_PACKAGES}"));
    }
    for package in others {
        let id = format!("{} {}", package.name, package.version);
        match &package.license {
            Some(expression) if allows(expression) => {}
            Some(expression) => problems.push(format!("{id}: licence {expression} is not allowed")),
            None => problems.push(format!("{id}: no licence stated")),
        }
        if let Some((_, why)) = BANNED.iter().find(|(name, _)| *name == package.name)
            && !is_tolerated(&package.name, metadata)
        {
            problems.push(format!("{id} is banned: {why}"));
        }
    }
}

/// Whether nobody but the one that may names a banned package.
fn is_tolerated(banned: &str, metadata: &Metadata) -> bool {
    let names = |package: &&Package| package.dependencies.iter().any(|one| one.name == banned);
    let mut users = metadata.packages.iter().filter(names);
    users.all(|user| TOLERATED.iter().any(|(name, by, _)| *name == banned && *by == user.name))
}

/// Whether an SPDX expression can be met with allowed licences. `OR` needs one side, `AND` both.
fn allows(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let text = expression.trim();
    if let Some(inner) = enclosed(text) {
        return allows(inner);
    }
    if let Some((left, right)) = split(text, " OR ") {
        return allows(left) || allows(right);
    }
    if let Some((left, right)) = split(text, " AND ") {
        return allows(left) && allows(right);
    }
    LICENCES.contains(&text)
}

/// The inside of an expression that one pair of parentheses encloses.
fn enclosed(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0i32;
    for c in inner.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return None;
        }
    }
    Some(inner)
}

/// Splits at the first operator outside parentheses.
fn split<'a>(text: &'a str, operator: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0i32;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && text[at..].starts_with(operator) {
            return Some((&text[..at], &text[at + operator.len()..]));
        }
    }
    None
}

fn duplicates(metadata: &Metadata, problems: &mut Vec<String>) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &metadata.packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    for (name, versions) in versions.iter().filter(|(_, v)| v.len() > 1) {
        if !DUPLICATES.iter().any(|(allowed, _)| allowed == name) {
            problems.push(format!("{name} in several versions: {}", versions.join(", ")));
        }
    }
    for (name, _) in DUPLICATES {
        if versions.get(name).is_none_or(|v| v.len() < 2) {
            problems.push(format!("{name} is no longer duplicated: remove the exception"));
        }
    }
}

fn sources(files: &[String], problems: &mut Vec<String>) -> Result<()> {
    for file in files.iter().filter(|file| !file.starts_with(DATA)) {
        let stem = file.rsplit('/').next().unwrap_or(file).split('.').next().unwrap_or("");
        let folders = file.rsplit('/').skip(1);
        if folders.chain([stem]).any(|part| EMPTY_NAMES.contains(&part)) {
            problems.push(format!("{file}: the name says nothing about what is in it"));
        }
        let is_source = [".rs", ".py", ".css", ".sh", ".sql"].iter().any(|e| file.ends_with(e));
        if !is_source {
            continue;
        }
        let text = fs::read_to_string(root().join(file))?;
        let lines = text.lines().count();
        let generated = text.starts_with("// @generated");
        if lines > MAX_LINES && !generated {
            problems.push(format!("{file}: {lines} lines, more than {MAX_LINES}"));
        }
        if file.ends_with(".rs") {
            rust(file, &text, problems);
        }
    }
    Ok(())
}

fn rust(file: &str, text: &str, problems: &mut Vec<String>) {
    let is_root = file.ends_with("/lib.rs") || file.ends_with("/main.rs");
    if is_root && !text.trim_start().starts_with("//!") {
        problems.push(format!("{file}: crate documentation is missing"));
    }
    if is_pure(file) {
        for word in ["SystemTime::now", "Instant::now", "std::fs", "std::net::Tcp", "thread_rng"] {
            if text.contains(word) {
                problems.push(format!("{file}: {word} in a crate without IO and clock"));
            }
        }
    }
}

/// Whether a file belongs to a crate without IO and clock, tests left out.
fn is_pure(file: &str) -> bool {
    let crates = ["bartizan-model", "bartizan-protocols", "bartizan-analysis"];
    let is_test =
        file.ends_with("/tests.rs") || file.ends_with("/cases.rs") || file.contains("/tests/");
    !is_test && crates.iter().any(|name| file.starts_with(&format!("crates/{name}/src/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_read() {
        assert!(allows("MIT OR Apache-2.0"));
        assert!(allows("MIT/Apache-2.0"));
        assert!(allows("(MIT OR GPL-3.0-only) AND Unicode-3.0"));
        assert!(allows("GPL-3.0-only OR MIT"));
        assert!(!allows("MIT AND GPL-3.0-only"));
        assert!(!allows("GPL-3.0-only"));
        assert!(!allows(""));
    }
}

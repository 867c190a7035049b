//! The hostile report in a real browser: nothing runs, nothing is asked for, no element appears
//! that the report did not write.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bartizan::output::html::render;

use crate::{context, hostile};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const PATIENCE: Duration = Duration::from_secs(180);

/// The serialised document after scripts, if any, have run. `None` without a browser at home; in CI
/// that fails.
fn dump_dom(page: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("page.html");
    fs::write(&file, page).expect("the page can be written");
    for name in NAMES {
        match run(name, folder.path(), &file) {
            Ok(dom) => return Some(dom),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{name} did not run: {error}"),
        }
    }
    assert!(
        std::env::var_os("CI").is_none_or(|v| v != "true"),
        "no browser on PATH, and in CI nothing is skipped: install chromium"
    );
    eprintln!("SKIPPED: no browser on PATH ({NAMES:?}); the report was not opened in one");
    None
}

fn run(name: &str, folder: &Path, file: &Path) -> std::io::Result<String> {
    let dom = folder.join("dom.html");
    let mut child = Command::new(name)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(["--virtual-time-budget=2000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&dom)?)
        .stderr(Stdio::null())
        .spawn()?;
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            assert!(status.success(), "{name} ended with {status}");
            return fs::read_to_string(&dom);
        }
        if begin.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            panic!("{name} did not finish within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Listens on loopback; counts who connects.
struct Canary {
    listener: TcpListener,
}

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        listener.set_nonblocking(true).expect("non-blocking");
        Self { listener }
    }

    fn address(&self) -> String {
        format!("http://{}", self.listener.local_addr().expect("bound"))
    }

    fn visits(&self) -> usize {
        let mut visits = 0;
        while self.listener.accept().is_ok() {
            visits += 1;
        }
        visits
    }
}

/// How often each element, and each attribute of an element, occurs in a serialised document. The
/// serialisation escapes `<` in texts and attributes, so a scan for tags is exact; `style` holds
/// no `<`.
fn census(dom: &str) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    let mut rest = dom;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if name.is_empty() {
            continue;
        }
        *out.entry(name.clone()).or_insert(0) += 1;
        let end = tag_end(rest);
        for attribute in attributes(&rest[name.len()..end]) {
            *out.entry(format!("{name}[{attribute}]")).or_insert(0) += 1;
        }
        rest = &rest[end..];
    }
    out
}

fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (at, ch) in tag.char_indices() {
        match ch {
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            _ => {}
        }
    }
    tag.len()
}

/// Names of the attributes within a tag; the serialisation always quotes with `"`.
fn attributes(tag: &str) -> Vec<String> {
    tag.split('"')
        .step_by(2)
        .filter_map(|outside| outside.trim().strip_suffix('=').map(|name| name.trim().to_owned()))
        .collect()
}

/// Takes the policy out, to see whether escaping alone holds.
fn without_policy(page: &str) -> String {
    let begin = page.find("<meta http-equiv=\"Content-Security-Policy\"").expect("the policy");
    let end = begin + page[begin..].find('>').expect("its end") + 1;
    format!("{}{}", &page[..begin], &page[end..])
}

#[test]
fn the_harness_sees_scripts_and_requests() {
    let canary = Canary::new();
    let page = format!(
        "<!doctype html><title>quiet</title><script>document.title='pwned'</script><img src='{}/x.png'>",
        canary.address()
    );
    let Some(dom) = dump_dom(&page) else { return };
    assert!(dom.contains("<title>pwned</title>"), "{dom}");
    assert!(canary.visits() > 0);
    assert_eq!(census(&dom).get("img[src]"), Some(&1));
}

#[test]
fn a_hostile_report_stays_what_was_written() {
    let canary = Canary::new();
    let payloads = hostile::payloads(&canary.address());
    let names = payloads.clone();
    let mut hostile_context = context(&names);
    hostile_context.title = &payloads[0];
    hostile_context.generated_at = &payloads[1];
    hostile_context.version = &payloads[9];
    let page = render(&hostile::analysis(&payloads), &hostile_context);

    // The same structure with harmless texts: what the report writes by itself.
    let calm_names: Vec<String> = names.iter().map(|_| "x".to_owned()).collect();
    let calm = render(&hostile::stuffed(&|i, _| format!("x{i}")), &context(&calm_names));
    let (Some(dom), Some(bare), Some(calm)) =
        (dump_dom(&page), dump_dom(&without_policy(&page)), dump_dom(&calm))
    else {
        return;
    };
    assert_eq!(canary.visits(), 0, "the report asked for something");
    for (what, dom) in [("with the policy", &dom), ("without the policy", &bare)] {
        assert!(!dom.contains("<title>pwned"), "{what}: a script ran");
        assert!(dom.contains("‹U+202E›") && dom.contains("‹U+001B›"), "{what}");
        let mut found = census(dom);
        let mut written = census(&calm);
        for census in [&mut found, &mut written] {
            // The one element that is taken out, and marks within texts that depend on the texts.
            census.retain(|name, _| {
                !name.starts_with("meta") && !["var", "code"].contains(&name.as_str())
            });
        }
        // Documentation and class groups are looked up by names that are hostile here, so only the
        // two stuffed documents are alike.
        assert_eq!(found, written, "{what}: other elements or attributes than were written");
        for name in found.keys() {
            let element = name.split('[').next().unwrap_or(name);
            assert!(
                !["script", "img", "iframe", "link", "base", "object", "embed", "form", "template"]
                    .contains(&element)
                    && !name.contains("[on")
                    && !name.contains("[style")
                    && !name.contains("[src"),
                "{what}: {name}"
            );
        }
        assert!(!dom.contains("href=\"javascript:") && !dom.contains("href=\"http"), "{what}");
    }
}

#[test]
fn the_policy_lets_the_style_through() {
    // A wrong hash would leave the page unstyled; a custom property tells whether it applied.
    let page = render(&crate::sample::analysis(), &context(&[]));
    let probe = page.replacen("<body", "<iframe hidden></iframe><body", 1);
    // `--dump-dom` has no computed styles, so the hash is recomputed from what the browser parsed.
    let Some(dom) = dump_dom(&probe) else { return };
    let style = |html: &str| {
        let begin = html.find("<style>").expect("a style element") + 7;
        html[begin..begin + html[begin..].find("</style>").expect("its end")].to_owned()
    };
    assert_eq!(style(&page), style(&dom), "the parser changed the hashed text");
}

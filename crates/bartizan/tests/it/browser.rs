//! The hostile report in a real browser: nothing runs, nothing is asked for, no element appears
//! that the report did not write.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
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
    show(folder.path(), &format!("file://{}", file.display()))
}

/// The same for what is at an address; `folder` takes the profile.
pub(crate) fn show(folder: &Path, url: &str) -> Option<String> {
    for name in NAMES {
        match run(name, folder, url) {
            Ok(dom) => return Some(dom),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{name} did not run: {error}"),
        }
    }
    assert!(
        std::env::var_os("CI").is_none_or(|v| v != "true"),
        "no browser on PATH, and in CI nothing is skipped: install chromium"
    );
    eprintln!("SKIPPED: no browser on PATH ({NAMES:?}); {url} was not opened in one");
    None
}

fn run(name: &str, folder: &Path, url: &str) -> std::io::Result<String> {
    let dom = folder.join("dom.html");
    let mut child = Command::new(name)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(["--virtual-time-budget=2000", "--dump-dom", url])
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

/// Listens on loopback and counts who connects; hangs up at once, so that a page does not wait.
struct Canary {
    address: String,
    visits: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
}

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let (visits, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, stop) = (Arc::clone(&visits), Arc::clone(&done));
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok(_) => drop(counter.fetch_add(1, Ordering::Relaxed)),
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        });
        Self { address, visits, done }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::Relaxed)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
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
        for (attribute, value) in attributes(&rest[name.len()..end]) {
            *out.entry(format!("{name}[{attribute}]")).or_insert(0) += 1;
            if attribute.ends_with("href") && !value.starts_with('#') {
                *out.entry(format!("link to {value}")).or_insert(0) += 1;
            }
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

/// Names and values of the attributes within a tag; the serialisation always quotes with `"`.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let pieces: Vec<&str> = tag.split('"').collect();
    let pairs = pieces.chunks_exact(2);
    pairs.filter_map(|p| Some((p[0].trim().strip_suffix('=')?.trim(), p[1]))).collect()
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
        canary.address
    );
    let Some(dom) = dump_dom(&page) else { return };
    assert!(dom.contains("<title>pwned</title>"), "{dom}");
    assert!(canary.visits() > 0);
    assert_eq!(census(&dom).get("img[src]"), Some(&1));
}

#[test]
fn a_hostile_report_stays_what_was_written() {
    let canary = Canary::new();
    let payloads = hostile::payloads(&canary.address);
    let names = payloads.clone();
    let mut hostile_context = context(&names);
    hostile_context.title = &payloads[0];
    hostile_context.generated_at = &payloads[1];
    hostile_context.version = &payloads[9];
    let page = render(&hostile::analysis(&payloads), &hostile_context);

    // The same texts without the characters that could mean anything in HTML: what the report
    // writes by itself.
    let harmless = |text: &str| text.replace(['<', '>', '"', '\'', '&', '`'], "x");
    let calm_payloads: Vec<String> = payloads.iter().map(|p| harmless(p)).collect();
    let calm = render(&hostile::analysis(&calm_payloads), &context(&calm_payloads));
    let (Some(dom), Some(bare), Some(calm)) =
        (dump_dom(&page), dump_dom(&without_policy(&page)), dump_dom(&calm))
    else {
        return;
    };
    assert_eq!(canary.visits(), 0, "the report asked for something");
    for (what, dom) in [("with the policy", &dom), ("without the policy", &bare)] {
        assert!(!dom.contains("<title>pwned"), "{what}: a script ran");
        assert!(dom.contains("‹U+202E›") && dom.contains("‹U+001B›"), "{what}");
        let (mut found, mut written) = (census(dom), census(&calm));
        for census in [&mut found, &mut written] {
            // One page has its policy taken out.
            census.retain(|name, _| !name.starts_with("meta"));
        }
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
        assert!(!found.keys().any(|name| name.starts_with("link to")), "{what}");
    }
}

/// The whole way: a capture whose every text is a payload, through `analyze`, into the browser.
#[test]
fn a_script_laden_capture_stays_text_in_its_report() {
    let canary = Canary::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut lines = String::new();
    for (number, payload) in hostile::payloads(&canary.address).iter().enumerate() {
        let encoded: String = payload.bytes().map(|b| format!("%{b:02X}")).collect();
        let body = serde_json::json!({ payload: payload, "email": payload, "items": [payload] });
        let exchange = serde_json::json!({
            "id": payload,
            "time": format!("2026-11-22T10:00:{number:02}Z"),
            "client": { "ip": "203.0.113.7" },
            "request": {
                "method": "POST",
                "url": format!("https://api.example.com/v1/{encoded}/x?{encoded}={encoded}"),
                "headers": [["user-agent", payload], ["authorization", format!("Bearer {payload}")],
                    ["content-type", "application/json"], [payload, payload]],
                "body": body.to_string(),
            },
            "response": {
                "status": 200,
                "headers": [["content-type", "application/json"], ["server", payload],
                    ["set-cookie", format!("session={payload}")]],
                "body": body.to_string(),
            },
        });
        lines.push_str(&format!("{exchange}\n"));
    }
    fs::write(folder.path().join("hostile.jsonl"), lines).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_bartizan"))
        .args(["analyze", "hostile.jsonl", "--format", "html", "--out", "hostile.html"])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .expect("the command starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(folder.path().join("hostile.html")).expect("report");
    let (Some(dom), Some(bare)) = (dump_dom(&page), dump_dom(&without_policy(&page))) else {
        return;
    };
    assert_eq!(canary.visits(), 0, "the report asked for something");
    for dom in [&dom, &bare] {
        assert!(!dom.contains("<title>pwned"), "a script ran");
        for name in census(dom).keys() {
            let element = name.split('[').next().unwrap_or(name);
            let known = ["script", "img", "iframe", "object", "embed", "form", "base", "link"];
            assert!(!known.contains(&element) && !name.contains("[on"), "{name}");
        }
    }
}

#[test]
fn the_browser_hashes_what_was_hashed() {
    // The policy allows the style by the hash of its text: the parser must not change that text.
    let page = render(&crate::sample::analysis(), &context(&[]));
    let Some(dom) = dump_dom(&page) else { return };
    let style = |html: &str| {
        let begin = html.find("<style>").expect("a style element") + 7;
        html[begin..begin + html[begin..].find("</style>").expect("its end")].to_owned()
    };
    assert_eq!(style(&page), style(&dom));
}

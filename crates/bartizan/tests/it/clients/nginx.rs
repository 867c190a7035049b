//! curl and a browser, and nginx with files.

use std::{fs, net::SocketAddr, path::Path};

use tempfile::TempDir;

use super::{
    answer::curl,
    programs::{CURL, NGINX, Nginx, are_there},
};
use crate::{
    browser,
    command::{home, write},
    serve::Server,
};

/// Bytes without a pattern that a lost or doubled block would fit into.
pub(super) fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7u64;
    let mut step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..count).map(&mut step).collect()
}

/// nginx with files of many sizes, and the gateway before it. Bodies above the limit of 8 MiB are
/// passed on as they come.
pub(super) fn stand(home: &TempDir) -> (Nginx, Server) {
    for folder in ["files", "files/put", "files/small"] {
        fs::create_dir(home.path().join(folder)).expect("a folder");
    }
    write(home, "files/1.bin", b"x");
    write(home, "files/64k.bin", &bytes(64 << 10));
    write(home, "files/3m.bin", &bytes(3 << 20));
    write(home, "files/50m.bin", &bytes(50 << 20));
    let numbers: Vec<_> = (0..5000).map(|n| format!("{{\"id\":{n}}}")).collect();
    write(home, "files/data.json", format!("[{}]", numbers.join(",")).as_bytes());
    write(home, "files/page.html", PAGE.as_bytes());
    let nginx = Nginx::start(home);
    let service = "{name: files, upstreams: [\"http://ADDRESS\"], request_over: stream}";
    let service = service.replace("ADDRESS", &nginx.address.to_string());
    let configuration = format!("gateway:\n  services: [{service}]\n");
    write(home, "bartizan.yaml", configuration.as_bytes());
    (nginx, Server::start(home, &[]))
}

/// Everything twice through the gateway: over HTTP/1.1 and over HTTP/2.
const H2: &str = "--http2-prior-knowledge";

#[test]
fn curl_gets_the_same_from_nginx() {
    if !are_there(&[CURL, NGINX]) {
        return;
    }
    let home = home();
    let (straight, through) = stand(&home);
    let seen = curl(home.path(), straight.address, "/64k.bin", &[]);
    let tag = |field: &str| format!("{field}: {}", seen.field("etag").expect("an entity tag"));
    let (none, matches, range) = (tag("if-none-match"), tag("if-match"), tag("if-range"));
    let since = format!("if-modified-since: {}", seen.field("last-modified").expect("a time"));
    let cases: &[(&str, &str, &[&str])] = &[
        ("200", "/1.bin", &[]),
        ("200", "/64k.bin", &[]),
        ("200", "/50m.bin", &[]),
        ("200", "/64k.bin", &["--http1.0"]),
        ("200", "/64k.bin", &["--head"]),
        ("200", "/50m.bin", &["--head"]),
        ("404", "/nothing", &["--head"]),
        ("200", "/data.json", &["--head", "-H", "accept-encoding: gzip"]),
        ("405", "/64k.bin", &["-X", "OPTIONS"]),
        ("405", "/64k.bin", &["-X", "DELETE"]),
        ("206", "/50m.bin", &["-r", "1000-20000000"]),
        ("206", "/64k.bin", &["-r", "-5"]),
        ("206", "/data.json", &["-r", "0-1,10-20,-3"]),
        ("206", "/64k.bin", &["-r", "100-199", "-H", &range]),
        ("200", "/64k.bin", &["-r", "100-199", "-H", "if-range: \"other\""]),
        ("416", "/64k.bin", &["-r", "70000-"]),
        ("304", "/64k.bin", &["-H", &none]),
        ("304", "/64k.bin", &["-H", &since]),
        ("412", "/64k.bin", &["-H", "if-match: \"other\""]),
        ("200", "/64k.bin", &["-H", &matches]),
        ("200", "/data.json", &["-H", "accept-encoding: gzip"]),
        ("200", "/data.json", &["--compressed"]),
        ("200", "/data.json", &["-r", "0-9", "--compressed", "-H", "if-range: \"other\""]),
        ("404", "/nothing", &[]),
        ("302", "/away", &[]),
        ("204", "/empty", &[]),
        ("200", "/fields", &[]),
        ("200", "/echo?a=%zz&b=%20;c=[1]|{}", &["-H", "x-sent: a \"b\"; \u{e9}"]),
        ("200", "/echo/a%2Fb/../c?", &["--path-as-is", "-X", "PROPFIND"]),
    ];
    for (status, target, arguments) in cases {
        let what = format!("{target} {arguments:?}");
        let one = curl(home.path(), straight.address, target, arguments);
        assert_eq!(one.status, *status, "{what}: {:?}", one.fields);
        one.assert_same(curl(home.path(), through.gateway, target, arguments), &what);
        if !arguments.contains(&"--http1.0") {
            let arguments = [&[H2], *arguments].concat();
            let what = format!("HTTP/2 {what}");
            one.assert_same(curl(home.path(), through.gateway, target, &arguments), &what);
        }
    }
}

#[test]
fn what_curl_uploads_arrives() {
    if !are_there(&[CURL, NGINX]) {
        return;
    }
    let home = home();
    let (straight, through) = stand(&home);
    let file = |name: &str| home.path().join("files").join(name).display().to_string();
    let (large, middle) = (file("50m.bin"), file("3m.bin"));
    let cases: &[(&str, &[&str])] = &[
        // curl waits for 100 by itself before it sends more than 1 MiB.
        ("/put/new", &["-T", &large]),
        ("/put/new", &["-T", &middle]),
        ("/put/new", &["-T", &large, "-H", "expect:"]),
        ("/put/new", &["-T", &large, "-H", "transfer-encoding: chunked"]),
        ("/put/new", &["-T", &middle, "-H", "transfer-encoding: chunked", "-H", "expect:"]),
        ("/put/new", &["-X", "PUT", "--data-binary", "a", "-H", "expect: 100-continue"]),
        ("/put/new", &["-T", &middle, "-H", "content-encoding: gzip"]),
        ("/put/new", &["-X", "PUT", "--data-binary", ""]),
        // Refused by nginx before all of it was sent.
        ("/small/new", &["-T", &middle, "-H", "expect:"]),
    ];
    for (target, arguments) in cases {
        let what = format!("{target} {arguments:?}");
        let upload = |to: SocketAddr, arguments: &[&str]| {
            let stored = home.path().join("files").join(&target[1..]);
            drop(fs::remove_file(&stored));
            let answer = curl(home.path(), to, target, arguments);
            (answer, fs::read(&stored).ok())
        };
        let (one, sent) = upload(straight.address, arguments);
        let expected = if target.starts_with("/put") { "201" } else { "413" };
        assert_eq!(one.status, expected, "{what}: {:?}", one.fields);
        assert_eq!(sent.is_some(), expected == "201", "{what}");
        let (two, arrived) = upload(through.gateway, arguments);
        assert_eq!(one.before, two.before, "{what}");
        one.assert_same(two, &what);
        assert!(sent == arrived, "{what}");
        let (two, arrived) = upload(through.gateway, &[&[H2], *arguments].concat());
        one.assert_same(two, &format!("HTTP/2 {what}"));
        assert!(sent == arrived, "HTTP/2 {what}");
    }
}

/// Asks for things and writes down what came.
const PAGE: &str = r#"<!doctype html><title>page</title><pre id=out>waits</pre><script>
const asks = [
    ["/1.bin"], ["/64k.bin"], ["/data.json"], ["/50m.bin"], ["/fields"], ["/away"], ["/empty"],
    ["/nothing"], ["/echo?a=%zz", { headers: { "x-sent": "b" } }],
    ["/64k.bin", { method: "HEAD" }], ["/64k.bin", { method: "OPTIONS" }],
    ["/64k.bin", { headers: { range: "bytes=100-50000" }, cache: "no-store" }],
    ["/put/page", { method: "PUT", body: new Uint8Array(3000000).map((_, at) => at * at) }],
];
const differ = ["connection", "keep-alive", "transfer-encoding", "date", "content-length"];
async function ask([path, how]) {
    const answer = await fetch(path, how);
    const bytes = await answer.arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const fields = [...answer.headers].filter(([name]) => !differ.includes(name));
    return JSON.stringify([path, how?.method, answer.status, fields, bytes.byteLength, [...hash]]);
}
(async () => {
    const lines = [];
    try {
        for (const one of asks) lines.push(await ask(one));
        lines.push("end");
    } catch (error) {
        lines.push("failed: " + error);
    }
    document.getElementById("out").textContent = lines.join("\n");
})();
</script>"#;

#[test]
fn a_browser_gets_the_same_from_nginx() {
    if !are_there(&[NGINX]) {
        return;
    }
    let home = home();
    let (straight, through) = stand(&home);
    let stored = home.path().join("files/put/page");
    let show = |to: SocketAddr| {
        drop(fs::remove_file(&stored));
        let dom = browser::show(home.path(), &format!("http://{to}/page.html"))?;
        Some((dom, read(&stored)))
    };
    let (Some(one), Some(two)) = (show(straight.address), show(through.gateway)) else { return };
    assert!(one.0.contains("\nend<") && one.0.contains("52428800"), "{}", one.0);
    assert_eq!(one.1.len(), 3_000_000);
    assert_eq!(one.0, two.0);
    assert!(one.1 == two.1);
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

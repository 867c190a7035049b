//! curl, a browser, a gRPC client, a WebSocket client and load generators, and the lab.

use std::{
    io::Read as _,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{
    answer::{Answer, curl},
    load::{h2load, wrk},
    programs::{CURL, H2LOAD, WRK, are_there, output},
};
use crate::{
    browser,
    command::{home, write},
    drive::Lab,
    serve::Server,
};

/// The interpreter that Debian's packages of the clients are for.
const PYTHON: &str = "/usr/bin/python3";
const GRPC: &str = "/usr/bin/python3 -c 'import grpc'";
const WEBSOCKET: &str = "/usr/bin/python3 -c 'import websockets'";

const JSON: &str = "content-type: application/json";

/// gRPC goes on over HTTP/2, the rest over HTTP/1.1.
const CONFIG: &str = r#"gateway:
  services:
    - {name: grpc, path_prefix: /quayside.v1.Tracking, upstreams: ["LAB"], protocol: http2}
    - name: reflection
      path_prefix: /grpc.reflection.v1.ServerReflection
      upstreams: ["LAB"]
      protocol: http2
    - {name: lab, upstreams: ["LAB"]}
"#;

/// The lab, and the gateway before it.
fn stand(home: &TempDir) -> (Lab, Server) {
    let lab = Lab::start(home);
    write(home, "bartizan.yaml", CONFIG.replace("LAB", lab.url()).as_bytes());
    (lab, Server::start(home, &[]))
}

fn address(lab: &Lab) -> SocketAddr {
    lab.url().trim_start_matches("http://").parse().expect("an address")
}

/// An access token of `ada`.
fn token(home: &Path, to: SocketAddr) -> String {
    let login = r#"{"login":"ada","password":"ada-quay-2026"}"#;
    let answer = curl(home, to, "/auth/login", &["-H", JSON, "-d", login]);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    body["access_token"].as_str().expect("a token").to_owned()
}

/// What is answered when the lab is as it was at first.
fn fresh(home: &Path, lab: SocketAddr, to: SocketAddr, target: &str, with: &[&str]) -> Answer {
    assert!(curl(home, lab, "/_lab/reset", &["-X", "POST"]).status.starts_with('2'));
    curl(home, to, target, with)
}

#[test]
fn curl_gets_the_same_from_the_lab() {
    if !are_there(&[CURL]) {
        return;
    }
    let home = home();
    let (lab, through) = stand(&home);
    let (straight, through) = (address(&lab), through.gateway);
    let bearer = format!("authorization: Bearer {}", token(home.path(), straight));
    let soap = "<?xml version=\"1.0\"?><s:Envelope \
        xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:q=\"urn:quayside:customs\">\
        <s:Body><q:GetDeclaration><id>abc</id></q:GetDeclaration></s:Body></s:Envelope>";
    let rpc = r#"{"jsonrpc":"2.0","id":1,"method":"contract.get","params":{"id":903}}"#;
    let xml = "<?xml version=\"1.0\"?><methodCall><methodName>depot.list</methodName></methodCall>";
    let graphql = r#"{"query":"{me{login}}"}"#;
    let hook = r#"{"shipment":1001,"status":"delivered"}"#;
    let signed = "x-signature: eea7a6e90ffed24ec859cd75434b6847e373181d2226ac79fd2a08d13cd45455";
    let file = "file=hello;filename=a.txt;type=text/plain";
    let text_xml = "content-type: text/xml; charset=utf-8";
    let large = write(&home, "large.json", format!("[{}1]", "1,".repeat(1 << 20)).as_bytes());
    let large = format!("@{large}");
    let cases: &[(&str, &str, &[&str])] = &[
        ("200", "/openapi.json", &[]),
        ("200", "/openapi.json", &["--head"]),
        ("200", "/openapi.json", &["--http1.0"]),
        ("200", "/api/v1/shipments", &[]),
        ("200", "/api/v1/shipments", &["--compressed"]),
        ("200", "/api/v1/shipments", &["-r", "0-9"]),
        ("204", "/api/v1/shipments", &["-X", "OPTIONS", "-H", "origin: https://a.example"]),
        ("200", "/graphql", &["-H", JSON, "-d", graphql]),
        ("200", "/graphql", &["-H", JSON, "-d", graphql, "-H", "expect: 100-continue"]),
        ("200", "/soap?wsdl", &[]),
        ("500", "/soap", &["-H", text_xml, "-d", soap]),
        ("200", "/jsonrpc", &["-H", JSON, "-d", rpc]),
        ("200", "/jsonrpc", &["-H", JSON, "--data-binary", &large]),
        ("200", "/xmlrpc", &["-H", text_xml, "-d", xml]),
        ("201", "/api/v1/documents", &["-F", file]),
        ("200", "/hooks/carrier", &["-H", JSON, "-H", "x-delivery: d-1", "-H", signed, "-d", hook]),
        ("200", "/api/v1/documents/501/preview?width=1500&height=1500", &[]),
        ("404", "/api/v1/shipments/99999999", &[]),
        ("404", "/nothing", &[]),
        ("200", "/track?ref=QS-1001", &[]),
    ];
    for (status, target, arguments) in cases {
        let what = format!("{target} {arguments:.60?}");
        let arguments = [&["-H", &bearer], *arguments].concat();
        let one = fresh(home.path(), straight, straight, target, &arguments);
        assert_eq!(one.status, *status, "{what}: {:?}", one.fields);
        let two = fresh(home.path(), straight, through, target, &arguments);
        assert_eq!(one.before, two.before, "{what}");
        one.assert_same(two, &what);
        if !arguments.contains(&"--http1.0") {
            let h2 = [&["--http2-prior-knowledge"], arguments.as_slice()].concat();
            let two = fresh(home.path(), straight, through, target, &h2);
            one.assert_same(two, &format!("HTTP/2 {what}"));
        }
    }
}

/// Server-sent events have no end: what came straight until a moment has to come through as well.
#[test]
fn events_come_as_they_are_written() {
    if !are_there(&[CURL]) {
        return;
    }
    let home = home();
    let (lab, through) = stand(&home);
    let bearer = format!("authorization: Bearer {}", token(home.path(), address(&lab)));
    let events = |to: SocketAddr, end: &str| {
        let mut child = Command::new("curl")
            .args(["-q", "-sS", "-N", "--max-time", "20", "-H", &bearer])
            .arg(format!("http://{to}/api/v1/events?shipment=1003"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl runs");
        let mut out = child.stdout.take().expect("piped");
        let (mut read, mut piece) = (String::new(), [0; 1]);
        while !read.ends_with(end) && matches!(out.read(&mut piece), Ok(1)) {
            read.push(char::from(piece[0]));
        }
        drop(child.kill());
        drop(child.wait());
        read
    };
    let one = events(address(&lab), "\n\n");
    assert!(one.contains("event: ") && one.ends_with("\n\n"), "{one}");
    assert_eq!(one, events(through.gateway, "\n\n"));
}

#[test]
fn a_browser_gets_the_same_from_the_lab() {
    let home = home();
    let (lab, through) = stand(&home);
    for target in ["/", "/track?ref=QS-1001"] {
        let show = |to: SocketAddr| browser::show(home.path(), &format!("http://{to}{target}"));
        let (Some(one), Some(two)) = (show(address(&lab)), show(through.gateway)) else { return };
        assert!(one.contains("<title>"), "{one}");
        assert_eq!(one, two);
    }
}

/// What a script printed about the clients' side; the same is expected straight and through.
fn python(script: &str, to: SocketAddr, token: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients").join(script);
    let mut command = Command::new("timeout");
    let to = to.to_string();
    let said = output(command.args(["60", PYTHON]).arg(file).args([to.as_str(), token]));
    String::from_utf8(said).expect("UTF-8")
}

#[test]
fn a_grpc_client_gets_the_same() {
    if !are_there(&[CURL, GRPC]) {
        return;
    }
    let home = home();
    let (lab, through) = stand(&home);
    let token = token(home.path(), address(&lab));
    let one = python("grpc_client.py", address(&lab), &token);
    for part in ["QSCU1003", "quayside.v1.Release", "UNAUTHENTICATED", "NOT_FOUND", "StatusCode.OK"]
    {
        assert!(one.contains(part), "{one}");
    }
    assert_eq!(one, python("grpc_client.py", through.gateway, &token));
}

#[test]
fn a_websocket_client_gets_the_same() {
    if !are_there(&[CURL, WEBSOCKET]) {
        return;
    }
    let home = home();
    let (lab, through) = stand(&home);
    let token = token(home.path(), address(&lab));
    let one = python("websocket_client.py", address(&lab), &token);
    for part in ["pong", "position", "not JSON", "closed 4001", "refused 404"] {
        assert!(one.contains(part), "{one}");
    }
    assert_eq!(one, python("websocket_client.py", through.gateway, &token));
}

#[test]
fn load_generators_get_the_same_from_the_lab() {
    if !are_there(&[CURL, WRK, H2LOAD]) {
        return;
    }
    let home = home();
    let (lab, through) = stand(&home);
    let wanted = curl(home.path(), address(&lab), "/schema.graphql", &[]).body;
    let target = "/schema.graphql";
    assert!(wrk(&home, through.gateway, target, &wanted), "a body was wrong");
    for (to, more) in [
        (address(&lab), &["--h1"][..]),
        (through.gateway, &["--h1"]),
        (through.gateway, &["-m", "16"]),
    ] {
        h2load(to, target, more, wanted.len());
    }
}

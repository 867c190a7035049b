//! `openapi` policies that compare with what was learned of a host.

use std::net::SocketAddr;

use crate::{
    command::{home, write},
    serve::{Server, admin, ask, get, judged, until, upstream},
};

/// More than are needed of an endpoint.
const ENOUGH: u64 = 320;

/// How often the policy gave a reason.
fn times(of: SocketAddr, reason: &str) -> u64 {
    let (status, text) = admin(of, "/metrics");
    assert_eq!(status, 200);
    let marks = ["policy_reasons_total{", "policy=\"learned\"", &format!("reason=\"{reason}\"")];
    let mut lines = text.lines().filter(|line| marks.iter().all(|mark| line.contains(mark)));
    lines.next().map_or(0, |line| {
        let count = line.rsplit(' ').next().and_then(|count| count.parse().ok());
        count.expect("a count")
    })
}

#[test]
fn what_was_learned_is_compared_with_once_enough_is_known() {
    let home = home();
    let config = format!(
        "gateway:\n  services:\n    - name: shop\n      upstreams: [\"http://{}\"]\n\
         policies:\n  - name: learned\n    openapi: {{budget_micros: 1000000, learned: {{host: api.example.com}}}}\n",
        upstream()
    );
    write(&home, "bartizan.yaml", config.as_bytes());
    let server = Server::start(&home, &[]);
    // One client alone teaches nothing.
    for (id, agent) in (0..ENOUGH).zip(["shop/1", "app/2"].iter().cycle()) {
        let head = format!("GET /v1/orders/{} HTTP/1.1\r\nhost: api.example.com", 4_000 + id);
        let request = format!("{head}\r\nuser-agent: {agent}\r\nconnection: close\r\n\r\n");
        assert_eq!(ask(server.gateway, &request).0, 200);
    }
    until("judging", || judged(server.admin) >= ENOUGH);
    assert_eq!(times(server.admin, "learned-too-little"), ENOUGH, "nothing is known yet");
    server.stop();

    let server = Server::start(&home, &[]);
    for (target, reason) in [
        ("/v1/orders/4001?debug=1", "undocumented-query"),
        ("/v1/secrets", "undocumented-path"),
        ("/v1/orders/none", "type"),
    ] {
        assert_eq!(get(server.gateway, target).0, 200, "it is in monitor mode");
        assert_eq!(times(server.admin, reason), 1, "{target}");
    }
    assert_eq!(get(server.gateway, "/v1/orders/4001").0, 200);
    assert_eq!(times(server.admin, "learned-too-little"), 0);
    server.stop();
}

//! What is decided whoever calls: what is switched off, left out, gone, elsewhere, or watched for; and what is told of a
//! request that nobody sent.

use std::{net::IpAddr, sync::Arc};

use bartizan_gateway::{
    Config, Gateway, Imagined, Rehearsal, Running,
    config::Network,
    handover,
    policy::{Came, Enforcement, LookUps, PolicyConfig, Reach, Surroundings},
    rehearse,
};
use bartizan_model::{HashKey, Mode, Timestamp};
use http::Request;

use crate::{
    answers::answer,
    harness::{Client, Response, Upstream, config_with},
};

fn read(policies: &str) -> Vec<PolicyConfig> {
    serde_saphyr::from_str(policies).unwrap()
}

fn enforcement(policies: &[PolicyConfig]) -> Arc<Enforcement> {
    let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
    Arc::new(Enforcement::new(policies, surroundings).unwrap())
}

struct Guarded {
    upstream: Upstream,
    running: Running,
    enforcement: Arc<Enforcement>,
    received: handover::Receiver,
}

impl Guarded {
    async fn with(policies: &[PolicyConfig]) -> Self {
        Self::before(Upstream::ok().await, policies).await
    }

    async fn before(upstream: Upstream, policies: &[PolicyConfig]) -> Self {
        let enforcement = enforcement(policies);
        let inline = Arc::clone(&enforcement) as Arc<_>;
        let (handover, received) = handover::channel(100, 1 << 20);
        let config = config_with(&upstream, |config| {
            config.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
        });
        let running = Gateway::start(&config, inline, handover).await.unwrap();
        Self { upstream, running, enforcement, received }
    }

    async fn ask(&self, line: &str, fields: &str) -> Response {
        let request = format!("{line} HTTP/1.1\r\nhost: a.example\r\n{fields}\r\n");
        Client::ask(self.running.addresses()[0], request).await
    }

    async fn status(&self, line: &str) -> u16 {
        self.ask(line, "").await.status
    }
}

const ONLY_HTTPS: &str =
    "[{name: https, mode: enforce, https_redirect: {acme_challenges: CHALLENGES}}]";

/// Certificates can be renewed, and nothing else comes by plain HTTP under that name.
#[tokio::test]
async fn challenges_of_acme_pass_by_plain_http_where_that_is_said() {
    let guarded = Guarded::with(&read(&ONLY_HTTPS.replace("CHALLENGES", "true"))).await;
    let challenge = "/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
    assert_eq!(guarded.status(&format!("GET {challenge}")).await, 200);
    for (line, fields, status) in [
        ("GET /", "", 308),
        ("GET /.well-known/acme-challenge/", "", 308),
        ("GET /.well-known/acme-challenge/a/b", "", 308),
        ("GET /.well-known/acme-challenge/..;/admin", "", 308),
        ("GET /.well-known/acme-challenge/%2e%2e%2fadmin", "", 308),
        ("GET /.well-known/acme-challenge/a?_method=POST", "", 308),
        ("GET /.well-known/acme-challenge/a", "X-Original-URL: /admin\r\n", 308),
        ("POST /.well-known/acme-challenge/a", "", 403),
    ] {
        assert_eq!(guarded.ask(line, fields).await.status, status, "{line} {fields}");
    }
    assert_eq!(guarded.upstream.seen().len(), 1);
    let guarded = Guarded::with(&read(&ONLY_HTTPS.replace("CHALLENGES", "false"))).await;
    assert_eq!(guarded.status(&format!("GET {challenge}")).await, 308, "authorities follow it");
}

fn in_an_hour() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap() + 3_600)
}

const KILL: &str = "[{name: off, mode: enforce, scope: {paths: [/x/**]}, kill_switch: {}}]";

#[tokio::test]
async fn what_is_switched_off_is_off_however_it_is_written_and_until_the_end() {
    let guarded = Guarded::with(&read(KILL)).await;
    let refused = guarded.ask("GET /x/1", "").await;
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("300")));
    for path in ["/%78/1", "/y/../x/1", "/x;a=b/1"] {
        assert_eq!(guarded.status(&format!("GET {path}")).await, 503, "{path}");
    }
    assert!(guarded.upstream.seen().is_empty());
    assert_eq!(guarded.status("GET /y").await, 200);

    // Switched by hand until a time that is over, and until one that is not.
    for (until, status) in [(Timestamp::from_seconds(1), 200), (in_an_hour(), 503)] {
        let policies: Vec<_> = read(KILL)
            .into_iter()
            .map(|policy| policy.switched(Mode::Enforce, Some(until)))
            .collect();
        assert_eq!(Guarded::with(&policies).await.status("GET /x/1").await, status);
    }
}

const EMERGENCY: &str = "
- {name: small, mode: enforce, size: {fields: 3}}
- {name: who, mode: enforce, scope: {paths: [/private/**]}, authentication: {any_of: [api_key]}}
- {name: glass, scope: {paths: [/private/**, /open/**]}, break_glass: {kinds: [KINDS], authentication: SAID}}
";

async fn in_an_emergency(kinds: &str, said: bool, mode: Mode) -> Guarded {
    let text = EMERGENCY.replace("KINDS", kinds).replace("SAID", &said.to_string());
    let mut policies = read(&text);
    let glass = policies.pop().unwrap().switched(mode, Some(in_an_hour()));
    policies.push(glass);
    Guarded::with(&policies).await
}

#[tokio::test]
async fn an_emergency_leaves_out_what_it_names_and_says_so() {
    let many = "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n";
    let mut guarded = in_an_emergency("size", false, Mode::Enforce).await;
    assert_eq!(guarded.ask("GET /open/1", many).await.status, 200, "left out");
    let seen = guarded.received.recv().await.unwrap().into_exchange().unwrap();
    let decided: Vec<_> = seen.policies.iter().map(|one| (&*one.policy, &*one.reason)).collect();
    assert_eq!(decided, [("glass", "bypassed")]);
    assert_eq!(guarded.ask("GET /other", many).await.status, 431, "elsewhere");
    // Where it only may be meant, nothing is left out.
    assert_eq!(guarded.ask("GET /open/../other", many).await.status, 431, "perhaps");
    assert_eq!(guarded.status("GET /private/1").await, 401, "who calls has to be known");
    assert_eq!(guarded.enforcement.tally("glass").acted, 2);

    let guarded = in_an_emergency("size, authentication", true, Mode::Enforce).await;
    assert_eq!(guarded.status("GET /private/1").await, 200, "as was said");
    let guarded = in_an_emergency("size", false, Mode::Monitor).await;
    assert_eq!(guarded.ask("GET /open/1", many).await.status, 431, "monitored");
    assert_eq!(guarded.enforcement.tally("glass").would_act, 1);
}

#[tokio::test]
async fn an_exception_counts_where_it_is_until_it_ends() {
    let policy = |until: &str| {
        read(&format!(
            "[{{name: who, mode: enforce, authentication: {{any_of: [api_key]}}, except: [{{scope: {{paths: [/health]}}, \
             until: {until}, reason: probes of the balancer}}]}}]"
        ))
    };
    let mut guarded = Guarded::with(&policy("2999-01-01T00:00:00Z")).await;
    assert_eq!(guarded.status("GET /health").await, 200);
    let seen = guarded.received.recv().await.unwrap().into_exchange().unwrap();
    assert_eq!(seen.policies[0].reason, "excepted");
    for path in ["/healthy", "/x/../health", "/health/..;/x", "/"] {
        assert_eq!(guarded.status(&format!("GET {path}")).await, 401, "{path}");
    }
    let elsewhere = guarded.ask("GET /health", "x-original-url: /orders\r\n").await;
    assert_eq!(elsewhere.status, 401, "what leads elsewhere");
    assert_eq!(guarded.enforcement.tally("who").not_evaluated, 1);
    assert_eq!(
        Guarded::with(&policy("2001-01-01T00:00:00Z")).await.status("GET /health").await,
        401
    );
}

#[tokio::test]
async fn what_will_be_gone_says_so_also_when_it_refuses() {
    let text = |sunset: &str| {
        format!(
            "[{{name: v1, mode: enforce, scope: {{paths: [/v1/**]}}, deprecation: \
             {{since: 2023-06-30T23:59:59Z, sunset: {sunset}, gone_after_sunset: true, \
             successor: 'https://a.example/v2'}}}}]"
        )
    };
    let guarded = Guarded::with(&read(&text("2999-01-01T00:00:00Z"))).await;
    let told = guarded.ask("GET /v1/a", "").await;
    assert_eq!((told.status, told.field("deprecation")), (200, Some("@1688169599")));
    assert_eq!(told.field("sunset"), Some("Tue, 01 Jan 2999 00:00:00 GMT"));
    assert_eq!(guarded.ask("GET /v2/a", "").await.field("deprecation"), None);
    let guarded = Guarded::with(&read(&text("2024-01-01T00:00:00Z"))).await;
    let gone = guarded.ask("GET /v1/a", "").await;
    assert_eq!((gone.status, gone.field("deprecation")), (410, Some("@1688169599")));
    assert_eq!(gone.field("link"), Some("<https://a.example/v2>; rel=\"successor-version\""));
}

#[tokio::test]
async fn several_that_are_about_one_answer_say_all_of_it() {
    let policies = read(
        "[{name: v1, mode: enforce, scope: {paths: [/v1/**]}, deprecation: {since: 2023-06-30T23:59:59Z, \
         sunset: 2998-01-01T00:00:00Z, link: 'https://a.example/v1'}}, \
         {name: orders, mode: enforce, scope: {paths: [/v1/orders]}, deprecation: \
         {since: 2024-06-30T23:59:59Z, sunset: 2999-01-01T00:00:00Z, link: 'https://a.example/o'}}, \
         {name: not-yet, mode: monitor, deprecation: {since: 2001-01-01T00:00:00Z}}]",
    );
    let guarded = Guarded::with(&policies).await;
    let told = guarded.ask("GET /v1/orders", "").await;
    assert_eq!(told.all("deprecation"), ["@1688169599"]);
    assert_eq!(told.all("sunset"), ["Mon, 01 Jan 2998 00:00:00 GMT"]);
    let link =
        "<https://a.example/v1>; rel=\"deprecation\", <https://a.example/o>; rel=\"deprecation\"";
    assert_eq!(told.all("link"), [link]);
}

#[tokio::test]
async fn what_one_policy_sets_the_next_one_finds() {
    let policies = read(
        "[{name: says, mode: enforce, request_headers: {set: {x-user: gateway}, remove: [x-c]}}, \
         {name: else, mode: enforce, request_headers: {add: {x-user: nobody, x-c: none}}}, \
         {name: told, mode: enforce, headers: {set: {referrer-policy: origin}, recommended: false}}, \
         {name: usual, mode: enforce, headers: {}}]",
    );
    let guarded = Guarded::with(&policies).await;
    let told = guarded.ask("GET /", "x-user: root\r\nx-c: 1\r\n").await;
    let seen = guarded.upstream.only();
    assert_eq!((seen.all("x-user"), seen.all("x-c")), (vec!["gateway"], vec!["none"]));
    assert_eq!(told.all("referrer-policy"), ["origin"]);
    assert_eq!(told.all("x-content-type-options"), ["nosniff"]);
}

#[tokio::test]
async fn fields_that_servers_take_for_those_go_with_them() {
    let policies = read(
        "[{name: f, mode: enforce, request_headers: \
         {set: {x-user: gateway}, remove: [x-internal-user, x-http-method-override]}}, \
         {name: no-admin, mode: enforce, scope: {paths: [/admin/**]}, kill_switch: {}}]",
    );
    let guarded = Guarded::with(&policies).await;
    let sent = "X_User: root\r\nX.User: root\r\nX_Internal_User: root\r\n\
                x_http_method_override: DELETE\r\nx-other_user: 1\r\n";
    assert_eq!(guarded.ask("GET /a", sent).await.status, 200);
    let seen = guarded.upstream.only();
    for gone in ["x_user", "x.user", "x_internal_user", "x_http_method_override"] {
        assert_eq!(seen.field(gone), None, "{gone}");
    }
    assert_eq!((seen.all("x-user"), seen.field("x-other_user")), (vec!["gateway"], Some("1")));
    assert_ne!(guarded.ask("GET /a", "x_original_url: /admin/1\r\n").await.status, 200);
    assert_eq!(guarded.ask("GET /a", "x.forwarded.for: 127.0.0.1\r\n").await.status, 400);
}

#[tokio::test]
async fn clients_are_sent_to_https_and_told_to_stay() {
    let policies = read("[{name: tls, mode: enforce, https_redirect: {}}]");
    let guarded = Guarded::with(&policies).await;
    let sent = guarded.ask("GET /a?b=c", "").await;
    assert_eq!((sent.status, sent.field("location")), (308, Some("https://a.example/a?b=c")));
    assert_eq!(sent.field("strict-transport-security"), None, "not in the clear (RFC 6797 §7.2)");
    assert_eq!(guarded.ask("POST /a", "content-length: 0\r\n").await.status, 403);
    assert!(guarded.upstream.seen().is_empty());
    let stays = guarded.ask("GET /a", "x-forwarded-proto: https\r\nx-forwarded-for: 192.0.2.1\r\n");
    let stays = stays.await;
    let told = stays.field("strict-transport-security");
    assert_eq!((stays.status, told), (200, Some("max-age=31536000")));
}

#[tokio::test]
async fn fields_of_requests_are_changed_for_the_upstream_only() {
    let policies = read(
        "[{name: f, mode: enforce, scope: {paths: [/a/**]}, request_headers: \
         {set: {x-user: gateway}, add: {x-b: '2'}, remove: [x-original-url, x-c]}}]",
    );
    let mut guarded = Guarded::with(&policies).await;
    let sent = "x-user: root\r\nx-user: admin\r\nx-c: 1\r\n";
    assert_eq!(guarded.ask("GET /a/1", sent).await.status, 200);
    let seen = guarded.upstream.only();
    assert_eq!((seen.all("x-user"), seen.field("x-b")), (vec!["gateway"], Some("2")));
    assert_eq!(seen.field("x-c"), None);
    let kept = guarded.received.recv().await.unwrap().into_exchange().unwrap();
    assert_eq!(kept.request.headers.get("x-c"), Some("1"), "as the client sent it");

    // Perhaps in scope: nothing is set that a service may believe, and what leads elsewhere goes.
    guarded.ask("GET /b", "x-original-url: /a/2\r\nx-c: 1\r\n").await;
    let seen = guarded.upstream.seen().pop().unwrap();
    assert_eq!((seen.field("x-user"), seen.field("x-original-url")), (None, None));
}

#[tokio::test]
async fn decoys_are_found_out_and_do_not_tell() {
    let policies = read(
        "[{name: trap, mode: enforce, scope: {paths: [/.env], ignore_case: true}, decoy: {}}, \
         {name: contact, mode: enforce, security_txt: {contacts: ['mailto:a@b.example'], \
         expires: 2999-01-01T00:00:00Z}}]",
    );
    let mut guarded = Guarded::with(&policies).await;
    let refused = guarded.ask("GET /%2eENV", "").await;
    assert_eq!(refused.status, 404);
    assert!(!refused.text().contains("decoy") && !refused.text().contains("trap"));
    let seen = guarded.received.recv().await.unwrap().into_exchange().unwrap();
    assert_eq!((&*seen.policies[0].policy, &*seen.policies[0].reason), ("trap", "decoy"));
    let told = guarded.ask("GET /.well-known/security.txt", "").await;
    assert!(told.status == 200 && told.text().starts_with("Contact: mailto:a@b.example\n"));
    assert!(guarded.upstream.seen().is_empty());
}

#[tokio::test]
async fn a_decoy_that_asks_for_a_credential_asks_as_others_do() {
    let policies = read(
        "[{name: trap, mode: enforce, scope: {paths: [/backup]}, decoy: {status: 401}}, \
         {name: who, mode: enforce, scope: {paths: [/orders]}, \
         authentication: {any_of: [basic], realm: shop}}]",
    );
    let guarded = Guarded::with(&policies).await;
    let (trap, other) =
        (guarded.ask("GET /backup", "").await, guarded.ask("GET /orders", "").await);
    assert_eq!((trap.status, other.status), (401, 401));
    assert!(other.field("www-authenticate").is_some());
    assert_eq!(trap.all("www-authenticate"), other.all("www-authenticate"));
    let said = |response: &Response| {
        let mut said: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        said.as_object_mut()
            .unwrap()
            .retain(|key, _| ["title", "code", "status"].contains(&&**key));
        said
    };
    assert_eq!(said(&trap), said(&other));
    assert!(guarded.upstream.seen().is_empty());
}

#[tokio::test]
async fn errors_of_services_are_told_cleanly_and_kept_as_they_were() {
    let inside = "<h1>nginx</h1> upstream 10.0.0.7 failed";
    let upstream = Upstream::new(move |_| {
        answer("502 X\r\ncontent-type: text/html\r\nretry-after: 9", inside)
    })
    .await;
    let policies = read("[{name: clean, mode: enforce, upstream_errors: {}}]");
    let mut guarded = Guarded::before(upstream, &policies).await;
    let told = guarded.ask("GET /", "").await;
    assert_eq!((told.status, told.field("retry-after")), (502, Some("9")));
    assert_eq!(told.field("content-type"), Some("application/problem+json"));
    assert!(!told.text().contains("10.0.0.7") && told.text().contains("upstream-error"));
    let seen = guarded.received.recv().await.unwrap().into_exchange().unwrap();
    assert_eq!(&seen.response.unwrap().body[..], inside.as_bytes());
}

/// What would become of a request, with the upstream that must not be asked.
async fn told(policies: &str, request: Request<Vec<u8>>) -> Rehearsal {
    let upstream = Upstream::ok().await;
    let config: Config = config_with(&upstream, |_| {});
    let surroundings = Surroundings {
        look_ups: LookUps::offline(|_| {}),
        ..Surroundings::embedded(HashKey::new([7; 32]))
    };
    let enforcement = Arc::new(Enforcement::new(&read(policies), surroundings).unwrap());
    let from: IpAddr = "192.0.2.9".parse().unwrap();
    let imagined = Imagined { request, from, is_secure: true };
    let rehearsal = rehearse(&config, enforcement, imagined).await.unwrap();
    assert_eq!((upstream.seen().len(), upstream.connections()), (0, 0));
    rehearsal
}

fn get(target: &str) -> Request<Vec<u8>> {
    Request::get(target).header("host", "a.example").body(Vec::new()).unwrap()
}

fn came(rehearsal: &Rehearsal) -> Vec<(&str, Reach, Came)> {
    rehearsal.policies.iter().map(|one| (one.policy.as_str(), one.scope, one.outcome)).collect()
}

const EXPLAINED: &str = "
- {name: from, mode: enforce, address: {deny: [198.51.100.0/24]}}
- {name: fields, mode: monitor, size: {fields: 1}}
- {name: admins, mode: enforce, scope: {paths: [/admin/**]}, authentication: {any_of: [api_key]}}
- {name: shape, mode: enforce, schema: {inline: {type: object}}}
- {name: answers, leak: {}}
";

#[tokio::test]
async fn a_rehearsal_tells_what_each_policy_makes_of_a_request() {
    let mut request = get("/orders");
    request.headers_mut().append("accept", "*/*".parse().unwrap());
    let passed = told(EXPLAINED, request).await;
    assert!(passed.answer.is_none() && passed.service.is_some());
    assert_eq!(passed.client.to_string(), "192.0.2.9");
    let of = came(&passed);
    assert_eq!(of[0], ("from", Reach::Surely, Came::Passed));
    assert_eq!(of[1], ("fields", Reach::Surely, Came::WouldRefuse));
    assert_eq!(of[2], ("admins", Reach::Out, Came::OutOfScope));
    assert_eq!((of[4].0, of[4].2), ("answers", Came::NotAsked));

    let refused = told(EXPLAINED, get("/x/../admin/1")).await;
    let of = came(&refused);
    assert_eq!(of[2], ("admins", Reach::Perhaps, Came::Refused));
    assert_eq!(of[3].2, Came::NotAsked, "it was stopped before");
    let answer = refused.answer.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(refused.policies[2].status, Some(401));
    assert!(!refused.policies[2].reasons.is_empty());
}

#[tokio::test]
async fn a_rehearsal_looks_at_bodies_and_looks_nothing_up() {
    let mut request = Request::post("/orders").header("host", "a.example");
    request = request.header("content-type", "application/json");
    let refused = told(EXPLAINED, request.body(b"[1]".to_vec()).unwrap()).await;
    let shape = refused.policies.iter().find(|one| one.policy == "shape").unwrap();
    assert_eq!(shape.outcome, Came::Refused);

    // Nobody listens there; that it is not asked shows in how soon it is told.
    let tokens = "[{name: t, mode: enforce, jwt: {issuer: i, audiences: [a], algorithms: [RS256], \
                  jwks_url: 'http://127.0.0.1:1/keys'}}]";
    let mut request = get("/orders");
    let token = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJpIn0.AAAA";
    request.headers_mut().append("authorization", token.parse().unwrap());
    let rehearsal = told(tokens, request).await;
    assert_eq!(rehearsal.policies[0].outcome, Came::Refused);
    assert!(rehearsal.identities.is_empty());
}

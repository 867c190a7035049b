//! Who is a client, what tells its kind, and what is bounded.

use bartizan_model::{
    ClientForm, ClientKind, ClientTold, Exchange, Grade, HashKey, Scope,
    client::{MOST_OPERATIONS, MOST_SCOPES},
};

use super::{MAX_CLAIMED, MAX_CLIENTS, MAX_TOKENS, Row};
use crate::{
    checks::example::{Builder, SIGNATURE, get, jwt, post, send},
    judge::{State, judge},
    snapshot::Snapshot,
};

fn snapshot() -> Snapshot {
    Snapshot::new(Scope::default(), HashKey::new([1; 32]))
}

/// What is learned of clients from these exchanges.
fn learned(exchanges: &[Exchange]) -> State {
    let (snapshot, mut state) = (snapshot(), State::new(&Scope::default()));
    for exchange in exchanges {
        judge(exchange, &snapshot, &mut state, exchange.time);
    }
    state
}

fn rows(exchanges: &[Exchange]) -> Vec<Row> {
    learned(exchanges).clients().rows().into_values().collect()
}

fn only(exchanges: &[Exchange]) -> Row {
    let mut rows = rows(exchanges);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.remove(0)
}

fn bearer(claims: &str) -> String {
    format!("Bearer {}", jwt(r#"{"alg":"RS256"}"#, claims, SIGNATURE))
}

fn orders() -> Builder {
    get("https://api.example.com/v1/orders")
}

fn with_token(claims: &str) -> Exchange {
    orders().header("authorization", &bearer(claims)).json(200, r#"{"items":[]}"#).build()
}

#[test]
fn a_token_names_its_client_within_its_issuer() {
    for claim in ["client_id", "azp", "appid", "cid"] {
        let claims =
            format!(r#"{{"iss":"https://id.example.com","{claim}":"web-shop","sub":"u1"}}"#);
        let row = only(&[with_token(&claims), with_token(&claims.replace("u1", "u2"))]);
        assert_eq!((row.label.as_str(), row.told_by()), ("web-shop", ClientTold::Token), "{claim}");
        assert_eq!((row.form(), row.grade()), (ClientForm::Application, Grade::Accepted));
        assert_eq!((row.requests, row.granted, row.users()), (2, 2, 2));
        assert_eq!(row.issuer.as_deref(), Some("https://id.example.com"));
    }
    let two = [r#"{"iss":"a","azp":"web"}"#, r#"{"iss":"b","azp":"web"}"#].map(with_token);
    assert_eq!(rows(&two).len(), 2, "two issuers");
    // A token without a client, and nothing else that names one.
    assert_eq!(rows(&[with_token(r#"{"sub":"u1"}"#)]), []);
}

#[test]
fn keys_certificates_and_names_are_credentials_of_their_own() {
    let key = orders().header("x-api-key", "k3y-c4ed6c219dd54a058e3fc56d1151cce8");
    let row = only(&[key.json(200, "[]").build()]);
    assert_eq!((row.told_by(), row.form()), (ClientTold::ApiKey, ClientForm::Key));
    assert!(row.label.starts_with("API key a9a-") && !row.label.contains("c4ed"), "{}", row.label);
    let mut device = orders().json(200, "[]").build();
    device.client.certificate_subject = Some("CN=meter-0017,OU=Device,O=Example".to_owned());
    let row = only(&[device]);
    assert_eq!((row.told_by(), row.grade()), (ClientTold::Certificate, Grade::Verified));
    assert_eq!(row.kind(), ClientKind::Device);
    let basic = orders().header("authorization", "Basic cGFydG5lci1hOnMzY3JldA==");
    let row = only(&[basic.json(200, "[]").build()]);
    assert_eq!((row.told_by(), row.form(), row.users()), (ClientTold::Basic, ClientForm::Key, 0));
    assert!(!row.label.contains("partner-a"), "{}", row.label);
}

#[test]
fn a_certificate_that_a_proxy_tells_of_names_a_client_that_only_claims() {
    let field = |uri: &str| format!("By=spiffe://a.test/ns/shop/sa/stock;Hash=00;URI={uri}");
    let asked = |uri: &str, from: &str| {
        let asked = orders().header("x-forwarded-client-cert", &field(uri));
        let mut asked = asked.header("user-agent", "ShopApp/5.3").json(200, "[]").build();
        asked.client.ip = from.parse().ok();
        asked
    };
    let orders = "spiffe://a.test/ns/shop/sa/orders";
    let row = only(&[asked(orders, "10.0.0.7"), asked(orders, "10.0.0.8")]);
    assert_eq!((row.label.as_str(), row.told_by()), (orders, ClientTold::ForwardedCertificate));
    assert_eq!((row.grade(), row.granted, row.sources()), (Grade::Claimed, 2, 2));
    assert_eq!(rows(&[asked(orders, "10.0.0.7"), asked("spiffe://a.test/x", "10.0.0.7")]).len(), 2);
    let row = only(&[asked(orders, "203.0.113.7")]);
    assert_eq!(row.told_by(), ClientTold::UserAgent, "anybody outside can write that");
    let mut named = asked(orders, "10.0.0.7");
    named.request.headers.push("authorization", bearer(r#"{"iss":"a","azp":"web"}"#));
    assert_eq!(only(&[named]).told_by(), ClientTold::Token, "the stronger one");
}

#[test]
fn a_request_for_a_token_names_its_client_when_it_is_granted() {
    let ask = |status| {
        let mut ask = send("POST", "https://id.example.com/oauth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .json(status, r#"{"token_type":"Bearer"}"#)
            .build();
        let body =
            "grant_type=client_credentials&client_id=billing&client_secret=s3cr3t-0f-billing";
        ask.request.body = body.as_bytes().to_vec().into();
        ask
    };
    let row = only(&[ask(200)]);
    assert_eq!((row.label.as_str(), row.told_by()), ("billing", ClientTold::TokenRequest));
    assert_eq!(row.kind(), ClientKind::Server);
    assert_eq!(rows(&[ask(401)]), []);
}

#[test]
fn user_agents_only_claim_and_only_where_they_were_granted() {
    let agent = |text: &str, status| orders().header("user-agent", text).json(status, "[]").build();
    let row =
        only(&[agent("ShopApp/5.3", 200), agent("ShopApp/5.4", 200), agent("ShopApp/6", 403)]);
    assert_eq!((row.label.as_str(), row.told_by()), ("ShopApp", ClientTold::UserAgent));
    assert_eq!((row.grade(), row.requests, row.refused), (Grade::Claimed, 3, 1));
    assert_eq!(rows(&[agent("nikto/2.5", 404), agent("sqlmap/1.8", 401)]), [], "scanners");
    let hostile = agent("sk_live_51H8xYzAbCdEfGhIjKlMn", 200);
    assert!(!only(&[hostile]).label.contains("51H8"));
}

#[test]
fn kinds_need_evidence() {
    let agent = |text: &str| orders().header("user-agent", text);
    let kind = |builder: Builder| only(&[builder.json(200, "[]").build()]).kind();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    assert_eq!(kind(agent(firefox).header("sec-fetch-mode", "cors")), ClientKind::Browser);
    assert_eq!(kind(agent(firefox).header("accept-language", "de")), ClientKind::Browser);
    assert_eq!(kind(agent(firefox)), ClientKind::Unknown, "says so and shows nothing of it");
    assert_eq!(kind(agent("okhttp/4.12.0")), ClientKind::Mobile);
    assert_eq!(kind(agent("Go-http-client/2.0")), ClientKind::Server);
    assert_eq!(kind(agent("ESP8266HTTPClient")), ClientKind::Device);
    assert_eq!(kind(agent("curl/8.5.0")), ClientKind::Unknown);
    let own = with_token(r#"{"iss":"i","sub":"billing","client_id":"billing"}"#);
    let row = only(&[own]);
    assert_eq!((row.kind(), row.users()), (ClientKind::Server, 0));
    let evidence = row.kind_evidence();
    assert_eq!(evidence[0].name, "server: its tokens are its own and name no user");
}

#[test]
fn addresses_of_partners_tell_a_partner() {
    let mut snapshot = snapshot();
    let network = bartizan_model::address::Network::parse("198.51.100.0/24").expect("network");
    let mut catalog = crate::catalog::Catalog::default();
    let kind = crate::catalog::NetworkKind::Partner;
    catalog.networks = crate::catalog::Networks::new([(network, kind)].into_iter());
    snapshot.catalog = std::sync::Arc::new(catalog);
    let mut exchange = with_token(r#"{"iss":"i","azp":"acme"}"#);
    exchange.client.ip = Some("198.51.100.7".parse().expect("address"));
    let mut state = State::new(&Scope::default());
    judge(&exchange, &snapshot, &mut state, exchange.time);
    let rows = state.clients().rows();
    assert_eq!(rows.values().next().map(Row::kind), Some(ClientKind::Partner));
}

#[test]
fn delegation_makes_an_add_on_and_nothing_else_does() {
    let of =
        |more: &str| only(&[with_token(&format!(r#"{{"iss":"i","azp":"crm","sub":"u"{more}}}"#))]);
    assert_eq!(of(r#","act":{"sub":"crm"}"#).form(), ClientForm::AddOn);
    assert_eq!(of(r#","act":"x""#).form(), ClientForm::Application);
    assert_eq!(of(r#","aud":"other""#).form(), ClientForm::Application);
}

#[test]
fn scopes_are_read_from_every_claim_and_bounded() {
    let row = only(&[with_token(
        r#"{"iss":"i","azp":"a","scope":"orders:read openid","scp":["mail.read"],
            "roles":["admin"],"permissions":["x:y"],"other":["no"]}"#,
    )]);
    let names: Vec<_> =
        row.scopes().iter().map(|(claim, name)| (claim.as_str(), name.as_str())).collect();
    let expected = [
        ("scope", "openid"),
        ("scope", "orders:read"),
        ("scp", "mail.read"),
        ("roles", "admin"),
        ("permissions", "x:y"),
    ];
    assert_eq!(names, expected);
    let many: Vec<String> = (0..100).map(|n| format!("scope-{n}")).collect();
    let row =
        only(&[with_token(&format!(r#"{{"iss":"i","azp":"a","scope":"{}"}}"#, many.join(" ")))]);
    assert_eq!(row.scopes().len(), MOST_SCOPES);
    assert!(row.more_scopes > 0);
}

#[test]
fn tables_are_bounded_and_what_only_claims_takes_no_room_of_what_is_accepted() {
    let accepted = with_token(r#"{"iss":"i","azp":"kept"}"#);
    let mut exchanges = vec![accepted];
    for n in 0..MAX_CLAIMED + 10 {
        let url = "https://www.example.com/news";
        // Letters alone, so that each is a product of its own.
        let name = format!("Agent{}{}/1", char::from(b'a' + (n % 26) as u8), "x".repeat(n / 26));
        exchanges.push(get(url).header("user-agent", &name).json(200, "{}").build());
    }
    let state = learned(&exchanges);
    assert_eq!(state.clients().rows().len(), MAX_CLAIMED + 1);
    assert_eq!(state.clients().forgotten(), 10);
    let tokens = MAX_CLIENTS.max(MAX_TOKENS) + 5;
    let many: Vec<Exchange> =
        (0..tokens).map(|n| with_token(&format!(r#"{{"iss":"i","azp":"c-{n}"}}"#))).collect();
    let state = learned(&many);
    assert_eq!((state.clients().rows().len(), state.clients().forgotten()), (MAX_CLIENTS, 5));
}

#[test]
fn operations_of_one_client_are_bounded_and_counted() {
    let token = bearer(r#"{"iss":"i","azp":"a"}"#);
    let exchanges: Vec<Exchange> = (0..MOST_OPERATIONS + 7)
        .map(|n| {
            let word: String =
                [n / 26, n % 26].map(|d| char::from(b'a' + d as u8)).iter().collect();
            let url = format!("https://api.example.com/{word}list/{word}ing");
            get(&url).header("authorization", &token).json(200, "[]").build()
        })
        .collect();
    let row = only(&exchanges);
    let kept: u64 = row.operations().iter().map(|(_, count)| count).sum();
    assert!(row.operations().len() <= MOST_OPERATIONS);
    assert_eq!(kept + row.more_operations, exchanges.len() as u64);
}

#[test]
fn state_goes_on_where_it_was_and_holds_no_secret() {
    let secrets = [
        "k3y-c4ed6c219dd54a058e3fc56d1151cce8",
        "sk_live_51H8xYzAbCdEfGhIjKlMn",
        "jane.doe@example.com",
    ];
    let mut exchanges: Vec<Exchange> = Vec::new();
    for n in 0..40 {
        let claims = format!(
            r#"{{"iss":"i","azp":"{}","sub":"{}","scope":"{} orders:read"}}"#,
            if n % 3 == 0 { secrets[2] } else { "shop" },
            secrets[2],
            secrets[1],
        );
        exchanges.push(with_token(&claims));
        exchanges.push(orders().header("x-api-key", secrets[0]).json(200, "[]").build());
        exchanges
            .push(post("https://api.example.com/v1/orders", "{}").bearer().json(201, "{}").build());
    }
    let (before, after) = exchanges.split_at(50);
    let mut half = learned(before);
    half = State::load(&half.save().expect("saved")).expect("loaded");
    for exchange in after {
        judge(exchange, &snapshot(), &mut half, exchange.time);
    }
    let whole = learned(&exchanges);
    assert_eq!(half.clients().rows(), whole.clients().rows());
    let saved = postcard::to_stdvec(whole.clients()).expect("saved");
    for secret in secrets {
        assert!(memchr::memmem::find(&saved, secret.as_bytes()).is_none(), "{secret}");
    }
}

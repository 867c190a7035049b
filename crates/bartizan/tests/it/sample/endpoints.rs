use bartizan_model::{
    Access, Auth, AuthType, Called, Direction, Endpoint, EndpointId, Fact, InventoryState,
    Location, Method, Parameter, Protocol, Reached, Resource, ResourceKind, Scope, ServiceId, Told,
    ToldBy,
    endpoint::{Bounds, DataClassCount, Risk},
    incident::ScoreFactor,
};

use super::at;

/// Service, method, path, state, authentication, data classes, requests, actors, risk factors.
const ROWS: &str = "\
accounts | POST | /v1/otp/verify | Doc | bearer | phone | 8455 | 2290 | Public, 2,290 actors: 12; Personal data: 12
accounts | POST | /v1/sessions | Doc | none | email password | 41820 | 9011 | Sprayed in an incident: 40; No lock-out seen below 40 tries: 22; Public, 9,011 actors: 12; Credentials: 8
accounts | GET | /v1/sessions/{session_id} | Shadow | cookie | token ip_address | 7130 | 6204 | In no specification: 16; Token in the answer: 26; Public: 12
accounts | GET | /v1/users/{user_id} | Doc | bearer | email phone name | 22664 | 3871 | Personal data: 18; Public, 3,871 actors: 12
accounts | PATCH | /v1/users/{user_id} | Doc | bearer | email password | 1266 | 871 | Accepts role from any caller: 34; Credentials: 20; Public: 12
accounts | POST | /v1/users/{user_id}/avatar | Shadow | bearer |  | 211 | 140 | In no specification: 16; Public: 12
legacy | GET | /admin/stock.php | Shadow | none | internal_host | 88 | 2 | In no specification: 16; No authentication seen: 25; Internal address in the answer: 20
legacy | GET | /export/customers.csv | Shadow | basic | national_id iban email phone name address | 212 | 3 | In no specification: 16; National ids in bulk: 38; Cleartext transport: 25
legacy | GET | /status | Doc | none |  | 2880 | 1 | No authentication seen: 4
legacy | GET | /v1/orders/{order_id} | Zombie | api_key | card_number email address | 1894 | 211 | Deprecated and in use: 22; Card numbers in the answer: 38; Cleartext transport: 12
legacy | POST | /v1/orders/search | Zombie | api_key | email address | 602 | 140 | Deprecated and in use: 22; Personal data in bulk: 30; Cleartext transport: 12
partner | POST | /graphql | Doc | bearer | name phone | 6101 | 5 | Depth is not bounded: 30; Personal data: 16
partner | POST | /partner/v2/payouts | Doc | certificate | iban name | 1440 | 6 | Bank accounts: 35; New within the capture: 10
partner | GET | /partner/v2/orders/export | Doc | api_key | email | 302 | 4 | Personal data in bulk: 26
partner | DELETE | /partner/v2/webhooks/{webhook_id} | Doc | api_key |  | 9 | 3 | Changes state: 12; Partner access: 10
partner | POST | /payments.v1.Payments/Capture | Doc | certificate | card_number | 3204 | 4 | Card numbers sent: 34
shop | PATCH | /v1/baskets/{basket_id} | Shadow | cookie |  | 17 | 2 | In no specification: 16; Public: 12
shop | GET | /v1/baskets/{basket_id} | Doc | cookie |  | 31020 | 8120 | Public: 12
shop | GET | /v1/catalogue/{sku} | Doc | none |  | 20554 | 9120 | Public, meant to be: 4
shop | POST | /v1/coupons/{code}/check | Doc | cookie |  | 4410 | 1377 | Guessed in an incident: 30; Sequential codes: 13; Public: 12
shop | GET | /v1/invoices/{invoice_id}/pdf | Shadow | none | iban name address | 3841 | 904 | In no specification: 16; Answers without a token: 38; Bank accounts: 22
shop | GET | /v1/orders | Doc | bearer | email | 8041 | 4040 | Personal data: 16; Public: 12
shop | POST | /v1/orders | Doc | bearer | email card_number address | 4204 | 3010 | Card numbers sent: 28; Public: 12
shop | GET | /v1/orders/{order_id} | Doc | bearer | email name address card_number | 12048 | 4821 | Objects of others were read: 50; Ids run in sequence: 10; Public, 4,821 actors: 12; Address, card digits: 20
shop | GET | /v1/orders/{order_id}/notes | Shadow | bearer | email | 987 | 312 | In no specification: 16; Personal data: 16; Public: 12
shop | GET | /v1/reviews/{review_id}/author | Shadow | bearer | email | 531 | 255 | In no specification: 16; Public: 12
shop | GET | /v1/search | Doc | none |  | 19004 | 8812 | Injection was tried: 20; Public: 12
shop | GET | /v1/stores | Doc | unrecorded | geo | 5002 | 3100 | Public, meant to be: 4
shop | GET | /v1/stores/{store_id}/staff | Shadow | bearer | name phone | 94 | 31 | In no specification: 16; Names of staff: 16; Public: 12
shop | PUT | /v1/addresses/{address_id} | Doc | bearer | address name phone | 1204 | 960 | Personal data: 18; Public: 12
shop | GET | /v1/wishlists/{wishlist_id} | Doc | cookie |  | 2310 | 701 | Public: 8";

pub(super) fn all() -> Vec<Endpoint> {
    ROWS.lines().map(endpoint).collect()
}

fn endpoint(row: &str) -> Endpoint {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let [service, method, path, state, auth, classes, requests, actors, factors] = cells[..] else {
        panic!("a row of nine cells: {row}");
    };
    let state = match state {
        "Shadow" => InventoryState::Shadow,
        "Zombie" => InventoryState::Zombie,
        _ => InventoryState::Documented,
    };
    let host = format!("{service}.example.com");
    let classes: Vec<&str> = classes.split_whitespace().collect();
    let number = |cell: &str| cell.parse::<u64>().expect("a number");
    let (requests, actors) = (number(requests), number(actors));
    let factors = factors.split("; ").map(|factor| {
        let (reason, points) = factor.rsplit_once(": ").expect("reason and points");
        ScoreFactor { reason: reason.into(), points: points.parse().expect("points") }
    });
    let factors: Vec<ScoreFactor> = factors.collect();
    let sum: i32 = factors.iter().map(|f| f.points).sum();
    let graphql = path == "/graphql";
    let grpc = path.starts_with("/payments.");
    let operation = match (graphql, grpc) {
        (true, _) => Some("query customer.paymentMethods".to_owned()),
        (_, true) => Some("payments.v1.Payments/Capture".to_owned()),
        _ => None,
    };
    Endpoint {
        id: EndpointId::derive(&Scope::default(), &[&host, method, path]),
        host: host.clone(),
        method: Method(method.into()),
        path: path.into(),
        protocol: match (graphql, grpc) {
            (true, _) => Protocol::Graphql,
            (_, true) => Protocol::Grpc,
            _ => Protocol::Rest,
        },
        operation,
        service: Some(ServiceId::from_text(service)),
        owner: Some(format!("{service} team")),
        business_unit: Some(format!("unit of {service}")),
        told: vec![Told {
            fact: Fact::Owner,
            by: ToldBy::Rule,
            what: format!("rule of {service}"),
        }],
        reached: Reached::of(requests, 0),
        resources: vec![Resource {
            kind: ResourceKind::Upstream,
            name: format!("{service}.internal:8443"),
            requests,
        }],
        calls: vec![Called {
            endpoint_id: EndpointId::from_text("ep_called"),
            name: format!("GET {service}.internal/called"),
            exchanges: 3,
        }],
        access: match host.as_str() {
            "partner.example.com" => Access::Partner,
            "legacy.example.com" if path == "/status" => Access::Private,
            _ => Access::Public,
        },
        inventory_state: state,
        confirmed: actors > 2,
        auth: credentials(auth),
        auth_anonymous: None,
        auth_judged: if auth == "unrecorded" { 0 } else { requests * 94 / 100 + requests / 50 },
        requests,
        actors,
        first_seen: Some(at("06:00:11")),
        last_seen: Some(at("12:08:50")),
        statuses: vec![
            (200, requests * 94 / 100),
            (304, requests / 50),
            (401, requests / 60),
            (404, requests / 70),
            (500, requests / 900),
        ],
        bodies: Vec::new(),
        variants: Vec::new(),
        written: None,
        sketch: None,
        parameters: parameters(path, method, &classes),
        data_classes: classes
            .iter()
            .enumerate()
            .map(|(i, class)| DataClassCount {
                class: (*class).into(),
                location: Location::from_text(format!("body:/customer/{class}")),
                direction: if method == "GET" || i % 3 == 2 {
                    Direction::Response
                } else {
                    Direction::Request
                },
                count: requests * (9 - i as u64 % 9) / 10,
                principals: Some(actors / (1 + i as u64)),
            })
            .collect(),
        risk: Risk { score: u8::try_from(sum.clamp(0, 100)).expect("clamped"), factors },
        template_evidence: template_evidence(path),
        aliases: Vec::new(),
        ..Endpoint::default()
    }
}

fn template_evidence(path: &str) -> Vec<String> {
    let parameters = path.split('/').filter(|s| s.starts_with('{'));
    let said = "4,096 distinct values in this place, all integers; nothing else follows it";
    parameters.map(|s| format!("{s}: {said}")).collect()
}

fn credentials(kind: &str) -> Vec<Auth> {
    let auth = |auth_type, location: &str, name: &str, coverage| Auth {
        auth_type,
        location: location.into(),
        name: name.into(),
        coverage,
    };
    match kind {
        "bearer" => vec![
            auth(AuthType::Jwt, "header", "authorization", 0.978),
            auth(AuthType::ApiKey, "header", "x-api-key", 0.021),
        ],
        "cookie" => vec![auth(AuthType::SessionCookie, "cookie", "sid", 1.0)],
        "api_key" => vec![auth(AuthType::ApiKey, "header", "x-api-key", 1.0)],
        "basic" => vec![auth(AuthType::Basic, "header", "authorization", 1.0)],
        "certificate" => vec![auth(AuthType::Certificate, "connection", "client certificate", 1.0)],
        _ => Vec::new(),
    }
}

fn parameters(path: &str, method: &str, classes: &[&str]) -> Vec<Parameter> {
    let one = |location: &str, direction, kind: &str, format: &str, shape: &str, required, seen| {
        Parameter {
            name: Location::from_text(location).last_name(),
            location: Location::from_text(location),
            direction,
            value_type: kind.into(),
            format: format.into(),
            required,
            examples_redacted: if shape.is_empty() { Vec::new() } else { vec![shape.into()] },
            seen,
            bounds: Bounds::default(),
            words: Vec::new(),
            pattern: String::new(),
            confidence: 0.0,
            bodies: Vec::new(),
        }
    };
    let (sent, back) = (Direction::Request, Direction::Response);
    let mut out = vec![
        one("header.accept-language", sent, "string", "", "aa-AA", None, 1_004),
        one("body:/id", back, "integer", "", "9999999", Some(true), 940),
        one("body:/items", back, "array", "", "", Some(true), 940),
        one("body:/items/*/sku", back, "string", "", "AAA-99999", Some(true), 4_120),
        one("body:/items/*/price", back, "number", "", "99.99", Some(true), 4_120),
        one("body:/created", back, "string", "date-time", "9999-99-99A99:99:99A", Some(true), 940),
    ];
    for segment in path.split('/').filter(|s| s.starts_with('{')) {
        let name = segment.trim_matches(['{', '}']);
        out.push(one(&format!("path.{name}"), sent, "integer", "", "9999999", Some(true), 1_004));
    }
    if method == "GET" {
        out.push(one("query.expand", sent, "string", "", "aaaaa,aaaaaaaa", Some(false), 380));
    }
    if !classes.is_empty() {
        let side = if method == "GET" { back } else { sent };
        out.push(one("body:/customer", side, "object", "", "", Some(true), 940));
        for class in classes {
            out.push(one(
                &format!("body:/customer/{class}"),
                side,
                "string",
                "",
                "aaaa.aaa@aaaaaaa.aaa",
                Some(true),
                940,
            ));
        }
    }
    out
}

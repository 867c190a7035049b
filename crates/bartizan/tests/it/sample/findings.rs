use bartizan_model::{
    Confidence, Endpoint, Evidence, EvidenceValue, ExchangeId, Finding, FindingId, FindingState,
    Location, Scope, Severity, Side,
};

use super::{at, docs, key};

/// Code, path, severity, confidence, OWASP, CWE, failed, passed, evidence.
type Row = (
    &'static str,
    &'static str,
    Severity,
    Confidence,
    &'static str,
    &'static str,
    u64,
    u64,
    fn() -> Vec<Evidence>,
);

const ROWS: [Row; 12] = [
    (
        "BZ-C001",
        "/v1/invoices/{invoice_id}/pdf",
        Severity::Critical,
        Confidence::Confirmed,
        "API2:2023",
        "CWE-306",
        3_201,
        0,
        iban,
    ),
    (
        "BZ-C007",
        "/export/customers.csv",
        Severity::Critical,
        Confidence::High,
        "API8:2023",
        "CWE-319",
        212,
        0,
        token,
    ),
    (
        "BZ-C005",
        "/v1/orders/{order_id}",
        Severity::High,
        Confidence::High,
        "API1:2023",
        "CWE-340",
        1,
        0,
        ids,
    ),
    (
        "BZ-C007",
        "/v1/orders/search",
        Severity::High,
        Confidence::High,
        "API8:2023",
        "CWE-319",
        90,
        512,
        token,
    ),
    (
        "BZ-C008",
        "/v1/users/{user_id}",
        Severity::High,
        Confidence::High,
        "API8:2023",
        "CWE-942",
        5_310,
        17_354,
        origin,
    ),
    (
        "BZ-C004",
        "/v1/stores/{store_id}/staff",
        Severity::Medium,
        Confidence::Medium,
        "API3:2023",
        "CWE-213",
        94,
        0,
        iban,
    ),
    (
        "BZ-C009",
        "/admin/stock.php",
        Severity::Medium,
        Confidence::High,
        "API9:2023",
        "CWE-1059",
        88,
        0,
        || note("Seen 88 times; shop.yaml has no operation for it."),
    ),
    (
        "BZ-C009",
        "/v1/orders/{order_id}/notes",
        Severity::Medium,
        Confidence::High,
        "API9:2023",
        "CWE-1059",
        987,
        0,
        || note("Seen 987 times; shop.yaml has no operation for it."),
    ),
    (
        "BZ-C009",
        "/v1/stores/{store_id}/staff",
        Severity::Medium,
        Confidence::High,
        "API9:2023",
        "CWE-1059",
        94,
        0,
        || note("Seen 94 times; shop.yaml has no operation for it."),
    ),
    (
        "BZ-C010",
        "/v1/orders/search",
        Severity::Medium,
        Confidence::High,
        "API9:2023",
        "CWE-1059",
        602,
        0,
        || note("Marked deprecated in shop.yaml since 4.2; 140 actors still call it."),
    ),
    (
        "BZ-C006",
        "/v1/search",
        Severity::Low,
        Confidence::Low,
        "API8:2023",
        "CWE-209",
        88,
        1_204,
        || note("A file path and a query in 88 of 1,292 answers of 500 to 599."),
    ),
    ("BZ-C012", "/status", Severity::Info, Confidence::High, "API8:2023", "CWE-200", 41, 0, || {
        note("`server: nginx/1.18.0`")
    }),
];

pub(super) fn all(endpoints: &[Endpoint]) -> Vec<Finding> {
    let mut out: Vec<Finding> = ROWS.iter().map(|row| one(endpoints, row)).collect();
    out[9].state = FindingState::Accepted;
    // The last one is about a whole host.
    let legacy = endpoints.iter().filter(|e| e.host == out[11].host);
    out[11].endpoint_ids = legacy.map(|e| e.id.clone()).collect();
    out[11].endpoints = out[11].endpoint_ids.len() as u64;
    out[11].endpoint_id = None;
    out
}

fn one(endpoints: &[Endpoint], row: &Row) -> Finding {
    let (code, path, severity, confidence, owasp, cwe, failed, passed, evidence) = *row;
    let endpoint = endpoints
        .iter()
        .find(|e| {
            e.path == path && !(path == "/v1/orders/{order_id}" && e.host.starts_with("legacy"))
        })
        .expect("an endpoint of the sample");
    let doc = (docs::DOCS.item)(code).expect("a documented check");
    Finding {
        id: FindingId::derive(&Scope::default(), &[code, &endpoint.host, path]),
        code: code.to_owned(),
        title: doc.title,
        severity,
        confidence,
        owasp: vec![owasp.into()],
        cwe: vec![cwe.into()],
        endpoint_id: Some(endpoint.id.clone()),
        host: endpoint.host.clone(),
        endpoints: 1,
        endpoint_ids: Vec::new(),
        discriminator: String::new(),
        evidence: evidence(),
        failed,
        passed,
        remediation: doc.fix,
        state: FindingState::Open,
        first_seen: Some(at("06:02:11")),
        last_seen: Some(at("12:01:40")),
    }
}

fn note(text: &str) -> Vec<Evidence> {
    vec![Evidence::note(text)]
}

fn value(
    side: Side,
    location: &str,
    class: &str,
    value: &str,
    exchange: &str,
    note: &str,
) -> Evidence {
    Evidence::at(side, Location::from_text(location), note)
        .with_value(EvidenceValue::of(&key(), class, value))
        .in_exchange(&ExchangeId::from_text(exchange))
}

fn iban() -> Vec<Evidence> {
    vec![
        Evidence::note(
            "3,201 answers with success and no credential in the request, to 904 clients; the siblings under `/v1/orders` answer 401.",
        ),
        value(Side::Response, "body:/payee/iban", "iban", "DE89370400440532013000", "7f31-04", ""),
        value(
            Side::Response,
            "body:/payee/iban",
            "iban",
            "DE89370400440532013000",
            "7f3a-91",
            "the same account for another caller",
        ),
        value(Side::Response, "body:/payee/name", "name", "Jane Doe", "7f31-04", ""),
    ]
}

fn token() -> Vec<Evidence> {
    vec![
        value(
            Side::Request,
            "header.authorization",
            "token",
            "Basic dXNlcjpwYXNz",
            "a0-1182",
            "over `http`, port 80",
        ),
        value(
            Side::Request,
            "header.authorization",
            "token",
            "Basic dXNlcjpwYXNz",
            "a0-1183",
            "the same credential from another address",
        ),
    ]
}

fn ids() -> Vec<Evidence> {
    vec![
        Evidence::note(
            "4,096 distinct values of `order_id`, 97.1 % of neighbours at most 2 apart (threshold 50 %, at least 20 values).",
        ),
        value(Side::Request, "path.order_id", "id", "2907113", "7f31-04", ""),
        value(Side::Request, "path.order_id", "id", "2907114", "7f31-05", ""),
    ]
}

fn origin() -> Vec<Evidence> {
    vec![value(
        Side::Response,
        "header.access-control-allow-origin",
        "origin",
        "https://elsewhere.example",
        "b1-77",
        "repeats the origin of the request, with credentials allowed",
    )]
}

//! What asking a policy costs. Not a test: run by hand, in release, on a quiet machine.
//!
//! `cargo test --release -p bartizan-gateway policy::cost -- --ignored --nocapture`

use std::{hint::black_box, net::IpAddr, time::Instant};

use bartizan_model::{HashKey, counters::RateCounter as _};
use http::{HeaderMap, request};

use crate::phases::BodyView;

use super::{
    RateTable,
    address::{AddressConfig, Addresses},
    api_key::{ApiKeyConfig, OwnKeys, tests as own},
    asked::Asked,
    detectors::{Detectors, DetectorsConfig, tests as judged},
    pass::Stage,
    rate::{Caller, Limit, RateConfig},
    readings::Readings,
    schema::{Schema, SchemaConfig, tests::bounds as compared},
    scope::{Scope, ScopeConfig, Wanted},
    size::{SizeConfig, Sizes},
};

/// Prints the median of eleven rounds, in nanoseconds for each call.
fn measure(what: &str, rounds: u32, mut work: impl FnMut(u32)) {
    let mut samples: Vec<f64> = (0..11)
        .map(|_| {
            let began = Instant::now();
            (0..rounds).for_each(&mut work);
            began.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    eprintln!("{what:55} {:8.0} ns", samples[5]);
}

fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).expect("a configuration")
}

fn address(n: u32) -> IpAddr {
    IpAddr::from(n.wrapping_mul(2_654_435_761).to_be_bytes())
}

fn head() -> request::Parts {
    let request = http::Request::get("/v1/orders/17?expand=items")
        .header("host", "api.example")
        .header("accept", "application/json")
        .header("user-agent", "client/1.0")
        .header("x-api-key", own::key(1).1);
    request.body(()).expect("a request").into_parts().0
}

#[test]
#[ignore = "measures"]
fn costs_of_cheap_checks() {
    let deny =
        (0..10_000_u32).map(|n| format!("{}.{}.{}.0/24", n % 223, n / 223, n % 251)).collect();
    let list = Addresses::compile(&AddressConfig { deny, ..Default::default() }).expect("compiles");
    measure("address among 10000 networks", 200_000, |n| {
        black_box(list.check(address(n))).ok();
    });

    let config =
        ScopeConfig { paths: vec!["/v1/**".into(), "/v2/*/items".into()], ..Default::default() };
    let scope = Scope::compile(&config).expect("compiles");
    let mut wanted = Wanted::default();
    scope.note(&mut wanted);
    for path in ["/v1/orders/17", "/v1/%6frders/../17;a=b"] {
        let request = http::Request::get(path).body(()).expect("a request").into_parts().0;
        measure(&format!("scope, {path}"), 200_000, |_| {
            let asked = Asked::new(wanted, Some("api.example"), black_box(&request));
            black_box(scope.reach(&asked));
        });
    }

    let sizes: SizeConfig = yaml("{head_bytes: 4096, body_bytes: 1000, target_bytes: 100}");
    let (sizes, head) = (Sizes::compile(&sizes).expect("compiles"), head());
    measure("size of a head", 200_000, |_| {
        black_box(sizes.check_head(black_box(&head))).ok();
    });

    let config: RateConfig = yaml("{requests: 600, period_seconds: 60}");
    let limit = Limit::compile("a", &config, &ScopeConfig::default(), &HashKey::new([1; 32]));
    let (limit, everywhere) = (limit.expect("compiles"), Scope::default());
    let stage = Stage::for_tests(Wanted::default(), &head);
    let count = |table: &RateTable, address: IpAddr, n: u32| {
        let (scope, request) = (&everywhere, &head);
        let caller =
            Caller { address, identities: &[], service: None, stage: &stage, scope, request };
        for (rate, key) in limit.rates(&caller) {
            black_box(table.count(key, rate.pace, 1, u64::from(n) * 1_000));
        }
    };
    let table = RateTable::default();
    measure("rate, one address", 200_000, |n| count(&table, [192, 0, 2, 1].into(), n));
    let full = RateTable::new(100_000);
    measure("rate, a million addresses in a table of 100000", 200_000, |n| {
        count(&full, address(n % 1_000_000), n);
    });

    let keys = (0..=255).map(|fill| own::key(fill).0).collect();
    let keys = OwnKeys::compile(&ApiKeyConfig::default(), &own::table(keys)).expect("compiles");
    measure("own key", 100_000, |_| {
        black_box(keys.look(black_box(&own::by(&head.headers, 1))));
    });
    let none = HeaderMap::new();
    measure("own key, none presented", 200_000, |_| {
        black_box(keys.look(black_box(&own::by(&none, 1))));
    });
}

/// A path that servers read in as many ways as there are, as long as it may be.
pub(super) fn hostile(bytes: usize) -> String {
    let odd = "/a;b/..//c\\..\\d/%2e%2e/e";
    let encoded = |text: &str| {
        let encode = |c: char| match c {
            ';' | '/' | '\\' | '.' | '%' => format!("%{:02x}", u32::from(c)),
            plain => plain.to_string(),
        };
        text.chars().map(encode).collect::<String>()
    };
    let mut path = odd.to_owned();
    let mut again = odd.to_owned();
    for _ in 0..3 {
        again = encoded(&again);
        path.push_str(&again);
    }
    while path.len() + 100 < bytes {
        path.push('/');
        path.push_str(&"x".repeat(80));
    }
    path
}

#[test]
#[ignore = "measures"]
fn costs_of_hostile_paths() {
    let one = ScopeConfig { paths: vec!["/admin/**".into()], ..Default::default() };
    let back = (0..8).map(|n| format!("/**/x{n}/**/y*z")).collect();
    let many = ScopeConfig { paths: back, ignore_case: true, ..Default::default() };
    // The longest target and field that the default limits let through.
    let (target, field) = (hostile(8 * 1024), hostile(16 * 1024 - 20));
    let requests = [
        ("50 bytes, plain", http::Request::get("/v1/orders/1234567890/items/1234567890/state")),
        ("8 KiB, one percent sign", http::Request::get(format!("/%41{}", "/aaaaaaa".repeat(250)))),
        ("200 bytes, odd", http::Request::get(hostile(200))),
        ("2 KiB, odd", http::Request::get(hostile(2 * 1024))),
        ("8 KiB, odd", http::Request::get(&target)),
        ("8 and 16 KiB, odd", http::Request::get(&target).header("x-original-url", &field)),
    ];
    for (what, request) in requests {
        let request = request.body(()).expect("a request").into_parts().0;
        for (config, name) in [(&one, "one pattern"), (&many, "8 costly patterns")] {
            let scope = Scope::compile(config).expect("compiles");
            let mut wanted = Wanted::default();
            scope.note(&mut wanted);
            let readings = Asked::new(wanted, None, &request).paths(false).map(<[_]>::len);
            measure(&format!("{what}, {name}, {readings:?} readings"), 50, |_| {
                let asked = Asked::new(wanted, Some("api.example"), black_box(&request));
                black_box(scope.reach(&asked));
            });
        }
    }
}

/// A POST with 1 KiB of JSON, as an order is sent.
fn order() -> bartizan_model::Exchange {
    let item =
        r#"{"sku":"SKU-0042","title":"rain jacket, it's waterproof","price":59.9,"quantity":2}"#;
    let note = "please leave it with the neighbours on the second floor; the bell does not work. ";
    let body = format!(
        r#"{{"customer_id":"c-004217","currency":"EUR","note":"{}","items":[{item},{item},{item},{item},{item},{item}]}}"#,
        note.repeat(5)
    );
    let mut exchange =
        judged::post("/v1/customers/4217/orders?expand=items", "application/json", body);
    for (name, value) in [
        ("host", "api.example.com"),
        ("user-agent", "ShopApp/5.3 (Android 16)"),
        ("accept", "application/json"),
        ("authorization", "Bearer 7c1d0f6b52a94d0e8a3f"),
    ] {
        exchange.request.headers.push(name, value);
    }
    exchange
}

#[test]
#[ignore = "measures"]
fn costs_of_detectors() {
    let compile = |text: &str| {
        let config: DetectorsConfig = yaml(text);
        Detectors::compile(&config, &HashKey::new([1; 32])).expect("compiles")
    };
    let (usual, order) = (compile("{}"), order());
    let bytes = order.request.body.len();
    measure(&format!("detectors, JSON of {bytes} bytes"), 5_000, |_| {
        // Copied as the request is before it is judged.
        let order = black_box(order.clone());
        black_box(usual.decide(&usual.judge(&order))).expect("benign");
    });
    let mut get = order.clone();
    get.request.body = Default::default();
    measure("detectors, no body", 5_000, |_| {
        let get = black_box(get.clone());
        black_box(usual.decide(&usual.judge(&get))).expect("benign");
    });
    let all = compile("{body_bytes: 8388608}");
    for (shape, exchange) in judged::hostile(1024 * 1024) {
        measure(&format!("detectors, 1 MiB of {shape}, 128 KiB read"), 1, |_| {
            black_box(usual.decide(&usual.judge(black_box(&exchange)))).ok();
        });
        measure(&format!("detectors, 1 MiB of {shape}"), 1, |_| {
            black_box(all.decide(&all.judge(black_box(&exchange)))).ok();
        });
    }
}

#[test]
#[ignore = "measures"]
fn costs_of_schemas() {
    let compile = |schema: &serde_json::Value| {
        let config = SchemaConfig { inline: Some(schema.clone()), ..SchemaConfig::default() };
        Schema::compile(&config).expect("compiles")
    };
    let text = |most: u32| serde_json::json!({"type": "string", "maxLength": most});
    let item = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["sku", "price", "quantity"],
        "properties": {
            "sku": {"type": "string", "pattern": "^SKU-[0-9]{4}$"}, "title": text(200),
            "price": {"type": "number", "minimum": 0}, "quantity": {"type": "integer", "minimum": 1},
        },
    });
    let schema = serde_json::json!({
        "$defs": {"item": item},
        "type": "object", "additionalProperties": false, "required": ["customer_id", "items"],
        "properties": {
            "customer_id": text(20), "currency": {"enum": ["EUR", "USD"]}, "note": text(1_000),
            "items": {"type": "array", "maxItems": 100, "items": {"$ref": "#/$defs/item"}},
        },
    });
    let (rule, order) = (compile(&schema), order());
    let fields = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    )]);
    let check = |rule: &Schema, body: &bytes::Bytes| {
        let body = BodyView::Whole(black_box(body));
        black_box(rule.check(fields.iter(), body, &mut Readings::default())).is_ok()
    };
    let body = &order.request.body;
    measure(&format!("schema, JSON of {} bytes", body.len()), 5_000, |_| {
        assert!(check(&rule, body));
    });
    let bad = String::from_utf8(body.to_vec()).expect("text").replacen("59.9", "-59.9", 1).into();
    measure("schema, the same with a value that does not fit", 5_000, |_| {
        assert!(!check(&rule, &bad));
    });
    for (what, schema, body) in compared::hostile() {
        let (rule, body) = (compile(&schema), body.into());
        measure(&format!("schema, {what}"), 1, |_| {
            black_box(check(&rule, &body));
        });
    }
}

//! Measured by hand: what a body of 1 MiB costs, and whether real specifications can be compiled.

use std::time::Instant;

use super::*;
use crate::policy::openapi::operation::Body;

/// `cargo test --release -p bartizan-gateway by_hand -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn cost_of_a_mebibyte() {
    let item = json!({"type": "object", "required": ["sku", "quantity"], "properties": {
        "sku": {"type": "string", "pattern": "^SKU-[0-9]{4}$"}, "quantity": {"type": "integer", "minimum": 1},
        "note": {"type": "string", "maxLength": 200}}});
    let mut config = orders();
    config.inline = Some(json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/o": {"post": {"requestBody": {"content": {JSON: {"schema": {"type": "array", "items": item}}}},
            "responses": {}}}},
    }));
    let one = format!(r#"{{"sku":"SKU-0001","quantity":3,"note":"{}"}}"#, "x".repeat(80));
    let body = format!("[{}]", vec![one.as_str(); (1 << 20) / (one.len() + 1)].join(","));
    for unknown_properties in [UnknownProperties::AsDocumented, UnknownProperties::Refuse] {
        let contract = compiled(&OpenApiConfig { unknown_properties, ..config.clone() });
        let mut samples: Vec<u64> = (0..11)
            .map(|_| {
                let began = thread_nanos();
                assert_eq!(becomes(&contract, "POST", "/o", JSON, body.as_bytes()), "passes");
                thread_nanos() - began
            })
            .collect();
        samples.sort_unstable();
        eprintln!("{} bytes, {unknown_properties:?}: {} us", body.len(), samples[5] / 1_000);
    }
}

/// With `BARTIZAN_SPECS=folder`: compiles everything that the specifications in it say.
#[test]
#[ignore = "needs a folder of specifications"]
fn real_specifications() {
    let folder = std::env::var("BARTIZAN_SPECS").expect("BARTIZAN_SPECS names a folder");
    for file in std::fs::read_dir(folder).expect("a folder").flatten() {
        let config = OpenApiConfig {
            source: Some(format!("file:{}", file.path().display())),
            on_problems: OnProblems::Pass,
            schema_values: 10_000_000,
            answers: Some(AnswersConfig::default()),
            ..OpenApiConfig::default()
        };
        let began = Instant::now();
        let Ok(contract) = Contract::compile(&config, 7, &LearnedContracts::default()) else {
            eprintln!("not OpenAPI: {}", file.path().display());
            continue;
        };
        let loaded = began.elapsed();
        let mut left_out = std::collections::BTreeMap::new();
        let mut slowest = std::time::Duration::ZERO;
        for index in 0..contract.operations.len() {
            let began = Instant::now();
            let operation = contract.operation(index).expect("an operation");
            let with = contract.with(false);
            let bodies = operation.bodies.iter().filter_map(|body: &Body| body.part(with));
            for part in bodies.chain([operation.head.part(with)]) {
                match part.map(|part| part.left_out) {
                    Ok(None) => {}
                    Ok(Some(reason)) | Err(reason) => *left_out.entry(reason).or_insert(0) += 1,
                }
            }
            slowest = slowest.max(began.elapsed());
        }
        eprintln!(
            "{:8.1?} {:8.1?} {:5} {:?} {}",
            loaded,
            slowest,
            contract.operations.len(),
            left_out,
            file.file_name().display()
        );
    }
}

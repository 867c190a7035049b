//! Scores the data classes against labelled values.
//!
//! `cargo run -p bartizan-analysis --example classes_eval -- DIR [--wrong]` reads the files of DIR
//! that it knows and prints precision and recall per file and class. With `--wrong` every case
//! that went wrong is named (values only in their shape).
//!
//! - `identifier-numbers.jsonl` (`type`, `value`, `valid`): each value once without a field name,
//!   once under a general one (`national_id`, `tax_id` …), once under the name of its own scheme.
//! - `phone-numbers.jsonl` (`e164`, `national`): with and without a field name.
//! - `presidio-recognizer-cases.jsonl` (`entity`, `text`, `expected_count`), as free text.
//! - `presidio-research-synth.jsonl` (`text`, `spans`), as free text; counted per text and class.
//! - `secret-cases.jsonl` (`is_secret`, `text_b64`), as free text.

#![allow(clippy::print_stdout, reason = "a command that prints a table")]

use std::{collections::BTreeMap, fs, path::Path, time::Instant};

use bartizan_analysis::{
    Snapshot,
    classes::{classify, family_of},
};
use bartizan_model::{Exchange, HashKey, Headers, Request, Scope, redact};
use bartizan_protocols::decode::decode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// True and false positives and negatives of one row.
#[derive(Clone, Copy, Default)]
struct Score {
    hit: u32,
    missed: u32,
    wrong: u32,
    silent: u32,
}

impl Score {
    fn count(&mut self, expected: bool, found: bool) {
        match (expected, found) {
            (true, true) => self.hit += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wrong += 1,
            (false, false) => self.silent += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.hit += other.hit;
        self.missed += other.missed;
        self.wrong += other.wrong;
        self.silent += other.silent;
    }
}

struct Table {
    rows: BTreeMap<String, Score>,
    show_wrong: bool,
}

impl Table {
    fn count(&mut self, row: &str, text: &str, expected: bool, found: bool) {
        self.rows.entry(row.to_owned()).or_default().count(expected, found);
        if self.show_wrong && expected != found {
            let what = if expected { "missed" } else { "wrong" };
            println!("  {what}: {row}: {}", redact::shape(text));
        }
    }

    fn print(&self, title: &str) {
        println!(
            "\n{title}\n{:<28} {:>5} {:>5} {:>5} {:>5}  precision recall",
            "", "hit", "miss", "wrong", "quiet"
        );
        let mut total = Score::default();
        for (name, score) in &self.rows {
            line(name, *score);
            total.add(*score);
        }
        line("total", total);
    }
}

fn line(name: &str, s: Score) {
    let ratio = |a: u32, b: u32| {
        if a + b == 0 {
            "    -".to_owned()
        } else {
            format!("{:5.3}", f64::from(a) / f64::from(a + b))
        }
    };
    println!(
        "{name:<28} {:>5} {:>5} {:>5} {:>5}  {}     {}",
        s.hit,
        s.missed,
        s.wrong,
        s.silent,
        ratio(s.hit, s.wrong),
        ratio(s.hit, s.missed)
    );
}

/// Classes found for a value under a field name.
fn classes_of(snapshot: &Snapshot, name: &str, value: &str) -> Vec<&'static str> {
    let exchange = Exchange {
        request: Request {
            method: "POST".to_owned(),
            target: "/x".to_owned(),
            headers: Headers::from_iter([("content-type", "application/json")]),
            body: serde_json::json!({ name: value }).to_string().into_bytes().into(),
            ..Request::default()
        },
        ..Exchange::default()
    };
    let decoded = decode(&exchange, &snapshot.limits, snapshot.seed);
    classify(&decoded, snapshot).iter().map(|hit| family_of(hit.class.as_str())).collect()
}

fn read(dir: &Path, file: &str) -> Vec<Value> {
    let Ok(text) = fs::read_to_string(dir.join(file)) else { return Vec::new() };
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or("")
}

/// What a type of number counts as: class, a general field name, the scheme's own field name.
fn expectation(kind: &str) -> Option<(&'static [&'static str], &'static str, &'static str)> {
    const NATIONAL: &[&str] = &["national_id"];
    const TAX: &[&str] = &["tax_id"];
    const EITHER: &[&str] = &["tax_id", "national_id"];
    Some(match kind {
        "us_ssn" => (&["us_ssn"], "ssn", "social_security_number"),
        "us_itin" => (EITHER, "tax_id", "itin"),
        "us_ein" => (TAX, "tax_id", "ein"),
        "us_aba_routing" => (&["bank_account"], "routing_number", "aba_routing"),
        "gb_nhs" => (NATIONAL, "national_id", "nhs_number"),
        "gb_utr" => (TAX, "tax_id", "utr"),
        "gb_vat" | "de_vat" | "it_iva" => (TAX, "tax_id", "vat_number"),
        "es_nif" => (EITHER, "national_id", "nif"),
        "es_nie" => (NATIONAL, "national_id", "nie"),
        "es_cif" => (EITHER, "tax_id", "cif"),
        "it_codice_fiscale" => (EITHER, "national_id", "codice_fiscale"),
        "fr_nir" => (NATIONAL, "national_id", "nir"),
        "fr_siren" => (TAX, "company_number", "siren"),
        "fr_siret" => (TAX, "company_number", "siret"),
        "de_idnr" => (NATIONAL, "tax_id", "steuer_id"),
        "pl_pesel" => (NATIONAL, "national_id", "pesel"),
        "pl_nip" => (TAX, "tax_id", "nip"),
        "br_cpf" => (NATIONAL, "national_id", "cpf"),
        "br_cnpj" => (TAX, "company_number", "cnpj"),
        "in_aadhaar" => (NATIONAL, "national_id", "aadhaar_number"),
        "in_pan" => (NATIONAL, "national_id", "pan"),
        "in_gstin" => (TAX, "tax_id", "gstin"),
        "nl_bsn" => (NATIONAL, "national_id", "bsn"),
        "nl_btw" => (TAX, "vat_number", "btw_nummer"),
        "be_nn" => (NATIONAL, "national_id", "rijksregisternummer"),
        "se_personnummer" => (NATIONAL, "national_id", "personnummer"),
        "fi_hetu" => (NATIONAL, "national_id", "hetu"),
        "no_fodselsnummer" => (NATIONAL, "national_id", "fodselsnummer"),
        "dk_cpr" => (NATIONAL, "national_id", "cpr"),
        "cn_ric" => (NATIONAL, "id_card", "resident_identity_card"),
        "kr_rrn" => (NATIONAL, "national_id", "rrn"),
        "za_idnr" => (NATIONAL, "id_number", "south_african_id"),
        "au_tfn" => (NATIONAL, "national_id", "tfn"),
        "au_abn" => (TAX, "company_number", "abn"),
        "ca_sin" => (NATIONAL, "national_id", "sin"),
        "ch_ssn" => (NATIONAL, "national_id", "ahv_number"),
        "tr_tckimlik" => (NATIONAL, "national_id", "tckn"),
        "mx_curp" => (NATIONAL, "national_id", "curp"),
        "mx_rfc" => (TAX, "tax_id", "rfc"),
        "ar_cuit" => (TAX, "tax_id", "cuit"),
        "cl_rut" => (NATIONAL, "national_id", "rut"),
        "pt_nif" => (NATIONAL, "tax_id", "nif"),
        "ro_cnp" => (NATIONAL, "national_id", "cnp"),
        "cz_rc" => (NATIONAL, "national_id", "rodne_cislo"),
        "bg_egn" => (NATIONAL, "national_id", "egn"),
        "ee_ik" => (NATIONAL, "national_id", "isikukood"),
        "lt_asmens" => (NATIONAL, "national_id", "asmens_kodas"),
        "ie_pps" => (NATIONAL, "national_id", "pps_number"),
        "il_idnr" => (NATIONAL, "id_number", "teudat_zehut"),
        "hr_oib" => (NATIONAL, "national_id", "oib"),
        "gr_amka" => (NATIONAL, "national_id", "amka"),
        "my_nric" => (NATIONAL, "national_id", "mykad"),
        "id_npwp" => (TAX, "tax_id", "npwp"),
        "sg_uen" => (TAX, "company_number", "uen"),
        "th_pin" => (NATIONAL, "citizen_id", "thai_id"),
        "credit_card" => (&["payment_card"], "card_number", "credit_card_number"),
        "iban" => (&["iban"], "account", "iban"),
        "imei" => (&["imei"], "imei", "device_imei"),
        "imsi" => (&["imei"], "imsi", "subscriber_imsi"),
        "mac" => (&["mac_address"], "mac", "mac_address"),
        "vin" => (&["vin"], "vin", "vehicle_vin"),
        _ => return None,
    })
}

fn identifiers(snapshot: &Snapshot, dir: &Path, show: bool) {
    let cases = read(dir, "identifier-numbers.jsonl");
    for (mode, title) in [(0, "no field name"), (1, "a general field name"), (2, "its own name")] {
        let mut table = Table { rows: BTreeMap::new(), show_wrong: show && mode == 2 };
        for case in &cases {
            let (kind, value) = (text(case, "type"), text(case, "value"));
            let valid = case.get("valid").and_then(Value::as_bool).unwrap_or(false);
            let Some((classes, general, own)) = expectation(kind) else { continue };
            let name = ["value", general, own].get(mode).copied().unwrap_or("value");
            let found = classes_of(snapshot, name, value);
            table.count(kind, value, valid, found.iter().any(|class| classes.contains(class)));
        }
        table.print(&format!("identifier-numbers.jsonl, {title}"));
    }
    let mut table = Table { rows: BTreeMap::new(), show_wrong: show };
    for case in &cases {
        let (kind, value) = (text(case, "type"), text(case, "value"));
        if expectation(kind).is_none() {
            let found = classes_of(snapshot, "value", value);
            table.count(kind, value, false, !found.is_empty());
        }
    }
    table.print("identifier-numbers.jsonl, kinds without a class (must stay silent)");
}

fn phones(snapshot: &Snapshot, dir: &Path, show: bool) {
    let mut table = Table { rows: BTreeMap::new(), show_wrong: show };
    for case in read(dir, "phone-numbers.jsonl") {
        for (row, name, key) in [
            ("e164 without name", "value", "e164"),
            ("e164 as phone", "phone", "e164"),
            ("national as phone", "phone", "national"),
        ] {
            let found = classes_of(snapshot, name, text(&case, key)).contains(&"phone");
            table.count(row, text(&case, key), true, found);
        }
        // Bare national digits without a name must not be taken for numbers.
        let bare = text(&case, "national");
        let found = classes_of(snapshot, "value", bare).contains(&"phone");
        table.count("national without name", bare, false, found);
    }
    table.print("phone-numbers.jsonl");
}

fn recognizer_cases(snapshot: &Snapshot, dir: &Path, show: bool) {
    let mut table = Table { rows: BTreeMap::new(), show_wrong: show };
    for case in read(dir, "presidio-recognizer-cases.jsonl") {
        let entity = text(&case, "entity");
        let classes: &[&str] = match entity {
            "credit_card" => &["payment_card"],
            "email" => &["email"],
            "iban" => &["iban"],
            "ip" => &["ip_address", "internal_address"],
            "mac" => &["mac_address"],
            "phone" | "ph_mobile_number" | "tr_phone_number" => &["phone"],
            "us_ssn" => &["us_ssn"],
            "us_mbi" => &["health_id"],
            "fi_personal_identity_code" | "es_nie" | "es_nif" | "it_fiscal_code" | "uk_nino" => {
                &["national_id"]
            }
            _ => continue,
        };
        let expected = case.get("expected_count").and_then(Value::as_u64).unwrap_or(0) > 0;
        let found = classes_of(snapshot, "text", text(&case, "text"));
        table.count(
            entity,
            text(&case, "text"),
            expected,
            found.iter().any(|c| classes.contains(c)),
        );
    }
    table.print("presidio-recognizer-cases.jsonl, as free text");
}

fn synthetic_texts(snapshot: &Snapshot, dir: &Path, show: bool) {
    let mut table = Table { rows: BTreeMap::new(), show_wrong: show };
    for case in read(dir, "presidio-research-synth.jsonl") {
        let found = classes_of(snapshot, "text", text(&case, "text"));
        let spans = case.get("spans").and_then(Value::as_array).cloned().unwrap_or_default();
        for (entity, class) in [
            ("CREDIT_CARD", "payment_card"),
            ("EMAIL_ADDRESS", "email"),
            ("IBAN_CODE", "iban"),
            ("IP_ADDRESS", "ip_address"),
            ("PHONE_NUMBER", "phone"),
            ("US_SSN", "us_ssn"),
        ] {
            let expected = spans.iter().any(|span| text(span, "entity_type") == entity);
            let hit = found.contains(&class)
                || (class == "ip_address" && found.contains(&"internal_address"));
            table.count(class, text(&case, "text"), expected, hit);
        }
    }
    table.print("presidio-research-synth.jsonl, as free text");
}

fn secrets(snapshot: &Snapshot, dir: &Path, show: bool) {
    let mut table = Table { rows: BTreeMap::new(), show_wrong: show };
    for case in read(dir, "secret-cases.jsonl") {
        let bytes = STANDARD.decode(text(&case, "text_b64")).unwrap_or_default();
        let value = String::from_utf8_lossy(&bytes).into_owned();
        let expected = case.get("is_secret").and_then(Value::as_bool).unwrap_or(false);
        let found = classes_of(snapshot, "text", &value);
        let hit = found.iter().any(|class| ["secret", "jwt", "password"].contains(class));
        // Public addresses are a kind of secret to one of the sources, and a class of their own here.
        let hit = hit || (text(&case, "rule") == "ip_public" && found.contains(&"ip_address"));
        table.count(text(&case, "rule"), &value, expected, hit);
    }
    table.print("secret-cases.jsonl, as free text");
}

/// Time of classification alone: over one body as a whole, then value by value.
fn cost(snapshot: &Snapshot) {
    let body = serde_json::json!({
        "id": 71_034, "uuid": "550e8400-e29b-41d4-a716-446655440000", "status": "active",
        "created_at": "2026-11-22T10:00:00Z", "price": 19.99, "currency": "EUR", "name": "Blue chair",
        "description": "A chair with four legs and a blue seat", "url": "https://shop.example.com/p/7",
        "tags": ["new", "blue", "wood"], "stock": 12, "weight": 5.5, "email": "jane@example.com",
        "first_name": "Jane", "last_name": "Doe", "phone": "+49 30 901820", "ok": true, "sku": "A-100-7",
    });
    measure(snapshot, "a body", &body);
    for (name, value) in body.as_object().into_iter().flatten() {
        measure(snapshot, name, &serde_json::json!({ name: value }));
    }
}

fn measure(snapshot: &Snapshot, what: &str, body: &Value) {
    let exchange = Exchange {
        request: Request {
            method: "POST".to_owned(),
            target: "/v1/x".to_owned(),
            headers: Headers::from_iter([("content-type", "application/json")]),
            body: body.to_string().into_bytes().into(),
            ..Request::default()
        },
        ..Exchange::default()
    };
    let decoded = decode(&exchange, &snapshot.limits, snapshot.seed);
    let rounds = 20_000;
    let started = Instant::now();
    let mut hits = 0;
    for _ in 0..rounds {
        hits += classify(&decoded, snapshot).len();
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!(
        "classify {what:<14} {each:7.2} µs, {:>3} nodes, {} hits",
        decoded.view.len(),
        hits / rounds as usize
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let show = arguments.iter().any(|a| a == "--wrong");
    let Some(dir) = arguments.iter().find(|a| !a.starts_with("--")) else {
        println!("usage: classes_eval DIR [--wrong]");
        return;
    };
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let dir = Path::new(dir);
    identifiers(&snapshot, dir, show);
    phones(&snapshot, dir, show);
    recognizer_cases(&snapshot, dir, show);
    synthetic_texts(&snapshot, dir, show);
    secrets(&snapshot, dir, show);
    cost(&snapshot);
}

//! Measurements of the body.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("health_measurement"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Health measurement",
    what: "A field name that says so (blood pressure, heart rate, glucose, cholesterol, oxygen \
           saturation, body mass index) and a number from 1 to 1,000 or a pair of pressures, with \
           or without a unit.",
    sensitive: true,
    support: Support::Several,
    priority: 105,
    names: &[
        "blood pressure",
        "systolic",
        "diastolic",
        "heart rate",
        "heartrate",
        "pulse rate",
        "resting heart rate",
        "blood glucose",
        "blood sugar",
        "glucose level",
        "hba 1 c",
        "cholesterol",
        "spo 2",
        "oxygen saturation",
        "body mass index",
        "bmi",
        "body temperature",
        "respiratory rate",
        "body fat",
        "blutdruck",
        "presion arterial",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("bloodPressure", "128/84"),
        ("heart_rate", "71"),
        ("bmi", "23.4"),
        ("blood_glucose", "5.4 mmol/L"),
    ],
    counterexamples: &[
        ("heart_rate_monitor", "71"),
        ("blood_pressure", "normal"),
        ("heart_rate", "0"),
        ("pressure", "128/84"),
        ("bmi", "2026-11-22"),
        ("rate", "71"),
    ],
    references: &["GDPR article 4(15)", "HL7 FHIR vital signs"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && is_measured(candidate.text)).then_some(Certainty::Context)
}

fn is_measured(text: &str) -> bool {
    let value = |part: &str| {
        part.len() <= 6 && part.parse::<f64>().is_ok_and(|n| (1.0..=1000.0).contains(&n))
    };
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let plain =
        unit.len() <= 12 && unit.bytes().all(|b| b.is_ascii_alphabetic() || b"/%".contains(&b));
    let number = number.strip_suffix('%').unwrap_or(number);
    plain
        && match number.split_once('/') {
            Some((high, low)) => value(high) && value(low),
            None => value(number),
        }
}

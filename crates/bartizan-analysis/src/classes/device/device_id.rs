//! Identifiers of devices.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Support, placeholder, vocabulary,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("device_id"),
    family: Family::Alone,
    group: DataGroup::Technical,
    title: "Device identifier",
    what: "A field name that says so and a UUID, at least 15 hexadecimal digits, or at least 12 \
           letters and digits of both kinds. Small numbers of a database are none.",
    sensitive: false,
    support: Support::One,
    priority: 110,
    names: &[
        "device id",
        "deviceid",
        "android id",
        "androidid",
        "hardware id",
        "hardwareid",
        "udid",
        "device uuid",
        "device udid",
        "device identifier",
        "device fingerprint",
        "machine id",
        "machineid",
        "installation id",
        "device serial",
        "device serial number",
        "geraete id",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("deviceId", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        ("android_id", "9774d56d682e549c"),
        ("hardware_id", "F2LX90ABHG7J"),
    ],
    counterexamples: &[
        ("device_id", "7"),
        ("device_type", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        ("device_id", "living-room-lamp"),
        ("id", "9774d56d682e549c"),
        ("device_id", "00000000-0000-0000-0000-000000000000"),
    ],
    references: &["GDPR recital 30"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let (text, shape) = (candidate.text, &candidate.shape);
    let hex = (15..=64).contains(&shape.len) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let mixed = (12..=64).contains(&shape.len)
        && shape.digits >= 2
        && shape.letters() >= 2
        && shape.letters() + shape.digits == shape.len as u32;
    let varied = || placeholder::entropy(text) >= 2.0;
    (candidate.in_context && (vocabulary::is_uuid(text) || ((hex || mixed) && varied())))
        .then_some(Certainty::Context)
}

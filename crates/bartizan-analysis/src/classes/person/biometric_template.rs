//! Biometric templates.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, placeholder};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("biometric_template"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Biometric template",
    what: "A field name that says so and at least 64 letters and digits of base64 or hexadecimal \
           with at least 3 bits of entropy per character. The fingerprint of a certificate or \
           browser is none.",
    sensitive: true,
    support: Support::One,
    priority: 89,
    names: &[
        "biometric",
        "biometric data",
        "biometric template",
        "fingerprint template",
        "fingerprint data",
        "fingerprint minutiae",
        "minutiae",
        "face template",
        "face embedding",
        "face encoding",
        "face descriptor",
        "faceprint",
        "face print",
        "iris template",
        "iris code",
        "iris data",
        "voiceprint",
        "voice print",
        "voice template",
        "palm template",
        "vein template",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        (
            "fingerprintTemplate",
            "Rk1SACAyMAAAAAEIAAABPAFiAMUAxQEAAAAoNYCRAGs9AICmAHE1AECVAIZNAICLAJZVAIDEAJa7",
        ),
        ("faceEmbedding", "9d3c0b5f7e21a4886bd01c4fe37a92c5d4180fbb6e5932a7c06f1e8d4b7a5930"),
    ],
    counterexamples: &[
        ("fingerprint", "9d3c0b5f7e21a4886bd01c4fe37a92c5d4180fbb6e5932a7c06f1e8d4b7a5930"),
        ("biometric", "enabled"),
        (
            "biometric_data",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        ("face_template", "https://example.com/templates/face/1"),
    ],
    references: &["GDPR article 9", "ISO/IEC 19794-2"],
};

/// Fewest characters, and characters that are looked at.
const LEAST: usize = 64;
const SAMPLE: usize = 256;

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if !candidate.in_context || candidate.shape.len < LEAST {
        return None;
    }
    let sample = candidate.text.get(..SAMPLE).unwrap_or(candidate.text);
    let coded = sample.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b));
    (coded && placeholder::entropy(sample) >= 3.0).then_some(Certainty::Context)
}

//! Genetic data.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("genetic_data"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Genetic data",
    what: "A field name that says so and a sequence of at least 12 bases, a genotype (`A/G`) or \
           the number of a polymorphism (`rs429358`).",
    sensitive: true,
    support: Support::Several,
    priority: 104,
    names: &[
        "dna",
        "dna sequence",
        "genotype",
        "haplotype",
        "genome",
        "genome sequence",
        "genetic data",
        "genetic marker",
        "genetic variant",
        "rsid",
        "snp",
        "allele",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("dnaSequence", "ATGCGTACCGTTAAGC"), ("genotype", "A/G"), ("rsid", "rs429358")],
    counterexamples: &[
        ("dna", "corporate"),
        ("genotype", "AB"),
        ("rsid", "7"),
        ("sequence", "ATGCGTACCGTTAAGC"),
        ("snp", "rsx"),
        ("genome", "GRCh38"),
    ],
    references: &["GDPR article 4(13)", "NCBI dbSNP"],
};

/// Fewest bases of a sequence.
const LEAST: usize = 12;

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && is_genetic(candidate.text)).then_some(Certainty::Context)
}

fn is_genetic(text: &str) -> bool {
    let base = |b: &u8| b"ACGTacgt".contains(b);
    let bytes = text.as_bytes();
    match bytes {
        [a, b'/' | b'|', b] => base(a) && base(b),
        [b'r', b's', number @ ..] => {
            (3..=10).contains(&number.len()) && number.iter().all(u8::is_ascii_digit)
        }
        _ => bytes.len() >= LEAST && bytes.iter().all(|b| base(b) || b"Nn-".contains(b)),
    }
}

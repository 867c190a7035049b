//! Evidence for and against a word at a position being a value.
//!
//! Each word is described by features that hold for any API; a linear score (log-odds) weighs them.
//! The weights were fitted by logistic regression, see `eval/README.md`. Those of answers were not,
//! as that set has no bodies: one cannot outweigh vocabulary or a place at the front, the other
//! outweighs all else. Without bodies both are 0.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    alike::{self, Likeness},
    front::is_prefix_word,
    leaf::Leaf,
    tree::{HostTree, Node, NodeId, Step, hash},
    values::{CERTAIN, ValueKind, classify},
    words::{is_api_word, is_plural, is_verb, words_of},
};

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $first:expr, $second:expr;)+) => {
        /// Names of the features, in the order of [`Decision::features`].
        pub const FEATURES: &[&str] = &[$(stringify!($name)),+];
        const FIRST: &[f64] = &[$($first),+];
        const SECOND: &[f64] = &[$($second),+];

        #[derive(Clone, Copy, Debug, Default)]
        struct Features { $($(#[$doc])* $name: f64),+ }

        impl Features {
            fn values(&self) -> Vec<f64> { vec![$(self.$name),+] }

            fn log_odds(&self, weights: &[f64]) -> f64 {
                self.values().iter().zip(weights).map(|(value, weight)| value * weight).sum()
            }
        }
    };
}

features! {
    /// Always 1.
    bias = -1.23, -1.30;
    /// Words joined by dashes or underscores.
    joined = 1.38, 1.24;
    /// Three or more words.
    many_words = -0.32, -0.38;
    /// Ends with a digit.
    numbered = 1.27, 1.14;
    /// Certainty of the form, beyond words and slugs (locales, codes, versions, files), 0 to 1.
    form = 2.04, 1.99;
    /// Share of its words that are general API vocabulary.
    api_words = -2.15, -2.12;
    /// Begins with a verb.
    verb = -2.01, -2.00;
    /// camelCase or PascalCase of several words.
    camel = 0.00, 0.00;
    /// Share of the host's fixed text that is written differently.
    odd_case = 0.94, 0.90;
    /// Share of its words that other positions of the host use as well.
    host_words = 0.00, 0.00;
    /// It was a value at another position.
    known_value = 2.11, 2.05;
    /// Behind a plural word.
    after_plural = 1.16, 1.06;
    /// Behind a parameter.
    after_parameter = -0.23, -0.18;
    /// At the front of the path.
    front = -1.66, -1.64;
    /// Behind a path that is an endpoint itself.
    after_endpoint = -0.43, -0.48;
    /// Values of certain form stand at the same position (share of requests).
    typed_siblings = -0.60, -0.60;
    /// log2 of the number of siblings of the same form.
    siblings = 0.74, 0.26;
    /// Share of siblings that have the same form.
    uniform = 1.35, 1.26;
    /// log2 of the number of siblings with common fixed text below.
    shared_below = 1.81, 1.64;
    /// Share of its fixed text below that no sibling has.
    own_below = 0.00, 0.00;
    /// Nothing but values of certain form follow.
    collection = -0.55, -0.49;
    /// Is replaced, changed or deleted.
    item_methods = 2.30, 2.20;
    /// A plural word itself.
    plural = -1.55, -1.46;
    /// Share of the requests of the position.
    share = -0.52, -0.46;
    /// log2 of the mean number of requests per sibling.
    busy = -1.10, -0.96;
    /// The same word stands with and without a custom method, or several words have the same.
    custom_method = 1.79, 1.72;
    /// Share of the other words here that are values by all of the above.
    value_siblings = 0.00, 1.20;
    /// log2 of the number of those with the same form.
    same_values = 0.00, 0.51;
    /// The fixed text below it also stands below such a value.
    fits_values = 0.00, 0.60;
    /// Share of the siblings that are answered with the same fields, for words that are no vocabulary.
    same_answers = 1.20, 1.20;
    /// Certainty that it is answered with other fields than its siblings are, which agree.
    other_answers = -14.00, -14.00;
}

/// What was decided about a word at a position, with the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Host.
    pub host: String,
    /// Path of the position, as far as it was decided by then.
    pub position: String,
    /// The word.
    pub word: String,
    /// Log-odds of it being a value, its siblings considered.
    pub log_odds: f64,
    /// Values of [`FEATURES`].
    pub features: Vec<f64>,
}

/// One word at a position with everything that carries it (`x`, `x:cancel`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Core {
    pub(crate) word: String,
    /// Token, node, suffix.
    pub(crate) parts: Vec<(String, NodeId, String)>,
    pub(crate) hits: u64,
    below: BTreeSet<String>,
    typed_below: bool,
    item_methods: bool,
    pub(crate) likeness: Likeness,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Form {
    case: u8,
    words: u8,
    numbered: bool,
    kind: ValueKind,
}

pub(crate) fn form_of(word: &str) -> Form {
    let case = if word.contains('.') {
        5
    } else if word.contains('-') {
        1
    } else if word.contains('_') {
        2
    } else if word.bytes().all(|b| !b.is_ascii_uppercase()) {
        0
    } else if word.bytes().all(|b| !b.is_ascii_lowercase()) {
        6
    } else if word.starts_with(|c: char| c.is_ascii_uppercase()) {
        4
    } else {
        3
    };
    Form {
        case,
        words: words_of(word).len().min(5) as u8,
        numbered: word.ends_with(|c: char| c.is_ascii_digit()),
        kind: classify(word).kind,
    }
}

/// What is common to the whole host.
#[derive(Debug, Default)]
pub(crate) struct HostEvidence {
    /// In how many positions a word of fixed text occurs.
    words: BTreeMap<String, BTreeSet<NodeId>>,
    /// Fixed text by case.
    cases: BTreeMap<u8, u32>,
    literals: u32,
}

impl HostEvidence {
    pub(crate) fn of(tree: &HostTree) -> Self {
        let mut out = Self::default();
        for (id, node) in tree.nodes.iter().enumerate() {
            for word in node.literals.keys() {
                out.literals += 1;
                *out.cases.entry(form_of(word).case).or_default() += 1;
                for part in words_of(word) {
                    out.words.entry(part).or_default().insert(id as NodeId);
                }
            }
        }
        out
    }
}

/// The words below a position that may be values.
pub(crate) fn cores(tree: &HostTree, leaves: &[Leaf], position: NodeId) -> Vec<Core> {
    let Some(node) = tree.node(position) else { return Vec::new() };
    let mut map: BTreeMap<&str, Core> = BTreeMap::new();
    for (token, id) in &node.literals {
        let Some(child) = tree.node(*id) else { continue };
        if child.pinned || child.apart {
            continue;
        }
        let (word, suffix) = match token.rsplit_once(':') {
            Some((word, verb))
                if !word.is_empty()
                    && !word.contains(':')
                    && verb.len() >= 3
                    && verb.bytes().all(|b| b.is_ascii_alphabetic()) =>
            {
                (word, token.get(word.len()..).unwrap_or(""))
            }
            _ => (token.as_str(), ""),
        };
        let core = map.entry(word).or_default();
        word.clone_into(&mut core.word);
        core.parts.push((token.clone(), *id, suffix.to_owned()));
        core.hits += child.hits;
        core.below.extend(child.literals.keys().cloned());
        core.typed_below |= !child.parameters.is_empty();
        core.item_methods |=
            child.leaves.keys().any(|m| matches!(m.as_str(), "PUT" | "PATCH" | "DELETE"));
    }
    let mut cores: Vec<Core> = map.into_values().collect();
    alike::compare(tree, leaves, position, &mut cores);
    cores
}

/// Log-odds of each core being a value.
pub(crate) fn score(
    tree: &HostTree,
    host: &HostEvidence,
    position: NodeId,
    cores: &[Core],
) -> Vec<(f64, Vec<f64>)> {
    let group = Group::of(tree, position, cores);
    let mut scored: Vec<Scored> = cores
        .iter()
        .map(|core| {
            let features = group.features(tree, host, position, core);
            Scored { features, log_odds: features.log_odds(FIRST), form: form_of(&core.word) }
        })
        .collect();
    pool(&mut scored);
    // Second look: what the siblings turned out to be.
    let values: Vec<bool> = scored.iter().map(|s| s.log_odds > 0.0).collect();
    let number = values.iter().filter(|v| **v).count();
    let mut below: BTreeMap<&str, u32> = BTreeMap::new();
    for word in cores.iter().zip(&values).filter(|(_, v)| **v).flat_map(|(c, _)| &c.below) {
        *below.entry(word).or_default() += 1;
    }
    let mut forms: BTreeMap<Form, u32> = BTreeMap::new();
    for (entry, _) in scored.iter().zip(&values).filter(|(_, v)| **v) {
        *forms.entry(entry.form).or_default() += 1;
    }
    for ((core, is_value), entry) in cores.iter().zip(&values).zip(&mut scored) {
        let own = u32::from(*is_value);
        let others = number - own as usize;
        let fits = |w: &String| {
            below.get(w.as_str()).is_some_and(|n| *n > own)
                || group.earlier_below.contains(w.as_str())
        };
        let earlier = group.earlier as usize;
        entry.features.value_siblings =
            (others + earlier) as f64 / (cores.len() - 1 + earlier).max(1) as f64;
        let same = forms.get(&entry.form).copied().unwrap_or(0) - own;
        entry.features.same_values = (1.0 + f64::from(same)).log2();
        entry.features.fits_values =
            f64::from(u8::from(!core.below.is_empty() && core.below.iter().all(fits)));
        entry.log_odds = entry.features.log_odds(SECOND);
    }
    pool(&mut scored);
    scored.into_iter().map(|s| (s.log_odds, s.features.values())).collect()
}

struct Scored {
    features: Features,
    log_odds: f64,
    form: Form,
}

/// Words of one form stand or fall together, but for those that are answered otherwise.
fn pool(scored: &mut [Scored]) {
    let joins = |entry: &Scored| entry.features.other_answers <= 0.0;
    let mut pools: BTreeMap<Form, (f64, f64)> = BTreeMap::new();
    for entry in scored.iter().filter(|entry| joins(entry)) {
        let pool = pools.entry(entry.form).or_default();
        pool.0 += entry.log_odds;
        pool.1 += 1.0;
    }
    for entry in scored.iter_mut().filter(|entry| joins(entry)) {
        if let Some((sum, n)) = pools.get(&entry.form) {
            entry.log_odds = POOLED * (sum / n) + (1.0 - POOLED) * entry.log_odds;
        }
    }
}

/// Weight of the mean of the siblings of the same form.
const POOLED: f64 = 0.5;

struct Group<'a> {
    parent: Option<&'a str>,
    after_parameter: bool,
    front: bool,
    endpoint: bool,
    typed: f64,
    hits: u64,
    forms: BTreeMap<Form, u32>,
    undecided: u32,
    below: BTreeMap<&'a str, u32>,
    suffixes: BTreeMap<&'a str, u32>,
    cores: usize,
    /// Words that were found to be values here before.
    earlier: u32,
    earlier_below: BTreeSet<&'a str>,
}

/// Kinds that words have.
const WORDS: [ValueKind; 5] =
    [ValueKind::Word, ValueKind::Slug, ValueKind::File, ValueKind::Locale, ValueKind::Code];

impl<'a> Group<'a> {
    fn of(tree: &'a HostTree, position: NodeId, cores: &'a [Core]) -> Self {
        let node = tree.node(position);
        let typed_hits: u64 = node.map_or(0, |n| {
            n.parameters.values().filter_map(|id| tree.node(*id)).map(|c| c.hits).sum()
        });
        let hits: u64 = cores.iter().map(|c| c.hits).sum();
        let takes_words = |n: &&Node| WORDS.iter().any(|kind| n.values.kinds.contains_key(kind));
        let earlier = node
            .into_iter()
            .flat_map(|n| &n.parameters)
            .filter(|((prefix, suffix), _)| {
                prefix.is_empty() && (suffix.is_empty() || suffix.starts_with('.'))
            })
            .filter_map(|(_, id)| tree.node(*id))
            .filter(takes_words)
            .max_by_key(|n| n.hits);
        let word_hits: u64 =
            earlier.map_or(0, |n| WORDS.iter().filter_map(|kind| n.values.kinds.get(kind)).sum());
        let typed_hits = typed_hits.saturating_sub(word_hits);
        let mut group = Group {
            parent: match node.map(|n| &n.step) {
                Some(Step::Literal(text)) => Some(text.as_str()),
                _ => None,
            },
            after_parameter: matches!(node.map(|n| &n.step), Some(Step::Parameter { .. })),
            front: tree.is_prefix_position(position) || tree.is_front_locale(position),
            endpoint: node.is_some_and(|n| n.leaves.contains_key("GET")),
            typed: typed_hits as f64 / (typed_hits + hits).max(1) as f64,
            hits,
            forms: BTreeMap::new(),
            undecided: 0,
            below: BTreeMap::new(),
            suffixes: BTreeMap::new(),
            cores: cores.len(),
            earlier: earlier.map_or(0, |n| n.values.distinct().min(64) as u32),
            earlier_below: earlier
                .map(|n| n.literals.keys().map(String::as_str).collect())
                .unwrap_or_default(),
        };
        for word in &group.earlier_below {
            *group.below.entry(word).or_default() += group.earlier;
        }
        for core in cores {
            for word in &core.below {
                *group.below.entry(word).or_default() += 1;
            }
            for (_, _, suffix) in &core.parts {
                *group.suffixes.entry(suffix).or_default() += 1;
            }
            if api_share(&core.word) < 1.0 {
                group.undecided += 1;
                *group.forms.entry(form_of(&core.word)).or_default() += 1;
            }
        }
        group
    }

    fn features(
        &self,
        tree: &HostTree,
        host: &HostEvidence,
        position: NodeId,
        core: &Core,
    ) -> Features {
        let words = words_of(&core.word);
        let form = form_of(&core.word);
        let class = classify(&core.word);
        let flag = |b: bool| f64::from(u8::from(b));
        let same = f64::from(self.forms.get(&form).copied().unwrap_or(0).max(1));
        let below = core.below.len().max(1) as f64;
        let own_below =
            core.below.iter().filter(|w| self.below.get(w.as_str()).is_none_or(|n| *n < 2)).count();
        let shared = core
            .below
            .iter()
            .filter_map(|w| self.below.get(w.as_str()))
            .max()
            .map_or(1.0, |n| f64::from(*n));
        let elsewhere = words
            .iter()
            .filter(|w| host.words.get(*w).is_some_and(|p| p.iter().any(|id| *id != position)))
            .count();
        let this_case = host.cases.get(&form.case).copied().unwrap_or(0);
        let parent = self.parent.map(|p| words_of(p).pop().unwrap_or_default());
        let front = self.front || self.parent.is_some_and(is_prefix_word);
        let api_words = api_share(&core.word);
        Features {
            bias: 1.0,
            joined: flag(core.word.contains(['-', '_'])),
            many_words: flag(words.len() >= 3),
            numbered: flag(form.numbered),
            form: match class.kind {
                ValueKind::Word | ValueKind::Slug => 0.0,
                ValueKind::Version => flag(!core.word.starts_with('v')),
                _ => f64::from(class.certainty) / f64::from(CERTAIN),
            },
            api_words,
            verb: flag(words.first().is_some_and(|w| is_verb(w))),
            camel: flag(words.len() >= 2 && matches!(form.case, 3 | 4)),
            odd_case: 1.0 - f64::from(this_case) / f64::from(host.literals.max(1)),
            host_words: elsewhere as f64 / words.len().max(1) as f64,
            known_value: flag(tree.value_words.contains(&hash(&core.word))),
            after_plural: flag(parent.as_deref().is_some_and(is_plural)),
            after_parameter: flag(self.after_parameter),
            front: flag(front),
            after_endpoint: flag(self.endpoint),
            typed_siblings: self.typed,
            siblings: same.log2(),
            uniform: same / f64::from(self.undecided.max(1)),
            shared_below: shared.log2(),
            own_below: own_below as f64 / below,
            collection: flag(core.typed_below && core.below.is_empty()),
            item_methods: flag(core.item_methods),
            plural: flag(words.last().is_some_and(|w| is_plural(w))),
            share: core.hits as f64 / self.hits.max(1) as f64,
            busy: (self.hits as f64 / self.cores.max(1) as f64).max(1.0).log2(),
            custom_method: flag(core.parts.iter().any(|(_, _, suffix)| {
                !suffix.is_empty()
                    && (core.parts.len() > 1
                        || self.suffixes.get(suffix.as_str()).is_some_and(|n| *n > 1))
            })),
            value_siblings: 0.0,
            same_values: 0.0,
            fits_values: 0.0,
            same_answers: core.likeness.same * (1.0 - api_words) * flag(!front),
            other_answers: core.likeness.other,
        }
    }
}

fn api_share(word: &str) -> f64 {
    let words = words_of(word);
    let known = words.iter().filter(|w| is_api_word(w)).count();
    known as f64 / words.len().max(1) as f64
}

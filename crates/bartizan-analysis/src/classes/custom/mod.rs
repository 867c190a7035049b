//! Data classes of the operator: described as data in the configuration, with examples that run.
//!
//! They are looked for beside the built-in ones and never in their place, so that no definition can
//! hide a card number. One that names a [family](ClassDefinition::family) is a finer kind of it: where
//! both recognise a value, it is named by the finer one, and checks that look for the family count it.

use std::{
    collections::BTreeSet,
    fmt,
    hash::BuildHasher as _,
    sync::{Mutex, PoisonError},
};

use bartizan_model::{DataClass, Root};
use bartizan_protocols::{NodeRef, decode::Decoded, view::Value};

use super::{
    ClassHit, ClassTraits, credential_of, is_code, memo::Memo, names::Siblings, phrases::Phrases,
    shape::NumberText, trimmed,
};

mod check;
mod class;
mod definition;
mod example;
#[cfg(test)]
mod tests;

pub use check::CheckDigits;
pub use class::CustomClass;
pub use definition::{ClassDefinition, Example, Mistake, SupportWanted, checked};

/// Most classes of the operator. Each has a bit in a mask.
pub const MAX_CLASSES: usize = 64;
/// Of how many of them one value is at most; the first ones in the order of the configuration.
const MAX_PER_VALUE: u32 = 4;
/// Most different names of such classes over the life of a process, whatever is reloaded.
const MAX_NAMES: usize = 4_096;

/// The classes of the operator, ready to be looked for.
#[derive(Default)]
pub struct CustomClasses {
    classes: Vec<CustomClass>,
    /// Bits of those whose form alone decides.
    nameless: u64,
    /// What field names mean for them; `None` without any class.
    names: Option<Phrases>,
    /// Equal for equal names, so that what a thread remembers of names is not taken for that of others.
    fingerprint: u64,
}

impl fmt::Debug for CustomClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.classes.iter().map(CustomClass::name)).finish()
    }
}

impl CustomClasses {
    /// Compiles definitions and runs their examples.
    ///
    /// # Errors
    /// The first mistake, with the position of its definition: a value out of its limits, a name that
    /// is taken, a pattern that is none, an example that is not recognised, a counterexample that is.
    pub fn compile(definitions: &[ClassDefinition]) -> Result<Self, (usize, Mistake)> {
        if definitions.len() > MAX_CLASSES {
            let given = format!("{} classes", definitions.len());
            return Err((MAX_CLASSES, Mistake::new(given, format!("at most {MAX_CLASSES}"))));
        }
        let mut classes = Vec::with_capacity(definitions.len());
        for (at, definition) in definitions.iter().enumerate() {
            if definitions[..at].iter().any(|other| other.name == definition.name) {
                let given = format!("`name`: `{}` a second time", definition.name);
                return Err((at, Mistake::new(given, "a name of its own for each class")));
            }
            let class = CustomClass::compile(definition).map_err(|mistake| (at, mistake))?;
            let alone = Self::of(vec![class]);
            example::run(&alone).map_err(|mistake| (at, mistake))?;
            classes.extend(alone.classes);
        }
        Ok(Self::of(classes))
    }

    fn of(classes: Vec<CustomClass>) -> Self {
        if classes.is_empty() {
            return Self::default();
        }
        let is_nameless = |class: &CustomClass| class.phrases().is_empty();
        let nameless = classes.iter().enumerate().filter(|(_, class)| is_nameless(class));
        let nameless = nameless.fold(0, |mask, (at, _)| mask | 1 << at);
        let phrases: Vec<(usize, &str, bool)> = classes
            .iter()
            .enumerate()
            .flat_map(|(at, class)| {
                let phrases = class.phrases().iter();
                phrases.map(move |phrase| (at, phrase.as_str(), class.fits_anywhere()))
            })
            .collect();
        let fingerprint = foldhash::quality::FixedState::with_seed(1).hash_one(&phrases);
        let names = Some(Phrases::of(phrases));
        Self { classes, nameless, names, fingerprint }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &CustomClass> {
        self.classes.iter()
    }

    /// The class of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&CustomClass> {
        self.classes.iter().find(|class| class.name() == name)
    }

    /// What is to know of the class of that name.
    #[must_use]
    pub fn traits_of(&self, name: &str) -> Option<ClassTraits> {
        self.get(name).map(CustomClass::traits)
    }

    /// Adds what is of these classes to the hits of the built-in ones. Both are in document order.
    pub(super) fn classify(&self, decoded: &Decoded, hits: &mut Vec<ClassHit>) {
        let Some(names) = &self.names else { return };
        let mut own = Vec::new();
        Memo::with_names(self.fingerprint, |memo| {
            let mut siblings = Siblings::default();
            for node in decoded.view.nodes() {
                let value = node.value();
                if !matches!(value, Value::Text(_) | Value::Integer(_) | Value::Number(_)) {
                    continue;
                }
                let name = siblings.name_of(&node);
                let context = memo.context(node.general_hash(), &name, names);
                let of_protocol =
                    context.is_protocol && node.root() == Root::Header && node.depth() == 1;
                let asked = self.nameless | context.mask;
                if asked == 0 || of_protocol || is_code(decoded, &node) {
                    continue;
                }
                let mut digits = NumberText::default();
                let text = match value {
                    Value::Integer(i) if node.raw().is_empty() => digits.write(i),
                    Value::Text(text) => trimmed(text),
                    _ => node.raw(),
                };
                self.look(asked, &node, credential_of(&node, text), &mut own);
            }
        });
        merge(hits, own);
    }

    /// Asks the classes whose bits are set about one value.
    fn look(&self, mut asked: u64, node: &NodeRef<'_>, text: &str, own: &mut Vec<ClassHit>) {
        let mut found = 0;
        while asked != 0 && found < MAX_PER_VALUE {
            let at = asked.trailing_zeros() as usize;
            asked &= asked - 1;
            let Some(class) = self.classes.get(at) else { return };
            if let Ok(certainty) = class.fits(text) {
                own.push(ClassHit {
                    class: class.class(),
                    family: class.family(),
                    node: node.id(),
                    certainty,
                });
                found += 1;
            }
        }
    }
}

/// Adds hits of the operator's classes; one of a family takes the place of a coarser hit.
fn merge(hits: &mut Vec<ClassHit>, own: Vec<ClassHit>) {
    if own.is_empty() {
        return;
    }
    let built_in = hits.len();
    for hit in own {
        let from = hits[..built_in].partition_point(|known| known.node < hit.node);
        let here = hits[from..built_in].iter_mut().take_while(|known| known.node == hit.node);
        let mut coarser = here.filter(|known| known.family == hit.family);
        match coarser.next() {
            Some(known) => {
                let certainty = known.certainty.max(hit.certainty);
                *known = ClassHit { certainty, ..hit };
            }
            None => hits.push(hit),
        }
    }
    hits.sort_by_key(|hit| hit.node);
}

/// The class of a name. Names live as long as the process, each once: what a value was recognised as is
/// copied from place to place for every value, so it must be small.
///
/// # Errors
/// When there were more than [`MAX_NAMES`] already.
fn interned(name: &str) -> Result<DataClass, Mistake> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Ok(DataClass(known));
    }
    if names.len() >= MAX_NAMES {
        let given = format!("more than {MAX_NAMES} names of classes since the program began");
        return Err(Mistake::new(given, "a restart before further ones"));
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    Ok(DataClass(name))
}

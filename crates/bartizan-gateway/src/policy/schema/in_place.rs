//! How much of a schema is about one value, before anything is about what is in it: references and
//! alternatives without an end would be compared with a single number again and again.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// Most different references: compiling and comparing one behind the other take stack.
pub(super) const REFERENCES: usize = 1_000;
/// Most ways from a part of a schema through references and alternatives, all about one value.
pub(super) const WAYS: usize = 20_000;
/// The same for what is about names, which are compared between two looks at the clock.
pub(super) const WAYS_OF_NAMES: usize = 100;
/// Most references and alternatives inside each other that are about one value.
pub(super) const STEPS: usize = 500;

/// Refuses a schema that costs too much, whatever it is compared with. References are followed as far
/// as they can be seen to lead somewhere in it; one that leads nowhere is a problem of others.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut walk = Walk::new(schema);
    walk.collect(schema, schema);
    if walk.references.len() > REFERENCES {
        return Err(format!("there are more than {REFERENCES} different references"));
    }
    for part in std::mem::take(&mut walk.parts) {
        walk.extent(part, 0)?;
        let Some(names) = part.get("propertyNames") else { continue };
        if walk.extent(names, 0)?.ways > WAYS_OF_NAMES {
            return Err(format!(
                "`propertyNames` has more than {WAYS_OF_NAMES} alternatives and references"
            ));
        }
    }
    Ok(())
}

/// What names a part: another word in the oldest draft.
fn id_keyword(schema: &Value) -> &'static str {
    let draft = schema.get("$schema").and_then(Value::as_str).unwrap_or("");
    if draft.contains("draft-04") { "id" } else { "$id" }
}

#[derive(Clone, Copy)]
struct Extent {
    ways: usize,
    steps: usize,
}

struct Walk<'s> {
    root: &'s Value,
    id: &'static str,
    references: HashSet<&'s str>,
    /// All objects of the schema; what only looks like a part of it does no harm.
    parts: Vec<&'s Value>,
    /// Parts with an identifier, which references inside them are relative to.
    resources: Vec<(&'s str, &'s Value)>,
    home: HashMap<usize, &'s Value>,
    anchors: HashMap<&'s str, Vec<&'s Value>>,
    recursive: Vec<&'s Value>,
    /// `None` while it is found out.
    known: HashMap<usize, Option<Extent>>,
}

fn address(part: &Value) -> usize {
    std::ptr::from_ref(part).addr()
}

impl<'s> Walk<'s> {
    fn new(root: &'s Value) -> Self {
        Self {
            root,
            id: id_keyword(root),
            references: HashSet::new(),
            parts: Vec::new(),
            resources: Vec::new(),
            home: HashMap::new(),
            anchors: HashMap::new(),
            recursive: Vec::new(),
            known: HashMap::new(),
        }
    }

    fn collect(&mut self, part: &'s Value, mut home: &'s Value) {
        match part {
            Value::Array(all) => all.iter().for_each(|one| self.collect(one, home)),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str);
                let own = text(self.id).unwrap_or("");
                if !own.is_empty() && !own.starts_with('#') {
                    self.resources.push((own.trim_end_matches('#'), part));
                    home = part;
                }
                // Until draft 7 an identifier could be an anchor.
                let anchors = [own.strip_prefix('#'), text("$anchor"), text("$dynamicAnchor")];
                for anchor in anchors.into_iter().flatten() {
                    self.anchors.entry(anchor).or_default().push(part);
                }
                if members.get("$recursiveAnchor") == Some(&Value::Bool(true)) {
                    self.recursive.push(part);
                }
                self.home.insert(address(part), home);
                self.parts.push(part);
                for (name, value) in members {
                    if let (true, Value::String(target)) = (is_reference(name), value) {
                        self.references.insert(target);
                    }
                    self.collect(value, home);
                }
            }
            _ => {}
        }
    }

    /// `above` steps lead to it.
    fn extent(&mut self, part: &'s Value, above: usize) -> Result<Extent, String> {
        let mut whole = Extent { ways: 1, steps: 1 };
        let Value::Object(members) = part else { return Ok(whole) };
        match self.known.get(&address(part)) {
            Some(None) => {
                return Err("a part of it refers to itself without looking into the value".into());
            }
            Some(Some(known)) => whole = *known,
            None if above < STEPS => {
                self.known.insert(address(part), None);
                for next in self.next(part, members) {
                    let next = self.extent(next, above + 1)?;
                    whole.ways = whole.ways.saturating_add(next.ways);
                    whole.steps = whole.steps.max(1 + next.steps);
                }
                self.known.insert(address(part), Some(whole));
            }
            None => whole.steps = STEPS,
        }
        if above + whole.steps > STEPS {
            return Err(format!(
                "more than {STEPS} references and alternatives are about one value"
            ));
        }
        if whole.ways > WAYS {
            return Err(format!(
                "there are more than {WAYS} ways through the alternatives and references for one value"
            ));
        }
        Ok(whole)
    }

    /// What is about the same value as a part is.
    fn next(&self, part: &Value, members: &'s Map<String, Value>) -> Vec<&'s Value> {
        let mut all = Vec::new();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("allOf" | "anyOf" | "oneOf", Value::Array(some)) => all.extend(some),
                ("not" | "if" | "then" | "else", one) => all.push(one),
                ("dependentSchemas" | "dependencies", Value::Object(some)) => {
                    all.extend(some.values());
                }
                ("$ref" | "$dynamicRef", Value::String(target)) => {
                    self.follow(target, part, &mut all);
                }
                ("$recursiveRef", Value::String(target)) => {
                    self.follow(target, part, &mut all);
                    let is_new = |one: &&&'s Value| !all.iter().any(|a| std::ptr::eq(*a, **one));
                    let others: Vec<_> = self.recursive.iter().filter(is_new).copied().collect();
                    all.extend(others);
                }
                _ => {}
            }
        }
        all
    }

    /// Where a reference leads to, or may.
    fn follow(&self, target: &str, from: &Value, found: &mut Vec<&'s Value>) {
        let (base, fragment) = target.split_once('#').unwrap_or((target, ""));
        let fragment = unescaped(fragment);
        if !fragment.is_empty() && !fragment.starts_with('/') {
            found.extend(self.anchors.get(fragment.as_str()).into_iter().flatten());
            return;
        }
        let homes: Vec<_> = if base.is_empty() {
            let home = self.home.get(&address(from)).copied();
            home.into_iter().chain([self.root]).collect()
        } else {
            self.named(base)
        };
        found.extend(homes.into_iter().find_map(|home| home.pointer(&fragment)));
    }

    /// Parts with that identifier; else those with the same last segment, which it may be relative to.
    fn named(&self, base: &str) -> Vec<&'s Value> {
        fn last(id: &str) -> &str {
            id.rsplit(['/', ':']).next().unwrap_or(id)
        }
        let by = |is_it: &dyn Fn(&str) -> bool| -> Vec<&'s Value> {
            self.resources.iter().filter(|(id, _)| is_it(id)).map(|(_, part)| *part).collect()
        };
        let exact = by(&|id| id == base);
        if exact.is_empty() { by(&|id| last(id) == last(base)) } else { exact }
    }
}

/// Whether a string of that name refers to something, or may.
fn is_reference(name: &str) -> bool {
    name.ends_with("ref") || name.ends_with("Ref")
}

/// A fragment without its percent-encoding (RFC 3986 section 2.1).
fn unescaped(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, behind @ ..] = rest {
        let coded = behind.get(..2).filter(|_| *first == b'%');
        let coded = coded.and_then(|two| std::str::from_utf8(two).ok());
        match coded.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! Documented paths as a tree of segments. Nodes lie in one list and edges in one map, so that
//! nothing here is as deep as a path is long.

use std::{cmp::Reverse, collections::HashMap};

use super::Pattern;

/// Most segments of a path; a longer one is left out.
pub(super) const MAX_SEGMENTS: usize = 256;
/// Most segments that are told apart, those of different paths together.
const MAX_NODES: usize = 500_000;
/// Most positions looked at for one path; a specification with more ambiguous templates than that
/// gives the first match found.
const MAX_STEPS: u32 = 4_096;
/// Most templates of segments that are compared for one path; likewise.
const MAX_COMPARED: u32 = 32_768;

/// What is looked up: a concrete segment, or a parameter of a learned template.
#[derive(Clone, Copy)]
pub(super) enum Sought<'a> {
    Text(&'a str),
    Parameter { prefix: &'a str, suffix: &'a str },
}

/// A node by its number; its methods and children are in maps of all.
type NodeId = u32;

/// Trees of paths under several roots. Maps are keyed as `std` does, since names come from outside.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// Fixed segments and methods, each once.
    words: HashMap<String, u32>,
    /// By node and word.
    texts: HashMap<(NodeId, u32), NodeId>,
    patterns: HashMap<(NodeId, Pattern), NodeId>,
    /// By node and the word of a method.
    operations: HashMap<(NodeId, u32), usize>,
    /// Patterns by node; once finished, the most specific first.
    nodes: Vec<Vec<(Pattern, NodeId)>>,
}

impl Default for Trie {
    fn default() -> Self {
        Self {
            words: HashMap::new(),
            texts: HashMap::new(),
            patterns: HashMap::new(),
            operations: HashMap::new(),
            nodes: vec![Vec::new()],
        }
    }
}

impl Trie {
    /// The root of all paths.
    pub(super) const ANY: NodeId = 0;

    /// One more root; `None` when there is no room.
    pub(super) fn root(&mut self) -> Option<NodeId> {
        let id = NodeId::try_from(self.nodes.len()).ok()?;
        if self.nodes.len() >= MAX_NODES {
            return None;
        }
        self.nodes.push(Vec::new());
        Some(id)
    }

    fn word(&mut self, text: &str) -> u32 {
        if let Some(word) = self.words.get(text) {
            return *word;
        }
        // No more words than nodes and methods, so that numbers of 32 bits are enough.
        let word = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.insert(text.to_owned(), word);
        word
    }

    /// False when there is no room. Of several operations at one place, the first counts.
    pub(super) fn insert(
        &mut self,
        root: NodeId,
        segments: &[Pattern],
        method: &str,
        index: usize,
    ) -> bool {
        let mut at = root;
        for segment in segments {
            let child = match segment.as_text() {
                Some(text) => {
                    let key = (at, self.word(text));
                    match self.texts.get(&key) {
                        Some(child) => Some(*child),
                        None => self.root().inspect(|child| {
                            self.texts.insert(key, *child);
                        }),
                    }
                }
                None => {
                    let key = (at, segment.clone());
                    match self.patterns.get(&key) {
                        Some(child) => Some(*child),
                        None => self.root().inspect(|child| {
                            self.patterns.insert(key, *child);
                            if let Some(list) = self.nodes.get_mut(at as usize) {
                                list.push((segment.clone(), *child));
                            }
                        }),
                    }
                }
            };
            let Some(child) = child else { return false };
            at = child;
        }
        let method = self.word(method);
        self.operations.entry((at, method)).or_insert(index);
        true
    }

    /// Brings patterns in order. Those of one weight stay in the order of the documents.
    pub(super) fn finish(&mut self) {
        for list in &mut self.nodes {
            list.sort_by_key(|(pattern, _)| Reverse(pattern.weight()));
        }
        self.patterns = HashMap::new();
    }

    /// The operation at a path, fixed text before patterns.
    pub(super) fn find(&self, root: NodeId, method: &str, sought: &[Sought<'_>]) -> Option<usize> {
        let method = *self.words.get(method)?;
        self.walk(root, sought, |node, depth| {
            let here = depth == sought.len();
            here.then(|| self.operations.get(&(node, method)).copied()).flatten()
        })
    }

    /// Whether a path is below one that was inserted with no method, and not the root. A parameter
    /// fits nothing here.
    pub(super) fn is_below(&self, root: NodeId, sought: &[Sought<'_>]) -> bool {
        let Some(method) = self.words.get("").copied() else { return false };
        let texts = sought.iter().take_while(|s| matches!(s, Sought::Text(_))).count();
        let sought_texts = sought.get(..texts).unwrap_or_default();
        let found = self.walk(root, sought_texts, |node, depth| {
            let is_base = depth > 0 && self.operations.contains_key(&(node, method));
            (is_base && depth < sought.len()).then_some(0)
        });
        found.is_some()
    }

    /// The first answer at a node that a part of the path leads to, depth first.
    fn walk(
        &self,
        root: NodeId,
        sought: &[Sought<'_>],
        answer: impl Fn(NodeId, usize) -> Option<usize>,
    ) -> Option<usize> {
        let (mut steps, mut compared) = (0, 0);
        // Each level at most once with its patterns that are left.
        let mut open: Vec<(NodeId, usize, Option<usize>)> = vec![(root, 0, None)];
        while let Some((node, depth, next)) = open.pop() {
            let Some(patterns) = self.nodes.get(node as usize) else { continue };
            let segment = sought.get(depth).copied();
            let next = match next {
                Some(next) => next,
                None => {
                    steps += 1;
                    if steps > MAX_STEPS {
                        return None;
                    }
                    if let Some(found) = answer(node, depth) {
                        return Some(found);
                    }
                    let Some(segment) = segment else { continue };
                    if let Sought::Text(text) = segment
                        && let Some(word) = self.words.get(text)
                        && let Some(child) = self.texts.get(&(node, *word))
                    {
                        open.push((node, depth, Some(0)));
                        open.push((*child, depth + 1, None));
                        continue;
                    }
                    0
                }
            };
            let Some(segment) = segment else { continue };
            for (at, (pattern, child)) in patterns.iter().enumerate().skip(next) {
                compared += 1;
                if compared > MAX_COMPARED {
                    return None;
                }
                let fits = match segment {
                    Sought::Text(text) => pattern.fits(text),
                    Sought::Parameter { prefix, suffix } => pattern.has_affixes(prefix, suffix),
                };
                if fits {
                    open.push((node, depth, Some(at + 1)));
                    open.push((*child, depth + 1, None));
                    break;
                }
            }
        }
        None
    }
}

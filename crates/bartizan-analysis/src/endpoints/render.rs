//! Templates from nodes and from single paths.

use bartizan_model::EndpointId;

use super::{
    Segment, Template,
    affixes::split_affixes,
    front::may_be_front_locale,
    naming, probe,
    tree::{HostTree, NodeId, Step},
    values::{CERTAIN, classify},
};

impl Default for Template {
    fn default() -> Self {
        Self {
            id: EndpointId::default(),
            host: String::new(),
            method: String::new(),
            call: None,
            segments: Vec::new(),
            path: "/".to_owned(),
            kinds: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// Values of certain form are replaced, so that a flood of them is one unmatched path; in paths that
/// were `answered` attack text is, too.
pub(crate) fn pending_key(method: &str, segments: &[&str], answered: bool) -> String {
    let mut key = method.to_owned();
    for (at, segment) in segments.iter().enumerate() {
        let (prefix, core, suffix) = split_affixes(segment);
        let kept = may_be_front_locale(&segments[..at], segment);
        let class = classify(core);
        key.push('/');
        if probe::is_hostile_value(segment) {
            key.push_str(if answered { "\u{2}" } else { segment });
        } else if class.certainty >= CERTAIN && !kept {
            for part in [prefix, "\u{1}", suffix] {
                key.push_str(part);
            }
        } else {
            key.push_str(segment);
        }
    }
    key
}

/// A template from one path alone. In a path that was `answered`, attack text stands for a value.
pub(crate) fn render_alone(segments: &[&str], answered: bool) -> Template {
    let steps: Vec<_> = segments
        .iter()
        .enumerate()
        .map(|(at, segment)| {
            let (prefix, core, suffix) = split_affixes(segment);
            let kept = may_be_front_locale(&segments[..at], segment);
            let hostile = probe::is_hostile_value(segment);
            let step = if hostile && answered {
                Step::plain()
            } else if !hostile && !kept && classify(core).certainty >= CERTAIN {
                Step::Parameter { prefix: prefix.to_owned(), suffix: suffix.to_owned() }
            } else {
                Step::Literal((*segment).to_owned())
            };
            (step, None)
        })
        .collect();
    let segments = naming::segments_of(&steps);
    let kinds = vec![Vec::new(); segments.len()];
    Template { path: naming::path_text(&segments), segments, kinds, ..Template::default() }
}

/// The template of a node, with kinds and evidence.
pub(crate) fn render(tree: &HostTree, node: NodeId) -> Template {
    let steps = tree.steps(node);
    let named: Vec<_> = steps.iter().map(|(_, step, name)| (step.clone(), name.clone())).collect();
    let segments = naming::segments_of(&named);
    let mut kinds = Vec::with_capacity(segments.len());
    let mut evidence = Vec::new();
    for ((id, _, _), segment) in steps.iter().zip(&segments) {
        let Segment::Parameter { name, .. } = segment else {
            kinds.push(Vec::new());
            continue;
        };
        let Some(node) = tree.node(*id) else { continue };
        let seen = node.values.by_frequency();
        let words: Vec<&str> = seen.iter().take(3).map(|k| k.as_str()).collect();
        let mut line = format!(
            "{name}: {} distinct values in {} answered requests",
            node.values.distinct(),
            node.hits
        );
        if !words.is_empty() {
            line.push_str("; ");
            line.push_str(&words.join(", "));
        }
        if node.pinned {
            line.push_str("; declared");
        }
        line.shrink_to_fit();
        evidence.push(line);
        kinds.push(seen);
    }
    Template {
        path: naming::path_text(&segments),
        segments,
        kinds,
        evidence: evidence.into_boxed_slice().into_vec(),
        ..Template::default()
    }
}

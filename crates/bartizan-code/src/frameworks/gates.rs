//! Filters, interceptors and middleware of Java and C#: for which requests their bodies refuse a
//! caller without credentials.
//!
//! Such a body is read by its `if` statements: one that hands on for some paths leaves these out,
//! one that hands on where a header is missing is no guard at all, and one that looks for an
//! annotation of the handler stands only where that is (or is not).

use std::cell::Cell;

use super::{
    ant,
    calls::{callee, operator, receiver, refuses},
};
use crate::{guards, project::Project, syntax::Piece};

/// When a filter refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gate {
    /// Patterns of the paths that it looks at; none are all.
    pub(super) only: Vec<String>,
    /// Patterns of the paths that it lets through.
    pub(super) except: Vec<String>,
    /// Annotations and attributes of handlers that it lets through.
    pub(super) freeing: Vec<String>,
    /// Annotations and attributes of the handlers that it is for; none are all.
    pub(super) wanted: Vec<String>,
}

impl Gate {
    /// Whether it refuses at `path`, for a handler that bears what `bears` says.
    pub(super) fn stands(&self, path: &str, bears: &dyn Fn(&str) -> bool) -> bool {
        let is_of = |patterns: &[String]| patterns.iter().any(|it| ant::matches(it, path));
        (self.only.is_empty() || is_of(&self.only))
            && !is_of(&self.except)
            && !self.freeing.iter().any(|mark| bears(mark))
            && (self.wanted.is_empty() || self.wanted.iter().any(|mark| bears(mark)))
    }
}

/// What a language knows about the texts in expressions.
pub(super) type Texts<'a, 'f> = &'a dyn Fn(&Piece<'f>) -> Vec<String>;

const CALLS: &[&str] = &["invocation_expression", "method_invocation"];
const NEGATIONS: &[&str] = &["prefix_unary_expression", "unary_expression"];
const THROWS: &[&str] = &["throw_expression", "throw_statement"];
const MAX_DEPTH: usize = 24;

/// Calls that ask a handler for an annotation or attribute.
const ASKS_FOR_MARK: &[&str] = &[
    "findAnnotation",
    "findMergedAnnotation",
    "getAnnotation",
    "getMethodAnnotation",
    "hasAnnotation",
    "hasMethodAnnotation",
    "isAnnotated",
    "isAnnotationPresent",
    "GetCustomAttribute",
    "GetCustomAttributes",
    "GetMetadata",
    "GetOrderedMetadata",
    "IsDefined",
    "OfType",
];

/// Reads the body of a filter in `class`; `None` when nobody is refused for want of credentials.
/// Besides answers of 401 and 403, `signs` in the body refuse.
pub(super) fn read<'f>(
    project: &Project<'f>,
    class: &Piece<'f>,
    body: &Piece<'f>,
    signs: &[&str],
    texts: Texts<'_, 'f>,
) -> Option<Gate> {
    let reader = Reader { signs, ..Reader::new(project, *class, texts) };
    let mut gate = Gate::default();
    let mut cut = Vec::new();
    for branch in body.all(&["if_statement"]).take(200) {
        let (Some(condition), Some(then)) =
            (branch.field("condition"), branch.field("consequence"))
        else {
            continue;
        };
        let paths = reader.paths(&condition);
        let does_refuse = reader.refuses(&then);
        let does_pass = !does_refuse && passes(then.text());
        let has_mark = reader.marks(&condition, &mut gate, does_refuse, does_pass);
        for (pattern, is_negated) in &paths {
            // Handing on outside of a path, or refusing inside of it: it is for that path alone.
            let list = match (does_refuse, does_pass, is_negated) {
                (true, _, false) | (_, true, true) => &mut gate.only,
                (true, _, true) | (_, true, false) => &mut gate.except,
                _ => continue,
            };
            list.push(pattern.clone());
        }
        if paths.is_empty() && !has_mark {
            match reader.credentials(&condition) {
                Some(Credentials::Missing) if does_pass => return None,
                Some(Credentials::There) => cut.push((then.offset(), then.text().len())),
                _ => {}
            }
        }
    }
    let lone = reader.lone_marks(body, &gate);
    for (mark, does_free) in lone {
        if does_free { gate.freeing.push(mark) } else { gate.wanted.push(mark) }
    }
    let is_cut = |piece: &Piece<'f>| {
        cut.iter().any(|(from, length)| (*from..from + length).contains(&piece.offset()))
    };
    let mut throws = class.all(THROWS).filter(|it| !is_cut(it));
    let own = without(body, &cut);
    let does_refuse = refuses(&without(class, &cut)) || reader.says_refusal(&own);
    (does_refuse || throws.any(|it| reader.throws_refusal(&it))).then_some(gate)
}

/// Patterns of the paths in a condition, and whether it is negated for them.
pub(super) fn paths<'f>(
    project: &Project<'f>,
    class: &Piece<'f>,
    condition: &Piece<'f>,
    texts: Texts<'_, 'f>,
) -> Vec<(String, bool)> {
    Reader::new(project, *class, texts).paths(condition)
}

/// The text of a class without the parts that begin and are as long as said.
fn without(class: &Piece<'_>, cut: &[(usize, usize)]) -> String {
    let (text, start) = (class.text(), class.offset());
    let mut out = String::new();
    let mut at = 0;
    for (from, length) in cut {
        let from = from.saturating_sub(start);
        if from >= at {
            out.push_str(text.get(at..from).unwrap_or_default());
            at = from + length;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn passes(text: &str) -> bool {
    ["doFilter(", "filter(", "next(", "Next(", "next.Invoke", "next.handle", "return"]
        .iter()
        .any(|sign| text.contains(sign))
}

enum Credentials {
    Missing,
    There,
}

/// How a text in a condition is compared with the path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Same,
    Begins,
    BeginsSegment,
    Ends,
    Within,
    Pattern,
}

impl Comparison {
    fn of(call: &str) -> Option<Self> {
        let call = call.to_ascii_lowercase();
        Some(match call.as_str() {
            "startswith" => Self::Begins,
            "startswithsegments" => Self::BeginsSegment,
            "endswith" => Self::Ends,
            "equals" | "equalsignorecase" => Self::Same,
            "contains" => Self::Within,
            _ if call.contains("match") => Self::Pattern,
            _ => return None,
        })
    }

    fn pattern(self, text: &str) -> String {
        let bare = text.trim_end_matches('/');
        match self {
            Self::Begins if text.ends_with('/') => format!("{bare}/**"),
            Self::Begins => format!("{bare}*/**"),
            Self::BeginsSegment => format!("{bare}/**"),
            Self::Ends => format!("/**/{}", text.trim_start_matches('/')),
            Self::Within => format!("/**/{}*/**", text.trim_matches('/')),
            Self::Same | Self::Pattern => text.to_owned(),
        }
    }
}

struct Reader<'a, 'f> {
    project: &'a Project<'f>,
    class: Piece<'f>,
    texts: Texts<'a, 'f>,
    /// What else refuses in the body.
    signs: &'a [&'a str],
    /// Pieces that may still be looked at, so that hostile code ends.
    left: Cell<u32>,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn new(project: &'a Project<'f>, class: Piece<'f>, texts: Texts<'a, 'f>) -> Self {
        Self { project, class, texts, signs: &[], left: Cell::new(5_000) }
    }

    fn is_exhausted(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        self.left.get() == 0
    }

    /// What the class defines by that name: a method, or a variable's value.
    fn defined(&self, name: &str) -> Option<Piece<'f>> {
        self.class
            .all(&["method_declaration", "local_function_statement", "variable_declarator"])
            .find(|piece| piece.field("name").is_some_and(|it| it.text() == name))
    }

    /// The method of the class that a call is of, when it is made on nothing else.
    fn helper(&self, call: &Piece<'f>) -> Option<Piece<'f>> {
        let is_own = receiver(call)
            .is_none_or(|it| it.is(&["this", "this_expression"]) || it.text() == "this");
        let found = self.defined(callee(call)).filter(|_| is_own)?;
        found.is(&["method_declaration", "local_function_statement"]).then_some(found)
    }

    fn refuses(&self, then: &Piece<'f>) -> bool {
        self.says_refusal(then.text())
            || then.all(THROWS).take(20).any(|it| self.throws_refusal(&it))
            || then.all(CALLS).take(50).any(|call| {
                self.helper(&call).is_some_and(|it| refuses(it.text()) && it.text().len() < 1_500)
            })
    }

    fn says_refusal(&self, text: &str) -> bool {
        refuses(text) || self.signs.iter().any(|sign| text.contains(sign))
    }

    /// Whether what is thrown says 401 or 403, by its definition or its name.
    fn throws_refusal(&self, throw: &Piece<'f>) -> bool {
        let made = throw.all(&["object_creation_expression"]).next();
        let Some(of) = made.and_then(|it| it.field("type")) else { return false };
        let definitions = self.project.definitions(of.text(), throw.file);
        definitions.iter().any(|it| it.is(&["class_declaration"]) && refuses(it.text()))
            || guards::by_name(of.text()).is_some()
    }

    fn paths(&self, condition: &Piece<'f>) -> Vec<(String, bool)> {
        let mut out = Vec::new();
        self.collect(condition, false, None, 0, &mut out);
        out
    }

    fn collect(
        &self,
        piece: &Piece<'f>,
        is_negated: bool,
        how: Option<Comparison>,
        depth: usize,
        out: &mut Vec<(String, bool)>,
    ) {
        if depth > MAX_DEPTH || out.len() > 100 || self.is_exhausted() {
            return;
        }
        let texts = if piece.is(CALLS) { Vec::new() } else { (self.texts)(piece) };
        let paths: Vec<&String> = texts.iter().filter(|text| text.starts_with('/')).collect();
        if !paths.is_empty() {
            let how = how.unwrap_or(Comparison::Same);
            out.extend(paths.into_iter().map(|path| (how.pattern(path), is_negated)));
            return;
        }
        if !texts.is_empty() {
            return;
        }
        if piece.is(&["identifier"]) {
            // A variable that holds the outcome of a comparison.
            if let Some(found) = self.defined(piece.text())
                && found.is(&["variable_declarator"])
                && let Some(value) = found.field("value").or_else(|| found.children().nth(1))
            {
                self.collect(&value, is_negated, how, depth + 8, out);
            }
            return;
        }
        let flips = piece.is(NEGATIONS) && piece.text().starts_with('!')
            || piece.is(&["binary_expression"])
                && (piece.text().contains("== false") || is_unequal(piece));
        let is_negated = is_negated != flips;
        let mut how = how;
        if piece.is(CALLS) {
            how = self.comparison(piece, callee(piece)).or(how);
            if let Some(body) = self.helper(piece).and_then(|it| it.field("body")) {
                self.collect(&body, is_negated, how, depth + 8, out);
            }
        }
        for child in piece.children() {
            if !child.is(&["formal_parameters", "parameter_list", "type_arguments"]) {
                self.collect(&child, is_negated, how, depth + 1, out);
            }
        }
    }

    fn comparison(&self, call: &Piece<'f>, name: &str) -> Option<Comparison> {
        if matches!(name, "anyMatch" | "Any" | "Exists" | "noneMatch" | "All") {
            let text = call.text();
            let has = |sign: &str| text.contains(sign);
            return Some(match () {
                () if has("tartsWithSegments") => Comparison::BeginsSegment,
                () if has("tartsWith") => Comparison::Begins,
                () if has(".match") || has(".Match") || has("::match") => Comparison::Pattern,
                () => Comparison::Same,
            });
        }
        let how = Comparison::of(name)?;
        // A list that contains the path, not a path that contains a text.
        let is_list = how == Comparison::Within
            && receiver(call).is_some_and(|receiver| !(self.texts)(&receiver).is_empty());
        Some(if is_list { Comparison::Same } else { how })
    }

    /// Notes what a condition asks of the handler; whether it asks anything.
    fn marks(&self, condition: &Piece<'f>, gate: &mut Gate, refuses: bool, passes: bool) -> bool {
        let mut has_mark = false;
        for (name, is_negated) in self.asked(condition) {
            has_mark = true;
            let list = match (is_negated, refuses, passes) {
                (false, true, _) | (true, _, true) => &mut gate.wanted,
                (true, true, _) | (false, _, true) => &mut gate.freeing,
                _ => continue,
            };
            list.push(name);
        }
        has_mark
    }

    /// The annotations that a condition asks for, and whether it wants them missing.
    fn asked(&self, condition: &Piece<'f>) -> Vec<(String, bool)> {
        let mut out = Vec::new();
        let mut open = vec![(*condition, false, 0_usize)];
        while let Some((piece, is_negated, depth)) = open.pop() {
            if depth > MAX_DEPTH || out.len() > 20 || self.is_exhausted() {
                break;
            }
            if piece.is(CALLS) && ASKS_FOR_MARK.contains(&callee(&piece)) {
                out.extend(mark(&piece).map(|name| (name, is_negated)));
            }
            let text = piece.text();
            // `metadata.Any(it => it is AllowAnonymousAttribute)`
            if piece.is(&["identifier"])
                && matches!(
                    text,
                    "AllowAnonymousAttribute" | "IAllowAnonymous" | "IAllowAnonymousFilter"
                )
            {
                out.push(("AllowAnonymous".to_owned(), is_negated));
            }
            let flips = piece.is(NEGATIONS) && text.starts_with('!')
                || piece.is(&["binary_expression"])
                    && (is_against(&piece, "null") || is_against(&piece, "false"))
                    && !is_unequal(&piece)
                || piece.is(&["is_pattern_expression"]) && text.ends_with("is null");
            let is_negated = is_negated != flips;
            if piece.is(&["identifier"])
                && let Some(found) = self.defined(piece.text())
                && found.is(&["variable_declarator"])
            {
                open.extend(found.children().skip(1).map(|it| (it, is_negated, depth + 8)));
            } else if piece.is(CALLS)
                && let Some(body) = self.helper(&piece).and_then(|it| it.field("body"))
            {
                open.push((body, is_negated, depth + 8));
            }
            open.extend(piece.children().map(|it| (it, is_negated, depth + 1)));
        }
        out
    }

    /// Annotations that are asked for outside of conditions, and whether they free by their name.
    fn lone_marks(&self, body: &Piece<'f>, gate: &Gate) -> Vec<(String, bool)> {
        let calls = body.all(CALLS).filter(|call| ASKS_FOR_MARK.contains(&callee(call)));
        calls
            .filter_map(|call| mark(&call))
            .filter(|name| !gate.freeing.contains(name) && !gate.wanted.contains(name))
            .map(|name| {
                let does_free = frees_by_name(&name);
                (name, does_free)
            })
            .take(10)
            .collect()
    }

    /// Whether a condition holds where credentials are missing, or where they are there.
    fn credentials(&self, condition: &Piece<'f>) -> Option<Credentials> {
        let mut open = vec![(*condition, false, 0_usize)];
        let mut found = None;
        while let Some((piece, is_negated, depth)) = open.pop() {
            if depth > MAX_DEPTH || self.is_exhausted() {
                return None;
            }
            let text = piece.text();
            let said = match piece.kind() {
                "binary_expression" if is_against(&piece, "null") => Some(!is_unequal(&piece)),
                "is_pattern_expression" if text.ends_with("is null") => Some(true),
                "is_pattern_expression" => Some(false),
                _ if piece.is(CALLS) => match callee(&piece) {
                    "isBlank" | "isEmpty" | "isNull" | "IsNullOrEmpty" | "IsNullOrWhiteSpace" => {
                        Some(true)
                    }
                    "startsWith" | "StartsWith" | "TryGetValue" | "ContainsKey" | "hasText"
                    | "hasLength" | "nonNull" | "isPresent" | "isNotBlank" | "isNotEmpty" => {
                        Some(false)
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some(is_missing) = said {
                if is_missing != is_negated {
                    return Some(Credentials::Missing);
                }
                found = Some(Credentials::There);
                continue;
            }
            let flips = piece.is(NEGATIONS) && text.starts_with('!');
            open.extend(piece.children().map(|it| (it, is_negated != flips, depth + 1)));
        }
        found
    }
}

/// Whether a name says that everybody may come in.
pub(super) fn frees_by_name(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "public",
        "anonymous",
        "permit",
        "no",
        "skip",
        "ignore",
        "open",
        "free",
        "bypass",
        "without",
        "exempt",
        "unsecured",
        "unprotected",
        "unauthenticated",
        "optional",
        "pass",
    ];
    guards::words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Name of the annotation in `has(X.class)`, `Get<X>()` or `IsDefined(typeof(X))`.
fn mark(call: &Piece<'_>) -> Option<String> {
    let generic = call.field("function").and_then(|it| it.all(&["type_argument_list"]).last());
    let inner = match generic {
        Some(list) => list.children().next()?,
        None => call
            .field("arguments")?
            .all(&["class_literal", "typeof_expression"])
            .next()?
            .children()
            .next()?,
    };
    let name = inner.text().rsplit('.').next().unwrap_or_default();
    let name = match name {
        "IAllowAnonymous" | "IAllowAnonymousFilter" => "AllowAnonymous",
        "IAuthorizeData" => "Authorize",
        name => name,
    };
    let name = name.strip_suffix("Attribute").unwrap_or(name);
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// Whether a comparison has `what` on one side.
fn is_against(piece: &Piece<'_>, what: &str) -> bool {
    ["left", "right"].iter().any(|side| piece.field(side).is_some_and(|it| it.text() == what))
}

/// Whether a comparison is with `!=`.
fn is_unequal(piece: &Piece<'_>) -> bool {
    operator(piece) == "!="
}

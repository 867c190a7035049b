//! Looks at the body of a function or implementation of Rust: does it refuse callers, all or
//! some, and whom not?

use super::{
    crates::Crates,
    text::{inside, string},
};
use crate::{frameworks::exempt::Exemption, guards, syntax::Piece};

/// Functions that are called by a guard are looked at so deep.
const MAX_DEPTH: usize = 3;
/// Most paths that are taken from one guard.
const MAX_PATHS: usize = 200;
/// Kinds of functions.
const FUNCTIONS: &[&str] = &["closure_expression", "function_item"];

/// A function or implementation that is looked at.
pub(super) struct Look<'p, 'f> {
    crates: &'p Crates<'f>,
    function: Piece<'f>,
}

impl<'p, 'f> Look<'p, 'f> {
    pub(super) fn new(crates: &'p Crates<'f>, function: Piece<'f>) -> Self {
        Self { crates, function }
    }

    /// Whether it lets on or refuses anybody at all.
    pub(super) fn says_something(&self) -> bool {
        !self.passes().is_empty() || !self.refusals(self.function, 0).is_empty()
    }

    /// Whether it refuses anybody.
    pub(super) fn refuses(&self) -> bool {
        !self.refusals(self.function, 0).is_empty()
    }

    fn passes(&self) -> Vec<Piece<'f>> {
        self.function.all(&["call_expression"]).filter(|call| is_pass(call)).collect()
    }

    /// Whether a caller without credentials is refused. Where no refusal is seen, the name says,
    /// unless everybody is let on.
    pub(super) fn demands(&self, is_named: &dyn Fn() -> bool) -> bool {
        let refusals = self.refusals(self.function, 0);
        let passes = self.passes();
        if self.is_optional(&refusals) {
            return false;
        }
        let Some(first) = refusals.iter().map(Piece::offset).min() else {
            return is_named() && !never_stops(&passes);
        };
        !passes.iter().any(|pass| pass.offset() < first && is_unconditional(pass))
    }

    /// Places where it refuses: words or numbers that say so, variants of errors that are
    /// answered so, or calls of what does.
    fn refusals(&self, function: Piece<'f>, depth: usize) -> Vec<Piece<'f>> {
        let mut out = Vec::new();
        let name = function.field("name");
        for piece in function.walk() {
            if Some(piece) == name {
                continue;
            }
            match piece.kind() {
                "call_expression" => {
                    if redirects_to_login(&piece) {
                        out.push(piece);
                    } else if depth < MAX_DEPTH
                        && !is_pass(&piece)
                        && let Some(called) = self.called(&piece)
                        && called != function
                        && self.refusals(called, depth + 1).iter().any(|r| is_straight(r, &called))
                    {
                        out.push(piece);
                    }
                }
                "scoped_identifier" if self.is_refusing_variant(&piece) => out.push(piece),
                _ if piece.children().next().is_none() && guards::refuses(piece.text()) => {
                    out.push(piece);
                }
                _ => {}
            }
        }
        out
    }

    /// Whether `Error::Variant` is answered with a refusal.
    fn is_refusing_variant(&self, piece: &Piece<'f>) -> bool {
        let (Some(of), Some(variant)) = (piece.field("path"), piece.field("name")) else {
            return false;
        };
        let of = of.text().rsplit("::").next().unwrap_or_default();
        let variant = variant.text();
        if !variant.starts_with(char::is_uppercase) {
            return false;
        }
        self.crates.impls(of).iter().any(|block| {
            block.all(&["match_arm"]).any(|arm| {
                arm.field("pattern").is_some_and(|pattern| {
                    pattern.all(&["identifier"]).any(|name| name.text() == variant)
                }) && arm.field("value").is_some_and(|value| guards::refuses(value.text()))
            })
        })
    }

    fn called(&self, call: &Piece<'f>) -> Option<Piece<'f>> {
        let callee = call.field("function")?;
        match callee.kind() {
            "identifier" | "scoped_identifier" => self.crates.function(callee.text(), call),
            "field_expression" => {
                let mut fits = self.crates.named(callee.field("field")?.text());
                let one = fits.next()?;
                fits.next().is_none().then_some(one)
            }
            _ => None,
        }
    }

    /// Whether callers without any credentials are let on.
    fn is_optional(&self, refusals: &[Piece<'f>]) -> bool {
        let lets_on = |then: &Piece<'f>| {
            then.all(&["call_expression"]).any(|call| is_pass(&call))
                && !refusals.iter().any(|refusal| is_within(refusal, then))
        };
        for choice in self.function.all(&["if_expression", "let_declaration", "match_arm"]) {
            let (is_missing, then) = match choice.kind() {
                "let_declaration" => (true, choice.field("alternative")),
                "match_arm" => {
                    let pattern = choice.field("pattern").map_or("", |pattern| pattern.text());
                    let is_missing = pattern == "None" || pattern.starts_with("Err(");
                    (is_missing, choice.field("value"))
                }
                _ => {
                    let Some(condition) = choice.field("condition") else { continue };
                    let text = condition.text();
                    let is_missing = [".is_none()", ".is_empty()", ".is_err()", "== None"]
                        .iter()
                        .any(|sign| text.contains(sign))
                        && self.paths(condition).is_empty();
                    (is_missing, choice.field("consequence"))
                }
            };
            if is_missing && then.is_some_and(|then| lets_on(&then)) {
                return true;
            }
        }
        !refusals.is_empty()
            && refusals.iter().all(|refusal| {
                refusal.ancestors().any(|outer| {
                    outer.is(&["if_expression"])
                        && outer.field("alternative").is_none()
                        && outer.field("condition").is_some_and(|condition| {
                            let text = condition.text().replace(' ', "");
                            text.starts_with("letSome(") || text.starts_with("letOk(")
                        })
                        && outer.field("consequence").is_some_and(|then| {
                            is_within(refusal, &then) && !self.passes_only_in(&then)
                        })
                })
            })
    }

    /// Whether everything that lets on is in `piece`.
    fn passes_only_in(&self, piece: &Piece<'f>) -> bool {
        self.passes().iter().all(|pass| is_within(pass, piece))
    }

    /// Paths that are let through before anything is asked.
    pub(super) fn exemptions(&self) -> Vec<Exemption> {
        let refusals = self.refusals(self.function, 0);
        let mut out = Vec::new();
        for choice in self.function.all(&["if_expression", "match_arm"]) {
            let (asked, then) = if choice.is(&["if_expression"]) {
                (choice.field("condition"), choice.field("consequence"))
            } else {
                let is_path = choice
                    .within(&["match_expression"])
                    .and_then(|outer| outer.field("value"))
                    .is_some_and(|value| mentions_path(value.text()));
                (choice.field("pattern").filter(|_| is_path), choice.field("value"))
            };
            let (Some(asked), Some(then)) = (asked, then) else { continue };
            let paths = self.paths(asked);
            let refuses = refusals.iter().any(|refusal| is_within(refusal, &then));
            let passes = then.all(&["call_expression"]).any(|call| is_pass(&call));
            if refuses && !passes {
                let turned = |path: Exemption| Exemption { is_only: !path.is_only, ..path };
                out.extend(paths.into_iter().map(turned));
            } else if passes && !refuses {
                out.extend(paths);
            }
        }
        out.truncate(MAX_PATHS);
        out
    }

    /// Paths that a condition asks for, when it asks for the path.
    fn paths(&self, condition: Piece<'f>) -> Vec<Exemption> {
        let named = self.named_in(condition);
        let asks = mentions_path(condition.text())
            || condition.is(&["match_pattern"])
            || named.iter().any(|home| mentions_path(home.text()));
        if !asks {
            return Vec::new();
        }
        let is_prefix = condition.text().contains("starts_with");
        let mut out = Vec::new();
        collect(condition, false, &mut out);
        for home in named {
            let asks = is_prefix || home.text().contains("starts_with");
            collect(home, asks && !home.text().contains("=="), &mut out);
            for inner in self.named_in(home) {
                collect(inner, asks, &mut out);
            }
        }
        let mut kept: Vec<Exemption> = Vec::new();
        for path in out.into_iter().take(MAX_PATHS) {
            if !kept.contains(&path) {
                kept.push(path);
            }
        }
        kept
    }

    /// What names in `piece` stand for, and functions that are called in it.
    fn named_in(&self, piece: Piece<'f>) -> Vec<Piece<'f>> {
        let mut out = Vec::new();
        for name in piece.all(&["identifier", "scoped_identifier", "call_expression"]).take(200) {
            if name.is(&["call_expression"]) {
                out.extend(self.called(&name));
                continue;
            }
            for made in self.function.all(&["let_declaration"]) {
                let is_it = made.field("pattern").is_some_and(|to| to.text() == name.text());
                if is_it && !is_within(&piece, &made) {
                    out.extend(made.field("value"));
                }
            }
            if let Some(constant) = self.crates.constant(name.text(), &name) {
                out.extend(constant.field("value"));
            }
        }
        out
    }
}

/// Texts in `piece` that are paths.
fn collect(top: Piece<'_>, is_prefix: bool, out: &mut Vec<Exemption>) {
    for literal in top.all(&["string_literal", "raw_string_literal"]) {
        let text = string(&literal);
        if !text.starts_with('/') {
            continue;
        }
        let (mut is_prefix, mut is_only, mut method) = (is_prefix, false, None);
        for outer in literal.ancestors().take_while(|outer| outer.offset() >= top.offset()) {
            match outer.kind() {
                "call_expression" => {
                    let callee = outer.field("function").map_or("", |callee| callee.text());
                    is_prefix |= callee.ends_with("starts_with");
                }
                "unary_expression" => is_only |= outer.text().starts_with('!'),
                "binary_expression" => {
                    let sign = outer.field("operator").map_or("", |sign| sign.text());
                    is_only |= sign == "!=";
                    if sign == "&&" {
                        method = method.or(method_in(outer.text()));
                    }
                }
                _ => {}
            }
            if outer == top {
                break;
            }
        }
        out.push(Exemption { path: text, is_prefix, is_only, method });
    }
}

fn method_in(text: &str) -> Option<String> {
    ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .find(|method| {
            text.contains(&format!("Method::{method}")) || text.contains(&format!("\"{method}\""))
        })
        .map(str::to_owned)
}

fn mentions_path(text: &str) -> bool {
    text.contains("path") || text.contains("uri") || text.contains("PATH")
}

/// Whether a call hands on to the next.
fn is_pass(call: &Piece<'_>) -> bool {
    call.field("function")
        .filter(|callee| callee.is(&["field_expression"]))
        .and_then(|callee| callee.field("field"))
        .is_some_and(|name| matches!(name.text(), "run" | "call"))
}

fn is_unconditional(piece: &Piece<'_>) -> bool {
    piece.ancestors().take_while(|outer| !outer.is(FUNCTIONS)).all(|outer| {
        !outer.is(&["if_expression", "match_arm", "let_declaration"]) || is_bound(piece, &outer)
    })
}

/// Whether `piece` is what a declaration binds, and not what it does when that fails.
fn is_bound(piece: &Piece<'_>, declaration: &Piece<'_>) -> bool {
    declaration.is(&["let_declaration"])
        && declaration.field("value").is_some_and(|value| is_within(piece, &value))
}

/// Whether everybody is let on.
fn never_stops(passes: &[Piece<'_>]) -> bool {
    let Some(inner) = passes.first().and_then(|pass| pass.within(FUNCTIONS)) else {
        return false;
    };
    let stops = inner
        .all(&["return_expression", "try_expression"])
        .any(|back| !back.all(&["call_expression"]).any(|call| is_pass(&call)));
    !stops && passes.iter().any(is_unconditional)
}

fn is_straight(refusal: &Piece<'_>, function: &Piece<'_>) -> bool {
    !refusal
        .ancestors()
        .take_while(|outer| outer != function)
        .any(|outer| outer.is(&["match_arm"]) && !is_failure(&outer))
}

/// Whether a branch is for what failed.
fn is_failure(arm: &Piece<'_>) -> bool {
    arm.field("pattern").is_some_and(|pattern| {
        let text = pattern.text();
        text == "None" || text.starts_with("Err") || text == "_" || text.starts_with("false")
    })
}

fn is_within(inner: &Piece<'_>, outer: &Piece<'_>) -> bool {
    inner == outer
        || std::ptr::eq(inner.file, outer.file) && inner.ancestors().any(|piece| piece == *outer)
}

/// Whether a call sends the caller to where people sign in.
fn redirects_to_login(call: &Piece<'_>) -> bool {
    let is_redirect =
        call.field("function").is_some_and(|callee| callee.text().contains("Redirect::"));
    is_redirect
        && call.field("arguments").is_some_and(|args| {
            let text = inside(args.text()).to_ascii_lowercase();
            ["login", "signin", "sign-in"].iter().any(|word| text.contains(word))
        })
}

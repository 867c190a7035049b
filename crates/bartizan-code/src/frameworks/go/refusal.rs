//! Looks at the body of a function of Go: does it refuse callers, all or some, and whom not?

use super::{express::string, package::Packages};
use crate::{frameworks::exempt::Exemption, guards, syntax::Piece};

/// Functions that are called by a guard are looked at so deep.
const MAX_DEPTH: usize = 3;
/// Most paths that are taken from one guard.
const MAX_PATHS: usize = 200;

/// A function that is looked at.
pub(super) struct Look<'p, 'f> {
    packages: &'p Packages<'f>,
    function: Piece<'f>,
}

impl<'p, 'f> Look<'p, 'f> {
    pub(super) fn new(packages: &'p Packages<'f>, function: Piece<'f>) -> Self {
        Self { packages, function }
    }

    /// Whether a caller without credentials is refused. Where no refusal is seen, the name says,
    /// unless everybody is let on.
    pub(super) fn demands(&self, is_named: impl Fn() -> bool) -> bool {
        let refusals = self.refusals(self.function, 0);
        let passes: Vec<_> =
            self.function.all(&["call_expression"]).filter(|call| is_pass(call)).collect();
        if self.is_optional(&refusals) {
            return false;
        }
        let Some(first) = refusals.iter().map(Piece::offset).min() else {
            return is_named() && !never_stops(&passes);
        };
        // Who is let on first is not refused by what is done with the answer.
        !passes.iter().any(|pass| pass.offset() < first && is_unconditional(pass))
    }

    /// Places where it refuses: words or numbers that say so, or calls of what does.
    fn refusals(&self, function: Piece<'f>, depth: usize) -> Vec<Piece<'f>> {
        let mut out = Vec::new();
        let name = function.field("name");
        for piece in function.walk() {
            if Some(piece) == name {
                continue;
            }
            if piece.is(&["call_expression"]) {
                if redirects_to_login(&piece) {
                    out.push(piece);
                } else if depth < MAX_DEPTH
                    && !is_pass(&piece)
                    && let Some(called) = self.called(&piece)
                    && called != function
                    && self
                        .refusals(called, depth + 1)
                        .iter()
                        .any(|inner| is_straight(inner, &called))
                {
                    out.push(piece);
                }
            } else if piece.children().next().is_none() && guards::refuses(piece.text()) {
                out.push(piece);
            }
        }
        out
    }

    /// The function of the project that a call calls, as far as its name tells.
    fn called(&self, call: &Piece<'f>) -> Option<Piece<'f>> {
        let callee = call.field("function")?;
        match callee.kind() {
            "identifier" => self.function_named(callee.text()),
            "selector_expression" => {
                let (operand, name) = (callee.field("operand")?, callee.field("field")?.text());
                if let Some(import) = self.packages.import(operand.text(), call.file) {
                    let package = self.packages.package(import.folder?)?;
                    return package.functions.get(name).copied();
                }
                match self.packages.methods(name) {
                    [one] => Some(*one),
                    several => {
                        several.iter().find(|m| m.file.folder() == call.file.folder()).copied()
                    }
                }
            }
            _ => None,
        }
    }

    fn function_named(&self, name: &str) -> Option<Piece<'f>> {
        let package = self.packages.package(self.function.file.folder())?;
        package.functions.get(name).copied()
    }

    /// Whether callers without any credentials are let on: what is missing leads to the next, or
    /// only what is there is refused.
    fn is_optional(&self, refusals: &[Piece<'f>]) -> bool {
        let is_gin = self.function.text().contains("gin.Context");
        for choice in self.function.all(&["if_statement"]) {
            let (Some(condition), Some(then)) =
                (choice.field("condition"), choice.field("consequence"))
            else {
                continue;
            };
            let text = condition.text();
            let is_missing =
                ["== \"\"", "== nil", "err != nil", "== 0", "!ok", "!found", "!exists"]
                    .iter()
                    .any(|sign| text.contains(sign));
            let refuses = refusals.iter().any(|refusal| is_within(refusal, &then));
            let passes = then.all(&["call_expression"]).any(|call| is_pass(&call))
                || is_gin
                    && then
                        .child(&["return_statement"])
                        .or(then
                            .child(&["statement_list"])
                            .and_then(|list| list.child(&["return_statement"])))
                        .is_some_and(|back| back.children().next().is_none())
                    && !then.text().contains("Abort")
                    && !then.text().contains("JSON(")
                    && then.all(&["call_expression"]).count() < 3;
            if is_missing && passes && !refuses && self.paths(condition).is_empty() {
                return true;
            }
        }
        let is_present = |choice: &Piece<'f>| {
            choice.field("condition").is_some_and(|condition| {
                let text = condition.text();
                condition.is(&["binary_expression"])
                    && (text.ends_with("!= \"\"") || text == "err == nil")
                    && !text.contains("&&")
                    && !text.contains("||")
            })
        };
        !refusals.is_empty()
            && refusals.iter().all(|refusal| {
                refusal.ancestors().any(|outer| {
                    outer.is(&["if_statement"])
                        && is_present(&outer)
                        && outer.field("consequence").is_some_and(|then| is_within(refusal, &then))
                })
            })
    }

    /// Paths that are let through before anything is asked.
    pub(super) fn exemptions(&self) -> Vec<Exemption> {
        let refusals = self.refusals(self.function, 0);
        let mut out = Vec::new();
        for choice in self.function.all(&["if_statement", "expression_case"]) {
            let (asked, then) = if choice.is(&["if_statement"]) {
                (choice.field("condition"), choice.field("consequence"))
            } else {
                let is_path = choice
                    .within(&["expression_switch_statement"])
                    .and_then(|outer| outer.field("value"))
                    .is_some_and(|value| mentions_path(value.text()));
                (choice.field("value").filter(|_| is_path), Some(choice))
            };
            let (Some(asked), Some(then)) = (asked, then) else { continue };
            let paths = self.paths(asked);
            if paths.is_empty() {
                continue;
            }
            let refuses = refusals.iter().any(|refusal| is_within(refusal, &then));
            let passes = then.all(&["call_expression"]).any(|call| is_pass(&call))
                || then.all(&["return_statement"]).next().is_some();
            if refuses {
                // Refused only there; for what is not there the sense is turned.
                out.extend(
                    paths.into_iter().map(|path| Exemption { is_only: !path.is_only, ..path }),
                );
            } else if passes {
                out.extend(paths);
            }
        }
        out.truncate(MAX_PATHS);
        out
    }

    /// Paths for which a function says yes.
    pub(super) fn skipped(&self) -> Vec<Exemption> {
        self.function.field("body").map_or(Vec::new(), |body| self.paths_in(body))
    }

    /// Paths that a condition asks for, when it asks for the path.
    fn paths(&self, condition: Piece<'f>) -> Vec<Exemption> {
        let is_asked = |piece: &Piece<'f>| mentions_path(piece.text());
        let mut homes = vec![condition];
        homes.extend(self.named_in(condition));
        if !homes.iter().any(is_asked)
            && !condition.parent().is_some_and(|p| p.is(&["expression_case"]))
        {
            return Vec::new();
        }
        self.paths_in(condition)
    }

    /// What the names in `piece` were given, and functions that are called in it.
    fn named_in(&self, piece: Piece<'f>) -> Vec<Piece<'f>> {
        let mut out = Vec::new();
        for name in piece.all(&["identifier", "call_expression"]) {
            if name.is(&["call_expression"]) {
                out.extend(self.called(&name));
                continue;
            }
            for made in self.function.all(&["short_var_declaration", "var_spec", "range_clause"]) {
                let left = made.field("left").unwrap_or(made);
                let is_it = left.children().any(|left| left.text() == name.text());
                if is_it && !is_within(&piece, &made) {
                    out.extend(made.field("right").or(made.field("value")));
                }
            }
            let package = self.packages.package(piece.file.folder());
            if let Some((spec, at)) = package.and_then(|p| p.values.get(name.text())) {
                out.extend(spec.field("value").and_then(|list| list.children().nth(*at)));
            }
        }
        out
    }

    fn paths_in(&self, piece: Piece<'f>) -> Vec<Exemption> {
        let is_prefix = piece.text().contains("HasPrefix");
        let mut out = Vec::new();
        collect(piece, piece, None, &mut out);
        let mut open: Vec<_> = self.named_in(piece);
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for home in open.drain(..).take(20) {
                let asks = is_prefix || home.text().contains("HasPrefix");
                let kind = (!home.text().contains("==")).then_some(asks);
                collect(home, home, kind, &mut out);
                if out.len() > MAX_PATHS {
                    return out;
                }
                next.extend(self.named_in(home));
            }
            open = next;
        }
        let mut kept: Vec<Exemption> = Vec::new();
        for path in out {
            if !kept.contains(&path) {
                kept.push(path);
            }
        }
        kept
    }
}

/// Texts in `piece` that are paths; `kind` says whether they are prefixes where the text stands
/// alone.
fn collect(piece: Piece<'_>, top: Piece<'_>, kind: Option<bool>, out: &mut Vec<Exemption>) {
    for literal in piece.all(&["interpreted_string_literal", "raw_string_literal"]) {
        let text = string(&literal);
        if !text.starts_with('/') {
            continue;
        }
        let (mut is_prefix, mut is_only, mut method) = (kind == Some(true), false, None);
        for outer in literal.ancestors().take_while(|outer| outer.offset() >= top.offset()) {
            match outer.kind() {
                "call_expression" => {
                    is_prefix |=
                        outer.field("function").is_some_and(|f| f.text().ends_with("HasPrefix"));
                }
                "unary_expression" => {
                    is_only |= outer.field("operator").is_some_and(|sign| sign.text() == "!");
                }
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

/// The method that a condition asks for.
fn method_in(text: &str) -> Option<String> {
    let at = text.find("Method")?;
    let rest = text.get(at..)?.to_ascii_uppercase();
    ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .find(|method| {
            rest.contains(&format!("METHOD{method}")) || rest.contains(&format!("\"{method}\""))
        })
        .map(str::to_owned)
}

fn mentions_path(text: &str) -> bool {
    text.contains("Path") || text.contains("RequestURI") || text.contains("path")
}

/// Whether a call hands on to the next.
fn is_pass(call: &Piece<'_>) -> bool {
    let Some(callee) = call.field("function") else { return false };
    match callee.kind() {
        "selector_expression" => {
            callee.field("field").is_some_and(|name| matches!(name.text(), "Next" | "ServeHTTP"))
        }
        "identifier" => matches!(
            callee.text(),
            "next"
                | "h"
                | "handler"
                | "hf"
                | "fn"
                | "f"
                | "nextHandler"
                | "inner"
                | "wrapped"
                | "endpoint"
        ),
        _ => false,
    }
}

/// Whether it is done whatever is asked.
fn is_unconditional(piece: &Piece<'_>) -> bool {
    piece
        .ancestors()
        .take_while(|outer| {
            !outer.is(&["func_literal", "function_declaration", "method_declaration"])
        })
        .all(|outer| {
            !outer.is(&["if_statement", "expression_case", "default_case", "defer_statement"])
        })
}

/// Whether everybody is let on: nothing goes back or breaks off in the function that lets on.
fn never_stops(passes: &[Piece<'_>]) -> bool {
    let Some(inner) = passes.first().and_then(|pass| {
        pass.within(&["func_literal", "function_declaration", "method_declaration"])
    }) else {
        return false;
    };
    let text = inner.text();
    let stops = inner.all(&["return_statement"]).any(|back| {
        let has_pass = back.all(&["call_expression"]).any(|call| is_pass(&call));
        !has_pass
            && back.within(&["func_literal", "function_declaration", "method_declaration"])
                == Some(inner)
    });
    let has_other = inner.all(&["if_statement"]).any(|choice| {
        choice.field("alternative").is_some() && passes.iter().any(|pass| is_within(pass, &choice))
            || passes.iter().all(|pass| is_within(pass, &choice))
    });
    !stops && !has_other && !text.contains("Abort") && !text.contains("panic(")
}

/// Whether a refusal is done whenever its function is called.
fn is_straight(refusal: &Piece<'_>, function: &Piece<'_>) -> bool {
    let choice = ["expression_switch_statement", "type_switch_statement", "map_type"];
    !refusal
        .ancestors()
        .take_while(|outer| outer != function)
        .any(|outer| outer.is(&choice) || outer.is(&["keyed_element"]))
}

fn is_within(inner: &Piece<'_>, outer: &Piece<'_>) -> bool {
    inner == outer
        || std::ptr::eq(inner.file, outer.file) && inner.ancestors().any(|piece| piece == *outer)
}

/// Whether a call sends the caller to where people sign in.
fn redirects_to_login(call: &Piece<'_>) -> bool {
    let is_redirect =
        call.field("function").is_some_and(|callee| callee.text().ends_with("Redirect"));
    is_redirect
        && call.field("arguments").is_some_and(|args| {
            args.children().any(|arg| {
                let text = arg.text().to_ascii_lowercase();
                ["login", "signin", "sign-in", "log-in"].iter().any(|word| text.contains(word))
            })
        })
}

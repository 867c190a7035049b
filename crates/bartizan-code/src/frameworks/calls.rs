//! Calls of Java and C#: what is called on what, and whether code refuses callers.

use std::cell::Cell;

use crate::{guards, syntax::Piece};

/// Whether a text answers 401 or 403, or sends to where one signs in.
pub(super) fn refuses(text: &str) -> bool {
    const SIGNS: &[&str] = &["ChallengeResult", "ForbidResult", "ChallengeAsync", "ForbidAsync"];
    let leads_away = |call: &str| {
        text.match_indices(call).any(|(at, _)| {
            let given = text.get(at..).unwrap_or_default().split(';').next().unwrap_or_default();
            let given = given.to_ascii_lowercase();
            ["login", "signin", "sign-in"].iter().any(|it| given.contains(it))
        })
    };
    guards::refuses(text)
        || SIGNS.iter().any(|it| text.contains(it))
        || leads_away("sendRedirect(")
        || leads_away("RedirectTo")
        || leads_away("Response.Redirect(")
        || leads_away("RedirectResult(")
}

/// Name of what is called, without its receiver and type arguments.
pub(super) fn callee<'f>(call: &Piece<'f>) -> &'f str {
    let name = match call.field("name") {
        Some(name) => Some(name),
        None => call.field("function").map(|function| match function.kind() {
            "member_access_expression" => function.field("name").unwrap_or(function),
            "conditional_access_expression" => function
                .child(&["member_binding_expression"])
                .and_then(|it| it.field("name"))
                .unwrap_or(function),
            _ => function,
        }),
    };
    let text = name.map(|name| name.text()).unwrap_or_default();
    text.split('<').next().unwrap_or(text).trim()
}

/// What a call is made on.
pub(super) fn receiver<'f>(call: &Piece<'f>) -> Option<Piece<'f>> {
    if let Some(object) = call.field("object") {
        return Some(object);
    }
    let function = call.field("function")?;
    match function.kind() {
        "member_access_expression" => function.field("expression"),
        "conditional_access_expression" => function.field("condition"),
        _ => None,
    }
}

/// The operator of a binary expression.
pub(super) fn operator<'f>(piece: &Piece<'f>) -> &'f str {
    let (Some(left), Some(right)) = (piece.field("left"), piece.field("right")) else { return "" };
    let between = (left.offset() + left.text().len())..right.offset();
    piece.file.text.get(between).unwrap_or_default().trim()
}

/// What looking for the texts of expressions may cost, so that constants which are made of each
/// other end.
#[derive(Debug)]
pub(super) struct Budget {
    each: Cell<u32>,
    all: Cell<u32>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { each: Cell::new(0), all: Cell::new(3_000_000) }
    }
}

impl Budget {
    /// Begins with an expression.
    pub(super) fn begin(&self) {
        self.each.set(3_000);
    }

    /// Takes a step; whether no more may be taken.
    pub(super) fn is_spent(&self) -> bool {
        self.each.set(self.each.get().saturating_sub(1));
        self.all.set(self.all.get().saturating_sub(1));
        self.each.get() == 0 || self.all.get() == 0
    }
}

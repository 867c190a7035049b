//! Constraints of routes: those that ask who calls are guards.

use super::mapper::Mapper;
use crate::{
    frameworks::ruby::{calls::Call, refusal},
    project::Project,
    route::{Guard, Level},
    syntax::Piece,
};

impl<'f> Mapper<'_, 'f> {
    /// Adds the guard that the option `constraints:` of a call is.
    pub(super) fn constraint_option(&self, call: &Call<'f>, guards: &mut Vec<Guard>) {
        let pairs = call.arguments.iter().filter(|it| it.kind() == "pair");
        let found = pairs.filter(|it| {
            it.field("key").is_some_and(|key| {
                matches!(key.text().trim_start_matches(':'), "constraints" | "constraint")
            })
        });
        for value in found.filter_map(|it| it.field("value")) {
            self.constraint(&value, guards);
        }
    }

    /// Adds the guard that a constraint is, when it asks who calls.
    pub(super) fn constraint(&self, piece: &Piece<'f>, guards: &mut Vec<Guard>) {
        const SIGNS: &[&str] = &[
            "warden",
            "current_user",
            "user_id",
            "signed_in",
            "authenticate",
            "authorization",
            "logged_in",
            "admin?",
            "session[",
            "_token",
        ];
        let asks = |text: &str| SIGNS.iter().any(|sign| text.contains(sign));
        let is_guard = match piece.kind() {
            "lambda" => asks(piece.text()),
            "constant" | "scope_resolution" | "call" => {
                let call = Call::of(piece);
                if call.as_ref().is_some_and(|call| matches!(call.name, "lambda" | "proc")) {
                    asks(piece.text())
                } else {
                    let class = call.and_then(|call| call.receiver).unwrap_or(*piece);
                    let found = self.classes.named(class.text(), &self.root);
                    match found.is_empty() {
                        true => refusal::is_guard_by_name(class.text()),
                        false => found.iter().any(|class| asks(class.piece.text())),
                    }
                }
            }
            _ => false,
        };
        if is_guard {
            guards.push(Project::demands(piece.text(), piece, Level::Group));
        }
    }
}

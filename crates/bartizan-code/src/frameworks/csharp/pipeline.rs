//! Middleware that refuses callers before any endpoint.

use super::{
    run::{Names, Run},
    types::{arguments, type_arguments, value},
};
use crate::{
    frameworks::{
        calls::callee,
        gates::{self, Gate},
    },
    project::Project,
    route::{Guard, Level, short},
    syntax::Piece,
};

/// Middleware, and when it refuses.
#[derive(Debug)]
pub(super) struct Middleware<'f> {
    /// When it refuses.
    pub(super) gate: Gate,
    /// The guard that it is.
    pub(super) guard: Guard,
    /// Where it is put in.
    pub(super) at: Piece<'f>,
}

impl<'f> Run<'_, '_, 'f> {
    /// `app.Use(…)`, `app.UseMiddleware<…>()` and `app.UseWhen(…)`.
    pub(super) fn put_in(&mut self, call: &Piece<'f>, names: &Names<'f>, depth: usize) {
        let sharp = self.sharp;
        let given: Vec<Piece<'f>> = arguments(call).iter().map(value).collect();
        let gate = match callee(call) {
            "UseWhen" => {
                let (Some(condition), Some(branch)) = (given.first(), given.get(1)) else { return };
                let texts = |piece: &Piece<'f>| sharp.strings(piece);
                let paths = gates::paths(sharp.project, condition, condition, &texts);
                let before = self.middleware.len();
                self.lambda(branch, super::run::Value::Node(0), names, depth);
                for inside in self.middleware.iter_mut().skip(before) {
                    for (pattern, is_negated) in &paths {
                        let gate = &mut inside.gate;
                        let list = if *is_negated { &mut gate.except } else { &mut gate.only };
                        list.push(pattern.clone());
                    }
                }
                return;
            }
            "UseMiddleware" => {
                let named = type_arguments(call).into_iter().next();
                let of = named.or_else(|| given.first().and_then(|it| it.children().next()));
                of.and_then(|it| sharp.middleware(it.text(), call.file)).map(|it| it.1)
            }
            _ => given
                .first()
                .filter(|it| it.is(&["lambda_expression"]))
                .and_then(|lambda| sharp.gate_of_lambda(lambda)),
        };
        if let Some(gate) = gate {
            let guard = Project::demands(&short(call.text()), call, Level::Application);
            self.middleware.push(Middleware { gate, guard, at: *call });
        }
    }
}

//! Declares routes and puts routers into each other.

use std::collections::HashMap;

use super::{
    evaluate::Evaluator,
    package::bare,
    value::{Arg, Handler, Router, Value},
};
use crate::{
    graph::Declared,
    paths,
    route::{Guard, Level, short},
    syntax::Piece,
};

impl<'f> Evaluator<'_, 'f> {
    /// Declares a route for each of the methods, or mounts the router that the handler is.
    #[expect(clippy::too_many_arguments, reason = "a route is made of that many things")]
    pub(super) fn declare(
        &mut self,
        router: Router,
        methods: &[&str],
        path: &str,
        handler: Value<'f>,
        written: &str,
        mut guards: Vec<Guard>,
        at: Piece<'f>,
    ) {
        if router.dialect.framework != self.own || written.contains("FileServer") {
            return;
        }
        let handler = Handler::around(handler);
        if let Value::Opaque(inner, _) = &handler.inner
            && inner.text().contains("FileServer")
        {
            return;
        }
        // What refuses without anything behind it is the handler itself, as one that signs in.
        if !matches!(handler.inner, Value::Unknown) {
            guards.extend(handler.guards);
        }
        let mut methods: Vec<String> = methods.iter().map(|&method| method.to_owned()).collect();
        if methods.is_empty() {
            methods = handler.methods;
        }
        let mut guarded: HashMap<String, Vec<Guard>> = HashMap::new();
        if methods.is_empty() {
            guarded = self.switched(&handler.inner);
            methods = guarded.keys().cloned().collect();
        }
        if methods.is_empty() {
            methods.push("ANY".to_owned());
        }
        let is_literal = written.starts_with("func") || written.is_empty();
        for method in methods {
            let mut guards = guards.clone();
            guards.extend(guarded.remove(&method).unwrap_or_default());
            let declared = Declared {
                method: method.to_ascii_uppercase(),
                path: path.to_owned(),
                handler: (!is_literal).then(|| short(written)),
                place: at.place(),
                guards,
            };
            self.graph.route(router.id, declared);
        }
    }

    /// A router that has everything of `router` behind guards.
    pub(super) fn behind(&mut self, router: Router, guards: Vec<Guard>) -> Router {
        if guards.is_empty() {
            return router;
        }
        let outer = self.graph.router();
        self.graph.mount(outer, "", router.id, guards);
        Router { id: outer, ..router }
    }

    /// A router whose routes are also those of `router`, below `prefix` and behind guards.
    pub(super) fn group(&mut self, router: Router, prefix: &str, guards: Vec<Guard>) -> Router {
        let inner = self.new_router(router.dialect, false);
        self.graph.mount(router.id, prefix, inner.id, guards);
        inner
    }

    /// Guards that arguments are, in the order of the code.
    pub(super) fn guards(&mut self, args: &[Arg<'f>], level: Level) -> Vec<Guard> {
        let mut out = Vec::new();
        for arg in args {
            out.extend(self.judge(&arg.value, arg.piece, level));
        }
        out
    }

    /// A path with `:name` parameters; none but the first of several.
    pub(super) fn colons(path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        paths::colons(path).into_iter().next().unwrap_or_default()
    }

    /// A path with `{name}` parameters.
    pub(super) fn braces(path: &str) -> String {
        paths::braces(path).into_iter().next().unwrap_or_default()
    }

    /// The written result of a function, without brackets.
    pub(super) fn result_type(piece: &Piece<'f>) -> Option<Piece<'f>> {
        let result = piece.field("result")?;
        if result.is(&["parameter_list"]) {
            return result.children().next()?.field("type").map(bare);
        }
        Some(bare(result))
    }
}

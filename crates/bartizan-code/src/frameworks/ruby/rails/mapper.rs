//! Goes through the routes of an application as Rails would.

use std::collections::HashMap;

use super::{
    filters::{Filters, bind},
    scope::{Part, Scope, written_out},
};
use crate::{
    frameworks::ruby::{
        calls::{Call, Options, Value, option, parameters, statements},
        classes::Classes,
    },
    limits::Limits,
    project::Project,
    route::{Authorization, Guard, Level, Route, short},
    syntax::Piece,
};

/// Blocks in blocks are followed so far.
const MAX_DEPTH: usize = 40;
/// Statements that are looked at of one application, counting each time around a loop.
const MAX_STEPS: usize = 50_000;

/// Reads the routes of one application.
pub(super) struct Mapper<'m, 'f> {
    pub(super) project: &'m Project<'f>,
    pub(super) classes: &'m Classes<'f>,
    pub(super) filters: &'m Filters<'m, 'f>,
    pub(super) limits: &'m Limits,
    /// Folder of the application.
    pub(super) root: String,
    /// Whether resources are without forms.
    pub(super) is_api: bool,
    /// Blocks that hold the routes of engines, by the name of the engine.
    pub(super) engines: &'m [(String, Piece<'f>)],
    /// Engines that were mounted.
    pub(super) mounted: Vec<String>,
    pub(super) concerns: HashMap<String, Piece<'f>>,
    pub(super) methods: HashMap<&'f str, Piece<'f>>,
    pub(super) steps: usize,
    pub(super) routes: Vec<Route>,
}

impl<'f> Mapper<'_, 'f> {
    /// Goes through statements.
    pub(super) fn all(&mut self, pieces: &[Piece<'f>], scope: &mut Scope<'f>) {
        for piece in pieces {
            self.statement(piece, scope);
        }
    }

    /// Goes through a block.
    pub(super) fn block(&mut self, call: &Call<'f>, mut scope: Scope<'f>) {
        scope.depth += 1;
        if let Some(block) = call.block {
            self.all(&statements(&block), &mut scope);
        } else if let Some(named) = call.block_argument()
            && let Value::Code(code) = scope.known.value(&named)
        {
            self.all(&statements(&code), &mut scope);
        }
    }

    pub(super) fn statement(&mut self, piece: &Piece<'f>, scope: &mut Scope<'f>) {
        self.steps += 1;
        if scope.depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return;
        }
        match piece.kind() {
            "call" | "identifier" => {
                if let Some(call) = Call::of(piece) {
                    self.call(&call, scope);
                }
            }
            "if_modifier" | "unless_modifier" => {
                if let Some(body) = piece.field("body")
                    && !is_for_tests(piece)
                {
                    self.statement(&body, &mut scope.deeper());
                }
            }
            "if" | "unless" | "elsif" | "begin" | "case" | "when" if !is_for_tests(piece) => {
                let mut inner = scope.deeper();
                for branch in piece.children() {
                    match branch.kind() {
                        "then" | "else" => self.all(&statements(&branch), &mut inner),
                        "elsif" | "when" => self.statement(&branch, &mut inner),
                        _ if piece.kind() == "begin" => self.statement(&branch, &mut inner),
                        _ => {}
                    }
                }
            }
            "assignment" => {
                if let (Some(name), Some(value)) = (piece.field("left"), piece.field("right")) {
                    let value = match Call::of(&value) {
                        // `lambda do … end`
                        Some(Call { name: "lambda" | "proc", block: Some(block), .. }) => {
                            Value::Code(block)
                        }
                        _ => scope.known.value(&value),
                    };
                    scope.known.set(name.text(), value);
                }
            }
            "method" => {
                if let Some(name) = piece.field("name") {
                    self.methods.insert(name.text(), *piece);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Call<'f>, scope: &Scope<'f>) {
        if let Some(receiver) = call.receiver {
            let is_mapper = scope.mappers.iter().any(|name| name == receiver.text())
                || receiver.kind() == "self";
            if !is_mapper {
                self.on_value(call, &receiver, scope);
                return;
            }
        }
        let mut options = scope.around.clone();
        options.extend(scope.known.options(call));
        match call.name {
            "get" | "post" | "put" | "patch" | "delete" | "options" => {
                let methods = [call.name.to_uppercase()];
                self.verb(&methods, call, &options, scope);
            }
            "match" => {
                let mut methods: Vec<String> = option(&options, "via")
                    .map(Value::texts)
                    .unwrap_or_default()
                    .iter()
                    .map(|method| method.to_uppercase())
                    .collect();
                if methods.is_empty() || methods.iter().any(|method| method == "ALL") {
                    methods = vec!["ANY".to_owned()];
                }
                self.verb(&methods, call, &options, scope);
            }
            "root" => self.root_route(call, &options, scope),
            "resources" | "resource" => self.resources(call, &options, scope),
            "member" | "collection" | "new" | "nested" if scope.resource.is_some() => {
                let inner = match call.name {
                    "member" => scope.within(scope.member()),
                    "collection" => scope.within(scope.collection()),
                    "new" => {
                        let mut inner = scope.within(scope.collection());
                        inner.path = inner.below(&scope.action_path(&options, "new"));
                        inner
                    }
                    _ => scope.nested(),
                };
                self.block(call, inner);
            }
            "namespace" | "scope" | "controller" | "constraints" | "defaults" | "shallow"
            | "with_options" => self.scoped(call, &scope.known.options(call), scope),
            "authenticate" | "authenticated" => {
                let mut inner = scope.deeper();
                let written = call.piece.text().lines().next().unwrap_or(call.name);
                inner.guards.push(Project::demands(written, &call.piece, Level::Group));
                self.block(call, inner);
            }
            "concern" => {
                if let (Some(Value::Text(name)), Some(block)) =
                    (scope.known.positional(call).first(), call.block)
                {
                    self.concerns.insert(name.clone(), block);
                }
            }
            "concerns" => {
                for name in scope.known.positional(call).iter().flat_map(Value::texts) {
                    self.concern(&name, &scope.known.options(call), scope);
                }
            }
            "devise_for" => self.devise(call, &options, scope),
            "mount_devise_token_auth_for" => self.token_auth(call, &options, scope),
            "mount" => self.mount(call, &options, scope),
            "draw" => self.draw(call, scope),
            "unauthenticated" | "devise_scope" | "as" | "instance_exec" => {
                self.block(call, scope.deeper());
            }
            "instance_eval" if call.block.is_some() => self.block(call, scope.deeper()),
            "extend" | "include" => self.extension(call, scope),
            "direct" | "resolve" | "redirect" | "lambda" | "proc" | "require" => {}
            name => self.own_method(name, call, scope),
        }
    }

    /// A call on something: a loop over values, or a block that is called.
    fn on_value(&mut self, call: &Call<'f>, receiver: &Piece<'f>, scope: &Scope<'f>) {
        match call.name {
            "each" | "each_pair" | "map" | "each_with_index" => {
                let Some(block) = call.block else { return };
                let names: Vec<&str> = parameters(&block).iter().map(|it| it.text()).collect();
                for item in scope.known.value(receiver).items().into_iter().take(200) {
                    let mut inner = scope.deeper();
                    match (names.as_slice(), item) {
                        ([name], value) => inner.known.set(name, value),
                        (names, Value::List(values)) => {
                            for (name, value) in names.iter().zip(values) {
                                inner.known.set(name, value);
                            }
                        }
                        ([name, ..], value) => inner.known.set(name, value),
                        _ => {}
                    }
                    self.all(&statements(&block), &mut inner);
                }
            }
            "call" => {
                if let Value::Code(code) = scope.known.value(receiver)
                    && code.is(&["lambda", "do_block", "block"])
                {
                    self.all(&statements(&code), &mut scope.deeper());
                }
            }
            _ => {
                // A method of a class that is given what declares routes: `Api.draw(self)`.
                let is_handed = call.arguments.iter().any(|it| it.kind() == "self");
                if is_handed && receiver.is(&["constant", "scope_resolution"]) {
                    let found = self.classes.named(receiver.text(), &self.root);
                    if let Some(method) = found.iter().find_map(|it| it.class_method(call.name)) {
                        self.method(&method, call, scope);
                    }
                }
            }
        }
    }

    fn own_method(&mut self, name: &str, call: &Call<'f>, scope: &Scope<'f>) {
        if let Some(method) = self.methods.get(name).copied() {
            self.method(&method, call, scope);
        } else if let Some(Value::Code(code)) = scope.known.get(name)
            && code.is(&["lambda", "do_block", "block"])
            && call.piece.kind() == "call"
        {
            let code = *code;
            self.all(&statements(&code), &mut scope.deeper());
        }
    }

    fn method(&mut self, method: &Piece<'f>, call: &Call<'f>, scope: &Scope<'f>) {
        let mut inner = scope.deeper();
        bind(&mut inner.known, method, call, &scope.known);
        for (parameter, argument) in parameters(method).iter().zip(&call.arguments) {
            if argument.kind() == "self" {
                inner.mappers.push(parameter.text().to_owned());
            }
        }
        let block = parameters(method).into_iter().find(|it| it.kind() == "block_parameter");
        if let (Some(name), Some(block)) = (block.and_then(|it| it.field("name")), call.block) {
            inner.known.set(name.text(), Value::Code(block));
        }
        self.all(&statements(method), &mut inner);
        // `yield` in its body runs the block where it stands; the scopes around it are not kept.
        if let Some(block) = call.block
            && let Some(at) = method.all(&["yield"]).next()
        {
            self.yielded(&at, method, &block, &inner);
        }
    }

    /// Runs a block in the scopes that stand around a `yield`.
    fn yielded(
        &mut self,
        at: &Piece<'f>,
        method: &Piece<'f>,
        block: &Piece<'f>,
        scope: &Scope<'f>,
    ) {
        let mut around: Vec<Call<'f>> = at
            .ancestors()
            .take_while(|it| it != method)
            .filter(|it| it.kind() == "call")
            .filter_map(|it| Call::of(&it))
            .collect();
        around.reverse();
        let mut inner = scope.deeper();
        for call in &around {
            inner = self.scope_of(call, &inner.known.options(call), &inner);
        }
        self.all(&statements(block), &mut inner);
    }

    /// `namespace`, `scope` and other blocks that only surround.
    fn scoped(&mut self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) {
        let inner = self.scope_of(call, options, scope);
        self.block(call, inner);
    }

    fn scope_of(&self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) -> Scope<'f> {
        let names: Vec<String> =
            scope.known.positional(call).iter().flat_map(Value::texts).collect();
        let mut inner = match call.name {
            "namespace" => scope.nested(),
            _ => scope.deeper(),
        };
        match call.name {
            "namespace" => {
                let name = names.first().cloned().unwrap_or_default();
                let mut own = options.clone();
                let defaults = [("path", name.clone()), ("module", name)];
                for (key, value) in defaults {
                    if option(&own, key).is_none() {
                        own.push((key.to_owned(), Value::Text(value)));
                    }
                }
                inner.apply(&own);
            }
            "scope" => {
                let mut own = options.clone();
                if !names.is_empty() {
                    own.push(("path".to_owned(), Value::Text(names.join("/"))));
                }
                inner.apply(&own);
            }
            "controller" => {
                inner.controller = names.first().cloned();
                inner.apply(options);
            }
            "shallow" => inner.is_shallow = true,
            "with_options" => {
                inner.around.extend(options.clone());
                let given = call.block.as_ref().map(parameters).unwrap_or_default();
                inner.mappers.extend(given.iter().map(|it| it.text().to_owned()));
            }
            _ => {}
        }
        if call.name == "constraints" {
            for argument in &call.arguments {
                self.constraint(argument, &mut inner.guards);
            }
        }
        self.constraint_option(call, &mut inner.guards);
        inner
    }

    /// Runs a concern where it is used.
    pub(super) fn concern(&mut self, name: &str, options: &Options<'f>, scope: &Scope<'f>) {
        let Some(block) = self.concerns.get(name).copied() else { return };
        let mut inner = scope.deeper();
        if let Some(parameter) = parameters(&block).first() {
            inner.known.set(parameter.text(), Value::Hash(options.clone()));
        }
        self.all(&statements(&block), &mut inner);
    }

    /// Lists a route under each path that it is written for.
    pub(super) fn declare(
        &mut self,
        methods: &[String],
        path: &str,
        answers: Option<(String, String)>,
        piece: &Piece<'f>,
        guards: &[Guard],
    ) {
        let mut all = guards.to_vec();
        if let Some((controller, action)) = &answers {
            all.extend(self.filters.guards(controller, action, &self.root));
        }
        let handler = answers.map(|(controller, action)| short(&format!("{controller}#{action}")));
        for path in written_out(path) {
            for method in methods {
                if self.routes.len() >= self.limits.routes {
                    return;
                }
                self.routes.push(Route {
                    path: path.clone(),
                    method: method.clone(),
                    authorization: Authorization::of(all.clone()),
                    framework: super::NAME,
                    handler: handler.clone(),
                    place: piece.place(),
                    component: None,
                });
            }
        }
    }

    fn root_route(&mut self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) {
        let first = scope.known.positional(call).into_iter().next();
        let to = first.or_else(|| option(options, "to").cloned());
        let answers = to.and_then(|to| {
            let (controller, action) = to.text()?.split_once('#')?;
            Some((scope.in_module(controller), action.to_owned()))
        });
        let text = |name: &str| option(options, name).and_then(Value::text);
        let answers = answers
            .or_else(|| Some((scope.in_module(text("controller")?), text("action")?.to_owned())));
        let path = if scope.part == Part::Block { scope.nested().path } else { scope.path.clone() };
        self.declare(&["GET".to_owned()], &path, answers, &call.piece, &scope.guards);
    }
}

/// Whether something is only there in tests.
fn is_for_tests(piece: &Piece<'_>) -> bool {
    !piece.kind().starts_with("unless")
        && piece.field("condition").is_some_and(|condition| condition.text() == "Rails.env.test?")
}

//! What single declarations of routes stand for: verbs and resources.

use super::{
    mapper::Mapper,
    scope::{Part, Resource, Scope},
};
use crate::{
    frameworks::ruby::calls::{Call, Options, Value, option, parameters},
    syntax::Piece,
};

/// Options of routes, which are no paths: `get :x, to: …` and not `get x: …`.
const OPTIONS: &[&str] = &[
    "to",
    "as",
    "on",
    "via",
    "action",
    "controller",
    "constraints",
    "defaults",
    "format",
    "path",
    "module",
    "only",
    "except",
    "param",
    "anchor",
];

/// Actions of resources with what they answer: method, and where (collection, member, new, edit).
const ACTIONS: &[(&str, &[&str], Where)] = &[
    ("index", &["GET"], Where::Collection),
    ("create", &["POST"], Where::Collection),
    ("new", &["GET"], Where::New),
    ("edit", &["GET"], Where::Edit),
    ("show", &["GET"], Where::Member),
    ("update", &["PATCH", "PUT"], Where::Member),
    ("destroy", &["DELETE"], Where::Member),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Collection,
    Member,
    New,
    Edit,
}

impl<'f> Mapper<'_, 'f> {
    /// `resources` and `resource`, of one name or several.
    pub(super) fn resources(&mut self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) {
        let is_single = call.name == "resource";
        for name in scope.known.positional(call).iter().flat_map(Value::texts) {
            let mut inner = scope.nested();
            self.constraint_option(call, &mut inner.guards);
            let of_scope: Options<'f> = options
                .iter()
                .filter(|(name, _)| {
                    matches!(name.as_str(), "module" | "shallow" | "shallow_path" | "path_names")
                })
                .cloned()
                .collect();
            inner.apply(&of_scope);
            inner.path_names = scope.path_names.clone();
            if inner.is_shallow {
                inner.shallow_depth += 1;
            }
            inner.around.retain(|(name, _)| name != "only" && name != "except");
            let resource = Resource::new(&name, options, is_single);
            inner.controller = Some(resource.controller.clone());
            inner.resource = Some(resource);
            inner.part = Part::Block;
            self.actions(call, options, &inner, is_single);
            let mut within = inner.clone();
            // `only` of a resource is not that of those in it; one of the scope around stays.
            within.around.extend(
                scope.around.iter().filter(|(name, _)| name == "only" || name == "except").cloned(),
            );
            if let Some(block) = call.block {
                let given = parameters(&block);
                within.mappers.extend(given.iter().map(|it| it.text().to_owned()));
            }
            self.block(call, within.clone());
            let concerns = option(options, "concerns").map(Value::texts).unwrap_or_default();
            for concern in concerns {
                self.concern(&concern, &Vec::new(), &within);
            }
        }
    }

    fn actions(
        &mut self,
        call: &Call<'f>,
        options: &Options<'f>,
        scope: &Scope<'f>,
        is_single: bool,
    ) {
        // An own `only` takes the place of an `except` around, and the other way round.
        let last = options.iter().rev().find(|(name, value)| {
            matches!(name.as_str(), "only" | "except")
                && matches!(value, Value::Text(_) | Value::List(_))
        });
        let except = option(options, "except").map(Value::texts).unwrap_or_default();
        let only = match last {
            Some((name, value)) if name == "only" => Some(value.texts()),
            _ => None,
        };
        for (action, methods, at) in ACTIONS {
            let has = match &only {
                Some(only) => only.iter().any(|it| it == action || it == "all"),
                None => !(self.is_api && matches!(at, Where::New | Where::Edit)),
            };
            let is_left_out = only.is_none() && except.iter().any(|it| it == action || it == "all");
            if !has || is_left_out || is_single && *action == "index" {
                continue;
            }
            let path = match at {
                Where::Collection => scope.collection(),
                Where::Member => scope.member(),
                Where::New => {
                    format!("{}/{}", scope.collection(), scope.action_path(options, "new"))
                }
                Where::Edit => {
                    format!("{}/{}", scope.member(), scope.action_path(options, "edit"))
                }
            };
            let methods: Vec<String> = methods.iter().map(|&method| method.to_owned()).collect();
            let answers = scope
                .controller
                .as_ref()
                .map(|controller| (scope.in_module(controller), (*action).to_owned()));
            self.declare(&methods, &path, answers, &call.piece, &scope.guards);
        }
    }

    /// `get` and its like, of one path or several.
    pub(super) fn verb(
        &mut self,
        methods: &[String],
        call: &Call<'f>,
        options: &Options<'f>,
        scope: &Scope<'f>,
    ) {
        let mut inner = match option(options, "on").and_then(Value::text) {
            Some("member") => scope.within(scope.member()),
            Some("collection") => scope.within(scope.collection()),
            Some("new") => {
                let mut inner = scope.within(scope.collection());
                inner.path = inner.below("new");
                inner
            }
            _ if scope.part == Part::Block => scope.nested(),
            _ => scope.deeper(),
        };
        self.constraint_option(call, &mut inner.guards);
        for (name, is_action, to) in named(call, options, scope) {
            const CANONICAL: &[&str] = &["index", "create", "new", "show", "update", "destroy"];
            let is_canonical =
                is_action && inner.part == Part::Within && CANONICAL.contains(&name.as_str());
            let path = match option(options, "path").and_then(Value::text) {
                Some(path) if is_action => inner.below(path),
                _ if is_canonical => inner.path.clone(),
                _ if is_action => inner.below(&inner.action_path(options, &name)),
                _ => inner.below(&name),
            };
            let answers = answers(&name, to, options, &inner);
            self.declare(methods, &path, answers, &call.piece, &inner.guards);
        }
    }
}

/// The paths or actions of a declaration: each with whether it is an action, and what answers.
fn named<'f>(
    call: &Call<'f>,
    options: &Options<'f>,
    scope: &Scope<'f>,
) -> Vec<(String, bool, Option<Value<'f>>)> {
    let to = option(options, "to").cloned();
    let mut out = Vec::new();
    for argument in &call.arguments {
        match argument.kind() {
            "pair" => {
                let (Some(key), Some(value)) = (argument.field("key"), argument.field("value"))
                else {
                    continue;
                };
                let Value::Text(path) = scope.known.value(&key) else { continue };
                let is_path = key.is(&["string", "identifier"])
                    || !OPTIONS.contains(&path.as_str())
                        && key.kind() == "simple_symbol"
                        && out.is_empty();
                if is_path {
                    let is_action = key.kind() == "simple_symbol";
                    out.push((path, is_action, Some(scope.known.value(&value))));
                }
            }
            "hash" | "hash_splat_argument" | "block_argument" => {}
            _ => {
                let is_action = argument.is(&["simple_symbol", "symbol_array"]);
                for path in scope.known.value(argument).texts() {
                    out.push((path, is_action, to.clone()));
                }
            }
        }
    }
    out
}

/// Controller and action that answer.
fn answers<'f>(
    name: &str,
    to: Option<Value<'f>>,
    options: &Options<'f>,
    scope: &Scope<'f>,
) -> Option<(String, String)> {
    let text = |key: &str| option(options, key).and_then(Value::text).map(str::to_owned);
    let controller = text("controller").or_else(|| scope.controller.clone());
    match to {
        Some(Value::Text(to)) => match to.split_once('#') {
            Some(("", action)) => Some((scope.in_module(&controller?), action.to_owned())),
            Some((controller, action)) => Some((scope.in_module(controller), action.to_owned())),
            None => Some((scope.in_module(&controller?), to)),
        },
        Some(Value::Code(code)) => of_class(&code),
        _ => {
            let bare = name.split('(').next().unwrap_or(name).trim_matches('/');
            let action = text("action");
            match (bare.rsplit_once('/'), action, controller) {
                (_, Some(action), controller) => Some((scope.in_module(&controller?), action)),
                (Some((front, last)), None, None) => {
                    Some((scope.in_module(&front.replace('-', "_")), last.replace('-', "_")))
                }
                (_, None, Some(controller)) => {
                    Some((scope.in_module(&controller), bare.replace(['-', '/'], "_")))
                }
                _ => None,
            }
        }
    }
}

/// `UsersController.action(:show)`.
fn of_class(code: &Piece<'_>) -> Option<(String, String)> {
    let call = Call::of(code)?;
    let class = call.receiver?.text().strip_suffix("Controller")?;
    let action = call.arguments.first()?.text().trim_start_matches(':');
    (call.name == "action").then(|| (class.replace("::", "/"), action.to_owned()))
}

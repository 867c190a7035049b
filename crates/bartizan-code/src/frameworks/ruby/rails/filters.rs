//! Filters of controllers: which stand before an action, and which of them refuse.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use crate::{
    frameworks::ruby::{
        calls::{Call, Known, Options, Value, option, parameters, statements},
        classes::{Class, Classes},
        refusal,
    },
    route::{Effect, Guard, Level, short},
    syntax::Piece,
};

/// A filter that is put before actions.
#[derive(Clone, Debug)]
struct Filter<'f> {
    name: String,
    /// What it runs, where that is written in place.
    code: Option<Piece<'f>>,
    /// Whether it refuses whatever its name says.
    is_sure: bool,
    applies: Applies<'f>,
    skipped: Vec<Applies<'f>>,
    at: Piece<'f>,
    level: Level,
}

/// For which actions something is said.
#[derive(Clone, Debug, Default)]
struct Applies<'f> {
    only: Option<Vec<String>>,
    except: Vec<String>,
    /// Conditions, each with whether it must hold or must not.
    conditions: Vec<(bool, Value<'f>)>,
}

/// Full name of a controller, and the folder of its application.
type Asking = (String, String);

/// The filters of all controllers, read when they are asked for.
pub(super) struct Filters<'c, 'f> {
    classes: &'c Classes<'f>,
    read: RefCell<HashMap<Asking, Rc<Vec<Filter<'f>>>>>,
}

/// Filters of a controller that are looked at.
const MAX_FILTERS: usize = 200;
/// Classes, modules and macros that lead to each other are followed so far.
const MAX_DEPTH: usize = 16;

impl<'c, 'f> Filters<'c, 'f> {
    pub(super) fn new(classes: &'c Classes<'f>) -> Self {
        Self { classes, read: RefCell::default() }
    }

    /// The guards before an action of a controller, which is named as in routes (`api/users`).
    pub(super) fn guards(&self, controller: &str, action: &str, root: &str) -> Vec<Guard> {
        let full = class_name(controller);
        let (ancestors, end) = self.classes.ancestors(&full, root);
        let mut guards = Vec::new();
        let devise = match ancestors.is_empty() {
            true => controller.strip_prefix("devise/").map(|name| class_name(&format!("/{name}"))),
            false => end.filter(|end| end.starts_with("Devise")),
        };
        if let Some(devise) = &devise
            && devise.to_lowercase().contains("registrations")
            && matches!(action, "edit" | "update" | "destroy")
        {
            let at = ancestors.first().map(|class| class.piece.place()).unwrap_or_default();
            guards.push(Guard {
                name: "authenticate_scope!".to_owned(),
                effect: Effect::Demands,
                level: Level::Group,
                place: at,
            });
        }
        let asked =
            Asked { ancestors: &ancestors, action, controller, is_devise: devise.is_some() };
        for filter in self.of(&full, root).iter() {
            if filter.stands(&asked) && filter.refuses(&asked) {
                guards.push(Guard {
                    name: short(&filter.name),
                    effect: Effect::Demands,
                    level: filter.level,
                    place: filter.at.place(),
                });
            }
        }
        guards
    }

    /// Whether a controller is in the project.
    pub(super) fn knows(&self, controller: &str, root: &str) -> bool {
        !self.classes.named(&class_name(controller), root).is_empty()
    }

    fn of(&self, full: &str, root: &str) -> Rc<Vec<Filter<'f>>> {
        let key = (full.to_owned(), root.to_owned());
        if let Some(known) = self.read.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut reader = Reader {
            classes: self.classes,
            root,
            leaf: self.classes.ancestors(full, root).0,
            seen: Vec::new(),
            filters: Vec::new(),
        };
        reader.class(&self.classes.named(full, root), 0);
        let filters = Rc::new(reader.filters);
        self.read.borrow_mut().insert(key, Rc::clone(&filters));
        filters
    }
}

/// `api/users` is answered by `api::usersController`; case does not matter.
fn class_name(controller: &str) -> String {
    format!("{}Controller", controller.trim_matches('/').replace('/', "::"))
}

/// What filters are asked about.
struct Asked<'a, 'f> {
    ancestors: &'a [&'a Class<'f>],
    action: &'a str,
    controller: &'a str,
    is_devise: bool,
}

impl Filter<'_> {
    fn stands(&self, asked: &Asked<'_, '_>) -> bool {
        self.applies.to(asked, true) && !self.skipped.iter().any(|skip| skip.to(asked, false))
    }

    fn refuses(&self, asked: &Asked<'_, '_>) -> bool {
        // Devise's own filters let its own controllers be.
        let is_devise = self.name.starts_with("authenticate_") && self.name.ends_with('!');
        if asked.is_devise && is_devise && refusal::method(&self.name, asked.ancestors).is_none() {
            return false;
        }
        match &self.code {
            _ if self.is_sure => true,
            Some(code) => refusal::is_guard_block(code, asked.ancestors),
            None => refusal::is_guard(&self.name, asked.ancestors),
        }
    }
}

impl<'f> Applies<'f> {
    fn new(options: &Options<'f>) -> Self {
        let mut conditions = Vec::new();
        for (name, value) in options {
            let holds = match name.as_str() {
                "if" => true,
                "unless" => false,
                _ => continue,
            };
            match value {
                Value::List(all) => conditions.extend(all.iter().map(|it| (holds, it.clone()))),
                one => conditions.push((holds, one.clone())),
            }
        }
        Self {
            only: option(options, "only")
                .filter(|only| matches!(only, Value::Text(_) | Value::List(_)))
                .map(Value::texts),
            except: option(options, "except").map(Value::texts).unwrap_or_default(),
            conditions,
        }
    }

    /// Whether it is said for an action; a condition that is not understood counts as `unknown`.
    fn to(&self, asked: &Asked<'_, '_>, unknown: bool) -> bool {
        let is = |name: &String| name == asked.action;
        self.only.as_ref().is_none_or(|only| only.iter().any(is))
            && !self.except.iter().any(is)
            && self.conditions.iter().all(|(wanted, condition)| {
                holds(condition, asked).map_or(unknown, |holds| holds == *wanted)
            })
    }
}

/// Whether a condition holds for an action, as far as it is about that.
fn holds(condition: &Value<'_>, asked: &Asked<'_, '_>) -> Option<bool> {
    let body = match condition {
        Value::Truth(truth) => return Some(*truth),
        Value::Text(name) if name == "devise_controller?" => return Some(asked.is_devise),
        Value::Text(name) => refusal::method(name, asked.ancestors)?,
        Value::Code(piece) => *piece,
        _ => return None,
    };
    let inner = statements(&body);
    if let [only] = inner.as_slice()
        && only.is(&["true", "false"])
    {
        return Some(only.kind() == "true");
    }
    let text = body.text();
    if text.contains("Rails.env") {
        return Some(text.contains("production") != text.contains('!'));
    }
    if text.contains("devise_controller?") {
        return Some(asked.is_devise);
    }
    let subject = if text.contains("action_name") || text.contains("params[:action]") {
        asked.action
    } else if text.contains("controller_name") || text.contains("controller_path") {
        asked.controller.rsplit('/').next().unwrap_or(asked.controller)
    } else {
        return None;
    };
    let words = body
        .all(&["string_content", "simple_symbol", "bare_symbol"])
        .map(|piece| piece.text().trim_start_matches(':'));
    let is_named = words.into_iter().any(|word| word == subject);
    let is_negative = text.contains("!=")
        || text.contains("exclude?")
        || text.contains("!%")
        || text.contains("!action")
        || text.contains("![");
    Some(is_named != is_negative)
}

/// Reads the filters of one controller, from its oldest ancestor on.
struct Reader<'c, 'f> {
    classes: &'c Classes<'f>,
    root: &'c str,
    /// The controller with its ancestors, for the macros that they have.
    leaf: Vec<&'c Class<'f>>,
    seen: Vec<Piece<'f>>,
    filters: Vec<Filter<'f>>,
}

/// Where a statement stands.
#[derive(Clone)]
struct Standing<'c, 'f> {
    class: &'c Class<'f>,
    known: Known<'f>,
    /// Options that `with_options` puts around it.
    around: Options<'f>,
    level: Level,
    depth: usize,
}

impl<'c, 'f> Reader<'c, 'f> {
    fn class(&mut self, opened: &[&'c Class<'f>], depth: usize) {
        if depth > MAX_DEPTH || opened.iter().any(|class| self.seen.contains(&class.piece)) {
            return;
        }
        self.seen.extend(opened.iter().map(|class| class.piece));
        let parent = opened.iter().find_map(|class| Some((class.parent?, *class)));
        if let Some((name, class)) = parent {
            let parents = self.classes.seen_from(name, class, true, self.root);
            self.class(&parents, depth + 1);
        }
        let is_top = parent.is_none_or(|(name, _)| {
            name.trim_start_matches("::").starts_with("ActionController::")
        });
        for class in opened {
            let standing = Standing {
                class,
                known: self.classes.constants.clone(),
                around: Vec::new(),
                level: if is_top { Level::Application } else { Level::Group },
                depth: 0,
            };
            self.all(&statements(&class.piece), &standing);
        }
    }

    fn all(&mut self, pieces: &[Piece<'f>], standing: &Standing<'c, 'f>) {
        for piece in pieces {
            self.statement(piece, standing);
        }
    }

    fn statement(&mut self, piece: &Piece<'f>, standing: &Standing<'c, 'f>) {
        if standing.depth > MAX_DEPTH {
            return;
        }
        let mut inner = standing.clone();
        inner.depth += 1;
        match piece.kind() {
            "if_modifier" | "unless_modifier" => {
                if let Some(body) = piece.field("body") {
                    self.statement(&body, &inner);
                }
            }
            "if" | "unless" | "begin" => {
                for branch in piece.children().filter(|it| it.is(&["then", "else"])) {
                    self.all(&statements(&branch), &inner);
                }
            }
            "call" | "identifier" => {
                if let Some(call) = Call::of(piece) {
                    self.call(&call, &inner);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Call<'f>, standing: &Standing<'c, 'f>) {
        // `base.before_action` in hooks; anything else is called on other things.
        if call.receiver.is_some_and(|on| !on.is(&["identifier", "self"])) {
            return;
        }
        let mut options = standing.around.clone();
        options.extend(standing.known.options(call));
        match call.name {
            "before_action"
            | "before_filter"
            | "prepend_before_action"
            | "append_before_action"
            | "prepend_before_filter"
            | "around_action" => {
                self.add(call, &options, standing);
            }
            "skip_before_action"
            | "skip_before_filter"
            | "skip_around_action"
            | "skip_filter"
            | "skip_action_callback" => {
                let names: Vec<_> =
                    standing.known.positional(call).iter().flat_map(Value::texts).collect();
                self.skip(&names, &options);
            }
            "http_basic_authenticate_with"
            | "load_and_authorize_resource"
            | "authorize_resource"
            | "doorkeeper_for" => {
                self.push(call.name.to_owned(), None, true, call, &options, standing);
            }
            "acts_as_token_authentication_handler_for" => {
                let fallback = option(&options, "fallback").map(Value::texts).unwrap_or_default();
                if !fallback.iter().any(|it| it == "none") {
                    self.push(call.name.to_owned(), None, true, call, &options, standing);
                }
            }
            "skip_load_and_authorize_resource" | "skip_authorize_resource" => {
                let names = ["load_and_authorize_resource", "authorize_resource"];
                self.skip(&names.map(str::to_owned), &options);
            }
            "include" | "prepend" => {
                for name in &call.arguments {
                    let found =
                        self.classes.seen_from(name.text(), standing.class, false, self.root);
                    for module in found {
                        self.module(module, standing);
                    }
                }
            }
            "with_options" => {
                if let Some(block) = call.block {
                    let inner = Standing { around: options, ..standing.clone() };
                    self.all(&statements(&block), &inner);
                }
            }
            "class_eval" | "instance_eval" | "concerning" => {
                if let Some(block) = call.block {
                    self.all(&statements(&block), standing);
                }
            }
            name => self.class_macro(name, call, standing),
        }
    }

    /// A module that a class includes: what it does to the class is in its hooks.
    fn module(&mut self, module: &'c Class<'f>, standing: &Standing<'c, 'f>) {
        if self.seen.contains(&module.piece) {
            return;
        }
        self.seen.push(module.piece);
        let inner = Standing { class: module, around: Vec::new(), ..standing.clone() };
        for piece in statements(&module.piece) {
            let Some(call) = Call::of(&piece) else { continue };
            match (call.name, call.block) {
                ("included" | "prepended", Some(block)) => self.all(&statements(&block), &inner),
                ("include", _) => self.statement(&piece, &inner),
                _ => {}
            }
        }
        if let Some(hook) = module.class_method("included") {
            self.all(&statements(&hook), &inner);
        }
    }

    /// A method of the class that is called in its body, and may add filters.
    fn class_macro(&mut self, name: &str, call: &Call<'f>, standing: &Standing<'c, 'f>) {
        let Some(method) = self.leaf.iter().find_map(|class| class.class_method(name)) else {
            if name == "allow_unauthenticated_access" {
                let options = standing.known.options(call);
                self.skip(&["require_authentication".to_owned()], &options);
            }
            return;
        };
        if name == "included" {
            return;
        }
        let mut inner = standing.clone();
        bind(&mut inner.known, &method, call, &standing.known);
        self.all(&statements(&method), &inner);
    }

    fn add(&mut self, call: &Call<'f>, options: &Options<'f>, standing: &Standing<'c, 'f>) {
        for value in standing.known.positional(call) {
            match value {
                Value::Code(code) => {
                    let name = code.text().to_owned();
                    self.push(name, Some(code), false, call, options, standing);
                }
                value => {
                    for name in value.texts() {
                        self.push(name, None, false, call, options, standing);
                    }
                }
            }
        }
        if let Some(block) = call.block {
            let name = block.text().to_owned();
            self.push(name, Some(block), false, call, options, standing);
        }
    }

    fn push(
        &mut self,
        name: String,
        code: Option<Piece<'f>>,
        is_sure: bool,
        call: &Call<'f>,
        options: &Options<'f>,
        standing: &Standing<'c, 'f>,
    ) {
        if self.filters.len() >= MAX_FILTERS {
            return;
        }
        let applies = Applies::new(options);
        // The same name again takes the place of the one before.
        self.filters.retain(|filter| filter.code.is_some() || filter.name != name);
        let (at, level) = (call.piece, standing.level);
        let skipped = Vec::new();
        self.filters.push(Filter { name, code, is_sure, applies, skipped, at, level });
    }

    fn skip(&mut self, names: &[String], options: &Options<'f>) {
        let skip = Applies::new(options);
        for filter in &mut self.filters {
            if filter.code.is_none() && names.contains(&filter.name) {
                filter.skipped.push(skip.clone());
            }
        }
    }
}

/// Gives the parameters of a method the values that a call has for them.
pub(super) fn bind<'f>(
    known: &mut Known<'f>,
    method: &Piece<'f>,
    call: &Call<'f>,
    outside: &Known<'f>,
) {
    let options = outside.options(call);
    let mut positional = outside.positional(call).into_iter();
    for parameter in parameters(method) {
        let name = parameter.field("name").map_or(parameter.text(), |name| name.text());
        let value = match parameter.kind() {
            "hash_splat_parameter" => Some(Value::Hash(options.clone())),
            "splat_parameter" => Some(Value::List(positional.by_ref().collect())),
            "keyword_parameter" => option(&options, name)
                .cloned()
                .or_else(|| parameter.field("value").map(|value| outside.value(&value))),
            _ => positional.next().or_else(|| match parameter.field("value") {
                _ if !options.is_empty() => Some(Value::Hash(options.clone())),
                Some(value) => Some(outside.value(&value)),
                None => None,
            }),
        };
        known.set(name, value.unwrap_or(Value::Nil));
    }
}

//! Follows a Python project from its modules on, without running it.
//!
//! Statements at the top of modules are followed in the order in which Python would run them, and
//! so are calls of functions of the project. Where a condition cannot be told, both ways are gone.
//! Calls of anything else become [`Object`]s in a [`World::log`], from which the frameworks read
//! what was declared. Later, with a [`Request`] set, single functions are followed again to see
//! whether they refuse a caller without credentials.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use super::{
    modules::Modules,
    request::Request,
    value::{Arguments, Class, Event, Function, Object, Scope, Value},
};
use crate::{
    project::Project,
    syntax::{Language, Piece},
};

/// Statements and expressions that are followed at most while modules are.
const MAX_STEPS: usize = 3_000_000;

/// How deep expressions, blocks and calls may be in each other.
pub(super) const MAX_DEPTH: usize = 120;

/// Steps for all questions about requests together.
const MAX_ASKING: usize = 6_000_000;

/// How many modules may be importing each other at once.
const MAX_IMPORTS: usize = 60;

/// How long a list may get.
pub(super) const MAX_LIST: usize = 4_000;

/// How often one function may be open at once.
const MAX_OPEN: usize = 2;

/// How often one function is followed at most while modules are.
const MAX_CALLS: usize = 100;

/// Texts in functions that nobody calls which say that they declare routes.
const DECLARING: &[&str] = &[
    ".route(",
    ".include_router(",
    ".register_blueprint(",
    ".add_url_rule(",
    ".add_api_route(",
    ".add_resource(",
    ".add_namespace(",
    ".init_app(",
    ".get(\"/",
    ".get('/",
    ".post(\"/",
    ".post('/",
    "FastAPI(",
    "Flask(",
    "APIRouter(",
    "Blueprint(",
];

/// A project that is followed.
pub(super) struct World<'f> {
    pub(super) modules: Modules<'f>,
    pub(super) scopes: Vec<Scope<'f>>,
    pub(super) functions: Vec<Function<'f>>,
    pub(super) classes: Vec<Class<'f>>,
    pub(super) objects: Vec<Object<'f>>,
    pub(super) lists: Vec<Vec<Value>>,
    pub(super) dicts: Vec<Vec<(Value, Value)>>,
    /// What happened, in order.
    pub(super) log: Vec<Event>,
    /// The settings module of Django, once it is known.
    pub(super) settings: Option<usize>,
    /// The request that functions are followed for; none while modules are.
    pub(super) request: Option<Rc<Request>>,
    /// Whether something refused the caller.
    pub(super) has_refused: bool,
    /// Whether a call ended by raising.
    pub(super) has_raised: bool,
    /// Whether the handler behind a guard was reached.
    pub(super) has_passed: bool,
    /// Whether a condition was told for a request.
    pub(super) has_told: bool,
    /// Branches that are followed although another was.
    pub(super) weak: usize,
    pub(super) depth: usize,
    importing: usize,
    /// Steps that are left for questions about requests.
    pub(super) asking: usize,
    pub(super) steps: usize,
    pub(super) open: Vec<(usize, usize)>,
    pub(super) returned: Vec<Vec<Value>>,
    calls: HashMap<(usize, usize), usize>,
    late: Vec<Late<'f>>,
    synthetic: HashSet<(usize, usize)>,
}

/// An import in a circle, whose value is filled in when all modules were followed.
struct Late<'f> {
    scope: usize,
    name: &'f str,
    module: usize,
    attribute: &'f str,
}

impl<'f> World<'f> {
    /// Follows all modules of a project.
    pub(super) fn new(project: &Project<'f>) -> Self {
        let modules = Modules::new(project.files(&[Language::Python]));
        let scopes =
            (0..modules.all.len()).map(|module| Scope { module, ..Scope::default() }).collect();
        let mut world = Self {
            modules,
            scopes,
            functions: Vec::new(),
            classes: Vec::new(),
            objects: Vec::new(),
            lists: Vec::new(),
            dicts: Vec::new(),
            log: Vec::new(),
            settings: None,
            request: None,
            has_refused: false,
            has_raised: false,
            has_told: false,
            has_passed: false,
            weak: 0,
            depth: 0,
            importing: 0,
            asking: MAX_ASKING,
            steps: MAX_STEPS,
            open: Vec::new(),
            returned: Vec::new(),
            calls: HashMap::new(),
            late: Vec::new(),
            synthetic: HashSet::new(),
        };
        world.find_settings();
        for module in 0..world.modules.all.len() {
            world.import(module);
        }
        world.fill_late();
        world.call_uncalled();
        world.steps = MAX_STEPS;
        world
    }

    /// The module that `django.conf.settings` means: one that says where URLs are, those for
    /// development last.
    fn find_settings(&mut self) {
        let mut found: Vec<(u8, usize, usize)> = Vec::new();
        for (at, module) in self.modules.all.iter().enumerate() {
            let Some(file) = module.file else { continue };
            if !file.text.contains("INSTALLED_APPS") && !file.text.contains("REST_FRAMEWORK") {
                continue;
            }
            if !file.path.contains("setting") && !file.path.contains("config") {
                continue;
            }
            let rank = match file.name().trim_end_matches(".py") {
                "production" | "prod" => 1,
                "dev" | "develop" | "development" | "local" | "test" | "testing" | "ci" => 2,
                _ => 0,
            };
            found.push((rank, module.path.len(), at));
        }
        found.sort_unstable();
        self.settings = found.first().map(|(_, _, at)| *at);
    }

    /// Follows a module, once, after the packages that it is in.
    pub(super) fn import(&mut self, module: usize) {
        let mut path = match self.modules.all.get(module) {
            Some(module) if !module.is_begun => module.path.clone(),
            _ => return,
        };
        let mut above = Vec::new();
        while let Some((folder, _)) = path.rsplit_once('/') {
            above.extend(self.modules.at(folder));
            path = folder.to_owned();
        }
        for package in above.into_iter().rev() {
            self.follow_module(package);
        }
        self.follow_module(module);
    }

    fn follow_module(&mut self, module: usize) {
        let Some(entry) = self.modules.all.get_mut(module) else { return };
        // One that is too deep is followed later; what it defines is filled in then.
        if entry.is_begun || self.importing > MAX_IMPORTS || self.depth + 10 > MAX_DEPTH {
            return;
        }
        entry.is_begun = true;
        let (Some(file), scope) = (entry.file, entry.scope) else { return };
        let (weak, depth) = (std::mem::take(&mut self.weak), self.depth);
        // Imports nest as deep as modules do: each one starts with room of its own.
        self.depth = self.depth.min(MAX_DEPTH / 2) + 4;
        self.importing += 1;
        self.block(file.root(), scope);
        self.importing -= 1;
        self.has_raised = false;
        self.depth = depth;
        self.weak = weak;
    }

    /// Notes an import that could not be answered yet.
    pub(super) fn later(&mut self, scope: usize, name: &'f str, module: usize, attribute: &'f str) {
        self.late.push(Late { scope, name, module, attribute });
    }

    fn fill_late(&mut self) {
        for Late { scope, name, module, attribute } in std::mem::take(&mut self.late) {
            let found = self.member(module, attribute);
            if let (Some(found), Some(scope)) = (found, self.scopes.get_mut(scope)) {
                scope.names.insert(name, found);
            }
        }
    }

    /// What a module has of that name: what it defines, else a module below it.
    pub(super) fn member(&mut self, module: usize, name: &str) -> Option<Value> {
        let scope = self.modules.all.get(module)?.scope;
        if let Some(found) = self.scopes.get(scope)?.names.get(name)
            && found.is_known()
        {
            return Some(found.clone());
        }
        let below = self.modules.below(module, name)?;
        self.import(below);
        Some(Value::Module(below))
    }

    /// Calls functions that declare routes but are called from nowhere that was read, as a server
    /// would: first those that make an application.
    fn call_uncalled(&mut self) {
        let mut waiting: Vec<(u8, usize)> = Vec::new();
        for (at, function) in self.functions.iter().enumerate() {
            if function.class.is_some() || !function.piece.is(&["function_definition"]) {
                continue;
            }
            let text = function.piece.text();
            let makes = text.contains("FastAPI(") || text.contains("Flask(");
            if makes || DECLARING.iter().any(|sign| text.contains(sign)) {
                waiting.push((u8::from(!makes), at));
            }
        }
        waiting.sort_unstable();
        for (_, at) in waiting {
            if self.is_uncalled(at) {
                self.call_function(at, None, &Arguments::default());
                self.has_raised = false;
            }
        }
        self.make_uncalled();
    }

    /// Makes objects of classes whose methods declare routes, and calls these, where nobody does.
    fn make_uncalled(&mut self) {
        let mut of_classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, function) in self.functions.iter().enumerate() {
            if let Some(class) = function.class
                && self.is_declaring(at)
                && self.is_uncalled(at)
            {
                of_classes.entry(class).or_default().push(at);
            }
        }
        for (class, methods) in of_classes {
            let Some(piece) = self.classes.get(class).map(|class| class.piece) else { continue };
            let made = self.call(&Value::Class(class), Arguments::default(), piece);
            for method in methods {
                if matches!(made, Value::Object(_)) && self.is_uncalled(method) {
                    self.call_function(method, Some(made.clone()), &Arguments::default());
                    self.has_raised = false;
                }
            }
        }
    }

    fn is_declaring(&self, function: usize) -> bool {
        self.functions
            .get(function)
            .is_some_and(|f| DECLARING.iter().any(|sign| f.piece.text().contains(sign)))
    }

    fn is_uncalled(&self, function: usize) -> bool {
        self.functions.get(function).is_some_and(|f| !self.calls.contains_key(&key(f.piece)))
    }

    /// Whether a function may be followed (again); counts it as followed if so.
    pub(super) fn opens(&mut self, piece: Piece<'f>) -> bool {
        let key = key(piece);
        if self.open.iter().filter(|open| **open == key).count() >= MAX_OPEN {
            return false;
        }
        if self.request.is_none() {
            let calls = self.calls.entry(key).or_default();
            *calls += 1;
            if *calls > MAX_CALLS {
                return false;
            }
        }
        self.open.push(key);
        true
    }

    /// Whether a function stands for something made up for a parameter, once for each.
    pub(super) fn is_new_parameter(&mut self, piece: Piece<'f>) -> bool {
        self.synthetic.insert(key(piece))
    }

    /// A new scope.
    pub(super) fn scope(&mut self, parent: usize, is_function: bool) -> usize {
        let module = self.scopes.get(parent).map_or(0, |scope| scope.module);
        self.scopes.push(Scope { parent: Some(parent), module, is_function, ..Scope::default() });
        self.scopes.len() - 1
    }

    /// A new list.
    pub(super) fn list(&mut self, mut values: Vec<Value>) -> Value {
        values.truncate(MAX_LIST);
        // Room costs as much as time does.
        self.steps = self.steps.saturating_sub(values.len() / 2);
        self.lists.push(values);
        Value::List(self.lists.len() - 1)
    }

    /// A new dictionary.
    pub(super) fn dict(&mut self, mut entries: Vec<(Value, Value)>) -> Value {
        entries.truncate(MAX_LIST);
        self.steps = self.steps.saturating_sub(entries.len());
        self.dicts.push(entries);
        Value::Dict(self.dicts.len() - 1)
    }

    /// Something that came out of a call.
    pub(super) fn object(
        &mut self,
        callee: Value,
        arguments: Arguments,
        piece: Piece<'f>,
    ) -> Value {
        let at = self.objects.len();
        let attributes = HashMap::new();
        self.objects.push(Object { callee, arguments: Rc::new(arguments), piece, attributes });
        if self.request.is_none() {
            self.log.push(Event::Called(at));
        }
        Value::Object(at)
    }

    /// The members of a list; nothing for anything else.
    pub(super) fn members(&self, value: &Value) -> Vec<Value> {
        match value {
            Value::List(list) => self.lists.get(*list).cloned().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The value of a key of a dictionary.
    pub(super) fn entry(&self, dict: &Value, key: &str) -> Option<Value> {
        let Value::Dict(dict) = dict else { return None };
        let entries = self.dicts.get(*dict)?;
        let found = entries.iter().rev().find(|(k, _)| matches!(k, Value::Str(k) if &**k == key));
        found.map(|(_, value)| value.clone())
    }

    /// A class and those that it inherits from, nearest first; packages' by name.
    pub(super) fn ancestry(&self, class: usize) -> Vec<Value> {
        let mut out = Vec::new();
        let mut open = vec![Value::Class(class)];
        while let Some(next) = open.pop() {
            if out.contains(&next) || out.len() > 60 {
                continue;
            }
            if let Value::Class(at) = next
                && let Some(class) = self.classes.get(at)
            {
                open.extend(class.bases.iter().rev().cloned());
            }
            out.push(next);
        }
        out
    }

    /// The names of packages' classes that a class inherits from, last parts only.
    pub(super) fn outside(&self, class: usize) -> Vec<Rc<str>> {
        self.ancestry(class)
            .iter()
            .filter_map(|value| value.name().map(|name| super::value::tail(name).into()))
            .collect()
    }

    /// What a class or one that it inherits from defines, with the class that does.
    pub(super) fn class_member(&self, class: usize, name: &str) -> Option<(usize, Value)> {
        self.ancestry(class).into_iter().find_map(|value| {
            let Value::Class(at) = value else { return None };
            let scope = self.scopes.get(self.classes.get(at)?.scope)?;
            scope.names.get(name).map(|value| (at, value.clone()))
        })
    }

    /// The name of a function or class.
    pub(super) fn name_of(&self, value: &Value) -> Option<&'f str> {
        let piece = match value {
            Value::Function(at) | Value::Bound(_, at) => self.functions.get(*at)?.piece,
            Value::Class(at) => self.classes.get(*at)?.piece,
            _ => return None,
        };
        piece.field("name").map(|name| name.text())
    }
}

/// What tells a definition from all others.
fn key(piece: Piece<'_>) -> (usize, usize) {
    (std::ptr::from_ref(piece.file) as usize, piece.offset())
}

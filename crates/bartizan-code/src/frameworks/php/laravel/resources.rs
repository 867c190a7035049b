//! Resource controllers, and routes that packages and settings declare.

use super::{
    router::{Router, in_namespace},
    scope::Scope,
};
use crate::{
    frameworks::{
        inflect,
        php::{
            calls::{Chain, Link},
            values::Value,
        },
    },
    route::Level,
    syntax::Piece,
};

/// What the calls behind a resource say of it.
#[derive(Default)]
struct Shape {
    only: Option<Vec<String>>,
    except: Vec<String>,
    parameters: Vec<(String, String)>,
    is_shallow: bool,
    is_creatable: bool,
    is_destroyable: bool,
    /// Middleware of single methods: methods, names, and whether they are taken away.
    of_methods: Vec<(Vec<String>, Vec<String>, bool)>,
}

/// A method of a resource controller: name, verbs, whether it is of one, and what follows the path.
type Line = (&'static str, &'static [&'static str], bool, &'static str);

const LINES: &[Line] = &[
    ("index", &["GET"], false, ""),
    ("create", &["GET"], false, "/create"),
    ("store", &["POST"], false, ""),
    ("show", &["GET"], true, ""),
    ("edit", &["GET"], true, "/edit"),
    ("update", &["PUT", "PATCH"], true, ""),
    ("destroy", &["DELETE"], true, ""),
];

impl Shape {
    fn read<'f>(link: &Link<'f>, rest: &[Link<'f>], scope: &mut Scope<'_, 'f>) -> Self {
        let mut shape = Self::default();
        if let Some(options) = link.argument(2, "options") {
            let value = scope.known.value(&options);
            for name in ["only", "except", "parameters", "shallow"] {
                if let Some(value) = value.at(name) {
                    shape.add(name, value);
                }
            }
            scope.apply_array(&options, Level::Route);
        }
        for link in rest {
            let values: Vec<Value<'f>> =
                link.arguments.iter().map(|(_, piece)| scope.known.value(piece)).collect();
            let roughly = |at: usize| {
                link.arguments.get(at).map_or_else(Vec::new, |(_, it)| scope.known.roughly(it))
            };
            match link.name {
                "middlewareFor" | "withoutMiddlewareFor" => {
                    let is_gone = link.name == "withoutMiddlewareFor";
                    shape.of_methods.push((roughly(0), roughly(1), is_gone));
                }
                "parameter" => {
                    if let (Some(name), Some(new)) = (roughly(0).pop(), roughly(1).pop()) {
                        shape.parameters.push((name, new));
                    }
                }
                "only" | "except" => {
                    let all =
                        values.iter().flat_map(Value::texts).map(|it| (None, Value::Text(it)));
                    shape.add(link.name, &Value::List(all.collect()));
                }
                "shallow" | "creatable" | "destroyable" | "parameters" => {
                    let value = values.into_iter().next().unwrap_or(Value::Truth(true));
                    shape.add(link.name, &value);
                }
                _ => {
                    scope.apply(link, Level::Route);
                }
            }
        }
        shape
    }

    fn add(&mut self, name: &str, value: &Value<'_>) {
        match name {
            "only" => self.only = Some(value.texts()),
            "except" => self.except.extend(value.texts()),
            "shallow" => self.is_shallow = !matches!(value, Value::Truth(false)),
            "creatable" => self.is_creatable = true,
            "destroyable" => self.is_destroyable = true,
            "parameters" => {
                if let Value::List(pairs) = value {
                    for (name, new) in pairs {
                        if let (Some(name), Some(new)) = (name, new.text()) {
                            self.parameters.push((name.clone(), new.to_owned()));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// The parameter of a part of a resource.
    fn parameter(&self, part: &str) -> String {
        let renamed = self.parameters.iter().rev().find(|(name, _)| name == part);
        renamed.map_or_else(|| inflect::singular(part), |(_, new)| new.clone()).replace('-', "_")
    }

    fn has(&self, method: &str) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|it| it == method),
            None => !self.except.iter().any(|it| it == method),
        }
    }
}

impl<'m, 'f> Router<'m, 'f> {
    /// Whether a method declares resources.
    pub(super) fn is_resource(&self, name: &str) -> bool {
        matches!(
            name,
            "resource"
                | "resources"
                | "apiResource"
                | "apiResources"
                | "singleton"
                | "singletons"
                | "apiSingleton"
                | "apiSingletons"
                | "softDeletableResources"
        )
    }

    /// `Route::resource` and its like, of one or several.
    pub(super) fn resource(
        &mut self,
        link: &Link<'f>,
        rest: &[Link<'f>],
        mut scope: Scope<'m, 'f>,
    ) {
        let Some(first) = link.argument(0, "name") else { return };
        let (listed, is_many) = match scope.known.value(&first) {
            Value::Text(name) => {
                let controller = link.argument(1, "controller").map(|it| scope.known.value(&it));
                (vec![(Some(name), controller)], false)
            }
            Value::List(pairs) => {
                (pairs.into_iter().map(|(name, value)| (name, Some(value))).collect(), true)
            }
            _ => return,
        };
        // Options come before where there is no controller of its own.
        let own = match is_many {
            true => {
                let mut own = link.clone();
                own.arguments.insert(1, (Some("controller"), first));
                own
            }
            false => link.clone(),
        };
        let shape = Shape::read(&own, rest, &mut scope);
        for (name, controller) in listed {
            let controller = controller.and_then(|value| match value {
                Value::Class(class) => Some(class),
                Value::Text(class) => Some(in_namespace(&class, &scope)),
                _ => None,
            });
            if let Some(name) = name {
                let is_api = link.name.starts_with("api");
                let is_single = link.name.to_lowercase().contains("singleton");
                let kind = Kind { is_api, is_single };
                self.methods(&name, controller.as_deref(), kind, &shape, &link.piece, &scope);
            }
        }
    }

    fn methods(
        &mut self,
        name: &str,
        controller: Option<&str>,
        kind: Kind,
        shape: &Shape,
        piece: &Piece<'f>,
        scope: &Scope<'m, 'f>,
    ) {
        let name = name.trim_matches('/');
        let (front, name) = name.rsplit_once('/').unwrap_or(("", name));
        let mut scope = scope.clone();
        scope.add_prefix(front);
        let parts: Vec<&str> = name.split('.').collect();
        let Some((last, parents)) = parts.split_last() else { return };
        let around: String =
            parents.iter().map(|part| format!("{part}/{{{}}}/", shape.parameter(part))).collect();
        for (method, verbs, is_of_one, behind) in LINES {
            if !kind.has(method, shape) || !shape.has(method) {
                continue;
            }
            let is_of_one = *is_of_one && !kind.is_single;
            let is_cut = shape.is_shallow && is_of_one;
            let around = if is_cut { "" } else { around.as_str() };
            let one =
                if is_of_one { format!("/{{{}}}", shape.parameter(last)) } else { String::new() };
            let mut inner = scope.clone();
            inner.add_prefix(&format!("{around}{last}{one}{behind}"));
            for (methods, names, is_gone) in &shape.of_methods {
                if methods.iter().any(|it| it == method) {
                    match is_gone {
                        true => inner.without.extend(names.clone()),
                        false => inner.add_uses(names.clone(), piece, Level::Route),
                    }
                }
            }
            let answers = controller.map(|it| (it.to_owned(), (*method).to_owned()));
            let path = inner.prefix.clone();
            for verb in *verbs {
                self.declare(verb, &path, answers.as_ref(), piece, &inner);
            }
        }
    }

    /// `->withRouting(api: …, apiPrefix: 'api/v1', then: …)`
    pub(super) fn configure(&mut self, chain: &Chain<'f>, scope: &Scope<'m, 'f>) {
        let Some(link) = chain.links.iter().find(|link| link.name == "withRouting") else { return };
        let prefix = link.argument(7, "apiPrefix").map(|it| scope.known.roughly(&it));
        let prefix = prefix.and_then(|all| all.into_iter().next()).unwrap_or("api".to_owned());
        for (place, name) in [(2, "api"), (1, "web")] {
            if let Some(path) = link.argument(place, name) {
                let mut inner = scope.deeper();
                inner.add_uses(vec![name.to_owned()], &link.piece, Level::Group);
                if name == "api" {
                    inner.add_prefix(&prefix);
                }
                self.load(&path, &inner);
            }
        }
        for (place, name) in [(0, "using"), (8, "then")] {
            if let Some(code) = link.argument(place, name) {
                self.callable(&code, &scope.deeper(), &[]);
            }
        }
        if let Some(Value::Text(path)) = link.argument(6, "health").map(|it| scope.known.value(&it))
        {
            self.declare("GET", &path, None, &link.piece, scope);
        }
    }

    /// `Auth::routes(['verify' => true])`
    pub(super) fn auth_routes(&mut self, chain: &Chain<'f>, scope: &Scope<'m, 'f>) {
        type Line = (&'static str, &'static str, &'static str, &'static str, &'static str);
        const LINES: &[Line] = &[
            ("login", "GET", "login", "LoginController", "showLoginForm"),
            ("login", "POST", "login", "LoginController", "login"),
            ("logout", "POST", "logout", "LoginController", "logout"),
            ("register", "GET", "register", "RegisterController", "showRegistrationForm"),
            ("register", "POST", "register", "RegisterController", "register"),
            ("reset", "GET", "password/reset", "ForgotPasswordController", "showLinkRequestForm"),
            ("reset", "POST", "password/email", "ForgotPasswordController", "sendResetLinkEmail"),
            ("reset", "GET", "password/reset/{token}", "ResetPasswordController", "showResetForm"),
            ("reset", "POST", "password/reset", "ResetPasswordController", "reset"),
            ("confirm", "GET", "password/confirm", "ConfirmPasswordController", "showConfirmForm"),
            ("confirm", "POST", "password/confirm", "ConfirmPasswordController", "confirm"),
            ("verify", "GET", "email/verify", "VerificationController", "show"),
            ("verify", "GET", "email/verify/{id}/{hash}", "VerificationController", "verify"),
            ("verify", "POST", "email/resend", "VerificationController", "resend"),
        ];
        let Some(link) = chain.links.last() else { return };
        let options = link.argument(0, "options").map(|it| scope.known.value(&it));
        for (part, method, path, controller, action) in LINES {
            let said = options.as_ref().and_then(|options| options.at(part));
            let is_on = match said {
                Some(Value::Truth(truth)) => *truth,
                _ => *part != "verify",
            };
            if is_on {
                let mut inner = scope.deeper();
                inner.add_prefix(path);
                if matches!(*part, "confirm" | "verify") {
                    inner.add_uses(vec!["auth".to_owned()], &link.piece, Level::Group);
                }
                let class = format!("App\\Http\\Controllers\\Auth\\{controller}");
                let answers = Some((class, (*action).to_owned()));
                let path = inner.prefix.clone();
                self.declare(method, &path, answers.as_ref(), &link.piece, &inner);
            }
        }
    }
}

/// Of which kind a resource is.
#[derive(Clone, Copy)]
struct Kind {
    is_api: bool,
    is_single: bool,
}

impl Kind {
    fn has(self, method: &str, shape: &Shape) -> bool {
        match method {
            "edit" => !self.is_api,
            "index" => !self.is_single,
            "create" if self.is_single => shape.is_creatable && !self.is_api,
            "create" => !self.is_api,
            "store" if self.is_single => shape.is_creatable,
            "destroy" if self.is_single => shape.is_creatable || shape.is_destroyable,
            _ => true,
        }
    }
}

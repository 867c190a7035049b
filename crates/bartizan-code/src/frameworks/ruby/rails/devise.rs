//! Routes that Devise and `devise_token_auth` declare for a model.

use super::{mapper::Mapper, scope::Scope};
use crate::frameworks::{
    inflect,
    ruby::calls::{Call, Options, Value, option, statements},
};

/// A route of Devise: part, action, methods, and its path, where a word in braces is one that can
/// be renamed.
type Line = (&'static str, &'static str, &'static [&'static str], &'static str);

const LINES: &[Line] = &[
    ("sessions", "new", &["GET"], "{sign_in}"),
    ("sessions", "create", &["POST"], "{sign_in}"),
    ("sessions", "destroy", &["DELETE"], "{sign_out}"),
    ("passwords", "new", &["GET"], "{password}/{new}"),
    ("passwords", "edit", &["GET"], "{password}/{edit}"),
    ("passwords", "update", &["PATCH", "PUT"], "{password}"),
    ("passwords", "create", &["POST"], "{password}"),
    ("registrations", "cancel", &["GET"], "{registration}/{cancel}"),
    ("registrations", "new", &["GET"], "{registration}/{sign_up}"),
    ("registrations", "edit", &["GET"], "{registration}/{edit}"),
    ("registrations", "update", &["PATCH", "PUT"], "{registration}"),
    ("registrations", "destroy", &["DELETE"], "{registration}"),
    ("registrations", "create", &["POST"], "{registration}"),
    ("confirmations", "new", &["GET"], "{confirmation}/{new}"),
    ("confirmations", "show", &["GET"], "{confirmation}"),
    ("confirmations", "create", &["POST"], "{confirmation}"),
    ("unlocks", "new", &["GET"], "{unlock}/{new}"),
    ("unlocks", "show", &["GET"], "{unlock}"),
    ("unlocks", "create", &["POST"], "{unlock}"),
];

/// Modules of models that bring parts.
const PARTS: &[(&str, &str)] = &[
    ("database_authenticatable", "sessions"),
    ("recoverable", "passwords"),
    ("registerable", "registrations"),
    ("confirmable", "confirmations"),
    ("lockable", "unlocks"),
    ("omniauthable", "omniauth_callbacks"),
];

impl<'f> Mapper<'_, 'f> {
    /// `devise_for :users`.
    pub(super) fn devise(&mut self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) {
        for name in scope.known.positional(call).iter().flat_map(Value::texts) {
            let class = option(options, "class_name")
                .and_then(Value::text)
                .map_or_else(|| camel(&inflect::singular(&name)), str::to_owned);
            let (mut parts, providers) = self.model(&class);
            let skipped = option(options, "skip").map(Value::texts).unwrap_or_default();
            let only = option(options, "only").map(Value::texts);
            let is = |list: &[String], part: &str| {
                list.iter().any(|it| it == "all" || inflect::plural(it) == *part)
            };
            parts.retain(|part| {
                !is(&skipped, part) && only.as_ref().is_none_or(|only| is(only, part))
            });
            let path = option(options, "path")
                .map_or(name.as_str(), |path| path.text().unwrap_or_default());
            let at = scope.nested().below(path);
            let sign_out = option(options, "sign_out_via").map(Value::texts).unwrap_or_default();
            self.lines(call, options, scope, &at, &parts, &sign_out);
            if parts.contains(&"omniauth_callbacks") {
                self.providers(call, options, scope, &at, &providers);
            }
        }
    }

    fn lines(
        &mut self,
        call: &Call<'f>,
        options: &Options<'f>,
        scope: &Scope<'f>,
        at: &str,
        parts: &[&str],
        sign_out: &[String],
    ) {
        for (part, action, methods, template) in LINES {
            if !parts.contains(part) {
                continue;
            }
            let words: Vec<String> = template
                .split('/')
                .map(|word| path_name(options, word.trim_matches(['{', '}'])))
                .filter(|word| !word.is_empty())
                .collect();
            let path = format!("{at}/{}", words.join("/"));
            let mut methods: Vec<String> = methods.iter().map(|&it| it.to_owned()).collect();
            if *part == "sessions" && *action == "destroy" && !sign_out.is_empty() {
                methods = sign_out.iter().map(|method| method.to_uppercase()).collect();
            }
            let mut controller = controller(options, scope, part);
            if !self.filters.knows(&controller, &self.root) {
                // One that is not in the folder can only be taken for what it derives from.
                controller = format!("devise/{part}");
            }
            let answers = Some((controller, (*action).to_owned()));
            self.declare(&methods, &path, answers, &call.piece, &scope.guards);
        }
    }

    fn providers(
        &mut self,
        call: &Call<'f>,
        options: &Options<'f>,
        scope: &Scope<'f>,
        at: &str,
        providers: &[String],
    ) {
        let controller = controller(options, scope, "omniauth_callbacks");
        let (post, both) = (["POST".to_owned()], ["GET".to_owned(), "POST".to_owned()]);
        for provider in providers {
            let path = format!("{at}/auth/{provider}");
            let answers = Some((controller.clone(), "passthru".to_owned()));
            self.declare(&post, &path, answers, &call.piece, &scope.guards);
            let answers = Some((controller.clone(), provider.clone()));
            let path = format!("{path}/callback");
            self.declare(&both, &path, answers, &call.piece, &scope.guards);
        }
    }

    /// The parts that a model has, and who it can be signed in by. One that is not in the folder
    /// has what most have.
    fn model(&self, class: &str) -> (Vec<&'static str>, Vec<String>) {
        let usual = || vec!["sessions", "passwords", "registrations"];
        let (ancestors, _) = self.classes.ancestors(class, &self.root);
        let calls: Vec<Call<'_>> = ancestors
            .iter()
            .flat_map(|class| statements(&class.piece))
            .filter_map(|piece| Call::of(&piece))
            .filter(|call| call.name == "devise" && call.receiver.is_none())
            .collect();
        if calls.is_empty() {
            return (usual(), Vec::new());
        }
        let known = &self.classes.constants;
        let modules: Vec<String> = calls
            .iter()
            .flat_map(|call| known.positional(call))
            .flat_map(|it| it.texts())
            .collect();
        let parts = PARTS
            .iter()
            .filter(|(module, _)| modules.iter().any(|it| it == module))
            .map(|(_, part)| *part)
            .collect();
        let providers = calls
            .iter()
            .filter_map(|call| Some(option(&known.options(call), "omniauth_providers")?.texts()))
            .flatten()
            .collect();
        (parts, providers)
    }

    /// `mount_devise_token_auth_for 'User', at: 'auth'`.
    pub(super) fn token_auth(&mut self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) {
        let piece = &call.piece;
        let at = option(options, "at").and_then(Value::text).unwrap_or("auth");
        let at = scope.nested().below(at);
        let skipped = option(options, "skip").map(Value::texts).unwrap_or_default();
        let lines = LINES.iter().filter(|(part, ..)| {
            matches!(*part, "sessions" | "passwords" | "registrations")
                && !skipped.iter().any(|it| it == part)
        });
        for (_, _, methods, template) in lines {
            let words: Vec<String> = template
                .split('/')
                .map(|word| path_name(options, word.trim_matches(['{', '}'])))
                .filter(|word| !word.is_empty())
                .collect();
            let methods: Vec<String> = methods.iter().map(|&it| it.to_owned()).collect();
            let path = format!("{at}/{}", words.join("/"));
            self.declare(&methods, &path, None, piece, &scope.guards);
        }
        let path = format!("{at}/validate_token");
        let answers = Some(("devise/registrations".to_owned(), "update".to_owned()));
        self.declare(&["GET".to_owned()], &path, answers, piece, &scope.guards);
    }
}

/// The controller of a part: renamed, in a module, or Devise's own.
fn controller(options: &Options<'_>, scope: &Scope<'_>, part: &str) -> String {
    let renamed = match option(options, "controllers") {
        Some(Value::Hash(names)) => option(names, part).and_then(Value::text),
        _ => None,
    };
    // Devise leaves the modules around to controllers that are not renamed.
    let module = option(options, "module").and_then(Value::text).unwrap_or(&scope.module);
    match (renamed, module) {
        (Some(renamed), _) => renamed.trim_matches('/').to_owned(),
        (None, "") => format!("devise/{part}"),
        (None, module) => format!("{module}/{part}"),
    }
}

fn path_name(options: &Options<'_>, word: &str) -> String {
    let renamed = match option(options, "path_names") {
        Some(Value::Hash(names)) => option(names, word).and_then(Value::text),
        _ => None,
    };
    let usual = if word == "registration" { "" } else { word };
    renamed.unwrap_or(usual).trim_matches('/').to_owned()
}

fn camel(name: &str) -> String {
    name.split(['_', '/'])
        .map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            first + chars.as_str()
        })
        .collect()
}

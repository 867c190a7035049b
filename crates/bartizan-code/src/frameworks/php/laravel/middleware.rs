//! Middleware: what its names mean, and which of it refuses callers.

use std::collections::HashMap;

use crate::{
    frameworks::php::{
        calls::{Chain, Start},
        classes::{Class, Classes, is_below},
        values::{Known, Value},
    },
    guards,
    route::{Effect, Guard, Level, Place, short},
    syntax::{File, Piece},
};

/// Middleware where it is used.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// Alias, group or class, with what follows a colon.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) level: Level,
    /// Whether it refuses, where that is known already.
    pub(super) refuses: Option<bool>,
}

/// What an application calls its middleware.
pub(super) struct Middleware<'c, 'f> {
    classes: &'c Classes<'f>,
    root: &'c str,
    aliases: HashMap<String, String>,
    groups: HashMap<String, Vec<String>>,
    global: Vec<Use>,
}

/// Methods that are looked into for one middleware, each once.
const MAX_METHODS: usize = 40;

/// Middleware of the framework and of well known packages that refuses, by alias or class.
const REFUSES: &[&str] = &[
    "abilities",
    "ability",
    "auth",
    "auth.basic",
    "authenticate",
    "authenticatewithbasicauth",
    "authorize",
    "can",
    "checkabilities",
    "checkclientcredentials",
    "checkclientcredentialsforanyscope",
    "checkforanyability",
    "checkforanyscope",
    "checkscopes",
    "checktoken",
    "checktokenforanyscope",
    "client",
    "ensureclientisresourceowner",
    "ensureemailisverified",
    "password.confirm",
    "permission",
    "permissionmiddleware",
    "requirepassword",
    "role",
    "role_or_permission",
    "rolemiddleware",
    "roleorpermissionmiddleware",
    "scope",
    "scopes",
    "signed",
    "validatesignature",
    "verified",
];

/// Such that lets everybody in, whatever its name says.
const LETS_IN: &[&str] = &[
    "api",
    "auth.session",
    "authenticatesession",
    "ensurefrontendrequestsarestateful",
    "guest",
    "redirectifauthenticated",
    "shareerrorsfromsession",
    "throttle",
    "validatecsrftoken",
    "verifycsrftoken",
    "web",
];

impl<'c, 'f> Middleware<'c, 'f> {
    /// Reads what the application below `root` says of its middleware.
    pub(super) fn new(classes: &'c Classes<'f>, root: &'c str) -> Self {
        let mut all = Self {
            classes,
            root,
            aliases: HashMap::new(),
            groups: HashMap::new(),
            global: Vec::new(),
        };
        for file in classes.files().iter().filter(|file| is_below(&file.path, root)) {
            if file.path.ends_with("Kernel.php") {
                all.read_kernel(file);
            } else if file.path.ends_with("bootstrap/app.php") || file.path.contains("Provider") {
                all.read_calls(file);
            }
        }
        all
    }

    fn read_kernel(&mut self, file: &File) {
        let known = Known::new(self.classes, self.root);
        let piece = file.root().all(&["class_declaration"]).next();
        let Some(piece) = piece else { return };
        let full = self.classes.names(file).declared(&piece);
        let found = self.classes.named(&full, self.root);
        let Some(class) = found.iter().find(|class| class.piece.file.path == file.path) else {
            return;
        };
        for property in ["routeMiddleware", "middlewareAliases"] {
            if let Some(Value::List(pairs)) = class.property(property).map(|it| known.value(&it)) {
                self.add_aliases(pairs);
            }
        }
        if let Some(Value::List(groups)) =
            class.property("middlewareGroups").map(|it| known.value(&it))
        {
            for (name, members) in groups {
                if let Some(name) = name {
                    self.groups.entry(name).or_default().extend(members.texts());
                }
            }
        }
        if let Some(piece) = class.property("middleware") {
            let names = known.value(&piece).texts();
            self.add_global(&names, &piece);
        }
    }

    fn add_aliases(&mut self, pairs: Vec<(Option<String>, Value<'_>)>) {
        for (name, value) in pairs {
            if let (Some(name), Some(class)) = (name, value.text()) {
                self.aliases.insert(name, class.to_owned());
            }
        }
    }

    fn add_global(&mut self, names: &[String], piece: &Piece<'_>) {
        self.global.extend(names.iter().map(|name| Use {
            name: name.clone(),
            place: piece.place(),
            level: Level::Application,
            refuses: None,
        }));
    }

    /// `->withMiddleware(function (Middleware $middleware) { … })`, `Route::aliasMiddleware(…)`
    /// and Lumen's `$app->routeMiddleware([…])`.
    fn read_calls(&mut self, file: &'f File) {
        let known = Known::new(self.classes, self.root);
        let pieces = file.root().all(&["member_call_expression", "scoped_call_expression"]);
        for chain in pieces.filter_map(|piece| Chain::of(&piece)) {
            let is_asked = match chain.start {
                Start::Class(name) => name.ends_with("Route"),
                Start::Value(on) => on.kind() == "variable_name",
            };
            // In `bootstrap/app.php` also `Route::middleware` is called, of groups of routes.
            let on = match chain.start {
                Start::Value(on) => on.text(),
                Start::Class(_) => "",
            };
            let is_bootstrap = file.path.ends_with("bootstrap/app.php") && !on.is_empty();
            let is_lumen = is_bootstrap && on == "$app" && chain.links.len() == 1;
            let Some(link) = chain.links.last().filter(|_| is_asked) else { continue };
            let at = |place: usize, name: &str| link.argument(place, name);
            let texts = |place: usize, name: &str| {
                at(place, name).map(|it| known.value(&it).texts()).unwrap_or_default()
            };
            match link.name {
                "alias" | "routeMiddleware" => {
                    if let Some(Value::List(pairs)) = at(0, "aliases").map(|it| known.value(&it)) {
                        self.add_aliases(pairs);
                    }
                }
                "aliasMiddleware" => {
                    let pair = (texts(0, "name").pop(), texts(1, "class").pop());
                    if let (Some(name), Some(class)) = pair {
                        self.aliases.insert(name, class);
                    }
                }
                "appendToGroup"
                | "prependToGroup"
                | "pushMiddlewareToGroup"
                | "prependMiddlewareToGroup"
                | "middlewareGroup" => {
                    if let Some(group) = texts(0, "group").pop() {
                        self.groups.entry(group).or_default().extend(texts(1, "middleware"));
                    }
                }
                "group" if is_bootstrap && link.arguments.len() == 2 => {
                    let members = texts(1, "middleware");
                    if let (Some(group), false) = (texts(0, "group").pop(), members.is_empty()) {
                        self.groups.entry(group).or_default().extend(members);
                    }
                }
                "api" | "web" if is_bootstrap => {
                    let members = ["append", "prepend"].iter().enumerate();
                    for member in members.flat_map(|(place, name)| texts(place, name)) {
                        self.groups.entry(link.name.to_owned()).or_default().push(member);
                    }
                }
                "append" | "prepend" | "use" if is_bootstrap => {
                    let names = texts(0, "middleware");
                    self.add_global(&names, &link.piece);
                }
                "middleware" if is_lumen => {
                    let names = texts(0, "middleware");
                    self.add_global(&names, &link.piece);
                }
                _ => {}
            }
        }
    }

    /// The guards that middleware is, outermost first, without what is taken away again.
    pub(super) fn guards(&self, uses: &[Use], without: &[String]) -> Vec<Guard> {
        let mut guards = Vec::new();
        for one in self.global.iter().chain(uses) {
            if !self.is_taken_away(&one.name, without) && self.refuses(one, without) {
                guards.push(Guard {
                    name: short(&one.name),
                    effect: Effect::Demands,
                    level: one.level,
                    place: one.place.clone(),
                });
            }
        }
        guards
    }

    fn refuses(&self, one: &Use, without: &[String]) -> bool {
        one.refuses.unwrap_or_else(|| self.name_refuses(&one.name, without, 0))
    }

    fn is_taken_away(&self, name: &str, without: &[String]) -> bool {
        let (base, rest) = name.split_once(':').unwrap_or((name, ""));
        without.iter().any(|gone| {
            let (gone, gone_rest) = gone.split_once(':').unwrap_or((gone, ""));
            self.is_same(self.class_of(gone), self.class_of(base))
                && (gone_rest == rest || gone_rest.is_empty() || rest.is_empty())
        })
    }

    /// Whether two names are of one class; some have an alias of the framework.
    fn is_same(&self, one: &str, other: &str) -> bool {
        let plain = |name: &str| match last_of(name) {
            "auth" => "Authenticate".to_owned(),
            "verified" => "EnsureEmailIsVerified".to_owned(),
            "signed" => "ValidateSignature".to_owned(),
            last => last.to_owned(),
        };
        one == other || plain(one) == plain(other)
    }

    /// The class that an alias stands for.
    fn class_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.aliases.get(name).map_or(name, String::as_str).trim_start_matches('\\')
    }

    fn name_refuses(&self, name: &str, without: &[String], depth: usize) -> bool {
        let base = name.split(':').next().unwrap_or(name);
        if depth > 2 {
            return false;
        }
        if let Some(members) = self.groups.get(base)
            && !self.aliases.contains_key(base)
        {
            return members.iter().any(|member| {
                !self.is_taken_away(member, without)
                    && self.name_refuses(member, without, depth + 1)
            });
        }
        let class = self.class_of(base);
        if class.contains('\\') || class.starts_with(|c: char| c.is_uppercase()) {
            return self.class_refuses(class);
        }
        by_name(name)
    }

    fn class_refuses(&self, full: &str) -> bool {
        let (ancestors, unknown) = self.classes.ancestors(full, self.root);
        let last = full.rsplit('\\').next().unwrap_or(full);
        if ancestors.is_empty() {
            return by_name(last);
        }
        if is_about_other_things(last) {
            return false;
        }
        let handle = ancestors.iter().find_map(|class| class.method("handle"));
        if handle.is_some_and(|handle| is_for_known(handle.text())) {
            return false;
        }
        let parent_refuses = || unknown.iter().any(|name| by_name(last_of(name)));
        match handle {
            None => parent_refuses(),
            Some(handle) => {
                function_refuses(&handle, &ancestors)
                    || handle.text().contains("parent::handle") && parent_refuses()
                    || is_believed(last)
            }
        }
    }
}

fn last_of(full: &str) -> &str {
    full.rsplit('\\').next().unwrap_or(full)
}

/// Whether a name of middleware that is not in the folder says that it refuses.
fn by_name(name: &str) -> bool {
    let base = name.split(':').next().unwrap_or(name).to_lowercase();
    if LETS_IN.contains(&base.as_str()) || is_about_other_things(name) {
        return false;
    }
    REFUSES.contains(&base.as_str()) || guards::by_name(name).is_some()
}

/// Names of middleware that lets everybody in who could be let in.
fn is_about_other_things(name: &str) -> bool {
    let words = guards::words(name);
    let lower = name.to_lowercase();
    let is_for_guests = lower.starts_with("redirectif") && !words.iter().any(|word| word == "not");
    is_for_guests
        || LETS_IN.contains(&lower.as_str())
        || words.iter().any(|word| {
            matches!(
                word.as_str(),
                "csrf" | "maintenance" | "throttle" | "feature" | "optional" | "guest" | "cors"
            )
        })
}

/// Whether a name is enough where the code of the middleware does not show a refusal.
fn is_believed(name: &str) -> bool {
    const LOOKS_UP: &[&str] = &[
        "set", "load", "share", "track", "log", "attach", "inject", "resolve", "refresh", "update",
        "record", "remember", "handle", "add", "append", "sync", "trim", "encrypt", "identify",
    ];
    let words = guards::words(name);
    !words.first().is_some_and(|word| LOOKS_UP.contains(&word.as_str())) && by_name(name)
}

/// Whether a function turns callers away, itself or by methods of its class.
pub(super) fn function_refuses(function: &Piece<'_>, ancestors: &[&Class<'_>]) -> bool {
    let mut open = vec![*function];
    let mut seen: Vec<&str> = vec!["handle"];
    while let Some(function) = open.pop() {
        let text = function.text();
        if guards::refuses(text) || redirects(text) {
            return true;
        }
        for call in function.all(&["member_call_expression"]) {
            let is_own = call.field("object").is_some_and(|on| on.text() == "$this");
            let name = call.field("name").map_or("", |name| name.text());
            if is_own && seen.len() < MAX_METHODS && !seen.contains(&name) {
                seen.push(name);
                open.extend(ancestors.iter().find_map(|class| class.method(name)));
            }
        }
    }
    false
}

/// Whether code refuses only callers that are known, as those who were banned: nobody without
/// credentials is.
fn is_for_known(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = text.to_lowercase();
    const KNOWN: &[&str] = &[
        "if(auth()->check()&&",
        "if(auth::check()&&",
        "if($request->user()&&",
        "if($user&&",
        "if(auth()->user()?->",
        "if($request->user()?->",
        "if($user?->",
    ];
    const UNKNOWN: &[&str] = &["if(!", "||!", "unless(", "===null", "is_null(", "guest()"];
    let count = lower.matches("if(").count();
    count == 1
        && KNOWN.iter().any(|it| lower.contains(it))
        && !UNKNOWN.iter().any(|it| lower.contains(it))
        && !lower.contains("else")
}

/// Whether code sends callers to the login, or away where nobody is signed in.
fn redirects(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = text.to_lowercase();
    const TO_LOGIN: &[&str] = &[
        "route('login",
        "redirect('login",
        "redirect('/login",
        "to('/login",
        "to('login",
        "->guest(",
        "route(\"login",
        "redirect(\"/login",
        ".login')",
        "login')",
    ];
    let leads_away =
        ["redirect", "abort(", "response(", "abort_if"].iter().any(|it| lower.contains(it));
    let asks = [
        "!auth",
        "!$request->user",
        "!$user",
        "!session()->has",
        "guest()",
        "!$this->auth",
        "!$request->session()->has('user",
        "user()===null",
        "user()==null",
        "is_null($request->user",
        "!optional($request->user",
        "!$request->bearertoken",
        "!$token",
    ];
    lower.contains("redirect") && TO_LOGIN.iter().any(|it| lower.contains(it))
        || leads_away && !lower.contains("user()&&!") && asks.iter().any(|it| lower.contains(it))
        || lower.contains("abort_unless(")
            && ["user", "auth", "token", "key"].iter().any(|it| lower.contains(it))
}

//! What stands before a handler, and whether it refuses callers without credentials.

use super::{
    exempt::Terms,
    machine::{Host, Machine},
    value::{Arg, Called, FunctionId, Value},
};
use crate::{
    guards,
    route::{Guard, Level, short},
    syntax::Piece,
};

/// Functions that a guard calls are followed so far.
const MAX_DEPTH: usize = 4;

/// Words of what refuses for other reasons, or does not refuse at all.
const SOFT: &[&str] = &[
    "optional",
    "optionally",
    "maybe",
    "csrf",
    "xsrf",
    "rate",
    "limit",
    "limiter",
    "throttle",
    "throttler",
    "cors",
    "guest",
    "anonymous",
    "unauthenticated",
    "validate",
    "validator",
    "log",
    "logger",
];

/// Packages whose middleware is no guard, whatever its names say.
const NO_GUARDS: &[&str] = &[
    "express-validator",
    "celebrate",
    "joi",
    "zod",
    "express-session",
    "cookie-session",
    "express-rate-limit",
    "rate-limiter-flexible",
    "csurf",
    "csrf-csrf",
    "lusca",
    "helmet",
    "cors",
    "morgan",
    "multer",
    "body-parser",
    "express-fileupload",
    "swagger-ui-express",
    "next-auth",
    "@auth/express",
    "better-auth",
    "express-async-handler",
    "@fastify/rate-limit",
    "i18next",
];

/// Ways of Passport to log in, rather than to be logged in.
pub(super) const LOGINS: &[&str] = &[
    "local",
    "google",
    "github",
    "facebook",
    "twitter",
    "linkedin",
    "saml",
    "oauth2",
    "oauth",
    "openidconnect",
    "oidc",
    "discord",
    "microsoft",
    "apple",
    "steam",
    "gitlab",
    "ldapauth",
    "auth0",
    "azuread-openidconnect",
    "azure_ad_oauth2",
    "signup",
    "login",
    "register",
    "google-oauth20",
    "magiclink",
    "spotify",
    "bitbucket",
    "slack",
    "twitch",
    "anonymous",
    "public",
];

/// What the text of a function says by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    refuses: bool,
    /// Whether it may leave out some requests.
    pub(super) has_terms: bool,
}

/// A guard, with what it leaves out.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) guard: Guard,
    pub(super) terms: Terms,
}

/// The words of the code in a piece, without comments and without what is in `skipped`.
pub(super) fn code(piece: Piece<'_>, skipped: Option<Piece<'_>>) -> String {
    let mut out = String::new();
    let mut open = vec![piece];
    while let Some(piece) = open.pop() {
        if Some(piece) == skipped || out.len() > 100_000 {
            continue;
        }
        let children: Vec<_> = piece.children().collect();
        if children.is_empty() {
            out.push(' ');
            out.push_str(piece.text());
        }
        open.extend(children.into_iter().rev());
    }
    out
}

fn is_soft(name: &str) -> bool {
    let words = guards::words(name);
    let is_for_strangers = words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        matches!(first.as_str(), "not" | "if" | "forward" | "redirect")
            && matches!(second.as_str(), "logged" | "authenticated" | "auth" | "authed" | "signed")
    });
    is_for_strangers || words.iter().any(|word| SOFT.contains(&word.as_str()))
}

/// Whether something that is written asks for nothing: `auth({ required: false })`.
fn is_waived(written: &str) -> bool {
    let plain: String = written.chars().filter(|c| !c.is_whitespace()).collect();
    ["optional:true", "equired:false", "allowAnonymous:true"]
        .iter()
        .any(|sign| plain.contains(sign))
}

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// The guard that a middleware is; `None` when it lets everybody through.
    pub(super) fn judge(&mut self, arg: &Arg<'f>, level: Level) -> Option<Judged> {
        let written = arg.at.text();
        let is_named = arg.at.is(&["identifier", "member_expression", "call_expression"]);
        let head = written.split('(').next().unwrap_or_default();
        if is_waived(written) && !written.contains("unless") || is_named && is_soft(head) {
            return None;
        }
        let terms = self.stands(&arg.value, arg.at, 0)?;
        let name = match &arg.value {
            Value::Function(function) if !is_named => {
                self.functions.get(function.0).and_then(|f| f.name).unwrap_or(written)
            }
            _ => written,
        };
        let mut guard = crate::project::Project::demands(name, &arg.at, level);
        guard.name = short(name);
        Some(Judged { guard, terms })
    }

    /// Whether a middleware demands credentials, and for what.
    fn stands(&mut self, value: &Value<'f>, at: Piece<'f>, depth: usize) -> Option<Terms> {
        if depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Function(function) => {
                let demands = self.function_demands(*function, depth);
                demands.then(|| self.terms(*function))
            }
            Value::Called(called) => self.call_stands(&called.clone(), depth),
            Value::Member(member) => {
                let (name, package) = (member.name.clone(), member.of.origin().map(str::to_owned));
                if package.as_deref().is_some_and(|package| NO_GUARDS.contains(&package)) {
                    return None;
                }
                let guard = self.project.guard(&name, &name, &at, Level::Route);
                (guard.is_some() || says_so(&name, at)).then(Terms::default)
            }
            Value::Package(package) => {
                let is_guard =
                    !NO_GUARDS.contains(&&**package) && guards::by_name(package).is_some();
                is_guard.then(Terms::default)
            }
            Value::Unread(piece) => {
                let name = callee_name(*piece);
                let guard = self.project.guard(name, name, &at, Level::Route);
                (guard.is_some() || says_so(name, *piece)).then(Terms::default)
            }
            Value::Record(_) => {
                if let Some(default) = self.field(value, "default") {
                    return self.stands(&default, at, depth + 1);
                }
                for name in ["use", "handle", "canActivate", "execute", "middleware"] {
                    if let Value::Function(function) = self.member(value, name, at) {
                        return self.stands(&Value::Function(function), at, depth + 1);
                    }
                }
                None
            }
            Value::List(_) => {
                let items = self.items(value);
                items.iter().find_map(|item| self.stands(&item.value, item.at, depth + 1))
            }
            _ => None,
        }
    }

    fn call_stands(&mut self, called: &Called<'f>, depth: usize) -> Option<Terms> {
        let name = match &called.callee {
            Value::Function(function) => {
                let function = *function;
                let demands = self.function_demands(function, depth);
                return demands.then(|| self.terms(function));
            }
            Value::Member(member) => member.name.clone(),
            Value::Package(package) => package.to_string(),
            Value::Unread(piece) => callee_name(*piece).to_owned(),
            _ => String::new(),
        };
        let first = called.args.first().map_or(Value::Nothing, |arg| arg.value.clone());
        let package = called.callee.origin().unwrap_or_default().to_owned();
        if let Value::Member(member) = &called.callee
            && matches!(name.as_str(), "unless" | "bind")
        {
            let of = member.of.clone();
            let mut terms = self.stands(&of, called.at, depth + 1)?;
            if name == "unless" {
                let paths = self.field(&first, "path").unwrap_or(first);
                terms.except.extend(self.exempts(&paths));
            }
            return Some(terms);
        }
        if name == "authenticate" && (package.contains("passport") || is_passport(called.at)) {
            let ways = self.texts(&first);
            let is_login = ways.iter().any(|way| LOGINS.contains(&way.to_lowercase().as_str()));
            return (!is_login).then(Terms::default);
        }
        let waives = |name: &str| matches!(self.field(&first, name), Some(Value::Flag(false)));
        if NO_GUARDS.contains(&package.as_str()) && package != "express-async-handler"
            || ["credentialsRequired", "authRequired", "required"].into_iter().any(waives)
            || matches!(name.as_str(), "initialize" | "session" | "middleware" | "clerkMiddleware")
            || is_soft(&name)
        {
            return None;
        }
        let is_named = guards::by_name(&name).is_some() || says_so(&name, called.at);
        let is_guards = package.starts_with("express-jwt") || name == "verifySession";
        if is_named || is_guards {
            return Some(Terms::default());
        }
        // Wrappers: `wrap(requireAuth)`, `all([requireAuth, requireRole])`.
        let args = self.flat(&called.args);
        args.iter().find_map(|arg| match arg.value {
            Value::Function(_) | Value::Called(_) | Value::Member(_) => {
                self.stands(&arg.value, arg.at, depth + 1)
            }
            _ => None,
        })
    }

    /// Whether a function refuses: it answers so itself, calls what does, or hands on to something
    /// whose name says so.
    pub(super) fn function_demands(&mut self, function: FunctionId, depth: usize) -> bool {
        let Some(found) = self.functions.get(function.0) else { return false };
        let (node, name) = (found.node, found.name.unwrap_or_default());
        let parameters: Vec<Piece<'_>> =
            node.field("parameters").iter().flat_map(Piece::children).collect();
        // Four parameters: it answers errors of others.
        if depth == 0 && (parameters.len() == 4 || is_soft(name)) {
            return false;
        }
        if self.refuses(function, depth) {
            return true;
        }
        depth == 0 && guards::by_name(name).is_some() && has_exit(node)
    }

    /// What the text of a function says, looked at once.
    pub(super) fn facts(&mut self, node: Piece<'f>) -> Facts {
        let key = (node.file.path.as_str(), node.offset());
        if let Some(facts) = self.facts.get(&key) {
            return *facts;
        }
        let facts = Facts {
            refuses: guards::refuses(&code(node, None)) || redirects_to_login(node),
            has_terms: super::exempt::may_have_terms(node),
        };
        self.facts.insert(key, facts);
        facts
    }

    fn refuses(&mut self, function: FunctionId, depth: usize) -> bool {
        let Some(found) = self.functions.get(function.0) else { return false };
        let (node, outer, this) = (found.node, found.scope, found.this.clone());
        if self.facts(node).refuses {
            return true;
        }
        if depth >= MAX_DEPTH {
            return false;
        }
        let scope = self.scope(Some(outer));
        if let Some(this) = this {
            self.bind(scope, "this", this);
        }
        for call in node.all(&["call_expression", "new_expression"]).take(60) {
            if swallows(call, node) {
                continue;
            }
            let Some(callee) = call.field("function").or_else(|| call.field("constructor")) else {
                continue;
            };
            let name = callee.field("property").unwrap_or(callee).text();
            if matches!(name, "jwtVerify" | "authenticateRequest") {
                return true;
            }
            if callee.is(&["call_expression"]) && is_passport(callee) {
                let value = self.eval(callee, scope);
                if self.stands(&value, callee, depth + 1).is_some() {
                    return true;
                }
            }
            if !callee.is(&["identifier", "member_expression"]) || callee.text().len() > 200 {
                continue;
            }
            match self.eval(callee, scope) {
                Value::Function(inner) if inner != function => {
                    let is_same = self.functions.get(inner.0).is_some_and(|f| f.node == node);
                    if !is_same && self.refuses(inner, depth + 1) {
                        return true;
                    }
                }
                Value::Class(class) => {
                    let body = self.functions.get(class.0).map(|class| code(class.node, None));
                    if body.is_some_and(|body| guards::refuses(&body)) {
                        return true;
                    }
                }
                value @ (Value::Called(_) | Value::Member(_))
                    if call.field("arguments").is_some_and(hands_on)
                        && self.stands(&value, callee, depth + 1).is_some() =>
                {
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// The check at the beginning of a handler that refuses callers who are not logged in.
    pub(super) fn own_check(&mut self, handler: &Arg<'f>) -> Option<Guard> {
        let function = match &handler.value {
            Value::Function(function) => *function,
            Value::Called(called) => called.args.iter().find_map(|arg| match arg.value {
                Value::Function(function) => Some(function),
                _ => None,
            })?,
            _ => return None,
        };
        let body = self.functions.get(function.0)?.node.field("body")?;
        let tries = body.child(&["try_statement"]).and_then(|inner| inner.field("body"));
        let statements =
            body.children().take(4).chain(tries.iter().flat_map(Piece::children).take(4));
        for check in statements.filter(|statement| statement.is(&["if_statement"])) {
            let (Some(condition), Some(then)) =
                (check.field("condition"), check.field("consequence"))
            else {
                continue;
            };
            let text: String = condition.text().chars().filter(|c| !c.is_whitespace()).collect();
            let asks = [
                "!req.user)",
                "!request.user)",
                "!req.isAuthenticated()",
                "!req.session.user",
                "!req.session?.user",
                "!req.user?.",
                "!req.session.loggedIn",
                "!req.auth)",
            ]
            .iter()
            .any(|sign| text.contains(sign));
            if asks && (guards::refuses(&code(then, None)) || redirects_to_login(then)) {
                return Some(crate::project::Project::demands(
                    condition.text(),
                    &check,
                    Level::Route,
                ));
            }
        }
        None
    }
}

/// The name that is called or named, without what it is of.
pub(super) fn callee_name(piece: Piece<'_>) -> &str {
    let mut at = piece;
    for _ in 0..8 {
        match at
            .field("function")
            .or_else(|| at.field("constructor"))
            .or_else(|| at.field("property"))
        {
            Some(inner) => at = inner,
            None => break,
        }
    }
    at.text()
}

/// Whether a name that says nothing is of something that does: `auth.required`, `auth.check()`.
fn says_so(name: &str, at: Piece<'_>) -> bool {
    const BLANK: &[&str] = &[
        "required",
        "require",
        "check",
        "handle",
        "verify",
        "ensure",
        "isRequired",
        "middleware",
        "protected",
        "any",
        "guard",
    ];
    let written = at.text().split('(').next().unwrap_or_default();
    BLANK.contains(&name) && guards::by_name(written).is_some()
}

fn is_passport(piece: Piece<'_>) -> bool {
    piece.text().to_ascii_lowercase().contains("passport")
}

fn redirects_to_login(piece: Piece<'_>) -> bool {
    piece.all(&["call_expression"]).any(|call| {
        let is_redirect =
            call.field("function").is_some_and(|function| function.text().ends_with("redirect"));
        is_redirect
            && call.field("arguments").is_some_and(|args| {
                let text = args.text().to_ascii_lowercase();
                ["login", "signin", "sign-in", "sign_in"].iter().any(|word| text.contains(word))
            })
    })
}

/// Whether a function named like a guard can end in something else than going on.
fn has_exit(node: Piece<'_>) -> bool {
    node.all(&["throw_statement"]).next().is_some()
        || node.all(&["call_expression"]).any(|call| {
            let name = call.field("function").map_or("", callee_name);
            let args = call.field("arguments");
            match name {
                "next" | "done" => args.is_some_and(|args| args.children().next().is_some()),
                "status" | "send" | "sendStatus" | "json" | "end" | "code" | "reject"
                | "redirect" | "render" => true,
                _ => args.is_some_and(hands_on),
            }
        })
}

/// Whether arguments hand the request on to somebody else who decides.
fn hands_on(args: Piece<'_>) -> bool {
    args.children().any(|arg| matches!(arg.text(), "next" | "done"))
}

/// Whether an error of `call` is caught within `function` and nothing comes of it.
fn swallows(call: Piece<'_>, function: Piece<'_>) -> bool {
    let mut inner = call;
    for around in call.ancestors() {
        if around == function {
            return false;
        }
        if around.is(&["try_statement"])
            && around.field("body") == Some(inner)
            && let Some(handler) = around.field("handler")
        {
            let text = code(handler, None);
            return !(guards::refuses(&text) || has_exit(handler) || redirects_to_login(handler));
        }
        inner = around;
    }
    false
}

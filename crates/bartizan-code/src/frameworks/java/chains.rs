//! Filter chains of Spring Security: rules for paths, in order.

use super::{
    access,
    matchers::{MATCHERS, Matcher, chained, is_on, of_call},
    types::{Annotation, Java, TYPES, annotations, arguments, name_of, type_name},
};
use crate::{
    frameworks::calls::callee,
    project::Project,
    route::{Guard, Level},
    syntax::{Language, Piece},
};

/// A rule for some requests.
#[derive(Debug)]
struct Rule<'f> {
    matchers: Vec<Matcher>,
    frees: bool,
    at: Piece<'f>,
    written: String,
}

/// A `SecurityFilterChain`, or what an adapter configures.
#[derive(Debug)]
pub(super) struct Chain<'f> {
    order: i64,
    at: Piece<'f>,
    /// Requests that it is for; `None` is all.
    scope: Option<Vec<Matcher>>,
    rules: Vec<Rule<'f>>,
    /// Whether it refuses what no rule is for.
    is_strict: bool,
    /// Names of the filter classes that are put in.
    pub(super) filters: Vec<&'f str>,
}

/// What all chains say.
#[derive(Debug, Default)]
pub(super) struct Chains<'f> {
    chains: Vec<Chain<'f>>,
    ignored: Vec<Rule<'f>>,
    /// Files with a configuration, also one that is left out.
    configured: Vec<&'f str>,
    is_switched_off: bool,
}

const ACCESS: &[&str] = &[
    "access",
    "anonymous",
    "authenticated",
    "denyAll",
    "fullyAuthenticated",
    "hasAllAuthorities",
    "hasAllRoles",
    "hasAnyAuthority",
    "hasAnyRole",
    "hasAuthority",
    "hasIpAddress",
    "hasRole",
    "permitAll",
    "rememberMe",
];

const REGISTRIES: &[&str] = &[
    "AuthorizationManagerRequestMatcherRegistry",
    "AuthorizeExchangeSpec",
    "AuthorizeHttpRequestsConfigurer",
    "ExpressionInterceptUrlRegistry",
    "HttpSecurity",
    "ServerHttpSecurity",
];

impl<'f> Chains<'f> {
    /// Reads all of them.
    pub(super) fn read(java: &Java<'_, 'f>) -> Self {
        let mut found = Self::default();
        for of in &java.types {
            for method in super::types::methods(of) {
                found.method(java, of, &method);
            }
        }
        found.chains.sort_by_key(|chain| chain.order);
        found.is_switched_off = java
            .types
            .iter()
            .flat_map(annotations)
            .any(|it| it.piece.text().contains("SecurityAutoConfiguration.class"));
        found
    }

    fn method(&mut self, java: &Java<'_, 'f>, of: &Piece<'f>, method: &Piece<'f>) {
        let returns = method.field("type").map(|it| type_name(&it)).unwrap_or_default();
        let takes = |name: &str| {
            let list = method.field("parameters");
            let mut types = list.iter().flat_map(Piece::children).filter_map(|it| it.field("type"));
            types.any(|it| it.text() == name)
        };
        let is_old = name_of(method) == "configure" && method.field("body").is_some();
        if returns == "WebSecurityCustomizer" || is_old && takes("WebSecurity") {
            for call in method.all(&["method_invocation"]) {
                if MATCHERS.contains(&callee(&call)) && is_on(&call, "ignoring") {
                    let matchers = of_call(java, &call);
                    let written = format!("ignoring().{}", own_text(&call));
                    self.ignored.push(Rule { matchers, frees: true, at: call, written });
                }
            }
            return;
        }
        let is_chain = matches!(returns, "SecurityFilterChain" | "SecurityWebFilterChain")
            && method.field("body").is_some();
        if !(is_chain || is_old && takes("HttpSecurity")) {
            return;
        }
        self.configured.push(&method.file.path);
        if is_left_out(java, method) || is_left_out(java, of) {
            return;
        }
        let order = order(java, method).or_else(|| order(java, of)).unwrap_or(if is_old {
            100
        } else {
            i64::from(i32::MAX)
        });
        let mut chain = Chain {
            order,
            at: *method,
            scope: None,
            rules: Vec::new(),
            is_strict: false,
            filters: Vec::new(),
        };
        let mut seen = vec![*method];
        for call in calls(java, method, &mut seen, 0) {
            chain.call(java, &call);
        }
        self.chains.push(chain);
    }

    /// The chain that a request to a route goes through.
    pub(super) fn chain(
        &self,
        java: &Java<'_, 'f>,
        method: &str,
        path: &str,
        file: &str,
    ) -> Option<&Chain<'f>> {
        self.chains.iter().filter(|chain| java.apps.share(&chain.at.file.path, file)).find(
            |chain| {
                let scope = chain.scope.as_ref();
                scope.is_none_or(|scope| scope.iter().any(|it| it.takes(method, path)))
            },
        )
    }

    /// The rule that says that security looks at a route not at all.
    pub(super) fn ignoring(
        &self,
        java: &Java<'_, 'f>,
        method: &str,
        path: &str,
        file: &str,
    ) -> Option<Guard> {
        let rules = self.ignored.iter();
        let rule = rules
            .filter(|rule| java.apps.share(&rule.at.file.path, file))
            .find(|rule| rule.matchers.iter().any(|it| it.takes(method, path)))?;
        Some(Project::frees(&rule.written, &rule.at, Level::Application))
    }

    /// What stands before everything where the build has Spring Security and nothing configures it.
    pub(super) fn unconfigured(&self, java: &Java<'_, 'f>, file: &str) -> Option<Guard> {
        if self.is_switched_off || self.configured.iter().any(|it| java.apps.share(it, file)) {
            return None;
        }
        let builds = java.project.files(&[Language::Settings]).filter(|build| {
            let folder = build.folder();
            !build.name().starts_with("application.")
                && (folder.is_empty()
                    || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
        });
        let nearest = builds.max_by_key(|build| build.folder().len())?;
        const STARTERS: &[&str] = &[
            "spring-boot-starter-oauth2-client",
            "spring-boot-starter-oauth2-resource-server",
            "spring-boot-starter-security",
        ];
        let starter = STARTERS.iter().find(|it| nearest.text.contains(**it))?;
        Some(Project::demands(starter, &nearest.root(), Level::Application))
    }
}

impl<'f> Chain<'f> {
    /// The guard that a route has from the rules.
    pub(super) fn guard(&self, method: &str, path: &str) -> Option<Guard> {
        let rule = self
            .rules
            .iter()
            .find(|rule| rule.matchers.iter().any(|matcher| matcher.takes(method, path)));
        match rule {
            Some(rule) => {
                let guard = if rule.frees { Project::frees } else { Project::demands };
                Some(guard(&rule.written, &rule.at, Level::Application))
            }
            // What no rule is for is denied, unless there are no rules at all.
            None if self.is_strict && !self.rules.is_empty() => {
                Some(Project::demands(name_of(&self.at), &self.at, Level::Application))
            }
            None => None,
        }
    }

    fn call(&mut self, java: &Java<'_, 'f>, call: &Piece<'f>) {
        let name = callee(call);
        match name {
            _ if ACCESS.contains(&name) => self.access(java, call, name),
            "authorizeHttpRequests" | "authorizeExchange" => self.is_strict = true,
            "securityMatcher" => self.narrow(of_call(java, call)),
            "antMatcher" | "mvcMatcher" | "regexMatcher" => {
                // `AntPathRequestMatcher.antMatcher(…)` is an argument of something else.
                let is_of_http = call
                    .field("object")
                    .is_some_and(|it| it.text().starts_with(|c: char| c.is_lowercase()))
                    && call.within(&["argument_list"]).is_none_or(|it| {
                        it.parent().is_some_and(|it| !MATCHERS.contains(&callee(&it)))
                    });
                if is_of_http {
                    self.narrow(of_call(java, call));
                }
            }
            "securityMatchers" => {
                let inner = call.field("arguments");
                let inner = inner.iter().flat_map(|it| it.all(&["method_invocation"]));
                for inner in inner.filter(|it| MATCHERS.contains(&callee(it))) {
                    self.narrow(of_call(java, &inner));
                }
            }
            "requestMatchers" => self.old_scope(java, call),
            _ if name.starts_with("addFilter") => {
                self.filters.extend(arguments(call).first().and_then(|it| type_of(java, it)));
            }
            _ => {}
        }
    }

    fn narrow(&mut self, to: Vec<Matcher>) {
        self.scope.get_or_insert_default().extend(to);
    }

    /// `http.requestMatchers().antMatchers("/api/**")` and its form with a lambda.
    fn old_scope(&mut self, java: &Java<'_, 'f>, call: &Piece<'f>) {
        let given = arguments(call);
        match given.first() {
            None => {
                let behind = chained(call).skip(1).take_while(|it| MATCHERS.contains(&callee(it)));
                for inner in behind.collect::<Vec<_>>() {
                    self.narrow(of_call(java, &inner));
                }
            }
            Some(lambda) if lambda.is(&["lambda_expression"]) => {
                let body = lambda.field("body");
                let inner = body.iter().flat_map(|it| it.all(&["method_invocation"]));
                for inner in inner.filter(|it| MATCHERS.contains(&callee(it))) {
                    self.narrow(of_call(java, &inner));
                }
            }
            Some(_) => {}
        }
    }

    fn access(&mut self, java: &Java<'_, 'f>, call: &Piece<'f>, name: &str) {
        let Some(object) = call.field("object") else { return };
        let matching = std::iter::successors(Some(object), |it| it.field("object"))
            .take(2)
            .find(|it| it.is(&["method_invocation"]) && callee(it) != "not");
        if let Some(of) = matching.filter(|it| MATCHERS.contains(&callee(it))) {
            let matchers = of_call(java, &of);
            let frees = match name {
                "permitAll" | "anonymous" => true,
                "access" => arguments(call).first().is_some_and(|it| is_open(java, it)),
                _ => false,
            };
            let written = format!("{}.{}", own_text(&of), own_text(call));
            self.rules.push(Rule { matchers, frees, at: *call, written });
        } else if name == "permitAll" {
            // `formLogin(form -> form.loginPage("/login").permitAll())` lets in to that page.
            let mut inner = object.all(&["method_invocation"]).take(50);
            if let Some(page) = inner.find(|it| callee(it) == "loginPage") {
                let matchers = of_call(java, &page);
                let written = own_text(&page);
                self.rules.insert(0, Rule { matchers, frees: true, at: page, written });
            }
        }
    }
}

/// Whether what is given to `access(…)` lets in everybody.
fn is_open<'f>(java: &Java<'_, 'f>, piece: &Piece<'f>) -> bool {
    let texts = java.strings(piece);
    if !texts.is_empty() {
        return texts.iter().all(|text| access::lets_anyone_in(text));
    }
    let text = piece.text();
    text.contains("AuthorizationDecision(true)") && !text.contains("AuthorizationDecision(false)")
}

/// The calls in a method in the order in which they run; those in methods that it hands the
/// configuration to stand where these are called.
fn calls<'f>(
    java: &Java<'_, 'f>,
    method: &Piece<'f>,
    seen: &mut Vec<Piece<'f>>,
    depth: usize,
) -> Vec<Piece<'f>> {
    let body = method.field("body").unwrap_or(*method);
    let mut all: Vec<Piece<'f>> =
        body.all(&["method_invocation", "method_reference"]).take(2_000).collect();
    // `a.b().c()` has `c` outside: the names are in the order of the calls.
    all.sort_by_key(|it| it.field("name").map_or(it.offset(), |name| name.offset()));
    let mut out = Vec::new();
    for call in all {
        if depth < 4 && seen.len() < 60 {
            for inner in configured_by(java, &call) {
                if !seen.contains(&inner) {
                    seen.push(inner);
                    out.extend(calls(java, &inner, seen, depth + 1));
                }
            }
        }
        if call.is(&["method_invocation"]) {
            out.push(call);
        }
    }
    out
}

/// Methods of the project that a call hands the configuration to.
fn configured_by<'f>(java: &Java<'_, 'f>, call: &Piece<'f>) -> Vec<Piece<'f>> {
    let name = if call.is(&["method_reference"]) {
        call.children().last().map(|it| it.text()).unwrap_or_default()
    } else {
        callee(call)
    };
    if MATCHERS.contains(&name) || ACCESS.contains(&name) {
        return Vec::new();
    }
    let all = java.methods_named(name).iter().filter(|it| it.field("body").is_some());
    let takes = |method: &Piece<'f>| REGISTRIES.iter().any(|it| parameter_of(method, it).is_some());
    let gives = |method: &Piece<'f>| {
        std::ptr::eq(method.file, call.file)
            && method.field("type").is_some_and(|it| type_name(&it) == "Customizer")
    };
    // `super.configure(http)` and the like would lead back.
    all.filter(|it| takes(it) || gives(it)).copied().take(30).collect()
}

/// The parameter of a method whose type has `name` in it as a word.
fn parameter_of<'f>(method: &Piece<'f>, name: &str) -> Option<Piece<'f>> {
    let list = method.field("parameters")?;
    list.children().find(|parameter| {
        let of = parameter.field("type").map(|it| it.text()).unwrap_or_default();
        of.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
    })
}

/// The name of the class that an expression is an object of.
pub(super) fn type_of<'f>(java: &Java<'_, 'f>, piece: &Piece<'f>) -> Option<&'f str> {
    match piece.kind() {
        "object_creation_expression" => piece.field("type").map(|it| type_name(&it)),
        "method_invocation" => {
            let methods = java.methods_named(callee(piece)).iter();
            let own = methods.clone().find(|it| std::ptr::eq(it.file, piece.file));
            own.or(methods.clone().next())?.field("type").map(|it| type_name(&it))
        }
        "field_access" => type_of(java, &piece.field("field")?),
        "identifier" => {
            let name = piece.text();
            let around = piece.ancestors().take(80);
            let parameter = around
                .filter_map(|it| {
                    it.field("parameters").or_else(|| it.child(&["formal_parameters"]))
                })
                .flat_map(|it| it.children())
                .find(|it| name_of(it) == name)
                .and_then(|it| it.field("type"));
            if let Some(of) = parameter {
                return Some(type_name(&of));
            }
            let found = java.declared(piece)?;
            if found.is(&["object_creation_expression"]) {
                return found.field("type").map(|it| type_name(&it));
            }
            let declaring =
                found.within(&["field_declaration", "local_variable_declaration"])?.field("type");
            declaring.map(|it| type_name(&it))
        }
        _ => None,
    }
}

/// A call without what it is made on.
fn own_text(call: &Piece<'_>) -> String {
    let given = call.field("arguments").map(|it| it.text()).unwrap_or_default();
    format!("{}{given}", name_of(call))
}

/// The order that `@Order` gives.
fn order<'f>(java: &Java<'_, 'f>, of: &Piece<'f>) -> Option<i64> {
    let annotation = annotations(of).find(|it| it.name == "Order")?;
    let argument = annotation.argument(&["value"])?;
    let mut text = argument.text().to_owned();
    if argument.is(&["identifier"])
        && let Some(value) = java.declared(&argument).and_then(|it| it.field("value"))
    {
        text = value.text().to_owned();
    }
    let number: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    let number = number.parse::<i64>().ok();
    Some(match () {
        () if text.contains("HIGHEST_PRECEDENCE") => i64::from(i32::MIN) + number.unwrap_or(0),
        () if text.contains("LOWEST_PRECEDENCE") => i64::from(i32::MAX) + number.unwrap_or(0),
        () if text.contains("BASIC_AUTH_ORDER") => i64::from(i32::MAX) - 5 + number.unwrap_or(0),
        () => number?,
    })
}

/// Whether a configuration is for development only, or switched off by a setting.
fn is_left_out<'f>(java: &Java<'_, 'f>, of: &Piece<'f>) -> bool {
    const PROFILES: &[&str] =
        &["dev", "development", "insecure", "it", "local", "nosecurity", "test"];
    let texts = |annotation: &Annotation<'f>, keys: &[&str]| {
        annotation.argument(keys).map(|it| java.strings(&it)).unwrap_or_default()
    };
    annotations(of).any(|annotation| match annotation.name {
        "Profile" => {
            let profiles = texts(&annotation, &["value"]);
            !profiles.is_empty() && profiles.iter().all(|it| PROFILES.contains(&it.as_str()))
        }
        "ConditionalOnProperty" => {
            let mut key = texts(&annotation, &["prefix"]).join("");
            let names = texts(&annotation, &["name", "value"]);
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(names.first().map(String::as_str).unwrap_or_default());
            let wanted = texts(&annotation, &["havingValue"]).join("");
            match java.setting(&key, of.file) {
                Some(value) if wanted.is_empty() => value == "false",
                Some(value) => value != wanted,
                None => {
                    wanted == "false" && !annotation.piece.text().contains("matchIfMissing = true")
                }
            }
        }
        _ => false,
    }) && of.is(&[TYPES, &["method_declaration"]].concat())
}

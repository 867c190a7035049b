//! What stands before handlers besides Spring Security: servlet and web filters, interceptors,
//! aspects and resolvers of arguments that refuse.

use super::{
    chains::type_of,
    controllers::Mapped,
    matchers::chained,
    types::{Java, annotations, arguments, methods, name_of, type_name},
};
use crate::{
    frameworks::{
        ant,
        calls::callee,
        gates::{self, Gate},
    },
    project::Project,
    route::{Guard, Level},
    syntax::Piece,
};

/// Something that refuses, and where.
#[derive(Debug)]
struct Standing<'f> {
    class: Piece<'f>,
    gate: Gate,
    /// Patterns that it is registered for; none are all.
    includes: Vec<String>,
    /// Patterns that it is not for.
    excludes: Vec<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Filters<'f> {
    /// Before every request.
    standing: Vec<Standing<'f>>,
    /// Only where a chain has them.
    of_chains: Vec<Standing<'f>>,
}

const FILTERS: &[&str] =
    &["Filter", "GenericFilterBean", "HttpFilter", "OncePerRequestFilter", "WebFilter"];

impl<'f> Filters<'f> {
    /// Reads all of them.
    pub(super) fn read(java: &Java<'_, 'f>) -> Self {
        let mut found = Self::default();
        for class in java.types.iter().filter(|it| it.is(&["class_declaration"])) {
            let above = java.above(class);
            if above.iter().any(|it| FILTERS.contains(it)) {
                found.filter(java, class);
            }
            if above.contains(&"HandlerMethodArgumentResolver") {
                found.resolver(java, class);
            }
            if annotations(class).any(|it| it.name == "Aspect") {
                found.aspect(java, class);
            }
        }
        let adding = java.methods_named("addInterceptors").iter();
        for call in adding.flat_map(|it| it.all(&["method_invocation"]).collect::<Vec<_>>()) {
            if callee(&call) == "addInterceptor" {
                found.interceptor(java, &call);
            }
        }
        found
    }

    fn filter(&mut self, java: &Java<'_, 'f>, class: &Piece<'f>) {
        let texts = |piece: &Piece<'f>| java.strings(piece);
        let Some(body) = method_of(java, class, &["doFilterInternal", "doFilter", "filter"]) else {
            return;
        };
        let Some(mut gate) = gates::read(java.project, class, &body, &[], &texts) else { return };
        if let Some(not) = method_of(java, class, &["shouldNotFilter"]) {
            for (pattern, is_negated) in gates::paths(java.project, class, &not, &texts) {
                if is_negated { gate.only.push(pattern) } else { gate.except.push(pattern) }
            }
        }
        let mut standing =
            Standing { class: *class, gate, includes: Vec::new(), excludes: Vec::new() };
        let registered = registrations(java, name_of(class));
        let is_off = registered.iter().any(|it| it.text().contains("setEnabled(false)"));
        for registration in &registered {
            let calls = registration.all(&["method_invocation"]);
            for call in calls.filter(|it| matches!(callee(it), "addUrlPatterns" | "setUrlPatterns"))
            {
                let patterns = arguments(&call).into_iter().flat_map(|it| java.strings(&it));
                standing.includes.extend(patterns.map(|it| of_servlet(&it)));
            }
        }
        let mut is_bean = !registered.is_empty();
        for annotation in annotations(class) {
            is_bean |= matches!(annotation.name, "Component" | "Service" | "WebFilter" | "Order");
            if annotation.name == "WebFilter"
                && let Some(patterns) = annotation.argument(&["urlPatterns", "value"])
            {
                standing.includes.extend(java.strings(&patterns).iter().map(|it| of_servlet(it)));
            }
        }
        if is_bean && !is_off {
            self.standing.push(standing);
        } else {
            self.of_chains.push(standing);
        }
    }

    fn interceptor(&mut self, java: &Java<'_, 'f>, call: &Piece<'f>) {
        let Some(class) = arguments(call)
            .first()
            .and_then(|it| type_of(java, it))
            .and_then(|name| java.type_named(name, call.file))
        else {
            return;
        };
        let texts = |piece: &Piece<'f>| java.strings(piece);
        let Some(body) = method_of(java, &class, &["preHandle"]) else { return };
        let signs = ["return false"];
        let Some(gate) = gates::read(java.project, &class, &body, &signs, &texts) else { return };
        let mut standing = Standing { class, gate, includes: Vec::new(), excludes: Vec::new() };
        for behind in chained(call).skip(1).chain(on_variable(call)) {
            let patterns = arguments(&behind).into_iter().flat_map(|it| java.strings(&it));
            match callee(&behind) {
                "addPathPatterns" => standing.includes.extend(patterns),
                "excludePathPatterns" => standing.excludes.extend(patterns),
                _ => {}
            }
        }
        self.standing.push(standing);
    }

    /// One that throws where nobody is signed in is for the handlers with such a parameter.
    fn resolver(&mut self, java: &Java<'_, 'f>, class: &Piece<'f>) {
        let texts = |piece: &Piece<'f>| java.strings(piece);
        let Some(body) = method_of(java, class, &["resolveArgument"]) else { return };
        let Some(mut gate) = gates::read(java.project, class, &body, &[], &texts) else { return };
        let Some(supports) = method_of(java, class, &["supportsParameter"]) else { return };
        let wanted = supports.all(&["class_literal"]).map(|it| {
            let name = it.text().trim_end_matches(".class");
            format!("parameter {}", name.rsplit('.').next().unwrap_or(name))
        });
        gate.wanted = wanted.collect();
        // Of an annotation and a type, the annotation says more.
        let annotation = supports.text().contains("Annotation(");
        if annotation && gate.wanted.len() > 1 {
            let asked =
                supports.all(&["method_invocation"]).filter(|it| callee(it).contains("Annotation"));
            let names: Vec<String> = asked
                .flat_map(|it| it.all(&["class_literal"]).collect::<Vec<_>>())
                .map(|it| format!("parameter {}", it.text().trim_end_matches(".class")))
                .collect();
            gate.wanted.retain(|it| names.contains(it));
        }
        if !gate.wanted.is_empty() {
            let standing =
                Standing { class: *class, gate, includes: Vec::new(), excludes: Vec::new() };
            self.standing.push(standing);
        }
    }

    /// Advice that refuses is for the handlers with the annotations of its pointcut.
    fn aspect(&mut self, java: &Java<'_, 'f>, class: &Piece<'f>) {
        let texts = |piece: &Piece<'f>| java.strings(piece);
        let pointcuts: Vec<String> = methods(class)
            .flat_map(|method| annotations(&method).map(move |it| (method, it)).collect::<Vec<_>>())
            .filter(|(_, it)| matches!(it.name, "Around" | "Before" | "Pointcut"))
            .filter_map(|(method, it)| {
                let text = java.strings(&it.argument(&["value", "pointcut"])?).join(" ");
                Some(with_parameters(&text, &method))
            })
            .collect();
        let mut advice = methods(class)
            .filter(|it| annotations(it).any(|it| matches!(it.name, "Around" | "Before")));
        let Some(body) = advice.next().and_then(|it| it.field("body")) else { return };
        let Some(mut gate) = gates::read(java.project, class, &body, &[], &texts) else { return };
        for pointcut in &pointcuts {
            for (name, is_negated) in annotations_of(pointcut) {
                if is_negated { gate.freeing.push(name) } else { gate.wanted.push(name) }
            }
        }
        // What the body asks of the annotation is its argument.
        if !gate.wanted.is_empty() {
            let standing =
                Standing { class: *class, gate, includes: Vec::new(), excludes: Vec::new() };
            self.standing.push(standing);
        }
    }

    /// The guards before a route; `of_chain` are the filters of its security chain.
    pub(super) fn guards(
        &self,
        java: &Java<'_, 'f>,
        route: &Mapped<'f>,
        of_chain: &[&str],
    ) -> Vec<Guard> {
        let bears = |mark: &str| route.marks.iter().any(|it| it == mark);
        let in_chain = self.of_chains.iter().filter(|it| of_chain.contains(&name_of(&it.class)));
        let all = self.standing.iter().chain(in_chain);
        let standing = all.filter(|it| {
            let is_of = |patterns: &[String]| {
                patterns.iter().any(|pattern| ant::matches(pattern, &route.path))
            };
            java.apps.share(&it.class.file.path, &route.file.path)
                && (it.includes.is_empty() || is_of(&it.includes))
                && !is_of(&it.excludes)
                && it.gate.stands(&route.path, &bears)
        });
        standing
            .map(|it| Project::demands(name_of(&it.class), &it.class, Level::Application))
            .collect()
    }
}

/// Calls on the variable that a call is put into.
fn on_variable<'f>(call: &Piece<'f>) -> Vec<Piece<'f>> {
    let last = chained(call).last().unwrap_or(*call);
    let Some(declarator) = last.parent().filter(|it| it.is(&["variable_declarator"])) else {
        return Vec::new();
    };
    let Some(method) = call.within(&["method_declaration"]) else { return Vec::new() };
    let calls = method.all(&["method_invocation"]).take(500);
    let on =
        calls.filter(|it| it.field("object").is_some_and(|it| it.text() == name_of(&declarator)));
    on.flat_map(|it| chained(&it).collect::<Vec<_>>()).collect()
}

/// The body of the first of these methods in a class or above it.
fn method_of<'f>(java: &Java<'_, 'f>, class: &Piece<'f>, names: &[&str]) -> Option<Piece<'f>> {
    let hierarchy = java.hierarchy(class);
    names.iter().find_map(|name| {
        let all = hierarchy.iter().flat_map(|of| methods(of).collect::<Vec<_>>());
        all.filter(|it| name_of(it) == *name).find_map(|it| it.field("body"))
    })
}

/// Methods that register a filter, or make it a bean.
fn registrations<'f>(java: &Java<'_, 'f>, filter: &str) -> Vec<Piece<'f>> {
    let beans = java.types.iter().flat_map(|of| methods(of).collect::<Vec<_>>());
    let beans = beans.filter(|it| annotations(it).any(|it| it.name == "Bean"));
    beans
        .filter(|it| {
            let of = it.field("type").map(|of| of.text()).unwrap_or_default();
            let is_registration = type_name_of(of) == "FilterRegistrationBean"
                && it.text().split(|c: char| !c.is_alphanumeric()).any(|word| word == filter);
            is_registration || of == filter
        })
        .collect()
}

fn type_name_of(text: &str) -> &str {
    let text = text.split('<').next().unwrap_or(text);
    text.rsplit('.').next().unwrap_or(text)
}

/// `/api/*` of a servlet is everything below.
fn of_servlet(pattern: &str) -> String {
    match pattern.strip_suffix("/*") {
        Some(front) => format!("{front}/**"),
        None => pattern.to_owned(),
    }
}

/// A pointcut that names parameters of its advice, with the types of these instead.
fn with_parameters(pointcut: &str, advice: &Piece<'_>) -> String {
    let mut out = pointcut.to_owned();
    for parameter in advice.field("parameters").iter().flat_map(Piece::children) {
        let Some(of) = parameter.field("type") else { continue };
        let (from, to) = (format!("({})", name_of(&parameter)), format!("({})", type_name(&of)));
        out = out.replace(&from, &to);
    }
    out
}

/// The annotations that a pointcut asks for, and whether it wants them missing.
fn annotations_of(pointcut: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    for sign in ["@annotation(", "@within(", "@target(", "within(@"] {
        for (at, _) in pointcut.match_indices(sign) {
            let before = pointcut.get(..at).unwrap_or_default().trim_end();
            // `@within(@…` is found by its own sign.
            if before.ends_with('@') {
                continue;
            }
            let rest = pointcut.get(at + sign.len()..).unwrap_or_default();
            let name = rest.split([')', ' ', '*']).next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or(name).trim();
            if !name.is_empty() {
                out.push((name.to_owned(), before.ends_with('!')));
            }
        }
    }
    out
}

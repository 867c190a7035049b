//! Spring MVC and `WebFlux`, with Spring Security.

use super::{
    chains::Chains,
    controllers::{self, Mapped},
    examples::EXAMPLES,
    filters::Filters,
    functions, methods,
    types::Java,
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    paths,
    project::Project,
    route::{Authorization, Effect, Route},
    syntax::{File, Language},
};

/// Spring.
pub(crate) static FRAMEWORK: Framework = Framework {
    name: "spring",
    title: "Spring MVC and WebFlux",
    languages: &[Language::Java],
    documentation: "Reads controllers (`@RestController`, `@Controller`, annotations of your own \
        that stand for them) with their mappings, also those of superclasses and interfaces, \
        router functions (`route().GET(…)`, `nest`), path prefixes of `PathMatchConfigurer`, and \
        the context path of `application.properties` and `application.yml`. Paths may be \
        constants, put together, in other files, or settings.\n\n\
        Guards are the rules of `SecurityFilterChain`, `SecurityWebFilterChain` and \
        `WebSecurityConfigurerAdapter` in their order, `@PreAuthorize`, `@Secured`, \
        `@RolesAllowed` and the like (on methods, classes, interfaces and annotations of your \
        own), servlet and web filters, interceptors, aspects and argument resolvers whose code \
        refuses a caller. A rule and an annotation must both let a caller in.\n\n\
        Not read: Kotlin, routes that are registered while running, Spring Data REST, actuator \
        endpoints, matchers that are code of your own.",
    examples: EXAMPLES,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    let java = Java::new(project);
    let mut mapped = controllers::read(&java);
    mapped.extend(functions::read(&java));
    if mapped.is_empty() {
        return Vec::new();
    }
    mapped.truncate(limits.routes);
    let chains = Chains::read(&java);
    let filters = Filters::read(&java);
    mapped.into_iter().map(|route| finished(&java, &chains, &filters, route)).collect()
}

/// A route with what stands before all routes.
fn finished<'f>(
    java: &Java<'_, 'f>,
    chains: &Chains<'f>,
    filters: &Filters<'f>,
    route: Mapped<'f>,
) -> Route {
    let file = route.file;
    let (method, path) = (route.method.as_str(), route.path.as_str());
    let mut guards = Vec::new();
    let mut of_chain = &Vec::new();
    if let Some(guard) = chains.ignoring(java, method, path, &file.path) {
        guards.push(guard);
    } else if let Some(chain) = chains.chain(java, method, path, &file.path) {
        guards.extend(chain.guard(method, path));
        of_chain = &chain.filters;
    } else {
        guards.extend(chains.unconfigured(java, &file.path));
    }
    guards.extend(filters.guards(java, &route, of_chain));
    // An annotation that frees does so only where nothing demands before it.
    let is_demanded = guards.iter().any(|it| it.effect == Effect::Demands);
    let own = route.guards.into_iter();
    guards.extend(own.filter(|it| !is_demanded || it.effect != Effect::Frees));
    Route {
        path: paths::join(&context_path(java, file), path, true),
        method: route.method,
        authorization: Authorization::of(methods::settled(guards)),
        framework: FRAMEWORK.name,
        handler: route.handler,
        place: route.at.place(),
        component: None,
    }
}

/// What settings put in front of all paths.
fn context_path(java: &Java<'_, '_>, file: &File) -> String {
    const KEYS: &[&str] = &[
        "server.servlet.context-path",
        "server.context-path",
        "spring.mvc.servlet.path",
        "spring.webflux.base-path",
    ];
    let found = KEYS.iter().filter_map(|key| java.setting(key, file));
    let found = found.map(|it| java.filled(it, file)).filter(|it| !it.trim_matches('/').is_empty());
    found.fold(String::new(), |all, it| paths::join(&all, &it, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_code_ends() {
        let many = "A, ".repeat(200);
        let constants = format!("class K {{ static final String[] A = {{ {many} }}; }}");
        let chain = format!("http{}", ".requestMatchers(A).permitAll()".repeat(3_000));
        let nested = "auth -> auth.requestMatchers(A).permitAll(".repeat(300);
        let ifs = "if (!a(A)) { if (b == null) { chain.doFilter(A); } ".repeat(300);
        let controllers = "@GetMapping(K.A) void a() {} ".repeat(300);
        let text = format!(
            "{constants} @Configuration class C extends C {{ SecurityFilterChain c(HttpSecurity http) {{ {chain}; http.x({nested} }} }}
            @RestController @RequestMapping(A + A + A) class D extends D implements I {{ {controllers} }}
            interface I extends I {{}}
            @Component class F extends OncePerRequestFilter {{ void doFilterInternal() {{ {ifs} response.setStatus(401); }} }}"
        );
        let routing = "route().path(\"/a\", b -> b.add(x())".repeat(100);
        let text = format!("{text} class R {{ RouterFunction<S> x() {{ return {routing}; }} }}");
        let file = File::parse("A.java", Language::Java, text, &Limits::default());
        let files: Vec<File> = file.into_iter().collect();
        let _ = read(&Project::new(&files), &Limits::default());
    }
}

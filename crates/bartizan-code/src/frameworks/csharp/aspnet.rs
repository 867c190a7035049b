//! ASP.NET Core: controllers and minimal APIs.

use std::collections::HashMap;

use super::{
    attributes::Said,
    controllers::{self, Convention, Mapped},
    examples::EXAMPLES,
    fast,
    run::Run,
    types::Sharp,
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    paths,
    project::Project,
    route::{Authorization, Effect, Guard, Route},
    syntax::{File, Language},
};

/// ASP.NET Core.
pub(crate) static FRAMEWORK: Framework = Framework {
    name: "aspnet",
    title: "ASP.NET Core",
    languages: &[Language::CSharp],
    documentation: "Reads controllers (attribute routes with `[controller]`, `[action]` and \
        `[area]`, those of base classes, conventional routes) and minimal APIs (`MapGet`, \
        `MapGroup`, `MapMethods`, hubs of SignalR as `ANY` with `MapHub`, methods of gRPC services \
        with `MapGrpcService`), followed from `Program.cs` and `Startup.cs` through extension \
        methods and classes in other files, also modules of Carter and classes of FastEndpoints. \
        Paths may be constants, put together, interpolated, or parameters.\n\n\
        Guards are `[Authorize]` and `RequireAuthorization` on any level, which `[AllowAnonymous]` \
        on any level voids, attributes of your own that are derived from these, filters, endpoint \
        filters and middleware whose code refuses a caller, global filters and the fallback \
        policy.\n\n\
        The package of a gRPC service is in no code: its paths begin with `/{package}.`; \
        where the folder does not have the class, its name stands for that of the service and its \
        methods are `{method}`.\n\n\
        Not read: Razor Pages, conditions that are known only while running.",
    examples: EXAMPLES,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    let sharp = Sharp::new(project);
    let run = Run::new(&sharp);
    let mut routes: Vec<Route> = Vec::new();
    let mut fallbacks = HashMap::new();
    let mut mapped = run.mapped();
    mapped.extend(fast::read(&sharp));
    for route in mapped {
        routes.push(finished(&run, &mut fallbacks, Said::default(), route));
    }
    for class in sharp.types.iter().filter(|it| controllers::is_controller(&sharp, it)) {
        if routes.len() > limits.routes {
            break;
        }
        let file = class.file;
        let (prefixes, conventions, mut outer) = served(&run, file);
        outer.add(&sharp.global_filters(file));
        for prefix in prefixes {
            let prefix = paths::join(&prefix, &controllers::global_prefix(&sharp, file), false);
            for route in controllers::read(&sharp, class, &prefix, &conventions) {
                routes.push(finished(&run, &mut fallbacks, outer.clone(), route));
            }
        }
    }
    routes
}

/// Where the controllers in a file are served from, and what is said there.
fn served(run: &Run<'_, '_, '_>, file: &File) -> (Vec<String>, Vec<Convention>, Said) {
    let (mut prefixes, mut conventions, mut said) = (Vec::new(), Vec::new(), Said::default());
    let mut mapping = run.controllers.iter();
    let mapping = mapping.by_ref().filter(|it| run.sharp.apps.share(&it.1.file.path, &file.path));
    for (at, (group, _, patterns)) in mapping.enumerate() {
        conventions.extend(patterns.iter().cloned());
        for prefix in run.paths(*group) {
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        // With several maps of the same controllers, what all say would have to be compared.
        if at == 0 || said.authorize.is_empty() {
            said.add(&run.said(*group));
        }
    }
    if prefixes.is_empty() {
        prefixes.push(String::new());
    }
    (prefixes, conventions, said)
}

/// A route with what stands before all routes.
fn finished<'f>(
    run: &Run<'_, '_, 'f>,
    fallbacks: &mut HashMap<&'f str, Option<Guard>>,
    outer: Said,
    route: Mapped<'f>,
) -> Route {
    let file = route.at.file;
    let mut said = outer;
    let before = run.middleware.iter();
    let before = before.filter(|it| run.sharp.apps.share(&it.at.file.path, &file.path));
    said.filters.splice(0..0, before.map(|it| (it.gate.clone(), it.guard.clone())));
    said.add(&route.said);
    let fallback = fallbacks.entry(&file.path).or_insert_with(|| run.sharp.fallback(file));
    let mut guards = said.guards(&route.path, fallback.as_ref());
    // Where a filter refuses everybody, what lets in elsewhere does not count.
    if guards.last().is_some_and(|it| it.effect == Effect::Demands) {
        guards.retain(|it| it.effect == Effect::Demands);
    }
    Route {
        path: route.path,
        method: route.method,
        authorization: Authorization::of(guards),
        framework: FRAMEWORK.name,
        handler: route.handler,
        place: route.at.place(),
        component: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_code_ends() {
        let many = "A, ".repeat(200);
        let groups = "app.MapGroup(K.A).MapGet(K.A, X)";
        let fluent = ".MapGroup(\"/a\").X()".repeat(2_000);
        let nested = "app.X(app.MapGroup(".repeat(1_000);
        let calls = "app.X(); app.Y(app); ".repeat(100);
        let text = format!(
            "var app = WebApplication.Create(); {groups}; app{fluent}; {calls} {nested};
            static class K {{ public static string[] A = {{ {many} }};
            public static void X(this WebApplication app) {{ {calls} }}
            public static void Y(this WebApplication app) {{ {calls} foreach (var a in K.A) {{ app.MapGet(a, X); }} }} }}
            [Route(\"[controller\")] class DController : DController {{ [HttpGet(K.A + K.A)] public int A() => 1; }}"
        );
        let file = File::parse("Program.cs", Language::CSharp, text, &Limits::default());
        let files: Vec<File> = file.into_iter().collect();
        let _ = read(&Project::new(&files), &Limits::default());
    }
}

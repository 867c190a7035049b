//! Laravel and Lumen.

mod controllers;
mod examples;
mod files;
mod middleware;
mod more_examples;
mod resources;
mod router;
mod scope;

use std::collections::HashSet;

use self::{middleware::Middleware, router::Router, scope::Scope};
use super::{
    calls::{parameters, statements},
    classes::{Class, Classes, is_below},
    values::Known,
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    project::Project,
    route::{Level, Route},
    syntax::{File, Language},
};

const NAME: &str = "laravel";

/// Laravel and Lumen.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: NAME,
    title: "Laravel",
    languages: &[Language::Php],
    documentation: "\
Reads what `Route::` declares, and `$router` in Lumen: verbs, resources, singletons, groups by \
chains and by arrays in any order, files that are loaded by `withRouting`, by service providers, \
by groups and by `require`, loops over lists that are written down, and `Auth::routes`. A file \
`routes/api.php` that nothing loads visibly is below `/api`. Optional parameters at the end are \
listed with and without; the fallback route is `GET /{fallbackPlaceholder}`, as the framework \
registers it, redirects answer every method.

A route is guarded by the middleware of the application, its groups and itself, and by that of its \
controller (constructor, static `middleware()`, attributes, `authorizeResource`), without what \
`withoutMiddleware` takes away. Aliases and groups are looked up in the HTTP kernel and in \
`bootstrap/app.php`. Middleware of the folder is a guard when it turns callers away (401, 403, to \
the login); other middleware by its name. `signed` demands a signature and counts as a guard.

Not read: checks in the body of a method (`$this->authorize(…)`, form requests), policies that \
let guests in, routes of packages, attributes that declare routes.",
    examples: examples::EXAMPLES,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    let files = || project.files(&[Language::Php]);
    // `$router->get(…)` is also how other frameworks look.
    let is_laravel = files().any(|file| {
        file.text.contains("Illuminate\\")
            || file.text.contains("Laravel\\")
            || is_of_routes(file) && file.text.contains("Route::")
    });
    if !is_laravel || !files().any(declares) {
        return Vec::new();
    }
    let classes = Classes::new(files());
    let roots = roots(&classes);
    let mut routes = Vec::new();
    for root in &roots {
        let inside: Vec<&File> = classes
            .files()
            .iter()
            .copied()
            .filter(|file| owner(&file.path, &roots) == Some(root.as_str()))
            .collect();
        let middleware = Middleware::new(&classes, root);
        let mut router = Router {
            middleware: &middleware,
            limits,
            loaded: HashSet::new(),
            open: Vec::new(),
            steps: 0,
            routes: Vec::new(),
        };
        let scope = Scope::new(Known::new(&classes, root));
        application(&mut router, &inside, &scope);
        routes.extend(router.routes);
    }
    routes
}

/// Goes through the files of an application, first those that load others.
fn application<'m, 'f>(router: &mut Router<'m, 'f>, files: &[&'f File], scope: &Scope<'m, 'f>) {
    for file in files.iter().filter(|file| file.path.ends_with("bootstrap/app.php")) {
        let mut inner = scope.deeper();
        inner.routers.push("$app".to_owned());
        router.file(file, &inner);
    }
    for file in files {
        for class in provider(file, scope) {
            registered(router, class, scope);
        }
    }
    let mut rest: Vec<&File> = files.iter().copied().filter(|file| is_of_routes(file)).collect();
    // Files that load others come before them.
    rest.sort_by_key(|file| !matches!(file.name(), "api.php" | "web.php"));
    for file in rest {
        if router.loaded.contains(file.path.as_str()) {
            continue;
        }
        let mut inner = scope.deeper();
        match file.name() {
            "api.php" if !file.text.contains("$app->") && !is_lumen(files) => {
                inner.add_prefix("api");
                inner.add_uses(vec!["api".to_owned()], &file.root(), Level::Group);
            }
            "web.php" => inner.add_uses(vec!["web".to_owned()], &file.root(), Level::Group),
            _ => {}
        }
        if file.text.contains("$app->") {
            inner.routers.push("$app".to_owned());
        }
        router.file(file, &inner);
    }
}

fn is_lumen(files: &[&File]) -> bool {
    files.iter().any(|file| file.text.contains("Laravel\\Lumen"))
}

/// The service providers of a file that say something of routes.
fn provider<'m, 'f>(file: &File, scope: &Scope<'m, 'f>) -> Vec<&'m Class<'f>> {
    if !declares(file) && !file.text.contains("loadRoutesFrom") {
        return Vec::new();
    }
    let names = scope.known.classes.names(file);
    let declared = file.root().all(&["class_declaration"]).collect::<Vec<_>>();
    declared
        .iter()
        .filter_map(|piece| {
            let full = names.declared(piece);
            let found = scope.known.classes.named(&full, &scope.known.root);
            found.into_iter().find(|class| {
                class.piece == *piece
                    && class.parent.as_ref().is_some_and(|it| it.ends_with("ServiceProvider"))
            })
        })
        .collect()
}

/// Runs the methods of a provider that none of its methods calls.
fn registered<'m, 'f>(router: &mut Router<'m, 'f>, class: &Class<'f>, scope: &Scope<'m, 'f>) {
    let text = class.piece.text();
    let mut methods: Vec<_> = class.methods().collect();
    methods.sort_by_key(crate::syntax::Piece::offset);
    for method in methods {
        let name = method.field("name").map_or("", |name| name.text());
        if text.contains(&format!("$this->{name}(")) && !matches!(name, "boot" | "routes") {
            continue;
        }
        let mut inner = scope.deeper();
        inner.class = Some(class.full.clone());
        inner.routers.extend(parameters(&method).iter().map(|(name, _)| (*name).to_owned()));
        if let Some(namespace) = class.property("namespace") {
            let value = inner.known.value(&namespace);
            inner.known.set("$this->namespace", value);
        }
        router.all(&statements(&method), &mut inner);
    }
}

/// Whether a file declares routes.
fn declares(file: &File) -> bool {
    file.text.contains("Route::") || file.text.contains("$router->") || file.text.contains("$app->")
}

/// Whether a file is one of routes, by where it is and what is in it.
fn is_of_routes(file: &File) -> bool {
    let folder = file.folder();
    let is_there = folder.split('/').any(|part| part.eq_ignore_ascii_case("routes"))
        || file.name() == "routes.php";
    is_there
        && declares(file)
        && !matches!(file.name(), "console.php" | "channels.php")
        && !file.root().children().any(|piece| piece.is(&["class_declaration"]))
}

/// The folders of applications.
fn roots(classes: &Classes<'_>) -> Vec<String> {
    let mut roots: Vec<String> = Vec::new();
    let mut add = |root: &str| {
        if !roots.iter().any(|known| known == root || is_below(root, known)) {
            roots.push(root.to_owned());
        }
    };
    let paths = || classes.files().iter().map(|file| file.path.as_str());
    for end in ["bootstrap/app.php", "routes/web.php", "routes/api.php", "Kernel.php"] {
        for path in paths().filter(|path| path.ends_with(end)) {
            let end = if end == "Kernel.php" { "app/Http/Kernel.php" } else { end };
            if let Some(front) = path.strip_suffix(end)
                && (front.is_empty() || front.ends_with('/'))
            {
                add(front.trim_end_matches('/'));
            }
        }
    }
    let mut others: Vec<&File> =
        classes.files().iter().copied().filter(|file| is_of_routes(file)).collect();
    others.sort_by_key(|file| file.path.len());
    for file in others {
        let folder = file.folder();
        let at = folder.to_lowercase().find("routes").unwrap_or(folder.len());
        add(folder.get(..at).unwrap_or_default().trim_end_matches('/'));
    }
    roots
}

/// The application that a file is of: the innermost folder.
fn owner<'r>(path: &str, roots: &'r [String]) -> Option<&'r str> {
    let around = roots.iter().filter(|root| is_below(path, root));
    around.map(String::as_str).max_by_key(|root| root.len())
}

#[cfg(test)]
mod tests {
    use crate::{
        Limits, routes,
        syntax::{File, Language},
    };

    #[test]
    fn code_without_end_ends() {
        let texts = [
            "Route::prefix('x')->group(function () {".repeat(2_000),
            "{".repeat(3_000) + "Route::get('/x', 'A@b');",
            format!("Route::get('x'{}, 'A@b');", ". $y . 'z'".repeat(3_000)),
            "require __DIR__ . '/api.php'; require 'routes/api.php'; Route::get('x', 1);".to_owned(),
            "$a = function () { $a(); $a(); Route::get('x', 1); }; $a();".to_owned(),
            format!("Route::get('x', 1){};", "->where('a', 'b')".repeat(3_000)),
            "foreach ([1,2,3] as $x) {".repeat(30) + "Route::get('x', 1);" + &"}".repeat(30),
            "class A extends A { use A; const B = self::B . self::B; function middleware() { return \
             $this->middleware(); } } Route::get(A::B, [A::class, 'b']); Route::resource('.', A::class);"
                .to_owned(),
        ];
        for text in texts {
            let limits = Limits::default();
            let file =
                File::parse("routes/api.php", Language::Php, format!("<?php {text}"), &limits);
            let _ = routes(&file.into_iter().collect::<Vec<_>>(), &limits);
        }
    }
}

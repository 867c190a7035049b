//! Ruby on Rails.

mod constraints;
mod declarations;
mod devise;
mod examples;
mod filters;
mod mapper;
mod more_examples;
mod parts;
mod scope;

use std::collections::HashMap;

use self::{filters::Filters, mapper::Mapper, parts::engine_module, scope::Scope};
use super::{
    calls::{Call, parameters, statements},
    classes::{Classes, is_below},
};
use crate::{
    frameworks::Framework,
    limits::Limits,
    project::Project,
    route::{Effect, Guard, Level, Route, short},
    syntax::{File, Language, Piece},
};

const NAME: &str = "rails";

/// Ruby on Rails.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: NAME,
    title: "Ruby on Rails",
    languages: &[Language::Ruby],
    documentation: "\
Reads the blocks given to `routes.draw`: `config/routes.rb`, files below `config/routes` that it \
draws, concerns, modules that it extends, methods and lambdas of its own, loops over lists that \
are written down, and engines of the same folder where they are mounted. Resources give the routes \
that Rails makes of them, without forms where the application is an API; `devise_for` gives those \
of the parts that its model has. Optional parts of paths are listed with and without.

A route is guarded by the filters that stand before its action: in its controller, the classes it \
derives from and the concerns they include, with `only`, `except`, `skip_before_action` and \
conditions on the name of the action. A filter is a guard when its method turns callers away \
(401, 403, to the login, or where there is no user), or, where that is not in the folder, when its \
name says so. `authenticate` blocks and constraints that ask who calls are guards too.

Not read: checks in the body of an action (`authorize @post`), mounted Rack applications, \
routes of other gems (Doorkeeper, Active Admin), Grape and Sinatra.",
    examples: examples::EXAMPLES,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    let files = || project.files(&[Language::Ruby]);
    let draws: Vec<_> = files().flat_map(draws).collect();
    if draws.is_empty() {
        return Vec::new();
    }
    let classes = Classes::new(files());
    let filters = Filters::new(&classes);
    let (engines, applications): (Vec<_>, Vec<_>) = draws.into_iter().partition(|(name, _)| {
        // `Rails.application` and `Shop::Application` are what is served.
        name.ends_with("::Engine")
    });
    let mut mapper = Mapper {
        project,
        classes: &classes,
        filters: &filters,
        limits,
        root: String::new(),
        is_api: false,
        engines: &engines,
        mounted: Vec::new(),
        concerns: HashMap::new(),
        methods: HashMap::new(),
        steps: 0,
        routes: Vec::new(),
    };
    for (_, block) in &applications {
        let mut scope = Scope::new(classes.constants.clone());
        run(&mut mapper, block, &mut scope, project);
    }
    // Engines that nobody mounts are for other applications, and are listed as they stand.
    for (name, block) in &engines {
        if !mapper.mounted.contains(name) {
            let mut scope = Scope::new(classes.constants.clone());
            scope.module = engine_module(name);
            run(&mut mapper, block, &mut scope, project);
        }
    }
    mapper.routes
}

fn run<'f>(
    mapper: &mut Mapper<'_, 'f>,
    block: &Piece<'f>,
    scope: &mut Scope<'f>,
    project: &Project<'f>,
) {
    let root = root(block.file);
    if mapper.root != root {
        mapper.concerns.clear();
    }
    mapper.is_api = is_api(project, mapper.classes, root);
    mapper.root = root.to_owned();
    mapper.methods = methods_beside(block);
    mapper.steps = 0;
    scope.mappers.extend(parameters(block).iter().map(|it| it.text().to_owned()));
    scope.guards.extend(guards_of_application(project, root));
    mapper.all(&statements(block), scope);
}

/// The blocks that draw routes in a file, with the name of what they are of.
fn draws(file: &File) -> Vec<(String, Piece<'_>)> {
    if !file.text.contains("routes.") {
        return Vec::new();
    }
    let calls = file.root().all(&["call"]).collect::<Vec<_>>();
    calls
        .iter()
        .filter_map(Call::of)
        .filter(|call| matches!(call.name, "draw" | "append" | "prepend"))
        .filter_map(|call| {
            let name = call.receiver?.text().strip_suffix(".routes")?;
            Some((name.trim_start_matches("::").to_owned(), call.block?))
        })
        .collect()
}

/// The folder of the application that a file of routes is of.
fn root(file: &File) -> &str {
    let path = file.path.as_str();
    match path.rfind("/config/") {
        Some(at) => path.get(..at).unwrap_or_default(),
        None if path.starts_with("config/") => "",
        None => file.folder(),
    }
}

/// Methods that are defined beside a block of routes, for use in it.
fn methods_beside<'f>(block: &Piece<'f>) -> HashMap<&'f str, Piece<'f>> {
    statements(&block.file.root())
        .into_iter()
        .filter(|piece| piece.kind() == "method")
        .filter_map(|piece| Some((piece.field("name")?.text(), piece)))
        .collect()
}

/// The files of an application that say how it is set up.
fn settings<'p>(project: &'p Project<'p>, root: &str) -> impl Iterator<Item = &'p File> {
    project.files(&[Language::Ruby]).filter(move |file| {
        is_below(&file.path, root)
            && (file.path.ends_with("config/application.rb")
                || file.path.contains("config/initializers/")
                || file.path.ends_with("config/environments/production.rb"))
    })
}

/// Whether resources of an application are without forms.
fn is_api(project: &Project<'_>, classes: &Classes<'_>, root: &str) -> bool {
    let says = settings(project, root).find_map(|file| {
        let set = file.root().all(&["assignment"]).find(|piece| {
            piece.field("left").is_some_and(|left| left.text().ends_with(".api_only"))
        })?;
        Some(set.field("right")?.kind() == "true")
    });
    says.unwrap_or_else(|| {
        let (ancestors, end) = classes.ancestors("ApplicationController", root);
        !ancestors.is_empty() && end.is_some_and(|end| end == "ActionController::API")
    })
}

/// Guards before everything: `config.middleware.use Rack::Auth::Basic`.
fn guards_of_application(project: &Project<'_>, root: &str) -> Vec<Guard> {
    let mut guards = Vec::new();
    for file in settings(project, root).filter(|file| file.text.contains("Rack::Auth::")) {
        let calls = file.root().all(&["call"]).collect::<Vec<_>>();
        for call in calls.iter().filter_map(Call::of) {
            let is_stack = call.receiver.is_some_and(|on| on.text().ends_with("middleware"));
            let named = call.arguments.iter().find(|it| it.text().contains("Rack::Auth::"));
            if let (true, Some(named)) = (is_stack, named) {
                guards.push(Guard {
                    name: short(named.text()),
                    effect: Effect::Demands,
                    level: Level::Application,
                    place: call.piece.place(),
                });
            }
        }
    }
    guards
}

#[cfg(test)]
mod tests {
    use crate::{
        Limits, routes,
        syntax::{File, Language},
    };

    #[test]
    fn code_without_end_ends() {
        let start = "Rails.application.routes.draw do\n";
        let texts = [
            format!("{start}{}", "scope 'x' do\n".repeat(3_000)),
            format!("{start}concern :a do\nconcerns :a, :a, :a\nget 'x'\nend\nconcerns :a\nend"),
            format!("{start}def a\na\na\nget 'x'\nend\na\nend"),
            format!("{start}get 'x'{}\nend", " if y".repeat(3_000)),
            format!("{start}get 'x'{}\nend", " + 'y'".repeat(3_000)),
            format!("{start}{}get 'x'{}\nend", "[1,2,3].each { |x| ".repeat(30), "}".repeat(30)),
            format!(
                "class A < A\ninclude A\nbefore_action :a\ndef a\na\nend\nend\n{start}root 'a#b'\nend"
            ),
            "module A\n".repeat(3_000),
        ];
        for text in texts {
            let limits = Limits::default();
            let file = File::parse("config/routes.rb", Language::Ruby, text, &limits);
            let _ = routes(&file.into_iter().collect::<Vec<_>>(), &limits);
        }
    }
}

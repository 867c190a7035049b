//! `FastEndpoints`: a class for each endpoint, closed unless it says otherwise.

use super::{
    attributes::Said,
    controllers::Mapped,
    strings::paths_of,
    types::{Sharp, arguments, attributes, bare, bases, methods, name_of, type_arguments, value},
};
use crate::{
    frameworks::calls::{callee, receiver},
    paths,
    project::Project,
    route::Level,
    syntax::Piece,
};

const BASES: &[&str] =
    &["Endpoint", "EndpointWithMapper", "EndpointWithMapping", "EndpointWithoutRequest"];
const VERBS: &[&str] = &["Delete", "Get", "Head", "Patch", "Post", "Put"];

/// The routes of all such classes.
pub(super) fn read<'f>(sharp: &Sharp<'_, 'f>) -> Vec<Mapped<'f>> {
    let mut routes = Vec::new();
    for class in sharp.types.iter().filter(|it| it.is(&["class_declaration"])) {
        let is_endpoint = sharp.above(class).iter().any(|it| BASES.contains(it))
            || class.child(&["base_list"]).is_some_and(|it| it.text().contains("Ep."));
        if is_endpoint {
            endpoint(sharp, class, &mut routes);
        }
    }
    routes
}

fn endpoint<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>, routes: &mut Vec<Mapped<'f>>) {
    let mut said = sharp.said_on(class, Level::Route);
    let (mut verbs, mut paths) = (Vec::new(), Vec::new());
    let mut prefix = prefix(sharp, class);
    for attribute in attributes(class) {
        if let Some(verb) = attribute.name.strip_prefix("Http") {
            verbs.push(verb.to_ascii_uppercase());
            paths.extend(attribute.given().iter().flat_map(|it| sharp.strings(it)));
        }
    }
    let configure = methods(class).find(|it| name_of(it) == "Configure");
    let calls: Vec<Piece<'f>> = configure
        .iter()
        .flat_map(|it| it.all(&["invocation_expression"]).take(200))
        .filter(|it| receiver(it).is_none_or(|it| !it.is(&["identifier"])))
        .collect();
    for call in &calls {
        let texts = || arguments(call).into_iter().flat_map(|it| sharp.strings(&it));
        match callee(call) {
            name if VERBS.contains(&name) => {
                verbs.push(name.to_ascii_uppercase());
                paths.extend(texts());
            }
            "Verbs" => {
                let given = arguments(call);
                let names = given.iter().map(|it| bare(value(it).text()).trim_matches('"'));
                verbs.extend(names.map(str::to_ascii_uppercase));
            }
            "Routes" => paths.extend(texts()),
            "AllowAnonymous" => {
                said.anonymous.push(Project::frees("AllowAnonymous()", call, Level::Route));
            }
            "RoutePrefixOverride" => prefix = texts().next().unwrap_or_default(),
            "Group" => {
                let of = type_arguments(call).into_iter().next();
                let found = of.and_then(|it| sharp.types_named(it.text(), class.file).pop());
                if let Some(of) = found {
                    prefix = paths::join(&prefix, &group(sharp, &of, &mut said, 0), false);
                }
            }
            _ => {}
        }
    }
    if verbs.is_empty() || paths.is_empty() {
        return;
    }
    open_by_configuration(sharp, class, &mut said);
    // Whoever says nothing is closed.
    said.authorize.push(Project::demands(name_of(class), class, Level::Route));
    for path in &paths {
        for path in paths_of(&paths::join(&prefix, path, false)) {
            routes.extend(verbs.iter().map(|verb| Mapped {
                method: verb.clone(),
                path: path.clone(),
                handler: Some(name_of(class).to_owned()),
                at: *class,
                said: said.clone(),
            }));
        }
    }
}

/// The prefix of a group, below those that it is part of.
fn group<'f>(sharp: &Sharp<'_, 'f>, of: &Piece<'f>, said: &mut Said, depth: usize) -> String {
    let mut prefix = String::new();
    if depth > 8 {
        return prefix;
    }
    let above = of.child(&["base_list"]).and_then(|it| it.all(&["type_argument_list"]).next());
    if let Some(above) = above.and_then(|it| it.children().next())
        && bases(of).contains(&"SubGroup")
        && let Some(above) = sharp.types_named(above.text(), of.file).pop()
    {
        prefix = group(sharp, &above, said, depth + 1);
    }
    for call in of.all(&["invocation_expression"]).take(100) {
        match callee(&call) {
            "Configure" => {
                let given = arguments(&call);
                let own = given.first().and_then(|it| sharp.strings(it).into_iter().next());
                prefix = paths::join(&prefix, &own.unwrap_or_default(), false);
            }
            "AllowAnonymous" => {
                said.anonymous.push(Project::frees("AllowAnonymous()", &call, Level::Group));
            }
            _ => {}
        }
    }
    prefix
}

/// `config.Endpoints.RoutePrefix = "api"`.
fn prefix<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>) -> String {
    let set = sharp.actions.iter().filter(|it| it.is(&["assignment_expression"]));
    let set = set.filter(|it| sharp.apps.share(&it.file.path, &class.file.path));
    let mut found = set.filter_map(|it| {
        let is_prefix = bare(it.field("left")?.text()) == "RoutePrefix";
        if is_prefix { sharp.strings(&it.field("right")?).into_iter().next() } else { None }
    });
    found.next().unwrap_or_default()
}

/// `config.Endpoints.Configurator = it => it.AllowAnonymous()`.
fn open_by_configuration<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>, said: &mut Said) {
    let set = sharp.actions.iter().filter(|it| it.is(&["assignment_expression"]));
    for it in set.filter(|it| sharp.apps.share(&it.file.path, &class.file.path)) {
        let is_configurator = it.field("left").is_some_and(|it| bare(it.text()) == "Configurator");
        let text = it.text();
        if is_configurator && text.contains("AllowAnonymous()") && !text.contains("if (") {
            said.anonymous.push(Project::frees("Configurator", it, Level::Application));
        }
    }
}

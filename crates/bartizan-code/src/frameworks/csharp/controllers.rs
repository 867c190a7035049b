//! Controllers of ASP.NET Core: attribute routes, else conventional ones.

use super::{
    attributes::Said,
    strings::paths_of,
    types::{
        Attribute, Sharp, arguments, attributes, bases, has_modifier, methods, name_of, parameters,
    },
};
use crate::{
    frameworks::calls::callee,
    paths,
    route::Level,
    syntax::{File, Piece},
};

/// An endpoint, before what is said for all.
#[derive(Debug)]
pub(super) struct Mapped<'f> {
    /// Method in upper case, or `ANY`.
    pub(super) method: String,
    /// Path, parameters as `{name}`.
    pub(super) path: String,
    /// What answers.
    pub(super) handler: Option<String>,
    /// Where it is declared.
    pub(super) at: Piece<'f>,
    /// What is said about callers.
    pub(super) said: Said,
}

/// A pattern of conventional routing.
#[derive(Clone, Debug)]
pub(super) struct Convention {
    /// `{controller=Home}/{action=Index}/{id?}`.
    pub(super) pattern: String,
    /// The area that it is for alone.
    pub(super) area: Option<String>,
}

/// The routes of a controller that is served below `prefix`.
pub(super) fn read<'f>(
    sharp: &Sharp<'_, 'f>,
    class: &Piece<'f>,
    prefix: &str,
    conventions: &[Convention],
) -> Vec<Mapped<'f>> {
    let hierarchy = sharp.hierarchy(class);
    let names = Names::of(sharp, class, &hierarchy);
    let outer = class_templates(sharp, &hierarchy);
    let mut of_class = Said::default();
    for of in hierarchy.iter().rev() {
        of_class.add(&sharp.said_on(of, Level::Group));
    }
    let mut routes = Vec::new();
    for action in actions(&hierarchy) {
        let Some(method) = action.first().copied() else { continue };
        let all: Vec<Attribute<'f>> = action.iter().flat_map(attributes).collect();
        if all.iter().any(|it| matches!(it.name, "NonAction" | "NonHandler")) {
            continue;
        }
        let mut said = of_class.clone();
        for of in action.iter().rev() {
            said.add(&sharp.said_on(of, Level::Route));
        }
        let renamed = all.iter().find(|it| it.name == "ActionName");
        let renamed = renamed.and_then(|it| sharp.strings(it.given().first()?).into_iter().next());
        let plain = name_of(&method);
        let plain = plain.strip_suffix("Async").filter(|it| !it.is_empty()).unwrap_or(plain);
        let called = renamed.unwrap_or_else(|| plain.to_owned());
        // Of a method that overrides another, the first with routes says them.
        let routing = action.iter().find(|it| attributes(it).any(|it| is_routing(it.name)));
        let routing: Vec<Attribute<'f>> = routing.iter().flat_map(|it| attributes(it)).collect();
        for (verb, template) in selectors(sharp, &routing) {
            let routed = match (&template, outer.is_empty()) {
                (None, true) => conventional(&names, &called, &method, conventions),
                _ => attribute_paths(&outer, template.as_deref().unwrap_or_default(), prefix)
                    .iter()
                    .map(|it| names.filled(it, &called))
                    .flat_map(|it| paths_of(&it))
                    .collect(),
            };
            routes.extend(routed.into_iter().map(|path| Mapped {
                method: verb.clone(),
                path,
                handler: Some(format!("{}.{}", name_of(class), name_of(&method))),
                at: method,
                said: said.clone(),
            }));
        }
    }
    routes
}

/// Whether a class is a controller, and the declaration that stands for all of its parts.
pub(super) fn is_controller<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>) -> bool {
    const BASES: &[&str] = &["ApiController", "Controller", "ControllerBase", "ODataController"];
    let is_other = ["abstract", "static"].iter().any(|it| has_modifier(class, it))
        || class.child(&["type_parameter_list"]).is_some();
    if !class.is(&["class_declaration", "record_declaration"]) || is_other {
        return false;
    }
    let hierarchy = sharp.hierarchy(class);
    if hierarchy.iter().flat_map(attributes).any(|it| it.name == "NonController") {
        return false;
    }
    let has_base = hierarchy.iter().flat_map(bases).any(|it| {
        BASES.contains(&it) || it.starts_with("EndpointBase") || it.starts_with("BaseAsyncEndpoint")
    });
    // `EndpointBaseAsync.WithRequest<…>` has its name in front.
    let is_endpoint = class.child(&["base_list"]).is_some_and(|it| {
        it.text().contains("EndpointBaseAsync.") || it.text().contains("EndpointBaseSync.")
    });
    let is_first = sharp.types_named(name_of(class), class.file).first() == Some(class)
        || !has_modifier(class, "partial");
    let is_first = is_first && first_part(sharp, class);
    is_first
        && (has_base
            || is_endpoint
            || name_of(class).ends_with("Controller")
            || hierarchy.iter().flat_map(attributes).any(|it| it.name == "ApiController"))
}

/// Of the parts of a partial class, one stands for all.
fn first_part<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>) -> bool {
    let parts = sharp.types_named(name_of(class), class.file);
    let key = |it: &Piece<'f>| (it.file.path.clone(), it.offset());
    !has_modifier(class, "partial")
        || parts.iter().map(key).min().is_none_or(|first| first == key(class))
}

/// What stands in templates for the tokens in square brackets.
struct Names {
    controller: String,
    area: Option<String>,
    is_kebab: bool,
}

impl Names {
    fn of<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>, hierarchy: &[Piece<'f>]) -> Self {
        let name = name_of(class);
        let controller = name.strip_suffix("Controller").filter(|it| !it.is_empty());
        let mut all = hierarchy.iter().flat_map(attributes);
        let area = all.find(|it| it.name == "Area");
        let area = area.and_then(|it| sharp.strings(it.given().first()?).into_iter().next());
        let is_kebab = sharp.actions.iter().any(|it| {
            it.is(&["object_creation_expression"])
                && it.field("type").is_some_and(|it| it.text() == "RouteTokenTransformerConvention")
                && sharp.apps.share(&it.file.path, &class.file.path)
        });
        Self { controller: controller.unwrap_or(name).to_owned(), area, is_kebab }
    }

    fn filled(&self, template: &str, action: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('[') {
            out.push_str(rest.get(..at).unwrap_or_default());
            let tail = rest.get(at + 1..).unwrap_or_default();
            let Some(end) = tail.find(']') else { break };
            let token = tail.get(..end).unwrap_or_default();
            let by = match token.to_ascii_lowercase().as_str() {
                "controller" => Some(self.controller.as_str()),
                "action" => Some(action),
                "area" => self.area.as_deref(),
                _ => None,
            };
            match by {
                Some(by) if self.is_kebab => out.push_str(&kebab(by)),
                Some(by) => out.push_str(by),
                None => out.push_str(&format!("[{token}]")),
            }
            rest = tail.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }
}

/// `OrderItems` as `order-items`.
fn kebab(name: &str) -> String {
    crate::guards::words(name).join("-")
}

/// The templates of the nearest class that has some.
fn class_templates<'f>(sharp: &Sharp<'_, 'f>, hierarchy: &[Piece<'f>]) -> Vec<String> {
    for of in hierarchy {
        let routes = attributes(of).filter(|it| matches!(it.name, "Route" | "RoutePrefix"));
        let all: Vec<String> = routes
            .flat_map(|it| it.given().first().map(|it| sharp.strings(it)).unwrap_or_default())
            .collect();
        if !all.is_empty() {
            return all;
        }
    }
    Vec::new()
}

/// The public methods of a class and of what it is derived from, each with those it overrides.
fn actions<'f>(hierarchy: &[Piece<'f>]) -> Vec<Vec<Piece<'f>>> {
    let mut all: Vec<Vec<Piece<'f>>> = Vec::new();
    for of in hierarchy.iter().filter(|it| !it.is(&["interface_declaration"])) {
        for method in methods(of) {
            let takes = parameters(&method).len();
            let overriding = all.iter_mut().find(|it| {
                it.last().is_some_and(|last| {
                    (has_modifier(last, "override") || has_modifier(last, "new"))
                        && name_of(last) == name_of(&method)
                        && parameters(last).len() == takes
                })
            });
            if let Some(overriding) = overriding {
                overriding.push(method);
            } else if has_modifier(&method, "public")
                && !has_modifier(&method, "static")
                && method.child(&["type_parameter_list"]).is_none()
            {
                all.push(vec![method]);
            }
        }
    }
    // What overrides something of a library alone is called by that.
    all.retain(|it| {
        it.len() > 1
            || it.first().is_none_or(|method| {
                (!has_modifier(method, "override") || attributes(method).next().is_some())
                    && !matches!(name_of(method), "Dispose" | "DisposeAsync")
            })
    });
    all
}

/// Methods and templates of an action, as ASP.NET Core combines its attributes.
fn selectors<'f>(sharp: &Sharp<'_, 'f>, all: &[Attribute<'f>]) -> Vec<(String, Option<String>)> {
    let (mut own, mut verbs, mut routes) = (Vec::new(), Vec::new(), Vec::new());
    for attribute in all {
        let given = attribute.given();
        let texts = given.first().map(|it| sharp.strings(it)).unwrap_or_default();
        if attribute.name == "Route" {
            routes.extend(texts);
        } else if attribute.name == "AcceptVerbs" {
            let methods = given.iter().flat_map(|it| sharp.strings(it));
            let methods: Vec<String> = methods.map(|it| it.to_ascii_uppercase()).collect();
            let route = attribute.named("Route").and_then(|it| sharp.strings(&it).pop());
            match route {
                Some(route) => own.extend(methods.into_iter().map(|it| (it, Some(route.clone())))),
                None => verbs.extend(methods),
            }
        } else if let Some(verb) = verb_of(attribute.name) {
            match texts.into_iter().next() {
                Some(template) => own.push((verb.to_owned(), Some(template))),
                None => verbs.push(verb.to_owned()),
            }
        }
    }
    if routes.is_empty() {
        own.extend(verbs.into_iter().map(|verb| (verb, None)));
        if own.is_empty() {
            own.push(("ANY".to_owned(), None));
        }
        return own;
    }
    if verbs.is_empty() {
        verbs.push("ANY".to_owned());
    }
    for route in routes {
        own.extend(verbs.iter().map(|verb| (verb.clone(), Some(route.clone()))));
    }
    own
}

fn is_routing(attribute: &str) -> bool {
    matches!(attribute, "AcceptVerbs" | "Route") || verb_of(attribute).is_some()
}

fn verb_of(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "HttpGet" => "GET",
        "HttpPost" => "POST",
        "HttpPut" => "PUT",
        "HttpDelete" => "DELETE",
        "HttpPatch" => "PATCH",
        "HttpHead" => "HEAD",
        "HttpOptions" => "OPTIONS",
        _ => return None,
    })
}

fn attribute_paths(outer: &[String], template: &str, prefix: &str) -> Vec<String> {
    let absolute = template.strip_prefix("~/").or_else(|| template.strip_prefix('/'));
    if let Some(absolute) = absolute {
        return vec![paths::join(prefix, absolute, false)];
    }
    let empty = [String::new()];
    let outer = if outer.is_empty() { &empty[..] } else { outer };
    let join = |outer: &String| {
        let outer = outer.trim_start_matches('~');
        paths::join(prefix, &paths::join(outer, template, false), false)
    };
    outer.iter().map(join).collect()
}

/// The paths of an action by the patterns of the application.
fn conventional(
    names: &Names,
    action: &str,
    method: &Piece<'_>,
    conventions: &[Convention],
) -> Vec<String> {
    let has_id = parameters(method).iter().any(|it| name_of(it) == "id");
    let fitting = conventions.iter().find(|it| {
        let wants_area = it.area.is_some() || it.pattern.contains("{area");
        wants_area == names.area.is_some()
            && it.area.as_ref().is_none_or(|area| Some(area) == names.area.as_ref())
    });
    let Some(convention) = fitting else { return Vec::new() };
    let mut path = String::new();
    let mut is_default = true;
    let segments: Vec<&str> = convention.pattern.split('/').collect();
    for segment in segments.iter().rev() {
        let inner = segment.trim_matches(['{', '}']);
        let name = inner.split(['=', ':', '?']).next().unwrap_or(inner);
        let default = inner.split_once('=').map(|(_, value)| value);
        let value = match name {
            _ if !segment.starts_with('{') => (*segment).to_owned(),
            "controller" => names.controller.clone(),
            "action" => action.to_owned(),
            "area" => names.area.clone().unwrap_or_default(),
            "id" if has_id => "{id}".to_owned(),
            _ => continue,
        };
        // What is as by default is left out at the end.
        if is_default && default == Some(value.as_str()) {
            continue;
        }
        is_default = false;
        path = if path.is_empty() { value } else { format!("{value}/{path}") };
    }
    vec![paths::join("", &path, false)]
}

/// A prefix that a convention puts before all controllers: `UseRoutePrefix("api")`.
pub(super) fn global_prefix(sharp: &Sharp<'_, '_>, near: &File) -> String {
    let named = sharp.actions.iter().filter(|it| sharp.apps.share(&it.file.path, &near.path));
    let mut found = named.filter_map(|it| {
        let name = match it.kind() {
            "invocation_expression" => callee(it),
            "object_creation_expression" => it.field("type")?.text(),
            _ => return None,
        };
        if !name.contains("RoutePrefix") {
            return None;
        }
        let texts = arguments(it).into_iter().flat_map(|it| sharp.strings(&it));
        texts.into_iter().find(|text| !text.is_empty())
    });
    found.next().unwrap_or_default()
}

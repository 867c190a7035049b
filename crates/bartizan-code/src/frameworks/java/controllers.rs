//! Controllers: the mappings on classes, their superclasses and interfaces.

use super::{
    methods,
    types::{Annotation, Java, TYPES, annotations, has_modifier, name_of, type_name},
};
use crate::{
    paths,
    route::Guard,
    syntax::{File, Piece},
};

/// A route of a controller or a router function, before what stands in front of all of them.
#[derive(Debug)]
pub(super) struct Mapped<'f> {
    /// Method in upper case, or `ANY`.
    pub(super) method: String,
    /// Path within the application, parameters as `{name}`.
    pub(super) path: String,
    /// What answers.
    pub(super) handler: Option<String>,
    /// Where it is declared.
    pub(super) at: Piece<'f>,
    /// The file of the class, which may be another than that of an inherited mapping.
    pub(super) file: &'f File,
    /// Guards of class and method.
    pub(super) guards: Vec<Guard>,
    /// Annotations of method, its parameters and its class, that others may look for.
    pub(super) marks: Vec<String>,
}

/// What a mapping annotation says.
#[derive(Clone, Debug, Default)]
struct Mapping {
    paths: Vec<String>,
    methods: Vec<String>,
}

/// A method with those that it overrides, nearest first.
pub(super) struct Handler<'f> {
    /// Declarations of it.
    pub(super) declared: Vec<Piece<'f>>,
}

impl<'f> Handler<'f> {
    /// The nearest declaration.
    pub(super) fn nearest(&self) -> Option<&Piece<'f>> {
        self.declared.first()
    }
}

/// The routes of all controllers.
pub(super) fn read<'f>(java: &Java<'_, 'f>) -> Vec<Mapped<'f>> {
    let mut routes = Vec::new();
    let prefixes = prefixes(java);
    for class in java.types.iter().filter(|it| it.is(&["class_declaration", "record_declaration"]))
    {
        if is_controller(java, class) {
            controller(java, class, &prefixes, &mut routes);
        }
    }
    routes
}

const STEREOTYPES: &[&str] = &[
    "BasePathAwareController",
    "Controller",
    "RepositoryRestController",
    "RestController",
    "RestControllerEndpoint",
];

fn is_controller<'f>(java: &Java<'_, 'f>, class: &Piece<'f>) -> bool {
    if has_modifier(class, "abstract") {
        return false;
    }
    let own = java.all_annotations(class);
    let has = |names: &[&str]| own.iter().any(|it| names.contains(&it.name));
    if has(&["FeignClient"]) {
        return false;
    }
    if has(STEREOTYPES) || annotations(class).any(|it| it.name == "RequestMapping") {
        return true;
    }
    let is_bean = has(&["Component", "Service", "Named"]);
    is_bean
        && java.hierarchy(class).iter().skip(1).any(|above| {
            let names = java.all_annotations(above);
            names.iter().any(|it| STEREOTYPES.contains(&it.name) || it.name == "RequestMapping")
        })
}

fn controller<'f>(
    java: &Java<'_, 'f>,
    class: &Piece<'f>,
    prefixes: &[Prefix<'f>],
    routes: &mut Vec<Mapped<'f>>,
) {
    let hierarchy = java.hierarchy(class);
    let outer = hierarchy.iter().find_map(|of| mapping_of(java, of)).unwrap_or_default();
    let front = prefixes.iter().filter(|it| it.is_for(java, class)).map(|it| it.path.clone());
    let front: String = front.fold(String::new(), |all, it| paths::join(&all, &it, false));
    for handler in handlers(java, &hierarchy) {
        let Some((at, inner)) =
            handler.declared.iter().find_map(|it| Some((*it, mapping_of(java, it)?)))
        else {
            continue;
        };
        let methods = if inner.methods.is_empty() { &outer.methods } else { &inner.methods };
        let any = ["ANY".to_owned()];
        let methods = if methods.is_empty() { &any[..] } else { &methods[..] };
        let guards = methods::guards(java, &hierarchy, &handler);
        let marks = methods::marks(java, &hierarchy, &handler);
        let nearest = *handler.nearest().unwrap_or(&at);
        let empty = [String::new()];
        for above in if outer.paths.is_empty() { &empty[..] } else { &outer.paths[..] } {
            for below in if inner.paths.is_empty() { &empty[..] } else { &inner.paths[..] } {
                let path = paths::join(&front, &combined(above, below), true);
                for path in paths::braces(&path) {
                    routes.extend(methods.iter().map(|method| Mapped {
                        method: method.clone(),
                        path: path.clone(),
                        handler: Some(format!("{}.{}", name_of(class), name_of(&nearest))),
                        at: if std::ptr::eq(nearest.file, class.file) { nearest } else { at },
                        file: class.file,
                        guards: guards.clone(),
                        marks: marks.clone(),
                    }));
                }
            }
        }
    }
}

/// The path of a class and that of a method, as Spring puts them together.
fn combined(above: &str, below: &str) -> String {
    if below.is_empty() {
        return above.to_owned();
    }
    paths::join(above.strip_suffix("/*").unwrap_or(above), below, true)
}

/// The methods of a type and all above it; one that overrides another is in one group with it.
fn handlers<'f>(java: &Java<'_, 'f>, hierarchy: &[Piece<'f>]) -> Vec<Handler<'f>> {
    let mut all: Vec<Handler<'f>> = Vec::new();
    for (depth, of) in hierarchy.iter().enumerate() {
        let before = all.len();
        for method in super::types::methods(of) {
            let types = parameter_types(&method);
            let nearer = all.iter_mut().take(before).filter(|_| depth > 0);
            let alike = nearer.filter_map(|it| {
                let first = *it.declared.first()?;
                let same = parameter_types(&first);
                (name_of(&first) == name_of(&method) && same.len() == types.len()).then_some((
                    it,
                    first,
                    same == types,
                ))
            });
            // With type parameters the types of both differ: then an override is one that says so,
            // or that has no mapping of its own.
            let overriding = alike
                .filter(|(_, first, is_same)| {
                    *is_same
                        || annotations(first).any(|it| it.name == "Override")
                        || mapping_of(java, first).is_none()
                })
                .max_by_key(|(_, _, is_same)| *is_same);
            match overriding {
                Some((handler, _, _)) => handler.declared.push(method),
                None => all.push(Handler { declared: vec![method] }),
            }
        }
    }
    all
}

fn parameter_types<'f>(method: &Piece<'f>) -> Vec<&'f str> {
    let list = method.field("parameters");
    let list = list.iter().flat_map(Piece::children);
    list.filter_map(|it| it.field("type").map(|of| type_name(&of)).or(Some("..."))).collect()
}

/// What the first mapping annotation on a declaration says.
fn mapping_of<'f>(java: &Java<'_, 'f>, of: &Piece<'f>) -> Option<Mapping> {
    annotations(of).find_map(|annotation| mapping(java, &annotation, 0))
}

fn mapping<'f>(java: &Java<'_, 'f>, annotation: &Annotation<'f>, depth: usize) -> Option<Mapping> {
    let texts = |keys: &[&str]| {
        let argument = annotation.argument(keys);
        argument.map(|it| java.strings(&it)).unwrap_or_default()
    };
    let one = |method: &str| vec![method.to_owned()];
    let methods = match annotation.name {
        "GetMapping" | "GetExchange" => one("GET"),
        "PostMapping" | "PostExchange" => one("POST"),
        "PutMapping" | "PutExchange" => one("PUT"),
        "DeleteMapping" | "DeleteExchange" => one("DELETE"),
        "PatchMapping" | "PatchExchange" => one("PATCH"),
        "RequestMapping" => request_methods(annotation),
        "HttpExchange" => texts(&["method"]),
        _ if depth < 4 => {
            // An annotation of the project that stands for one of these.
            let of = java.annotation_type(annotation)?;
            let mut found = annotations(&of).find_map(|it| mapping(java, &it, depth + 1))?;
            let own = texts(&["path", "value"]);
            if !own.is_empty() {
                found.paths = own;
            }
            return Some(found);
        }
        _ => return None,
    };
    Some(Mapping { paths: texts(&["path", "url", "value"]), methods })
}

fn request_methods(annotation: &Annotation<'_>) -> Vec<String> {
    let Some(argument) = annotation.argument(&["method"]) else { return Vec::new() };
    let one = |piece: &Piece<'_>| {
        let name = piece.text().rsplit('.').next().unwrap_or_default().trim();
        name.to_ascii_uppercase()
    };
    if argument.is(&["element_value_array_initializer"]) {
        argument.children().map(|it| one(&it)).collect()
    } else {
        vec![one(&argument)]
    }
}

/// `configurer.addPathPrefix("/api", predicate)`.
struct Prefix<'f> {
    path: String,
    at: Piece<'f>,
    predicate: Option<Piece<'f>>,
}

fn prefixes<'f>(java: &Java<'_, 'f>) -> Vec<Prefix<'f>> {
    let configuring = java.methods_named("configurePathMatch").iter();
    let configuring = configuring.chain(java.methods_named("configurePathMatching"));
    let calls =
        configuring.flat_map(|method| method.all(&["method_invocation"]).collect::<Vec<_>>());
    calls
        .filter(|call| name_of(call) == "addPathPrefix")
        .filter_map(|at| {
            let given = super::types::arguments(&at);
            let path = java.strings(given.first()?).into_iter().next()?;
            Some(Prefix { path, at, predicate: given.get(1).copied() })
        })
        .collect()
}

impl<'f> Prefix<'f> {
    fn is_for(&self, java: &Java<'_, 'f>, class: &Piece<'f>) -> bool {
        if !java.apps.share(&self.at.file.path, &class.file.path) {
            return false;
        }
        let Some(predicate) = &self.predicate else { return true };
        let names = java.all_annotations(class);
        let (mut said, mut is_for) = (false, false);
        for call in predicate.all(&["method_invocation"]).take(20) {
            match name_of(&call) {
                "forAnnotation" | "annotation" | "isAnnotationPresent" | "hasAnnotation" => {
                    said = true;
                    is_for |= call.all(&["class_literal"]).any(|it| {
                        let wanted = it.text().trim_end_matches(".class");
                        let wanted = wanted.rsplit('.').next().unwrap_or(wanted);
                        names.iter().any(|has| has.name == wanted)
                    });
                }
                "forBasePackage" | "basePackage" | "startsWith" => {
                    said = true;
                    let package = super::types::package(class.file);
                    is_for |= super::types::arguments(&call)
                        .iter()
                        .flat_map(|it| java.strings(it))
                        .any(|wanted| package.starts_with(&wanted));
                }
                "forBasePackageClass"
                | "basePackageClass"
                | "forAssignableType"
                | "assignableType" => {
                    said = true;
                    is_for |= call.all(&["class_literal"]).any(|it| {
                        let wanted = it.text().trim_end_matches(".class");
                        let of = java.type_named(wanted, call.file);
                        of.is_some_and(|of| {
                            super::types::package(class.file)
                                .starts_with(super::types::package(of.file))
                                || java.hierarchy(class).contains(&of)
                        })
                    });
                }
                _ => {}
            }
        }
        !said || is_for
    }
}

/// The type that a piece stands in.
pub(super) fn holder<'f>(piece: &Piece<'f>) -> Option<Piece<'f>> {
    piece.within(TYPES)
}

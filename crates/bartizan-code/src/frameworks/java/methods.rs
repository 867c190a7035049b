//! Method security: annotations on handlers, their classes and what these override.

use super::{
    access,
    controllers::Handler,
    types::{Annotation, Java, annotations, methods, name_of},
};
use crate::{
    guards,
    project::Project,
    route::{Guard, Level},
    syntax::Piece,
};

/// Annotations of which the one on the method stands instead of that on the class.
const FAMILIES: &[&[&str]] = &[
    &["PreAuthorize"],
    &["PostAuthorize"],
    &["Secured"],
    &["DenyAll", "PermitAll", "RolesAllowed"],
    &[
        "RequiresAuthentication",
        "RequiresGuest",
        "RequiresPermissions",
        "RequiresRoles",
        "RequiresUser",
    ],
    &["SaCheckLogin", "SaCheckPermission", "SaCheckRole", "SaIgnore"],
];

/// The guards that annotations put before a handler, outermost first.
pub(super) fn guards<'f>(
    java: &Java<'_, 'f>,
    hierarchy: &[Piece<'f>],
    handler: &Handler<'f>,
) -> Vec<Guard> {
    let mut found = Vec::new();
    for of in hierarchy {
        found.extend(methods(of).filter_map(|it| before_all(&it)));
    }
    for family in FAMILIES {
        let on_method = handler.declared.iter().find_map(|it| {
            let guard = of_family(java, it, family, Level::Route)?;
            Some(guard)
        });
        let guard = on_method.or_else(|| {
            let mut all = hierarchy.iter();
            all.find_map(|it| of_family(java, it, family, Level::Group))
        });
        found.extend(guard);
    }
    settled(found)
}

/// The guards of a method that is no controller's.
pub(super) fn of_method<'f>(java: &Java<'_, 'f>, method: &Piece<'f>) -> Vec<Guard> {
    let class = super::controllers::holder(method);
    let found = FAMILIES.iter().filter_map(|family| {
        of_family(java, method, family, Level::Route)
            .or_else(|| class.and_then(|it| of_family(java, &it, family, Level::Group)))
    });
    settled(found.collect())
}

/// Guards that all must let a caller through: where one demands, others cannot free.
pub(super) fn settled(mut guards: Vec<Guard>) -> Vec<Guard> {
    let demands = guards.iter().any(|it| it.effect == crate::route::Effect::Demands);
    if demands {
        guards.retain(|it| it.effect != crate::route::Effect::Frees);
    }
    guards
}

/// A method with `@ModelAttribute` and no mapping runs before every handler of its class.
fn before_all(method: &Piece<'_>) -> Option<Guard> {
    let mut has = annotations(method);
    let is_before = has.any(|it| it.name == "ModelAttribute")
        && !annotations(method).any(|it| it.name.ends_with("Mapping"));
    (is_before && guards::refuses(method.text()))
        .then(|| Project::demands(name_of(method), method, Level::Group))
}

fn of_family<'f>(
    java: &Java<'_, 'f>,
    of: &Piece<'f>,
    family: &[&str],
    level: Level,
) -> Option<Guard> {
    annotations(of).find_map(|written| {
        let found = if family.contains(&written.name) {
            written
        } else {
            java.annotation_type(&written)?;
            behind(java, &written, family, 0)?
        };
        let guard = if frees(java, &found) { Project::frees } else { Project::demands };
        Some(guard(written.piece.text(), &written.piece, level))
    })
}

/// The annotation of a family that stands on an annotation of the project.
fn behind<'f>(
    java: &Java<'_, 'f>,
    annotation: &Annotation<'f>,
    family: &[&str],
    depth: usize,
) -> Option<Annotation<'f>> {
    let of = java.annotation_type(annotation)?;
    if depth > 4 {
        return None;
    }
    annotations(&of).find_map(|it| {
        if family.contains(&it.name) { Some(it) } else { behind(java, &it, family, depth + 1) }
    })
}

fn frees<'f>(java: &Java<'_, 'f>, annotation: &Annotation<'f>) -> bool {
    match annotation.name {
        "PermitAll" | "RequiresGuest" | "SaIgnore" => true,
        "PreAuthorize" | "PostAuthorize" => {
            let argument = annotation.argument(&["value"]);
            let texts = argument.map(|it| java.strings(&it)).unwrap_or_default();
            !texts.is_empty() && texts.iter().all(|text| access::lets_anyone_in(text))
        }
        "Secured" | "RolesAllowed" => {
            let argument = annotation.argument(&["value"]);
            let texts = argument.map(|it| java.strings(&it)).unwrap_or_default();
            texts.iter().any(|text| text.contains("ANONYMOUS"))
        }
        _ => false,
    }
}

/// Names of the annotations of a handler, of its parameters and of its class.
pub(super) fn marks<'f>(
    java: &Java<'_, 'f>,
    hierarchy: &[Piece<'f>],
    handler: &Handler<'f>,
) -> Vec<String> {
    let mut names = Vec::new();
    for of in handler.declared.iter().chain(hierarchy) {
        names.extend(java.all_annotations(of).iter().map(|it| it.name.to_owned()));
    }
    for method in &handler.declared {
        for parameter in method.field("parameters").iter().flat_map(Piece::children) {
            names.extend(annotations(&parameter).map(|it| format!("parameter {}", it.name)));
            let of = parameter.field("type");
            names.extend(of.map(|it| format!("parameter {}", super::types::type_name(&it))));
        }
    }
    names.sort();
    names.dedup();
    names
}

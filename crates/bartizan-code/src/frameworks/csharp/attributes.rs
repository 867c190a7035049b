//! What attributes and filters of ASP.NET Core do to a caller without credentials.

use super::types::{Attribute, Sharp, arguments, attributes, bare, bases, methods, name_of, value};
use crate::{
    frameworks::{
        calls::{callee, receiver},
        gates::{self, Gate},
    },
    project::Project,
    route::{Guard, Level, short},
    syntax::{File, Piece},
};

/// Everything that is said about who may call an endpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// `[Authorize]` and the like: void where something lets in everybody.
    pub(super) authorize: Vec<Guard>,
    /// `[AllowAnonymous]` and the like.
    pub(super) anonymous: Vec<Guard>,
    /// Filters that refuse, whatever else is said.
    pub(super) filters: Vec<(Gate, Guard)>,
    /// Names of all attributes, for filters that look for them.
    pub(super) marks: Vec<String>,
}

impl Said {
    /// Adds what is said further inside.
    pub(super) fn add(&mut self, other: &Self) {
        self.authorize.extend(other.authorize.iter().cloned());
        self.anonymous.extend(other.anonymous.iter().cloned());
        self.filters.extend(other.filters.iter().cloned());
        self.marks.extend(other.marks.iter().cloned());
    }

    /// The guards at `path`, outermost first; `fallback` stands where nothing else is said.
    pub(super) fn guards(&self, path: &str, fallback: Option<&Guard>) -> Vec<Guard> {
        let bears = |mark: &str| self.marks.iter().any(|it| it == mark);
        let standing = self.filters.iter().filter(|(gate, _)| gate.stands(path, &bears));
        let standing: Vec<Guard> = standing.map(|(_, guard)| guard.clone()).collect();
        let mut guards = Vec::new();
        if self.anonymous.is_empty() {
            guards.extend(self.authorize.iter().cloned());
            if guards.is_empty() {
                guards.extend(fallback.cloned());
            }
        } else {
            guards.extend(self.anonymous.iter().cloned());
        }
        guards.extend(standing);
        guards
    }
}

const FILTERS: &[&str] = &[
    "ActionFilterAttribute",
    "IActionFilter",
    "IAsyncActionFilter",
    "IAsyncAuthorizationFilter",
    "IAsyncResourceFilter",
    "IAuthorizationFilter",
    "IEndpointFilter",
    "IResourceFilter",
    "AuthorizationFilterAttribute",
];

const BODIES: &[&str] = &[
    "OnAuthorization",
    "OnAuthorizationAsync",
    "OnActionExecuting",
    "OnActionExecutionAsync",
    "OnResourceExecuting",
    "OnResourceExecutionAsync",
    "InvokeAsync",
    "Invoke",
];

impl<'f> Sharp<'_, 'f> {
    /// What the attributes of a declaration say.
    pub(super) fn said_on(&self, of: &Piece<'f>, level: Level) -> Said {
        let mut said = Said::default();
        for attribute in attributes(of) {
            self.note(&attribute, level, &mut said);
        }
        said
    }

    fn note(&self, attribute: &Attribute<'f>, level: Level, said: &mut Said) {
        let (name, piece) = (attribute.name, attribute.piece);
        said.marks.push(name.to_owned());
        let demands = || Project::demands(&format!("[{}]", piece.text()), &piece, level);
        if let Some(class) = self.attribute_class(name, piece.file) {
            let above = self.above(&class);
            let has = |names: &[&str]| above.iter().any(|it| names.contains(it));
            if has(&["AllowAnonymousAttribute", "IAllowAnonymous"]) {
                said.anonymous.push(Project::frees(&format!("[{}]", piece.text()), &piece, level));
            } else if has(&["AuthorizeAttribute", "Authorize", "IAuthorizeData"])
                && name_of(&class) != "AuthorizeAttribute"
                && self.attribute_class("Authorize", piece.file).is_none()
            {
                said.authorize.push(demands());
            } else if let Some(gate) = self.filter_of(&class, 0) {
                said.filters.push((gate, demands()));
            }
            return;
        }
        match name {
            "AllowAnonymous" => {
                said.anonymous.push(Project::frees(&format!("[{}]", piece.text()), &piece, level));
            }
            "Authorize" | "RequiredScope" | "RequiredScopeOrAppPermission" => {
                said.authorize.push(demands());
            }
            "ServiceFilter" | "TypeFilter" => {
                let named = piece.all(&["typeof_expression", "type_argument_list"]).next();
                let of = named.and_then(|it| it.children().next());
                if let Some(gate) = of.and_then(|it| self.filter_named(it.text(), piece.file)) {
                    said.filters.push((gate, demands()));
                }
            }
            _ => {}
        }
    }

    fn attribute_class(&self, name: &str, near: &File) -> Option<Piece<'f>> {
        let long = format!("{name}Attribute");
        let mut found = self.types_named(&long, near);
        found.extend(self.types_named(name, near));
        found.into_iter().find(|it| it.is(&["class_declaration"]) && !bases(it).is_empty())
    }

    /// When a filter of that name refuses.
    pub(super) fn filter_named(&self, name: &str, near: &File) -> Option<Gate> {
        let class = self.types_named(name, near).into_iter().next()?;
        self.filter_of(&class, 0)
    }

    fn filter_of(&self, class: &Piece<'f>, depth: usize) -> Option<Gate> {
        let texts = |piece: &Piece<'f>| self.strings(piece);
        let above = self.above(class);
        let is_filter = above.iter().any(|it| FILTERS.contains(it));
        let hierarchy = self.hierarchy(class);
        if is_filter {
            for of in &hierarchy {
                let body = methods(of).find(|it| BODIES.contains(&name_of(it)));
                if let Some(body) = body.and_then(|it| it.field("body")) {
                    return gates::read(self.project, of, &body, &[], &texts);
                }
            }
        }
        // An attribute that makes a filter: `base(typeof(Filter))`, `GetRequiredService<Filter>()`.
        let makes = ["IFilterFactory", "ServiceFilterAttribute", "TypeFilterAttribute"];
        if depth > 2 || !above.iter().any(|it| makes.contains(it)) {
            return None;
        }
        let kinds = &["typeof_expression", "type_argument_list", "object_creation_expression"];
        let made = hierarchy.iter().flat_map(|of| of.all(kinds).take(20).collect::<Vec<_>>());
        made.filter_map(|it| it.field("type").or_else(|| it.children().next()))
            .flat_map(|it| self.types_named(it.text(), class.file))
            .filter(|it| it != class)
            .find_map(|it| self.filter_of(&it, depth + 1))
    }

    /// The gate that a lambda is which is put in front of a handler.
    pub(super) fn gate_of_lambda(&self, lambda: &Piece<'f>) -> Option<Gate> {
        let body = lambda.field("body")?;
        gates::read(self.project, lambda, &body, &[], &|piece: &Piece<'f>| self.strings(piece))
    }

    /// The gate of a class of middleware.
    pub(super) fn middleware(&self, name: &str, near: &File) -> Option<(Piece<'f>, Gate)> {
        let texts = |piece: &Piece<'f>| self.strings(piece);
        self.types_named(name, near).into_iter().find_map(|class| {
            let body = methods(&class).find(|it| matches!(name_of(it), "Invoke" | "InvokeAsync"));
            let body = body?.field("body")?;
            Some((class, gates::read(self.project, &class, &body, &[], &texts)?))
        })
    }

    /// What stands before every controller: `options.Filters.Add(…)`.
    pub(super) fn global_filters(&self, near: &File) -> Said {
        let mut said = Said::default();
        for call in &self.actions {
            let is_add = call.is(&["invocation_expression"])
                && callee(call) == "Add"
                && receiver(call).is_some_and(|it| bare(it.text()) == "Filters");
            if !is_add || !self.apps.share(&call.file.path, &near.path) {
                continue;
            }
            let named = super::types::type_arguments(call).into_iter().next();
            let given = arguments(call).first().map(value);
            let of = named.or_else(|| {
                let given = given?;
                given.field("type").or_else(|| {
                    given.is(&["typeof_expression"]).then(|| given.children().next()).flatten()
                })
            });
            let Some(of) = of else { continue };
            let guard = Project::demands(&short(call.text()), call, Level::Application);
            if bare(of.text()) == "AuthorizeFilter" {
                said.authorize.push(guard);
            } else if let Some(gate) = self.filter_named(of.text(), call.file) {
                said.filters.push((gate, guard));
            } else if let Some(class) = self.attribute_class(bare(of.text()), call.file)
                && let Some(gate) = self.filter_of(&class, 0)
            {
                said.filters.push((gate, guard));
            }
        }
        said
    }

    /// The policy for endpoints that say nothing.
    pub(super) fn fallback(&self, near: &File) -> Option<Guard> {
        let set = self.actions.iter().filter(|it| self.apps.share(&it.file.path, &near.path));
        let set = set.filter(|it| match it.kind() {
            "assignment_expression" => {
                let left = it.field("left").map(|it| it.text()).unwrap_or_default();
                let right = it.field("right").map(|it| it.text()).unwrap_or_default();
                bare(left) == "FallbackPolicy" && right != "null"
            }
            "invocation_expression" => {
                callee(it) == "SetFallbackPolicy"
                    && arguments(it).first().is_some_and(|it| it.text() != "null")
            }
            _ => false,
        });
        let found = set.into_iter().find(|it| !it.text().contains("=> true"))?;
        Some(Project::demands(found.text(), found, Level::Application))
    }
}

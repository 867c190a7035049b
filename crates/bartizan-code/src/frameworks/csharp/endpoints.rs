//! Calls on routers: what they map, and what they say about callers.

use super::{
    attributes::Said,
    controllers::Convention,
    run::{Names, Run, Value},
    types::{
        Sharp, arguments, attributes, bare, bases, holder, methods, name_of, parameters,
        type_arguments, value,
    },
};
use crate::{
    frameworks::calls::{callee, receiver},
    paths,
    project::Project,
    route::{Level, short},
    syntax::Piece,
};

/// An application, a group or an endpoint.
#[derive(Debug)]
pub(super) struct Node<'f> {
    parent: Option<usize>,
    path: Vec<String>,
    pub(super) said: Said,
    /// Where it is made.
    pub(super) at: Piece<'f>,
    /// What an endpoint answers.
    pub(super) endpoint: Option<Endpoint>,
}

/// What an endpoint answers.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Methods in upper case, or `ANY`.
    pub(super) methods: Vec<String>,
    /// The name of what answers.
    pub(super) handler: Option<String>,
}

type Given<'a, 'f> = &'a [(Option<&'f str>, Value<'f>)];

const MAX_NODES: usize = 50_000;

impl<'f> Run<'_, '_, 'f> {
    /// A new application.
    pub(super) fn root(&mut self, at: &Piece<'f>) -> usize {
        self.node(None, Vec::new(), at, None)
    }

    /// A new group.
    pub(super) fn group(&mut self, parent: usize, path: Vec<String>, at: &Piece<'f>) -> usize {
        self.node(Some(parent), path, at, None)
    }

    fn node(
        &mut self,
        parent: Option<usize>,
        path: Vec<String>,
        at: &Piece<'f>,
        endpoint: Option<Endpoint>,
    ) -> usize {
        if self.nodes.len() < MAX_NODES {
            self.nodes.push(Node { parent, path, said: Said::default(), at: *at, endpoint });
        }
        self.nodes.len().saturating_sub(1)
    }

    fn around(&self, at: usize) -> Vec<&Node<'f>> {
        let mut found = Vec::new();
        let mut next = Some(at);
        while let Some(node) = next.and_then(|at| self.nodes.get(at))
            && found.len() < 64
        {
            found.push(node);
            next = node.parent;
        }
        found.reverse();
        found
    }

    /// What a node and all around it say, outermost first.
    pub(super) fn said(&self, at: usize) -> Said {
        let mut said = Said::default();
        self.around(at).iter().for_each(|node| said.add(&node.said));
        said
    }

    /// The whole paths of a node.
    pub(super) fn paths(&self, at: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        for node in self.around(at) {
            if !node.path.is_empty() {
                let joined = all.iter().flat_map(|front| {
                    node.path.iter().map(move |it| paths::join(front, it, false))
                });
                all = joined.take(64).collect();
            }
        }
        all
    }

    /// A call on a router; `None` when it is none that the framework knows.
    pub(super) fn on_router(
        &mut self,
        node: usize,
        call: &Piece<'f>,
        given: Given<'_, 'f>,
        names: &mut Names<'f>,
        depth: usize,
    ) -> Option<Value<'f>> {
        let name = callee(call);
        let texts = |at: usize| match given.get(at) {
            Some((_, Value::Texts(texts))) => Some(texts.clone()),
            _ => None,
        };
        let code = |at: usize| match given.get(at) {
            Some((_, Value::Code(code))) => Some(*code),
            _ => None,
        };
        match name {
            "MapGroup" => {
                let path = texts(0)?;
                Some(Value::Node(self.group(node, path, call)))
            }
            "MapGet" | "MapPost" | "MapPut" | "MapDelete" | "MapPatch" => {
                let method = name.trim_start_matches("Map").to_ascii_uppercase();
                Some(self.endpoint(node, texts(0)?, vec![method], code(1), call))
            }
            "Map" if given.len() == 2 => {
                let path = texts(0)?;
                if code(1).is_some_and(|it| is_branch(&it)) {
                    return Some(Value::Node(node));
                }
                Some(self.endpoint(node, path, vec!["ANY".to_owned()], code(1), call))
            }
            "MapMethods" => {
                let methods = texts(1)?.iter().map(|it| it.to_ascii_uppercase()).collect();
                Some(self.endpoint(node, texts(0)?, methods, code(2), call))
            }
            "MapHealthChecks" => {
                Some(self.endpoint(node, texts(0)?, vec!["ANY".to_owned()], None, call))
            }
            "MapHub" => Some(self.hub(node, texts(0)?, call)),
            "MapGrpcService" => Some(self.grpc_service(node, call)),
            "MapIdentityApi" => Some(self.identity(node, call)),
            "MapCarter" => {
                self.carter(node, call, depth);
                Some(Value::Node(node))
            }
            "MapControllers"
            | "MapControllerRoute"
            | "MapDefaultControllerRoute"
            | "MapAreaControllerRoute"
            | "MapRoute"
            | "UseMvcWithDefaultRoute" => Some(self.controllers(node, call, given)),
            "RequireAuthorization" | "AllowAnonymous" | "WithMetadata" => {
                self.say(node, name, call);
                Some(Value::Node(node))
            }
            "AddEndpointFilter" | "AddEndpointFilterFactory" => {
                self.endpoint_filter(node, call, code(0));
                Some(Value::Node(node))
            }
            "UseEndpoints" | "UseMvc" => {
                if let Some(lambda) = code(0) {
                    self.lambda(&lambda, Value::Node(node), names, depth);
                }
                Some(Value::Node(node))
            }
            "Use" | "UseMiddleware" | "UseWhen" => {
                self.put_in(call, names, depth);
                Some(Value::Node(node))
            }
            _ => None,
        }
    }

    pub(super) fn endpoint(
        &mut self,
        parent: usize,
        path: Vec<String>,
        methods: Vec<String>,
        code: Option<Piece<'f>>,
        call: &Piece<'f>,
    ) -> Value<'f> {
        let handler = code.filter(|it| !it.is(&["lambda_expression"])).map(|it| short(it.text()));
        let node = self.node(Some(parent), path, call, Some(Endpoint { methods, handler }));
        let said = code.map(|it| self.said_by(&it)).unwrap_or_default();
        if let Some(node) = self.nodes.get_mut(node) {
            node.said.add(&said);
        }
        Value::Node(node)
    }

    /// What the attributes of a handler say.
    fn said_by(&self, code: &Piece<'f>) -> Said {
        if code.is(&["lambda_expression"]) {
            return self.sharp.said_on(code, Level::Route);
        }
        let (owner, name) = match code.field("expression") {
            Some(owner) => (Some(bare(owner.text())), code.field("name")),
            None => (None, Some(*code)),
        };
        let name = name.map(|it| bare(it.text())).unwrap_or_default();
        let all = self.sharp.methods_named(name).iter();
        let found = all.copied().min_by_key(|it| {
            let holder_name = holder(it).map(|it| name_of(&it));
            let is_of = match owner {
                Some(owner) => holder_name == Some(owner),
                None => holder(it) == holder(code),
            };
            (!is_of, !std::ptr::eq(it.file, code.file))
        });
        found.map(|it| self.sharp.said_on(&it, Level::Route)).unwrap_or_default()
    }

    /// `RequireAuthorization()`, `AllowAnonymous()` and `WithMetadata(new AuthorizeAttribute())`.
    fn say(&mut self, node: usize, name: &str, call: &Piece<'f>) {
        let given = arguments(call);
        let written = given.first().map(|it| it.text()).unwrap_or_default();
        let is_endpoint = self.nodes.get(node).is_some_and(|it| it.endpoint.is_some());
        let level = if is_endpoint { Level::Route } else { Level::Group };
        let (demands, frees) = match name {
            "WithMetadata" => (
                written.contains("AuthorizeAttribute"),
                written.contains("AllowAnonymousAttribute"),
            ),
            name => (name == "RequireAuthorization", name == "AllowAnonymous"),
        };
        let text = short(&format!("{name}({written})"));
        let Some(node) = self.nodes.get_mut(node) else { return };
        if demands {
            node.said.authorize.push(Project::demands(&text, call, level));
            node.said.marks.push("Authorize".to_owned());
        }
        if frees {
            node.said.anonymous.push(Project::frees(&text, call, level));
            node.said.marks.push("AllowAnonymous".to_owned());
        }
        if name == "WithMetadata" {
            let made = given.iter().map(value).filter_map(|it| it.field("type"));
            node.said.marks.extend(made.map(|it| {
                let name = bare(it.text());
                name.strip_suffix("Attribute").unwrap_or(name).to_owned()
            }));
        }
    }

    fn endpoint_filter(&mut self, node: usize, call: &Piece<'f>, code: Option<Piece<'f>>) {
        let named = type_arguments(call).last().copied();
        let made = arguments(call).first().map(value).and_then(|it| it.field("type"));
        let gate = match (named.or(made), code) {
            (Some(of), _) => self.sharp.filter_named(of.text(), call.file),
            (None, Some(lambda)) if lambda.is(&["lambda_expression"]) => {
                self.sharp.gate_of_lambda(&lambda)
            }
            (None, Some(named)) => {
                let name = bare(named.text());
                let method = self.sharp.methods_named(name).first().copied();
                method.and_then(|it| self.sharp.gate_of_lambda(&it))
            }
            (None, None) => None,
        };
        if let (Some(gate), Some(node)) = (gate, self.nodes.get_mut(node)) {
            let guard = Project::demands(&own_text(call), call, Level::Group);
            node.said.filters.push((gate, guard));
        }
    }

    fn controllers(&mut self, node: usize, call: &Piece<'f>, given: Given<'_, 'f>) -> Value<'f> {
        let texts: Vec<String> = given
            .iter()
            .filter_map(|(_, value)| match value {
                Value::Texts(texts) => texts.first().cloned(),
                _ => None,
            })
            .collect();
        let pattern = texts.iter().find(|it| it.contains("{controller") || it.contains("{action"));
        let mut conventions = Vec::new();
        if matches!(callee(call), "MapDefaultControllerRoute" | "UseMvcWithDefaultRoute") {
            let pattern = "{controller=Home}/{action=Index}/{id?}".to_owned();
            conventions.push(Convention { pattern, area: None });
        } else if let Some(pattern) = pattern {
            let is_area = callee(call) == "MapAreaControllerRoute";
            let area = if is_area { texts.get(1).cloned() } else { None };
            conventions.push(Convention { pattern: pattern.clone(), area });
        }
        let group = self.group(node, Vec::new(), call);
        self.controllers.push((group, *call, conventions));
        Value::Node(group)
    }

    /// The endpoints that `MapIdentityApi` makes.
    fn identity(&mut self, node: usize, call: &Piece<'f>) -> Value<'f> {
        const OPEN: &[(&str, &str)] = &[
            ("POST", "/register"),
            ("POST", "/login"),
            ("POST", "/refresh"),
            ("GET", "/confirmEmail"),
            ("POST", "/resendConfirmationEmail"),
            ("POST", "/forgotPassword"),
            ("POST", "/resetPassword"),
        ];
        const SIGNED_IN: &[(&str, &str)] =
            &[("POST", "/manage/2fa"), ("GET", "/manage/info"), ("POST", "/manage/info")];
        let group = self.group(node, Vec::new(), call);
        for (method, path) in OPEN.iter().chain(SIGNED_IN) {
            let methods = vec![(*method).to_owned()];
            let made = self.endpoint(group, vec![(*path).to_owned()], methods, None, call);
            if let (Value::Node(made), true) = (made, path.starts_with("/manage")) {
                self.say(made, "RequireAuthorization", call);
            }
        }
        Value::Node(group)
    }

    /// Every module of Carter, below the group that they are mapped on.
    fn carter(&mut self, node: usize, call: &Piece<'f>, depth: usize) {
        let sharp = self.sharp;
        for class in &sharp.types {
            let is_module = sharp.above(class).iter().any(|it| is_carter(it))
                && sharp.apps.share(&class.file.path, &call.file.path);
            let method = methods(class).find(|it| name_of(it) == "AddRoutes");
            let (true, Some(method)) = (is_module, method) else { continue };
            let group = self.group(node, module_prefix(sharp, class).into_iter().collect(), call);
            self.module(group, class);
            let Some(name) = parameters(&method).first().map(super::types::parameter_name) else {
                continue;
            };
            let mut names = Names::from([(name.to_owned(), Value::Node(group))]);
            names.insert("this".to_owned(), Value::Object(*class));
            self.method(&method, names, depth);
        }
    }

    /// What the constructor of a module of Carter says.
    pub(super) fn module(&mut self, group: usize, class: &Piece<'f>) {
        let constructors = class.all(&["constructor_declaration"]).take(4);
        let calls = constructors.flat_map(|it| it.all(&["invocation_expression"]).take(40));
        for call in calls.collect::<Vec<_>>() {
            if receiver(&call).is_none_or(|it| it.text() == "this") {
                self.say(group, callee(&call), &call);
            }
        }
    }
}

fn is_carter(base: &str) -> bool {
    matches!(base, "CarterModule" | "ICarterModule")
}

/// The prefix that a module of Carter gives to its base.
pub(super) fn module_prefix<'f>(sharp: &Sharp<'_, 'f>, class: &Piece<'f>) -> Option<String> {
    if !bases(class).contains(&"CarterModule") {
        return None;
    }
    let given = class.all(&["constructor_initializer"]).next();
    let given = given.or_else(|| class.child(&["base_list"]));
    let list = given.and_then(|it| it.child(&["argument_list"]));
    let text = list.and_then(|it| it.children().next());
    text.and_then(|it| sharp.strings(&it).into_iter().next()).or_else(|| Some(String::new()))
}

/// Whether a lambda builds a branch of the pipeline instead of answering.
fn is_branch(code: &Piece<'_>) -> bool {
    let all = parameters(code);
    let [only] = all.as_slice() else { return false };
    let name = super::types::parameter_name(only);
    let text = code.text();
    attributes(code).next().is_none()
        && ["Run(", "Use", "Map"].iter().any(|it| text.contains(&format!("{name}.{it}")))
}

/// A call without what it is made on.
fn own_text(call: &Piece<'_>) -> String {
    let text = call.text();
    let at = text.rfind(callee(call)).unwrap_or(0);
    short(text.get(at..).unwrap_or(text))
}

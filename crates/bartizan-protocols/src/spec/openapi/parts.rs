//! Parts of an operation: parameters, bodies, responses, authentication.

use std::sync::Arc;

use super::{Item, Reader};
use crate::spec::{
    operation::{
        ParameterIn, Place, Requirement, SpecBody, SpecOperation, SpecParameter, SpecResponse,
        SpecScheme, beginning, cut,
    },
    tree::Node,
};

/// Most alternatives of authentication, schemes in one, and scopes of one.
const MAX_ALTERNATIVES: usize = 64;
/// Most schemes of authentication of a document.
const MAX_SCHEMES: usize = 1_000;
/// Most media types that Swagger 2.0 lists for one operation.
const MAX_MEDIA_TYPES: usize = 64;

impl<'a> Reader<'a> {
    /// Parameters of the operation, and those of its path item that it does not replace.
    pub(super) fn parameters(
        &mut self,
        operation: &mut SpecOperation,
        node: Node<'a>,
        file: u32,
        item: &Item<'a>,
    ) {
        let lists = [(node.get("parameters"), file), (item.parameters, item.file)];
        let mut seen = std::collections::BTreeSet::new();
        for (list, file) in lists {
            let Some(list) = list else { continue };
            if !list.is_array() {
                self.problem_in(file, list, "expected an array of parameters");
                continue;
            }
            for parameter in self.out.children(list) {
                let Some((target, file)) = self.follow(parameter, file) else { continue };
                let name = target.text_of("name");
                // It is there for each operation, if not kept for each.
                if !self.out.item(parameter, name.len()) {
                    return;
                }
                let parameter = target;
                let location = parameter.text_of("in");
                if self.swagger && location == "body" {
                    if operation.bodies.is_empty() {
                        self.swagger_body(operation, node, parameter, file);
                    }
                    continue;
                }
                let Some(location) = location_of(location) else {
                    let what = "expected a parameter with `name` and `in`: left out";
                    self.problem_in(file, parameter, what);
                    continue;
                };
                // As much of the name as is kept: longer ones would be compared for each operation.
                if !seen.insert((beginning(name), location)) {
                    continue;
                }
                let flag = |name| parameter.get(name).and_then(Node::as_bool).unwrap_or(false);
                operation.parameters.push(SpecParameter {
                    name: cut(name),
                    location,
                    required: flag("required") || location == ParameterIn::Path,
                    deprecated: flag("deprecated"),
                    is_matrix: location == ParameterIn::Path
                        && parameter.text_of("style") == "matrix",
                    type_name: String::new(),
                    schema: self.parameter_schema(parameter, file),
                    place: Place { file, node: parameter.id() },
                });
            }
        }
        if self.swagger
            && operation.bodies.is_empty()
            && operation.parameters.iter().any(|p| p.location == ParameterIn::Form)
        {
            operation.bodies =
                self.swagger_bodies(node, "consumes", "application/x-www-form-urlencoded");
        }
    }

    fn parameter_schema(&self, parameter: Node<'a>, file: u32) -> Option<Place> {
        let of = |node: Node<'a>| Place { file, node: node.id() };
        if self.swagger {
            return parameter.get("type").map(|_| of(parameter));
        }
        let content = || self.out.children(parameter.get("content")?).next()?.get("schema");
        parameter.get("schema").or_else(content).map(of)
    }

    fn swagger_body(
        &mut self,
        operation: &mut SpecOperation,
        node: Node<'a>,
        parameter: Node<'a>,
        file: u32,
    ) {
        let required = parameter.get("required").and_then(Node::as_bool).unwrap_or(false);
        let schema = parameter.get("schema").map(|s| Place { file, node: s.id() });
        operation.bodies = self.swagger_bodies(node, "consumes", "");
        for body in &mut operation.bodies {
            (body.required, body.schema) = (required, schema);
        }
    }

    /// A body for each media type that Swagger 2.0 lists, for the operation or the document.
    fn swagger_bodies(&mut self, node: Node<'a>, name: &str, otherwise: &str) -> Vec<SpecBody> {
        let list = node.get(name).or_else(|| self.forest.root().get(name));
        let list = list.filter(|list| list.is_array()).map(|list| self.out.children(list));
        let mut out = Vec::new();
        for media in list.into_iter().flatten().take(MAX_MEDIA_TYPES) {
            let Some(media_type) = media.as_str() else { continue };
            if !self.out.item(media, media_type.len()) {
                return out;
            }
            out.push(SpecBody { media_type: cut(media_type), ..SpecBody::default() });
        }
        if out.is_empty() {
            out.push(SpecBody { media_type: otherwise.to_owned(), ..SpecBody::default() });
        }
        out
    }

    /// `requestBody`.
    pub(super) fn body(&mut self, operation: &mut SpecOperation, node: Node<'a>, file: u32) {
        let Some(body) = node.get("requestBody").filter(|_| !self.swagger) else { return };
        let Some((body, file)) = self.follow(body, file) else { return };
        let required = body.get("required").and_then(Node::as_bool).unwrap_or(false);
        operation.bodies = self.content(body, file, required);
    }

    fn content(&mut self, node: Node<'a>, file: u32, required: bool) -> Vec<SpecBody> {
        let mut out = Vec::new();
        let content = node.get("content").filter(|c| c.is_object());
        let content = content.map(|content| self.out.members(content));
        for (media_type, media) in content.into_iter().flatten() {
            if !self.out.item(media, media_type.len()) {
                break;
            }
            // From 3.2 on a media type may be a reference, and items of a sequence have a schema.
            let Some((media, file)) = self.follow(media, file) else { continue };
            let schema = media.get("schema").or_else(|| media.get("itemSchema"));
            out.push(SpecBody {
                media_type: cut(media_type),
                required,
                type_name: String::new(),
                part: String::new(),
                schema: schema.map(|s| Place { file, node: s.id() }),
            });
        }
        out
    }

    /// `responses`.
    pub(super) fn responses(&mut self, operation: &mut SpecOperation, node: Node<'a>, file: u32) {
        let Some(responses) = node.get("responses") else { return };
        if !responses.is_object() {
            self.problem_in(file, responses, "expected an object of responses");
            return;
        }
        for (status, response) in self.out.members(responses) {
            if status.starts_with("x-") {
                continue;
            }
            if !self.out.item(response, status.len()) {
                return;
            }
            let Some((response, file)) = self.follow(response, file) else { continue };
            let bodies = if self.swagger {
                self.swagger_response(node, response, file)
            } else {
                self.content(response, file, false)
            };
            operation.responses.push(SpecResponse {
                status: cut(status),
                bodies,
                place: Place { file, node: response.id() },
            });
        }
    }

    fn swagger_response(&mut self, node: Node<'a>, response: Node<'a>, file: u32) -> Vec<SpecBody> {
        let Some(schema) = response.get("schema") else { return Vec::new() };
        let schema = Some(Place { file, node: schema.id() });
        let mut bodies = self.swagger_bodies(node, "produces", "");
        for body in &mut bodies {
            body.schema = schema;
        }
        bodies
    }

    /// Schemes of authentication of the document.
    pub(super) fn schemes(&mut self, root: Node<'a>) -> Vec<SpecScheme> {
        let list = if self.swagger {
            root.get("securityDefinitions")
        } else {
            root.get("components").and_then(|c| c.get("securitySchemes"))
        };
        let mut out = Vec::new();
        for (name, node) in list.into_iter().flat_map(Node::members) {
            if out.len() >= MAX_SCHEMES {
                self.problem_in(0, node, format_args!("more than {MAX_SCHEMES} schemes"));
                break;
            }
            let Some((node, file)) = self.follow(node, 0) else { continue };
            let is_key = node.text_of("type") == "apiKey";
            let of_key = |name: &str| if is_key { cut(node.text_of(name)) } else { String::new() };
            out.push(SpecScheme {
                name: cut(name),
                kind: cut(node.text_of("type")),
                scheme: cut(node.text_of("scheme")).to_ascii_lowercase(),
                location: of_key("in"),
                parameter: of_key("name"),
                place: Place { file, node: node.id() },
            });
        }
        out
    }

    /// A list of requirements.
    pub(super) fn security(&mut self, list: Option<Node<'a>>) -> Option<Arc<[Requirement]>> {
        let list = list?;
        if !list.is_array() {
            self.out.problems.error_at(list, "expected an array of security requirements");
            return None;
        }
        let mut out = Vec::new();
        for alternative in self.out.children(list) {
            if out.len() >= MAX_ALTERNATIVES {
                let what =
                    format_args!("more than {MAX_ALTERNATIVES} alternatives: the rest is left out");
                self.out.problems.error_at(alternative, what);
                break;
            }
            let mut requirement = Requirement::default();
            if !alternative.is_object() {
                // Never read as "anonymous callers are allowed".
                self.out.problems.error_at(alternative, "expected a security requirement object");
                continue;
            }
            for (name, scopes) in self.out.members(alternative).take(MAX_ALTERNATIVES) {
                let scopes = self.out.children(scopes).take(MAX_ALTERNATIVES);
                let scopes = scopes.filter_map(Node::scalar).map(cut).collect();
                requirement.schemes.push((cut(name), scopes));
            }
            out.push(requirement);
        }
        // Where none of them can be read it is not known, which is not the same as none.
        if out.is_empty() && list.children().next().is_some() {
            return None;
        }
        Some(out.into())
    }

    /// Requirements of the document that name a scheme which is not declared.
    pub(super) fn check_security(&mut self, schemes: &[SpecScheme], list: Option<Node<'a>>) {
        let known: std::collections::BTreeSet<&str> =
            schemes.iter().map(|s| s.name.as_str()).collect();
        let list = list.filter(|l| l.is_array());
        for alternative in list.into_iter().flat_map(Node::children).take(MAX_ALTERNATIVES) {
            for (name, node) in alternative.members().take(MAX_ALTERNATIVES) {
                if !known.contains(name) {
                    self.out.problems.warning_at(node, "a scheme that is not declared");
                }
            }
        }
    }
}

fn location_of(name: &str) -> Option<ParameterIn> {
    Some(match name {
        "path" => ParameterIn::Path,
        "query" => ParameterIn::Query,
        "querystring" => ParameterIn::QueryString,
        "header" => ParameterIn::Header,
        "cookie" => ParameterIn::Cookie,
        "formData" => ParameterIn::Form,
        _ => return None,
    })
}

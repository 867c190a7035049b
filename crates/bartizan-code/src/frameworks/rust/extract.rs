//! Arguments of handlers that cannot be had without credentials.

use super::{
    crates::type_name, evaluate::Evaluator, guard::is_beside, refusal::Look, value::Function,
};
use crate::{
    guards,
    route::{Effect, Guard, Level, short},
    syntax::Piece,
};

/// Types of frameworks and of Rust that ask for nothing, whatever is in their brackets.
const PLAIN: &[&str] = &[
    "AuthSession",
    "Bytes",
    "ConnectInfo",
    "CookieJar",
    "Cookies",
    "Data",
    "Either",
    "Extension",
    "Form",
    "HeaderMap",
    "Header",
    "Host",
    "HttpRequest",
    "Json",
    "MatchedPath",
    "Method",
    "Multipart",
    "Next",
    "Option",
    "OriginalUri",
    "Parts",
    "Path",
    "Payload",
    "PrivateCookieJar",
    "Query",
    "RawQuery",
    "ReqData",
    "Request",
    "Result",
    "ServiceRequest",
    "Session",
    "SignedCookieJar",
    "State",
    "String",
    "Uri",
    "WebSocketUpgrade",
];
/// Types of packages that refuse with 401.
const REFUSING: &[&str] = &["BasicAuth", "BearerAuth", "Identity"];

impl<'f> Evaluator<'_, 'f> {
    /// Guards that the arguments of a handler are, and attributes on it.
    pub(super) fn handler_guards(&mut self, function: &Function<'f>, at: Piece<'f>) -> Vec<Guard> {
        let mut out = Vec::new();
        for written in parameters(&function.piece) {
            if let Some(effect) = self.extracted(&written) {
                let place = at.place();
                let name = short(written.text());
                out.push(Guard { name, effect, level: Level::Route, place });
            }
        }
        out
    }

    /// What the first argument that asks for credentials does.
    pub(super) fn extracting(&mut self, function: Piece<'f>) -> Option<Effect> {
        parameters(&function).into_iter().find_map(|written| self.extracted(&written))
    }

    /// What it does to a caller without credentials to ask for a value of that type.
    pub(super) fn extracted(&mut self, written: &Piece<'f>) -> Option<Effect> {
        if !self.enter() {
            return None;
        }
        let effect = self.extracted_inside(written);
        self.leave();
        effect
    }

    fn extracted_inside(&mut self, written: &Piece<'f>) -> Option<Effect> {
        let name = type_name(written);
        if name == "TypedHeader" {
            return written.text().contains("Authorization").then_some(Effect::Demands);
        }
        let is_own = !self.crates.types(name).is_empty();
        if !is_own && PLAIN.contains(&name) || is_beside(name) || written.is(&["reference_type"]) {
            return None;
        }
        if let Some(known) = self.extractors.get(name) {
            return *known;
        }
        // What is asked for again inside of itself says nothing more.
        self.extractors.insert(name.to_owned(), None);
        let effect = match is_own {
            true => self.own_type(name),
            false => {
                let is_refusing = REFUSING.contains(&name) || guards::by_name(name).is_some();
                let is_type = name.starts_with(char::is_uppercase);
                (is_refusing && is_type && self.crates.impls(name).is_empty())
                    .then_some(Effect::Demands)
            }
        };
        self.extractors.insert(name.to_owned(), effect);
        effect
    }

    fn own_type(&mut self, name: &'f str) -> Option<Effect> {
        let is_extractor = |block: &&Piece<'f>| {
            block
                .field("trait")
                .is_some_and(|of| matches!(type_name(&of), "FromRequestParts" | "FromRequest"))
        };
        let blocks: Vec<_> = self.crates.impls(name).iter().filter(is_extractor).copied().collect();
        for block in &blocks {
            if block.text().contains("Infallible") {
                continue;
            }
            if Look::new(self.crates, *block).refuses() {
                return Some(Effect::Demands);
            }
            // It asks for another one: `AuthUser::from_request_parts(…)`.
            for inner in block.all(&["call_expression"]) {
                let is_soft = inner.parent().is_some_and(|outer| outer.text().contains(".ok()"))
                    || inner.ancestors().take(4).any(|outer| {
                        outer.kind() == "field_expression" && outer.text().ends_with(".ok")
                    });
                if !is_soft && self.asks_for_another(&inner, name) {
                    return Some(Effect::Demands);
                }
            }
            if guards::by_name(name).is_some() {
                return Some(Effect::Demands);
            }
        }
        if !blocks.is_empty() {
            return None;
        }
        for definition in self.crates.types(name).to_vec() {
            if definition.is(&["type_item"]) {
                let inner = definition.field("type")?;
                return self.extracted(&inner);
            }
            let derives = std::iter::successors(definition.before(), Piece::before)
                .take_while(|piece| piece.is(&["attribute_item"]))
                .any(|piece| piece.text().contains("FromRequest"));
            if derives {
                let fields: Vec<_> = definition
                    .all(&["field_declaration"])
                    .filter_map(|field| field.field("type"))
                    .collect();
                return fields.iter().find_map(|written| self.extracted(written));
            }
        }
        None
    }

    fn asks_for_another(&mut self, call: &Piece<'f>, own: &str) -> bool {
        let Some(callee) = call.field("function") else { return false };
        let text = callee.text();
        let is_asking = ["from_request", "extract", "extract_with_state"]
            .iter()
            .any(|name| text.contains(name));
        if !is_asking {
            return false;
        }
        if text.contains("TypedHeader") && text.contains("Authorization") {
            return true;
        }
        let path = callee.field("path").or(callee.field("function").and_then(|f| f.field("path")));
        let others = callee
            .all(&["type_identifier"])
            .map(|piece| piece.text())
            .chain(path.map(|path| path.text()));
        let others: Vec<_> = others.filter(|name| *name != own && *name != "Self").collect();
        others.into_iter().any(|name| {
            let definition = self.crates.types(name).first().copied();
            match definition.and_then(|definition| definition.field("name")) {
                Some(named) => self.extracted(&named) == Some(Effect::Demands),
                None => REFUSING.contains(&name),
            }
        })
    }
}

/// Types of the arguments of a function.
fn parameters<'f>(function: &Piece<'f>) -> Vec<Piece<'f>> {
    let Some(list) = function.field("parameters") else { return Vec::new() };
    list.children()
        .filter(|piece| piece.is(&["parameter"]))
        .filter_map(|piece| piece.field("type"))
        .collect()
}

//! Calls, and chains of them: `Route::middleware('auth')->prefix('x')->group(…)`.

use crate::syntax::Piece;

/// One call of a chain.
#[derive(Clone, Debug)]
pub(super) struct Link<'f> {
    /// Name of the method.
    pub(super) name: &'f str,
    /// Its arguments: a name, where one is written, and the value.
    pub(super) arguments: Vec<(Option<&'f str>, Piece<'f>)>,
    /// The call up to here.
    pub(super) piece: Piece<'f>,
}

/// What a chain begins with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'f> {
    /// A class whose static method is called.
    Class(&'f str),
    /// Anything else: a variable, `$this->router`, `new X`, a function.
    Value(Piece<'f>),
}

/// Calls one after the other on what each returns.
#[derive(Clone, Debug)]
pub(super) struct Chain<'f> {
    pub(super) start: Start<'f>,
    pub(super) links: Vec<Link<'f>>,
}

/// Calls of a chain that are looked at.
const MAX_LINKS: usize = 40;

impl<'f> Chain<'f> {
    /// The chain that ends in `piece`.
    pub(super) fn of(piece: &Piece<'f>) -> Option<Self> {
        let mut links = Vec::new();
        let mut at = *piece;
        let start = loop {
            if links.len() > MAX_LINKS {
                return None;
            }
            match at.kind() {
                "member_call_expression" | "nullsafe_member_call_expression" => {
                    links.push(link(&at)?);
                    at = at.field("object")?;
                }
                "scoped_call_expression" => {
                    links.push(link(&at)?);
                    break Start::Class(at.field("scope")?.text());
                }
                _ => break Start::Value(at),
            }
        };
        if links.is_empty() {
            return None;
        }
        links.reverse();
        Some(Self { start, links })
    }
}

fn link<'f>(piece: &Piece<'f>) -> Option<Link<'f>> {
    Some(Link { name: piece.field("name")?.text(), arguments: arguments(piece), piece: *piece })
}

/// The arguments of a call: a name, where one is written, and the value.
pub(super) fn arguments<'f>(call: &Piece<'f>) -> Vec<(Option<&'f str>, Piece<'f>)> {
    let Some(list) = call.field("arguments").or_else(|| call.child(&["arguments"])) else {
        return Vec::new();
    };
    list.children()
        .filter(|piece| piece.kind() == "argument")
        .filter_map(|argument| {
            let name = argument.field("name").map(|name| name.text());
            Some((name, argument.children().last()?))
        })
        .collect()
}

impl<'f> Link<'f> {
    /// The argument of that name or at that place.
    pub(super) fn argument(&self, at: usize, name: &str) -> Option<Piece<'f>> {
        let named = self.arguments.iter().find(|(given, _)| *given == Some(name));
        let placed = || self.arguments.get(at).filter(|(given, _)| given.is_none());
        named.or_else(placed).map(|(_, piece)| *piece)
    }
}

/// Nodes that hold statements or members.
const BODIES: &[&str] =
    &["program", "compound_statement", "declaration_list", "enum_declaration_list", "colon_block"];

/// The statements of a function, closure, block or file.
pub(super) fn statements<'f>(piece: &Piece<'f>) -> Vec<Piece<'f>> {
    if piece.is(BODIES) {
        return piece.children().collect();
    }
    match piece.field("body") {
        Some(body) if body.is(BODIES) => body.children().collect(),
        Some(body) => vec![body],
        None => Vec::new(),
    }
}

/// Names of the parameters of a function, with `$`, and their types.
pub(super) fn parameters<'f>(function: &Piece<'f>) -> Vec<(&'f str, Option<&'f str>)> {
    let Some(list) = function.field("parameters") else { return Vec::new() };
    list.children()
        .filter_map(|piece| {
            let name = piece.field("name")?.text();
            Some((name, piece.field("type").map(|kind| kind.text())))
        })
        .collect()
}

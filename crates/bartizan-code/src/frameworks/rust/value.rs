//! Values as the evaluation of Rust code knows them.

use std::collections::HashMap;

use crate::{graph::RouterId, route::Guard, syntax::Piece};

/// Variables of a block, by its number.
pub(super) type ScopeId = usize;

/// What an expression gives.
#[derive(Clone, Debug)]
pub(super) enum Value<'f> {
    /// Nothing is known.
    Unknown,
    /// A string; parts that are not known are left out of it.
    Text(String),
    /// A tuple, an array or a vector.
    List(Vec<Value<'f>>),
    /// Something that routes are declared on, with the prefixes that it asks to be mounted at.
    Router(Router),
    /// Methods with what answers each.
    Methods(Vec<Answer<'f>>),
    /// A function or closure.
    Function(Function<'f>),
    /// Layers that wait for something to be put around.
    Layers(Vec<Guard>),
    /// A struct.
    Object(HashMap<&'f str, Value<'f>>),
    /// An expression that is not followed, kept for its words.
    Opaque(Piece<'f>),
}

impl Value<'_> {
    /// Whether it tells more than that there is something.
    pub(super) fn is_telling(&self) -> bool {
        !matches!(self, Self::Unknown | Self::Opaque(_))
    }
}

/// A router.
#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) id: RouterId,
    /// Where it is mounted; several for a resource with several patterns.
    pub(super) prefixes: Vec<String>,
}

/// A method with what answers it.
#[derive(Clone, Debug)]
pub(super) struct Answer<'f> {
    pub(super) method: String,
    /// Its path, where it has one of its own.
    pub(super) path: String,
    pub(super) handler: Option<String>,
    pub(super) guards: Vec<Guard>,
    pub(super) piece: Piece<'f>,
}

/// A function with the variables that it sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function<'f> {
    pub(super) piece: Piece<'f>,
    pub(super) scope: Option<ScopeId>,
}

/// Variables by name.
#[derive(Debug, Default)]
pub(super) struct Scope<'f> {
    pub(super) names: HashMap<&'f str, Value<'f>>,
    pub(super) parent: Option<ScopeId>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(super) struct Arg<'f> {
    pub(super) piece: Piece<'f>,
    pub(super) value: Value<'f>,
}

/// A call of a function or method.
pub(super) struct Call<'c, 'f> {
    /// Path or name as written, without arguments of types.
    pub(super) name: &'c str,
    pub(super) args: &'c [Arg<'f>],
    pub(super) piece: Piece<'f>,
}

impl<'f> Call<'_, 'f> {
    /// The string that the argument at `at` is.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        match &self.args.get(at)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The argument at `at`.
    pub(super) fn arg(&self, at: usize) -> Value<'f> {
        self.args.get(at).map_or(Value::Unknown, |arg| arg.value.clone())
    }
}

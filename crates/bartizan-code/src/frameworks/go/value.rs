//! Values as the evaluation of Go code knows them: as much of each as matters for routes.

use std::collections::HashMap;

use super::evaluate::Evaluator;
use crate::{
    graph::RouterId,
    route::Guard,
    syntax::{File, Piece},
};

/// Variables of a block or a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScopeId(pub(super) usize);

/// A struct value; it is shared by all that point to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectId(pub(super) usize);

/// What an expression gives.
#[derive(Clone, Debug)]
pub(super) enum Value<'f> {
    /// Nothing is known.
    Unknown,
    /// A string; parts that are not known are left out of it.
    Text(String),
    /// A slice, an array, or any one of several.
    List(Vec<Value<'f>>),
    /// A map, in the order of the code.
    Map(Vec<(Value<'f>, Value<'f>)>),
    /// What a function with several results returns.
    Tuple(Vec<Value<'f>>),
    /// Something that routes are declared on.
    Router(Router),
    /// A handler with what was put around it, or middleware waiting for one.
    Handler(Box<Handler<'f>>),
    /// A function, method or closure.
    Function(Function<'f>),
    /// A struct.
    Object(ObjectId),
    /// An expression that is not followed, kept for its words.
    Opaque(Piece<'f>, ScopeId),
    /// A route whose declaration goes on, by its number.
    Pending(usize),
}

impl Value<'_> {
    /// Whether it tells more than that there is something.
    pub(super) fn is_telling(&self) -> bool {
        match self {
            Self::Unknown | Self::Opaque(..) => false,
            Self::Tuple(values) => values.first().is_some_and(Self::is_telling),
            _ => true,
        }
    }
}

/// A router of one of the frameworks.
#[derive(Clone, Copy)]
pub(super) struct Router {
    pub(super) id: RouterId,
    pub(super) dialect: &'static Dialect,
    /// Whether it is the application itself and no group of it.
    pub(super) is_whole: bool,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.dialect.framework, self.id)
    }
}

/// A handler with what was put around it.
#[derive(Clone, Debug)]
pub(super) struct Handler<'f> {
    /// What answers in the end; unknown in middleware that waits for a handler.
    pub(super) inner: Value<'f>,
    /// Guards around it, outermost first.
    pub(super) guards: Vec<Guard>,
    /// Prefix that is taken off the path before it is called.
    pub(super) strip: Option<String>,
    /// Methods that are let through; all when empty.
    pub(super) methods: Vec<String>,
}

impl<'f> Handler<'f> {
    pub(super) fn around(inner: Value<'f>) -> Self {
        match inner {
            Value::Handler(handler) => *handler,
            inner => Self { inner, guards: Vec::new(), strip: None, methods: Vec::new() },
        }
    }
}

/// A function with the variables that it sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function<'f> {
    /// Declaration of a function or method, or a function literal.
    pub(super) piece: Piece<'f>,
    /// What it was made in, for a literal.
    pub(super) scope: Option<ScopeId>,
    /// What it is a method of.
    pub(super) receiver: Option<ObjectId>,
    /// The declared function that returned the literal.
    pub(super) origin: Option<Piece<'f>>,
}

/// Fields of a struct value.
#[derive(Debug, Default)]
pub(super) struct Object<'f> {
    /// Folder and name of its type, where it is one of the project.
    pub(super) of: Option<TypeName<'f>>,
    pub(super) fields: HashMap<&'f str, Value<'f>>,
}

/// A type of the project: the folder of its package and its name.
pub(super) type TypeName<'f> = (&'f str, &'f str);

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

/// A call of a method of a router.
pub(super) struct Call<'c, 'f> {
    pub(super) name: &'f str,
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

    /// Arguments from `at` on.
    pub(super) fn from(&self, at: usize) -> &[Arg<'f>] {
        self.args.get(at..).unwrap_or_default()
    }
}

/// How one package makes routers and declares routes on them.
pub(super) struct Dialect {
    /// Name of the framework that its routes are of.
    pub(super) framework: &'static str,
    /// Import paths, without a version at the end.
    pub(super) packages: &'static [&'static str],
    /// Functions of the package that give a router.
    pub(super) makers: &'static [&'static str],
    /// Types of routers.
    pub(super) types: &'static [&'static str],
    /// Types among them that are whole applications.
    pub(super) whole: &'static [&'static str],
    /// Functions of the package that declare routes on a router that the package holds.
    pub(super) globals: &'static [&'static str],
    /// Understands a method call on a router; gives what it returns.
    pub(super) call: for<'f> fn(&mut Evaluator<'_, 'f>, Router, &Call<'_, 'f>) -> Value<'f>,
}

impl Dialect {
    /// Whether `path` imports it.
    pub(super) fn is_import(&self, path: &str) -> bool {
        self.packages.iter().any(|package| {
            path.strip_prefix(package).is_some_and(|rest| {
                rest.is_empty()
                    || rest.strip_prefix("/v").is_some_and(|version| {
                        !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
                    })
            })
        })
    }
}

/// What tells pieces of a project from each other, also as a key.
pub(super) type PieceKey<'f> = (&'f str, usize);

/// The key of a piece.
pub(super) fn key<'f>(piece: &Piece<'f>) -> PieceKey<'f> {
    let file: &'f File = piece.file;
    (&file.path, piece.offset())
}

//! Values as far as they are known without running anything.

use std::rc::Rc;

use crate::syntax::Piece;

/// Members and calls of what is unknown are put on top of each other so far.
const MAX_TERM_DEPTH: usize = 48;

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(super) enum Value<'f> {
    /// `undefined`, `null`, or an argument that was not given.
    Nothing,
    /// An expression that was not understood.
    Unread(Piece<'f>),
    /// `true` or `false`.
    Flag(bool),
    /// A string or a number.
    Text(Rc<str>),
    /// A regular expression, as written between its slashes.
    Pattern(&'f str),
    /// An array.
    List(ThingId),
    /// An object, an instance of a class, or what a module exports.
    Record(ThingId),
    /// A function, with what it sees.
    Function(FunctionId),
    /// A class, with what it sees.
    Class(FunctionId),
    /// Something of the framework that is read: a router, an application, a chain of routes.
    Handle(Handle),
    /// What a package exports that is not in the folder.
    Package(Rc<str>),
    /// A member of something unknown.
    Member(Rc<Member<'f>>),
    /// What a call of something unknown gives.
    Called(Rc<Called<'f>>),
}

/// Place of an object or array in the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ThingId(pub(super) usize);

/// Place of a function or class in the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FunctionId(pub(super) usize);

/// Place of a scope in the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ScopeId(pub(super) usize);

/// Something of the framework; the kind and number mean something to the framework only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handle {
    pub(super) kind: u8,
    pub(super) number: usize,
}

/// A member of something unknown.
#[derive(Debug)]
pub(super) struct Member<'f> {
    pub(super) of: Value<'f>,
    pub(super) name: String,
    depth: usize,
}

/// A call of something unknown.
#[derive(Debug)]
pub(super) struct Called<'f> {
    pub(super) callee: Value<'f>,
    pub(super) args: Vec<Arg<'f>>,
    pub(super) at: Piece<'f>,
    depth: usize,
}

/// An argument or element, with where it is written.
#[derive(Clone, Debug)]
pub(super) struct Arg<'f> {
    pub(super) value: Value<'f>,
    pub(super) at: Piece<'f>,
}

/// A call that happens.
#[derive(Debug)]
pub(super) struct Call<'f> {
    pub(super) callee: Value<'f>,
    pub(super) args: Vec<Arg<'f>>,
    pub(super) at: Piece<'f>,
}

impl<'f> Call<'f> {
    /// The value of argument `at`.
    pub(super) fn arg(&self, at: usize) -> Value<'f> {
        self.args.get(at).map_or(Value::Nothing, |arg| arg.value.clone())
    }

    /// The called method: what it is of, and its name.
    pub(super) fn method(&self) -> Option<(&Value<'f>, &str)> {
        match &self.callee {
            Value::Member(member) => Some((&member.of, member.name.as_str())),
            _ => None,
        }
    }
}

impl<'f> Value<'f> {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Rc::from(text))
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a condition holds that it is the value of, where that is known.
    pub(super) fn is_true(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Nothing => Some(false),
            Self::Text(text) => match &**text {
                "" => Some(false),
                "0" => None,
                _ => Some(true),
            },
            Self::Unread(_) | Self::Member(_) | Self::Called(_) => None,
            _ => Some(true),
        }
    }

    /// Whether nothing is known about it.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Nothing | Self::Unread(_))
    }

    fn depth(&self) -> usize {
        match self {
            Self::Member(member) => member.depth,
            Self::Called(called) => called.depth,
            _ => 0,
        }
    }

    /// The member `name` of something unknown.
    pub(super) fn member(of: Self, name: &str, at: Piece<'f>) -> Self {
        let depth = of.depth() + 1;
        if depth > MAX_TERM_DEPTH {
            return Self::Unread(at);
        }
        Self::Member(Rc::new(Member { of, name: name.to_owned(), depth }))
    }

    /// A call of something unknown.
    pub(super) fn called(call: Call<'f>) -> Self {
        let Call { callee, args, at } = call;
        let inner = args.iter().map(|arg| arg.value.depth()).max().unwrap_or_default();
        let depth = callee.depth().max(inner) + 1;
        if depth > MAX_TERM_DEPTH {
            return Self::Unread(at);
        }
        Self::Called(Rc::new(Called { callee, args, at, depth }))
    }

    /// The package that this is exported by, with its name in there (empty: the export itself).
    pub(super) fn exported(&self) -> Option<(&str, &str)> {
        match self {
            Self::Package(package) => Some((package, "")),
            Self::Member(member) => match &member.of {
                Value::Package(package) => Some((package, &member.name)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The package that this comes from in any way: exported by it, or made of what is.
    pub(super) fn origin(&self) -> Option<&str> {
        match self {
            Self::Package(package) => Some(package),
            Self::Member(member) => member.of.origin(),
            Self::Called(called) => called.callee.origin(),
            _ => None,
        }
    }
}

/// A function or class, with what it sees.
#[derive(Debug)]
pub(super) struct Function<'f> {
    pub(super) node: Piece<'f>,
    pub(super) scope: ScopeId,
    pub(super) name: Option<&'f str>,
    pub(super) this: Option<Value<'f>>,
    pub(super) fields: Vec<(String, Value<'f>)>,
}

/// An object or array.
#[derive(Debug)]
pub(super) enum Thing<'f> {
    List(Vec<Arg<'f>>),
    Record {
        fields: Vec<(String, Value<'f>)>,
        class: Option<FunctionId>,
        /// Whether it may have fields that are not known.
        is_open: bool,
    },
}

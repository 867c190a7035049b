//! What Python expressions come to, as far as that can be told without running them.

use std::{collections::HashMap, rc::Rc};

use crate::syntax::Piece;

/// Attributes of attributes that are told apart.
const MAX_NESTED: usize = 16;

/// How long a dotted name may be.
const MAX_DOTTED: usize = 500;

/// A value. Things with an identity are numbers into the lists of a [`super::world::World`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing is known.
    Unknown,
    /// `None`.
    Nothing,
    /// A credential, or what follows from one, of a caller who has none.
    Absent,
    /// The handler that a guard hands on to.
    Next,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Str(Rc<str>),
    /// Something that is not defined in the project, by its dotted name.
    Name(Rc<str>),
    /// A module of the project.
    Module(usize),
    /// A function as it was defined, decorators not applied.
    Function(usize),
    /// A function taken from an object.
    Bound(usize, usize),
    /// A class.
    Class(usize),
    /// What came out of a call that was not followed, or an instance of a class.
    Object(usize),
    /// An attribute of something whose attributes are not known.
    Attr(Rc<(Value, Rc<str>)>),
    /// A list, tuple or set.
    List(usize),
    /// A dictionary.
    Dict(usize),
    /// Further members of a list that are not known one by one.
    Splice(Rc<Value>),
    /// The request that is asked about, or a part of it by its dotted name.
    Request(Rc<str>),
    /// `super()`: an object, and the class that asks.
    Super(usize, usize),
    /// One of several functions; which one depends on what is not known, as a setting.
    Choice(Rc<[Value]>),
}

impl Value {
    /// A text.
    pub(super) fn str(text: &str) -> Self {
        Self::Str(text.into())
    }

    /// An attribute of something whose attributes are not known.
    pub(super) fn attr(of: &Self, name: &str) -> Self {
        let mut inner = of;
        for _ in 0..MAX_NESTED {
            let Self::Attr(attr) = inner else {
                return Self::Attr(Rc::new((of.clone(), name.into())));
            };
            inner = &attr.0;
        }
        Self::Unknown
    }

    /// An attribute of something outside of the project.
    pub(super) fn dotted(of: &str, name: &str) -> Self {
        match of.len() + name.len() < MAX_DOTTED {
            true => Self::Name(format!("{of}.{name}").into()),
            false => Self::Unknown,
        }
    }

    /// Whether something is known of it.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// The dotted name, when it is something outside of the project.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// The last part of a dotted name.
pub(super) fn tail(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Arguments of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    /// By place.
    pub(super) positional: Vec<Value>,
    /// By name.
    pub(super) named: Vec<(Rc<str>, Value)>,
}

impl Arguments {
    /// Arguments by place only.
    pub(super) fn of(positional: Vec<Value>) -> Self {
        Self { positional, named: Vec::new() }
    }

    /// The argument of that name, else that at `place`.
    pub(super) fn get(&self, place: usize, name: &str) -> Option<&Value> {
        self.named(name).or_else(|| self.positional.get(place))
    }

    /// The argument of that name.
    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(has, _)| &**has == name).map(|(_, value)| value)
    }
}

/// A function, method or lambda.
#[derive(Clone, Debug)]
pub(super) struct Function<'f> {
    /// Its definition.
    pub(super) piece: Piece<'f>,
    /// Where it is defined.
    pub(super) scope: usize,
    /// What decorates it, outermost first, with where that is written.
    pub(super) decorators: Vec<(Value, Piece<'f>)>,
    /// The class that it is defined in.
    pub(super) class: Option<usize>,
    /// Attributes set on it.
    pub(super) attributes: HashMap<Rc<str>, Value>,
}

/// A class.
#[derive(Clone, Debug)]
pub(super) struct Class<'f> {
    /// Its definition.
    pub(super) piece: Piece<'f>,
    /// What its body defines.
    pub(super) scope: usize,
    /// What it inherits from.
    pub(super) bases: Vec<Value>,
    /// What decorates it.
    pub(super) decorators: Vec<(Value, Piece<'f>)>,
}

/// What came out of a call.
#[derive(Clone, Debug)]
pub(super) struct Object<'f> {
    /// What was called.
    pub(super) callee: Value,
    /// With what.
    pub(super) arguments: Rc<Arguments>,
    /// Where.
    pub(super) piece: Piece<'f>,
    /// Attributes set on it.
    pub(super) attributes: HashMap<Rc<str>, Value>,
}

/// Names of a module, function or class.
#[derive(Debug, Default)]
pub(super) struct Scope<'f> {
    pub(super) names: HashMap<&'f str, Value>,
    pub(super) parent: Option<usize>,
    pub(super) module: usize,
    pub(super) class: Option<usize>,
    pub(super) is_function: bool,
}

/// Something that happened while the project was followed, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Event {
    /// Something outside of the project was called, or an object was made.
    Called(usize),
    /// A function with decorators was defined.
    Decorated(usize),
    /// A class with decorators was defined.
    DecoratedClass(usize),
}

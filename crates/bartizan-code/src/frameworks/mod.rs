//! Frameworks: one file per framework, listed in [`FRAMEWORKS`].

mod ant;
mod apps;
mod calls;
mod csharp;
mod exempt;
mod gates;
mod go;
mod inflect;
mod java;
mod javascript;
mod list;
mod php;
mod python;
mod ruby;
mod rust;

use crate::{limits::Limits, project::Project, route::Route, syntax::Language};

pub use self::list::FRAMEWORKS;

/// A framework whose routes are read.
pub struct Framework {
    /// Name in results, lower case.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Languages that it is used in.
    pub languages: &'static [Language],
    /// What is read of it and what is not, for people.
    pub documentation: &'static str,
    /// Code with the routes that are found in it; a test runs them all.
    pub examples: &'static [Example],
    /// Reads the routes of a project. Paths begin with `/`; no order is asked for.
    pub read: fn(&Project<'_>, &Limits) -> Vec<Route>,
}

/// Code with the routes that are found in it.
pub struct Example {
    /// What it shows.
    pub title: &'static str,
    /// Paths and texts of its files.
    pub files: &'static [(&'static str, &'static str)],
    /// Its routes as `METHOD /path state` (`required`, `none`, `unclear`), in any order. An
    /// example without routes shows what is not one.
    pub routes: &'static [&'static str],
}

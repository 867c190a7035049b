//! Finds the routes that source code declares, and what guards them, without running anything.
//!
//! [`read`] walks a folder, parses what is code in it ([`syntax`]) and lets every framework
//! ([`FRAMEWORKS`]) say which routes it finds. Most hold routers that mount each other; these are
//! put into one [`graph`], which gives whole paths and all guards on the way. What a guard is,
//! [`guards`] tells; how paths are written, [`paths`].
//!
//! Code is input like any other: it is bounded by [`Limits`], nothing is executed, links are not
//! followed. The crate stands alone because the grammars are C code that nothing else needs.

mod components;
mod error;
mod folder;
mod frameworks;
pub mod graph;
pub mod guards;
mod limits;
mod literals;
pub mod paths;
pub mod project;
mod route;
pub mod syntax;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use self::{
    error::ReadError,
    frameworks::{Example, FRAMEWORKS, Framework},
    limits::Limits,
    literals::{Literal, of_code as literals_of},
    route::{
        Authorization, Component, Demand, Effect, Found, Guard, Level, MAX_NAME_BYTES, Place,
        Route, short,
    },
};
use self::{folder::Folder, project::Project};

/// Is told what is read while it is read.
pub trait Observer {
    /// So many files were parsed so far.
    fn progress(&mut self, files: u64);

    /// The texts that stand in a file, named by its path below the folder.
    fn literals(&mut self, file: &str, literals: &[Literal<'_>]);
}

/// Is told and keeps nothing.
impl Observer for () {
    fn progress(&mut self, _: u64) {}

    fn literals(&mut self, _: &str, _: &[Literal<'_>]) {}
}

/// Reads the folder at `path`.
///
/// # Errors
///
/// When the folder itself cannot be read. Single files that cannot are counted in
/// [`Found::skipped`].
pub fn read(path: &Path, limits: &Limits, observer: &mut dyn Observer) -> Result<Found, ReadError> {
    let folder = Folder::read(path, limits, observer)?;
    let mut routes = routes(&folder.files, limits);
    for route in &mut routes {
        route.component = folder.components.of(&route.place.file).cloned();
    }
    let mut skipped = folder.skipped;
    if routes.len() >= limits.routes {
        skipped.insert("routes beyond the most", 1);
    }
    let is_code = |file: &&syntax::File| file.language != syntax::Language::Settings;
    let files = folder.files.iter().filter(is_code).count() as u64;
    Ok(Found { routes, files, skipped })
}

/// The routes of parsed files, in order, without repetitions.
#[must_use]
pub fn routes(files: &[syntax::File], limits: &Limits) -> Vec<Route> {
    let project = Project::new(files);
    let mut routes = Vec::new();
    for framework in FRAMEWORKS {
        if project.files(framework.languages).next().is_some() {
            routes.extend((framework.read)(&project, limits));
        }
    }
    for guard in routes.iter_mut().flat_map(|route| &mut route.authorization.guards) {
        guard.name = route::told(&guard.name);
    }
    routes.sort();
    routes.dedup_by(|a, b| (&a.path, &a.method, &a.place) == (&b.path, &b.method, &b.place));
    routes.truncate(limits.routes);
    routes
}

//! `discover`: one inventory of what code, specifications and traffic know.

pub mod checks;
pub mod crawl;
pub mod knowledge;
pub mod perimeter;
mod reconcile;
mod record;
pub mod secrets;

use std::collections::BTreeMap;

use bartizan_code::{Authorization, Component, Demand, Found, Place, Route};
use bartizan_model::{Endpoint, EndpointId, Scope};
use serde::Serialize;

use self::{checks::CodeFinding, secrets::Search};

/// Who can know a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// Source code declares it.
    Code,
    /// A specification describes it.
    Specification,
    /// It was called.
    Traffic,
}

impl KnownBy {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Specification => "specification",
            Self::Traffic => "traffic",
        }
    }
}

/// What `discover` found.
#[derive(Clone, Debug, Serialize)]
pub struct Inventory {
    /// Counts.
    pub summary: Summary,
    /// What was compared: of others it is not known whether they know a route.
    pub compared: Vec<KnownBy>,
    /// Every route, by path and method.
    pub routes: Vec<Entry>,
    /// Weaknesses that the code shows, the worst first.
    pub findings: Vec<CodeFinding>,
    /// What was read.
    pub input: Input,
}

/// Counts of an [`Inventory`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Routes that code declares.
    pub in_code: u64,
    /// Of these, routes that demand credentials.
    pub guarded: u64,
    /// Routes without a guard.
    pub unguarded: u64,
    /// Routes with a guard that was not understood.
    pub unclear: u64,
    /// Routes that a specification or traffic knows and no code declares.
    pub not_in_code: u64,
    /// Routes of code that no specification describes, if one was compared.
    pub undocumented: u64,
    /// Routes of code that were not called, if traffic was compared.
    pub not_called: u64,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Input {
    /// Files that were parsed.
    pub files: u64,
    /// Files that were left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
}

/// One route of the inventory.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Method in upper case, or `ANY`.
    pub method: String,
    /// Path with `{name}` parameters.
    pub path: String,
    /// Who knows it.
    pub known_by: Vec<KnownBy>,
    /// Where code declares it.
    pub code: Option<InCode>,
    /// Who owns the file that declares it, by a CODEOWNERS file.
    pub owner: Option<String>,
    /// Endpoints that traffic showed for it.
    pub traffic: Vec<Called>,
}

/// What code says of a route.
#[derive(Clone, Debug, Serialize)]
pub struct InCode {
    /// Framework.
    pub framework: &'static str,
    /// What answers.
    pub handler: Option<String>,
    /// Where it is declared.
    pub place: Place,
    /// The package that it is part of.
    pub component: Option<Component>,
    /// Who may call it.
    pub authorization: Authorization,
}

/// An endpoint that was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Called {
    /// Its id in the results of the analysis.
    pub endpoint_id: EndpointId,
    /// Host.
    pub host: String,
    /// How often.
    pub requests: u64,
}

/// What code is compared with. `None` where nothing was given.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Operations of specifications.
    pub documented: Option<Vec<Endpoint>>,
    /// Endpoints of an analysis.
    pub called: Option<Vec<Endpoint>>,
}

/// Puts together what was found.
#[must_use]
pub fn inventory(found: Found, search: &Search<'_>, others: &Others, scope: &Scope) -> Inventory {
    let findings = checks::run(&found.routes, &search.found, scope);
    let mut input = Input { files: found.files, skipped: found.skipped };
    if search.beyond > 0 {
        input.skipped.insert("secrets beyond the most", search.beyond);
    }
    let mut routes: Vec<Entry> = found.routes.into_iter().map(Entry::of_code).collect();
    let mut compared = vec![KnownBy::Code];
    if let Some(documented) = &others.documented {
        compared.push(KnownBy::Specification);
        reconcile::add(&mut routes, documented, KnownBy::Specification);
    }
    if let Some(called) = &others.called {
        compared.push(KnownBy::Traffic);
        reconcile::add(&mut routes, called, KnownBy::Traffic);
    }
    routes.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    Inventory { summary: summary(&routes, &compared), compared, routes, findings, input }
}

impl Inventory {
    /// Says of each route who owns the file that declares it.
    pub fn own(&mut self, owner: impl Fn(&str) -> Option<String>) {
        for route in &mut self.routes {
            route.owner = route.code.as_ref().and_then(|code| owner(&code.place.file));
        }
    }
}

impl Entry {
    fn of_code(route: Route) -> Self {
        Self {
            method: route.method,
            path: route.path,
            known_by: vec![KnownBy::Code],
            code: Some(InCode {
                framework: route.framework,
                handler: route.handler,
                place: route.place,
                component: route.component,
                authorization: route.authorization,
            }),
            owner: None,
            traffic: Vec::new(),
        }
    }

    fn knows(&mut self, by: KnownBy) {
        if !self.known_by.contains(&by) {
            self.known_by.push(by);
        }
    }
}

fn summary(routes: &[Entry], compared: &[KnownBy]) -> Summary {
    let mut out = Summary::default();
    for route in routes {
        let Some(code) = &route.code else {
            out.not_in_code += 1;
            continue;
        };
        out.in_code += 1;
        match code.authorization.state {
            Demand::Required => out.guarded += 1,
            Demand::None => out.unguarded += 1,
            Demand::Unclear => out.unclear += 1,
        }
        let lacks = |by: KnownBy| compared.contains(&by) && !route.known_by.contains(&by);
        out.undocumented += u64::from(lacks(KnownBy::Specification));
        out.not_called += u64::from(lacks(KnownBy::Traffic));
    }
    out
}

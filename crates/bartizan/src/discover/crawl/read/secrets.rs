//! Secrets in what a server gives to everybody: scripts, and the sources in their maps.
//!
//! They are looked for as in a folder of source code ([`crate::discover::secrets`]); a place is a URL and a line.

use bartizan_code::{Literal, Observer as _, literals_of, short, syntax::File};

use super::{Code, Finds, Subject};
use crate::discover::secrets::{MAX_SECRETS, Search};

impl Finds {
    /// Looks at the texts of a script.
    pub(super) fn secrets(&mut self, subject: Subject<'_>, code: Code<'_>, file: &File) {
        let Some(snapshot) = subject.snapshot else { return };
        let url = subject.origin.url(subject.target);
        let place = match code.source {
            "" => url,
            source => format!("{url}#{}", short(source)),
        };
        let in_place = |literal: Literal<'_>| literal.line.saturating_add(code.lines_before);
        let texts: Vec<Literal<'_>> = literals_of(file)
            .into_iter()
            .map(|literal| Literal { line: in_place(literal), ..literal })
            .collect();
        let mut progress = |_| {};
        let mut search = Search::new(snapshot, &mut progress);
        search.literals(&place, &texts);
        let room = MAX_SECRETS.saturating_sub(self.secrets.len());
        let beyond = search.found.len().saturating_sub(room) as u64 + search.beyond;
        self.secrets.extend(search.found.into_iter().take(room));
        self.left("secrets", beyond);
    }
}

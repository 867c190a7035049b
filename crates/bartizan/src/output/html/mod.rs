//! The HTML report: one self-contained file without script, safe against hostile evidence.
//!
//! - `maud` escapes everything; values of the traffic go through [`parts::text`], which also makes
//!   invisible characters visible and bounds their length.
//! - A content security policy allows the one style element (by hash), embedded fonts and nothing
//!   else. There is no `style` attribute and no address that is not a fragment or `https`.
//! - What is left out for size is said, with its number.

mod actors;
mod coverage;
mod data_map;
mod findings;
mod frame;
mod incidents;
mod inventory;
mod inventory_detail;
mod inventory_written;
mod marks;
mod overview;
mod parts;
mod source;
mod style;
mod timeline;

use bartizan_model::analysis::Analysis;
use maud::{DOCTYPE, Markup, html};

pub use self::source::discovered;
use super::{Docs, lead::nothing_judged, lookup::Lookup};

/// Most findings that are written.
pub const MAX_FINDINGS: usize = 500;
/// Most endpoints that are written.
pub const MAX_ENDPOINTS: usize = 2_000;
/// Most incidents that are written.
pub const MAX_INCIDENTS: usize = 100;
/// Most actors that are written.
pub const MAX_ACTORS: usize = 100;
/// Once the report is this long (bytes), endpoints are listed without their details.
pub const DETAIL_BUDGET_BYTES: usize = 5 * 512 * 1024;

/// What the report says beside the analysis.
#[derive(Clone, Copy)]
pub struct ReportContext<'a> {
    /// Title of the document; a name for what was analysed.
    pub title: &'a str,
    /// When the report was made, as text.
    pub generated_at: &'a str,
    /// Version of Bartizan.
    pub version: &'a str,
    /// Names of the inputs, as given on the command line.
    pub inputs: &'a [String],
    /// Documentation of checks, detectors and data classes.
    pub docs: Docs<'a>,
}

/// Everything a section needs.
pub(super) struct Page<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) context: &'a ReportContext<'a>,
    pub(super) lookup: Lookup<'a>,
}

impl Page<'_> {
    /// Whether nothing was judged: then only the input and what became of it are shown, because an
    /// empty section would read as if something had been looked for.
    fn is_blank(&self) -> bool {
        nothing_judged(self.analysis)
    }
}

/// Writes the report: a whole HTML document, UTF-8, at most about 5 MB.
///
/// The same analysis and context give the same document. The document runs no script and loads
/// nothing; every value of the traffic is escaped, bounded in length and shown with its invisible
/// characters spelled out.
#[must_use]
pub fn render(analysis: &Analysis, context: &ReportContext<'_>) -> String {
    let page = Page { analysis, context, lookup: Lookup::new(analysis) };
    let body = html! {
        a.skip href="#main" { "Skip to content" }
        (parts::sprites())
        div.app {
            (frame::side(&page))
            div {
                (frame::top(context))
                main #main {
                    (overview::section(&page))
                    @if !page.is_blank() {
                        (timeline::section(&page))
                        (incidents::section(&page))
                        (findings::section(&page))
                        (inventory::section(&page))
                        (data_map::section(&page))
                        (actors::section(&page))
                    }
                    (coverage::section(&page))
                    (frame::foot(&page))
                }
            }
        }
    };
    document(context, &body)
}

/// A whole document: what is allowed in it, and its style.
fn document(context: &ReportContext<'_>, body: &Markup) -> String {
    let css = style::sheet();
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(style::policy(&css));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                meta name="generator" content={ "Bartizan " (parts::text(context.version)) };
                title { (parts::text(context.title)) " · Bartizan" }
                style { (maud::PreEscaped(&css)) }
            }
            body #top { (body) }
        }
    };
    document.into_string()
}

//! The inventory: one row per endpoint, each of which opens.

use std::collections::BTreeSet;

use bartizan_model::{Access, AuthKnown, Endpoint, InventoryState};
use maud::{Markup, html};

use super::{
    DETAIL_BUDGET_BYTES, MAX_ENDPOINTS, Page, inventory_detail,
    marks::not_evaluated,
    parts::{anchor, data_class, empty, method, more, path, risk, state, text},
};
use crate::output::{
    knowledge,
    lead::completeness,
    words::{self, counted, number},
};

/// Data classes named in a row.
const MAX_CLASSES: usize = 3;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let analysis = page.analysis;
    let shown = analysis.endpoints.len().min(MAX_ENDPOINTS);
    let summary = &analysis.summary;
    html! {
        section #inventory {
            div.sec {
                h2 { "Inventory" }
                p {
                    (counted(summary.endpoints, "endpoint", "endpoints"))
                    " on " (counted(summary.hosts, "host", "hosts"))
                    @if summary.provisional > 0 { " · " (number(summary.provisional)) " provisional: not confirmed by a second actor or a spec" }
                    @if summary.noise > 0 { " · " (counted(summary.noise, "scanner request", "scanner requests")) " kept out" }
                    @if summary.catch_all > 0 {
                        " · " (counted(summary.catch_all, "request", "requests")) " answered alike at any path, listed together"
                    }
                }
            }
            div.panel {
                @if analysis.endpoints.is_empty() {
                    (empty("No endpoint", &format!(
                        "{} read, none answered in a way that shows an API. {}",
                        counted(analysis.input.exchanges, "exchange was", "exchanges were"),
                        completeness(analysis)
                    )))
                } @else {
                    div.inv-head aria-hidden="true" {
                        span {} span { "Method and path" } span { "State" } span { "Authentication" } span { "Data it carries" }
                        span.num { "Requests" } span.num { "Actors" } span.num { "Risk" }
                    }
                    (rows(page, analysis.endpoints.get(..shown).unwrap_or(&[])))
                    (more(shown, analysis.endpoints.len(), "endpoint", "endpoints"))
                }
            }
        }
    }
}

/// Rows with a head per host, those without a host last. Details are written as long as the budget
/// lasts, and a line says where it ended.
fn rows(page: &Page<'_>, endpoints: &[Endpoint]) -> Markup {
    let most_parameters = if endpoints.len() > 300 { 12 } else { 60 };
    let mut out = String::new();
    let mut host: Option<&str> = None;
    let mut without = 0;
    let (somewhere, nowhere): (Vec<&Endpoint>, Vec<&Endpoint>) =
        endpoints.iter().partition(|endpoint| !endpoint.host.is_empty());
    for endpoint in somewhere.into_iter().chain(nowhere) {
        if host != Some(endpoint.host.as_str()) {
            out.push_str(&host_head(endpoints, &endpoint.host).into_string());
            host = Some(endpoint.host.as_str());
        }
        let detailed = out.len() < DETAIL_BUDGET_BYTES;
        without += usize::from(!detailed);
        out.push_str(&row(page, endpoint, detailed.then_some(most_parameters)).into_string());
    }
    html! {
        (maud::PreEscaped(out))
        @if without > 0 {
            p.more { "The last " (counted(without as u64, "row has", "rows have")) " no details here, for the size of this page; see the JSON output." }
        }
    }
}

fn host_head(endpoints: &[Endpoint], host: &str) -> Markup {
    let of: Vec<&Endpoint> =
        endpoints.iter().filter(|e| e.host == host).take(MAX_ENDPOINTS).collect();
    let accesses: BTreeSet<Access> = of.iter().map(|e| e.access).collect();
    let accesses: Vec<&str> = accesses.into_iter().map(words::access).collect();
    html! {
        div.inv-host {
            b {
                @if !host.is_empty() { (text(host)) }
                @else if of.iter().all(|e| is_unseen(e)) { "documented, never seen" }
                @else { "host not recorded" }
            }
            span { @if !of.iter().all(|e| is_unseen(e)) { (accesses.join(", ")) " · " } (counted(of.len() as u64, "endpoint", "endpoints")) }
        }
    }
}

fn row(page: &Page<'_>, endpoint: &Endpoint, details: Option<usize>) -> Markup {
    let operation = words::operation(endpoint);
    html! {
        details.ep {
            summary.twist {
                span.op { (method(&endpoint.method)) " " (path(&operation)) }
                span.state { (state(endpoint)) }
                (auth(endpoint))
                span.dcs { (classes(page, endpoint)) }
                span.num.reqs { (number(endpoint.requests)) span.unseen.lbl { " requests" } }
                span.num.acts { (number(endpoint.actors)) span.unseen.lbl { " actors" } }
                // No traffic, no risk that could be told: not the same as none.
                @if is_unseen(endpoint) { span.risk { (not_evaluated("not seen")) } }
                @else { (risk(endpoint.risk.score)) }
            }
            @match details {
                Some(most) => (inventory_detail::body(page, endpoint, most)),
                None => div.ep-body id=(anchor(endpoint.id.as_str())) {
                    div.quiet { "Details are in the JSON output, under " code { (text(endpoint.id.as_str())) } "." }
                },
            }
        }
    }
}

/// Whether traffic does not know of it.
fn is_unseen(endpoint: &Endpoint) -> bool {
    let is_orphan = endpoint.inventory_state == InventoryState::Orphan && endpoint.requests == 0;
    is_orphan || endpoint.protocol.is_brokered() || knowledge::is_only_discovered(endpoint)
}

/// How callers authenticate; hatched where that could not be looked at.
fn auth(endpoint: &Endpoint) -> Markup {
    let known = endpoint.auth_known();
    let open = known == AuthKnown::NoneSeen && !endpoint.data_classes.is_empty();
    html! {
        span class=(if open { "auth noauth" } else { "auth" }) {
            span.unseen.lbl { "auth " }
            @if known == AuthKnown::NotEvaluated { (not_evaluated(words::NOT_EVALUATED)) }
            @else { (words::auth_brief(endpoint)) }
        }
    }
}

/// The classes of an endpoint, sensitive ones first, the rest counted.
fn classes(page: &Page<'_>, endpoint: &Endpoint) -> Markup {
    let names: BTreeSet<&str> = endpoint.data_classes.iter().map(|c| c.class.as_str()).collect();
    let sensitive = |name: &&str| (page.context.docs.class)(name).is_some_and(|d| d.sensitive);
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| !sensitive(name));
    html! {
        @for name in names.iter().take(MAX_CLASSES) { (data_class(page, name)) }
        @if names.len() > MAX_CLASSES { span.dc { "+" (names.len() - MAX_CLASSES) } }
    }
}

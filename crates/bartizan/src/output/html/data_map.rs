//! The data map: which kinds of personal and secret data are carried where, by whom reachable.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{Access, AuthKnown, Direction, Endpoint, data_class::DataGroup};
use maud::{Markup, html};

use super::{
    Page,
    marks::not_evaluated,
    parts::{data_class, empty, endpoint_link, nothing},
};
use crate::output::{
    lead::completeness,
    words::{counted, number},
};

/// Endpoints named per class.
const MAX_PLACES: usize = 4;
/// Classes listed.
const MAX_CLASSES: usize = 80;

const COLUMNS: [(Access, &str); 5] = [
    (Access::Public, "Public"),
    (Access::Partner, "Partner"),
    (Access::Private, "Private"),
    (Access::ThirdParty, "Third party"),
    (Access::Unknown, "Not known"),
];

/// Where one class or group is carried.
#[derive(Default)]
struct Carried<'a> {
    endpoints: BTreeMap<&'a str, &'a Endpoint>,
    sent: u64,
    returned: u64,
}

impl<'a> Carried<'a> {
    fn add(&mut self, endpoint: &'a Endpoint, direction: Direction, count: u64) {
        self.endpoints.insert(endpoint.id.as_str(), endpoint);
        match direction {
            Direction::Request => self.sent = self.sent.saturating_add(count),
            Direction::Response => self.returned = self.returned.saturating_add(count),
        }
    }

    fn by_access(&self, access: Access) -> u64 {
        self.endpoints.values().filter(|e| e.access == access).count() as u64
    }

    fn by_auth(&self, known: AuthKnown) -> u64 {
        self.endpoints.values().filter(|e| e.auth_known() == known).count() as u64
    }
}

pub(super) fn section(page: &Page<'_>) -> Markup {
    let mut groups: BTreeMap<Option<DataGroup>, Carried<'_>> = BTreeMap::new();
    let mut classes: BTreeMap<&str, Carried<'_>> = BTreeMap::new();
    for endpoint in &page.analysis.endpoints {
        for found in &endpoint.data_classes {
            let group = (page.context.docs.class)(&found.class).map(|doc| doc.group);
            groups.entry(group).or_default().add(endpoint, found.direction, found.count);
            classes.entry(&found.class).or_default().add(endpoint, found.direction, found.count);
        }
    }
    html! {
        section #data {
            div.sec { h2 { "Data map" } p { "endpoints that carry it, by who can reach them" } }
            div.panel {
                @if classes.is_empty() {
                    (empty("No personal or secret data was recognised", &completeness(page.analysis)))
                } @else {
                    (matrix(groups))
                    (list(page, &classes))
                }
            }
        }
    }
}

fn matrix(mut groups: BTreeMap<Option<DataGroup>, Carried<'_>>) -> Markup {
    let other = groups.remove(&None);
    let mut rows: Vec<(&str, Carried<'_>)> = Vec::new();
    for (group, carried) in groups {
        rows.push((group.map_or("Other", DataGroup::title), carried));
    }
    rows.extend(other.map(|carried| ("Other", carried)));
    let used: BTreeSet<Access> =
        rows.iter().flat_map(|(_, c)| c.endpoints.values().map(|e| e.access)).collect();
    let columns: Vec<_> = COLUMNS.iter().filter(|(access, _)| used.contains(access)).collect();
    let most = rows.iter().flat_map(|(_, c)| columns.iter().map(|(a, _)| c.by_access(*a))).max();
    html! {
        table.t.map {
            thead { tr {
                th { "Kind of data" }
                @for (_, name) in &columns { th.num { (name) } }
                th.num { "No auth seen" }
            } }
            tbody {
                @for (name, carried) in &rows {
                    tr {
                        td { (name) }
                        @for (access, _) in &columns {
                            @let count = carried.by_access(*access);
                            td.num { span class=(heat(count, most.unwrap_or(1))) { @if count == 0 { "–" } @else { (number(count)) } } }
                        }
                        @let (open, blind) = (carried.by_auth(AuthKnown::NoneSeen), carried.by_auth(AuthKnown::NotEvaluated));
                        td.num {
                            @if open > 0 { span.bad { (number(open)) } }
                            @if blind > 0 { (not_evaluated(&format!("{} not evaluated", number(blind)))) }
                            @if open + blind == 0 { span.h0 { "–" } }
                        }
                    }
                }
            }
        }
    }
}

const fn heat(count: u64, most: u64) -> &'static str {
    match count {
        0 => "h0",
        n if n.saturating_mul(4) <= most => "h1",
        n if n.saturating_mul(2) <= most => "h2",
        n if n.saturating_mul(4) <= most.saturating_mul(3) => "h3",
        _ => "h4",
    }
}

fn list(page: &Page<'_>, classes: &BTreeMap<&str, Carried<'_>>) -> Markup {
    // What is serious by itself comes first.
    let sensitive = |name: &str| (page.context.docs.class)(name).is_some_and(|d| d.sensitive);
    let mut order: Vec<_> = classes.iter().collect();
    order.sort_by_key(|(name, _)| !sensitive(name));
    html! {
        ul.classes {
            @for (class, carried) in order.iter().take(MAX_CLASSES) {
                li {
                    span { (data_class(page, class)) }
                    span {
                        @if carried.returned > 0 { (number(carried.returned)) " returned" }
                        @if carried.returned > 0 && carried.sent > 0 { br; }
                        @if carried.sent > 0 { (number(carried.sent)) " sent" }
                    }
                    ul {
                        @for endpoint in carried.endpoints.values().take(MAX_PLACES) { li { (endpoint_link(endpoint)) } }
                        @if carried.endpoints.len() > MAX_PLACES {
                            li { "and " (counted((carried.endpoints.len() - MAX_PLACES) as u64, "more endpoint", "more endpoints")) }
                        }
                    }
                }
            }
        }
        @if classes.len() > MAX_CLASSES { p.more { (classes.len() - MAX_CLASSES) " more classes; see the JSON output." } }
        @else { (nothing()) }
    }
}

//! Links over time between what a caller is told by without a name and the names it was seen with.
//!
//! An attacker who looks around first and logs in later is two actors: an address with a
//! fingerprint, then a principal. A link says that they were seen at one client (or with one
//! session), when first and when last, so that their detections make one story. It never makes them
//! one actor: who else sits behind that address is not known.

use std::collections::BTreeMap;

use bartizan_model::{
    ActorId, ActorKind, ActorRef, Duration, KeyedHash, Timestamp,
    actor::{ActorLink, LinkReason},
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::recent::RecentMap;

/// How far from a link in time a deed may be and still be tied by it.
pub const LINK_REACH: Duration = Duration::hours(24);

/// Most principals, and most sessions, that one client may be seen with: more are a shared address,
/// and nothing is tied to anybody there. As many clients may be seen with one name: more are a key
/// that an application hands to all of its users.
pub const MAX_NAMES: usize = 4;

/// Most clients and sessions remembered; the longest unused goes first.
pub const MAX_LINKED: usize = 50_000;

/// Links by client and by session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Links {
    rows: RecentMap<KeyedHash, Row>,
}

/// The names that a client or session was seen with.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    nameless: ActorId,
    reason: LinkReason,
    principals: Names,
    sessions: Names,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Names {
    seen: SmallVec<[Seen; 1]>,
    /// Since when there are more than [`MAX_NAMES`].
    shared: Option<Option<Timestamp>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seen {
    name: ActorRef,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    exchanges: u64,
}

impl Links {
    /// Notes that the client or session with `key`, which is the actor `nameless` where no name is
    /// believed, acted as `name`, which is.
    pub(super) fn note(
        &mut self,
        key: KeyedHash,
        nameless: &ActorId,
        reason: LinkReason,
        name: &ActorRef,
        time: Option<Timestamp>,
    ) {
        let row = self.rows.entry(key, MAX_LINKED, || Row {
            nameless: nameless.clone(),
            reason,
            principals: Names::default(),
            sessions: Names::default(),
        });
        match name.kind {
            ActorKind::Principal => row.principals.note(name, time),
            ActorKind::Session => row.sessions.note(name, time),
            ActorKind::Address | ActorKind::Campaign | ActorKind::Unknown => {}
        }
    }

    /// All links to one of `names`, by the actor without a name; of several the strongest first:
    /// principals before sessions, then by the number of exchanges.
    #[must_use]
    pub fn to<'a>(
        &self,
        actors: impl Iterator<Item = &'a ActorId>,
    ) -> BTreeMap<&ActorId, Vec<ActorLink>> {
        let mut clients: BTreeMap<&ActorId, Vec<Span>> = actors.map(|a| (a, Vec::new())).collect();
        let rows = || self.rows.iter().map(|(_, row)| row);
        for seen in rows().flat_map(Row::usable) {
            if let Some(spans) = clients.get_mut(&seen.name.id) {
                spans.push(seen.span());
            }
        }
        let mut out: BTreeMap<&ActorId, Vec<ActorLink>> = BTreeMap::new();
        for row in rows().filter(|row| clients.contains_key(&row.nameless)) {
            let few = |seen: &&Seen| {
                let spans = clients.get(&seen.name.id).into_iter().flatten();
                let near = spans.filter(|span| span.near(seen.span()));
                let count = near.take(MAX_NAMES + 1).count();
                (1..=MAX_NAMES).contains(&count)
            };
            let links = row.usable().filter(few).map(|seen| seen.link(row.reason));
            let mut links: Vec<ActorLink> = links.collect();
            if !links.is_empty() {
                let rank = |link: &ActorLink| {
                    (link.actor.kind != ActorKind::Principal, u64::MAX - link.exchanges)
                };
                links.sort_by(|a, b| {
                    rank(a).cmp(&rank(b)).then_with(|| a.actor.id.cmp(&b.actor.id))
                });
                out.insert(&row.nameless, links);
            }
        }
        out
    }
}

impl Row {
    fn usable(&self) -> impl Iterator<Item = &Seen> {
        [&self.principals, &self.sessions].into_iter().flat_map(Names::usable)
    }
}

impl Names {
    fn note(&mut self, name: &ActorRef, time: Option<Timestamp>) {
        if self.shared.is_some() {
            return;
        }
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.name.id == name.id) {
            seen.first = earlier(seen.first, time);
            seen.last = seen.last.max(time);
            seen.exchanges += 1;
        } else if self.seen.len() < MAX_NAMES {
            self.seen.push(Seen { name: name.clone(), first: time, last: time, exchanges: 1 });
        } else {
            self.shared = Some(time);
        }
    }

    /// Names seen so long before the client turned out to be shared that it was not so yet.
    fn usable(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(|seen| match (self.shared, seen.last) {
            (None, _) => true,
            (Some(Some(shared)), Some(last)) => shared.since(last) > LINK_REACH,
            (Some(_), _) => false,
        })
    }
}

impl Seen {
    const fn span(&self) -> Span {
        Span { first: self.first, last: self.last }
    }

    fn link(&self, reason: LinkReason) -> ActorLink {
        ActorLink {
            actor: self.name.clone(),
            reason,
            first: self.first,
            last: self.last,
            exchanges: self.exchanges,
        }
    }
}

/// A stretch of time; unknown ends reach anywhere, as in a source without times.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Begin.
    pub first: Option<Timestamp>,
    /// End.
    pub last: Option<Timestamp>,
}

impl Span {
    /// Whether no more than [`LINK_REACH`] lies between the two.
    #[must_use]
    pub fn near(self, other: Self) -> bool {
        let follows = |late: Option<Timestamp>, early: Option<Timestamp>| match (late, early) {
            (Some(late), Some(early)) => late.since(early) <= LINK_REACH,
            _ => true,
        };
        follows(other.first, self.last) && follows(self.first, other.last)
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(name: &str, kind: ActorKind) -> ActorRef {
        ActorRef { id: ActorId::from_text(name.to_owned()), kind, label: name.into() }
    }

    fn key(byte: u8) -> KeyedHash {
        KeyedHash([byte; 10])
    }

    fn hour(hours: i64) -> Option<Timestamp> {
        Some(Timestamp::from_micros(hours * 3_600_000_000))
    }

    /// Notes `names` at one client, one an hour from hour 0 on; says which are linked.
    fn at_one_client(names: &[&ActorRef]) -> Vec<String> {
        let mut links = Links::default();
        let client = ActorId::from_text("client".to_owned());
        for (name, hours) in names.iter().zip(0..) {
            links.note(key(1), &client, LinkReason::SameClient, name, hour(hours));
        }
        linked(&links, names)
    }

    fn linked(links: &Links, names: &[&ActorRef]) -> Vec<String> {
        let clients: Vec<_> = links.rows.iter().map(|(_, row)| row.nameless.clone()).collect();
        let found = links.to(names.iter().map(|name| &name.id).chain(&clients));
        assert!(links.to(names.iter().map(|name| &name.id)).is_empty(), "only what was asked for");
        found.values().flatten().map(|link| link.actor.label.to_string()).collect()
    }

    #[test]
    fn principals_come_before_sessions_and_busy_ones_before_others() {
        let session = actor("s", ActorKind::Session);
        let (a, b) = (actor("a", ActorKind::Principal), actor("b", ActorKind::Principal));
        assert_eq!(at_one_client(&[&session, &session, &session, &a, &b, &b]), ["b", "a", "s"]);
        let address = actor("x", ActorKind::Address);
        assert_eq!(at_one_client(&[&address]), [""; 0]);
    }

    #[test]
    fn a_shared_client_ties_nobody_and_many_sessions_do_not_make_it_shared() {
        let names = ["a", "b", "c", "d", "e"].map(|n| actor(n, ActorKind::Principal));
        let all: Vec<_> = names.iter().collect();
        assert_eq!(at_one_client(&all[..4]).len(), 4);
        assert_eq!(at_one_client(&all), [""; 0]);
        let sessions = ["v", "w", "x", "y", "z"].map(|n| actor(n, ActorKind::Session));
        let mut all: Vec<_> = sessions.iter().collect();
        all.push(&names[0]);
        assert_eq!(at_one_client(&all), ["a"]);
    }

    #[test]
    fn a_name_at_many_clients_is_a_key_that_many_have() {
        let name = actor("a", ActorKind::Principal);
        let mut links = Links::default();
        for number in 0..=4u8 {
            let client = ActorId::from_text(format!("client{number}"));
            // The first four long before the last one.
            let time = hour(if number < 4 { i64::from(number) } else { 100 });
            links.note(key(number), &client, LinkReason::SameClient, &name, time);
        }
        assert_eq!(linked(&links, &[&name]).len(), 5);
        let client = ActorId::from_text("client5".to_owned());
        links.note(key(5), &client, LinkReason::SameClient, &name, hour(4));
        assert_eq!(linked(&links, &[&name]).len(), 1, "only the one that is days away");
    }

    #[test]
    fn what_was_seen_long_before_a_client_became_shared_stays() {
        let names = ["a", "b", "c", "d", "e"].map(|n| actor(n, ActorKind::Principal));
        let mut links = Links::default();
        let client = ActorId::from_text("client".to_owned());
        for (name, hours) in names.iter().zip([0, 50, 51, 52, 53]) {
            links.note(key(1), &client, LinkReason::SameClient, name, hour(hours));
        }
        let names: Vec<_> = names.iter().collect();
        assert_eq!(linked(&links, &names), ["a"]);
        let bytes = postcard::to_stdvec(&links).expect("serialises");
        let back: Links = postcard::from_bytes(&bytes).expect("reads");
        assert_eq!(linked(&back, &names), ["a"]);
    }

    #[test]
    fn spans_without_times_are_near_everything() {
        let span = |first, last| Span { first, last };
        assert!(span(None, None).near(span(hour(0), hour(1))));
        assert!(span(hour(0), hour(1)).near(span(hour(25), hour(30))));
        assert!(!span(hour(0), hour(1)).near(span(hour(26), hour(30))));
        assert!(!span(hour(26), hour(30)).near(span(hour(0), hour(1))));
    }
}

//! What was found so far, within limits.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{FoundIn, FoundName, Limit, Perimeter, Service, Summary};

/// Most open ports that are listed; all are counted. Some machines take every connection.
pub const MAX_SERVICES: usize = 20_000;
/// Most names that are listed beside those of the list.
pub const MAX_FOUND_NAMES: usize = 10_000;
/// Most routes of one open port that are listed.
pub const MAX_ROUTES: usize = 1_000;
/// Most routes of all ports together that are listed.
const MAX_ALL_ROUTES: usize = 50_000;
/// Most documents of one open port that are listed.
const MAX_DOCUMENTS: usize = 50;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) summary: Summary,
    left_out: BTreeMap<&'static str, u64>,
    /// By address, port and place among the names of the address.
    services: Vec<Service>,
    routes: usize,
    names: BTreeMap<String, FoundName>,
    /// Hosts of the list, which are no news.
    listed: BTreeSet<String>,
    pub(super) unresolved: BTreeMap<String, String>,
    /// Why a port could not be tried, the last one.
    pub(super) problem: Option<String>,
}

impl Found {
    pub(super) fn new(listed: BTreeSet<String>, left_out: BTreeMap<&'static str, u64>) -> Self {
        Self { listed, left_out, ..Self::default() }
    }

    /// Counts what was left out.
    pub(super) fn left(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.left_out.entry(reason).or_default() += count;
        }
    }

    /// Takes what an open port showed.
    pub(super) fn service(&mut self, mut service: Service) {
        let at = service.authority();
        if let Some(certificate) = service.tls.as_ref().and_then(|tls| tls.certificate.as_ref()) {
            self.left("names_of_certificates", certificate.names_left_out);
            for name in &certificate.names {
                self.name(name, FoundIn::Certificate, &at);
            }
        }
        if self.services.len() >= MAX_SERVICES {
            return self.left("open_ports", 1);
        }
        let room = MAX_ROUTES.min(MAX_ALL_ROUTES.saturating_sub(self.routes));
        self.left("routes", service.routes.len().saturating_sub(room) as u64);
        service.routes.truncate(room);
        self.routes += service.routes.len();
        self.left("documents", service.documents.len().saturating_sub(MAX_DOCUMENTS) as u64);
        service.documents.truncate(MAX_DOCUMENTS);
        self.services.push(service);
    }

    /// Takes a name that something showed at `at`.
    pub(super) fn name(&mut self, name: &str, found_in: FoundIn, at: &str) {
        if self.listed.contains(name) {
            return;
        }
        let is_full = self.names.len() >= MAX_FOUND_NAMES;
        match self.names.get_mut(name) {
            Some(known) => {
                known.count += 1;
                if !known.found_in.contains(&found_in) {
                    known.found_in.push(found_in);
                }
            }
            None if is_full => self.left("names", 1),
            None => {
                let (name, found_at) = (name.to_owned(), at.to_owned());
                let found =
                    FoundName { name: name.clone(), found_in: vec![found_in], found_at, count: 1 };
                self.names.insert(name, found);
            }
        }
    }

    /// The result.
    pub(super) fn finish(mut self, ended_by: Option<Limit>) -> Perimeter {
        let key = |service: &Service| (service.address, service.port, service.host.clone());
        self.services.sort_by_cached_key(key);
        Perimeter {
            summary: self.summary,
            ended_by,
            left_out: self.left_out,
            services: self.services,
            names: self.names.into_values().collect(),
            unresolved: self.unresolved,
        }
    }

    /// Hosts of a list, as names of certificates have them.
    pub(super) fn listed<'a>(
        names: impl IntoIterator<Item = &'a String>,
        addresses: impl IntoIterator<Item = &'a IpAddr>,
    ) -> BTreeSet<String> {
        let addresses = addresses.into_iter().map(ToString::to_string);
        names.into_iter().cloned().chain(addresses).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::crawl::{Route, SeenIn};

    #[test]
    fn what_is_kept_is_bounded_and_the_rest_counted() {
        let mut found = Found::new(Found::listed(&["a.example".to_owned()], []), BTreeMap::new());
        let address: IpAddr = "192.0.2.1".parse().expect("an address");
        let route = |at: usize| Route {
            method: "GET".to_owned(),
            path: format!("/{at}"),
            known_by: vec![SeenIn::Specification],
            status: None,
            found_at: String::new(),
        };
        for port in 1..=60 {
            let mut service = Service::new("a.example", address, 61 - port);
            service.routes = (0..MAX_ROUTES + 1).map(route).collect();
            found.service(service);
        }
        for at in 0..MAX_FOUND_NAMES + 5 {
            found.name(&format!("h{at}.example"), FoundIn::Certificate, "a.example:443");
        }
        found.name("h1.example", FoundIn::Redirect, "a.example:80");
        found.name("a.example", FoundIn::Redirect, "a.example:80");
        let found = found.finish(None);
        let routes: usize = found.services.iter().map(|service| service.routes.len()).sum();
        assert_eq!((found.services.len(), routes), (60, MAX_ALL_ROUTES));
        assert!(found.services.is_sorted_by_key(|service| service.port));
        let left_out = (60 * (MAX_ROUTES + 1) - MAX_ALL_ROUTES) as u64;
        assert_eq!(found.left_out.get("routes"), Some(&left_out));
        assert_eq!((found.names.len(), found.left_out.get("names")), (MAX_FOUND_NAMES, Some(&5)));
        let both = found.names.iter().find(|found| found.name == "h1.example").expect("there");
        assert_eq!(
            (both.found_in.as_slice(), both.count),
            (&[FoundIn::Certificate, FoundIn::Redirect][..], 2)
        );
        assert!(!found.names.iter().any(|found| found.name == "a.example"));
    }
}

//! Endpoints that a rule is about: services, hosts, paths, methods, access.

use std::collections::BTreeSet;

use bartizan_model::{
    Access, HostPattern,
    host::{is_among, is_pattern, shape},
};

use super::{Governed, GovernedEndpoints, ServicePlace, Wrong, bounded, wrong};
use crate::endpoints::{Segment, Template};

/// Most segments of a pattern.
const MAX_SEGMENTS: usize = 64;

/// Where a rule applies.
#[derive(Debug)]
pub(super) struct Place {
    services: Vec<String>,
    hosts: Vec<String>,
    paths: Vec<PathPattern>,
    methods: Vec<String>,
    access: Vec<Access>,
}

impl Place {
    pub(super) fn compile(place: &GovernedEndpoints, services: &[String]) -> Result<Self, Wrong> {
        bounded("where.services", &place.services)?;
        for (at, name) in place.services.iter().enumerate() {
            if !services.contains(name) {
                let unknown = format!("unknown service `{name}`");
                return Err(wrong(format!("where.services[{at}]"), unknown));
            }
        }
        Ok(Self {
            services: place.services.clone(),
            hosts: each("where.hosts", &place.hosts, host_pattern)?,
            paths: each("where.paths", &place.paths, PathPattern::compile)?,
            methods: each("where.methods", &place.methods, method)?,
            access: place.access.clone(),
        })
    }

    /// Whether an endpoint is there, which is of that service of the gateway.
    pub(super) fn holds(&self, at: Governed<'_>, of: Option<&ServicePlace>) -> bool {
        let Governed { template, access, service } = at;
        fn any<T>(list: &[T], fits: impl FnMut(&T) -> bool) -> bool {
            list.is_empty() || list.iter().any(fits)
        }
        any(&self.services, |name| {
            of.is_some_and(|of| of.name == *name) || service == Some(name.as_str())
        }) && any(&self.hosts, |host| is_host(host, &template.host))
            && any(&self.methods, |method| *method == template.method)
            && any(&self.access, |listed| *listed == access)
            && any(&self.paths, |path| path.fits(&template.segments))
    }
}

/// Every entry of a list, read; the first that cannot be with its key.
fn each<T>(
    key: &str,
    list: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    bounded(key, list)?;
    let one = |(at, text): (usize, &String)| {
        read(text).map_err(|message| wrong(format!("{key}[{at}]"), message))
    };
    list.iter().enumerate().map(one).collect()
}

/// The service that an endpoint is of: the first that takes its host and path.
pub(super) fn service_of<'s>(
    template: &Template,
    services: &'s [ServicePlace],
) -> Option<&'s ServicePlace> {
    let takes_host = |service: &ServicePlace| {
        let is_it = |host: &String| is_named(&host.to_ascii_lowercase(), &template.host);
        service.hosts.is_empty() || service.hosts.iter().any(is_it)
    };
    // Of a pattern of hosts a service that takes one of them takes it only where none takes all.
    let takes_one = |service: &ServicePlace| {
        service.hosts.iter().any(|host| is_host(&host.to_ascii_lowercase(), &template.host))
    };
    let takes_path = |service: &ServicePlace| {
        let prefix = service.path_prefix.strip_suffix('/').unwrap_or(&service.path_prefix);
        let rest = template.path.strip_prefix(prefix);
        rest.is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
    };
    let all = services.iter().find(|service| takes_host(service) && takes_path(service));
    let one = || services.iter().find(|service| takes_one(service) && takes_path(service));
    all.or_else(|| one().filter(|_| is_pattern(&template.host)))
}

/// What services are called, each name once.
pub(super) fn names(services: &[ServicePlace], named: &[&str]) -> Vec<String> {
    let of_the_gateway = services.iter().map(|service| service.name.as_str());
    let all: BTreeSet<&str> = of_the_gateway.chain(named.iter().copied()).collect();
    all.into_iter().map(str::to_owned).collect()
}

/// A pattern of the path of an endpoint.
#[derive(Debug)]
struct PathPattern(Vec<Part>);

#[derive(Debug)]
enum Part {
    /// This fixed text.
    Literal(String),
    /// A parameter.
    Parameter,
    /// Any segment.
    Any,
    /// Any number of segments.
    Rest,
}

impl PathPattern {
    fn compile(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("{text:?} does not begin with a slash"));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let part = |segment: &str| match segment {
            "**" => Ok(Part::Rest),
            "*" => Ok(Part::Any),
            "" | "." | ".." => Err(format!("{text:?} has a segment {segment:?}")),
            segment if segment.contains('*') => {
                Err(format!("{text:?}: `*` and `**` must be segments of their own"))
            }
            segment if segment.starts_with('{') && segment.ends_with('}') => Ok(Part::Parameter),
            segment => Ok(Part::Literal(segment.to_owned())),
        };
        let parts: Vec<Part> = rest.split('/').map(part).collect::<Result<_, _>>()?;
        if parts.len() > MAX_SEGMENTS {
            return Err(format!("more than {MAX_SEGMENTS} segments"));
        }
        Ok(Self(parts))
    }

    /// Greedy with one way back, to the last `**`: at most segments × parts comparisons.
    fn fits(&self, segments: &[Segment]) -> bool {
        let (mut part, mut segment) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(part), segments.get(segment)) {
                (Some(Part::Rest), _) => {
                    back = Some((part + 1, segment));
                    part += 1;
                    continue;
                }
                (Some(one), Some(here)) if one.fits(here) => {
                    (part, segment) = (part + 1, segment + 1);
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            match back {
                Some((after, from)) if from < segments.len() => {
                    back = Some((after, from + 1));
                    (part, segment) = (after, from + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Part {
    fn fits(&self, segment: &Segment) -> bool {
        match (self, segment) {
            (Self::Any | Self::Rest, _) | (Self::Parameter, Segment::Parameter { .. }) => true,
            (Self::Literal(text), Segment::Literal(literal)) => text == literal,
            (Self::Literal(_), Segment::Parameter { .. })
            | (Self::Parameter, Segment::Literal(_)) => false,
        }
    }
}

/// A pattern of hosts, in lower case.
fn host_pattern(pattern: &str) -> Result<String, String> {
    if is_pattern(pattern) {
        return HostPattern::new(pattern).map(|pattern| pattern.text().to_owned());
    }
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let name = pattern.strip_prefix("*.").unwrap_or(pattern);
    match !name.is_empty() && name.bytes().all(is_part) {
        true => Ok(pattern.to_ascii_lowercase()),
        false => Err(format!("{pattern:?} is no host name without port")),
    }
}

/// Whether the host of an endpoint is of a pattern, or a pattern of which this names one host.
fn is_host(pattern: &str, host: &str) -> bool {
    is_named(pattern, host) || is_among(pattern, host)
}

/// Whether all hosts of an endpoint are of a pattern. `*.` stands for exactly one more label.
fn is_named(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => shape(pattern) == shape(host),
        Some(domain) => {
            let parts = host.split_once('.');
            parts.is_some_and(|(label, rest)| !label.is_empty() && rest == domain)
        }
    }
}

fn method(name: &str) -> Result<String, String> {
    let is_plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    if is_plain { Ok(name.to_owned()) } else { Err(format!("{name:?} is no method in capitals")) }
}

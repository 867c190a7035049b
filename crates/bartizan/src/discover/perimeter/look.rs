//! Looks at one port: a connection, the beginning of TLS, and a few questions of HTTP.

use std::{cell::RefCell, io::ErrorKind, net::IpAddr, time::Duration};

use bartizan_pipeline::sinks::Line;
use http::{HeaderMap, Request};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::{
    net::TcpStream,
    sync::SemaphorePermit,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::{
    FoundIn, Service, Speaks,
    found::Found,
    gate::Gate,
    tls::{Reader, Spoken},
};
use crate::discover::crawl::{
    Answer, Ask, Options, Origin, Plan, Reach, Resolved, Role, exchange, fields,
};

/// Most requests to one open port, that for `/` among them.
pub const MAX_REQUESTS: u64 = 40;
/// Most bytes of one answer that are read.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Longest value of a field that is kept, in characters.
const MAX_FIELD: usize = 100;

/// Looks at ports.
pub(super) struct Look<'a> {
    pub(super) gate: &'a Gate,
    pub(super) found: &'a RefCell<Found>,
    pub(super) reader: Reader,
    /// Longest time of one connection.
    pub(super) within: Duration,
    /// A name that no path has.
    pub(super) probe: String,
}

/// A connection with its place among those that may be at once.
struct Connection<'g> {
    stream: TcpStream,
    /// When it ends.
    until: Instant,
    permit: SemaphorePermit<'g>,
}

impl<'a> Look<'a> {
    /// Looks at a port of an address, once for each name that leads there.
    pub(super) async fn port(&self, address: IpAddr, port: u16, hosts: &[String]) {
        let Some(mut connection) = self.first(address, port).await else { return };
        for (at, host) in hosts.iter().enumerate() {
            let mut service = Service::new(host, address, port);
            if at > 0 {
                match self.connect(address, port).await {
                    Some(Ok(next)) => connection = Some(next),
                    Some(Err(_)) => self.found.borrow_mut().left("not_answered", 1),
                    None => {}
                }
            }
            // What is known is kept whenever it ends.
            if let Some(connection) = connection.take() {
                self.host(&mut service, connection).await;
            }
            self.found.borrow_mut().service(service);
            if self.gate.ended().is_some() {
                let left = hosts.len().saturating_sub(at + 1) as u64;
                return self.found.borrow_mut().left("names_of_open_ports", left);
            }
        }
    }

    /// The first connection to a port, which decides whether it is open. `None`: it is not, or nobody knows.
    async fn first(&self, address: IpAddr, port: u16) -> Option<Option<Connection<'a>>> {
        let Some(connected) = self.connect(address, port).await else {
            self.found.borrow_mut().summary.not_tried += 1;
            return None;
        };
        let mut found = self.found.borrow_mut();
        let error = match connected {
            Ok(connection) => {
                found.summary.open += 1;
                return Some(Some(connection));
            }
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => found.summary.closed += 1,
            ErrorKind::TimedOut | ErrorKind::HostUnreachable => found.summary.silent += 1,
            _ => {
                found.summary.unreachable += 1;
                found.problem = Some(format!("connecting to {address}, port {port}: {error}"));
            }
        }
        None
    }

    /// A connection, in its turn; `None` when no more are made.
    async fn connect(&self, address: IpAddr, port: u16) -> Option<std::io::Result<Connection<'a>>> {
        let permit = self.gate.enter().await?;
        let until = Instant::now() + self.within;
        let connect = timeout_at(until, TcpStream::connect((address, port)));
        let connected = self.gate.unless_stopped(connect).await?;
        Some(match connected {
            Ok(Ok(stream)) => Ok(Connection { stream, until, permit }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ErrorKind::TimedOut.into()),
        })
    }

    /// What an open port shows to who asks for a host by its name.
    async fn host(&self, service: &mut Service, connection: Connection<'a>) {
        let Connection { stream, until, permit } = connection;
        let reading = self.reader.read(stream, &service.host, service.address);
        let spoken = self.gate.unless_stopped(timeout_at(until, reading)).await;
        drop(permit);
        let https = match spoken {
            None => return,
            Some(Ok(Spoken::Tls(tls))) => {
                service.tls = Some(tls);
                service.speaks = Speaks::Tls;
                true
            }
            Some(Ok(Spoken::NotTls) | Err(_)) => false,
        };
        let host = match service.address {
            IpAddr::V6(_) if service.host.contains(':') => format!("[{}]", service.host),
            _ => service.host.clone(),
        };
        let origin = Origin { https, host, port: service.port };
        let ask = Ask::root("/");
        let Some(answer) = self.ask(service, &origin, &ask).await else { return };
        service.speaks = if https { Speaks::Https } else { Speaks::Http };
        service.status = Some(answer.status);
        service.server =
            answer.headers.get("server").map(|name| name.chars().take(MAX_FIELD).collect());
        service.redirects_to = elsewhere(&origin, &ask, &answer);
        self.api(service, origin, ask, answer).await;
    }

    /// What an HTTP server shows of its API; its answer to `/` is there already.
    async fn api(&self, service: &mut Service, origin: Origin, mut ask: Ask, first: Answer) {
        let options = Options {
            reach: Reach::Documents,
            max_requests: MAX_REQUESTS - 1,
            graphql: false,
            ignore_robots: false,
            probe: self.probe.clone(),
        };
        let mut plan = Plan::new(origin.clone(), "/", options);
        let mut answer = Some(first);
        loop {
            match &answer {
                Some(answer) => self.take(&mut plan, &origin, &ask, answer).await,
                None => plan.failed(&ask),
            }
            // A server that is asked too much is left alone.
            let is_enough = answer.as_ref().is_some_and(|answer| answer.status == 429);
            if is_enough {
                self.found.borrow_mut().left("too_many_requests", 1);
            }
            if is_enough || self.gate.ended().is_some() {
                break;
            }
            let Some(next) = plan.next_ask() else { break };
            ask = next;
            answer = self.ask(service, &origin, &ask).await;
        }
        let crawled = plan.finish();
        service.answers_everything = crawled.summary.answers_everything;
        service.documents = crawled.documents;
        service.routes = crawled.routes;
        let mut found = self.found.borrow_mut();
        for (reason, count) in crawled.left_out {
            found.left(reason, count);
        }
        found.left("not_asked", crawled.summary.not_asked);
    }

    /// Gives an answer to the plan, and lists where it leads.
    async fn take(&self, plan: &mut Plan, origin: &Origin, ask: &Ask, answer: &Answer) {
        if let Some(other) = elsewhere(origin, ask, answer)
            && let Ok((other, _)) = Origin::parse(&other)
        {
            let name = other.host.trim_start_matches('[').trim_end_matches(']');
            self.found.borrow_mut().name(name, FoundIn::Redirect, &origin.authority());
        }
        if let Some(reading) = plan.answer(ask, answer) {
            // On a thread of its own: the others go on, and an interrupt is heard.
            let reading = spawn_blocking(|| reading.read());
            if let Some(Ok(read)) = self.gate.unless_stopped(reading).await {
                plan.take(read);
            }
        }
    }

    /// Asks over a connection of its own; `None` when there is no answer, or no more are asked.
    async fn ask(&self, service: &mut Service, origin: &Origin, ask: &Ask) -> Option<Answer> {
        let connection = self.connect(service.address, service.port).await?.ok()?;
        service.requests += 1;
        let Connection { stream, until, permit } = connection;
        let request = request(ask, fields(&origin.authority()))?;
        let asking = async {
            let line: Box<dyn Line> = if origin.https {
                Box::new(self.reader.connect(stream, &service.host, service.address).await?)
            } else {
                Box::new(stream)
            };
            exchange(line, request, MAX_ANSWER_BYTES, until).await
        };
        let answer = self.gate.unless_stopped(timeout_at(until, asking)).await;
        drop(permit);
        answer?.ok()?.ok()
    }
}

/// A `GET`; never anything else.
fn request(ask: &Ask, headers: HeaderMap) -> Option<Request<Full<Bytes>>> {
    if ask.role == Role::Introspection {
        return None;
    }
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = ask.target.parse().ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// The other origin that an answer redirects to.
fn elsewhere(origin: &Origin, ask: &Ask, answer: &Answer) -> Option<String> {
    let location = answer.headers.get("location")?;
    if !matches!(answer.status, 300..=399) {
        return None;
    }
    match origin.resolve(&ask.target, location) {
        Resolved::Elsewhere(other) => Some(other),
        Resolved::Here(_) | Resolved::Nowhere => None,
    }
}

//! The whole search: names are looked up, then every port of every address is looked at.

use std::{cell::RefCell, collections::BTreeMap, future::Future, net::IpAddr, time::Duration};

use bartizan_model::Timestamp;
use futures_util::StreamExt as _;
use tokio::{
    net::lookup_host,
    time::{interval, sleep, timeout},
};

use super::{Limit, Perimeter, Ports, Targets, found::Found, gate::Gate, look::Look, tls::Reader};

/// Ports of one address that are looked at at once.
pub const PORTS_AT_ONCE: usize = 4;
/// Most addresses of one name that are looked at; more are counted.
pub const MAX_ADDRESSES_OF_NAME: usize = 4;
/// Names that are looked up at once.
const LOOK_UPS_AT_ONCE: usize = 8;
/// Longest time of one look-up.
const LOOK_UP: Duration = Duration::from_secs(5);
/// How often progress is told.
const EVERY: Duration = Duration::from_millis(250);

/// How fast, how much, how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// Most connections a second.
    pub rate: f64,
    /// Most connections at a time.
    pub at_once: usize,
    /// Longest time of one connection.
    pub within: Duration,
    /// Most connections in all.
    pub most: u64,
    /// Longest time of all.
    pub seconds: u64,
    /// A name that no path has.
    pub probe: String,
    /// The time of the search, by which certificates are valid or not.
    pub now: Timestamp,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Connections that were begun.
    pub connections: u64,
    /// Ports that were open so far.
    pub open: u64,
}

/// Addresses to look at, with the names that lead to each.
type Machines = BTreeMap<IpAddr, Vec<String>>;

/// Looks at every port of everything that is listed, until that is done, the time is over, or `interrupt` is.
///
/// # Errors
/// Why nothing at all could be tried.
pub async fn search(
    targets: &Targets,
    ports: &Ports,
    pace: &Pace,
    interrupt: impl Future<Output = ()>,
    mut progress: impl FnMut(Progress),
) -> Result<Perimeter, String> {
    let gate = Gate::new(pace.rate, pace.at_once, pace.most);
    let listed = Found::listed(&targets.names, &targets.addresses);
    let found = RefCell::new(Found::new(listed, targets.left_out.clone()));
    let work = async {
        let machines = look_up(targets, &gate, &found).await;
        look(&machines, ports, pace, &gate, &found).await;
    };
    let end = async {
        tokio::select! {
            () = interrupt => Limit::Interrupted,
            () = sleep(Duration::from_secs(pace.seconds)) => Limit::MaxSeconds,
        }
    };
    {
        tokio::pin!(work, end);
        let mut tick = interval(EVERY);
        let mut is_stopped = false;
        loop {
            tokio::select! {
                () = &mut work => break,
                // What is under way is given up: the work ends by itself, with what was found.
                why = &mut end, if !is_stopped => {
                    gate.stop(why);
                    is_stopped = true;
                }
                _ = tick.tick() => {
                    let open = found.borrow().summary.open;
                    progress(Progress { connections: gate.connections(), open });
                }
            }
        }
    }
    let mut found = found.into_inner();
    found.summary.connections = gate.connections();
    let tried = found.summary.open + found.summary.closed + found.summary.silent;
    if tried == 0 && gate.ended().is_none() {
        let unresolved = found.unresolved.values().next().cloned();
        return Err(found
            .problem
            .or(unresolved)
            .unwrap_or_else(|| "nothing is left of it".to_owned()));
    }
    Ok(found.finish(gate.ended()))
}

/// Looks every name up, once: what it leads to now is what is connected to.
async fn look_up(targets: &Targets, gate: &Gate, found: &RefCell<Found>) -> Machines {
    let mut out: Machines = BTreeMap::new();
    for address in &targets.addresses {
        out.entry(*address).or_default().push(address.to_string());
    }
    let look_ups = targets.names.iter().map(|name| async move {
        let look_up = timeout(LOOK_UP, lookup_host((name.as_str(), 0)));
        (name, gate.unless_stopped(look_up).await)
    });
    let mut look_ups = futures_util::stream::iter(look_ups).buffered(LOOK_UPS_AT_ONCE);
    while let Some((name, result)) = look_ups.next().await {
        let mut found = found.borrow_mut();
        let addresses = match result {
            None => {
                found.left("names_not_looked_up", 1);
                continue;
            }
            Some(Ok(Ok(addresses))) => addresses,
            Some(Ok(Err(error))) => {
                found.unresolved.insert(name.clone(), format!("{name} is not found: {error}"));
                continue;
            }
            Some(Err(_)) => {
                found.unresolved.insert(name.clone(), format!("{name}: no answer of DNS in time"));
                continue;
            }
        };
        let mut kept = 0;
        for address in addresses.map(|address| address.ip().to_canonical()) {
            let names = out.get(&address);
            if names.is_some_and(|names| names.contains(name)) {
                continue;
            }
            match targets.refusal(address) {
                Some(reason) => found.left(reason, 1),
                None if kept >= MAX_ADDRESSES_OF_NAME => found.left("addresses_of_names", 1),
                None => {
                    kept += 1;
                    out.entry(address).or_default().push(name.clone());
                }
            }
        }
        if kept == 0 {
            let why = format!("{name} leads to no address that may be connected to");
            found.unresolved.insert(name.clone(), why);
        }
    }
    found.borrow_mut().summary.names = targets.names.len() as u64;
    found.borrow_mut().summary.addresses = out.len() as u64;
    out
}

/// Looks at every port of every address.
async fn look(
    machines: &Machines,
    ports: &Ports,
    pace: &Pace,
    gate: &Gate,
    found: &RefCell<Found>,
) {
    let look = Look {
        gate,
        found,
        reader: Reader::new(pace.now),
        within: pace.within,
        probe: pace.probe.clone(),
    };
    let look = &look;
    futures_util::stream::iter(machines)
        .for_each_concurrent(pace.at_once, |(address, hosts)| {
            let ports = futures_util::stream::iter(ports.as_slice());
            ports.for_each_concurrent(PORTS_AT_ONCE, move |port| look.port(*address, *port, hosts))
        })
        .await;
}

//! Clients: most ask and look at the answer, some break off, some are slow.

use std::{
    io::{self, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Dice, Origin, PATIENCE, Tally,
    ask::{Ask, status},
    wire::{self, Message},
};

/// Requests on one connection, after which a client opens another.
const REQUESTS: u64 = 200;

/// What the clients of a load are like.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Connections at one time, each with a thread.
    pub clients: usize,
    /// Of a hundred exchanges, those that the client breaks off somewhere.
    pub aborts: u64,
    /// Of a hundred exchanges, those whose client sends and reads in pieces with rests.
    pub slow: u64,
    /// Bodies have fewer items than this, of about 20 bytes each.
    pub items: u64,
    /// Rest of a client after each exchange.
    pub pace: Duration,
    /// Decides every choice.
    pub seed: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self { clients: 8, aborts: 5, slow: 3, items: 40, pace: Duration::from_millis(2), seed: 1 }
    }
}

/// A load that goes on until it is stopped.
#[derive(Debug)]
pub struct Load {
    is_over: Arc<AtomicBool>,
    tallies: Vec<Arc<Mutex<Tally>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Clients begin to ask `address`, behind which is the origin.
    #[must_use]
    pub fn start(address: SocketAddr, origin: &Origin, mix: Mix) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let tallies: Vec<_> = (0..mix.clients).map(|_| Arc::default()).collect();
        let each = tallies.iter().zip(0u64..).map(|(tally, at)| {
            let client = Client {
                address,
                mix,
                dice: Dice(mix.seed.wrapping_mul(0x1000).wrapping_add(at)),
                tally: Arc::clone(tally),
                line: None,
                left: 0,
            };
            let (number, is_over) = (origin.numbers(), Arc::clone(&is_over));
            thread::spawn(move || client.run(&number, &is_over))
        });
        let threads = each.collect();
        Self { is_over, tallies, threads }
    }

    /// What was seen so far.
    #[must_use]
    pub fn so_far(&self) -> Tally {
        let mut sum = Tally::default();
        for tally in &self.tallies {
            sum.add(&tally.lock().unwrap_or_else(PoisonError::into_inner));
        }
        sum
    }

    /// Lets exchanges under way end, and says what was seen.
    ///
    /// # Panics
    /// When a client panicked.
    #[must_use]
    pub fn stop(mut self) -> Tally {
        self.is_over.store(true, SeqCst);
        for thread in self.threads.drain(..) {
            assert!(thread.join().is_ok(), "a client panicked");
        }
        self.so_far()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
    }
}

/// Where a client breaks off.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Connected,
    Head,
    Body,
    Sent,
    Answer,
}

const STAGES: [Stage; 5] = [Stage::Connected, Stage::Head, Stage::Body, Stage::Sent, Stage::Answer];

/// How an exchange ended, for one that waited for it.
enum Ended {
    Answered(Box<Message>),
    Broken,
}

struct Client {
    address: SocketAddr,
    mix: Mix,
    dice: Dice,
    tally: Arc<Mutex<Tally>>,
    line: Option<BufReader<TcpStream>>,
    left: u64,
}

impl Client {
    fn run(mut self, number: &dyn Fn() -> u64, is_over: &AtomicBool) {
        while !is_over.load(SeqCst) {
            let ask = Ask::roll(number(), self.mix.items.max(1), &mut self.dice);
            let lot = self.dice.below(100);
            if lot < self.mix.aborts {
                let stage = STAGES[self.dice.below(5) as usize];
                // Whatever happens to it, it is over.
                drop(self.abort(&ask, stage));
                self.line = None;
                self.tally(|tally| tally.aborted += 1);
            } else {
                self.exchange(&ask, lot - self.mix.aborts < self.mix.slow);
            }
            thread::sleep(self.mix.pace);
        }
    }

    fn tally(&self, note: impl FnOnce(&mut Tally)) {
        note(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn line(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        if self.left == 0 || self.line.is_none() {
            let socket = TcpStream::connect(self.address)?;
            socket.set_nodelay(true)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            socket.set_write_timeout(Some(PATIENCE))?;
            self.line = Some(BufReader::new(socket));
            self.left = REQUESTS;
        }
        self.left -= 1;
        self.line.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn exchange(&mut self, ask: &Ask, is_slow: bool) {
        let begin = Instant::now();
        let ended = self.wait(ask, is_slow).unwrap_or(Ended::Broken);
        let took = begin.elapsed();
        match ended {
            Ended::Broken => {
                self.line = None;
                self.tally(|tally| tally.broken += 1);
            }
            Ended::Answered(answer) => {
                if answer.field("connection") == Some("close") {
                    self.line = None;
                }
                let refused = refusal(&answer);
                self.tally(|tally| match (refused, ask.fault(&answer)) {
                    (Some(status), _) => *tally.refused.entry(status).or_default() += 1,
                    (None, Some(fault)) => tally.wrong(fault),
                    (None, None) => tally.right(took),
                });
            }
        }
    }

    fn wait(&mut self, ask: &Ask, is_slow: bool) -> io::Result<Ended> {
        let (head, body) = ask.bytes();
        let rest = Duration::from_millis(1 + self.dice.below(15));
        let line = self.line()?;
        let whole = head + &body;
        if is_slow {
            let third = whole.len() / 3 + 1;
            for piece in whole.as_bytes().chunks(third) {
                line.get_mut().write_all(piece)?;
                thread::sleep(rest);
            }
        } else {
            line.get_mut().write_all(whole.as_bytes())?;
        }
        let Some(mut answer) = wire::head(line)? else { return Ok(Ended::Broken) };
        if is_slow {
            thread::sleep(rest);
        }
        wire::body(line, &mut answer)?;
        Ok(Ended::Answered(Box::new(answer)))
    }

    fn abort(&mut self, ask: &Ask, stage: Stage) -> io::Result<()> {
        let (head, body) = ask.bytes();
        let line = self.line()?;
        let half = |text: &str| text.as_bytes()[..text.len() / 2].to_vec();
        match stage {
            Stage::Connected => Ok(()),
            Stage::Head => line.get_mut().write_all(&half(&head)),
            Stage::Body => line.get_mut().write_all(&[head.as_bytes(), &half(&body)].concat()),
            Stage::Sent => line.get_mut().write_all((head + &body).as_bytes()),
            Stage::Answer => {
                line.get_mut().write_all((head + &body).as_bytes())?;
                // The rest is never read: closing then resets the connection.
                line.get_mut().read_exact(&mut [0; 20])
            }
        }
    }
}

/// The status of an answer of the gateway itself: a problem document with an incident id and the
/// status in it (RFC 9457).
fn refusal(answer: &Message) -> Option<u16> {
    let status = status(answer)?;
    if answer.field("content-type") != Some("application/problem+json") {
        return None;
    }
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let has_incident = problem["incident"].as_str().is_some_and(|incident| !incident.is_empty());
    (has_incident && problem["status"] == status && status >= 400).then_some(status)
}

//! A process that serves, looked at from outside.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

/// What a process holds of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Memory that is resident, in bytes.
    pub resident: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

/// `bartizan serve` as a child. It is killed when dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    gateway: SocketAddr,
    admin: SocketAddr,
}

impl Serving {
    /// Runs a command and waits until it says where it listens, on standard error.
    ///
    /// # Errors
    /// It cannot be started, or ends or takes too long before it has said so; then what it said is
    /// the message.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let listener = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut said = lock(&heard);
                said.push_str(&line);
                said.push('\n');
            }
        });
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let listener = Some(listener);
        let mut serving = Self { child, said, listener, gateway: unknown, admin: unknown };
        serving.gateway = serving.address("listening on ")?;
        serving.admin = serving.address("administration, health and metrics on http://")?;
        Ok(serving)
    }

    fn address(&mut self, start: &str) -> io::Result<SocketAddr> {
        let begin = Instant::now();
        loop {
            let said = self.said();
            let line = said.lines().find_map(|line| line.strip_prefix(start));
            if let Some(address) = line.and_then(|line| line.trim().parse().ok()) {
                return Ok(address);
            }
            if begin.elapsed() > PATIENCE || self.child.try_wait()?.is_some() {
                return Err(io::Error::other(self.said()));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where clients connect.
    #[must_use]
    pub const fn gateway(&self) -> SocketAddr {
        self.gateway
    }

    /// Standard error so far.
    #[must_use]
    pub fn said(&self) -> String {
        lock(&self.said).clone()
    }

    /// How often a text is on standard error.
    #[must_use]
    pub fn times_said(&self, text: &str) -> usize {
        lock(&self.said).matches(text).count()
    }

    /// Asks for the configuration to be read again (SIGHUP).
    ///
    /// # Errors
    /// It is gone.
    pub fn reload(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::HUP)?)
    }

    /// What it holds now, from `/proc`.
    ///
    /// # Errors
    /// It is gone, or there is no such file system.
    pub fn footprint(&self) -> io::Result<Footprint> {
        let process = format!("/proc/{}", self.child.id());
        let status = fs::read_to_string(format!("{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let kibibytes = kibibytes.ok_or(io::ErrorKind::InvalidData)?;
        let descriptors = fs::read_dir(format!("{process}/fd"))?.count() as u64;
        Ok(Footprint { resident: kibibytes * 1024, descriptors })
    }

    /// Reads a page of the administration listener.
    ///
    /// # Errors
    /// It is not answered.
    pub fn page(&self, target: &str) -> io::Result<String> {
        let mut socket = TcpStream::connect(self.admin)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let host = self.admin;
        write!(socket, "GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        Ok(body.to_owned())
    }

    /// Sum of the values of a metric over all its labels, or over those that contain a text.
    ///
    /// # Errors
    /// The page cannot be read, or there is no such metric.
    pub fn metric(&self, name: &str, label: &str) -> io::Result<u64> {
        let page = self.page("/metrics")?;
        let lines = page.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
        let fit = lines.filter(|(labels, _)| {
            (labels.is_empty() || labels.starts_with('{')) && labels.contains(label)
        });
        let mut values = fit.filter_map(|(_, value)| value.parse::<f64>().ok()).peekable();
        if values.peek().is_none() {
            return Err(io::Error::other(format!("no metric {name}{{{label}}}")));
        }
        Ok(values.sum::<f64>() as u64)
    }

    /// Asks it to end (SIGTERM) and waits; its status and all it said.
    ///
    /// # Errors
    /// It is gone already, or does not end in time.
    pub fn stop(mut self) -> io::Result<(ExitStatus, String)> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if begin.elapsed() > 2 * PATIENCE {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(10));
        };
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
        Ok((status, self.said()))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lock(said: &Mutex<String>) -> MutexGuard<'_, String> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

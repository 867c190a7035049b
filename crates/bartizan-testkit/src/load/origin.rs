//! An origin that echoes, keeps count, and can be killed and started again.

use std::{
    io::{self, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    PATIENCE,
    ask::{Ask, document},
    wire,
};

/// What is counted, over all lives of an origin.
#[derive(Debug, Default)]
struct Record {
    next: AtomicU64,
    requests: AtomicU64,
    /// How often each number came with `POST`.
    posts: Mutex<Vec<u8>>,
    twice: AtomicU64,
    faults: Mutex<Vec<String>>,
}

/// An HTTP/1.1 server that answers [`Ask`]s.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    record: Arc<Record>,
    life: Option<Life>,
}

/// From a start to a kill.
#[derive(Debug)]
struct Life {
    is_over: Arc<AtomicBool>,
    sockets: Arc<Mutex<Vec<TcpStream>>>,
    acceptor: JoinHandle<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Origin {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// No port can be opened.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let record = Arc::new(Record::default());
        let life = Some(Life::begin(listener, &record));
        Ok(Self { address, record, life })
    }

    /// Where it listens; the same in all its lives.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and all connections at once, whatever is under way.
    pub fn kill(&mut self) {
        if let Some(life) = self.life.take() {
            life.end(self.address);
        }
    }

    /// Opens the port again.
    ///
    /// # Errors
    /// It cannot be opened within some seconds.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        let begin = Instant::now();
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) if begin.elapsed() > PATIENCE => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        };
        self.life = Some(Life::begin(listener, &self.record));
        Ok(())
    }

    /// A number that no exchange had yet.
    pub(crate) fn numbers(&self) -> impl Fn() -> u64 + Send + use<> {
        let record = Arc::clone(&self.record);
        move || record.next.fetch_add(1, SeqCst) + 1
    }

    /// Requests that came whole.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.record.requests.load(SeqCst)
    }

    /// Requests with `POST` that came more than once.
    #[must_use]
    pub fn sent_twice(&self) -> u64 {
        self.record.twice.load(SeqCst)
    }

    /// Requests whose parts do not belong together, in words; at most ten.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        lock(&self.record.faults).clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Life {
    fn begin(listener: TcpListener, record: &Arc<Record>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let sockets = Arc::new(Mutex::new(Vec::new()));
        let (over, open, record) = (is_over.clone(), sockets.clone(), record.clone());
        let acceptor = thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if over.load(SeqCst) {
                    return;
                }
                let Ok(copy) = client.try_clone() else { continue };
                let mut sockets = lock(&open);
                // Those that ended are known by having no other end any more.
                sockets.retain(|socket: &TcpStream| socket.peer_addr().is_ok());
                sockets.push(copy);
                drop(sockets);
                let record = Arc::clone(&record);
                thread::spawn(move || {
                    drop(serve(&client, &record));
                    drop(client.shutdown(Shutdown::Both));
                });
            }
        });
        Self { is_over, sockets, acceptor }
    }

    fn end(self, address: SocketAddr) {
        self.is_over.store(true, SeqCst);
        // Wakes the acceptor, which then closes the port.
        drop(TcpStream::connect(address));
        drop(self.acceptor.join());
        for socket in lock(&self.sockets).drain(..) {
            drop(socket.shutdown(Shutdown::Both));
        }
    }
}

fn serve(client: &TcpStream, record: &Record) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut reader = BufReader::new(client);
    while let Some(mut request) = wire::head(&mut reader)? {
        wire::body(&mut reader, &mut request)?;
        record.requests.fetch_add(1, SeqCst);
        match Ask::read(&request) {
            Ok(ask) => {
                record.note(&ask);
                answer(client, &ask)?;
            }
            Err(fault) => {
                let mut faults = lock(&record.faults);
                if faults.len() < 10 {
                    faults.push(fault);
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

impl Record {
    fn note(&self, ask: &Ask) {
        if ask.method != "POST" {
            return;
        }
        let at = ask.id as usize;
        let mut posts = lock(&self.posts);
        if posts.len() <= at {
            posts.resize(at + 1024, 0);
        }
        posts[at] = posts[at].saturating_add(1);
        if posts[at] == 2 {
            self.twice.fetch_add(1, SeqCst);
        }
    }
}

fn answer(mut client: &TcpStream, ask: &Ask) -> io::Result<()> {
    let body = document(ask.id, ask.items);
    let framing = if ask.is_chunked {
        "transfer-encoding: chunked".to_owned()
    } else {
        format!("content-length: {}", body.len())
    };
    let head = format!(
        "HTTP/1.1 {} Echo\r\ncontent-type: application/json\r\nx-id: {}\r\n{framing}\r\n\r\n",
        ask.status, ask.id
    );
    let (front, back) = body.split_at(body.len() / 2);
    let (front, back) = if ask.is_chunked {
        let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
        (head + &chunk(front), chunk(back) + "0\r\n\r\n")
    } else {
        (head + front, back.to_owned())
    };
    if ask.rest == 0 {
        return client.write_all((front + &back).as_bytes());
    }
    client.write_all(front.as_bytes())?;
    thread::sleep(Duration::from_millis(ask.rest));
    client.write_all(back.as_bytes())
}

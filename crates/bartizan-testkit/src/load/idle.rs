//! A crowd of connections that do nothing.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpSocket;

use super::{PATIENCE, wire};

/// Raises the number of descriptors that this process may have to what the system allows, and says
/// how many that are.
#[must_use]
pub fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    now.current.unwrap_or(u64::MAX)
}

/// Idle connections. Dropping them closes them.
#[derive(Debug)]
pub struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Opens so many connections, at most `each` from one address of 127.0.0.0/16. Each is used for
    /// one request first, whatever the answer is, when there is a request.
    ///
    /// # Errors
    /// A connection cannot be opened, or is not answered.
    pub fn open(
        to: SocketAddr,
        count: usize,
        each: usize,
        request: Option<&str>,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut sockets = Vec::with_capacity(count);
        for at in 0..count {
            let host = u8::try_from(at / each + 2).map_err(io::Error::other)?;
            let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0));
            let socket = runtime.block_on(async {
                let socket = TcpSocket::new_v4()?;
                socket.bind(from)?;
                socket.connect(to).await?.into_std()
            })?;
            socket.set_nonblocking(false)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            if let Some(request) = request {
                ask(&socket, request)?;
            }
            sockets.push(socket);
        }
        Ok(Self(sockets))
    }

    /// Waits until the other end has closed all of them.
    ///
    /// # Errors
    /// One is not closed within two minutes, or something comes on it.
    pub fn wait_closed(mut self) -> io::Result<()> {
        for socket in &mut self.0 {
            socket.set_read_timeout(Some(4 * PATIENCE))?;
            match socket.read(&mut [0; 64]) {
                Ok(0) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn ask(mut socket: &TcpStream, request: &str) -> io::Result<()> {
    socket.write_all(request.as_bytes())?;
    let mut reader = io::BufReader::new(socket);
    let mut answer = wire::head(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    wire::body(&mut reader, &mut answer)
}

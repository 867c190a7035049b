//! The PROXY protocol, versions 1 and 2 (HAProxy, *The PROXY protocol*, 2020-03-05): who the client
//! is behind a proxy that passes connections on.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::{io::AsyncReadExt, net::TcpStream};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Most bytes behind the fixed part of version 2: addresses and the values that we skip.
const LONGEST: usize = 2048;

/// Source and destination.
pub(crate) type Addresses = (SocketAddr, SocketAddr);

/// For whom a proxy opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// For a client with this address.
    Client(Addresses),
    /// For itself, as a health check does.
    Itself,
    /// For a client that it cannot name: what that one says is not the proxy's word.
    Unknown,
}

/// Reads exactly the header. An inner error when it is malformed.
pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Result<Header, ()>> {
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == *SIGNATURE {
        return version2(stream).await;
    }
    if !start.starts_with(b"PROXY ") {
        return Ok(Err(()));
    }
    // At most 107 bytes (§2.1). One by one: what follows belongs to TLS or HTTP.
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= 107 {
            return Ok(Err(()));
        }
        line.push(stream.read_u8().await?);
    }
    Ok(version1(&line[..line.len() - 2]))
}

fn version1(line: &[u8]) -> Result<Header, ()> {
    let text = std::str::from_utf8(line).map_err(|_| ())?;
    let parts: Vec<&str> = text.split(' ').collect();
    let [_, family, source, destination, source_port, destination_port] = parts[..] else {
        return if parts.get(1) == Some(&"UNKNOWN") { Ok(Header::Unknown) } else { Err(()) };
    };
    let ip = |text: &str| {
        let ip: IpAddr = text.parse().map_err(|_| ())?;
        let is_family = matches!((family, ip), ("TCP4", IpAddr::V4(_)) | ("TCP6", IpAddr::V6(_)));
        if is_family { Ok(ip) } else { Err(()) }
    };
    let port = |text: &str| {
        let is_plain = text.bytes().all(|b| b.is_ascii_digit());
        if is_plain { text.parse::<u16>().map_err(|_| ()) } else { Err(()) }
    };
    let source = SocketAddr::new(ip(source)?, port(source_port)?);
    let destination = SocketAddr::new(ip(destination)?, port(destination_port)?);
    Ok(Header::Client((source, destination)))
}

async fn version2(stream: &mut TcpStream) -> io::Result<Result<Header, ()>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > LONGEST {
        return Ok(Err(()));
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    Ok(addresses2(command, family, &rest))
}

fn addresses2(command: u8, family: u8, rest: &[u8]) -> Result<Header, ()> {
    match command {
        0x20 => return Ok(Header::Itself),
        0x21 => {}
        _ => return Err(()),
    }
    let port = |at: usize| rest.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]])).ok_or(());
    let (source, destination, ports) = match family {
        0x11 => {
            let ip = |at: usize| {
                let bytes = rest.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok());
                bytes.map(|b| IpAddr::V4(Ipv4Addr::from(b))).ok_or(())
            };
            (ip(0)?, ip(4)?, 8)
        }
        0x21 => {
            let ip = |at: usize| {
                let bytes = rest.get(at..at + 16).and_then(|b| <[u8; 16]>::try_from(b).ok());
                bytes.map(|b| IpAddr::V6(Ipv6Addr::from(b))).ok_or(())
            };
            (ip(0)?, ip(16)?, 32)
        }
        0x00 => return Ok(Header::Unknown),
        _ => return Err(()),
    };
    let source = SocketAddr::new(source, port(ports)?);
    Ok(Header::Client((source, SocketAddr::new(destination, port(ports + 2)?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1() {
        let read = |text: &str| {
            version1(text.as_bytes()).map(|addresses| match addresses {
                Header::Client((source, destination)) => format!("{source} {destination}"),
                other => format!("{other:?}"),
            })
        };
        assert_eq!(
            read("PROXY TCP4 192.0.2.1 192.0.2.2 1000 443"),
            Ok("192.0.2.1:1000 192.0.2.2:443".to_owned())
        );
        assert_eq!(
            read("PROXY TCP6 2001:db8::1 ::1 1 2"),
            Ok("[2001:db8::1]:1 [::1]:2".to_owned())
        );
        assert_eq!(read("PROXY UNKNOWN"), Ok("Unknown".to_owned()));
        for wrong in [
            "PROXY",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1000",
            "PROXY TCP4 ::1 ::1 1 2",
            "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536",
            "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2",
        ] {
            assert_eq!(read(wrong), Err(()), "{wrong}");
        }
    }

    #[test]
    fn version_2() {
        let rest = [192, 0, 2, 1, 192, 0, 2, 2, 3, 232, 1, 187, 9, 9];
        let Ok(Header::Client((source, destination))) = addresses2(0x21, 0x11, &rest) else {
            panic!("a client is named");
        };
        assert_eq!(source.to_string(), "192.0.2.1:1000");
        assert_eq!(destination.to_string(), "192.0.2.2:443");
        assert_eq!(addresses2(0x20, 0x11, &rest), Ok(Header::Itself));
        assert_eq!(addresses2(0x21, 0x00, &[]), Ok(Header::Unknown));
        for (command, family, rest) in [
            (0x22, 0x11, &rest[..]),
            (0x11, 0x11, &rest),
            (0x21, 0x31, &rest),
            (0x21, 0x11, &rest[..11]),
        ] {
            assert_eq!(addresses2(command, family, rest), Err(()));
        }
    }
}

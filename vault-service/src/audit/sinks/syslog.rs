//! Syslog (RFC 5424) over UDP (RFC 5426), a Unix datagram socket, or TLS (RFC 5425) and TCP with the
//! length before each message (RFC 6587, section 3.4.1).

mod tls;

use std::io::{self, ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use self::tls::Tls;
use super::carrier::{Device, DeviceError, Holds};
use crate::clock;
use crate::settings::SyslogAddress;
use crate::store::LogLine;

/// Facility 13, log audit; severity 6, informational (RFC 5424, section 6.2.1).
const PRIORITY: u8 = 13 * 8 + 6;

/// A syslog server or collector.
pub(super) struct Syslog {
    address: SyslogAddress,
    deadline: Duration,
    connection: Option<Connection>,
}

enum Connection {
    Udp(UdpSocket),
    Unix(UnixDatagram),
    Tcp(TcpStream),
    Tls(Box<Tls>),
}

impl Syslog {
    pub(super) fn new(address: SyslogAddress, deadline: Duration) -> Self {
        Self {
            address,
            deadline,
            connection: None,
        }
    }

    fn connect(&self) -> Result<Connection, DeviceError> {
        let connected = match &self.address {
            SyslogAddress::Udp(server) => first_that_does(server, |address| {
                let any = match address {
                    SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                    SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                };
                let socket = UdpSocket::bind((any, 0))?;
                socket.connect(address)?;
                Ok(Connection::Udp(socket))
            }),
            SyslogAddress::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(self.deadline))?;
                socket.connect(path)?;
                Ok(Connection::Unix(socket))
            }
            SyslogAddress::Tcp(server) => self.stream(server).map(Connection::Tcp),
            SyslogAddress::Tls(settings) => {
                let stream = self.stream(&settings.server)?;
                let stream = Tls::over(stream, settings)?;
                return Ok(Connection::Tls(Box::new(stream)));
            }
        };
        Ok(connected?)
    }

    fn stream(&self, server: &str) -> io::Result<TcpStream> {
        first_that_does(server, |address| {
            let stream = TcpStream::connect_timeout(&address, self.deadline)?;
            // Of a handshake the answers are waited for, too.
            stream.set_read_timeout(Some(self.deadline))?;
            stream.set_write_timeout(Some(self.deadline))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }
}

fn first_that_does<T>(
    server: &str,
    connect: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failure = io::Error::from(ErrorKind::NotFound);
    for address in server.to_socket_addrs()? {
        match connect(address) {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// A write to a server that has gone would succeed once.
fn still_there(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    match peeked {
        Ok(0) => Err(ErrorKind::ConnectionReset.into()),
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

impl Device for Syslog {
    fn open(&mut self) -> Result<Holds, DeviceError> {
        self.connection = None;
        self.connection = Some(self.connect()?);
        Ok(Holds::Unknown)
    }

    fn write(&mut self, lines: &[LogLine]) -> Result<(), DeviceError> {
        let time = clock::rfc3339(clock::now());
        let messages = lines.iter().map(|line| message(&time, &line.line));
        let connection = self.connection.as_mut();
        match connection.ok_or(io::Error::from(ErrorKind::NotConnected))? {
            Connection::Udp(socket) => {
                for message in messages {
                    socket.send(message.as_bytes())?;
                }
            }
            Connection::Unix(socket) => {
                for message in messages {
                    socket.send(message.as_bytes())?;
                }
            }
            Connection::Tcp(stream) => {
                still_there(stream)?;
                stream.write_all(framed(messages).as_bytes())?;
            }
            Connection::Tls(stream) => {
                stream.still_there()?;
                stream.write_all(framed(messages).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Each message with its length before it, in bytes.
fn framed(messages: impl Iterator<Item = String>) -> String {
    messages
        .map(|message| format!("{} {message}", message.len()))
        .collect()
}

/// Header without host name and structured data, then the line as it is in a file. The mark that may say
/// that it is UTF-8 is left out: it would be one more byte that the line's hash does not know.
fn message(time: &str, line: &str) -> String {
    let process = std::process::id();
    format!("<{PRIORITY}>1 {time} - sallyport-vault {process} audit - {line}")
}

//! A TLS connection to a syslog server (RFC 5425).

use std::io::{self, ErrorKind, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::super::carrier::DeviceError;
use crate::settings::SyslogTls;

/// How long a server has to say that it does not accept us.
const FIRST_WORD: Duration = Duration::from_secs(1);

/// A connection whose server has shown a certificate of its name.
pub(super) struct Tls(StreamOwned<ClientConnection, TcpStream>);

impl Tls {
    /// The handshake. Files are read for each, so that renewed ones count without a restart.
    pub(super) fn over(mut stream: TcpStream, settings: &SyslogTls) -> Result<Self, DeviceError> {
        let host = settings.server.rsplit_once(':').map(|(host, _)| host);
        let host = host.unwrap_or(&settings.server);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let mut connection = ClientConnection::new(Arc::new(config(settings)?), name)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        let mut open = Self(StreamOwned::new(connection, stream));
        open.first_word()?;
        Ok(open)
    }

    /// With TLS 1.3 a server says after the handshake only that it does not like our certificate; one
    /// that does sends session tickets, mostly. Others are waited for in vain, for as long.
    fn first_word(&mut self) -> io::Result<()> {
        let StreamOwned { conn, sock } = &mut self.0;
        let patience = sock.read_timeout()?;
        sock.set_read_timeout(Some(patience.unwrap_or(FIRST_WORD).min(FIRST_WORD)))?;
        let heard = conn.read_tls(sock);
        sock.set_read_timeout(patience)?;
        match heard {
            Ok(0) => Err(ErrorKind::ConnectionReset.into()),
            Ok(_) => heard_of(conn),
            Err(error) if is_silence(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A write to a server that has gone would succeed once. It may have sent session tickets, or its
    /// farewell; nothing else is a syslog server's to say.
    pub(super) fn still_there(&mut self) -> io::Result<()> {
        self.0.sock.set_nonblocking(true)?;
        let heard = self.hear();
        self.0.sock.set_nonblocking(false)?;
        heard
    }

    fn hear(&mut self) -> io::Result<()> {
        let StreamOwned { conn, sock } = &mut self.0;
        loop {
            match conn.read_tls(sock) {
                Ok(0) => return Err(ErrorKind::ConnectionReset.into()),
                Ok(_) => heard_of(conn)?,
                Err(error) if is_silence(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns when all of it is with the system.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }
}

/// What was read may be tickets, and nothing that ends the connection.
fn heard_of(connection: &mut ClientConnection) -> io::Result<()> {
    let state = connection.process_new_packets().map_err(io::Error::other)?;
    if state.peer_has_closed() {
        return Err(ErrorKind::ConnectionReset.into());
    }
    match state.plaintext_bytes_to_read() {
        0 => Ok(()),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// The system says either of a socket that has nothing to read.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Says that nothing more will come (RFC 5425, section 4.4), as far as that goes without waiting.
impl Drop for Tls {
    fn drop(&mut self) {
        let StreamOwned { conn, sock } = &mut self.0;
        conn.send_close_notify();
        if sock.set_nonblocking(true).is_ok() {
            let _ = conn.write_tls(sock);
        }
    }
}

fn config(settings: &SyslogTls) -> Result<ClientConfig, DeviceError> {
    let mut roots = RootCertStore::empty();
    for ca in certificates(&settings.ca_file, "ca_file")? {
        roots.add(ca)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(match &settings.client {
        None => config.with_no_client_auth(),
        Some(files) => {
            let chain = certificates(&files.certificate, "certificate_file")?;
            let key = PrivateKeyDer::from_pem_file(&files.key);
            let key = key.map_err(|error| unreadable("key_file", error))?;
            config.with_client_auth_cert(chain, key)?
        }
    })
}

fn certificates(
    file: &Path,
    setting: &'static str,
) -> Result<Vec<CertificateDer<'static>>, DeviceError> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|error| unreadable(setting, error))?;
    match certificates.is_empty() {
        true => Err(DeviceError::Pem { setting }),
        false => Ok(certificates),
    }
}

fn unreadable(setting: &'static str, error: pem::Error) -> DeviceError {
    match error {
        pem::Error::Io(source) => DeviceError::File { setting, source },
        _ => DeviceError::Pem { setting },
    }
}

//! Settings of the sinks of the audit log.

use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// Most sinks; each has a thread.
const MAX_SINKS: usize = 8;

/// A sink as it is given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum GivenSink {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Most MiB before it is put aside.
        max_mib: Option<NonZeroU32>,
        /// How many that were put aside are kept.
        keep: Option<NonZeroU16>,
        /// How long it may take.
        deadline_seconds: Option<NonZeroU16>,
    },
    /// Stdout.
    Stdout {
        /// How long it may take.
        deadline_seconds: Option<NonZeroU16>,
    },
    /// Syslog.
    Syslog {
        /// `tls://HOST:PORT`, `tcp://HOST:PORT`, `udp://HOST:PORT` or `unix:///PATH`.
        address: String,
        /// With `tls`: CAs of the server's certificate, PEM.
        ca_file: Option<PathBuf>,
        /// With `tls`: a certificate to show, PEM.
        certificate_file: Option<PathBuf>,
        /// Its key, PEM.
        key_file: Option<PathBuf>,
        /// How long it may take.
        deadline_seconds: Option<NonZeroU16>,
    },
}

/// A sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSettings {
    /// Where to.
    pub target: SinkTarget,
    /// How long it may take before it counts as blocked.
    pub deadline: Duration,
}

/// Where entries go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkTarget {
    /// A file that is rotated.
    File(FileSink),
    /// Stdout.
    Stdout,
    /// Syslog.
    Syslog(SyslogAddress),
}

/// A file that is rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSink {
    /// Where it is.
    pub path: PathBuf,
    /// Most bytes before it is put aside.
    pub max_bytes: u64,
    /// How many that were put aside are kept.
    pub keep: NonZeroU16,
}

/// A syslog server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogAddress {
    /// `HOST:PORT`.
    Udp(String),
    /// `HOST:PORT`.
    Tcp(String),
    /// RFC 5425.
    Tls(SyslogTls),
    /// A datagram socket.
    Unix(PathBuf),
}

/// A syslog server that is reached over TLS. Its files are read whenever it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogTls {
    /// `HOST:PORT`; the certificate has to be of this host.
    pub server: String,
    /// CAs of the server's certificate, PEM.
    pub ca_file: PathBuf,
    /// What is shown to the server.
    pub client: Option<ClientFiles>,
}

/// A client's certificate and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// The certificate with its chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Why a sink does not read. Sinks are counted from 1.
#[derive(Debug, Error)]
pub enum SinkSettingsError {
    /// Too many.
    #[error("audit_sinks: there are at most {MAX_SINKS}")]
    TooMany,
    /// Relative to what?
    #[error("audit_sinks: {} is not absolute", .path.display())]
    Relative {
        /// The path.
        path: PathBuf,
    },
    /// The same file twice would be written by two threads.
    #[error("audit_sinks: two sinks are the same")]
    Twice,
    /// No address of a syslog server.
    #[error(
        "audit_sinks: address is tls://HOST:PORT, tcp://HOST:PORT, udp://HOST:PORT or unix:///PATH, not {address:?}"
    )]
    Address {
        /// What is there.
        address: String,
    },
    /// Nobody's certificate would be good enough.
    #[error("audit_sinks: {address} needs ca_file, the CAs of the server's certificate")]
    NoCa {
        /// The server.
        address: String,
    },
    /// One of the two is no identity.
    #[error("audit_sinks: certificate_file and key_file of {address} go together")]
    HalfIdentity {
        /// The server.
        address: String,
    },
    /// They would be good for nothing.
    #[error(
        "audit_sinks: ca_file, certificate_file and key_file are for tls://, not for {address}"
    )]
    WithoutTls {
        /// The server.
        address: String,
    },
}

impl SinkTarget {
    /// The word for it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Stdout => "stdout",
            Self::Syslog(_) => "syslog",
        }
    }

    /// Whether something is known of an entry that was written. Nobody answers for UDP.
    pub const fn counts(&self) -> bool {
        !matches!(self, Self::Syslog(SyslogAddress::Udp(_)))
    }
}

impl SinkSettings {
    const MAX_MIB: NonZeroU32 = NonZeroU32::new(100).unwrap();
    const KEEP: NonZeroU16 = NonZeroU16::new(10).unwrap();
    const DEADLINE_SECONDS: NonZeroU16 = NonZeroU16::new(2).unwrap();

    pub(super) fn from_given(given: Vec<GivenSink>) -> Result<Vec<Self>, SinkSettingsError> {
        if given.len() > MAX_SINKS {
            return Err(SinkSettingsError::TooMany);
        }
        let mut sinks: Vec<Self> = Vec::with_capacity(given.len());
        for given in given {
            let sink = Self::one(given)?;
            if sinks.iter().any(|other| other.target.same(&sink.target)) {
                return Err(SinkSettingsError::Twice);
            }
            sinks.push(sink);
        }
        Ok(sinks)
    }

    fn one(given: GivenSink) -> Result<Self, SinkSettingsError> {
        let (target, deadline) = match given {
            GivenSink::File {
                path,
                max_mib,
                keep,
                deadline_seconds,
            } => {
                let max_mib = max_mib.unwrap_or(Self::MAX_MIB).get();
                let file = FileSink {
                    path: absolute(path)?,
                    max_bytes: u64::from(max_mib).saturating_mul(1024 * 1024),
                    keep: keep.unwrap_or(Self::KEEP),
                };
                (SinkTarget::File(file), deadline_seconds)
            }
            GivenSink::Stdout { deadline_seconds } => (SinkTarget::Stdout, deadline_seconds),
            GivenSink::Syslog {
                address,
                ca_file,
                certificate_file,
                key_file,
                deadline_seconds,
            } => {
                let files = [ca_file, certificate_file, key_file];
                (
                    SinkTarget::Syslog(syslog(address, files)?),
                    deadline_seconds,
                )
            }
        };
        let deadline = deadline.unwrap_or(Self::DEADLINE_SECONDS).get();
        Ok(Self {
            target,
            deadline: Duration::from_secs(deadline.into()),
        })
    }
}

impl SinkTarget {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one.path == other.path,
            (one, other) => one == other,
        }
    }
}

fn syslog(
    address: String,
    files: [Option<PathBuf>; 3],
) -> Result<SyslogAddress, SinkSettingsError> {
    let server = |text: &str| {
        let (host, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        (!host.is_empty() && port > 0).then(|| text.to_owned())
    };
    let read = match address.split_once("://") {
        Some(("tls", text)) => match server(text) {
            Some(server) => return tls(address, server, files).map(SyslogAddress::Tls),
            None => None,
        },
        Some(_) if files.iter().any(Option::is_some) => {
            return Err(SinkSettingsError::WithoutTls { address });
        }
        Some(("udp", text)) => server(text).map(SyslogAddress::Udp),
        Some(("tcp", text)) => server(text).map(SyslogAddress::Tcp),
        Some(("unix", path)) => return absolute(path.into()).map(SyslogAddress::Unix),
        _ => None,
    };
    read.ok_or(SinkSettingsError::Address { address })
}

fn tls(
    address: String,
    server: String,
    [ca_file, certificate, key]: [Option<PathBuf>; 3],
) -> Result<SyslogTls, SinkSettingsError> {
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(ClientFiles {
            certificate: absolute(certificate)?,
            key: absolute(key)?,
        }),
        (None, None) => None,
        _ => return Err(SinkSettingsError::HalfIdentity { address }),
    };
    let ca_file = ca_file.ok_or(SinkSettingsError::NoCa { address })?;
    Ok(SyslogTls {
        server,
        ca_file: absolute(ca_file)?,
        client,
    })
}

fn absolute(path: PathBuf) -> Result<PathBuf, SinkSettingsError> {
    match path.is_absolute() {
        true => Ok(path),
        false => Err(SinkSettingsError::Relative { path }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Given, Settings};
    use super::*;

    fn sinks(text: &str) -> Result<Vec<SinkSettings>, String> {
        let given: Given = toml::from_str(text).map_err(|error| error.to_string())?;
        let settings = Settings::from_given(given).map_err(|error| error.to_string())?;
        Ok(settings.audit_sinks)
    }

    #[test]
    fn sinks_read_with_their_defaults() {
        let read = sinks(
            "[[audit_sinks]]\nkind = \"file\"\npath = \"/var/log/audit.jsonl\"\n\
             [[audit_sinks]]\nkind = \"stdout\"\n\
             [[audit_sinks]]\nkind = \"syslog\"\naddress = \"udp://[::1]:514\"\ndeadline_seconds = 5\n\
             [[audit_sinks]]\nkind = \"syslog\"\naddress = \"tls://[::1]:6514\"\nca_file = \"/ca.pem\"\n",
        )
        .unwrap();
        let SinkTarget::File(file) = &read[0].target else {
            panic!("{read:?}");
        };
        assert_eq!((file.max_bytes, file.keep.get()), (100 * 1024 * 1024, 10));
        assert_eq!(read[0].deadline, Duration::from_secs(2));
        assert_eq!(read[2].deadline, Duration::from_secs(5));
        let counts: Vec<_> = read.iter().map(|sink| sink.target.counts()).collect();
        assert_eq!(counts, [true, true, false, true]);
    }

    #[test]
    fn a_sink_that_cannot_be_is_refused_with_what_is_wrong() {
        let sink = |rest: &str| format!("[[audit_sinks]]\n{rest}\n");
        let file = "kind = \"file\"\npath = \"/a\"";
        let secure = "kind = \"syslog\"\naddress = \"tls://a:6514\"\nca_file = \"/ca\"";
        for (text, said) in [
            (sink("kind = \"pigeon\""), "pigeon"),
            (sink("kind = \"file\""), "path"),
            (sink("kind = \"file\"\npath = \"a\""), "not absolute"),
            (sink("kind = \"stdout\"\npath = \"/a\""), "path"),
            (
                sink("kind = \"syslog\"\naddress = \"udp://514\""),
                "udp://HOST:PORT",
            ),
            (
                sink("kind = \"syslog\"\naddress = \"unix://log\""),
                "not absolute",
            ),
            (
                sink("kind = \"syslog\"\naddress = \"tls://log.example:6514\""),
                "needs ca_file",
            ),
            (
                sink("kind = \"syslog\"\naddress = \"tls://log.example\"\nca_file = \"/ca\""),
                "tls://HOST:PORT",
            ),
            (
                sink(&format!("{secure}\nkey_file = \"/key\"")),
                "go together",
            ),
            (
                sink(&format!(
                    "{secure}\nkey_file = \"/k\"\ncertificate_file = \"c\""
                )),
                "not absolute",
            ),
            (
                sink("kind = \"syslog\"\naddress = \"tcp://a:1\"\nca_file = \"/ca\""),
                "are for tls://",
            ),
            (sink(file).repeat(2), "the same"),
            (sink("kind = \"stdout\"").repeat(9), "at most 8"),
            (sink("kind = \"stdout\"\ndeadline_seconds = 0"), "nonzero"),
        ] {
            let error = sinks(&text).unwrap_err();
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}

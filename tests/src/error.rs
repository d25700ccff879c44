//! What can go wrong while real parts are put together.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error as ThisError;

/// Result of every harness function.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be set up, started or asked.
///
/// `Debug` prints the same sentence as `Display`: a test that returns an error shows it that way.
#[derive(ThisError)]
pub enum Error {
    /// A built part or a tool is not there.
    #[error("{what} is missing at {}; get it with: {command}", path.display())]
    Missing {
        /// What it is.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// The command that makes it.
        command: &'static str,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A process ended that should run on.
    #[error("{name} ended by itself ({status}); the end of its log:\n{log}")]
    Ended {
        /// Which one.
        name: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// Last lines of its log.
        log: String,
    },
    /// A command ended with an unexpected code.
    #[error("`{command}` ended with code {code:?}: {stderr}")]
    Command {
        /// The command with its arguments; these never hold secrets.
        command: String,
        /// Exit code, none if it was killed.
        code: Option<i32>,
        /// What it said.
        stderr: String,
    },
    /// A condition did not become true in time.
    #[error("waited {waited:?} for {what}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
    },
    /// A TCP or TLS connection failed.
    #[error("connection to {peer}: {source}")]
    Connection {
        /// The address.
        peer: String,
        /// What the system or the TLS stack said.
        source: io::Error,
    },
    /// An HTTP exchange broke.
    #[error("HTTP exchange with {peer}: {source}")]
    Exchange {
        /// The address.
        peer: String,
        /// What broke.
        source: hyper::Error,
    },
    /// A request that cannot be built.
    #[error("request: {0}")]
    Request(#[from] http::Error),
    /// An answer with an unexpected status.
    #[error("{what} answered {status}: {body}")]
    Status {
        /// What was asked.
        what: String,
        /// Status code.
        status: u16,
        /// The body.
        body: String,
    },
    /// An answer that does not have the agreed shape.
    #[error("{what} has no {missing}: {got}")]
    Shape {
        /// What was read.
        what: String,
        /// What was looked for in it.
        missing: String,
        /// What it holds.
        got: String,
    },
    /// JSON that does not parse.
    #[error("{what} is not JSON ({source}): {got}")]
    Json {
        /// What was read.
        what: String,
        /// The parser's word.
        source: serde_json::Error,
        /// What it holds.
        got: String,
    },
    /// A certificate could not be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS settings that do not fit together.
    #[error("TLS settings: {0}")]
    Tls(#[from] rustls::Error),
    /// PEM that does not parse.
    #[error("PEM: {0:?}")]
    Pem(rustls_pki_types::pem::Error),
    /// Base64 that does not decode.
    #[error("base64: {0}")]
    Base64(base64::DecodeError),
    /// Something is used that was not started.
    #[error("{0} does not run")]
    NotStarted(&'static str),
    /// A README without commands below a heading.
    #[error("the README of {0} has no commands below \"{1}\"")]
    Section(String, String),
    /// A template with a placeholder nobody filled.
    #[error("the template still has ${{{0}}}")]
    Placeholder(String),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on connections.
    pub(crate) fn connection(peer: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Connection {
            peer: peer.to_string(),
            source,
        }
    }

    /// For `map_err` on HTTP exchanges.
    pub(crate) fn exchange(peer: impl fmt::Display) -> impl FnOnce(hyper::Error) -> Self {
        move |source| Self::Exchange {
            peer: peer.to_string(),
            source,
        }
    }

    /// An answer in which something is missing.
    pub(crate) fn shape(
        what: impl Into<String>,
        missing: impl Into<String>,
        got: &serde_json::Value,
    ) -> Self {
        Self::Shape {
            what: what.into(),
            missing: missing.into(),
            got: got.to_string(),
        }
    }

    /// Parses JSON, keeping the text for the report.
    pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(
        what: impl Into<String>,
        text: &str,
    ) -> Result<T> {
        serde_json::from_str(text).map_err(|source| Self::Json {
            what: what.into(),
            source,
            got: text.to_owned(),
        })
    }
}

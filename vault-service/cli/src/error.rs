//! Everything that can go wrong, and the exit code. What to do about it is in `advice`.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use thiserror::Error;
use ureq::http::Method;

use crate::known::Known;
use crate::refusal::Refusal;
use sallyport_model::audit::AuditFinding;

/// The vault refused or failed.
pub(crate) const EXIT_REFUSED: u8 = 1;
/// Wrong usage, or a local file.
pub(crate) const EXIT_USAGE: u8 = 2;
/// No answer from the vault.
pub(crate) const EXIT_UNREACHABLE: u8 = 3;
/// What is there is not what the command expects: HTTP 409 and 412.
pub(crate) const EXIT_CONFLICT: u8 = 4;

/// `explain`: the peer would be denied.
pub(crate) const EXIT_DENIED: u8 = 5;
/// `envoy check`: the configuration is not what its TLS contexts say, or was not compared with them.
pub(crate) const EXIT_DRIFT: u8 = 6;

/// Why a command did not do its work.
#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("you are not logged in: there is no profile {}", path.display())]
    NotLoggedIn { path: PathBuf },
    #[error("there is no place for a profile: neither SALLYPORT_PROFILE nor HOME is set")]
    NoHome,
    #[error("the profile {} can be read by others (mode {mode:03o})", path.display())]
    ProfileMode { path: PathBuf, mode: u32 },
    #[error("the profile {} is damaged: {source}", path.display())]
    ProfileSyntax {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{variable} is not set and there is no profile")]
    MissingSetting { variable: &'static str },
    #[error("the login of user {username} has ended")]
    LoginEnded { username: String },
    #[error("{url:?} is not the address of a vault: {reason}")]
    Url { url: String, reason: &'static str },
    #[error("no certificate (PEM) in the CA file {}", path.display())]
    CaFile { path: PathBuf },

    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is larger than {limit} bytes", path.display())]
    FileTooLarge { path: PathBuf, limit: u64 },
    #[error("cannot print: {source}")]
    Print { source: io::Error },
    #[error("{reference} is not in group {group}")]
    OtherGroup { reference: String, group: String },
    #[error("the {what} is empty")]
    EmptySecret { what: &'static str },
    #[error("the {what} is not UTF-8 text")]
    SecretNotText { what: &'static str },
    #[error("the {what} is longer than {limit} bytes")]
    SecretTooLong { what: &'static str, limit: u64 },
    #[error("the two entries of the {what} differ")]
    SecretsDiffer { what: &'static str },
    #[error("the {what} is missing, and there is no terminal to ask at")]
    NoTerminal {
        what: &'static str,
        option: &'static str,
    },
    #[error("two secrets are to be read from stdin")]
    OneStdin,
    #[error("{flag} {reason}")]
    Flag {
        flag: &'static str,
        reason: Cow<'static, str>,
    },
    #[error("{} is not what is wanted here: {reason}", path.display())]
    FileSyntax { path: PathBuf, reason: String },
    #[error("nothing was changed: you did not say yes")]
    Declined,
    #[error("nothing was changed: there is no terminal to ask at: {question}")]
    NobodyToAsk { question: String },
    #[error("{}, {finding}", path.display())]
    AuditLog {
        path: PathBuf,
        finding: Box<AuditFinding>,
    },
    #[error("what is looked for cannot be asked for: {0}")]
    Query(#[source] serde_urlencoded::ser::Error),
    #[error("{} exists", path.display())]
    FileExists { path: PathBuf },
    #[error("{} exists and holds a private key", path.display())]
    KeyExists { path: PathBuf },
    #[error("cannot make or use the gateway's key: {source}")]
    Key { source: rcgen::Error },

    #[error("cannot reach {url}: {}", cause(source))]
    Unreachable {
        url: String,
        source: Box<ureq::Error>,
        outcome: Outcome,
    },
    #[error("{url} ended the connection without an answer: {}", cause(source))]
    Ended {
        url: String,
        source: Box<ureq::Error>,
    },
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("the vault does not accept these credentials: {0}")]
    Credentials(Box<Refusal>),
    #[error("the peer would be denied: {reason}")]
    Denied { reason: &'static str },
    #[error("a list was not taken, and the last good one stays: {reason}")]
    NotFetched { reason: String },
    #[error("{} differs from its TLS contexts in {count} places", path.display())]
    Drift { path: PathBuf, count: usize },
    #[error("{count} places of {} could not be compared with their TLS contexts", path.display())]
    Unread { path: PathBuf, count: usize },
    #[error("nothing in {} was compared with a TLS context", path.display())]
    NothingCompared { path: PathBuf },
    #[error("the answer to {method} {path} makes no sense: {reason}")]
    Nonsense {
        method: String,
        path: String,
        reason: String,
    },
    #[error("no {what} {wanted:?}; {known}")]
    NoSuch {
        what: &'static str,
        wanted: String,
        known: Known,
    },
    #[error("there is no {what} you may see")]
    NoneThere { what: &'static str },
    #[error("{count} {what}s are named {wanted:?}; {known}", count = known.count())]
    Ambiguous {
        what: &'static str,
        wanted: String,
        known: Known,
    },
    #[error("there is more than one {what}; {known}")]
    Undecided {
        what: &'static str,
        option: &'static str,
        known: Known,
    },
}

/// Whether a request without an answer may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was changed.
    Nothing,
    /// The request was on its way.
    Unknown,
}

impl Error {
    /// 1 to 6, as `sallyport --help` explains.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(refusal) if refusal.is_conflict() => EXIT_CONFLICT,
            Self::Unreachable { .. } | Self::Ended { .. } => EXIT_UNREACHABLE,
            Self::Denied { .. } => EXIT_DENIED,
            Self::Drift { .. } | Self::Unread { .. } | Self::NothingCompared { .. } => EXIT_DRIFT,
            Self::Refused(_)
            | Self::Credentials(_)
            | Self::LoginEnded { .. }
            | Self::Nonsense { .. }
            | Self::AuditLog { .. }
            | Self::NotFetched { .. }
            | Self::NoSuch { .. }
            | Self::NoneThere { .. }
            | Self::Ambiguous { .. } => EXIT_REFUSED,
            _ => EXIT_USAGE,
        }
    }

    /// Whether the same may succeed later without anybody correcting anything: the vault is away, or
    /// busy.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => !is_about_certificates(source),
            Self::Ended { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// From a call for which a certificate was shown. In TLS 1.3 it is refused after the handshake, and who is
    /// still sending then does not come to read the alert.
    pub(crate) fn of_shown_certificate(self) -> Self {
        match self {
            Self::Unreachable { url, source, .. } if is_end(&source) => Self::Ended { url, source },
            other => other,
        }
    }

    /// An answer that cannot be understood.
    pub(crate) fn nonsense(method: &Method, path: &str, reason: &impl ToString) -> Self {
        Self::Nonsense {
            method: method.to_string(),
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The library says "io: " before what the system or TLS says.
fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn is_end(error: &ureq::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error, ureq::Error::Io(error) if matches!(
        error.kind(),
        Kind::BrokenPipe | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::UnexpectedEof
    ))
}

/// Whether the vault's certificate, or the CA file, is at fault; or ours.
pub(crate) fn is_about_certificates(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Tls(_)) || of_tls(error).is_some()
}

/// What the other side sent in place of an answer.
pub(crate) fn alert_of(error: &ureq::Error) -> Option<rustls::AlertDescription> {
    match of_tls(error) {
        Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
        _ => None,
    }
}

fn of_tls(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

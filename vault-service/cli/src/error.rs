//! Everything that can go wrong, what to do about it, and the exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use uuid::Uuid;

use crate::refusal::Refusal;

/// The vault refused or failed.
pub(crate) const EXIT_REFUSED: u8 = 1;
/// Wrong usage, or a local file.
pub(crate) const EXIT_USAGE: u8 = 2;
/// No answer from the vault.
pub(crate) const EXIT_UNREACHABLE: u8 = 3;

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
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("the vault does not accept this client id and secret: {0}")]
    Credentials(Box<Refusal>),
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

/// Names of what exists, at most [`Known::SHOWN`] of them.
#[derive(Debug)]
pub(crate) struct Known {
    shown: Vec<String>,
    more: usize,
}

impl Known {
    const SHOWN: usize = 20;

    /// Keeps the first names.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut names = names.into_iter();
        Self {
            shown: names.by_ref().take(Self::SHOWN).collect(),
            more: names.count(),
        }
    }

    /// One id per thing.
    pub(crate) fn ids(ids: impl IntoIterator<Item = Uuid>) -> Self {
        Self::new(ids.into_iter().map(|id| id.to_string()))
    }

    fn count(&self) -> usize {
        self.shown.len() + self.more
    }
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.shown.is_empty() {
            return f.write_str("there are none");
        }
        write!(f, "there are: {}", self.shown.join(", "))?;
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}

impl Error {
    /// 1, 2 or 3, as `sallyport --help` explains.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => EXIT_UNREACHABLE,
            Self::Refused(_)
            | Self::Credentials(_)
            | Self::Nonsense { .. }
            | Self::NoSuch { .. }
            | Self::Ambiguous { .. } => EXIT_REFUSED,
            _ => EXIT_USAGE,
        }
    }

    /// What to do next, if there is something general to say.
    pub(crate) fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NotLoggedIn { .. } | Self::MissingSetting { .. } => {
                "run: sallyport login --url URL --ca-file FILE --client-id ID".to_owned()
            }
            Self::NoHome => "set SALLYPORT_PROFILE to a file".to_owned(),
            Self::ProfileMode { path, .. } => format!("run: chmod 600 {}", path.display()),
            Self::ProfileSyntax { .. } => "log in again: sallyport login ...".to_owned(),
            Self::Url { .. } => "write it like https://vault.example:8443".to_owned(),
            Self::NoTerminal { option, .. } => {
                format!("give {option} FILE, or {option} - to read it from stdin")
            }
            Self::KeyExists { .. } => "choose another directory, or pass --force".to_owned(),
            Self::Credentials(_) => "log in with the right ones: sallyport login ...".to_owned(),
            Self::Unreachable {
                outcome: Outcome::Unknown,
                ..
            } => "it may have been carried out all the same: look before you repeat it".to_owned(),
            Self::Unreachable { source, .. } if is_about_certificates(source) => {
                "check that the CA file is the vault's and that the url has a name of its \
                 certificate"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "check the url, and that the vault is running: GET /livez".to_owned()
            }
            Self::NoSuch { known, .. } if known.count() == 0 => {
                "create it first; `sallyport --help` shows how".to_owned()
            }
            Self::NoSuch { .. } => "use one of these names, or an id".to_owned(),
            Self::Ambiguous { .. } => "use an id".to_owned(),
            Self::Undecided { option, .. } => format!("choose with {option} NAME"),
            _ => return None,
        })
    }
}

/// The library says "io: " before what the system or TLS says.
fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn is_about_certificates(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        ureq::Error::Io(error) => error
            .get_ref()
            .is_some_and(|inner| inner.is::<rustls::Error>()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_twenty_names_are_listed() {
        let known = Known::new((1..=23).map(|number| format!("n{number}")));
        let text = known.to_string();
        assert!(text.ends_with("n19, n20 and 3 more"), "{text}");
    }

    #[test]
    fn no_names_are_said_in_words() {
        assert_eq!(Known::new([]).to_string(), "there are none");
    }
}

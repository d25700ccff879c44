//! Why a list was not fetched, or was fetched and refused.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use thiserror::Error;

use crate::manager::{ManagerError, Violation};

/// Why a list did not come into force.
#[derive(Debug, Error)]
pub enum FetchFailure {
    /// The URL is none that can be fetched.
    #[error("the URL is none that can be fetched")]
    Url,
    /// The name of the host does not resolve.
    #[error("the host {host:?} does not resolve: {source}")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// It resolves to nothing.
    #[error("the host {host:?} has no address")]
    NoAddress {
        /// The host.
        host: String,
    },
    /// An address that must not be contacted.
    #[error(
        "the host {host:?} is at {address}, which is not public; crl_networks in the settings names \
         networks that may be contacted all the same"
    )]
    Address {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// Nobody answers there.
    #[error("cannot connect to {at}: {source}")]
    Connect {
        /// Scheme, host and port.
        at: String,
        /// Why.
        source: io::Error,
    },
    /// A certificate that cannot be trusted for TLS.
    #[error("a certificate cannot be used to verify the server: {0}")]
    Trust(#[source] rustls::Error),
    /// The server's certificate is not trusted, or the handshake failed.
    #[error("no TLS with {at}: {source}")]
    Tls {
        /// Scheme, host and port.
        at: String,
        /// Why.
        source: io::Error,
    },
    /// The server does not speak HTTP, or stopped in the middle.
    #[error("the answer does not read: {0}")]
    Http(#[from] hyper::Error),
    /// It took too long.
    #[error("it took more than {} seconds", .limit.as_secs())]
    Timeout {
        /// Longest time allowed.
        limit: Duration,
    },
    /// Neither a list nor a redirect.
    #[error("the server answers {0}")]
    Status(StatusCode),
    /// A redirect to another host or port, or away from TLS.
    #[error("the server redirects to another place than https or http on the same host and port")]
    Redirect,
    /// One redirect after the other.
    #[error("the server redirects more than {limit} times")]
    Redirects {
        /// Most redirects that are followed.
        limit: usize,
    },
    /// Larger than allowed.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
    /// The answer says that it is something else.
    #[error("the answer is no CRL: its Content-Type is {found:?}")]
    ContentType {
        /// What it says, cut short.
        found: String,
    },
    /// It was asked for as it is.
    #[error("the answer is compressed although it must not be")]
    Encoded,
    /// The list was refused.
    #[error("{0}")]
    List(Violation),
    /// The list could not be put into force.
    #[error(transparent)]
    Manager(ManagerError),
}

impl FetchFailure {
    /// Stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url => "invalid_url",
            Self::Resolve { .. } | Self::NoAddress { .. } => "unresolvable",
            Self::Address { .. } => "address_not_allowed",
            Self::Connect { .. } => "unreachable",
            Self::Trust(_) | Self::Tls { .. } => "tls",
            Self::Http(_) => "invalid_http",
            Self::Timeout { .. } => "timeout",
            Self::Status(_) => "status",
            Self::Redirect | Self::Redirects { .. } => "redirect_not_allowed",
            Self::TooLarge { .. } => "too_large",
            Self::ContentType { .. } | Self::Encoded => "invalid_content_type",
            Self::List(violation) => violation.problem.code(),
            Self::Manager(_) => "unavailable",
        }
    }

    /// Whether the distributor is not there any more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Manager(ManagerError::NoSuch { .. }))
    }
}

impl From<ManagerError> for FetchFailure {
    fn from(error: ManagerError) -> Self {
        match error {
            ManagerError::Invalid(violations) if violations.len() == 1 => {
                violations.into_iter().next().map_or(Self::Url, Self::List)
            }
            error => Self::Manager(error),
        }
    }
}

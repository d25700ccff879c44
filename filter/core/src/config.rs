//! The configuration of one plugin entry: references and settings, never a value.
//!
//! A plugin entry guards one direction, so [`Policy`] is an enum: an upstream filter with
//! downstream settings cannot be expressed.

mod document;
mod error;
mod injection;
mod on_failure;
mod pointer;
mod route;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sallyport_model::{Reference, Scope};
use sallyport_pki::AllowedNames;

pub use error::{ConfigError, Fault};
pub use injection::{AbsentCredential, Injection, InjectionPlace, InjectionValue, Overwrite};
pub use on_failure::{Failure, OnFailure};
pub use route::{Place, Route, RouteMatch};

use crate::attribute::Attribute;
use crate::choice::By;
use crate::decide::Checks;
use crate::direction::Direction;
use crate::mode::Mode;
use crate::ordered::Set;
use crate::policy::check::CallerCheck;
use crate::policy::encryption::Encryption;
use crate::policy::sign::Sign;

/// A valid configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the Provider is.
    pub vault: Vault,
    /// How long requests wait for the first answer of the vault after the filter started.
    pub startup_wait: Duration,
    /// What happens to requests that cannot be decided.
    pub on_failure: OnFailure,
    /// What the connections carry.
    pub protocol: Protocol,
    /// Of which requests the access log is shown more.
    pub notes: Notes,
    /// What is enforced.
    pub policy: Policy,
}

/// Beside which requests the filter puts what it decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notes {
    /// Those with something refused, observed or let pass.
    #[default]
    Refusals,
    /// All, which costs each of them a microsecond.
    All,
}

/// What the connections of a plugin entry carry, as far as the filter has to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Requests; each of them is decided about. An HTTP filter.
    #[default]
    Http,
    /// Bytes; the connection is decided about, again and again. A network filter.
    Tcp,
}

/// The Provider, as Envoy reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// Name of the Envoy cluster.
    pub cluster: String,
    /// Organization and environment of short references.
    pub scope: Scope,
    /// Value of `:authority`.
    pub authority: String,
    /// How long an answer may take, on top of `wait`.
    pub timeout: Duration,
    /// How long a call stays open for a change; whole seconds.
    pub wait: Duration,
    /// Who watches.
    pub watch: WatchMode,
}

/// Who watches the vault for a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WatchMode {
    /// One member of the process for all filters with the same vault and scope.
    #[default]
    Shared,
    /// Each filter for itself, in each worker.
    Own,
}

/// What one plugin entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plugin {
    /// A filter.
    Filter(Box<Config>),
    /// A service that watches for the filters of its process.
    Watcher(Vault),
}

/// What is enforced, by direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Clients, in the filter chain of a listener.
    Downstream(Downstream),
    /// Servers, in the upstream filter chain of a cluster.
    Upstream(Upstream),
}

/// What clients must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downstream {
    /// For requests that no route matches.
    pub default: PeerPolicy,
    /// For the requests each of them matches; the first one counts.
    pub routes: Vec<Route>,
    /// Whether the upstream learns who the client was.
    pub forward_client_certificate: ForwardClientCertificate,
    /// Whether the other filters of a request are told.
    pub client_names: ClientNames,
}

/// What the peers of a side, or of one route, must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerPolicy {
    /// A TLS context. Without one, peers are known by what they show in their messages.
    pub tls_context: Option<Reference>,
    /// A certificate pinset.
    pub certificate_pinset: Option<Reference>,
    /// A name that a server's certificate must carry: DNS name or IP address.
    pub server_name: Option<String>,
    /// Names of which the peer's certificate must carry one.
    pub peer_names: Option<AllowedNames>,
    /// Enforce or observe.
    pub mode: Mode,
    /// Checks that are only observed while the others are enforced.
    pub observe: Checks,
    /// What callers must show.
    pub check: Option<Box<CallerCheck>>,
    /// What is done to the bodies of requests.
    pub request: Option<Box<Encryption>>,
    /// What is done to the bodies of responses.
    pub response: Option<Box<Encryption>>,
    /// What is read of bodies, where a message policy needs them.
    pub body: BodyLimits,
}

/// How much of a body is held, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Most bytes.
    pub max_bytes: usize,
    /// From the moment at which the head was looked at.
    pub wait: Duration,
}

/// Which policy of a plugin entry a request falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyIndex(pub(crate) usize);

/// What servers must show, and what they then get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What servers must show.
    pub policy: PeerPolicy,
    /// How long a request waits for the handshake of a new connection.
    pub handshake_wait: Duration,
    /// Credentials for a server that has passed.
    pub inject: Vec<Injection>,
    /// How requests to it are signed.
    pub sign: Option<Box<Sign>>,
}

/// What happens to `x-forwarded-client-cert`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardClientCertificate {
    /// It is removed before the request goes on.
    #[default]
    Remove,
    /// It goes on as Envoy's connection manager made it.
    Keep,
}

/// Whether filters before the server are told the names of a client that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientNames {
    /// They are not.
    #[default]
    Withhold,
    /// They are, so that secrets can be chosen by them.
    Tell,
}

impl Config {
    /// Every reference of the configuration, once, in order.
    pub fn references(&self) -> Vec<&Reference> {
        let policies = self.policy.policies();
        let mut references: Set<&Reference> = policies.flat_map(PeerPolicy::references).collect();
        if let Policy::Upstream(upstream) = &self.policy {
            references.extend(upstream.credentials());
        }
        references.into_vec()
    }
}

impl PeerPolicy {
    /// What it decides by.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        let checked = self.check.iter().flat_map(|check| check.references());
        let pinset = self.certificate_pinset.iter();
        let messages = self.request.iter().chain(&self.response);
        let messages = messages.flat_map(|encryption| encryption.references());
        let certificates = self.tls_context.iter().chain(pinset);
        certificates.chain(checked).chain(messages)
    }
}

impl FromStr for Config {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match document::parse(text)? {
            Plugin::Filter(config) => Ok(*config),
            Plugin::Watcher(_) => Err(ConfigError::at("/watcher", Fault::NoFilter)),
        }
    }
}

impl FromStr for Plugin {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        document::parse(text)
    }
}

impl Policy {
    /// Which side it guards.
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Downstream(_) => Direction::Downstream,
            Self::Upstream(_) => Direction::Upstream,
        }
    }

    /// The policy a request falls under.
    pub fn select(&self, place: &Place) -> PolicyIndex {
        match self {
            Self::Downstream(downstream) => downstream
                .routes
                .iter()
                .position(|route| route.matches.fits(place))
                .map_or(PolicyIndex::DEFAULT, PolicyIndex::of_route),
            Self::Upstream(_) => PolicyIndex::DEFAULT,
        }
    }

    /// A policy that [`Self::select`] chose.
    pub fn get(&self, PolicyIndex(index): PolicyIndex) -> &PeerPolicy {
        match self {
            Self::Downstream(downstream) => {
                let route = index
                    .checked_sub(1)
                    .and_then(|at| downstream.routes.get(at));
                route.map_or(&downstream.default, |route| &route.policy)
            }
            Self::Upstream(upstream) => &upstream.policy,
        }
    }

    /// All policies, that of no route first.
    fn policies(&self) -> impl Iterator<Item = &PeerPolicy> {
        let routes = match self {
            Self::Downstream(downstream) => downstream.routes.len(),
            Self::Upstream(_) => 0,
        };
        (0..=routes).map(|index| self.get(PolicyIndex(index)))
    }

    /// Whether messages are looked at.
    pub fn reads_messages(&self) -> bool {
        match self {
            Self::Downstream(_) => self.policies().any(PeerPolicy::reads_messages),
            Self::Upstream(upstream) => upstream.reads_messages(),
        }
    }

    /// What has to be read besides the head of a message.
    pub fn attributes(&self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        let mut add = |by: Option<&By>| {
            let wanted = by.and_then(By::attribute);
            attributes.extend(wanted.filter(|wanted| !attributes.contains(wanted)));
        };
        for policy in self.policies() {
            let check = policy.check.iter();
            let accepted = check.flat_map(|check| &check.accept);
            accepted.for_each(|it| add(it.secrets.by()));
            let messages = policy.request.iter().chain(&policy.response);
            messages.for_each(|it| add(it.secrets.by()));
        }
        if let Self::Upstream(upstream) = self {
            upstream.inject.iter().for_each(|it| add(it.value.by()));
            upstream.sign.iter().for_each(|it| add(it.secret.by()));
        }
        attributes
    }

    /// Whether responses are looked at.
    pub fn converts_responses(&self) -> bool {
        self.policies().any(|policy| policy.response.is_some())
    }

    /// For a module that is not called for responses: they would go on as they are, and nobody would notice.
    ///
    /// # Errors
    /// There is a `response`.
    pub fn without_responses(&self) -> Result<(), ConfigError> {
        let direction = self.direction().as_str();
        match self.policies().position(|policy| policy.response.is_some()) {
            None => Ok(()),
            Some(index) => {
                let place = match index.checked_sub(1) {
                    None => format!("/{direction}/response"),
                    Some(route) => format!("/{direction}/routes/{route}/response"),
                };
                Err(ConfigError::at(place, Fault::NeedsResponses))
            }
        }
    }

    /// Whether it matters where a request goes.
    pub fn depends_on_place(&self) -> bool {
        matches!(self, Self::Downstream(downstream) if !downstream.routes.is_empty())
    }
}

impl PeerPolicy {
    /// Whether requests are looked at.
    pub(crate) fn reads_messages(&self) -> bool {
        let chosen = |response: &Encryption| response.secrets.by().is_some();
        self.check.is_some()
            || self.request.is_some()
            || self.response.as_deref().is_some_and(chosen)
    }
}

impl Upstream {
    /// What goes to a server that has passed, and what requests to it are signed with.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &Reference> {
        let signed = self.sign.iter().flat_map(|sign| sign.secret.all());
        let injected = self.inject.iter().flat_map(Injection::references);
        signed.chain(injected)
    }

    /// Whether messages are looked at.
    pub(crate) fn reads_messages(&self) -> bool {
        self.policy.reads_messages()
            || self.sign.is_some()
            || self.inject.iter().any(Injection::needs_head)
    }
}

impl fmt::Display for PolicyIndex {
    /// Where it is in the configuration: `default`, or `routes/0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_sub(1) {
            None => f.write_str("default"),
            Some(route) => write!(f, "routes/{route}"),
        }
    }
}

impl PolicyIndex {
    /// Of requests that no route matches.
    pub(crate) const DEFAULT: Self = Self(0);

    pub(crate) const fn of_route(index: usize) -> Self {
        Self(index + 1)
    }
}

#[cfg(test)]
mod tests;

//! Why a configuration is refused.

use std::fmt;

use sallyport_model::{Collection, ReferenceError, TemplateError};
use sallyport_pki::{AllowedNamesError, NamePatternError};
use thiserror::Error;

use super::document::{XDS_NAMES, XDS_TREES};
use super::pointer::pointer;
use crate::duration::DurationError;
use crate::header_name::HeaderNameError;

/// A refused configuration: where and why. Never contains the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {fault}", if pointer.is_empty() { "whole document" } else { pointer })]
pub struct ConfigError {
    /// JSON pointer (RFC 6901) to the place; empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// More bytes than any configuration needs.
    #[error("a configuration has at most {max} bytes, this one has {found}")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Most allowed.
        max: usize,
    },
    /// Not JSON, an unknown or missing field, or a wrong type.
    #[error("{message} (line {line}, column {column})")]
    Json {
        /// serde's words; they name fields and types, not values of strings.
        message: String,
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// Not one direction, and no watcher either.
    #[error("a plugin entry has exactly one of downstream, upstream and watcher")]
    Direction,
    /// A watcher where a filter is wanted.
    #[error("a filter is wanted here")]
    NoFilter,
    /// A setting of filters in a watcher.
    #[error("a watcher has no such setting: it watches for the filters of its process")]
    NotForWatchers,
    /// A route that would match every request.
    #[error("a match has at least one of route, virtualHost, cluster and serverName")]
    EmptyMatch,
    /// A setting for requests, where there are none.
    #[error("this is about requests, and protocol tcp has none: routes match by serverName only")]
    RequestsOnly,
    /// A route that no request comes to, and the pointer to the match that takes them.
    #[error(
        "never used: {0} comes first and takes all of these requests. Put the narrower match first"
    )]
    HiddenRoute(String),
    /// Strict for a while, then open.
    #[error("with unreachable letPass, stale deny would deny first and let pass later")]
    StaleDenied,
    /// Nothing is enforced.
    #[error("at least one of tlsContext, check, request and response is wanted here")]
    NothingEnforced,
    /// Single checks to observe where all of them are.
    #[error("mode observe lets every check pass: leave it out to observe these only")]
    ObservesAll,
    /// Pins or names without a TLS context.
    #[error("this is about certificates, and there is no tlsContext")]
    NeedsTlsContext,
    /// A check that nobody could pass.
    #[error("at least one way to show who calls is wanted here")]
    NothingAccepted,
    /// A way to show who calls that nobody is asked for, and the pointer to the one that decides.
    #[error(
        "never used: {0} comes first and decides about whoever shows this. List the secrets of both there, \
         or leave one out"
    )]
    HiddenAccept(String),
    /// A setting of another scheme.
    #[error("this scheme has no such setting")]
    OtherScheme,
    /// A list or a choice where one reference belongs.
    #[error("one reference is wanted here")]
    OneReference,
    /// One reference or a choice where a list belongs.
    #[error("a list of references is wanted here")]
    ListOfReferences,
    /// Not one thing to choose by.
    #[error("a choice is by exactly one of header, attribute and client")]
    ChosenBy,
    /// An attribute that says what a client likes, or nothing of a request.
    #[error(
        "connection.requested_server_name, or a path that begins with xds, metadata or filter_state is wanted here"
    )]
    Attribute,
    /// An attribute that Envoy does not have, or that is no text.
    #[error(
        "behind xds Envoy has the texts {}, and with a path into them {}",
        XDS_NAMES.join(", "),
        XDS_TREES.join(", ")
    )]
    XdsAttribute,
    /// A name that nobody asks for in the handshake.
    #[error("a whole DNS name in lower case is wanted here, for that is how Envoy tells it")]
    AskedName,
    /// A name that no client has.
    #[error(
        "a whole name of a certificate is wanted here, without wildcards: uri:spiffe://partners/acme, \
         dns:acme.example, email:app@acme.example or ip:192.0.2.1, host names in lower case"
    )]
    ClientName,
    /// A choice of nothing.
    #[error("at least one secret to choose is wanted here")]
    NothingToChoose,
    /// A choice that crosses groups.
    #[error("all secrets of a choice are of one group")]
    OtherGroup,
    /// Two secrets for one value.
    #[error("this value names a secret already")]
    NamedTwice,
    /// A secret that is absent most of the time.
    #[error("at least one secret other than @previous is wanted here")]
    NoCurrentSecret,
    /// No algorithm for tokens.
    #[error("HS256, HS384 or HS512 is wanted here: the token never chooses")]
    Algorithm,
    /// Not a region and a service.
    #[error("a region and a service have 1 to 64 of a-z, 0-9 and '-'")]
    Scope,
    /// Not a component of RFC 9421.
    #[error(
        "a header in lower case, @method, @target-uri, @authority, @scheme, @path or @query is wanted here"
    )]
    Component,
    /// Empty, too long, or with characters that end a quoted text.
    #[error("1 to {max} printable ASCII characters without \" and \\ are wanted here")]
    Quotable {
        /// Most characters allowed.
        max: usize,
    },
    /// Neither kind of value, or both.
    #[error("an injection has exactly one of basic, bearer, value and template")]
    InjectionValue,
    /// No place, or several.
    #[error("an injection has exactly one of header, query and cookie")]
    InjectionPlace,
    /// Not a name of a query parameter or cookie.
    #[error("1 to 128 of letters, digits, '-', '.', '_' and '~' are wanted here")]
    Parameter,
    /// Not a JSON pointer.
    #[error("a JSON pointer like /tokens/0 is wanted here (RFC 6901)")]
    Pointer,
    /// A pointer with several secrets.
    #[error("a pointer goes with bearer or value")]
    PointerOfOne,
    /// One name for two things.
    #[error("{name} is taken by {earlier}. Choose another name, or leave one of them out")]
    NameTaken {
        /// Of a header, a parameter or a cookie.
        name: String,
        /// Pointer to what has it.
        earlier: String,
    },
    /// More than the limit of a list.
    #[error("at most {max}, found {found}")]
    TooMany {
        /// Entries found.
        found: usize,
        /// Most allowed.
        max: usize,
    },
    /// Not a reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A reference to another kind of secret.
    #[error("a reference to {expected} is wanted here, this one names {found}")]
    Collection {
        /// What belongs here.
        expected: Collection,
        /// What came.
        found: Collection,
    },
    /// A reference to a field where the whole secret is needed.
    #[error("the whole secret is wanted here, without #field")]
    Field,
    /// Not a template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A list of keys to encrypt with.
    #[error("encrypt has one key: write secret with one reference")]
    EncryptHasOneKey,
    /// One key to decrypt with.
    #[error("decrypt has a list of keys: write secrets with a list of references")]
    DecryptHasKeys,
    /// Iterations of what is no password.
    #[error(
        "leave this out, or write keyManagement PBES2-HS512+A256KW: other keys have no iterations"
    )]
    NoIterations,
    /// What happens without fields that nobody named.
    #[error("this is about fields: leave it out, or name some")]
    NeedsFields,
    /// A mode of what is always enforced.
    #[error("leave this out: what cannot be encrypted never goes on")]
    AlwaysEnforced,
    /// Responses, where the host does not call for them.
    #[error(
        "responses are for filter-responses.wasm, and this is filter.wasm. Name that file in vm_config.code \
         of every entry with this vm_id, or leave this out"
    )]
    NeedsResponses,
    /// Neither way, or both.
    #[error("exactly one of encrypt and decrypt is wanted here")]
    OneWay,
    /// A field within another one.
    #[error("an earlier field is this value, holds it, or is a part of it")]
    Overlap,
    /// Too few or too many iterations.
    #[error("1000 to 100000 iterations are wanted here")]
    Iterations,
    /// Not a header that takes a credential.
    #[error(transparent)]
    Header(#[from] HeaderNameError),
    /// Not a duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// Not a whole number of seconds.
    #[error("whole seconds are wanted here")]
    WholeSeconds,
    /// Not a UUID.
    #[error("a UUID is wanted here")]
    Uuid,
    /// Neither a DNS name nor an IP address.
    #[error("a DNS name or an IP address is wanted here")]
    ServerName,
    /// Not a pattern for names of a peer.
    #[error(transparent)]
    NamePattern(#[from] NamePatternError),
    /// Not a list of patterns.
    #[error(transparent)]
    PeerNames(#[from] AllowedNamesError),
    /// Not a name that a client asks for in the handshake.
    #[error("a DNS name is wanted here; it may begin with \"*.\"")]
    RequestedName,
    /// Empty, too long, or with characters that do not belong there.
    #[error("1 to {max} visible ASCII characters are wanted here")]
    Word {
        /// Most characters allowed.
        max: usize,
    },
}

impl ConfigError {
    pub(super) fn at(pointer: impl fmt::Display, fault: impl Into<Fault>) -> Self {
        Self {
            pointer: pointer.to_string(),
            fault: fault.into(),
        }
    }
}

impl ConfigError {
    /// What serde_json says of a document.
    pub(super) fn json(text: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        // serde_json appends the position to its message; it is reported once, in fields.
        let message = error.to_string();
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(message, _)| message);
        Self {
            pointer: pointer(text, line, column),
            fault: Fault::Json {
                message: without_values(message),
                line,
                column,
            },
        }
    }
}

/// serde repeats strings that it did not expect; somebody may have pasted a secret there.
fn without_values(message: &str) -> String {
    for kind in ["invalid type", "invalid value", "unknown variant"] {
        if message.starts_with(kind) {
            let expected = message
                .rsplit_once(", expected ")
                .map_or("something else", |(_, expected)| expected);
            let expected = match expected {
                "usize" => "a whole number within its limit",
                expected => expected,
            };
            return format!("{kind}, expected {expected}");
        }
    }
    message.to_owned()
}

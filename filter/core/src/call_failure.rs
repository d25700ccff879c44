//! Why a call to the vault brought nothing, said once until the vault answers again.

use sallyport_model::MARKER_VALUE;
use thiserror::Error;

use crate::effect::{Effect, Line};
use crate::event::CallAnswer;
use crate::metric::Counter;
use crate::snapshot::AnswerError;

/// Largest answer that is parsed, in bytes. A million revoked certificates are 30 MB.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// What Envoy answers itself where a connection was made and ended before the head of an answer.
const ENVOY_ENDED: &[u8] =
    b"upstream connect error or disconnect/reset before headers. reset reason: connection termination";

/// Why a call brought nothing.
#[derive(Debug, Error)]
pub(crate) enum CallFailure {
    /// Nobody answered, or not the vault: without the marker an answer is Envoy's own.
    #[error("no answer{}", Status(*.0))]
    Unreachable(Option<u16>),
    /// There was a connection, and it ended instead. In TLS 1.3 a certificate is refused after the handshake.
    #[error(
        "the connection ended without an answer{}. So it is where the vault does not take the gateway's certificate: \
         see whether it has ended, and of which CA it is",
        Status(*.0)
    )]
    Ended(Option<u16>),
    /// It began and did not end. Envoy tells a connection that broke off and an answer larger than it
    /// holds alike.
    #[error(
        "the answer broke off, or it is larger than Envoy holds: 32 MiB unless its runtime says more \
         (http.async_response_buffer_limit), and then Envoy's log says so"
    )]
    CutOff,
    /// The vault is there, but cannot answer now.
    #[error("the vault cannot answer now{}", Status(*.0))]
    Unavailable(Option<u16>),
    /// The vault does not serve this gateway.
    #[error("the vault does not serve this gateway{}", Status(*.0))]
    Denied(Option<u16>),
    /// The vault speaks another version of the wire format.
    #[error("the vault speaks another version of the wire format")]
    Version,
    /// The vault did not understand the question.
    #[error("the vault did not understand the question{}", Status(*.0))]
    Misunderstood(Option<u16>),
    /// More than is parsed.
    #[error(
        "the answer has {0} bytes, at most {MAX_ANSWER} are parsed: refer to fewer secrets from filters \
         that share a watch, or to smaller ones"
    )]
    TooLarge(usize),
    /// Not the wire format. The parser's words are left out: they could repeat a value.
    #[error("the answer is not in the wire format (line {line}, column {column})")]
    Json {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// In the wire format, but not an answer to the question.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

/// What the vault's silence was last reported as.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Option<&'static str>);

struct Status(Option<u16>);

/// The JSON of an answer, if it is one of the vault's.
pub(crate) fn accept(answer: &CallAnswer) -> Result<&[u8], CallFailure> {
    let status = answer.status;
    match answer.marker.as_deref() {
        None if answer.body.starts_with(ENVOY_ENDED) => return Err(CallFailure::Ended(status)),
        None => return Err(CallFailure::Unreachable(status)),
        Some(marker) if marker != MARKER_VALUE.as_bytes() => return Err(CallFailure::Version),
        Some(_) => {}
    }
    match status {
        Some(200) => {}
        Some(401 | 403) => return Err(CallFailure::Denied(status)),
        Some(429 | 500..) | None => return Err(CallFailure::Unavailable(status)),
        Some(_) => return Err(CallFailure::Misunderstood(status)),
    }
    if answer.body.len() > MAX_ANSWER {
        return Err(CallFailure::TooLarge(answer.body.len()));
    }
    Ok(&answer.body)
}

impl Trouble {
    /// Counts a failure, and logs it if it is not the one that was logged last.
    pub(crate) fn report(&mut self, failure: &CallFailure, effects: &mut Vec<Effect>) {
        effects.push(Effect::Count(failure.counter()));
        let class = failure.class();
        if self.0.replace(class) != Some(class) {
            let text = format!("vault: {class}: {failure}");
            effects.push(Effect::Log(Line::warn(text)));
        }
    }

    /// The vault answers.
    pub(crate) fn is_over(&mut self, effects: &mut Vec<Effect>) {
        effects.push(Effect::Count(Counter::VaultAnswers));
        if self.0.take().is_some() {
            effects.push(Effect::Log(Line::info("vault: answers again".to_owned())));
        }
    }
}

impl CallFailure {
    /// Failures of a class are logged once until the vault answers again.
    const fn class(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Ended(_) => "connection ended",
            Self::CutOff => "cut off",
            Self::TooLarge(_) => "too large",
            Self::Unavailable(_) => "unavailable",
            Self::Denied(_) => "denied",
            Self::Version | Self::Misunderstood(_) => "misunderstood",
            Self::Json { .. } | Self::Answer(_) => "malformed",
        }
    }

    const fn counter(&self) -> Counter {
        match self {
            Self::Unreachable(_) | Self::Ended(_) | Self::Unavailable(_) => {
                Counter::VaultUnreachable
            }
            Self::CutOff => Counter::VaultCutOff,
            Self::TooLarge(_) => Counter::VaultTooLarge,
            Self::Denied(_) => Counter::VaultDenied,
            Self::Version | Self::Misunderstood(_) | Self::Json { .. } | Self::Answer(_) => {
                Counter::VaultMalformed
            }
        }
    }
}

impl From<serde_json::Error> for CallFailure {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(status) => write!(f, " (status {status})"),
            None => Ok(()),
        }
    }
}

//! W3C Trace Context: which trace a piece of work belongs to, so that the logs of all who take part can
//! be read as one. <https://www.w3.org/TR/trace-context/>
//!
//! No spans are sent anywhere, and `tracestate` is dropped: nobody here has anything to say in it.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use thiserror::Error;

/// The header, in and out.
pub const HEADER: &str = "traceparent";

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A trace: 32 hexadecimal digits, not all of them 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: TraceId,
    span: [u8; 8],
    flags: u8,
}

/// A `traceparent` that is none, or a trace id that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a traceparent")]
pub struct NoTraceContext;

impl TraceId {
    /// `None` for zeros, which name no trace.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for TraceId {
    type Err = NoTraceContext;

    fn from_str(text: &str) -> Result<Self, NoTraceContext> {
        Self::from_bytes(digits(text)?).ok_or(NoTraceContext)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl TraceContext {
    /// Bits that are known: sampled, and random trace id.
    const FLAGS: u8 = 0b11;

    /// The begin of a trace that nobody has asked to sample. `None` without randomness.
    pub fn begin() -> Option<Self> {
        let mut trace = [0; 16];
        getrandom::fill(&mut trace).ok()?;
        let begin = Self {
            trace: TraceId::from_bytes(trace)?,
            span: [0; 8],
            flags: 0b10,
        };
        begin.child()
    }

    /// Another span of the same trace.
    pub fn child(&self) -> Option<Self> {
        let mut span = [0; 8];
        getrandom::fill(&mut span).ok()?;
        Some(Self { span, ..*self })
    }

    /// The trace.
    pub const fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// The span, 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        hex::encode(self.span)
    }
}

impl FromStr for TraceContext {
    type Err = NoTraceContext;

    /// Version 00, and as much of later versions as it has in common with them.
    fn from_str(text: &str) -> Result<Self, NoTraceContext> {
        let mut parts = text.splitn(5, '-');
        let mut next = || parts.next().ok_or(NoTraceContext);
        let [version] = digits(next()?)?;
        let (trace, span) = (next()?.parse()?, digits(next()?)?);
        let [flags] = digits(next()?)?;
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) || span == [0; 8] {
            return Err(NoTraceContext);
        }
        let flags = flags & Self::FLAGS;
        Ok(Self { trace, span, flags })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span, flags) = (self.trace, self.span_id(), self.flags);
        write!(f, "00-{trace}-{span}-{flags:02x}")
    }
}

/// Lower case only: the rest is reserved for nobody.
fn digits<const N: usize>(text: &str) -> Result<[u8; N], NoTraceContext> {
    let mut bytes = [0; N];
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(NoTraceContext);
    }
    hex::decode_to_slice(text, &mut bytes).map_err(|_| NoTraceContext)?;
    Ok(bytes)
}

/// The trace that this task works for, behind [`within`].
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|current| *current).ok()
}

/// Work for a trace, if there is one.
pub async fn within<F: Future>(trace: Option<TraceContext>, work: F) -> F::Output {
    match trace {
        Some(trace) => CURRENT.scope(trace, work).await,
        None => work.await,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The example of the recommendation.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_was_read_is_written_and_a_child_is_of_the_same_trace() {
        let read: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(read.to_string(), EXAMPLE);
        let child = read.child().unwrap();
        let id = child.trace_id();
        assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(child.span_id(), read.span_id());
        assert!(child.to_string().ends_with("-01"));
        let begun = TraceContext::begin().unwrap();
        assert_eq!(begun.to_string().parse(), Ok(begun));
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        let later = EXAMPLE.replacen("00", "cc", 1);
        for text in [later.clone(), later.clone() + "-what-comes", later + "-"] {
            let read: TraceContext = text.parse().unwrap();
            assert_eq!(read.to_string(), EXAMPLE);
        }
        // Bits that nobody knows are not passed on.
        let bits = EXAMPLE.replace("-01", "-ff").parse::<TraceContext>();
        assert!(bits.unwrap().to_string().ends_with("-03"));
    }

    #[test]
    fn anything_else_is_none() {
        let zeros = |part: &str| EXAMPLE.replace(part, &"0".repeat(part.len()));
        for wrong in [
            String::new(),
            EXAMPLE.to_uppercase(),
            EXAMPLE.replacen("00", "ff", 1),
            EXAMPLE.to_owned() + "-",
            EXAMPLE.to_owned() + "-more",
            EXAMPLE.to_owned() + " ",
            zeros("4bf92f3577b34da6a3ce929d0e0e4736"),
            zeros("00f067aa0ba902b7"),
            EXAMPLE.replace("4b", "4"),
            EXAMPLE.replace("4b", "xy"),
            EXAMPLE.replace("-01", ""),
            EXAMPLE.replace("-01", "-1"),
        ] {
            assert_eq!(
                wrong.parse::<TraceContext>(),
                Err(NoTraceContext),
                "{wrong}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_reads_is_written_in_55_characters_that_read_the_same(text in "[0-9a-f-]{0,60}|\\PC{0,60}") {
            if let Ok(read) = text.parse::<TraceContext>() {
                let written = read.to_string();
                prop_assert_eq!(written.len(), 55);
                prop_assert_eq!(written.parse(), Ok(read));
            }
        }
    }
}

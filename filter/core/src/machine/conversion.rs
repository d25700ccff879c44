//! Bodies that are encrypted or decrypted on their way through the gateway.

use std::sync::Arc;

use sallyport_model::Reference;
use zeroize::Zeroizing;

use super::State;
use super::consequence::Standing;
use crate::config::PolicyIndex;
use crate::decide::Denial;
use crate::effect::{Effect, Message, Rewrite};
use crate::event::StreamId;
use crate::head::Head;
use crate::metric::Counter;
use crate::mode::Mode;
use crate::policy::encryption::{Encryption, Unconverted, Way};
use crate::reason::Reason;
use crate::time::Now;
use crate::usable::Age;

/// What is said of a body and holds no more for another one (RFC 9110, RFC 9530), and how it is framed.
pub(super) const OF_BODY: &[&str] = &[
    "content-length",
    "transfer-encoding",
    "content-digest",
    "repr-digest",
    "digest",
    "content-md5",
    "etag",
];

/// Gives a message its new body, which is bounded like the old one; the head keeps up with what the host is
/// asked to do.
pub(super) fn convert(
    state: &State,
    (stream, policy, message): (StreamId, PolicyIndex, Message),
    (encryption, secrets): (&Encryption, &[Reference]),
    head: &mut Head,
    body: &[u8],
    now: Now,
    effects: &mut Vec<Effect>,
) -> Result<Arc<Zeroizing<Vec<u8>>>, Denial> {
    let usable = state.usable(now.uptime);
    let media_type = head.value("content-type");
    let converted = encryption
        .convert(secrets, usable, media_type, body, state.random)
        .map_err(|unconverted| match unconverted {
            Unconverted::Ours(reference, reason) => Denial::new(reason).with_detail(reference),
            Unconverted::Theirs(word) => {
                Denial::new(encryption.way.failed(message)).with_detail(word)
            }
        })?;
    // Envoy's buffers hold what goes on as they held what came.
    if converted.body.len() > state.config.policy.get(policy).body.max_bytes {
        return Err(Denial::new(message.too_large()).with_detail("converted"));
    }
    if converted.age == Age::Stale {
        let direction = state.config.policy.direction();
        effects.push(Effect::Count(Counter::Stale(direction)));
    }
    effects.push(Effect::Count(match encryption.way {
        Way::Encrypt => Counter::Encrypted,
        Way::Decrypt => Counter::Decrypted(converted.version),
    }));
    let mut set = vec![("content-length", converted.body.len().to_string())];
    set.extend(converted.media_type.map(|text| ("content-type", text)));
    for name in OF_BODY {
        head.remove(name);
    }
    for (name, value) in &set {
        head.remove(name);
        head.add(name, value);
    }
    let body = Arc::new(converted.body);
    let rewrite = Rewrite {
        message,
        body: Some(Arc::clone(&body)),
        remove: OF_BODY,
        set,
    };
    effects.push(Effect::Rewrite(stream, rewrite));
    Ok(body)
}

/// What of a message keeps its body from being converted, in a word for the log: a stream has no end that
/// could be waited for, and another encoding would have to be undone first.
pub(super) fn unsupported(head: &Head) -> Option<&'static str> {
    let starts = |name: &str, start: &str| {
        let value = head.value(name).unwrap_or_default();
        let start_of_value = value.get(..start.len());
        start_of_value.is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
    };
    let encoded = |value: &[u8]| !value.trim_ascii().eq_ignore_ascii_case(b"identity");
    if head.value(":method") == Some(b"CONNECT")
        || head.value("upgrade").is_some()
        || head.value(":status") == Some(b"101")
    {
        Some("upgrade")
    } else if starts("content-type", "application/grpc") {
        Some("grpc")
    } else if starts("content-type", "text/event-stream") {
        Some("stream")
    } else if head.value(":status") == Some(b"206") {
        Some("part")
    } else if head.values("content-type").count() > 1 {
        Some("content-type")
    } else if head.values("content-encoding").any(encoded) {
        Some("content-encoding")
    } else if head.value("content-range").is_some() {
        Some("content-range")
    } else {
        None
    }
}

impl Encryption {
    /// How a message is met that is not converted. A plain one never goes on.
    pub(super) fn standing(&self) -> (Mode, Standing) {
        match self.way {
            Way::Encrypt => (Mode::Enforce, Standing::Plain),
            Way::Decrypt => (self.mode, Standing::New),
        }
    }
}

impl Message {
    const fn too_large(self) -> Reason {
        match self {
            Self::Request => Reason::BodyTooLarge,
            Self::Response => Reason::ResponseTooLarge,
        }
    }
}

impl Way {
    const fn failed(self, message: Message) -> Reason {
        match (self, message) {
            (Self::Encrypt, Message::Request) => Reason::EncryptionFailed,
            (Self::Decrypt, Message::Request) => Reason::DecryptionFailed,
            (Self::Encrypt, Message::Response) => Reason::ResponseEncryptionFailed,
            (Self::Decrypt, Message::Response) => Reason::ResponseDecryptionFailed,
        }
    }
}

//! Effects in a recording: a line of text each, secrets included.

use crate::effect::{Effect, Level, Message};

/// What is asked of the host.
pub(super) fn told(effect: &Effect) -> String {
    let words = match effect {
        Effect::Call(call) => {
            let (id, timeout, body) = (call.call.0, call.timeout, &call.body);
            format!("call {id} within {timeout:?}: {body}")
        }
        Effect::Tick(period) => format!("tick every {period:?}"),
        Effect::Probe(_) => "probe".to_owned(),
        Effect::Look(..) => "look".to_owned(),
        Effect::See(_) => "see".to_owned(),
        Effect::Read(..) => "read".to_owned(),
        Effect::Collect(_) => "collect".to_owned(),
        Effect::Hold(_) => "hold".to_owned(),
        Effect::RemoveForwarded(_) => "remove x-forwarded-client-cert".to_owned(),
        Effect::RemoveHeader(_, name) => format!("remove {name}"),
        Effect::AddHeader(_, name, value) => format!("add {name}: {}", value.expose()),
        Effect::SetTarget(_, target) => format!("target {}", target.expose()),
        Effect::Rewrite(_, to) => {
            let message = match to.message {
                Message::Request => "",
                Message::Response => " response",
            };
            let body = to.body.as_deref();
            let body = body.map(|body| String::from_utf8_lossy(body).into_owned());
            let body = body.unwrap_or_default();
            format!(
                "rewrite{message} without {:?} with {:?}: {body}",
                to.remove, to.set
            )
        }
        Effect::CollectResponse(_) => "collect response".to_owned(),
        Effect::ResumeResponse(_) => "resume response".to_owned(),
        Effect::Resume(_) => "resume".to_owned(),
        Effect::Deny(_, reply) => {
            let challenge = reply.challenge.as_deref().unwrap_or_default();
            format!(
                "deny {} {} {challenge}",
                reply.status(),
                reply.reason.code()
            )
        }
        Effect::Close(_) => "close".to_owned(),
        Effect::Tell(_, names) => format!("tell {names:?}"),
        Effect::Note(_, note) => format!("note {note}"),
        Effect::Count(counter) => format!("count {counter}"),
        Effect::Show(gauge, number) => format!("show {gauge} {number}"),
        Effect::Log(line) => match line.level {
            Level::Debug => format!("log debug {}", line.text),
            Level::Info => format!("log info {}", line.text),
            Level::Warn => format!("log warn {}", line.text),
        },
    };
    match effect.stream() {
        Some(stream) => format!("{}: {}", stream.0, words.trim_end()),
        None => words,
    }
}

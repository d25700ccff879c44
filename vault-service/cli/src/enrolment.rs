//! `gateway join-token`, `gateway enroll` and `gateway renew` without a login: certificates that
//! gateways fetch by themselves.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use sallyport_model::{ENROLMENT_PATH, RENEWAL_PATH, RenewedCertificate};
use sallyport_pki::{Certificate, UnixTime};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::agent;
use crate::error::Error;
use crate::gateway_files::{ExistingKey, GatewayFiles};
use crate::internal_door::{self, Answer, AsGateway};
use crate::output::Output;
use crate::private_file::{PRIVATE, Staged};
use crate::profile::parse_url;
use crate::request::{Fields, Request, to_json};
use crate::secret_input::{self, LineEnd, Prompt, Wanted};
use crate::session::Session;
use crate::writing::Writing;

const TOKEN: Wanted = Wanted {
    what: "join token",
    option: "--token-file",
    prompt: Prompt::Once,
    line_end: LineEnd::Dropped,
    limit: 1024,
};

/// Time between two tries while the vault does not answer.
const RETRY: Duration = Duration::from_secs(60);

/// `join-token`.
#[derive(Args)]
pub(crate) struct JoinToken {
    /// Name of the gateway; it is registered if there is none of this name
    name: String,
    /// File for the token (0600); it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Minutes for which the token is good, 1 to 10080
    #[arg(long, value_name = "MINUTES", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=10_080))]
    valid_for: u32,
    #[command(flatten)]
    writing: Writing,
}

/// `enroll`.
#[derive(Args)]
pub(crate) struct Enroll {
    /// Address of the vault's public door, like https://vault.example:8443
    #[arg(long, value_name = "URL")]
    url: String,
    /// CA (PEM) of the vault: the ca.pem it wrote when it was made
    #[arg(long, value_name = "FILE")]
    ca_file: PathBuf,
    /// File with the join token, `-` for stdin
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Directory for the files of the gateway; made (0700) if it is missing
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Replace a key that is there
    #[arg(long)]
    force: bool,
}

/// `renew` as the gateway itself.
pub(crate) struct Renewal {
    pub(crate) gateway: AsGateway,
    pub(crate) key: ExistingKey,
    pub(crate) when: When,
}

/// When a certificate is renewed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Now.
    Now,
    /// Now, if a third of its lifetime or less is left.
    Due,
    /// Whenever that is the case, for ever.
    Always,
}

impl JoinToken {
    pub(crate) fn run(&self, output: Output) -> Result<(), Error> {
        let Self { name, out, .. } = self;
        let mut session = Session::open()?;
        let fields = Fields::default()
            .plain("gateway", name.as_str())
            .plain("validFor", self.valid_for.saturating_mul(60));
        let request = Request::post(session.own("/joinTokens"), fields);
        if self.writing.dry_run {
            return self.writing.send(&mut session, &request, output).map(drop);
        }
        // There before the token is: it is shown once.
        let file = match Staged::write(out, b"", PRIVATE) {
            Err(_) if out.exists() => return Err(Error::FileExists { path: out.clone() }),
            other => other?,
        };
        let Some(mut answer) = self.writing.send(&mut session, &request, output)? else {
            return Ok(());
        };
        let token = answer
            .as_object_mut()
            .and_then(|answer| answer.remove("token"));
        let Some(Value::String(token)) = token else {
            let reason = "it has no token";
            return Err(Error::nonsense(&Method::POST, &request.path, &reason));
        };
        file.fill(format!("{token}\n").as_bytes())?;
        let expires = answer
            .get("expiresAt")
            .map_or_else(String::new, crate::output::text_of);
        output.done(
            &answer,
            &format!(
                "Wrote a join token for gateway {name} to {}; it is good for once, until {expires}",
                out.display()
            ),
        )
    }
}

impl Enroll {
    pub(crate) fn run(&self, output: Output) -> Result<(), Error> {
        let url = parse_url(&self.url)?;
        let agent = agent::build(&self.ca_file, None)?;
        let existing = match self.force {
            true => ExistingKey::Replace,
            false => ExistingKey::Refuse,
        };
        let token = secret_input::read(Some(&self.token_file), TOKEN)?;
        let files = GatewayFiles::open(&self.dir)?;
        let key = files.prepare_key(existing)?;
        let fields = Fields::default()
            .secret("token", token)
            .plain("csr", key.signing_request("gateway")?);
        let door = (&agent, url.as_str());
        let answer = internal_door::post(door, ENROLMENT_PATH, &to_json(&fields)?)?;
        let issued = read(ENROLMENT_PATH, &answer)?;
        files.store(key, &issued.certificate, &issued.ca)?;
        report(&issued, "Enrolled", &self.dir, output)
    }
}

impl Renewal {
    pub(crate) fn run(&self, output: Output) -> Result<(), Error> {
        let files = GatewayFiles::at(&self.gateway.gateway);
        loop {
            let due = due_at(&files.read_certificate()?);
            let wait = u64::try_from(due.0.saturating_sub(now().0)).unwrap_or(0);
            match self.when {
                When::Due if wait > 0 => {
                    return output.done(
                        &json!({ "dueAt": due.to_string() }),
                        &format!("Nothing to do: the certificate is due at {due}"),
                    );
                }
                When::Always => thread::sleep(Duration::from_secs(wait)),
                When::Now | When::Due => {}
            }
            match self.renew(&files, output) {
                Err(error @ (Error::Unreachable { .. } | Error::Ended { .. }))
                    if self.when == When::Always =>
                {
                    output.error(&error);
                    thread::sleep(RETRY);
                }
                // A clock that is ahead must not make this a loop without a pause.
                Ok(()) if self.when == When::Always => thread::sleep(RETRY),
                ended => return ended,
            }
        }
    }

    fn renew(&self, files: &GatewayFiles, output: Output) -> Result<(), Error> {
        let door = self.gateway.open()?;
        let key = files.prepare_key(self.key)?;
        let fields = Fields::default().plain("csr", key.signing_request("gateway")?);
        let answer = door.post(RENEWAL_PATH, &to_json(&fields)?)?;
        let issued = read(RENEWAL_PATH, &answer)?;
        files.store(key, &issued.certificate, &issued.ca)?;
        report(&issued, "Renewed", &self.gateway.gateway, output)
    }
}

/// When a certificate should be renewed: when a third of its lifetime is left.
fn due_at(certificate: &Certificate) -> UnixTime {
    let (from, until) = (certificate.not_before().0, certificate.not_after().0);
    UnixTime(until.saturating_sub(until.saturating_sub(from) / 3))
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixTime(since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }))
}

fn read(path: &str, answer: &Answer) -> Result<RenewedCertificate, Error> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| Error::nonsense(&Method::POST, path, &error))
}

fn report(
    issued: &RenewedCertificate,
    done: &str,
    dir: &Path,
    output: Output,
) -> Result<(), Error> {
    let RenewedCertificate {
        id,
        name,
        identity,
        not_after,
        ..
    } = issued;
    output.done(
        &json!({"id": id, "name": name, "identity": identity, "notAfter": not_after, "dir": dir}),
        &format!(
            "{done} gateway {name} ({id}), valid until {not_after}: {}",
            dir.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_is_due_when_a_third_of_its_lifetime_is_left() {
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 1, 4);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let certificate = Certificate::from_der(certificate.der()).unwrap();
        assert_eq!(due_at(&certificate).to_string(), "2026-01-03T00:00:00Z");
    }
}

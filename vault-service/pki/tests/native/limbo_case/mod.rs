//! One case of x509-limbo, and how it is run.

use sallyport_pki::{
    Certificate, CrlRules, PathError, PathRules, Profile, RevocationPolicy, Revocations,
    TrustAnchors, UnixTime, Usage, certificate_from_pem, crl_from_pem, verify_server_name,
};
use serde::{Deserialize, Serialize};

/// BetterTLS presents 37 intermediates of its bridge CA; a gateway sees fewer.
const MAX_INTERMEDIATES: usize = 40;

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) expected_result: Verdict,
    validation_kind: Kind,
    trusted_certs: Vec<String>,
    #[serde(default)]
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_peer_name: Option<PeerName>,
    #[serde(default)]
    expected_peer_names: Vec<PeerName>,
    max_chain_depth: Option<usize>,
    #[serde(default)]
    crls: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verdict {
    Success,
    Failure,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Server,
    Client,
}

#[derive(Deserialize)]
struct PeerName {
    kind: String,
    value: String,
}

impl Verdict {
    pub(crate) fn of<E>(outcome: &Result<(), E>) -> Self {
        match outcome {
            Ok(()) => Self::Success,
            Err(_) => Self::Failure,
        }
    }
}

impl Case {
    /// The code of the refusal, if the peer is refused. `now` is for a case without a time of its own.
    pub(crate) fn run(&self, profile: Profile, now: UnixTime) -> Result<(), String> {
        let read = |pem: &String| certificate_from_pem(pem.as_bytes()).ok();
        let code = |code: &str| code.to_owned();
        let peer = read(&self.peer_certificate).ok_or_else(|| code("malformed_certificate"))?;
        // What cannot be read cannot be on the path; the peer may present anything.
        let intermediates: Vec<_> = self
            .untrusted_intermediates
            .iter()
            .filter_map(read)
            .collect();
        let trusted = self.trusted_certs.iter().map(read).collect::<Option<_>>();
        let trusted = trusted.ok_or_else(|| code("malformed_trust_anchor"))?;
        let anchors = TrustAnchors::new(trusted).map_err(|_| code("trust_anchor_refused"))?;
        let at = self.validation_time.as_deref().map_or(Some(now), seconds);
        let at = at.ok_or_else(|| code("unreadable_validation_time"))?;
        let issuers = [anchors.certificates(), &intermediates].concat();
        let revocations = self.revocations(&issuers, at);
        let revocation = |path: &[&Certificate]| match &revocations {
            Some(revocations) => {
                let checked = revocations.check(path, at, &RevocationPolicy::default());
                checked.map(drop).map_err(PathError::from)
            }
            None => Ok(()),
        };
        let rules = PathRules {
            profile,
            max_depth: self.max_chain_depth,
            max_intermediates: MAX_INTERMEDIATES,
            further: Some(&revocation),
            ..PathRules::new(self.usage(), at)
        };
        let path = rules.verify(&peer, &intermediates, &anchors);
        path.map_err(|error| code(error.code()))?;
        let names = self.expected_peer_name.iter();
        for name in names.chain(&self.expected_peer_names) {
            name.check(&peer)?;
        }
        Ok(())
    }

    fn usage(&self) -> Usage {
        match self.validation_kind {
            Kind::Server => Usage::ServerAuth,
            Kind::Client => Usage::ClientAuth,
        }
    }

    /// The CRLs of a case, verified; `None` if it has none, and revocation is not looked at then.
    fn revocations(&self, issuers: &[Certificate], at: UnixTime) -> Option<Revocations> {
        if self.crls.is_empty() {
            return None;
        }
        // One that cannot be read is none, and the status stays unknown.
        let crls = self.crls.iter().map(|pem| crl_from_pem(pem.as_bytes()));
        let crls: Vec<_> = crls.filter_map(Result::ok).collect();
        let crls = crls.iter().map(Vec::as_slice);
        Some(Revocations::load(crls, issuers, &CrlRules::new(at)).0)
    }
}

impl PeerName {
    fn check(&self, peer: &Certificate) -> Result<(), String> {
        if self.kind != "RFC822" {
            let verdict = verify_server_name(peer, &self.value);
            return verdict.map_err(|error| error.code().to_owned());
        }
        let wanted = format!("email:{}", self.value);
        let names = peer.details().subject_alternative_name;
        match names.contains(&wanted) {
            true => Ok(()),
            false => Err("email_mismatch".to_owned()),
        }
    }
}

/// Unix seconds of an RFC 3339 time, the fraction dropped.
fn seconds(time: &str) -> Option<UnixTime> {
    let (date, rest) = time.split_once('T')?;
    let clock = rest.get(..8)?;
    let number = |text: &str| text.parse::<i64>().ok();
    let mut date = date.split('-').map(number);
    let mut clock = clock.split(':').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !rest.ends_with('Z') && !rest.ends_with("+00:00") {
        return None;
    }
    // Days since 1970-01-01, counted in years that begin in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(UnixTime(
        days * 86_400 + hour * 3_600 + minute * 60 + second,
    ))
}

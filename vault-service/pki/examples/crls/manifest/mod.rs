//! Runs the cases of a manifest.

mod policy;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use sallyport_pki::{
    Certificate, CrlError, CrlRules, KeyIdentifiers, PathError, PathRules, Profile, RefusedCrl,
    RevocationPolicy, Revocations, TrustAnchors, UnixTime, Usage, crl_from_pem,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    leaf: String,
    #[serde(default)]
    intermediates: Vec<String>,
    root: String,
    #[serde(default)]
    crls: Vec<String>,
    time: i64,
    #[serde(default)]
    policy: Value,
    expect: String,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    actual: &'a str,
    expect: &'a str,
    us: u128,
    /// Position and reason of CRLs that were not used.
    refused: Vec<String>,
}

/// What came out of a manifest.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) cases: usize,
    pub(crate) agree: usize,
    /// Cases with another verdict than expected.
    pub(crate) differ: Vec<String>,
    /// Cases that are rejected as expected, for another reason.
    pub(crate) other_reason: Vec<String>,
}

/// The files of a case, read.
struct Input {
    leaf: Certificate,
    intermediates: Vec<Certificate>,
    root: Certificate,
    crls: Vec<Vec<u8>>,
    at: UnixTime,
    policy: RevocationPolicy,
}

/// Runs all cases of the manifest; `print` is called with a line of JSON for each.
pub(crate) fn run(
    manifest: &Path,
    mut print: impl FnMut(String),
) -> Result<Summary, Box<dyn Error>> {
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let cases: Vec<Case> = serde_json::from_slice(&fs::read(manifest)?)?;
    let mut summary = Summary::default();
    for case in cases {
        let input = case.read(folder);
        let start = Instant::now();
        let (actual, refused) = match &input {
            Ok(input) => input.verdict(),
            // The others are run all the same.
            Err(actual) => (actual.clone(), Vec::new()),
        };
        let us = start.elapsed().as_micros();
        let line = Line {
            id: &case.id,
            actual: &actual,
            expect: &case.expect,
            us,
            refused: refused
                .iter()
                .map(|refused| format!("{}: {}", refused.index, refused.error))
                .collect(),
        };
        print(serde_json::to_string(&line)?);
        summary.add(case, &actual);
    }
    Ok(summary)
}

impl Summary {
    fn add(&mut self, case: Case, actual: &str) {
        self.cases += 1;
        let verdict = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        let agrees = match case.expect.as_str() {
            "accept-or-reject" => verdict(actual) != "error",
            expect => verdict(expect) == verdict(actual),
        };
        if !agrees {
            self.differ.push(case.id);
            return;
        }
        self.agree += 1;
        if case.expect.starts_with("reject:") && case.expect != actual {
            self.other_reason.push(case.id);
        }
    }
}

impl Case {
    /// The files, read; or what comes out of a case whose files or words are not good.
    fn read(&self, folder: &Path) -> Result<Input, String> {
        let read = |name: &String| {
            let file = fs::read(folder.join(name));
            file.map_err(|error| format!("error:{name}: {error}"))
        };
        let crl = |name: &String| match read(name)? {
            pem if pem.starts_with(b"-----BEGIN ") => crl_from_pem(&pem).or(Ok(pem)),
            der => Ok::<_, String>(der),
        };
        let certificate = |name: &String| {
            let certificate = Certificate::from_der(&read(name)?);
            certificate.map_err(|_| "reject:malformed-certificate".to_owned())
        };
        let verdicts = ["accept", "reject", "accept-or-reject"];
        if !verdicts.contains(&self.expect.as_str()) && !self.expect.starts_with("reject:") {
            return Err(format!("error:expect: `{}` is no verdict", self.expect));
        }
        let policy = policy::read(&self.policy).map_err(|error| format!("error:{error}"))?;
        let crls = self.crls.iter().map(crl).collect::<Result<_, _>>()?;
        let intermediates = self.intermediates.iter().map(certificate);
        Ok(Input {
            leaf: certificate(&self.leaf)?,
            intermediates: intermediates.collect::<Result<_, _>>()?,
            root: certificate(&self.root)?,
            crls,
            at: UnixTime(self.time),
            policy,
        })
    }
}

impl Input {
    /// `accept` or `reject:WHY`, and the CRLs that were not used.
    fn verdict(&self) -> (String, Vec<RefusedCrl>) {
        let issuers = [&self.intermediates[..], std::slice::from_ref(&self.root)].concat();
        let crls = self.crls.iter().map(Vec::as_slice);
        let (revocations, refused) = Revocations::load(crls, &issuers, &CrlRules::new(self.at));
        let outcome = match TrustAnchors::new(vec![self.root.clone()]) {
            Err(_) => Err("root".to_owned()),
            Ok(anchors) => {
                let verified = self.verify(&anchors, &revocations);
                verified.map_err(|error| why(&error, &refused))
            }
        };
        let actual = match outcome {
            Ok(()) => "accept".to_owned(),
            Err(why) => format!("reject:{why}"),
        };
        (actual, refused)
    }

    /// As whatever the certificate is good for.
    fn verify(&self, anchors: &TrustAnchors, revocations: &Revocations) -> Result<(), PathError> {
        let further = |path: &[&Certificate]| {
            let checked = revocations.check(path, self.at, &self.policy);
            checked.map(drop).map_err(PathError::from)
        };
        let verify = |usage| {
            let mut rules = PathRules::new(usage, self.at);
            rules.profile = Profile {
                key_identifiers: KeyIdentifiers::Optional,
                ..Profile::RFC5280
            };
            rules.further = Some(&further);
            rules.verify(&self.leaf, &self.intermediates, anchors)
        };
        match verify(Usage::ServerAuth) {
            Err(PathError::WrongUsage { .. }) => verify(Usage::ClientAuth),
            verified => verified,
        }
        .map(drop)
    }
}

fn why(error: &PathError, refused: &[RefusedCrl]) -> String {
    match error.code() {
        "certificate_revoked" => "revoked".to_owned(),
        "crl_expired" => "expired".to_owned(),
        "revocation_unknown" => {
            let mut reasons = refused
                .iter()
                .filter_map(|refused| refused_why(&refused.error));
            reasons.next().unwrap_or_else(|| "unknown".to_owned())
        }
        code => code.replace('_', "-"),
    }
}

/// Nothing for one that was refused because a better one is there.
fn refused_why(error: &CrlError) -> Option<String> {
    let word = match error {
        CrlError::NumberWentBack { .. } => return None,
        CrlError::NotVersion2 => "version",
        CrlError::NoNextUpdate => "no-next-update",
        CrlError::NoNumber => "crlnumber-missing",
        CrlError::CriticalNumber => "crlnumber-critical",
        CrlError::NotCritical { .. } => "not-critical",
        CrlError::SerialNumber => "serial-encoding",
        CrlError::OnlyAttributeCertificates => "only-attribute-certs",
        CrlError::IssuerMayNotSign => "no-crl-sign",
        CrlError::InvalidSignature => "signature",
        CrlError::UnsupportedSignatureAlgorithm => "algorithm",
        CrlError::WrongKeyIdentifier => "key-identifier",
        CrlError::NoBase { .. } => "delta-without-base",
        other => {
            let code = other.code();
            let short = code.strip_prefix("crl_").unwrap_or(code);
            return Some(short.replace('_', "-"));
        }
    };
    Some(word.to_owned())
}

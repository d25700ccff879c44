//! What to do about an error: every one has an answer.

use rustls::AlertDescription;
use sallyport_model::audit::AuditFault;

use crate::error::{Error, Outcome, alert_of, is_about_certificates};
use crate::login::CLIENT_SECRET_FILE;

const LOGIN: &str = "run: sallyport login --url URL --ca-file FILE --client-id ID";

impl Error {
    /// What to do next.
    pub(crate) fn advice(&self) -> String {
        if let Self::Unreachable { source, .. } = self
            && let Some(text) = alert_of(source).and_then(about_our_certificate)
        {
            return text.to_owned();
        }
        let text = match self {
            Self::AuditLog { finding, .. } if is_open(finding.fault) => {
                "the vault signs within ten seconds: export again, or pass --allow-open-tail"
            }
            Self::AuditLog { .. } => "trust nothing behind the last checkpoint before that line",
            Self::NotLoggedIn { .. } | Self::MissingSetting { .. } => LOGIN,
            Self::Query(_) => "leave the filter out",
            Self::NoHome => "set SALLYPORT_PROFILE to a file",
            Self::ProfileMode { path, .. } => return format!("run: chmod 600 {}", path.display()),
            Self::ProfileSyntax { .. } => "log in again: sallyport login ...",
            Self::LoginEnded { username } => {
                return format!("log in again: sallyport login --username {username} ...");
            }
            Self::Url { .. } => "write it like https://vault.example:8443",
            Self::CaFile { .. } => "give --ca-file the PEM file the vault wrote when it was made",
            Self::Read { .. } => "check that the file exists and that you may read it",
            Self::Write { .. } => "check that the directory exists and that you may write to it",
            Self::FileTooLarge { .. } => "check that this is the right file",
            Self::FileSyntax { .. } => "correct the file, or choose another one",
            Self::Print { .. } => "check where the output goes",
            Self::OtherGroup { .. } => "a grant is on one group: add one for each",
            Self::SecretNotText { what: "key" } => "of a file with its bytes: --key-format raw",
            Self::EmptySecret { .. } | Self::SecretNotText { .. } | Self::SecretTooLong { .. } => {
                "check where it is read from"
            }
            Self::SecretsDiffer { .. } => "run it again and type the same twice",
            Self::NoTerminal {
                option: CLIENT_SECRET_FILE,
                ..
            } => {
                "give --client-secret-file FILE, - in place of FILE to read it from stdin, or set SALLYPORT_CLIENT_SECRET"
            }
            Self::NoTerminal { option, .. } => {
                return format!("give {option} FILE, or {option} - to read it from stdin");
            }
            Self::OneStdin => "put all but one of them into files",
            Self::Flag { .. } => "`--help` after the command lists what goes together",
            Self::Declined => "run it again and answer y, or pass --yes",
            Self::NobodyToAsk { .. } => "if so, pass --yes",
            Self::FileExists { .. } => "choose another file, or remove this one",
            Self::KeyExists { .. } => "choose another directory, or pass --force",
            Self::Key { .. } => "check that gateway.key is a PKCS#8 PEM file, or pass --force",
            Self::Credentials(_) => "log in with the right ones: sallyport login ...",
            Self::Refused(refusal) => return refusal.advice(),
            Self::Drift { .. } => "`sallyport envoy render` prints what a TLS context asks for",
            Self::Unread { .. } => {
                "correct the filter's configuration; in place of other SDS names write references"
            }
            Self::NothingCompared { .. } => {
                "check that this is a gateway's configuration, with filters or SDS names of TLS contexts"
            }
            Self::Denied { .. } => "the check that failed says what was found",
            Self::Unreachable {
                outcome: Outcome::Unknown,
                ..
            } => "it may have been carried out all the same: look before you repeat it",
            Self::Unreachable { source, .. } if is_about_certificates(source) => {
                "check that the CA file is the vault's and that the url has a name of its \
                 certificate"
            }
            Self::Unreachable { .. } => "check the url, and that the vault is running: GET /livez",
            Self::Ended { .. } => {
                "so it is where the vault does not take the gateway's certificate: see whether it has ended and \
                 whose it is (openssl x509 -noout -enddate -issuer -in gateway.pem); it may also have been stopped"
            }
            Self::Nonsense { .. } => {
                "check that the url is a vault's, and that its version fits this command's"
            }
            Self::NotFetched { .. } => {
                "correct it, or put a list into force by hand: sallyport crl-distributor publish ..."
            }
            Self::NoneThere {
                what: "environment",
            } => {
                "create one: sallyport env create NAME; or ask an administrator for a permission: \
                 sallyport permission set ..."
            }
            Self::NoneThere { .. } => {
                "ask an administrator for a permission: sallyport permission set ..."
            }
            Self::NoSuch { known, .. } if known.count() == 0 => {
                "create it first (`sallyport --help` shows how); if it is there, you may lack \
                 read:secrets_metadata to see names: its id works without"
            }
            Self::NoSuch { .. } => "use one of these names, or an id",
            Self::Ambiguous { .. } => "use an id",
            Self::Undecided { option, .. } => return format!("choose with {option} NAME"),
        };
        text.to_owned()
    }
}

/// A server of TLS 1.3 says it after the handshake, in place of an answer: nothing was carried out.
const fn about_our_certificate(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::CertificateExpired => {
            "the gateway's certificate has ended: make a join token (`sallyport gateway join-token NAME`) and \
             run `sallyport gateway enroll`; if its dates are good, check both clocks"
        }
        AlertDescription::CertificateRevoked => {
            "the gateway's certificate is revoked: have its CA issue another one"
        }
        AlertDescription::CertificateRequired => {
            "this door is for gateways, which show a certificate: for everything else give the url of the other \
             door"
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => {
            "the vault does not take the gateway's certificate: check that --gateway or --out is the directory \
             for this vault; another CA has to be in its settings (gateway_cas)"
        }
        _ => return None,
    })
}

const fn is_open(fault: AuditFault) -> bool {
    matches!(fault, AuditFault::OpenTail { .. })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn said(alert: AlertDescription) -> (String, String, u8) {
        let source = io::Error::other(rustls::Error::AlertReceived(alert));
        let error = Error::Unreachable {
            url: "https://vault.example:8444".to_owned(),
            source: Box::new(ureq::Error::Io(source)),
            outcome: Outcome::Nothing,
        };
        (error.to_string(), error.advice(), error.exit_code())
    }

    #[test]
    fn a_certificate_that_the_vault_refuses_is_not_taken_for_the_vaults() {
        assert_eq!(
            said(AlertDescription::CertificateExpired),
            (
                "cannot reach https://vault.example:8444: received fatal alert: CertificateExpired"
                    .to_owned(),
                "the gateway's certificate has ended: make a join token (`sallyport gateway join-token NAME`) \
                 and run `sallyport gateway enroll`; if its dates are good, check both clocks"
                    .to_owned(),
                3
            )
        );
        for (alert, words) in [
            (AlertDescription::UnknownCA, "for this vault"),
            (AlertDescription::CertificateRevoked, "is revoked"),
            (AlertDescription::CertificateRequired, "for gateways"),
            (
                AlertDescription::ProtocolVersion,
                "the CA file is the vault's",
            ),
        ] {
            let (_, advice, _) = said(alert);
            assert!(advice.contains(words), "{alert:?}: {advice}");
        }
    }
}

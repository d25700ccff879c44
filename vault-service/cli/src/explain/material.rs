//! Where the TLS context comes from: the vault, as a gateway gets it, or a file.

use std::path::Path;

use sallyport_filter_core::{Prepared, TlsContext};
use sallyport_model::{
    ClientCertificatePolicy, Der, Known, Outcome, RESOLVE_PATH, Reference, ResolveRequest,
    ResolveResponse, SecretString, ServerCertificatePolicy, TlsContextMaterial, TlsVersion,
    TruststoreMaterial,
};
use sallyport_pki::{Certificate, PinSet, certificates_from_pem};
use serde_json::json;
use ureq::http::Method;

use super::MAX_PEM;
use crate::error::Error;
use crate::internal_door::AsGateway;
use crate::private_file;
use crate::refusal::Refusal;

const CONTEXT: &str = "--context";
const PINSET: &str = "--pinset";

/// What a peer is judged by.
pub(super) struct Material {
    pub(super) context: TlsContext,
    pub(super) pins: Option<PinSet>,
}

impl Material {
    /// From the vault. The vault logs it as any other read of the gateway.
    pub(super) fn fetch(
        gateway: &AsGateway,
        context: &Reference,
        pinset: Option<&Reference>,
    ) -> Result<Self, Error> {
        let door = gateway.open()?;
        let references: Vec<&Reference> = std::iter::once(context).chain(pinset).collect();
        let known = references.iter().map(|reference| Known {
            reference: reference.to_string(),
            revision: None,
        });
        let request = ResolveRequest {
            scope: door.scope,
            references: known.collect(),
            wait: 0,
        };
        let nonsense = |reason: &dyn ToString| {
            Error::nonsense(&Method::POST, RESOLVE_PATH, &reason.to_string())
        };
        let request = serde_json::to_vec(&request).map_err(|error| nonsense(&error))?;
        let answer = door.post(RESOLVE_PATH, &request)?;
        let answer: ResolveResponse<SecretString> =
            serde_json::from_slice(&answer.body).map_err(|error| nonsense(&error))?;
        let mut outcomes = answer.answers.into_iter().map(|answer| answer.outcome);
        let mut next = |reference: &Reference, flag| match outcomes.next() {
            Some(outcome) => prepared(reference, outcome, flag),
            None => Err(nonsense(&"an answer is missing")),
        };
        let Prepared::TlsContext(context) = next(context, CONTEXT)? else {
            return Err(wrong(context, CONTEXT));
        };
        let pins = match pinset {
            None => None,
            Some(reference) => match next(reference, PINSET)? {
                Prepared::CertificatePinset(pins) => Some(pins),
                _ => return Err(wrong(reference, PINSET)),
            },
        };
        Ok(Self {
            context: *context,
            pins,
        })
    }

    /// A context with nothing but a truststore: TLS 1.2 and newer, both sides verified.
    pub(super) fn of_truststore(path: &Path) -> Result<Self, Error> {
        let syntax = |reason: String| Error::FileSyntax {
            path: path.to_owned(),
            reason,
        };
        let pem = private_file::read(path, MAX_PEM)?;
        let anchors = certificates_from_pem(&pem).map_err(|error| syntax(error.to_string()))?;
        let material = TlsContextMaterial {
            min_version: TlsVersion::V1_2,
            max_version: TlsVersion::V1_3,
            versions: None,
            cipher_suites: Vec::new(),
            alpn_protocols: Vec::new(),
            client_certificate: ClientCertificatePolicy::Require,
            server_certificate: ServerCertificatePolicy::Verify,
            truststore: Some(TruststoreMaterial {
                anchors: anchors.iter().map(Certificate::der).map(der).collect(),
                pinned: Vec::new(),
            }),
            verification: Box::default(),
        };
        let context = TlsContext::new(material).map_err(|error| syntax(error.to_string()))?;
        Ok(Self {
            context,
            pins: None,
        })
    }
}

fn prepared(
    reference: &Reference,
    outcome: Outcome<SecretString>,
    flag: &'static str,
) -> Result<Prepared, Error> {
    let (status, code, detail) = match outcome {
        Outcome::Current { material, .. } => {
            return Prepared::new(reference, material).map_err(|error| {
                let reason = format!("{reference}: {error}");
                Error::nonsense(&Method::POST, RESOLVE_PATH, &reason)
            });
        }
        Outcome::Refused { reason, detail } => (404, reason.as_str(), detail),
        Outcome::Withdrawn {} => (410, "withdrawn", format!("{reference} was deleted")),
        Outcome::Unchanged { .. } => return Err(wrong(reference, flag)),
    };
    let body = json!({ "code": code, "detail": detail }).to_string();
    Err(Error::Refused(Box::new(Refusal::from_body(status, &body))))
}

fn wrong(reference: &Reference, flag: &'static str) -> Error {
    let kind = match flag {
        CONTEXT => "a TLS context",
        _ => "a certificate pinset",
    };
    Error::Flag {
        flag,
        reason: format!("{reference} is not {kind}").into(),
    }
}

fn der(bytes: &[u8]) -> Der {
    Der(bytes.to_vec())
}

//! `upstream.sign`: how requests to the server are signed.

use sallyport_message::http_signatures::{self, Component};
use sallyport_message::sigv4;

use super::check::components;
use super::choice::SecretDocument;
use super::object::object;
use super::{name, reference};
use crate::config::{ConfigError, Fault};
use crate::policy::sign::{Sign, SignScheme, SignedPayload};
use crate::word::words;

/// How requests to the server are signed.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Sign", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct SignDocument {
    /// Which way.
    scheme: SchemeWord,
    /// An `S3Credential` for `sigV4`, a `SymmetricKey` for `signature`; or a choice among such.
    secret: SecretDocument,
    /// `sigV4`: the region.
    region: Option<String>,
    /// `sigV4`: the service.
    service: Option<String>,
    /// `sigV4`: whether the body is signed, or goes on as it comes.
    payload: Option<PayloadWord>,
    /// `signature`: what it covers, besides the body.
    #[cfg_attr(test, schemars(default))]
    components: Vec<String>,
    /// `signature`: its `keyid`.
    key_id: Option<String>,
    /// `signature`: its `tag`.
    tag: Option<String>,
}

object!(SignDocument {
    scheme = "scheme", required;
    secret = "secret", required;
    region = "region";
    service = "service";
    payload = "payload";
    components = "components";
    key_id = "keyId";
    tag = "tag";
});

words! {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum SchemeWord {
        /// AWS Signature Version 4.
        SigV4 = "sigV4",
        /// RFC 9421.
        Signature = "signature",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum PayloadWord {
        Signed = "signed",
        Unsigned = "unsigned",
    }
}

impl SignDocument {
    pub(super) fn read(self, section: &str) -> Result<Sign, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let secret = self
            .secret
            .read_one(&at("secret"), reference::whole_shared_secret)?;
        for (field, given, of) in [
            ("region", self.region.is_some(), SchemeWord::SigV4),
            ("service", self.service.is_some(), SchemeWord::SigV4),
            ("payload", self.payload.is_some(), SchemeWord::SigV4),
            (
                "components",
                !self.components.is_empty(),
                SchemeWord::Signature,
            ),
            ("keyId", self.key_id.is_some(), SchemeWord::Signature),
            ("tag", self.tag.is_some(), SchemeWord::Signature),
        ] {
            if given && of != self.scheme {
                return Err(ConfigError::at(at(field), Fault::OtherScheme));
            }
        }
        let quotable = |field: &str, text: Option<String>| {
            text.map(|text| name::quotable(&at(field), text))
                .transpose()
        };
        let scheme = match self.scheme {
            SchemeWord::SigV4 => {
                let region = self.region.unwrap_or_else(|| "us-east-1".to_owned());
                let service = self.service.unwrap_or_else(|| "s3".to_owned());
                let signer = sigv4::Signer::new(&region, &service)
                    .map_err(|_| ConfigError::at(section, Fault::Scope))?;
                SignScheme::SigV4 {
                    signer: Box::new(signer),
                    payload: match self.payload {
                        None | Some(PayloadWord::Signed) => SignedPayload::Signed,
                        Some(PayloadWord::Unsigned) => SignedPayload::Unsigned,
                    },
                }
            }
            SchemeWord::Signature => {
                let mut components = components(&at("components"), &self.components)?;
                // It is covered in any case, and comes last.
                let digest = Component::Field("content-digest".to_owned());
                components.retain(|one| *one != digest);
                components.push(digest);
                SignScheme::Signature {
                    signer: Box::new(http_signatures::Signer {
                        label: "gateway".to_owned(),
                        components,
                        lifetime: None,
                        tag: quotable("tag", self.tag)?,
                    }),
                    key_id: quotable("keyId", self.key_id)?,
                }
            }
        };
        Ok(Sign { secret, scheme })
    }
}

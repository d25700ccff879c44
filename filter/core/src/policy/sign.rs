//! Requests that are signed for the server behind the gateway: AWS Signature Version 4 with the credentials
//! of a store, or HTTP message signatures (RFC 9421) with a symmetric key.

use sallyport_message::http_signatures::{self, content_digest_value};
use sallyport_message::sigv4::{self, Payload, SigV4Error};
use sallyport_message::{BodyDigest, UnixTime};
use sallyport_model::{Reference, SecretString, SharedSecret};

use crate::choice::Pick;
use crate::decide::Denial;
use crate::head::Head;
use crate::header_name::HeaderName;
use crate::material::Prepared;
use crate::reason::Reason;
use crate::usable::Usable;

/// How requests are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// With what.
    pub secret: Pick<Reference>,
    /// How.
    pub scheme: SignScheme,
}

/// A way to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignScheme {
    /// With an `S3Credential`.
    SigV4 {
        /// For a service in a region.
        signer: Box<sigv4::Signer>,
        /// What it says of the body.
        payload: SignedPayload,
    },
    /// With a `SymmetricKey`: these components, and `content-digest` where there is a body.
    Signature {
        /// Over the digest, among others.
        signer: Box<http_signatures::Signer>,
        /// `keyid`.
        key_id: Option<String>,
    },
}

/// What a signature of version 4 says of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedPayload {
    /// Its hash: the body is held until it is there as a whole.
    #[default]
    Signed,
    /// `UNSIGNED-PAYLOAD`: it goes on as it comes.
    Unsigned,
}

/// What becomes of the headers.
pub(crate) struct Signed {
    pub(crate) remove: Vec<HeaderName>,
    pub(crate) set: Vec<(HeaderName, SecretString)>,
}

impl Sign {
    /// Whether the whole body has to be seen first.
    pub(crate) const fn needs_body(&self) -> bool {
        !matches!(
            self.scheme,
            SignScheme::SigV4 {
                payload: SignedPayload::Unsigned,
                ..
            }
        )
    }

    /// With what this request is signed.
    pub(crate) fn secret_for(&self, head: &Head) -> Result<&Reference, Denial> {
        self.secret.of(head)
    }

    /// The headers that make this request a signed one. `unique` is like that of no other request.
    pub(crate) fn sign(
        &self,
        usable: Usable<'_>,
        head: &mut Head,
        body: &[u8],
        unique: &str,
        now: UnixTime,
    ) -> Result<Signed, Denial> {
        let secret = self.secret_for(head)?;
        let failed = |reason| Denial::new(reason).with_detail(secret);
        let (prepared, _) = usable.look_up(secret).map_err(failed)?;
        match (&self.scheme, prepared) {
            (
                SignScheme::SigV4 { signer, payload },
                Prepared::SharedSecret(
                    SharedSecret::S3Credential {
                        access_key_id,
                        secret_access_key,
                        session_token,
                    },
                    derived,
                ),
            ) => {
                let payload = match payload {
                    SignedPayload::Signed => Payload::Signed(BodyDigest::of(body)),
                    SignedPayload::Unsigned => Payload::Unsigned,
                };
                let credentials = sigv4::Credentials {
                    access_key_id,
                    secret_access_key,
                    session_token: session_token.as_ref(),
                    kept: &derived.signing_key,
                };
                let signed = head.with(|request| signer.sign(request, payload, &credentials, now));
                match signed {
                    Some(Ok(signed)) => Ok(Signed {
                        remove: signed.remove.into_iter().map(HeaderName::ours).collect(),
                        set: named(signed.set),
                    }),
                    Some(Err(SigV4Error::Credentials | SigV4Error::SessionToken)) => {
                        Err(failed(Reason::CredentialUnusable))
                    }
                    Some(Err(_)) | None => Err(failed(Reason::RequestMalformed)),
                }
            }
            (
                SignScheme::Signature { signer, key_id },
                Prepared::SharedSecret(SharedSecret::SymmetricKey { key }, derived),
            ) => {
                let key = derived.key(key);
                let key = key.map_err(|_| failed(Reason::CredentialUnusable))?;
                let called;
                let key = match key_id {
                    Some(id) => {
                        called = key.clone().with_id(id.as_str());
                        &called
                    }
                    None => key,
                };
                let digest = content_digest_value(&BodyDigest::of(body));
                // One signature, over one digest: ours.
                for name in [CONTENT_DIGEST, "signature-input", "signature"] {
                    head.remove(name);
                }
                head.add(CONTENT_DIGEST, &digest);
                let made = head.with(|request| signer.sign(request, key, Some(unique), now));
                match made {
                    Some(Ok(made)) => Ok(Signed {
                        remove: Vec::new(),
                        set: named(vec![
                            (CONTENT_DIGEST, SecretString::new(digest)),
                            ("signature-input", SecretString::new(made.signature_input)),
                            ("signature", SecretString::new(made.signature)),
                        ]),
                    }),
                    Some(Err(http_signatures::HttpSignatureError::KeyTooShort(_))) => {
                        Err(failed(Reason::CredentialUnusable))
                    }
                    Some(Err(_)) | None => Err(failed(Reason::RequestMalformed)),
                }
            }
            _ => Err(failed(Reason::CredentialUnusable)),
        }
    }
}

const CONTENT_DIGEST: &str = "content-digest";

fn named(set: Vec<(&'static str, SecretString)>) -> Vec<(HeaderName, SecretString)> {
    let named = set.into_iter();
    named
        .map(|(name, value)| (HeaderName::ours(name), value))
        .collect()
}

//! Revocation lists on the wire: verified and compacted by the vault service, looked up by the
//! gateway without reading a CRL again. A million entries are 30 MB of JSON.

mod conversion;
mod policy;

use serde::{Deserialize, Serialize};

pub use conversion::RevocationMaterialError;
pub use policy::{DenyOrAllow, RevocationPolicyMaterial};

use crate::der::Der;

/// Lists of a truststore, each of another signer or scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationMaterial {
    /// The lists.
    pub lists: Vec<RevocationListMaterial>,
}

/// What one signer says about the certificates of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationListMaterial {
    /// DER of the signer's name.
    pub signer: Der,
    /// SHA-256 of the signer's SubjectPublicKeyInfo (32 bytes).
    pub signer_spki_sha256: Der,
    /// Where the signer is no CA itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<DelegationMaterial>,
    /// Names of the distribution point, each the DER of a `GeneralName`; empty for all.
    pub distribution_points: Vec<Der>,
    /// Kind of certificates.
    pub certificates: CertificatesMaterial,
    /// Whether certificates of other issuers may be listed.
    pub indirect: bool,
    /// The complete CRL.
    pub complete: EditionMaterial,
    /// Changes since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<EditionMaterial>,
}

/// The certificate with which a CA lets another sign CRLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DelegationMaterial {
    /// SHA-256 of the CA's SubjectPublicKeyInfo (32 bytes).
    pub by_spki_sha256: Der,
    /// DER of the CA's name.
    pub issuer: Der,
    /// Content octets of the serial number.
    pub serial: Der,
    /// First moment of validity, Unix seconds.
    pub not_before: i64,
    /// Last moment of validity, Unix seconds.
    pub not_after: i64,
}

/// Kind of certificates that a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CertificatesMaterial {
    /// All of them.
    All,
    /// Those that are not a CA's.
    UserOnly,
    /// Those of CAs.
    CaOnly,
}

/// The content of one CRL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditionMaterial {
    /// cRLNumber, big-endian, at most 20 octets.
    pub number: Der,
    /// thisUpdate, Unix seconds.
    pub this_update: i64,
    /// nextUpdate, Unix seconds.
    pub next_update: i64,
    /// Listed serial numbers, by issuer.
    pub listed: Vec<ListedMaterial>,
}

/// Listed serial numbers of one issuer: the records of
/// [`sallyport_pki::ListedSerials`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListedMaterial {
    /// DER of the issuer's name.
    pub issuer: Der,
    /// Octets of a serial number.
    pub width: usize,
    /// One record after the other, ascending.
    pub records: Der,
}

#[cfg(test)]
mod tests {
    use sallyport_pki::{InvalidListedSerials, InvalidRevocations, Revocations};

    use super::*;

    /// Serial numbers 1 and 2 of `CN=a`, both on hold since 1970-01-01T00:00:07Z.
    fn material() -> RevocationMaterial {
        let edition = |number: u8, records: Vec<u8>| EditionMaterial {
            number: Der(vec![number]),
            this_update: 100,
            next_update: 200,
            listed: vec![ListedMaterial {
                issuer: Der(vec![0x30, 0]),
                width: 8,
                records: Der(records),
            }],
        };
        let record = |serial: u8| vec![0, 0, 0, 0, 0, 0, 0, serial, 0, 0, 0, 0, 7, 6];
        RevocationMaterial {
            lists: vec![RevocationListMaterial {
                signer: Der(vec![0x30, 0]),
                signer_spki_sha256: Der(vec![7; 32]),
                delegation: Some(DelegationMaterial {
                    by_spki_sha256: Der(vec![8; 32]),
                    issuer: Der(vec![0x30, 0]),
                    serial: Der(vec![5]),
                    not_before: 0,
                    not_after: 1_000,
                }),
                distribution_points: vec![Der(vec![0x86, 1, b'a'])],
                certificates: CertificatesMaterial::UserOnly,
                indirect: false,
                complete: edition(1, [record(1), record(2)].concat()),
                delta: Some(edition(2, record(2))),
            }],
        }
    }

    #[test]
    fn lists_survive_the_wire() {
        let sent = material();
        let text = serde_json::to_string(&sent).unwrap();
        let received: RevocationMaterial = serde_json::from_str(&text).unwrap();
        assert_eq!(received, sent);
        let revocations = Revocations::try_from(received).unwrap();
        assert_eq!(RevocationMaterial::from(&revocations), sent);
        let list = &revocations.lists()[0];
        assert_eq!(list.complete.entries(), 2);
        assert_eq!(list.number().to_string(), "2");
        assert!(
            text.contains(r#""records":"AAAAAAAAAAEAAAAABwYAAAAAAAAAAgAAAAAHBg==""#),
            "{text}"
        );
    }

    #[test]
    fn lists_that_could_not_be_searched_are_refused() {
        type Damage = fn(&mut RevocationMaterial);
        let damages: [(Damage, RevocationMaterialError); 8] = [
            (
                |m| m.lists[0].signer_spki_sha256.0.truncate(31),
                RevocationMaterialError::Digest,
            ),
            (
                |m| m.lists[0].complete.number.0 = vec![1; 21],
                RevocationMaterialError::Number,
            ),
            (|m| records(m).truncate(27), InvalidListedSerials.into()),
            (|m| records(m).rotate_left(14), InvalidListedSerials.into()),
            (|m| records(m)[13] = 7, InvalidListedSerials.into()),
            (
                |m| m.lists[0].complete.listed[0].width = 9,
                InvalidListedSerials.into(),
            ),
            (
                |m| m.lists[0].complete.next_update = 100,
                InvalidListedSerials.into(),
            ),
            (
                |m| m.lists.extend_from_within(..),
                InvalidRevocations.into(),
            ),
        ];
        fn records(material: &mut RevocationMaterial) -> &mut Vec<u8> {
            &mut material.lists[0].complete.listed[0].records.0
        }
        for (damage, error) in damages {
            let mut damaged = material();
            damage(&mut damaged);
            assert_eq!(Revocations::try_from(damaged), Err(error));
        }
    }
}

//! Pins on the wire.

use sallyport_pki::{Digest, Pin, PinKind, PinRole, PinSet, PinSetError, UnixTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::der::Der;

/// Pins: a peer passes if a certificate on its verified path, or its public key, is pinned. A set of
/// active keys without dates is written as it was before there was more, so that older filters still
/// read it; others they refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinsetMaterial {
    /// SHA-256 of SubjectPublicKeyInfo (32 bytes each), as in RFC 7469 section 2.4: active pins
    /// without dates.
    pub spki_sha256: Vec<Der>,
    /// All other pins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<PinMaterial>,
}

/// A pin with its life cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinMaterial {
    /// What it is a digest of.
    #[serde(with = "PinKindWord")]
    pub kind: PinKind,
    /// SHA-256 (32 bytes).
    pub digest: Der,
    /// Whether it counts.
    #[serde(with = "PinRoleWord")]
    pub role: PinRole,
    /// First moment at which it counts, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    /// Last moment at which it counts, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
}

/// How a [`PinKind`] is written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "PinKind", rename_all = "camelCase")]
pub enum PinKindWord {
    /// `certificate`.
    Certificate,
    /// `spki`.
    Spki,
}

/// How a [`PinRole`] is written.
#[derive(Serialize, Deserialize)]
#[serde(remote = "PinRole", rename_all = "camelCase")]
pub enum PinRoleWord {
    /// `active`.
    Active,
    /// `backup`.
    Backup,
    /// `retired`.
    Retired,
}

/// Why material is no pin set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PinsetMaterialError {
    /// A pin is not 32 bytes long.
    #[error("pin {position} is not a SHA-256 digest")]
    Digest {
        /// Counts from 1, over both lists.
        position: usize,
    },
    /// The pins do not make a set.
    #[error(transparent)]
    Set(#[from] PinSetError),
}

impl PinsetMaterial {
    /// The wire form of pins, in the order given.
    pub fn of<'a>(pins: impl IntoIterator<Item = &'a Pin>) -> Self {
        let mut material = Self::default();
        for pin in pins {
            let digest = Der(pin.digest.as_bytes().to_vec());
            if *pin == Pin::active(PinKind::Spki, pin.digest) {
                material.spki_sha256.push(digest);
            } else {
                material.pins.push(PinMaterial {
                    kind: pin.kind,
                    digest,
                    role: pin.role,
                    not_before: pin.not_before.map(|moment| moment.0),
                    not_after: pin.not_after.map(|moment| moment.0),
                });
            }
        }
        material
    }
}

impl TryFrom<&PinsetMaterial> for PinSet {
    type Error = PinsetMaterialError;

    fn try_from(material: &PinsetMaterial) -> Result<Self, PinsetMaterialError> {
        let digest = |position: usize, der: &Der| {
            Digest::from_slice(&der.0).ok_or(PinsetMaterialError::Digest { position })
        };
        let keys = (1..).zip(&material.spki_sha256);
        let keys = keys.map(|(position, der)| {
            digest(position, der).map(|digest| Pin::active(PinKind::Spki, digest))
        });
        let others = (material.spki_sha256.len() + 1..).zip(&material.pins);
        let others = others.map(|(position, pin)| {
            Ok(Pin {
                kind: pin.kind,
                digest: digest(position, &pin.digest)?,
                role: pin.role,
                not_before: pin.not_before.map(UnixTime),
                not_after: pin.not_after.map(UnixTime),
            })
        });
        let pins = keys
            .chain(others)
            .collect::<Result<_, PinsetMaterialError>>()?;
        Ok(Self::new(pins)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<PinSet, String> {
        let material: PinsetMaterial =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        PinSet::try_from(&material).map_err(|error| error.to_string())
    }

    fn digest(byte: u8) -> Digest {
        Digest::new([byte; 32])
    }

    /// 32 bytes of 0x01, as base64.
    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn what_older_vaults_send_are_active_keys_and_older_filters_read_what_is_no_more_than_that() {
        let set = read(&format!(r#"{{"spkiSha256":["{ONE}"]}}"#)).unwrap();
        assert_eq!(set.pins(), [Pin::active(PinKind::Spki, digest(1))]);
        let text = serde_json::to_string(&PinsetMaterial::of(set.pins())).unwrap();
        assert_eq!(text, format!(r#"{{"spkiSha256":["{ONE}"]}}"#));
    }

    #[test]
    fn every_pin_comes_back_as_it_was_sent() {
        let pins = [
            Pin::active(PinKind::Spki, digest(1)),
            Pin::active(PinKind::Certificate, digest(1)),
            Pin {
                role: PinRole::Backup,
                not_before: Some(UnixTime(-1)),
                ..Pin::active(PinKind::Spki, digest(2))
            },
            Pin {
                role: PinRole::Retired,
                not_after: Some(UnixTime(i64::MAX)),
                ..Pin::active(PinKind::Certificate, digest(3))
            },
        ];
        let text = serde_json::to_string(&PinsetMaterial::of(&pins)).unwrap();
        assert_eq!(
            read(&text).unwrap().pins(),
            PinSet::new(pins.to_vec()).unwrap().pins()
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_skipped() {
        let pin =
            |fields: &str| format!(r#"{{"spkiSha256":[],"pins":[{{"digest":"{ONE}",{fields}}}]}}"#);
        assert!(read(&pin(r#""kind":"spki","role":"active""#)).is_ok());
        for refused in [
            pin(r#""kind":"spki""#),
            pin(r#""role":"active""#),
            pin(r#""kind":"sha1","role":"active""#),
            pin(r#""kind":"spki","role":"Active""#),
            pin(r#""kind":"spki","role":"active","notAfter":"2026-01-01""#),
            pin(r#""kind":"spki","role":"active","notAfter":1.5"#),
            pin(r#""kind":"spki","role":"active","expires":1"#),
            pin(r#""kind":"spki","role":"active","role":"retired""#),
            pin(r#""kind":"spki","role":"active","notBefore":2,"notAfter":1"#),
            pin(r#""kind":"spki","role":"retired""#),
            r#"{"spkiSha256":[]}"#.to_owned(),
            r#"{"spkiSha256":["AQE="]}"#.to_owned(),
            r#"{"spkiSha256":["not base64"]}"#.to_owned(),
            r#"{"pins":[]}"#.to_owned(),
            format!(r#"{{"spkiSha256":["{ONE}"],"more":[]}}"#),
        ] {
            assert!(read(&refused).is_err(), "{refused}");
        }
        let short = format!(
            r#"{{"spkiSha256":["{ONE}"],"pins":[{{"kind":"spki","role":"backup","digest":"AQE="}}]}}"#
        );
        assert_eq!(
            read(&short),
            Err("pin 2 is not a SHA-256 digest".to_owned())
        );
    }
}

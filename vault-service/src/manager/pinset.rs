//! Certificate pinsets: keys and certificates of which a peer must present one.

use sallyport_model::{Collection, Der, PinsetMaterial, SecretName};
use sallyport_pki::{
    Certificate, Pin, PinKind, PinRole, PinSet, UnixTime, certificates_from_pem_up_to,
};
use serde_json::{Map, Value, json};

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::expiry::first_to_end;
use super::form::{Form, Parts};
use super::limits::UploadLimits;
use super::losses::losses;
use super::metadata::{Metadata, certificate_details};
use super::pin_upload::{self, NotedPin};
use super::target::{Precondition, Target};
use super::update::SecretChange;
use super::violation::Violation;
use crate::clock;
use crate::payload::{Payload, PinsetPayload};
use crate::store::GroupRecord;

const PARTS: Parts = Parts {
    texts: &["name", "pins", "expirationDate"],
    files: &["certificatePinset"],
    listed: "name, certificatePinset, pins, expirationDate",
};

/// What is pinned.
struct Pinned {
    /// The key of each is an active pin without dates.
    certificates: Vec<Certificate>,
    /// Of the file they came in.
    file_name: Option<String>,
    /// What is pinned besides.
    pins: Vec<NotedPin>,
}

impl Manager {
    /// Checks an uploaded pinset. Of a certificate, the public key is pinned, so a renewed one with
    /// the same key still matches, and an ended certificate may still be pinned.
    pub fn certificate_pinset(form: &Form, now: UnixTime) -> Result<Draft, Violation> {
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let pins = pin_upload::in_form(form)?;
        let file = match pins.is_empty() {
            true => Some(form.required_file("certificatePinset", UploadLimits::CHAIN_FILE)?),
            false => form.file("certificatePinset", UploadLimits::CHAIN_FILE)?,
        };
        let certificates = file.map_or(Ok(Vec::new()), |file| {
            certificates_from_pem_up_to(&file.bytes, UploadLimits::PINNED)
                .map_err(|error| Violation::new("certificatePinset", error))
        })?;
        let pinned = Pinned {
            certificates,
            file_name: file.map(|file| file.name.clone()),
            pins,
        };
        let place = match pinned.pins.is_empty() {
            true => "certificatePinset",
            false => "pins",
        };
        pinned.draft(place, name, form.expiration_date()?, now)
    }
}

impl Manager {
    /// The next version of a pinset: its certificates with other pins beside them. They are public,
    /// so nothing has to be opened. The draft is for the version it was made from, and no other.
    pub async fn repinned(
        &self,
        group: &GroupRecord,
        target: Target,
        change: SecretChange,
        now: UnixTime,
    ) -> Result<(Draft, Target), ManagerError> {
        let collection = Collection::CertificatePinsets;
        change.check(collection)?;
        let (secret, version, metadata) = self.secret(group, collection, target.id).await?;
        target.precondition.check(secret.current)?;
        let pinned = Pinned {
            certificates: metadata.read_certificates()?,
            file_name: metadata
                .text("certificatePinsetFileName")
                .map(str::to_owned),
            pins: pin_upload::checked("/pins", change.pins.unwrap_or_default())?,
        };
        let name = change.name.unwrap_or(secret.name);
        let expiration_date = change.expiration_date.or(version.expiration_date);
        let mut draft = pinned.draft("/pins", name, expiration_date, now)?;
        draft.warnings.extend(losses(&metadata, &draft.metadata)?);
        let precondition = Precondition::Current(vec![secret.current]);
        let id = target.id;
        Ok((draft, Target { id, precondition }))
    }
}

impl Pinned {
    /// `place` is what is wrong if the pins are no set.
    fn draft(
        &self,
        place: &'static str,
        name: SecretName,
        expiration_date: Option<String>,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        let keys = self.certificates.iter().map(Certificate::spki_sha256);
        let keys = keys.map(|key| Pin::active(PinKind::Spki, key));
        let pins = keys.chain(self.pins.iter().map(|noted| noted.pin));
        let set = PinSet::new(pins.collect()).map_err(|error| Violation::new(place, error))?;
        let material = PinsetMaterial::of(set.pins());
        let digests = self.certificates.iter().map(Certificate::sha256);
        Ok(Draft {
            name,
            expiration_date: expiration_date
                .or_else(|| first_to_end(&self.certificates, now))
                .or_else(|| last_pin_ends(&set)),
            metadata: Metadata::showing(self.shown()).with_certificates(&self.certificates),
            payload: Payload::CertificatePinset(PinsetPayload {
                spki_sha256: material.spki_sha256,
                certificate_sha256: digests
                    .map(|digest| Der(digest.as_bytes().to_vec()))
                    .collect(),
                pins: material.pins,
            }),
            refers_to: Vec::new(),
            warnings: warnings(place, &set, now),
        })
    }

    fn shown(&self) -> Value {
        let entries: Vec<_> = self
            .certificates
            .iter()
            .map(|certificate| {
                json!({
                    "sha256": certificate.sha256().to_string(),
                    "spkiSha256": certificate.spki_sha256().to_string(),
                    "certificate": certificate_details(certificate),
                })
            })
            .collect();
        let mut shown = Map::new();
        shown.insert(
            "details".to_owned(),
            json!({ "certificateEntries": entries }),
        );
        if let Some(name) = &self.file_name {
            shown.insert("certificatePinsetFileName".to_owned(), json!(name));
        }
        if !self.pins.is_empty() {
            let pins: Vec<_> = self.pins.iter().map(NotedPin::shown).collect();
            shown.insert("pins".to_owned(), json!(pins));
        }
        Value::Object(shown)
    }
}

/// The day on which nobody can pass any more, if there is one.
fn last_pin_ends(set: &PinSet) -> Option<String> {
    let counting = set.pins().iter().filter(|pin| pin.role != PinRole::Retired);
    let ends: Option<Vec<UnixTime>> = counting.map(|pin| pin.not_after).collect();
    ends?.into_iter().max().map(clock::date)
}

/// What is allowed and may lock everybody out.
fn warnings(place: &str, set: &PinSet, now: UnixTime) -> Vec<String> {
    let mut warnings = Vec::new();
    for pin in set.pins() {
        let ended = pin.not_after.filter(|not_after| *not_after < now);
        if let Some(ended) = ended.filter(|_| pin.role != PinRole::Retired) {
            let day = clock::date(ended);
            warnings.push(format!("{place}: the {pin} counted until {day}"));
        }
    }
    if !set.pins().iter().any(|pin| pin.is_usable(now)) {
        warnings.push(format!("{place}: no pin counts now, so nobody can pass"));
    } else if !set.has_backup(now) {
        warnings.push(format!(
            "{place}: no backup pin counts, so a lost key locks everybody out until the pinset is \
             replaced; the profile strict refuses that"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::super::sample::{NOW, ended_leaf, form, leaf, refusal};
    use super::*;

    #[test]
    fn digests_of_keys_and_certificates_are_kept() {
        let pem = format!("{}{}", leaf("a").certificate, ended_leaf("b").certificate);
        let files: [(&str, &[u8]); 1] = [("certificatePinset", pem.as_bytes())];
        let draft = Manager::certificate_pinset(&form(&[("name", "x")], &files), NOW).unwrap();
        let Payload::CertificatePinset(pinset) = draft.payload else {
            panic!("another payload");
        };
        assert_eq!(
            (pinset.spki_sha256.len(), pinset.certificate_sha256.len()),
            (2, 2)
        );
        let entries = &draft.metadata.shown["details"]["certificateEntries"];
        let shown = entries[0]["sha256"].as_str().unwrap();
        assert_eq!(hex::encode(&pinset.certificate_sha256[0].0), shown);
        assert!(draft.expiration_date.unwrap().starts_with("4096"));
    }

    const HEX: &str = "0101010101010101010101010101010101010101010101010101010101010101";
    const BASE64: &str = "sha256/AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn with_pins(pins: &Value) -> Result<Draft, Violation> {
        let pins = pins.to_string();
        Manager::certificate_pinset(&form(&[("name", "x"), ("pins", &pins)], &[]), NOW)
    }

    #[test]
    fn pins_with_a_life_cycle_are_kept_shown_and_served() {
        let draft = with_pins(&json!([
            {"digest": HEX},
            {"digest": HEX, "kind": "certificate", "role": "retired", "note": "lost \u{2013} 2025"},
            {"digest": BASE64, "role": "backup", "notBefore": "2026-01-01",
             "notAfter": "2030-12-31"},
        ]))
        .unwrap();
        assert!(draft.warnings().is_empty(), "{:?}", draft.warnings());
        assert_eq!(draft.expiration_date, None);
        let shown = &draft.metadata.shown;
        assert!(shown.get("certificatePinsetFileName").is_none());
        let [first, second, third] = shown["pins"].as_array().unwrap().as_slice() else {
            panic!("{shown:?}");
        };
        assert_eq!(
            *first,
            json!({"digest": HEX, "kind": "spki", "role": "active"})
        );
        assert_eq!(second["note"], "lost \u{2013} 2025");
        assert_eq!(third["digest"], "02".repeat(32));
        assert_eq!(third["notBefore"], "2026-01-01T00:00:00Z");
        assert_eq!(third["notAfter"], "2030-12-31T23:59:59Z");
        let Payload::CertificatePinset(pinset) = draft.payload else {
            panic!("another payload");
        };
        // What older filters understand stays in the list they read.
        assert_eq!((pinset.spki_sha256.len(), pinset.pins.len()), (1, 2));
        let material = PinsetMaterial {
            spki_sha256: pinset.spki_sha256,
            pins: pinset.pins,
        };
        assert!(PinSet::try_from(&material).unwrap().has_backup(NOW));
    }

    #[test]
    fn a_pinset_that_may_lock_everybody_out_is_warned_of() {
        let pem = leaf("a").certificate;
        let files: [(&str, &[u8]); 1] = [("certificatePinset", pem.as_bytes())];
        let draft = Manager::certificate_pinset(&form(&[("name", "x")], &files), NOW).unwrap();
        assert!(draft.warnings()[0].contains("no backup pin counts"));
        let ended = json!([{"digest": HEX, "notAfter": "2026-01-01"}]);
        let draft = with_pins(&ended).unwrap();
        let warnings = draft.warnings();
        assert!(
            warnings[0].ends_with("counted until 2026-01-01"),
            "{warnings:?}"
        );
        assert!(warnings[1].contains("nobody can pass"), "{warnings:?}");
        assert_eq!(draft.expiration_date.as_deref(), Some("2026-01-01"));
    }

    #[test]
    fn a_pin_that_is_none_is_refused_at_its_place() {
        let late = json!({"digest": HEX, "notBefore": "2027-01-01", "notAfter": "2026-01-01"});
        for (pins, place, code) in [
            (json!({}), "pins", "invalid_value"),
            (json!([{}]), "pins/0", "invalid_value"),
            (json!([{"digest": "x"}]), "pins/0/digest", "invalid_value"),
            (
                json!([{"digest": HEX, "kind": "sha1"}]),
                "pins/0",
                "invalid_value",
            ),
            (
                json!([{"digest": HEX, "colour": 1}]),
                "pins/0",
                "invalid_value",
            ),
            (
                json!([{"digest": HEX, "role": "Active"}]),
                "pins/0",
                "invalid_value",
            ),
            (
                json!([{"digest": HEX}, {"digest": HEX, "notAfter": "soon"}]),
                "pins/1/notAfter",
                "invalid_value",
            ),
            (
                json!([{"digest": HEX, "note": "a\nb"}]),
                "pins/0/note",
                "invalid_value",
            ),
            (
                json!([{"digest": HEX, "note": "n".repeat(201)}]),
                "pins/0/note",
                "invalid_value",
            ),
            (json!([late]), "pins", "invalid_pinset"),
            (
                json!([{"digest": HEX, "role": "retired"}]),
                "pins",
                "invalid_pinset",
            ),
            (
                json!([{"digest": HEX}, {"digest": HEX, "role": "backup"}]),
                "pins",
                "invalid_pinset",
            ),
        ] {
            let refused = refusal(with_pins(&pins));
            assert_eq!(refused, (place.to_owned(), code), "{pins}");
        }
        assert_eq!(refusal(with_pins(&json!([]))).0, "certificatePinset");
        let most: Vec<Value> = (0..1001)
            .map(|index| json!({"digest": format!("{index:064x}")}))
            .collect();
        assert!(with_pins(&json!(most[..1000])).is_ok());
        assert_eq!(refusal(with_pins(&json!(most))).1, "invalid_pinset");
    }

    #[test]
    fn a_refusal_names_the_part() {
        let pem = leaf("a").certificate;
        let many = pem.repeat(UploadLimits::PINNED + 1);
        for (texts, file, place, code) in [
            (vec![], pem.as_str(), "name", "missing"),
            (
                vec![("name", "x"), ("type", "PEM")],
                pem.as_str(),
                "type",
                "unknown_field",
            ),
            (
                vec![("name", "x")],
                "nonsense",
                "certificatePinset",
                "invalid_certificate",
            ),
            (
                vec![("name", "x")],
                many.as_str(),
                "certificatePinset",
                "invalid_certificate",
            ),
        ] {
            let form = form(&texts, &[("certificatePinset", file.as_bytes())]);
            let refused = refusal(Manager::certificate_pinset(&form, NOW));
            assert_eq!(refused, (place.to_owned(), code), "{texts:?}");
        }
    }
}

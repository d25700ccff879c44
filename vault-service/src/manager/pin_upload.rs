//! Pins that are given one by one, with role, dates and a note.

use sallyport_model::{PinKindWord, PinRoleWord};
use sallyport_pki::{Digest, DigestError, Pin, PinKind, PinRole, UnixTime};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::form::Form;
use super::limits::UploadLimits;
use super::violation::{Problem, Violation};
use crate::clock;
use crate::store::StoreError;

/// A pin as it is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinUpload {
    digest: String,
    #[serde(default = "spki", with = "PinKindWord")]
    kind: PinKind,
    #[serde(default = "active", with = "PinRoleWord")]
    role: PinRole,
    not_before: Option<String>,
    not_after: Option<String>,
    note: Option<String>,
}

impl PinUpload {
    pub(super) fn is_retired(&self) -> bool {
        self.role == PinRole::Retired
    }
}

/// A pin, and what somebody wrote down about it.
pub(super) struct NotedPin {
    pub(super) pin: Pin,
    note: Option<String>,
}

const fn spki() -> PinKind {
    PinKind::Spki
}

const fn active() -> PinRole {
    PinRole::Active
}

/// The JSON list in the part `pins` of a form; empty if there is none.
pub(super) fn in_form(form: &Form) -> Result<Vec<NotedPin>, Violation> {
    let Some(text) = form.text("pins") else {
        return Ok(Vec::new());
    };
    let text = text.expose();
    if text.len() > UploadLimits::PIN_LIST {
        let limit = UploadLimits::PIN_LIST;
        return Err(Violation::new("pins", Problem::TooLarge { limit }));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let uploads: Vec<PinUpload> =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().iter();
            let place = path.fold("pins".to_owned(), |place, segment| match segment {
                serde_path_to_error::Segment::Seq { index } => format!("{place}/{index}"),
                _ => place,
            });
            unreadable(place)
        })?;
    deserializer
        .end()
        .map_err(|_| unreadable("pins".to_owned()))?;
    checked("pins", uploads)
}

/// The pins of a version that was stored.
pub(super) fn stored(shown: &Value) -> Result<Vec<Pin>, StoreError> {
    let uploads = Vec::<PinUpload>::deserialize(shown);
    let pins = uploads
        .ok()
        .and_then(|uploads| checked("pins", uploads).ok());
    let pins = pins.ok_or(StoreError::Damaged {
        what: "pins of a secret",
    })?;
    Ok(pins.into_iter().map(|noted| noted.pin).collect())
}

/// The pins of a list that stands at `place`.
pub(super) fn checked(place: &str, uploads: Vec<PinUpload>) -> Result<Vec<NotedPin>, Violation> {
    let numbered = uploads.into_iter().enumerate();
    let pins = numbered.map(|(index, upload)| upload.checked(&format!("{place}/{index}")));
    pins.collect()
}

fn unreadable(place: String) -> Violation {
    let expected = "a JSON list of pins is wanted, each with digest, and kind (spki, certificate), \
                    role (active, backup, retired), notBefore, notAfter and note as needed";
    let expected = expected.to_owned();
    Violation::new(place, Problem::Value { expected })
}

impl PinUpload {
    fn checked(self, place: &str) -> Result<NotedPin, Violation> {
        let wrong = |field: &str, expected: &str| {
            let expected = expected.to_owned();
            Violation::new(format!("{place}/{field}"), Problem::Value { expected })
        };
        let moment = |field: &str, text: Option<String>, read: fn(&str) -> Option<UnixTime>| {
            let text = text.filter(|text| !text.is_empty());
            let moment = text.map(|text| {
                read(&text).ok_or_else(|| wrong(field, "a day (YYYY-MM-DD) or RFC 3339 is wanted"))
            });
            moment.transpose()
        };
        let digest: Digest = self
            .digest
            .parse()
            .map_err(|error: DigestError| wrong("digest", &error.to_string()))?;
        let note = self.note.filter(|note| !note.is_empty());
        if note.as_deref().is_some_and(|note| !is_note(note)) {
            let limit = UploadLimits::NOTE;
            let expected = format!("a note has at most {limit} characters, all of them printable");
            return Err(wrong("note", &expected));
        }
        Ok(NotedPin {
            pin: Pin {
                kind: self.kind,
                digest,
                role: self.role,
                not_before: moment("notBefore", self.not_before, clock::first_moment)?,
                not_after: moment("notAfter", self.not_after, clock::last_moment)?,
            },
            note,
        })
    }
}

fn is_note(text: &str) -> bool {
    text.chars().count() <= UploadLimits::NOTE && !text.chars().any(char::is_control)
}

impl NotedPin {
    /// As the API shows it.
    pub(super) fn shown(&self) -> Value {
        let pin = &self.pin;
        let mut shown = Map::new();
        shown.insert("digest".to_owned(), json!(pin.digest.to_string()));
        shown.insert("kind".to_owned(), json!(pin.kind.as_str()));
        shown.insert("role".to_owned(), json!(pin.role.as_str()));
        for (field, moment) in [("notBefore", pin.not_before), ("notAfter", pin.not_after)] {
            if let Some(moment) = moment {
                shown.insert(field.to_owned(), json!(clock::rfc3339(moment)));
            }
        }
        if let Some(note) = &self.note {
            shown.insert("note".to_owned(), json!(note));
        }
        Value::Object(shown)
    }
}

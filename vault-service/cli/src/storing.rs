//! `create`, `replace`, `stage`: what stores a version of a secret.

use clap::Args;
use sallyport_model::SecretName;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::arguments::{Existing, InGroup};
use crate::collection::GroupCollection;
use crate::error::Error;
use crate::expiration::Expiring;
use crate::kind::{Kind, Upload};
use crate::life_cycle::with;
use crate::names::Named;
use crate::output::{Output, text_of};
use crate::request::Request;
use crate::writing::{Expecting, Storing};

/// `create`.
#[derive(Args)]
pub(crate) struct Create<K: Kind> {
    /// 1 to 128 characters
    name: SecretName,
    #[command(flatten)]
    at: InGroup,
    #[command(flatten)]
    content: K::Content,
    #[command(flatten)]
    expiring: Expiring,
    #[command(flatten)]
    storing: Storing,
}

/// `replace` and `stage`.
#[derive(Args)]
pub(crate) struct Put<K: Kind> {
    #[command(flatten)]
    existing: Existing,
    #[command(flatten)]
    content: K::Content,
    #[command(flatten)]
    expiring: Expiring,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    storing: Storing,
}

impl<K: Kind> Create<K> {
    /// Files first: what is wrong here is not worth a request.
    pub(crate) fn run(self, output: Output) -> Result<(), Error> {
        let material = K::read(self.content)?;
        let mut place = GroupCollection::open(&self.at, K::COLLECTION)?;
        let name = self.name.as_str();
        let Upload { body, query } = K::upload(material, &mut place, name)?;
        let body = body.and(
            "expirationDate",
            self.expiring.expiration_date.map(String::from),
        );
        let request = Request::post(format!("{}{}", place.path(), query), body);
        let storing = self.storing;
        match storing.send(&mut place.session, &request, output)? {
            Some(answer) => created(
                &request.path,
                K::COLLECTION.singular(),
                name,
                &answer,
                output,
            ),
            None => Ok(()),
        }
    }
}

/// Which label a new version gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Current,
    Pending,
}

impl<K: Kind> Put<K> {
    /// Stores the version.
    pub(crate) fn run(self, label: Label, output: Output) -> Result<(), Error> {
        let material = K::read(self.content)?;
        let mut place = GroupCollection::open(&self.existing.at, K::COLLECTION)?;
        let named = place.find_named(&self.existing.name)?;
        let Upload { body, query } = K::upload(material, &mut place, &named.name)?;
        let date = self.expiring.expiration_date.map(String::from);
        let body = body.and("expirationDate", date);
        let (request, done) = match label {
            Label::Current => (
                Request::put(format!("{}{query}", place.item(named.id)), body),
                "Replaced",
            ),
            Label::Pending => (
                Request::post(place.own_item(named.id, &format!("versions{query}")), body),
                "Staged a pending version of",
            ),
        };
        let request = request.if_match(self.expecting.if_match);
        let storing = self.storing;
        let done = format!("{done} {}", K::COLLECTION.singular());
        match storing.send(&mut place.session, &request, output)? {
            Some(answer) => stored(&answer, &named, &done, output),
            None => Ok(()),
        }
    }
}

/// Prints what the vault said about a new version of `named`.
pub(crate) fn stored(
    answer: &Value,
    named: &Named,
    done: &str,
    output: Output,
) -> Result<(), Error> {
    let Named { id, name } = named;
    let number = answer.get("version").map(text_of);
    let version = number.map_or_else(String::new, |number| format!(", version {number}"));
    output.done(
        &with(answer, &json!({"id": id, "name": name})),
        &format!("{done} {named}{version}"),
    )
}

/// Prints `{id, name}`, or a sentence, after a 201 with `{message, id}`.
pub(crate) fn created(
    path: &str,
    what: &str,
    name: &str,
    answer: &Value,
    output: Output,
) -> Result<(), Error> {
    let id = id_of(path, answer)?;
    let mut made = json!({"id": id, "name": name});
    if let (Some(warnings), Some(made)) = (answer.get("warnings"), made.as_object_mut()) {
        made.insert("warnings".to_owned(), warnings.clone());
    }
    output.done(&made, &format!("Created {what} {name} ({id})"))
}

/// The id in the answer to a creation.
pub(crate) fn id_of<'a>(path: &str, answer: &'a Value) -> Result<&'a str, Error> {
    answer
        .get("id")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::nonsense(&Method::POST, path, &"it has no id"))
}

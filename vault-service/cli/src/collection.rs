//! A collection of a group (its keystores, its pinsets, ...): what all kinds of secrets share.

use sallyport_model::Collection;
use serde_json::{Value, json};
use ureq::http::Method;
use uuid::Uuid;

use crate::arguments::{Existing, InGroup};
use crate::client::{Body, nonsense};
use crate::error::Error;
use crate::group;
use crate::names::{Named, pick};
use crate::output::{Output, text_of};
use crate::session::Session;

/// One collection of one group.
pub(crate) struct GroupCollection {
    collection: Collection,
    path: String,
}

impl GroupCollection {
    /// Finds the group.
    pub(crate) fn open(
        session: &mut Session,
        at: &InGroup,
        collection: Collection,
    ) -> Result<Self, Error> {
        let group = group::find(session, &at.group)?;
        Ok(Self {
            collection,
            path: session.manager(format_args!("/secretGroups/{group}/{collection}")),
        })
    }

    /// The id of a secret, by name or id.
    pub(crate) fn find(&self, session: &mut Session, wanted: &str) -> Result<Uuid, Error> {
        match wanted.parse() {
            Ok(id) => Ok(id),
            Err(_) => Ok(self.pick(session, wanted)?.id),
        }
    }

    /// Id and name of a secret: a replacement must repeat the name.
    pub(crate) fn pick(&self, session: &mut Session, wanted: &str) -> Result<Named, Error> {
        let list = session.client.list(&self.path)?;
        pick(self.collection.singular(), wanted, Named::all(&list))
    }

    /// The metadata of a secret.
    pub(crate) fn one(&self, session: &mut Session, id: Uuid) -> Result<Value, Error> {
        session.client.get(&self.item(id))
    }

    /// The path of the collection.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path of one secret.
    pub(crate) fn item(&self, id: Uuid) -> String {
        format!("{}/{id}", self.path)
    }

    /// How other secrets of the same group refer to one.
    pub(crate) fn reference(&self, id: Uuid) -> Value {
        json!({ "path": format!("{}/{id}", self.collection) })
    }

    /// Stores a new secret. `query` is empty or starts with `?`.
    pub(crate) fn create(
        &self,
        session: &mut Session,
        name: &str,
        query: &str,
        body: &Body<'_>,
        output: Output,
    ) -> Result<(), Error> {
        let path = format!("{}{query}", self.path);
        let answer = session.client.call(&Method::POST, &path, body)?;
        created(&path, self.collection.singular(), name, &answer, output)
    }

    /// Puts a new version in the place of a secret.
    pub(crate) fn replace(
        &self,
        session: &mut Session,
        named: &Named,
        query: &str,
        body: &Body<'_>,
        output: Output,
    ) -> Result<(), Error> {
        let path = format!("{}{query}", self.item(named.id));
        let answer = session.client.call(&Method::PUT, &path, body)?;
        let what = self.collection.singular();
        output.done(&answer, &format!("Replaced {what} {named}"))
    }
}

/// `<noun> list`.
pub(crate) fn list(at: &InGroup, collection: Collection, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    let place = GroupCollection::open(&mut session, at, collection)?;
    let answer = session.client.list(place.path())?;
    let rows: Vec<Vec<String>> = answer
        .iter()
        .map(|item| {
            ["/name", "/type", "/expirationDate", "/meta/id"]
                .map(|pointer| text_of(item.pointer(pointer).unwrap_or(&Value::Null)))
                .to_vec()
        })
        .collect();
    output.list(
        &answer,
        &["NAME", "TYPE", "EXPIRES", "ID"],
        &rows,
        &format!("No {}s in this group.", collection.singular()),
    )
}

/// `<noun> show`.
pub(crate) fn show(
    existing: &Existing,
    collection: Collection,
    output: Output,
) -> Result<(), Error> {
    let mut session = Session::open()?;
    let place = GroupCollection::open(&mut session, &existing.at, collection)?;
    let id = place.find(&mut session, &existing.name)?;
    output.record(&place.one(&mut session, id)?)
}

/// Prints `{id, name}`, or a sentence, after a 201 with `{message, id}`.
pub(crate) fn created(
    path: &str,
    what: &str,
    name: &str,
    answer: &Value,
    output: Output,
) -> Result<(), Error> {
    let id = answer
        .get("id")
        .and_then(Value::as_str)
        .ok_or_else(|| nonsense(&Method::POST, path, &"it has no id"))?;
    output.done(
        &json!({"id": id, "name": name}),
        &format!("Created {what} {name} ({id})"),
    )
}

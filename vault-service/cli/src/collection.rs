//! A collection of a group (its keystores, its pinsets, ...): where its secrets are.

use sallyport_model::{Collection, SecretId, SecretPath};
use uuid::Uuid;

use crate::arguments::InGroup;
use crate::error::Error;
use crate::group;
use crate::names::{self, Named};
use crate::session::Session;

/// One collection of one group, and the session to reach it.
pub(crate) struct GroupCollection {
    /// The session.
    pub(crate) session: Session,
    collection: Collection,
    group: Uuid,
}

impl GroupCollection {
    /// Finds the group.
    pub(crate) fn open(at: &InGroup, collection: Collection) -> Result<Self, Error> {
        let mut session = Session::open()?;
        let group = group::find(&mut session, &at.group)?;
        Ok(Self {
            session,
            collection,
            group,
        })
    }

    /// The id of a secret, by name or id.
    pub(crate) fn find(&mut self, wanted: &str) -> Result<Uuid, Error> {
        let list = self.path();
        names::find(&mut self.session, self.collection.singular(), wanted, &list)
    }

    /// Id and name of a secret: a replacement must repeat the name.
    pub(crate) fn find_named(&mut self, wanted: &str) -> Result<Named, Error> {
        let list = self.path();
        names::find_named(&mut self.session, self.collection.singular(), wanted, &list)
    }

    /// How another secret of the same group is referred to, by name or id.
    pub(crate) fn reference(
        &mut self,
        collection: Collection,
        wanted: &str,
    ) -> Result<SecretPath, Error> {
        let list = self.path_of(collection);
        let id = names::find(&mut self.session, collection.singular(), wanted, &list)?;
        Ok(SecretPath::of(collection, SecretId::new(id)))
    }

    /// Like [`GroupCollection::reference`], if one is wanted.
    pub(crate) fn optional_reference(
        &mut self,
        collection: Collection,
        wanted: Option<&String>,
    ) -> Result<Option<SecretPath>, Error> {
        wanted
            .map(|wanted| self.reference(collection, wanted))
            .transpose()
    }

    /// The path of the collection.
    pub(crate) fn path(&self) -> String {
        self.path_of(self.collection)
    }

    /// The path of one secret.
    pub(crate) fn item(&self, id: Uuid) -> String {
        format!("{}/{id}", self.path())
    }

    /// The path of one secret in Sallyport's own API: versions and users.
    pub(crate) fn own_item(&self, id: Uuid, rest: &str) -> String {
        let Self {
            group, collection, ..
        } = self;
        self.session.own(format_args!(
            "/secretGroups/{group}/{collection}/{id}/{rest}"
        ))
    }

    fn path_of(&self, collection: Collection) -> String {
        let group = self.group;
        self.session
            .manager(format_args!("/secretGroups/{group}/{collection}"))
    }
}

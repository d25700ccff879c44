//! The verbs all kinds of secrets share.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use sallyport_model::SecretName;
use serde_json::{Value, json};

use crate::arguments::{Existing, InGroup};
use crate::collection::GroupCollection;
use crate::error::Error;
use crate::expiration::ExpirationDate;
use crate::kind::Kind;
use crate::output::{Output, text_of};
use crate::request::{Fields, Request};
use crate::rollout;
use crate::storing::{Create, Label, Put};
use crate::versions::{self, Publish, Rollback};
use crate::writing::{Destroying, Expecting, Storing, show_warnings};

/// The verbs of the kind `K`.
#[derive(Subcommand)]
pub(crate) enum Verb<K: Kind> {
    #[command(
        about = format!("Store a new {}", K::COLLECTION.singular()),
        after_help = K::WORDS.storing_example("create")
    )]
    Create(Box<Create<K>>),
    #[command(
        about = format!("Put a new version in the place of a {}; gateways use it within a second",
            K::COLLECTION.singular()),
        after_help = K::WORDS.storing_example("replace")
    )]
    Replace(Box<Put<K>>),
    #[command(
        about = format!("List the {} of a group; values never come back", K::WORDS.plural),
        after_help = K::WORDS.list_example()
    )]
    List(List<K>),
    #[command(
        about = format!("Show what may be known of a {}, and its version", K::COLLECTION.singular()),
        after_help = K::WORDS.example("show", "")
    )]
    Show(Show),
    #[command(
        about = "Change the name or the expiration date; the value stays",
        after_help = K::WORDS.example("update", "--expiration-date 2027-12-31")
    )]
    Update(Update),
    #[command(
        about = format!("Delete a {} with all its versions; there is no way back", K::COLLECTION.singular()),
        after_help = K::WORDS.example("delete", "--yes")
    )]
    Delete(Delete),
    #[command(
        about = "List the versions, newest first: current, previous, pending",
        after_help = K::WORDS.example("versions", "")
    )]
    Versions(Existing),
    #[command(
        about = "Store a version as pending: only references with @pending get it, until `promote`",
        after_help = K::WORDS.storing_example("stage")
    )]
    Stage(Box<Put<K>>),
    #[command(
        about = "Make the pending version the current one",
        after_help = K::WORDS.example("promote", "")
    )]
    Promote(Publish),
    #[command(
        about = "Throw the pending version away",
        after_help = K::WORDS.example("discard", "")
    )]
    Discard(Discard),
    #[command(
        about = "Make the previous version, or a given one, current again",
        after_help = K::WORDS.example("rollback", "--version 3")
    )]
    Rollback(Rollback),
    #[command(
        about = "Show which secrets refer to it and which gateways may read it",
        after_help = K::WORDS.example("users", "")
    )]
    Users(Existing),
    #[command(
        about = "Show which gateways run which version, as they say themselves",
        visible_aliases = K::WORDS.rollout_aliases(),
        after_help = K::WORDS.example("rollout", "")
    )]
    Rollout(Existing),
}

/// `list`.
#[derive(Args)]
pub(crate) struct List<K: Kind> {
    #[command(flatten)]
    at: InGroup,
    #[command(flatten)]
    filter: Filter<K>,
}

/// `--type`, for kinds that have types.
#[derive(Args)]
struct Filter<K: Kind> {
    /// Only those of this type
    #[arg(
        long = "type",
        id = "only_type",
        ignore_case = true,
        hide = K::WORDS.types.is_empty(),
        value_parser = PossibleValuesParser::new(K::WORDS.types)
    )]
    only: Option<String>,
    #[arg(skip)]
    kind: std::marker::PhantomData<K>,
}

/// `show`.
#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    existing: Existing,
    /// The version with this number instead of the current one
    #[arg(long, value_name = "N")]
    version: Option<u64>,
}

/// `update`.
#[derive(Args)]
#[group(id = "changes", args = ["name_to_be", "expiration_date"], required = true, multiple = true)]
pub(crate) struct Update {
    #[command(flatten)]
    existing: Existing,
    /// The new name; references by name must follow
    #[arg(long = "name", id = "name_to_be", value_name = "NAME")]
    to: Option<SecretName>,
    /// The new day after which it counts as expired, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    expiration_date: Option<ExpirationDate>,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    storing: Storing,
}

/// `delete`.
#[derive(Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    existing: Existing,
    /// Delete it even if other secrets refer to it (needs manage access)
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    destroying: Destroying,
}

/// `discard`.
#[derive(Args)]
pub(crate) struct Discard {
    #[command(flatten)]
    existing: Existing,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    destroying: Destroying,
}

/// Runs a verb.
pub(crate) fn run<K: Kind>(verb: Verb<K>, output: Output) -> Result<(), Error> {
    let open = |existing: &Existing| GroupCollection::open(&existing.at, K::COLLECTION);
    match verb {
        Verb::Create(create) => create.run(output),
        Verb::Replace(put) => put.run(Label::Current, output),
        Verb::Stage(put) => put.run(Label::Pending, output),
        Verb::List(list) => list.run(output),
        Verb::Show(show) => show.run(&mut open(&show.existing)?, output),
        Verb::Update(update) => {
            let place = open(&update.existing)?;
            update.run(place, K::COLLECTION.singular(), output)
        }
        Verb::Delete(delete) => {
            delete.run(open(&delete.existing)?, K::COLLECTION.singular(), output)
        }
        Verb::Versions(existing) => versions::list(open(&existing)?, &existing.name, output),
        Verb::Promote(publish) => publish.promote(open(&publish.existing)?, output),
        Verb::Rollback(rollback) => rollback.run(open(&rollback.existing)?, output),
        Verb::Discard(discard) => discard.run(open(&discard.existing)?, output),
        Verb::Users(existing) => users(open(&existing)?, &existing.name, output),
        Verb::Rollout(existing) => rollout::show(open(&existing)?, &existing.name, output),
    }
}

impl<K: Kind> List<K> {
    fn run(self, output: Output) -> Result<(), Error> {
        let mut place = GroupCollection::open(&self.at, K::COLLECTION)?;
        let mut path = place.path();
        if let Some(only) = self.filter.only {
            path.push_str("?type=");
            path.push_str(&only);
        }
        let answer = place.session.client.list(&path)?;
        output.items(
            &answer,
            &[
                ("NAME", "/name"),
                ("TYPE", "/type"),
                ("EXPIRES", "/expirationDate"),
                ("ID", "/meta/id"),
            ],
            &format!("No {} in this group.", K::WORDS.plural),
        )
    }
}

impl Show {
    fn run(&self, place: &mut GroupCollection, output: Output) -> Result<(), Error> {
        let id = place.find(&self.existing.name)?;
        let path = match self.version {
            Some(number) => place.own_item(id, &format!("versions/{number}")),
            None => place.item(id),
        };
        output.record(&place.session.client.get(&path)?)
    }
}

impl Update {
    fn run(self, mut place: GroupCollection, what: &str, output: Output) -> Result<(), Error> {
        let id = place.find(&self.existing.name)?;
        let fields = Fields::default()
            .optional("name", self.to.as_ref().map(SecretName::as_str))
            .optional("expirationDate", self.expiration_date.map(String::from));
        let request = Request::patch(place.item(id), fields).if_match(self.expecting.if_match);
        let storing = self.storing;
        let Some(answer) = storing.send(&mut place.session, &request, output)? else {
            return Ok(());
        };
        let name = self.to.map_or(self.existing.name, String::from);
        output.done(
            &with(&answer, &json!({"id": id, "name": name})),
            &format!("Updated {what} {name} ({id})"),
        )
    }
}

impl Delete {
    fn run(&self, mut place: GroupCollection, what: &str, output: Output) -> Result<(), Error> {
        let name = &self.existing.name;
        let id = place.find(name)?;
        let query = if self.force { "?force=true" } else { "" };
        let request =
            Request::delete(format!("{}{query}", place.item(id))).if_match(self.expecting.if_match);
        let question = format!("Delete {what} {name} ({id}) with all its versions?");
        let destroying = self.destroying;
        if destroying.asks() {
            rollout::warn_of_users(&mut place, id);
        }
        let session = &mut place.session;
        let Some(answer) = destroying.send(session, &request, &question, output)? else {
            return Ok(());
        };
        // Whoever was asked knows already.
        if !destroying.asks() && !output.is_structured() {
            show_warnings(&answer);
        }
        let mut deleted = json!({"id": id, "name": name});
        if let (Some(warnings), Some(deleted)) = (answer.get("warnings"), deleted.as_object_mut()) {
            deleted.insert("warnings".to_owned(), warnings.clone());
        }
        output.done(&deleted, &format!("Deleted {what} {name} ({id})"))
    }
}

impl Discard {
    fn run(&self, mut place: GroupCollection, output: Output) -> Result<(), Error> {
        let name = &self.existing.name;
        let id = place.find(name)?;
        let request =
            Request::delete(place.own_item(id, "pending")).if_match(self.expecting.if_match);
        let question = format!("Throw the pending version of {name} ({id}) away?");
        let destroying = self.destroying;
        if destroying
            .send(&mut place.session, &request, &question, output)?
            .is_none()
        {
            return Ok(());
        }
        output.done(
            &json!({"id": id, "name": name}),
            &format!("Discarded the pending version of {name} ({id})"),
        )
    }
}

fn users(mut place: GroupCollection, name: &str, output: Output) -> Result<(), Error> {
    let id = place.find(name)?;
    let path = place.own_item(id, "users");
    let answer = place.session.client.get(&path)?;
    let items = |member: &str| {
        let items = answer.get(member).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let cell = |item: &Value, member: &str| text_of(item.get(member).unwrap_or(&Value::Null));
    let secrets = items("secrets").into_iter().map(|secret| {
        ["name", "collection", "labels", "id"]
            .map(|member| cell(&secret, member))
            .to_vec()
    });
    let gateways = items("gateways").into_iter().map(|gateway| {
        vec![
            cell(&gateway, "name"),
            "gateway".to_owned(),
            "-".to_owned(),
            cell(&gateway, "id"),
        ]
    });
    let cas = items("gatewayCas").into_iter().map(|ca| {
        let kind = "CA of gateways".to_owned();
        vec![
            cell(&ca, "trustDomain"),
            kind,
            "-".to_owned(),
            "-".to_owned(),
        ]
    });
    let rows: Vec<Vec<String>> = secrets.chain(gateways).chain(cas).collect();
    output.rows(
        &answer,
        &["NAME", "KIND", "VERSIONS", "ID"],
        &rows,
        "Nobody uses it.",
    )
}

/// The server's object with the members of `more`.
pub(crate) fn with(answer: &Value, more: &Value) -> Value {
    let mut all = answer.as_object().cloned().unwrap_or_default();
    all.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(all)
}

//! `secret`: the four types of shared secrets, and `rotate`.

use clap::{Args, Subcommand, ValueEnum};
use sallyport_model::{Collection, SecretString, SharedSecret};
use serde::Deserialize;

use crate::arguments::Existing;
use crate::collection::GroupCollection;
use crate::error::Error;
use crate::expiration::Expiring;
use crate::kind::{Kind, Upload, Words};
use crate::life_cycle::{self, Verb};
use crate::names::Named;
use crate::output::Output;
use crate::request::{Fields, Request, parse};
use crate::secret_value::Values;
use crate::storing::stored;
use crate::writing::{Expecting, Storing};

/// The kind.
pub(crate) struct Secret;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Shared(Verb<Secret>),
    /// Store a new value; gateways use it within a second, without a restart
    ///
    /// The type stays, and what is not given: user name, access key id, expiration date.
    #[command(
        after_help = "Example:\n  sallyport secret rotate backend --group payments --password-file -"
    )]
    Rotate(Box<Rotate>),
}

/// The type, spelled as in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
pub(crate) enum SecretType {
    /// User name and password
    #[value(name = "UsernamePassword")]
    UsernamePassword,
    /// A key, base64
    #[value(name = "SymmetricKey")]
    SymmetricKey,
    /// Access key id and secret access key
    #[value(name = "S3Credential")]
    S3Credential,
    /// Any text
    #[value(name = "Blob")]
    Blob,
}

/// What is stored.
#[derive(Args)]
pub(crate) struct Content {
    /// What kind of secret it is [default: what the other options say]
    #[arg(long, value_enum, ignore_case = true)]
    r#type: Option<SecretType>,
    #[command(flatten)]
    values: Values,
}

/// `rotate`.
#[derive(Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    existing: Existing,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    expiring: Expiring,
    #[command(flatten)]
    expecting: Expecting,
    #[command(flatten)]
    storing: Storing,
}

/// What a rotation keeps.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    r#type: SecretType,
    name: String,
    username: Option<String>,
    access_key_id: Option<String>,
    expiration_date: Option<String>,
    version: Option<u64>,
}

impl Kind for Secret {
    const COLLECTION: Collection = Collection::SharedSecrets;
    const WORDS: Words = Words {
        noun: "secret",
        plural: "shared secrets",
        example: "backend",
        content: "--username app --password-file pw.txt",
        types: &["UsernamePassword", "SymmetricKey", "S3Credential", "Blob"],
    };
    type Content = Content;
    type Material = SharedSecret<SecretString>;

    fn read(content: Content) -> Result<Self::Material, Error> {
        let secret_type = content.values.fitting_type(content.r#type)?;
        content.values.read(secret_type)
    }

    fn upload(
        material: Self::Material,
        _: &mut GroupCollection,
        name: &str,
    ) -> Result<Upload, Error> {
        Ok(Upload::of(fields(material, name, None)))
    }
}

/// Runs a verb.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Shared(verb) => life_cycle::run(verb, output),
        Command::Rotate(rotate) => rotate.run(output),
    }
}

impl Rotate {
    fn run(self, output: Output) -> Result<(), Error> {
        let mut place = GroupCollection::open(&self.existing.at, Secret::COLLECTION)?;
        let id = place.find(&self.existing.name)?;
        let path = place.item(id);
        let answer = place.session.client.get(&path)?;
        let current: Details = parse(&path, &answer)?;
        let values = self.values.or(current.username, current.access_key_id);
        let secret_type = values.fitting_type(Some(current.r#type))?;
        let date = self.expiring.expiration_date.map(String::from);
        let date = date.or(current.expiration_date);
        let fields = fields(values.read(secret_type)?, &current.name, date);
        // What was read is sent back: it must still be what is there.
        let expected = self.expecting.if_match.or(current.version);
        let request = Request::put(path, fields).if_match(expected);
        let named = Named {
            id,
            name: current.name,
        };
        let storing = self.storing;
        match storing.send(&mut place.session, &request, output)? {
            Some(answer) => stored(&answer, &named, "Rotated shared secret", output),
            None => Ok(()),
        }
    }
}

/// The body of POST and PUT, in the order the Anypoint CLI writes it.
fn fields(secret: SharedSecret<SecretString>, name: &str, date: Option<String>) -> Fields {
    let fields = Fields::default()
        .plain("type", secret.type_name())
        .plain("name", name)
        .optional("expirationDate", date);
    match secret {
        SharedSecret::UsernamePassword { username, password } => fields
            .plain("username", username)
            .secret("password", password),
        SharedSecret::SymmetricKey { key } => fields.secret("key", key),
        SharedSecret::S3Credential {
            access_key_id,
            secret_access_key,
            session_token,
        } => {
            let fields = fields
                .plain("accessKeyId", access_key_id)
                .secret("secretAccessKey", secret_access_key);
            match session_token {
                Some(token) => fields.secret("sessionToken", token),
                None => fields,
            }
        }
        SharedSecret::Blob { content } => fields.secret("content", content),
    }
}

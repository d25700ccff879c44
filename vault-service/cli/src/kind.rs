//! What is special to a kind of secret; everything else is in `life_cycle`.

use clap::Args;
use sallyport_model::Collection;

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::request::Body;

/// A kind of secret: a noun of the command line and a collection of the API.
pub(crate) trait Kind: Sized + 'static {
    /// Its collection.
    const COLLECTION: Collection;
    /// Its words.
    const WORDS: Words;
    /// The options that say what is stored.
    type Content: Args;
    /// The same, read: files and passphrases in memory.
    type Material;

    /// Reads files, stdin and prompts, and checks what can be checked without the vault.
    fn read(content: Self::Content) -> Result<Self::Material, Error>;

    /// What is sent to store it as `name`; may look up names in `place`.
    fn upload(
        material: Self::Material,
        place: &mut GroupCollection,
        name: &str,
    ) -> Result<Upload, Error>;
}

/// What is sent.
pub(crate) struct Upload {
    /// Everything but the expiration date.
    pub(crate) body: Body,
    /// The query that goes with it: what is allowed.
    pub(crate) query: &'static str,
}

/// What the vault does about a certificate that has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    Refuse,
    Allow,
}

/// How a kind is spoken of.
pub(crate) struct Words {
    /// The noun on the command line.
    pub(crate) noun: &'static str,
    /// Several of them, in a sentence.
    pub(crate) plural: &'static str,
    /// One in the examples.
    pub(crate) example: &'static str,
    /// Options of `create` and `replace` in the examples.
    pub(crate) content: &'static str,
    /// What a list can be filtered by; empty if there is nothing.
    pub(crate) types: &'static [&'static str],
}

/// `--allow-expired`.
#[derive(Args, Clone, Copy)]
pub(crate) struct AllowExpired {
    /// Store a certificate even if it has expired
    #[arg(long)]
    allow_expired: bool,
}

impl AllowExpired {
    /// The query of an upload.
    pub(crate) fn query(self) -> &'static str {
        Expired::from(self).query()
    }
}

impl From<AllowExpired> for Expired {
    fn from(AllowExpired { allow_expired }: AllowExpired) -> Self {
        if allow_expired {
            Self::Allow
        } else {
            Self::Refuse
        }
    }
}

impl Expired {
    /// The query of an upload.
    pub(crate) const fn query(self) -> &'static str {
        match self {
            Self::Refuse => "",
            Self::Allow => "?allowExpiredCert=true",
        }
    }
}

impl Upload {
    /// Without certificates, or with certificates that must not have ended.
    pub(crate) fn of(body: impl Into<Body>) -> Self {
        Self {
            body: body.into(),
            query: Expired::Refuse.query(),
        }
    }
}

impl Words {
    /// Other names of `rollout`. The status of a CRL distributor is that of its lists.
    pub(crate) fn rollout_aliases(&self) -> impl IntoIterator<Item = &'static str> {
        (self.noun != "crl-distributor").then_some("status")
    }

    /// The example of a verb that takes a name and nothing but `options`.
    pub(crate) fn example(&self, verb: &str, options: &str) -> String {
        let Self { noun, example, .. } = self;
        let line = format!("sallyport {noun} {verb} {example} --group payments {options}");
        format!("Example:\n  {}", line.trim_end())
    }

    /// The example of a verb that stores.
    pub(crate) fn storing_example(&self, verb: &str) -> String {
        self.example(verb, &format!("\\\n      {}", self.content))
    }

    /// The example of `list`.
    pub(crate) fn list_example(&self) -> String {
        let noun = self.noun;
        let list = format!("Example:\n  sallyport {noun} list --group payments");
        match self.types.first() {
            Some(word) => format!("{list}\n  sallyport {noun} list --group payments --type {word}"),
            None => list,
        }
    }
}

//! A secret that is chosen for each request, among those that the configuration lists: whatever a request
//! says, no other one can be reached.

use std::fmt;
use std::sync::Arc;

use sallyport_pki::{PeerName, certificate_from_pem};

use crate::attribute::Attribute;
use crate::decide::Denial;
use crate::head::Head;
use crate::header_name::HeaderName;
use crate::reason::Reason;

/// Why nobody is chosen by a name: the listener does not tell it, or the client has none.
const NO_NAME_TOLD: &str = "chosen by the client's name, and none was told: the listener's entry needs \
                            clientNames: tell, and its client a certificate with names";

/// One thing, or several of which each request chooses one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick<T> {
    among: Vec<T>,
    choice: Option<Choice>,
}

/// How one of several is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// By what.
    pub(crate) by: By,
    /// Values, and the place of what each of them names.
    pub(crate) names: Vec<(String, usize)>,
    /// The place of what is chosen by any other value, and by none.
    pub(crate) default: Option<usize>,
}

/// What a secret is chosen by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A header: what the client says, unless the gateway sets it.
    Header(HeaderName),
    /// An attribute: what Envoy says.
    Attribute(Attribute),
    /// The names of the client, after the filter of its listener let it pass.
    Client,
}

impl<T> Pick<T> {
    /// The same for every request.
    pub(crate) fn always(one: T) -> Self {
        let among = vec![one];
        Self {
            among,
            choice: None,
        }
    }

    pub(crate) const fn chosen(among: Vec<T>, choice: Choice) -> Self {
        let choice = Some(choice);
        Self { among, choice }
    }

    /// The same, made into something else.
    pub(crate) fn map<U>(self, make: &dyn Fn(T) -> U) -> Pick<U> {
        Pick {
            among: self.among.into_iter().map(make).collect(),
            choice: self.choice,
        }
    }

    /// What it is for every request, if it does not depend on them.
    pub(crate) const fn fixed(&self) -> Option<&T> {
        match (&self.choice, self.among.as_slice()) {
            (None, [one]) => Some(one),
            _ => None,
        }
    }

    /// Whether it is something for every request.
    pub(crate) fn is_total(&self) -> bool {
        let choice = self.choice.as_ref();
        choice.is_none_or(|choice| choice.default.is_some())
    }

    /// What it is for this request.
    pub(crate) fn of(&self, head: &Head) -> Result<&T, Denial> {
        let place = self.place(head)?;
        self.at(place)
            .ok_or(const { Denial::new(Reason::Internal) })
    }

    /// The place of what it is for this request, for whoever needs it later.
    pub(crate) fn place(&self, head: &Head) -> Result<usize, Denial> {
        let Some(choice) = &self.choice else {
            return Ok(0);
        };
        let place = choice.place(head);
        place.map_err(|reason| match choice.by.is_told(head) {
            true => Denial::new(reason).with_detail(&choice.by),
            false => Denial::new(reason).with_detail(NO_NAME_TOLD),
        })
    }

    /// What is in a place that a request chose.
    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.among.get(place)
    }

    /// Everything that it may be.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.among.iter()
    }

    /// What it is chosen by.
    pub(crate) fn by(&self) -> Option<&By> {
        self.choice.as_ref().map(|choice| &choice.by)
    }
}

impl<T> Pick<Vec<T>> {
    /// One of each list, where each has one.
    pub(crate) fn flatten(self) -> Pick<T> {
        Pick {
            among: self.among.into_iter().flatten().collect(),
            choice: self.choice,
        }
    }
}

impl Choice {
    /// The place of what a request names. One that names two is not guessed about, whatever the default.
    fn place(&self, head: &Head) -> Result<usize, Reason> {
        let named = |value: &[u8]| {
            let mut names = self.names.iter();
            let found = names.find(|(name, _)| name.as_bytes() == value);
            found.map(|(_, place)| *place)
        };
        let mut found = None;
        match &self.by {
            By::Header(name) => {
                let mut values = head.values(name.as_str());
                found = values.next().and_then(named);
                if values.next().is_some() {
                    return Err(Reason::CredentialAmbiguous);
                }
            }
            By::Attribute(attribute) => found = head.attribute(attribute).and_then(named),
            By::Client => {
                let value = head.attribute(&Attribute::client_names());
                let value = value.unwrap_or_default();
                // A certificate may have several names, of which only those that are listed count.
                for place in value.split(|byte| *byte == b'\n').filter_map(named) {
                    if found.replace(place).is_some_and(|other| other != place) {
                        return Err(Reason::CredentialAmbiguous);
                    }
                }
            }
        }
        found.or(self.default).ok_or(Reason::SecretNotChosen)
    }
}

impl By {
    /// Whether the filter of the listener told of the client, where that counts.
    fn is_told(&self, head: &Head) -> bool {
        !matches!(self, Self::Client) || head.attribute(&Attribute::client_names()).is_some()
    }

    /// The attribute that has to be read for it.
    pub(crate) fn attribute(&self) -> Option<Attribute> {
        match self {
            Self::Header(_) => None,
            Self::Attribute(attribute) => Some(attribute.clone()),
            Self::Client => Some(Attribute::client_names()),
        }
    }
}

/// The names in a certificate, a line each, written like those of `peerNames`; none if there is none.
pub(crate) fn client_names(pem: &[u8]) -> Option<Arc<str>> {
    let certificate = certificate_from_pem(pem).ok()?;
    let mut names = String::new();
    for name in PeerName::all_of(&certificate) {
        let (kind, text) = match name {
            PeerName::Dns(name) => ("dns:", name.to_string()),
            PeerName::Uri(uri) => ("uri:", uri),
            PeerName::Email(address) => ("email:", address.to_string()),
            PeerName::Ip(address) => ("ip:", address.to_string()),
        };
        // A name with a line in it would be two.
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            names.push_str(kind);
            names.push_str(&text);
            names.push('\n');
        }
    }
    (!names.is_empty()).then(|| names.into())
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "chosen by header {name}"),
            Self::Attribute(attribute) => write!(f, "chosen by {}", attribute.0.join(".")),
            Self::Client => f.write_str("chosen by the client's name"),
        }
    }
}

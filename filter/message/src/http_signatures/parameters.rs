//! The covered components and the parameters of a signature (RFC 9421 section 2.3).

use sfv::{Integer, KeyRef, ListSerializer, StringRef, key_ref};

use super::field::{self, InnerList};
use super::{Component, HttpSignatureError, MAX_COMPONENTS};
use sallyport_pki::UnixTime;

/// The other algorithms of the registry (section 6.2).
const OTHER_ALGORITHMS: [&str; 5] = [
    "rsa-pss-sha512",
    "rsa-v1_5-sha256",
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "ed25519",
];

/// Those of one signature that was read.
pub(super) struct Parameters {
    pub(super) components: Vec<Component>,
    pub(super) created: Option<UnixTime>,
    pub(super) expires: Option<UnixTime>,
    pub(super) nonce: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) tag: Option<String>,
    /// All of it, serialized again: what was signed.
    pub(super) text: String,
}

impl Parameters {
    pub(super) fn read(list: &InnerList<'_>) -> Result<Self, HttpSignatureError> {
        let mut parameters = Self {
            components: components(list)?,
            created: None,
            expires: None,
            nonce: None,
            key_id: None,
            tag: None,
            text: list.serialized()?,
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in list.parameters() {
            if seen.contains(&name) {
                return Err(HttpSignatureError::Parameter("(any)"));
            }
            seen.push(name);
            let text = field::text(value);
            let time = field::integer(value).map(UnixTime);
            match name {
                "created" => parameters.created = Some(time.ok_or(wrong("created"))?),
                "expires" => parameters.expires = Some(time.ok_or(wrong("expires"))?),
                "nonce" => parameters.nonce = Some(text.ok_or(wrong("nonce"))?.to_owned()),
                "keyid" => parameters.key_id = Some(text.ok_or(wrong("keyid"))?.to_owned()),
                "tag" => parameters.tag = Some(text.ok_or(wrong("tag"))?.to_owned()),
                "alg" => check_algorithm(text.ok_or(wrong("alg"))?)?,
                _ => return Err(wrong("(unknown)")),
            }
        }
        Ok(parameters)
    }

    pub(super) fn covers(&self, field: &str) -> bool {
        self.components
            .iter()
            .any(|component| component.name() == field)
    }
}

fn components(list: &InnerList<'_>) -> Result<Vec<Component>, HttpSignatureError> {
    if list.items().len() > MAX_COMPONENTS {
        return Err(HttpSignatureError::TooManyComponents);
    }
    let mut components = Vec::new();
    for (item, item_parameters) in list.items() {
        let name = field::text(item).ok_or(HttpSignatureError::Syntax("signature-input"))?;
        let component = match item_parameters.as_slice() {
            [] => name.parse()?,
            [(parameter, value)] if name == "@query-param" && parameter.as_str() == "name" => {
                let value = field::text(value).ok_or(HttpSignatureError::UnknownComponent)?;
                Component::encoded_query_param(value)?
            }
            _ => return Err(HttpSignatureError::UnknownComponent),
        };
        if components.contains(&component) {
            return Err(HttpSignatureError::DuplicateComponent(component));
        }
        components.push(component);
    }
    Ok(components)
}

/// `alg` only repeats what the key is for (section 3.2, step 6).
fn check_algorithm(name: &str) -> Result<(), HttpSignatureError> {
    match name {
        "hmac-sha256" => Ok(()),
        other if OTHER_ALGORITHMS.contains(&other) => Err(HttpSignatureError::AlgorithmMismatch),
        _ => Err(HttpSignatureError::UnknownAlgorithm),
    }
}

/// Of a signature that is made.
pub(super) fn write(
    components: &[Component],
    created: UnixTime,
    expires: Option<UnixTime>,
    nonce: Option<&str>,
    key_id: Option<&str>,
    tag: Option<&str>,
) -> Result<String, HttpSignatureError> {
    let mut list = ListSerializer::new();
    let mut items = list.inner_list();
    for component in components {
        let name = string(component.name(), "(component)")?;
        let item = items.bare_item(name);
        if let Component::QueryParam(name) = component {
            let _ = item.parameter(key_ref("name"), string(name, "name")?);
        }
    }
    let mut parameters = items
        .finish()
        .parameter(key_ref("created"), time(created, "created")?);
    if let Some(expires) = expires {
        parameters = parameters.parameter(key_ref("expires"), time(expires, "expires")?);
    }
    let texts: [(&KeyRef, &'static str, Option<&str>); 3] = [
        (key_ref("keyid"), "keyid", key_id),
        (key_ref("nonce"), "nonce", nonce),
        (key_ref("tag"), "tag", tag),
    ];
    for (key, name, text) in texts {
        if let Some(text) = text {
            parameters = parameters.parameter(key, string(text, name)?);
        }
    }
    let _ = parameters.finish();
    list.finish().ok_or(wrong("(component)"))
}

fn string<'a>(text: &'a str, name: &'static str) -> Result<&'a StringRef, HttpSignatureError> {
    StringRef::from_str(text).map_err(|_| wrong(name))
}

fn time(at: UnixTime, name: &'static str) -> Result<Integer, HttpSignatureError> {
    Integer::try_from(at.0).map_err(|_| wrong(name))
}

const fn wrong(name: &'static str) -> HttpSignatureError {
    HttpSignatureError::Parameter(name)
}

//! `upstream.inject[]`: a credential and where it goes.

use super::choice::SecretDocument;
use super::object::object;
use super::{name, reference};
use crate::config::{
    AbsentCredential, ConfigError, Fault, Injection, InjectionPlace, InjectionValue, Overwrite,
};
use sallyport_model::{Collection, Template, TemplatePart};

pub(super) const MAX_POINTER: usize = 1024;

/// A credential and where it goes: one of `header`, `query`, `cookie`, and one of `basic`, `bearer`, `value`,
/// `template`.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Injection", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct InjectionDocument {
    /// A header; what the client sent under this name is removed.
    header: Option<String>,
    /// A parameter of the query; what the client sent under this name is removed.
    query: Option<String>,
    /// A cookie; what the client sent under this name is removed.
    cookie: Option<String>,
    /// A `UsernamePassword` secret, as RFC 7617 Basic credentials; or a choice among such.
    basic: Option<SecretDocument>,
    /// A `SymmetricKey`, a `Blob` or a `#field`, as RFC 6750 bearer token; or a choice among such.
    bearer: Option<SecretDocument>,
    /// A `SymmetricKey`, a `Blob` or a `#field`, as it is; or a choice among such.
    value: Option<SecretDocument>,
    /// Text with `${secret://...#field}` in it; `$${` stands for a literal `${`. Or a choice among such.
    template: Option<SecretDocument>,
    /// With `bearer` and `value`: JSON pointer (RFC 6901) to the value in the JSON document that the secret is.
    pointer: Option<String>,
    /// Whether the client's own is replaced; if not, it stays and nothing is injected in its place.
    overwrite: Option<bool>,
    /// Whether a request goes on without this credential where the vault does not give it.
    #[cfg_attr(test, schemars(default))]
    allow_request_without_credential: bool,
}

object!(InjectionDocument {
    header = "header";
    query = "query";
    cookie = "cookie";
    basic = "basic";
    bearer = "bearer";
    value = "value";
    template = "template";
    pointer = "pointer";
    overwrite = "overwrite";
    allow_request_without_credential = "allowRequestWithoutCredential";
});

impl InjectionDocument {
    pub(super) fn read(self, section: &str) -> Result<Injection, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let place = match (self.header, self.query, self.cookie) {
            (Some(header), None, None) => {
                let header = header.parse();
                let header =
                    header.map_err(|error| ConfigError::at(at("header"), Fault::Header(error)))?;
                InjectionPlace::Header(header)
            }
            (None, Some(query), None) => {
                InjectionPlace::Query(name::parameter(&at("query"), query)?)
            }
            (None, None, Some(cookie)) => {
                InjectionPlace::Cookie(name::parameter(&at("cookie"), cookie)?)
            }
            _ => return Err(ConfigError::at(section, Fault::InjectionPlace)),
        };
        let pointer = self.pointer;
        if pointer.as_deref().is_some_and(|text| !is_pointer(text)) {
            return Err(ConfigError::at(at("pointer"), Fault::Pointer));
        }
        let has_pointer = pointer.is_some();
        let value_of = |prefix, secret| InjectionValue::Secret {
            prefix,
            secret,
            pointer: pointer.clone(),
        };
        let value = match (self.basic, self.bearer, self.value, self.template) {
            (Some(text), None, None, None) => {
                let secret = text.read_one(&at("basic"), reference::whole_shared_secret)?;
                secret.map(&|secret| InjectionValue::Basic(secret))
            }
            (None, Some(text), None, None) => {
                let secret = text.read_one(&at("bearer"), reference::shared_secret)?;
                secret.map(&|secret| value_of("Bearer ", secret))
            }
            (None, None, Some(text), None) => {
                let secret = text.read_one(&at("value"), reference::shared_secret)?;
                secret.map(&|secret| value_of("", secret))
            }
            (None, None, None, Some(text)) => {
                let parts = text.read_template(&at("template"), &template)?;
                parts.map(&InjectionValue::Template)
            }
            _ => return Err(ConfigError::at(section, Fault::InjectionValue)),
        };
        let has_one = |value: &InjectionValue| matches!(value, InjectionValue::Secret { .. });
        if has_pointer && !value.all().all(has_one) {
            return Err(ConfigError::at(at("pointer"), Fault::PointerOfOne));
        }
        Ok(Injection {
            place,
            value,
            overwrite: match self.overwrite {
                None | Some(true) => Overwrite::Always,
                Some(false) => Overwrite::Never,
            },
            absent: match self.allow_request_without_credential {
                false => AbsentCredential::Refuse,
                true => AbsentCredential::GoWithout,
            },
        })
    }
}

/// RFC 6901 section 3.
fn is_pointer(text: &str) -> bool {
    let escaped = |rest: &str| rest.starts_with(['0', '1']);
    text.len() <= MAX_POINTER
        && (text.is_empty() || text.starts_with('/'))
        && text.split('~').skip(1).all(escaped)
}

fn template(pointer: &str, text: SecretDocument) -> Result<Vec<TemplatePart>, ConfigError> {
    let template: Template = text
        .text(pointer)?
        .parse()
        .map_err(|error| ConfigError::at(pointer, Fault::Template(error)))?;
    for found in template.references() {
        reference::expect(pointer, found, Collection::SharedSecrets)?;
    }
    Ok(template.into_parts())
}

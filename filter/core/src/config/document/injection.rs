//! `upstream.inject[]`: a credential and the header it goes into.

use sallyport_model::{Collection, Template};
use serde::Deserialize;

use super::reference;
use crate::config::{ConfigError, Fault, Injection, InjectionValue};

/// A credential and the header it goes into.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Injection"))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InjectionDocument {
    /// The header; what the client sent under this name is removed.
    header: String,
    /// A `UsernamePassword` secret, as RFC 7617 Basic credentials.
    basic: Option<String>,
    /// Text with `${secret://...#field}` in it; `$${` stands for a literal `${`.
    template: Option<String>,
}

impl InjectionDocument {
    pub(super) fn read(self, section: &str) -> Result<Injection, ConfigError> {
        let header = self
            .header
            .parse()
            .map_err(|error| ConfigError::at(format!("{section}/header"), Fault::Header(error)))?;
        let value = match (self.basic, self.template) {
            (Some(text), None) => {
                let pointer = format!("{section}/basic");
                let secret = reference::whole(pointer, &text, Collection::SharedSecrets)?;
                InjectionValue::Basic(secret)
            }
            (None, Some(text)) => {
                InjectionValue::Template(template(&format!("{section}/template"), &text)?)
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err(ConfigError::at(section, Fault::InjectionValue));
            }
        };
        Ok(Injection { header, value })
    }
}

fn template(pointer: &str, text: &str) -> Result<Template, ConfigError> {
    let template: Template = text
        .parse()
        .map_err(|error| ConfigError::at(pointer, Fault::Template(error)))?;
    for found in template.references() {
        reference::expect(pointer, found, Collection::SharedSecrets)?;
    }
    Ok(template)
}

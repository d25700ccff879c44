//! The signature base (RFC 9421 section 2.5): the text that is signed.

use super::{Component, HttpSignatureError};
use crate::request::Request;

/// One line for each component, and one for the parameters.
pub(super) fn signature_base(
    request: &Request<'_>,
    components: &[Component],
    parameters: &str,
) -> Result<String, HttpSignatureError> {
    let mut base = String::new();
    for component in components {
        let value = component.value(request)?;
        base.push_str(&component.to_string());
        base.push_str(": ");
        base.push_str(&value);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(parameters);
    Ok(base)
}

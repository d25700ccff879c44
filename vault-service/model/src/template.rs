//! Templates: text with `${secret://...}` in it.

use std::str::FromStr;

use thiserror::Error;

use crate::reference::{Reference, ReferenceError};

/// Longest template, in bytes.
const MAX_LENGTH: usize = 4096;

/// Text with at least one reference to a field of a shared secret. `$${` stands for a literal `${`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<TemplatePart>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text taken as it is.
    Literal(String),
    /// Replaced by the value at run time.
    Reference(Reference),
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// Longer than any template.
    #[error("a template has at most {MAX_LENGTH} bytes, this one has {0}")]
    TooLong(usize),
    /// `${` without `}`.
    #[error("the placeholder at byte {0} has no closing brace")]
    Unclosed(usize),
    /// What stands between the braces is not a reference.
    #[error("the placeholder at byte {position}: {error}")]
    Reference {
        /// Byte offset of `${`.
        position: usize,
        /// What is wrong with it.
        error: ReferenceError,
    },
    /// The reference does not say which field.
    #[error("the placeholder at byte {0} needs a #field: a template takes single values")]
    NoField(usize),
    /// A constant: a value written into configuration is what references are there to avoid.
    #[error(
        "a template holds at least one ${{secret://...}}; a constant value does not belong here"
    )]
    NoReference,
}

impl Template {
    /// The parts, in order.
    pub fn parts(&self) -> &[TemplatePart] {
        &self.parts
    }

    /// The parts, in order, without the template around them.
    pub fn into_parts(self) -> Vec<TemplatePart> {
        self.parts
    }

    /// The references in it, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Reference(reference) => Some(reference),
            TemplatePart::Literal(_) => None,
        })
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text.len() > MAX_LENGTH {
            return Err(TemplateError::TooLong(text.len()));
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let position = text.len() - rest.len() + before.len();
            if let Some(before) = before.strip_suffix('$') {
                literal.push_str(before);
                literal.push_str("${");
                rest = after;
                continue;
            }
            literal.push_str(before);
            let (placeholder, after) = after
                .split_once('}')
                .ok_or(TemplateError::Unclosed(position))?;
            let reference: Reference = placeholder
                .parse()
                .map_err(|error| TemplateError::Reference { position, error })?;
            if reference.field.is_none() {
                return Err(TemplateError::NoField(position));
            }
            if !literal.is_empty() {
                parts.push(TemplatePart::Literal(std::mem::take(&mut literal)));
            }
            parts.push(TemplatePart::Reference(reference));
            rest = after;
        }
        literal.push_str(rest);
        if parts.is_empty() {
            return Err(TemplateError::NoReference);
        }
        if !literal.is_empty() {
            parts.push(TemplatePart::Literal(literal));
        }
        Ok(Self { parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> TemplatePart {
        TemplatePart::Literal(text.to_owned())
    }

    #[test]
    fn literals_and_references_alternate() {
        let template: Template = "Bearer ${secret://payments/sharedSecrets/backend#password}!"
            .parse()
            .unwrap();
        assert_eq!(template.parts().len(), 3);
        assert_eq!(template.parts().first(), Some(&literal("Bearer ")));
        assert_eq!(template.parts().last(), Some(&literal("!")));
        assert_eq!(template.references().count(), 1);
    }

    #[test]
    fn a_doubled_dollar_is_a_literal() {
        let template: Template = "a$${b} ${secret://payments/sharedSecrets/x#key}"
            .parse()
            .unwrap();
        assert_eq!(template.parts().first(), Some(&literal("a${b} ")));
    }

    #[test]
    fn a_constant_is_refused() {
        assert_eq!(
            "Bearer abc".parse::<Template>(),
            Err(TemplateError::NoReference)
        );
        assert_eq!("".parse::<Template>(), Err(TemplateError::NoReference));
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(
            "ab${secret://x".parse::<Template>(),
            Err(TemplateError::Unclosed(2))
        );
        assert_eq!(
            "${secret://payments/sharedSecrets/x}".parse::<Template>(),
            Err(TemplateError::NoField(0))
        );
        assert!(matches!(
            "abc${password}".parse::<Template>(),
            Err(TemplateError::Reference {
                position: 3,
                error: ReferenceError::Scheme
            })
        ));
    }
}

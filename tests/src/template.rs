//! Filling the placeholders of a configuration template.

use crate::{Error, Result};

/// Replaces every `${NAME}` for which there is a value. Only upper-case names are placeholders:
/// `${secret://...}` is the filter's own syntax and stays. An upper-case name left over is an error.
pub fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        match placeholder(after) {
            Some((name, after)) => {
                let value = values.iter().find(|(known, _)| *known == name);
                let (_, value) = value.ok_or_else(|| Error::Placeholder(name.to_owned()))?;
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push_str("${");
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.split_once('}')?;
    let is_placeholder = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_placeholder.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_names_are_filled_and_references_stay() {
        let values = [("PORT", "1".to_owned())];
        assert_eq!(
            fill("${PORT} ${secret://g/k/n#f} ${PORT} $", &values).unwrap(),
            "1 ${secret://g/k/n#f} 1 $"
        );
    }

    #[test]
    fn a_name_nobody_filled_is_an_error() {
        let error = fill("a ${UNKNOWN_PORT}", &[]).unwrap_err();
        assert!(error.to_string().contains("UNKNOWN_PORT"));
    }
}

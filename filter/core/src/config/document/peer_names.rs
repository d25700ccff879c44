//! `peerNames`: who may come in.

use sallyport_pki::{AllowedNames, MAX_NAME_PATTERNS, NamePattern};

use super::count;
use crate::config::{ConfigError, Fault};

/// The names of a section; `None` if none are configured.
pub(super) fn read(
    section: &str,
    texts: Option<Vec<String>>,
) -> Result<Option<AllowedNames>, ConfigError> {
    let Some(texts) = texts else {
        return Ok(None);
    };
    let section = format!("{section}/peerNames");
    count(&section, &texts, MAX_NAME_PATTERNS)?;
    let patterns = texts.iter().enumerate().map(|(index, text)| {
        let pattern = text.parse();
        pattern.map_err(|error| {
            ConfigError::at(format!("{section}/{index}"), Fault::NamePattern(error))
        })
    });
    let patterns: Vec<NamePattern> = patterns.collect::<Result<_, _>>()?;
    AllowedNames::new(patterns)
        .map(Some)
        .map_err(|error| ConfigError::at(section, Fault::PeerNames(error)))
}

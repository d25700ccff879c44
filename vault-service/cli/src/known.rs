//! What there is, for errors about what there is not.

use uuid::Uuid;

/// Names of what exists, at most [`Known::SHOWN`] of them.
#[derive(Debug)]
pub(crate) struct Known {
    shown: Vec<String>,
    more: usize,
}

impl Known {
    const SHOWN: usize = 20;

    /// Keeps the first names.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut names = names.into_iter();
        Self {
            shown: names.by_ref().take(Self::SHOWN).collect(),
            more: names.count(),
        }
    }

    /// One id per thing.
    pub(crate) fn ids(ids: impl IntoIterator<Item = Uuid>) -> Self {
        Self::new(ids.into_iter().map(|id| id.to_string()))
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.shown.len() + self.more
    }
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.shown.is_empty() {
            return f.write_str("there are none");
        }
        write!(f, "there are: {}", self.shown.join(", "))?;
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_twenty_names_are_listed() {
        let known = Known::new((1..=23).map(|number| format!("n{number}")));
        let text = known.to_string();
        assert!(text.ends_with("n19, n20 and 3 more"), "{text}");
    }

    #[test]
    fn no_names_are_said_in_words() {
        assert_eq!(Known::new([]).to_string(), "there are none");
    }
}

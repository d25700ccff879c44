//! The vault's words for what it was sent, as the options that sent it: people typed those.

/// What the API calls it, and what the command line does.
const WORDS: [(&str, &str); 9] = [
    ("allowExpiredCert=true", "--allow-expired"),
    ("allowPinnedLeaves=true", "--allow-pinned-leaves"),
    ("force=true", "--force"),
    ("capath", "--ca-path"),
    ("certStore", "--file"),
    ("trustStore", "--file"),
    ("keyStore", "--keystore"),
    ("keyPassphrase", "--key-passphrase-file"),
    ("storePassphrase", "--store-passphrase-file"),
];

/// Replaces whole words; a quoted one is a name somebody gave.
pub(crate) fn as_options(text: &str) -> String {
    let mut options = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let found = starts_a_word(&options)
            .then(|| {
                WORDS
                    .iter()
                    .find_map(|(word, option)| Some((after(rest, word)?, option)))
            })
            .flatten();
        if let Some((after, option)) = found {
            options.push_str(option);
            rest = after;
        } else {
            options.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }
    options
}

fn starts_a_word(before: &str) -> bool {
    before
        .chars()
        .next_back()
        .is_none_or(|last| last.is_whitespace() || last == '(')
}

/// What follows `word`, if it ends there; `.file` is the form's way to say "the file of the part".
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let after = text.strip_prefix(word)?;
    let after = after.strip_prefix(".file").unwrap_or(after);
    let ends = |next: char| !next.is_alphanumeric() && !matches!(next, '_' | '-' | '.' | '/');
    after.chars().next().is_none_or(ends).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_of_the_api_become_options() {
        for (text, options) in [
            ("capath: is missing", "--ca-path: is missing"),
            (
                "keyStore.file: not a keystore",
                "--keystore: not a keystore",
            ),
            (
                "it expired; allowExpiredCert=true accepts it",
                "it expired; --allow-expired accepts it",
            ),
            ("or delete it with force=true", "or delete it with --force"),
            ("certStore", "--file"),
        ] {
            assert_eq!(as_options(text), options);
        }
    }

    #[test]
    fn names_paths_and_longer_words_stay() {
        for text in [
            "no keystore \"capath\"",
            "capathFileName is new",
            "/secrets/capath",
            "keyStore.x",
            "é",
            "",
        ] {
            assert_eq!(as_options(text), text);
        }
    }
}

//! What can be wrong with a keystore.

use crate::certificate::CertificateError;
use crate::private_key::PrivateKeyError;

/// Most aliases that an error message lists.
const SHOWN_ALIASES: usize = 20;
/// Most characters of an alias that an error message shows.
const SHOWN_CHARACTERS: usize = 64;

/// Why a keystore, or one entry of it, cannot be used. Aliases are those of the file; nothing secret
/// is in here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// Larger than [`crate::MAX_KEYSTORE_BYTES`].
    #[error("keystore of {bytes} bytes: at most {limit} are accepted")]
    TooLarge {
        /// Size of the input.
        bytes: usize,
        /// [`crate::MAX_KEYSTORE_BYTES`].
        limit: usize,
    },
    /// More entries than [`crate::MAX_KEYSTORE_ENTRIES`].
    #[error("the keystore has too many entries: at most {limit} are accepted")]
    TooManyEntries {
        /// [`crate::MAX_KEYSTORE_ENTRIES`].
        limit: usize,
    },
    /// A certificate chain that is longer than any real one.
    #[error("entry {} has too many certificates: at most {limit} are accepted", shown(.alias))]
    ChainTooLong {
        /// Which entry.
        alias: String,
        /// Longest chain that is read.
        limit: usize,
    },
    /// A passphrase that is too long.
    #[error("passphrase of {bytes} bytes: at most {limit} are accepted")]
    PassphraseTooLong {
        /// Length of the passphrase in UTF-8.
        bytes: usize,
        /// Longest passphrase, in bytes of UTF-8.
        limit: usize,
    },
    /// Iteration counts above the limit; nothing was computed with them.
    #[error("the keystore asks for {iterations} iterations: at most {limit} are accepted")]
    TooMuchWork {
        /// What the file asks for: of one key derivation, or of all so far.
        iterations: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// scrypt parameters above the limit; nothing was computed with them.
    #[error("the keystore asks for scrypt over {bytes} bytes: at most {limit} are accepted")]
    TooMuchMemory {
        /// What the file asks for, in bytes (memory, times parallelization).
        bytes: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// Neither JKS nor JCEKS nor PKCS#12.
    #[error("not a keystore: neither JKS nor JCEKS nor PKCS#12")]
    NotAKeystore,
    /// The file ends in the middle of something.
    #[error("the keystore is cut off: more was expected at byte {offset}")]
    Truncated {
        /// Where more bytes were expected.
        offset: usize,
    },
    /// Not the structure that the format promises.
    #[error("the keystore is malformed: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// Something that the format allows and that is not read here.
    #[error("the keystore has {what} of type {oid}, which is not supported")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// Dotted object identifier, or the name that the file uses.
        oid: String,
    },
    /// The store passphrase does not fit. For JKS and JCEKS a damaged file looks the same.
    #[error("the store passphrase is wrong, or the keystore was changed after it was written")]
    WrongPassphrase,
    /// A passphrase was given, and nothing in the file is protected by one.
    #[error(
        "no passphrase protects this keystore, so the one that was given proves nothing: give an empty one to take the keystore as it is"
    )]
    NotProtected,
    /// The key passphrase does not decrypt the key.
    #[error("the key passphrase is wrong for entry {}", shown(.alias))]
    WrongKeyPassphrase {
        /// Which entry.
        alias: String,
    },
    /// Encrypted with, or authenticated by, something that is not supported.
    #[error(
        "the keystore uses the unsupported algorithm {oid}: export it again with AES-256, for example with `keytool -importkeystore -deststoretype PKCS12`"
    )]
    UnsupportedCipher {
        /// Dotted object identifier, with the usual name if it is known.
        oid: String,
    },
    /// A private key without any certificate of its own.
    #[error("entry {} is a private key without a certificate", shown(.alias))]
    KeyWithoutCertificate {
        /// Which entry.
        alias: String,
    },
    /// The private key belongs to another certificate.
    #[error("the private key of entry {} does not belong to its certificate `{subject}`", shown(.alias))]
    KeyMismatch {
        /// Which entry.
        alias: String,
        /// Subject of the certificate.
        subject: String,
    },
    /// No entry of this name. What was asked for is not repeated: among passphrases, somebody's may be
    /// in the wrong field.
    #[error("the keystore has no entry of that name: it has {}", listed(.known))]
    NoSuchAlias {
        /// What was asked for.
        alias: String,
        /// What there is.
        known: Vec<String>,
    },
    /// An entry that is a certificate or a secret key.
    #[error("entry {} is not a private key", shown(.alias))]
    NotAKey {
        /// Which entry.
        alias: String,
    },
    /// A certificate that cannot be read.
    #[error("certificate of entry {}: {error}", shown(.alias))]
    Certificate {
        /// Which entry.
        alias: String,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// A private key that was decrypted, but is not usable.
    #[error("entry {}: {error}", shown(.alias))]
    Key {
        /// Which entry.
        alias: String,
        /// What is wrong with it.
        error: PrivateKeyError,
    },
}

/// An alias in quotes: short, and without characters that could forge a line of a log.
fn shown(alias: &str) -> String {
    let short: String = alias.chars().take(SHOWN_CHARACTERS).collect();
    let more = if short.len() < alias.len() { "..." } else { "" };
    format!("`{}{more}`", short.escape_debug())
}

fn listed(aliases: &[String]) -> String {
    if aliases.is_empty() {
        return "no entry at all".to_owned();
    }
    let first: Vec<_> = aliases
        .iter()
        .take(SHOWN_ALIASES)
        .map(|alias| shown(alias))
        .collect();
    match aliases.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::KeystoreError;

    #[test]
    fn an_alias_cannot_forge_a_line_of_a_log_or_fill_it() {
        let error = |alias: &str| {
            let alias = alias.to_owned();
            KeystoreError::NotAKey { alias }.to_string()
        };
        assert_eq!(
            error("a\nb\u{1b}"),
            "entry `a\\nb\\u{1b}` is not a private key"
        );
        assert_eq!(error("zürich"), "entry `zürich` is not a private key");
        assert!(error(&"x".repeat(65_000)).len() < 100);
    }

    #[test]
    fn a_missing_alias_is_answered_with_those_that_exist() {
        let error = |known: &[&str]| {
            KeystoreError::NoSuchAlias {
                alias: "c".to_owned(),
                known: known.iter().map(|alias| (*alias).to_owned()).collect(),
            }
            .to_string()
        };
        assert_eq!(
            error(&["a", "b"]),
            "the keystore has no entry of that name: it has `a`, `b`"
        );
        assert_eq!(
            error(&[]),
            "the keystore has no entry of that name: it has no entry at all"
        );
        assert!(error(&["x"; 23]).ends_with("`x`, `x` and 3 more"));
    }
}

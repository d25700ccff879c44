//! Secrets from files, stdin or a prompt; never from the command line.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use sallyport_model::SecretString;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;
use crate::private_file;

/// Bytes of a password, a key or a passphrase.
pub(crate) const SHORT: u64 = 64 * 1024;
/// Bytes of the largest blob the vault takes.
pub(crate) const BLOB: u64 = 256 * 1024;

/// What is asked for, and how to give it without a terminal.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// "password", "client secret", ...
    pub(crate) what: &'static str,
    /// The `--...-file` option.
    pub(crate) option: &'static str,
    /// Whether a prompt asks twice.
    pub(crate) prompt: Prompt,
    /// What a line end at the end of a file is.
    pub(crate) line_end: LineEnd,
    /// Most bytes: [`SHORT`] or [`BLOB`].
    pub(crate) limit: u64,
}

/// What one line end (`\n` or `\r\n`) at the end of a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// What the editor or `echo` added.
    Dropped,
    /// Part of the secret.
    Kept,
}

/// How a prompt treats a typing mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// A secret that exists: a mistake shows at once.
    Once,
    /// A new secret: a mistake would be stored.
    Twice,
}

/// Reads a secret from `source` (`-` is stdin), or asks for it if there is none.
///
/// # Errors
/// Unreadable, empty, longer than the limit, not UTF-8, or nobody to ask.
pub(crate) fn read(source: Option<&PathBuf>, wanted: Wanted) -> Result<SecretString, Error> {
    match source {
        None => ask(wanted),
        Some(path) => from_bytes(read_bytes(path, wanted)?, wanted.what, wanted.line_end),
    }
}

/// Reads a file, or stdin if it is `-`.
pub(crate) fn read_bytes(path: &Path, wanted: Wanted) -> Result<Zeroizing<Vec<u8>>, Error> {
    let Wanted { what, limit, .. } = wanted;
    if path != Path::new("-") {
        return private_file::read(path, limit);
    }
    private_file::read_limited(&mut io::stdin().lock(), limit)
        .map_err(|source| Error::Read {
            path: "stdin".into(),
            source,
        })?
        .ok_or(Error::SecretTooLong { what, limit })
}

/// Stdin can be read once.
pub(crate) fn check_one_stdin(sources: &[Option<&PathBuf>]) -> Result<(), Error> {
    let stdin = |source: &&Option<&PathBuf>| source.is_some_and(|path| path == Path::new("-"));
    if sources.iter().filter(stdin).count() > 1 {
        return Err(Error::OneStdin);
    }
    Ok(())
}

fn ask(wanted: Wanted) -> Result<SecretString, Error> {
    let Wanted {
        what,
        option,
        prompt,
        ..
    } = wanted;
    if !io::stdin().is_terminal() {
        return Err(Error::NoTerminal { what, option });
    }
    let ask = |text: String| {
        rpassword::prompt_password(text)
            .map(Zeroizing::new)
            .map_err(|source| Error::Read {
                path: "the terminal".into(),
                source,
            })
    };
    let mut answer = ask(format!("{what}: "))?;
    if prompt == Prompt::Twice && *ask(format!("{what} again: "))? != *answer {
        return Err(Error::SecretsDiffer { what });
    }
    if answer.is_empty() {
        return Err(Error::EmptySecret { what });
    }
    Ok(SecretString::new(std::mem::take(&mut *answer)))
}

fn from_bytes(
    mut bytes: Zeroizing<Vec<u8>>,
    what: &'static str,
    line_end: LineEnd,
) -> Result<SecretString, Error> {
    if line_end == LineEnd::Dropped && bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        return Err(Error::EmptySecret { what });
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(SecretString::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(Error::SecretNotText { what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: &[u8]) -> Result<String, Error> {
        from_bytes(Zeroizing::new(bytes.to_vec()), "password", LineEnd::Dropped)
            .map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn exactly_one_line_end_is_taken_away() {
        assert_eq!(secret(b"s3cret").unwrap(), "s3cret");
        assert_eq!(secret(b"s3cret\n").unwrap(), "s3cret");
        assert_eq!(secret(b"s3cret\r\n").unwrap(), "s3cret");
        assert_eq!(secret(b" s3cret \n\n").unwrap(), " s3cret \n");
        let blob = Zeroizing::new(b"a\n".to_vec());
        let blob = from_bytes(blob, "content", LineEnd::Kept).unwrap();
        assert_eq!(blob.expose(), "a\n");
    }

    #[test]
    fn nothing_and_binary_are_refused_without_showing_them() {
        assert!(matches!(secret(b"\n"), Err(Error::EmptySecret { .. })));
        let error = secret(b"top\xffsecret").unwrap_err();
        assert_eq!(error.to_string(), "the password is not UTF-8 text");
    }
}

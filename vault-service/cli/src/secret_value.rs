//! The values of shared secrets: from files, stdin and prompts, never from the command line.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use sallyport_model::{SecretString, SharedSecret, symmetric_key_bytes};

use crate::error::Error;
use crate::secret::SecretType;
use crate::secret_input::{self, BLOB, LineEnd, Prompt, SHORT, Wanted};

/// The options of all four types.
#[derive(Args)]
pub(crate) struct Values {
    /// UsernamePassword: the user name; not secret, `show` prints it
    #[arg(long)]
    username: Option<String>,

    /// UsernamePassword: file with the password, `-` for stdin; one newline at its end is dropped
    /// [default: a prompt]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// SymmetricKey: file with the key, `-` for stdin [default: a prompt]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// SymmetricKey: how the file holds the key
    #[arg(long, value_enum, default_value = "base64", value_name = "FORMAT")]
    key_format: KeyFormat,

    /// S3Credential: the access key id; not secret, `show` prints it
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,

    /// S3Credential: file with the secret access key, `-` for stdin; one newline at its end is
    /// dropped [default: a prompt]
    #[arg(long, value_name = "FILE")]
    secret_access_key_file: Option<PathBuf>,

    /// S3Credential: file with the session token of temporary credentials, `-` for stdin; one newline
    /// at its end is dropped
    #[arg(long, value_name = "FILE")]
    session_token_file: Option<PathBuf>,

    /// Blob: file with the text, at most 256 KiB, `-` for stdin, kept to the last byte [default: a
    /// prompt]
    #[arg(long, value_name = "FILE")]
    content_file: Option<PathBuf>,
}

/// How a file holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeyFormat {
    /// As text, one newline at its end is dropped
    Base64,
    /// As bytes, all of them
    Raw,
}

impl Values {
    /// The same, with what the secret has already where nothing was given.
    pub(crate) fn or(mut self, username: Option<String>, access_key_id: Option<String>) -> Self {
        self.username = self.username.or(username);
        self.access_key_id = self.access_key_id.or(access_key_id);
        self
    }

    /// The type all given options belong to.
    ///
    /// # Errors
    /// Options of two types, of another type than `wanted`, or nothing to go by.
    pub(crate) fn fitting_type(&self, wanted: Option<SecretType>) -> Result<SecretType, Error> {
        use SecretType as T;
        let given = [
            (self.username.is_some(), "--username", T::UsernamePassword),
            (
                self.password_file.is_some(),
                "--password-file",
                T::UsernamePassword,
            ),
            (self.key_file.is_some(), "--key-file", T::SymmetricKey),
            (
                self.access_key_id.is_some(),
                "--access-key-id",
                T::S3Credential,
            ),
            (
                self.secret_access_key_file.is_some(),
                "--secret-access-key-file",
                T::S3Credential,
            ),
            (
                self.session_token_file.is_some(),
                "--session-token-file",
                T::S3Credential,
            ),
            (self.content_file.is_some(), "--content-file", T::Blob),
        ];
        let mut chosen = wanted;
        for (_, flag, its_type) in given.into_iter().filter(|(given, ..)| *given) {
            match chosen {
                Some(other) if other != its_type => {
                    return Err(Error::Flag {
                        flag,
                        reason: format!("is for {its_type:?}, not for {other:?}").into(),
                    });
                }
                _ => chosen = Some(its_type),
            }
        }
        chosen.ok_or(Error::Flag {
            flag: "--type",
            reason: "is missing, and so is everything that would tell it: --username, \
                     --key-file, --access-key-id, --content-file"
                .into(),
        })
    }

    /// Reads the value of this type.
    pub(crate) fn read(self, secret_type: SecretType) -> Result<SharedSecret<SecretString>, Error> {
        let missing = |flag| Error::Flag {
            flag,
            reason: "is missing".into(),
        };
        Ok(match secret_type {
            SecretType::UsernamePassword => SharedSecret::UsernamePassword {
                username: self.username.ok_or_else(|| missing("--username"))?,
                password: secret_input::read(self.password_file.as_ref(), PASSWORD)?,
            },
            SecretType::SymmetricKey => SharedSecret::SymmetricKey {
                key: read_key(self.key_file.as_ref(), self.key_format)?,
            },
            SecretType::S3Credential => SharedSecret::S3Credential {
                access_key_id: self
                    .access_key_id
                    .ok_or_else(|| missing("--access-key-id"))?,
                secret_access_key: secret_input::read(
                    self.secret_access_key_file.as_ref(),
                    wanted("secret access key", "--secret-access-key-file"),
                )?,
                session_token: self
                    .session_token_file
                    .as_ref()
                    .map(|file| {
                        let token = wanted("session token", "--session-token-file");
                        secret_input::read(Some(file), token)
                    })
                    .transpose()?,
            },
            SecretType::Blob => SharedSecret::Blob {
                content: secret_input::read(
                    self.content_file.as_ref(),
                    Wanted {
                        line_end: LineEnd::Kept,
                        limit: BLOB,
                        ..wanted("content", "--content-file")
                    },
                )?,
            },
        })
    }
}

/// A new password.
pub(crate) const PASSWORD: Wanted = wanted("password", "--password-file");

const fn wanted(what: &'static str, option: &'static str) -> Wanted {
    Wanted {
        what,
        option,
        prompt: Prompt::Twice,
        line_end: LineEnd::Dropped,
        limit: SHORT,
    }
}

fn read_key(file: Option<&PathBuf>, format: KeyFormat) -> Result<SecretString, Error> {
    const KEY: Wanted = wanted("key", "--key-file");
    if let (Some(path), KeyFormat::Raw) = (file, format) {
        let bytes = secret_input::read_bytes(path, KEY)?;
        if bytes.is_empty() {
            return Err(Error::EmptySecret { what: KEY.what });
        }
        return Ok(SecretString::new(STANDARD.encode(&bytes)));
    }
    let key = secret_input::read(file, KEY)?;
    // Decoded only to see that it can be.
    match symmetric_key_bytes(key.expose()) {
        Ok(_) => Ok(key),
        Err(_) => Err(Error::Flag {
            flag: KEY.option,
            reason: "does not hold base64; for a file with the bytes themselves give \
                     --key-format raw"
                .into(),
        }),
    }
}

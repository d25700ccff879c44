//! Keystores and truststores as people have them: made by the JDK's keytool and by OpenSSL.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::pki::Identity;
use crate::said::Said;
use crate::{Result, files, program};

/// A format of keytool's, and Anypoint's word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Sun's oldest.
    Jks,
    /// Its successor with a better cipher.
    Jceks,
    /// The standard one.
    Pkcs12,
}

/// The two passphrases of a keystore.
#[derive(Clone, Copy)]
pub struct Passphrases<'a> {
    /// Of the file.
    pub store: &'a str,
    /// Of the key in it; PKCS #12 has one for both.
    pub key: &'a str,
}

/// A directory in which keytool and OpenSSL leave their files.
#[derive(Clone, Debug)]
pub struct Keytool {
    directory: PathBuf,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jks, Self::Jceks, Self::Pkcs12];

    /// The word of keytool and of Anypoint.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
            Self::Pkcs12 => "PKCS12",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Jks | Self::Jceks => "jks",
            Self::Pkcs12 => "p12",
        }
    }
}

impl Keytool {
    /// Leaves its files in `directory`.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// A keystore with a new EC key and a self-signed certificate for `CN=<name>`, ten years valid,
    /// made by keytool alone.
    pub async fn self_signed(
        &self,
        format: Format,
        name: &str,
        alias: &str,
        passphrases: Passphrases<'_>,
    ) -> Result<PathBuf> {
        let path = self.path(name, format);
        let mut command = self.keytool(passphrases)?;
        command
            .args(["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1"])
            .args(["-sigalg", "SHA256withECDSA", "-validity", "3650"])
            .args(["-dname", &format!("CN={name}"), "-alias", alias])
            .args(["-storetype", format.as_str(), "-keystore"])
            .arg(&path)
            .args(["-storepass:env", "STORE", "-keypass:env", "KEY"]);
        Said::by(&mut command, "")
            .await?
            .success("keytool -genkeypair")?;
        Ok(path)
    }

    /// A keystore with that identity and its chain: PKCS #12 by OpenSSL, the others by keytool from it.
    pub async fn keystore(
        &self,
        format: Format,
        name: &str,
        alias: &str,
        identity: &Identity,
        passphrases: Passphrases<'_>,
    ) -> Result<PathBuf> {
        let p12 = self.path(name, Format::Pkcs12);
        let pem = self.directory.join(format!("{name}.both.pem"));
        files::write(&pem, &format!("{}{}", identity.key, identity.chain))?;
        let mut command = Command::new(program::openssl()?);
        command
            .env("STORE", passphrases.store)
            .args(["pkcs12", "-export", "-name", alias, "-in"])
            .arg(&pem)
            .arg("-out")
            .arg(&p12)
            .args(["-passout", "env:STORE"]);
        Said::by(&mut command, "")
            .await?
            .success("openssl pkcs12 -export")?;
        if format == Format::Pkcs12 {
            return Ok(p12);
        }
        let path = self.path(name, format);
        let mut command = self.keytool(passphrases)?;
        command
            .args(["-importkeystore", "-noprompt", "-srckeystore"])
            .arg(&p12)
            .args(["-srcstoretype", "PKCS12", "-srcstorepass:env", "STORE"])
            .args(["-srcalias", alias, "-destalias", alias, "-destkeystore"])
            .arg(&path)
            .args(["-deststoretype", format.as_str()])
            .args(["-deststorepass:env", "STORE", "-destkeypass:env", "KEY"]);
        Said::by(&mut command, "")
            .await?
            .success("keytool -importkeystore")?;
        Ok(path)
    }

    /// A truststore with one certificate (PEM) under that alias.
    pub async fn truststore(
        &self,
        format: Format,
        name: &str,
        alias: &str,
        certificate: &str,
        passphrase: &str,
    ) -> Result<PathBuf> {
        let path = self.path(name, format);
        let pem = self.directory.join(format!("{name}.ca.pem"));
        files::write(&pem, certificate)?;
        let mut command = self.keytool(Passphrases {
            store: passphrase,
            key: passphrase,
        })?;
        command
            .args(["-importcert", "-noprompt", "-alias", alias, "-file"])
            .arg(&pem)
            .args(["-storetype", format.as_str(), "-keystore"])
            .arg(&path)
            .args(["-storepass:env", "STORE"]);
        Said::by(&mut command, "")
            .await?
            .success("keytool -importcert")?;
        Ok(path)
    }

    /// The private key (PEM), encrypted under that passphrase by OpenSSL.
    pub async fn encrypted_key(&self, name: &str, key: &str, passphrase: &str) -> Result<PathBuf> {
        let path = self.directory.join(format!("{name}.key"));
        let mut command = Command::new(program::openssl()?);
        command
            .env("KEY", passphrase)
            .args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-out"])
            .arg(&path)
            .args(["-passout", "env:KEY"]);
        Said::by(&mut command, key)
            .await?
            .success("openssl pkcs8 -topk8")?;
        Ok(path)
    }

    fn path(&self, name: &str, format: Format) -> PathBuf {
        let extension = format.extension();
        self.directory.join(format!("{name}.{extension}"))
    }

    /// Passphrases go through the environment: everybody on a machine sees arguments.
    fn keytool(&self, passphrases: Passphrases<'_>) -> Result<Command> {
        let mut command = Command::new(program::keytool()?);
        command
            .arg("-J-XX:TieredStopAtLevel=1")
            .env("STORE", passphrases.store)
            .env("KEY", passphrases.key);
        Ok(command)
    }
}

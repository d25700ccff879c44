//! A stored certificate file for a gateway: open, write it in the wanted format, audit, hand it out.

use sallyport_model::{DownloadFormat, DownloadRequest, Refusal, SecretString};
use sallyport_pki::UnixTime;
use thiserror::Error;
use tracing::{error, warn};
use zeroize::Zeroizing;

use super::export::{ExportFailure, export};
use super::gateway::Gateway;
use super::locate::{Found, Located, Purpose};
use super::{Provider, ProviderError};
use crate::audit::Entry;
use crate::payload::Payload;

/// What is audited for every download, allowed or not.
const OPERATION: &str = "secret.download";

/// A file on its way out. No `Debug`: it may hold a private key.
pub struct Download {
    /// The version of the secret that it was made of.
    pub version: u64,
    /// The file.
    pub file: Zeroizing<Vec<u8>>,
}

/// Why a file is not handed out.
#[derive(Debug, Error)]
pub enum DownloadError {
    /// The Provider cannot answer at all.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The reference was deleted.
    #[error("{reference} was deleted")]
    Withdrawn {
        /// As asked.
        reference: String,
    },
    /// The gateway does not get it.
    #[error("{detail}")]
    Refused {
        /// Why.
        reason: Refusal,
        /// For people.
        detail: String,
    },
    /// The group's owners have not opened it for downloads.
    #[error(
        "secret group {group:?} is not downloadable; who manages it can allow it: \
         sallyport group update {group} --downloadable true"
    )]
    NotDownloadable {
        /// Name of the group.
        group: String,
    },
    /// A passphrase that does not do, or a kind that has no file in this format.
    #[error("{0}")]
    Request(&'static str),
    /// What is stored cannot be opened or written.
    #[error("the stored secret cannot be exported; the vault's log says why")]
    Unavailable,
}

impl DownloadError {
    /// Stable word for programs and for the audit log.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Provider(_) | Self::Unavailable => "unavailable",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Refused { reason, .. } => reason.as_str(),
            Self::NotDownloadable { .. } => "not_downloadable",
            Self::Request(_) => "invalid_request",
        }
    }
}

impl Provider {
    /// The file of a keystore, truststore or certificate in a group that is downloadable and that
    /// the gateway may read.
    pub async fn download(
        &self,
        gateway: &Gateway,
        request: DownloadRequest,
        now: UnixTime,
    ) -> Result<Download, DownloadError> {
        let object = self.audit.reference(&request.reference);
        let entry = Entry::new(&gateway.caller, gateway.scope, OPERATION, object, now);
        let made = self.make(gateway, request).await;
        // Nothing leaves before the log has it.
        let entry = match &made {
            Ok(download) => entry.version(download.version).allowed(),
            Err(DownloadError::Provider(_) | DownloadError::Unavailable) => {
                entry.failed("unavailable")
            }
            Err(error) => {
                warn!(gateway = %gateway.caller.name, reason = error.code(), "download refused");
                entry.refused(error.code())
            }
        };
        self.audit
            .record(vec![entry])
            .await
            .map_err(ProviderError::Audit)?;
        made
    }

    async fn make(
        &self,
        gateway: &Gateway,
        request: DownloadRequest,
    ) -> Result<Download, DownloadError> {
        let DownloadRequest {
            scope,
            reference,
            format,
            passphrase,
        } = request;
        let located = self
            .locate(
                gateway,
                scope.unwrap_or(gateway.scope),
                &reference,
                Purpose::Download,
            )
            .await?;
        let found = match located {
            Located::Found(found) => found,
            Located::Withdrawn => return Err(DownloadError::Withdrawn { reference }),
            Located::Refused { reason, detail } => {
                return Err(DownloadError::Refused { reason, detail });
            }
        };
        if !found.group.downloadable {
            let group = found.group.name.as_str().to_owned();
            return Err(DownloadError::NotDownloadable { group });
        }
        let file = self.file(&found, format, passphrase).await?;
        let version = found.version.number;
        Ok(Download { version, file })
    }

    async fn file(
        &self,
        found: &Found,
        format: DownloadFormat,
        passphrase: Option<SecretString>,
    ) -> Result<Zeroizing<Vec<u8>>, DownloadError> {
        let unavailable = |cause: &dyn std::fmt::Display| {
            error!(reference = %found.reference, %cause, "a stored secret cannot be exported");
            DownloadError::Unavailable
        };
        let opened = self
            .opened(&found.group, &found.secret, &found.version)
            .await
            .map_err(|error| unavailable(&error))?;
        let payload = Payload::decode(&opened)
            .map_err(|_| unavailable(&"the opened payload does not read"))?;
        let alias = found.secret.name.as_str().to_owned();
        // Deriving the keys of a file takes a while on purpose.
        let written = tokio::task::spawn_blocking(move || {
            export(payload, &alias, format, passphrase.as_ref())
        });
        match written.await {
            Ok(Ok(file)) => Ok(file),
            Ok(Err(ExportFailure::Request(problem))) => Err(DownloadError::Request(problem)),
            Ok(Err(ExportFailure::Stored(cause))) => Err(unavailable(&cause)),
            Err(cause) => Err(unavailable(&cause)),
        }
    }
}

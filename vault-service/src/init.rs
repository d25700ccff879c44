//! `sallyport-vault init`: a new vault.

use rustls_pki_types::CertificateDer;
use sallyport_model::audit::AuditPublicKeyError;
use sallyport_model::{
    ActorId, EnvironmentId, GatewayIdentityError, NameError, OrganizationId, PlaceName,
    SecretString, TrustDomain,
};
use sallyport_pki::UnixTime;
use thiserror::Error;
use uuid::Uuid;

use crate::accounts::{HashError, new_client_secret};
use crate::data_dir::{DataDir, DataDirError};
use crate::keys::KeyError;
use crate::keys::open::RootPrivateKey;
use crate::provider::{GatewayCa, GatewayCaError, to_pem};
use crate::settings::{Settings, SettingsError};
use crate::store::{
    ActorKind, ActorRecord, EnvironmentRecord, OrganizationRecord, Setting, SqliteStore, Store,
    StoreError, Write,
};

/// Name of the first connected app.
const ADMINISTRATOR: &str = "administrator";

/// What to make.
#[derive(Clone, Debug)]
pub struct NewVault {
    /// Name of the organization.
    pub organization: String,
    /// Name of its environment.
    pub environment: String,
    /// SPIFFE trust domain of gateway identities.
    pub trust_domain: String,
    /// Further names and addresses of the two listeners.
    pub server_names: Vec<String>,
}

/// What was made. The secret is known here only: the store has its hash.
pub struct Initialised {
    /// The organization.
    pub organization: OrganizationId,
    /// Its environment.
    pub environment: EnvironmentId,
    /// Client id of the administrator.
    pub client_id: ActorId,
    /// Client secret of the administrator.
    pub client_secret: SecretString,
}

/// Why no vault was made.
#[derive(Debug, Error)]
pub enum InitError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The internal CA.
    #[error(transparent)]
    GatewayCa(#[from] GatewayCaError),
    /// The keys of the audit log.
    #[error(transparent)]
    AuditKeys(#[from] KeyError),
    /// The public key of the audit log.
    #[error(transparent)]
    AuditPublicKey(#[from] AuditPublicKeyError),
    /// The administrator's secret.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The name of the organization or environment.
    #[error("{argument}: {source}")]
    Name {
        /// `--organization` or `--environment`.
        argument: &'static str,
        /// What is wrong with it.
        source: NameError,
    },
    /// The trust domain.
    #[error("--trust-domain: {0}")]
    TrustDomain(#[from] GatewayIdentityError),
    /// The settings file.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
}

/// Makes the data directory, root key, database, organization, environment, administrator and
/// internal CA. An existing vault is never touched.
pub async fn init(
    dir: &std::path::Path,
    new: NewVault,
    now: UnixTime,
) -> Result<Initialised, InitError> {
    let trust_domain: TrustDomain = new.trust_domain.parse()?;
    let place = |argument, name: &str| {
        name.parse::<PlaceName>()
            .map_err(|source| InitError::Name { argument, source })
    };
    let organization = place("--organization", &new.organization)?;
    let environment = place("--environment", &new.environment)?;
    let settings = Settings::first_file(&new.server_names)?;
    let dir = DataDir::create(dir)?;
    let (root, root_public) = RootPrivateKey::generate();
    dir.write_root_key(&root)?;
    let ca = GatewayCa::create(&root, organization.as_str(), now)?;
    dir.write_public(
        &dir.ca_certificate(),
        &to_pem(&CertificateDer::from(ca.certificate.clone())),
    )?;
    let audit_keys = root_public.new_audit_keys()?;
    let audit_public_key = root.open_audit_keys(&audit_keys)?.checkpoint.public()?;
    dir.write_public(&dir.audit_public_key(), &audit_public_key.to_pem()?)?;
    dir.write_public(&dir.settings(), &settings)?;

    let (client_secret, secret_hash) = new_client_secret()?;
    let made = Initialised {
        organization: OrganizationId::new(uuid()?),
        environment: EnvironmentId::new(uuid()?),
        client_id: ActorId::new(uuid()?),
        client_secret,
    };
    let store = SqliteStore::create(&dir.database())?;
    store
        .commit(vec![
            Write::PutSetting(Setting::RootPublicKey, root_public.to_bytes()),
            Write::PutSetting(
                Setting::TrustDomain,
                trust_domain.as_str().as_bytes().to_vec(),
            ),
            Write::PutSetting(Setting::GatewayCaCertificate, ca.certificate),
            Write::PutSetting(Setting::GatewayCaSealedKey, ca.sealed_key),
            Write::PutSetting(Setting::AuditSealedKeys, audit_keys),
            Write::CreateOrganization(OrganizationRecord {
                id: made.organization,
                name: organization.to_string(),
                parent: None,
            }),
            Write::CreateEnvironment(EnvironmentRecord {
                id: made.environment,
                organization: made.organization,
                name: environment.to_string(),
                production: false,
            }),
            Write::CreateActor(ActorRecord {
                id: made.client_id,
                kind: ActorKind::ConnectedApp,
                organization: made.organization,
                environment: None,
                name: ADMINISTRATOR.to_owned(),
                administrator: true,
                secret_hash: Some(secret_hash),
                created_at: now,
                certificate_not_after: None,
            }),
        ])
        .await?;
    Ok(made)
}

fn uuid() -> Result<Uuid, InitError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| InitError::Randomness)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

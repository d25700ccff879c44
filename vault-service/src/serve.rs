//! `sallyport-vault serve`: puts the parts together. Nothing else constructs them.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sallyport_model::TrustDomain;
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tracing::info;

use crate::accounts::Accounts;
use crate::audit::{AuditLog, Sinks, checkpoint};
use crate::clock;
use crate::data_dir::{DataDir, DataDirError};
use crate::http::edge::{self, Quotas};
use crate::http::health::{self, Health};
use crate::http::listener::{self, Limits};
use crate::http::manager::ManagerDoor;
use crate::http::tls::{self, ServerIdentity, TlsError};
use crate::http::unix_socket::{self, SocketError, SocketSettings};
use crate::http::{manager, provider};
use crate::jobs::crl_ends::CrlEnds;
use crate::jobs::crl_fetch::{
    AddressRules, CrlFetching, DownloadLimits, Downloader, FetchRules, SystemResolver,
};
use crate::jobs::expiry;
use crate::jobs::external_lists::{self, FollowedLists};
use crate::keys::KeyError;
use crate::keys::audit::CheckpointKey;
use crate::keys::seal::RootPublicKey;
use crate::manager::{GatewayIssuer as _, Manager};
use crate::metrics::{GatewayMetrics, Metrics};
use crate::provider::sds::Sds;
use crate::provider::{
    AuditKeysError, ExternalCa, ExternalCaError, ExternalCas, GatewayCa, GatewayCaError,
    GivenLists, Provider, audit_keys,
};
use crate::settings::{CrlSettings, HealthListen, ListOrigin, Settings};
use crate::store::{Setting, SqliteStore, Store, StoreError};

/// Both doors, bound and ready to serve.
pub struct Vault {
    manager: (TcpListener, Arc<rustls::ServerConfig>, axum::Router),
    provider: (TcpListener, Arc<rustls::ServerConfig>, axum::Router),
    health: Option<TcpListener>,
    socket: Option<(UnixListener, SocketSettings)>,
    sds: Arc<Sds>,
    inside: Arc<Provider>,
    store: Arc<dyn Store>,
    crl_fetching: Arc<CrlFetching>,
    crl_ends: CrlEnds,
    external: Arc<ExternalCas>,
    external_lists: Vec<FollowedLists>,
    turned_away: GatewayMetrics,
    limits: Limits,
    checkpoint_key: Arc<CheckpointKey>,
    sinks: Sinks,
    _lock: File,
}

/// Where a vault listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The public door.
    pub manager: SocketAddr,
    /// The internal door.
    pub provider: SocketAddr,
    /// Probes and metrics, unless they are off.
    pub health: Option<SocketAddr>,
}

/// Why the service does not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The root key does not fit the database.
    #[error("root.key does not belong to this database")]
    WrongRootKey,
    /// A setting of the installation is damaged.
    #[error("the database is damaged: {0:?} does not read")]
    Damaged(Setting),
    /// A stored key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The keys of the audit log.
    #[error(transparent)]
    AuditKeys(#[from] AuditKeysError),
    /// The internal CA.
    #[error(transparent)]
    GatewayCa(#[from] GatewayCaError),
    /// CAs of gateways.
    #[error(transparent)]
    ExternalCa(#[from] ExternalCaError),
    /// A listener's TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file that a setting names.
    #[error("{setting}: cannot read {}", .path.display())]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One that has not what belongs there.
    #[error("{setting}: {} is no PEM, or has not what belongs there", .path.display())]
    Pem {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The Unix socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The thread of a sink of the audit log.
    #[error("an audit sink cannot be started")]
    Sink(#[source] io::Error),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}; is another vault running?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl Vault {
    /// Opens the data directory and binds both doors.
    pub async fn open(dir: &Path, settings: &Settings) -> Result<Self, ServeError> {
        let dir = DataDir::open(dir)?;
        let lock = dir.lock()?;
        let root = dir.read_root_key()?;
        let store = SqliteStore::open(&dir.database(), settings.audit_durability)?;
        let store: Arc<dyn Store> = Arc::new(store);
        let root_public =
            RootPublicKey::from_bytes(&installed(&*store, Setting::RootPublicKey).await?)?;
        if root_public != root.public() {
            return Err(ServeError::WrongRootKey);
        }
        let trust_domain = trust_domain(&*store).await?;
        let ca = GatewayCa::open(
            &root,
            installed(&*store, Setting::GatewayCaCertificate).await?,
            &installed(&*store, Setting::GatewayCaSealedKey).await?,
            trust_domain,
        )?;
        let ca = Arc::new(ca.with_short_lifetime(settings.gateway_certificate_seconds()));

        // Before they are read: what comes meanwhile is noticed.
        let mut external_lists = followed_lists(settings);
        let external = external_cas(settings)?;
        let others = external.iter().flat_map(|ca| ca.certificates.clone());
        let client_cas = std::iter::once(ca.certificate().clone()).chain(others);
        let (own, domain) = (ca.certificate(), ca.trust_domain());
        let external = Arc::new(ExternalCas::new(own, domain, &external, clock::now())?);
        for followed in &mut external_lists {
            followed.keep_in(&dir, &external, clock::now()).await;
            followed.look(&external, &*store, clock::now()).await;
        }
        let identity = own_identity(&ca, settings)?;
        let internal = tls::mutual(identity, client_cas, Arc::clone(&external))?;
        let public = tls::public(match &settings.manager_identity {
            Some((certificate, key)) => file_identity(certificate, key)?,
            None => own_identity(&ca, settings)?,
        })?;
        let metrics = Arc::new(Metrics::new());
        let audit_keys = audit_keys(&*store, &root).await?;
        let sinks = Sinks::start(&store, &settings.audit_sinks, &metrics.audit);
        let sinks = sinks.map_err(ServeError::Sink)?;
        let audit = AuditLog::new(
            Arc::clone(&store),
            Arc::clone(&audit_keys.value),
            metrics.audit.clone(),
            sinks.clone(),
        );
        let inner = Provider::new(
            Arc::clone(&store),
            root,
            Arc::clone(&ca),
            audit,
            Arc::clone(&metrics),
        );
        let inner = Arc::new(inner.with_external_cas(Arc::clone(&external)));
        let copier = Arc::clone(&inner);
        let manager = Manager::new(Arc::clone(&store), root_public, ca, copier);
        let crl_fetching = Arc::new(CrlFetching::new(
            manager.clone(),
            Arc::clone(&store),
            crl_downloader(&settings.crl)?,
            FetchRules {
                listed_for: settings.crl.listed_seconds(),
                now: Box::new(clock::now),
                chance: Box::new(clock::chance),
            },
            metrics.crl.clone(),
        ));
        // Who holds the lock is alone on the database: whoever was at it has ended.
        crl_fetching.give_back().await;
        let crl_ends = CrlEnds::new(manager.clone(), Arc::clone(&store), metrics.crl.clone());
        let door = ManagerDoor {
            manager,
            accounts: Accounts::new(Arc::clone(&store)),
            store: Arc::clone(&store),
            rollout: inner.rollout(),
            crl_fetching: Arc::clone(&crl_fetching),
            gateway_cas: settings.gateway_cas.as_slice().into(),
            sinks: sinks.clone(),
        };
        let sds = Arc::new(Sds::new(Arc::clone(&inner), settings.sds_names.clone()));
        let socket = settings.sds_socket.clone();
        let socket = socket.map(|settings| Ok((unix_socket::bind(&settings)?, settings)));
        let quotas = Quotas::per_second(settings.requests_per_second, settings.burst);
        sinks.settle().await;
        Ok(Self {
            manager: (
                bind(settings.manager_listen).await?,
                public,
                edge::around(
                    manager::router(door),
                    Arc::new(quotas),
                    metrics.door.clone(),
                ),
            ),
            provider: (
                bind(settings.provider_listen).await?,
                internal,
                provider::router(Arc::clone(&inner), Arc::clone(&sds)),
            ),
            health: match settings.health_listen {
                HealthListen::At(address) => Some(bind(address).await?),
                HealthListen::Off => None,
            },
            socket: socket.transpose().map_err(ServeError::Socket)?,
            sds,
            inside: inner,
            store,
            crl_fetching,
            crl_ends,
            external,
            external_lists,
            turned_away: metrics.gateways.clone(),
            limits: Limits {
                connections_per_network: settings.provider_handshakes.get().into(),
                ..Limits::INTERNAL
            },
            checkpoint_key: audit_keys.checkpoint,
            sinks,
            _lock: lock,
        })
    }

    /// The addresses that were bound.
    pub fn addresses(&self) -> io::Result<Addresses> {
        let health = self.health.as_ref().map(TcpListener::local_addr);
        Ok(Addresses {
            manager: self.manager.0.local_addr()?,
            provider: self.provider.0.local_addr()?,
            health: health.transpose()?,
        })
    }

    /// Where audit entries go besides the store.
    pub fn sinks(&self) -> Sinks {
        self.sinks.clone()
    }

    /// Serves both doors until `stop` says so.
    pub async fn serve(self, stop: watch::Receiver<bool>) {
        let (ended, end) = watch::channel(false);
        let health = Health {
            provider: Arc::clone(&self.inside),
            stopping: stop.clone(),
        };
        let health = serve_health(self.health, health, end);
        let (public, public_tls, public_routes) = self.manager;
        let (internal, internal_tls, internal_routes) = self.provider;
        let crl_fetching = self.crl_fetching;
        let doors = async {
            tokio::join!(
                listener::serve(
                    public,
                    public_tls,
                    public_routes,
                    Limits::PUBLIC,
                    None,
                    stop.clone()
                ),
                listener::serve(
                    internal,
                    internal_tls,
                    internal_routes,
                    self.limits,
                    Some(self.turned_away),
                    stop.clone()
                ),
                self.inside.forget_what_changes(stop.clone()),
                self.inside.keep_measuring(clock::now, stop.clone()),
                expiry::run(Arc::clone(&self.store), clock::now, stop.clone()),
                checkpoint::run(
                    Arc::clone(&self.store),
                    Arc::clone(&self.checkpoint_key),
                    clock::now,
                    stop.clone()
                ),
                serve_socket(self.socket, Arc::clone(&self.sds), stop.clone()),
                external_lists::run(
                    self.external,
                    Arc::clone(&self.store),
                    self.external_lists,
                    clock::now,
                    stop.clone()
                ),
                close(self.sds, stop.clone()),
                self.crl_ends.run(clock::now, stop.clone()),
                crl_fetching.run(stop),
            );
            // Only then: until the last request is answered, probes hear that the vault is stopping.
            ended.send_replace(true);
        };
        tokio::join!(doors, health);
        crl_fetching.give_back().await;
        // The log of a vault that was stopped ends with a signature.
        checkpoint::sign(&*self.store, &self.checkpoint_key, clock::now()).await;
        self.sinks.settle().await;
        info!("stopped");
    }
}

async fn serve_health(listener: Option<TcpListener>, health: Health, end: watch::Receiver<bool>) {
    if let Some(listener) = listener {
        health::serve(listener, health::router(health), end).await;
    }
}

async fn serve_socket(
    socket: Option<(UnixListener, SocketSettings)>,
    sds: Arc<Sds>,
    stop: watch::Receiver<bool>,
) {
    if let Some((listener, settings)) = socket {
        let router = crate::http::sds::router_for_processes(sds);
        unix_socket::serve(listener, settings.gateways, router, stop).await;
        // Whoever looks for it next is told at once that nobody is there.
        let _ = std::fs::remove_file(settings.path);
    }
}

/// Ends open streams when the service stops: they would keep it from ending.
async fn close(sds: Arc<Sds>, mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    sds.close();
}

async fn installed(store: &dyn Store, setting: Setting) -> Result<Vec<u8>, ServeError> {
    store
        .setting(setting)
        .await?
        .ok_or(ServeError::Damaged(setting))
}

async fn trust_domain(store: &dyn Store) -> Result<TrustDomain, ServeError> {
    String::from_utf8(installed(store, Setting::TrustDomain).await?)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(ServeError::Damaged(Setting::TrustDomain))
}

/// A certificate of the internal CA, made anew at every start and kept in memory only.
fn own_identity(ca: &GatewayCa, settings: &Settings) -> Result<ServerIdentity, ServeError> {
    let issued = ca.issue_server(&settings.server_names, clock::now())?;
    Ok(ServerIdentity {
        chain: vec![issued.certificate, ca.certificate().clone()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.to_vec())),
    })
}

fn file_identity(certificate: &Path, key: &Path) -> Result<ServerIdentity, ServeError> {
    let chain = certificates("manager_certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(pem_error("manager_key", key))?;
    Ok(ServerIdentity { chain, key })
}

fn certificates(
    setting: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(pem_error(setting, file))?;
    match certificates.is_empty() {
        true => Err(pem_error(setting, file)(pem::Error::NoItemsFound)),
        false => Ok(certificates),
    }
}

fn external_cas(settings: &Settings) -> Result<Vec<ExternalCa>, ServeError> {
    let cas = settings.gateway_cas.iter().map(|ca| {
        Ok(ExternalCa {
            certificates: certificates("gateway_cas: file", &ca.file)?,
            names: ca.names.clone(),
            lists: match &ca.lists {
                None => GivenLists::Unlisted,
                Some(ListOrigin::Distributor(_)) => GivenLists::Later,
                Some(ListOrigin::File(file)) => {
                    let read = external_lists::read(file).map_err(|source| {
                        let (setting, path) = ("gateway_cas: crl_file", file.to_owned());
                        ServeError::File {
                            setting,
                            path,
                            source,
                        }
                    });
                    GivenLists::File(read?)
                }
            },
        })
    });
    cas.collect()
}

fn followed_lists(settings: &Settings) -> Vec<FollowedLists> {
    let cas = settings.gateway_cas.iter().enumerate();
    let lists = cas.filter_map(|(ca, settings)| {
        let origin = settings.lists.clone()?;
        Some(FollowedLists::new(ca, origin))
    });
    lists.collect()
}

/// What is wrong with a file. What is there instead is not shown: it may be a key.
fn pem_error(setting: &'static str, file: &Path) -> impl FnOnce(pem::Error) -> ServeError {
    let path = file.to_owned();
    move |error| match error {
        pem::Error::Io(source) => ServeError::File {
            setting,
            path,
            source,
        },
        _ => ServeError::Pem { setting, path },
    }
}

fn crl_downloader(settings: &CrlSettings) -> Result<Downloader, ServeError> {
    let server_cas = match &settings.ca_file {
        Some(file) => certificates("crl_ca_file", file)?,
        None => Vec::new(),
    };
    Ok(Downloader {
        resolver: Arc::new(SystemResolver),
        addresses: AddressRules {
            allowed: settings.networks.clone(),
        },
        limits: DownloadLimits::of_bytes(settings.max_bytes()),
        server_cas,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

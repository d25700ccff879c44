//! A vault in a temporary directory, without listeners.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use sallyport_model::{
    Access, ActorId, Collection, GroupId, Known, ResolveRequest, Revision, Scope, SecretId,
    SecretString,
};
use sallyport_pki::{Certificate, UnixTime};
use sallyport_vault::access::Caller;
use sallyport_vault::accounts::Accounts;
use sallyport_vault::audit::{AuditLog, Sinks};
use sallyport_vault::clock;
use sallyport_vault::data_dir::DataDir;
use sallyport_vault::http::manager::ManagerDoor;
use sallyport_vault::init::{Initialised, NewVault, init};
use sallyport_vault::jobs::crl_fetch::{
    AddressRules, CrlFetching, DownloadLimits, Downloader, FetchRules, Resolver,
};
use sallyport_vault::keys::seal::RootPublicKey;
use sallyport_vault::manager::{Form, Manager, PinnedLeaves};
use sallyport_vault::metrics::{GatewayMetrics, Metrics};
use sallyport_vault::provider::{
    ExternalCa, ExternalCas, Gateway, GatewayCa, Provider, ProviderError,
};
use sallyport_vault::settings::{GatewayCaSettings, SinkSettings};
use sallyport_vault::store::{
    ActorKind, ActorRecord, AuditDurability, AuditRecord, GroupRecord, Setting, SqliteStore, Store,
    TokenRecord, Write,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) struct Vault {
    pub(crate) dir: TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) manager: Manager,
    pub(crate) provider: Arc<Provider>,
    pub(crate) crl_fetching: Arc<CrlFetching>,
    pub(crate) administrator: Caller,
    pub(crate) scope: Scope,
    pub(crate) made: Initialised,
    pub(crate) sinks: Sinks,
    pub(crate) gateway_cas: Vec<GatewayCaSettings>,
}

impl Vault {
    pub(crate) async fn new() -> Self {
        Self::with_sinks(tempfile::tempdir().unwrap(), &[]).await
    }

    /// One whose audit log goes elsewhere, too.
    pub(crate) async fn with_sinks(dir: TempDir, sinks: &[SinkSettings]) -> Self {
        let path = dir.path().join("data");
        let new = NewVault {
            organization: "Org".to_owned(),
            environment: "Sandbox".to_owned(),
            trust_domain: "test.internal".to_owned(),
            server_names: Vec::new(),
        };
        let made = init(&path, new, clock::now()).await.unwrap();
        Self::open(dir, made, sinks).await
    }

    /// The same vault after its process ended and started again.
    pub(crate) async fn reopened(self) -> Self {
        self.closed(async |_| ()).await
    }

    /// The same after something was done with the data directory that no process had open.
    pub(crate) async fn closed(self, meanwhile: impl AsyncFnOnce(&Path)) -> Self {
        let Self {
            dir,
            store,
            manager,
            provider,
            crl_fetching,
            made,
            ..
        } = self;
        // The file is closed when nobody holds the store any more.
        let closed = Arc::downgrade(&store);
        drop((store, manager, provider, crl_fetching));
        assert_eq!(closed.strong_count(), 0);
        meanwhile(&dir.path().join("data")).await;
        Self::open(dir, made, &[]).await
    }

    async fn open(dir: TempDir, made: Initialised, sinks: &[SinkSettings]) -> Self {
        let path = dir.path().join("data");
        let data = DataDir::open(&path).unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&data.database(), AuditDurability::Disk).unwrap());
        let setting = async |setting| store.setting(setting).await.unwrap().unwrap();
        let root = data.read_root_key().unwrap();
        let trust_domain = String::from_utf8(setting(Setting::TrustDomain).await).unwrap();
        let ca = Arc::new(
            GatewayCa::open(
                &root,
                setting(Setting::GatewayCaCertificate).await,
                &setting(Setting::GatewayCaSealedKey).await,
                trust_domain.parse().unwrap(),
            )
            .unwrap(),
        );
        let root_public =
            RootPublicKey::from_bytes(&setting(Setting::RootPublicKey).await).unwrap();
        let administrator = store.actor(made.client_id).await.unwrap().unwrap().into();
        let metrics = Arc::new(Metrics::new());
        let keys = root
            .open_audit_keys(&setting(Setting::AuditSealedKeys).await)
            .unwrap();
        let sinks = Sinks::start(&store, sinks, &metrics.audit).unwrap();
        let audit = AuditLog::new(
            Arc::clone(&store),
            keys.value,
            metrics.audit.clone(),
            sinks.clone(),
        );
        let provider = Arc::new(Provider::new(
            Arc::clone(&store),
            root,
            Arc::clone(&ca),
            audit,
            Arc::clone(&metrics),
        ));
        let copier = Arc::clone(&provider);
        let manager = Manager::new(Arc::clone(&store), root_public, ca, copier);
        let crl_fetching = CrlFetching::new(
            manager.clone(),
            Arc::clone(&store),
            Downloader {
                resolver: Arc::new(NoNames),
                addresses: AddressRules::default(),
                limits: DownloadLimits::of_bytes(1024),
                server_cas: Vec::new(),
            },
            FetchRules {
                listed_for: 0,
                now: Box::new(clock::now),
                chance: Box::new(|| 0),
            },
            metrics.crl.clone(),
        );
        Self {
            manager,
            crl_fetching: Arc::new(crl_fetching),
            provider,
            administrator,
            scope: Scope {
                organization: made.organization,
                environment: made.environment,
            },
            made,
            store,
            sinks,
            gateway_cas: Vec::new(),
            dir,
        }
    }

    /// The public door's routes, without its edge.
    pub(crate) fn routes(&self) -> axum::Router {
        sallyport_vault::http::manager::router(ManagerDoor {
            manager: self.manager.clone(),
            accounts: Accounts::new(Arc::clone(&self.store)),
            rollout: self.provider.rollout(),
            crl_fetching: Arc::clone(&self.crl_fetching),
            gateway_cas: self.gateway_cas.as_slice().into(),
            store: Arc::clone(&self.store),
            sinks: self.sinks.clone(),
        })
    }

    pub(crate) async fn group(&self, name: &str) -> GroupRecord {
        let new = serde_json::from_value(json!({ "name": name })).unwrap();
        let id = self
            .manager
            .create_group(&self.administrator, self.scope, new, clock::now())
            .await
            .unwrap();
        self.group_of(id).await
    }

    pub(crate) async fn group_of(&self, id: GroupId) -> GroupRecord {
        self.manager
            .group(
                &self.administrator,
                self.scope,
                id,
                Access::Manage,
                clock::now(),
            )
            .await
            .unwrap()
    }

    pub(crate) async fn password(
        &self,
        group: &GroupRecord,
        name: &str,
        password: &str,
    ) -> SecretId {
        let draft = Manager::shared_secret(upload(name, password)).unwrap();
        self.manager
            .create_secret(
                &self.administrator,
                group,
                Collection::SharedSecrets,
                draft,
                clock::now(),
            )
            .await
            .unwrap()
    }

    pub(crate) async fn rotate(
        &self,
        group: &GroupRecord,
        id: SecretId,
        name: &str,
        password: &str,
    ) {
        let draft = Manager::shared_secret(upload(name, password)).unwrap();
        self.manager
            .replace_secret(
                &self.administrator,
                group,
                Collection::SharedSecrets,
                id,
                draft,
                clock::now(),
            )
            .await
            .unwrap();
    }

    pub(crate) async fn truststore(&self, group: &GroupRecord, name: &str) -> SecretId {
        self.manager
            .create_secret(
                &self.administrator,
                group,
                Collection::Truststores,
                truststore_draft(name),
                clock::now(),
            )
            .await
            .unwrap()
    }

    pub(crate) async fn tls_context(
        &self,
        group: &GroupRecord,
        name: &str,
        truststore: SecretId,
    ) -> SecretId {
        let upload = serde_json::from_value(json!({
            "name": name, "target": "FlexGateway",
            "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["http/1.1"],
            "inboundSettings": { "enableClientCertValidation": true },
            "truststore": { "path": format!("truststores/{truststore}") },
        }))
        .unwrap();
        let draft = self
            .manager
            .tls_context(group, upload, clock::now())
            .await
            .unwrap();
        self.manager
            .create_secret(
                &self.administrator,
                group,
                Collection::TlsContexts,
                draft,
                clock::now(),
            )
            .await
            .unwrap()
    }

    /// A gateway as the Provider knows it after the handshake.
    pub(crate) async fn gateway(&self, name: &str) -> (ActorId, Gateway) {
        let (id, certificate, _) = self.enrolled(name).await;
        (
            id,
            self.provider
                .authenticate(&[certificate.der().to_vec().into()])
                .await
                .unwrap(),
        )
    }

    /// A gateway with its certificate and key.
    pub(crate) async fn enrolled(&self, name: &str) -> (ActorId, Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default()
            .serialize_request(&key)
            .unwrap()
            .pem()
            .unwrap();
        let new = serde_json::from_value(json!({ "name": name, "csr": csr })).unwrap();
        let (id, issued) = self
            .manager
            .create_gateway(&self.administrator, self.scope, new, clock::now())
            .await
            .unwrap();
        let certificate =
            sallyport_pki::certificate_from_pem(issued.certificate.as_bytes()).unwrap();
        (id, certificate, key)
    }

    /// The CA of gateways and of the internal door, with its key.
    pub(crate) async fn internal_ca(&self) -> GatewayCa {
        let data = DataDir::open(&self.dir.path().join("data")).unwrap();
        let setting = async |setting| self.store.setting(setting).await.unwrap().unwrap();
        GatewayCa::open(
            &data.read_root_key().unwrap(),
            setting(Setting::GatewayCaCertificate).await,
            &setting(Setting::GatewayCaSealedKey).await,
            "test.internal".parse().unwrap(),
        )
        .unwrap()
    }

    /// Another Provider over the same store, which lets in gateways of other CAs.
    pub(crate) async fn provider_trusting(
        &self,
        others: &[ExternalCa],
    ) -> (Arc<Provider>, Arc<ExternalCas>, GatewayMetrics) {
        let ca = self.internal_ca().await;
        let data = DataDir::open(&self.dir.path().join("data")).unwrap();
        let root = data.read_root_key().unwrap();
        let metrics = Arc::new(Metrics::new());
        let sealed = self.store.setting(Setting::AuditSealedKeys).await.unwrap();
        let values = root.open_audit_keys(&sealed.unwrap()).unwrap().value;
        let (store, sinks) = (Arc::clone(&self.store), self.sinks.clone());
        let audit = AuditLog::new(Arc::clone(&store), values, metrics.audit.clone(), sinks);
        let domain = "test.internal".parse().unwrap();
        let external = ExternalCas::new(ca.certificate(), &domain, others, clock::now());
        let external = Arc::new(external.unwrap());
        let gateways = metrics.gateways.clone();
        let provider = Provider::new(store, root, Arc::new(ca), audit, metrics);
        let provider = provider.with_external_cas(Arc::clone(&external));
        (Arc::new(provider), external, gateways)
    }

    /// A connected app that may do this in a group, and a token of it.
    pub(crate) async fn app(
        &self,
        group: &GroupRecord,
        name: &str,
        access: &[Access],
    ) -> (Caller, String) {
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id).unwrap();
        let id = ActorId::new(uuid::Builder::from_random_bytes(id).into_uuid());
        let app = ActorRecord {
            id,
            kind: ActorKind::ConnectedApp,
            organization: self.scope.organization,
            environment: None,
            name: name.to_owned(),
            administrator: false,
            secret_hash: Some("none fits".to_owned()),
            created_at: clock::now(),
            certificate_not_after: None,
        };
        let token = format!("token of {name}");
        let record = TokenRecord {
            sha256: *sallyport_pki::Digest::of(token.as_bytes()).as_bytes(),
            actor: id,
            expires_at: UnixTime(clock::now().0 + 3600),
        };
        let now = clock::now();
        self.store
            .commit(vec![
                Write::CreateActor(app.clone()),
                Write::CreateToken { token: record, now },
            ])
            .await
            .unwrap();
        self.manager
            .grant(&self.administrator, group, id, access.to_vec(), now)
            .await
            .unwrap();
        (app.into(), token)
    }

    pub(crate) async fn grant(&self, group: &GroupRecord, actor: ActorId) {
        self.manager
            .grant(
                &self.administrator,
                group,
                actor,
                vec![Access::Read],
                clock::now(),
            )
            .await
            .unwrap();
    }

    /// One reference, one answer.
    pub(crate) async fn resolve(
        &self,
        gateway: &Gateway,
        reference: &str,
        known: Option<&Value>,
        wait: u32,
    ) -> Result<Value, ProviderError> {
        let revision =
            known.map(|answer| Revision(answer["revision"].as_str().unwrap().to_owned()));
        let request = ResolveRequest {
            scope: self.scope,
            references: vec![Known {
                reference: reference.to_owned(),
                revision,
            }],
            wait,
        };
        let answer = self.provider.resolve(gateway, &request, clock::now).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        Ok(answer["answers"][0].clone())
    }

    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        self.store.audit(self.scope, Some(0), 1000).await.unwrap()
    }
}

/// Nobody is fetched from.
struct NoNames;

#[async_trait]
impl Resolver for NoNames {
    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

pub(crate) fn upload(name: &str, password: &str) -> sallyport_vault::manager::SharedSecretUpload {
    serde_json::from_value(json!({
        "name": name, "type": "UsernamePassword", "username": "gw", "password": password,
    }))
    .unwrap()
}

pub(crate) fn truststore_draft(name: &str) -> sallyport_vault::manager::Draft {
    let form = form(
        &[("type", "PEM"), ("name", name)],
        &[("trustStore", ca().pem().as_bytes())],
    );
    Manager::truststore(&form, PinnedLeaves::Refuse, clock::now()).unwrap()
}

pub(crate) fn form(texts: &[(&str, &str)], files: &[(&str, &[u8])]) -> Form {
    let mut form = Form::default();
    for (name, text) in texts {
        form.add_text((*name).to_owned(), SecretString::new((*text).to_owned()))
            .unwrap();
    }
    for (name, bytes) in files {
        form.add_file(
            (*name).to_owned(),
            "file.pem",
            Zeroizing::new(bytes.to_vec()),
        )
        .unwrap();
    }
    form
}

pub(crate) fn ca() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "test CA");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

//! Envoy's own TLS with certificates, trust, pins and revocation lists from the vault.

use std::path::PathBuf;

use http::StatusCode;
use sallyport_tests::client::Client;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::needle::Needle;
use sallyport_tests::pki::{Authority, Identity, Keys};
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Result, files};
use std::os::unix::fs::MetadataExt as _;

mod on_demand;
mod session_tickets;

const CONFIGURATION: &str = include_str!("envoy.yaml");

/// A listener that takes its certificate and how it verifies its clients.
const MUTUAL: &str = r#"
    require_client_certificate: true,
    common_tls_context: {
        tls_params: {tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3},
        tls_certificate_sds_secret_configs: [{name: "secret://payments/tlsContexts/inbound#certificate", sds_config: ${SDS}}],
        validation_context_sds_secret_config: {name: "secret://payments/tlsContexts/inbound#validation", sds_config: ${SDS}},
    },"#;

/// Which way the secrets come.
#[derive(Clone, Copy, Debug)]
struct Way {
    api_type: &'static str,
    cluster: &'static str,
}

const WAYS: [Way; 4] = [
    Way::new("GRPC", "door"),
    Way::new("DELTA_GRPC", "door"),
    Way::new("GRPC", "socket"),
    Way::new("DELTA_GRPC", "socket"),
];

impl Way {
    const fn new(api_type: &'static str, cluster: &'static str) -> Self {
        Self { api_type, cluster }
    }

    /// Envoy's words for it, on one line.
    fn source(self) -> String {
        let Self { api_type, cluster } = self;
        format!(
            "{{resource_api_version: V3, api_config_source: {{api_type: {api_type}, transport_api_version: V3, \
             grpc_services: [{{envoy_grpc: {{cluster_name: {cluster}}}}}]}}}}"
        )
    }
}

/// A vault with the two contexts of an Envoy, which shows a client certificate to its upstream.
struct Scene {
    stage: Stage,
    envoy: Option<Envoy>,
    client_ca: Authority,
}

impl Scene {
    async fn new() -> Result<Self> {
        let stage = Stage::furnish(Options::default()).await?;
        let client_ca = Authority::root("Gateway client CA")?;
        let identity = client_ca.client("gateway")?;
        identity.write_to(&stage.pki(), "gateway-client")?;
        stage
            .backend
            .demand(stage.genuine(), &client_ca.certificate())?;
        let mut scene = Self {
            stage,
            envoy: None,
            client_ca,
        };
        for command in [
            "keystore create gateway-client --group payments --certificate gateway-client.pem --key gateway-client.key",
            "tls-context create inbound --group payments --keystore gateway --truststore partners --require-client-certificate",
            "tls-context create outbound --group payments --keystore gateway-client --truststore backend",
        ] {
            scene.say(command).await?;
        }
        scene.open_socket().await?;
        Ok(scene)
    }

    async fn say(&self, command: &str) -> Result<String> {
        let words: Vec<&str> = command.split(' ').collect();
        self.stage.cli.ok(&words).await
    }

    /// A file that commands can name.
    fn file(&self, name: &str, content: &str) -> Result<()> {
        files::write(&self.stage.pki().join(name), content)
    }

    fn socket(&self) -> PathBuf {
        self.stage.scratch().join("sds.sock")
    }

    /// Lets our own user connect as the gateway `edge`.
    async fn open_socket(&mut self) -> Result<()> {
        let gateways = self.stage.cli.json(&["gateway", "list"]).await?;
        let mut gateways = gateways.as_array().unwrap().iter();
        let edge = gateways.find(|gateway| gateway["name"] == "edge").unwrap();
        let account = self.stage.vault.account();
        let identity = format!(
            "spiffe://sallyport.internal/organization/{}/environment/{}/gateway/{}",
            account.organization.id,
            account.environment.id,
            edge["id"].as_str().unwrap()
        );
        let settings = format!(
            "\n[sds_socket]\npath = {:?}\n[sds_socket.gateways]\n{} = {identity:?}\n",
            self.socket(),
            std::fs::metadata(self.stage.vault.data()).unwrap().uid(),
        );
        self.configure(|before| before + &settings).await
    }

    /// Starts the vault again with other settings.
    async fn configure(&mut self, change: impl FnOnce(String) -> String) -> Result<()> {
        let file = self.stage.vault.data().join("vault.toml");
        let settings = files::read(&file).unwrap_or_default();
        files::write(&file, &change(settings))?;
        self.stage.vault.stop();
        self.stage.vault.resume().await
    }

    async fn start(&mut self, way: Way) -> Result<()> {
        self.envoy = None;
        self.envoy = Some(self.listen("sds-envoy", way, MUTUAL).await?);
        Ok(())
    }

    /// An Envoy of that name, with a listener of that `DownstreamTlsContext`.
    async fn listen(&self, name: &str, way: Way, context: &str) -> Result<Envoy> {
        const TYPE: &str =
            "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
        let source = way.source();
        let context = context.replace("${SDS}", &source);
        let context = context.split_whitespace().collect::<Vec<_>>().join(" ");
        let given = [
            ("DOWNSTREAM", format!(r#"{{"@type": {TYPE}, {context}}}"#)),
            ("SDS", source),
            ("SOCKET", self.socket().to_string_lossy().into_owned()),
        ];
        let configuration = self.stage.fill(CONFIGURATION, &given)?;
        let directory = self.stage.scratch().directory(name)?;
        Envoy::start(&directory, &configuration).await
    }

    fn envoy(&self) -> &Envoy {
        self.envoy.as_ref().unwrap()
    }

    /// One request on a new connection; the status, or none if there is no connection.
    async fn get(&self, client: &Client) -> Option<StatusCode> {
        let reply = client.get(self.envoy().listener(), "/").await;
        reply.ok().map(|reply| reply.status)
    }

    async fn get_as(&self, identity: &Identity) -> Option<StatusCode> {
        let client = self.stage.client(Some(identity)).unwrap();
        self.get(&client).await
    }

    /// Waits until a client is answered like this.
    async fn becomes(&self, identity: &Identity, wanted: Option<StatusCode>) -> Result<()> {
        let client = self.stage.client(Some(identity))?;
        until(&format!("{wanted:?}"), PATIENCE, async || {
            Ok((self.get(&client).await == wanted).then_some(()))
        })
        .await
    }
}

/// A list of the partners' issuing CA is in force, and a context wants it.
const ASK_FOR_LISTS: [&str; 4] = [
    "certificate create issuing --group payments --file issuing.pem",
    "crl-distributor create partner-crl --group payments --frequency 60 --complete-url http://127.0.0.1:9/ca.crl --distributor-certificate issuing",
    "crl-distributor publish partner-crl --group payments --file first.crl",
    "tls-context replace CONTEXT --group payments --keystore gateway --truststore partners --require-client-certificate --crl-distributor partner-crl --crl-for-peer-only",
];

const OK: Option<StatusCode> = Some(StatusCode::OK);
const REFUSED: Option<StatusCode> = None;
const NO_UPSTREAM: Option<StatusCode> = Some(StatusCode::SERVICE_UNAVAILABLE);

#[tokio::test(flavor = "multi_thread")]
async fn envoy_takes_identities_and_trust_in_both_protocols_through_both_doors() -> Result<()> {
    let mut scene = Scene::new().await?;
    let needles = Needle::of_private_key("the listener's key", &scene.stage.server().key)?;
    for way in WAYS {
        scene.start(way).await?;
        let clients = &scene.stage.clients;
        assert_eq!(scene.get_as(&clients.partner).await, OK, "{way:?}");
        assert_eq!(scene.get_as(&clients.rogue).await, REFUSED, "{way:?}");
        let nobody = scene.stage.client(None)?;
        assert_eq!(scene.get(&nobody).await, REFUSED, "{way:?}");

        // The key is in Envoy's memory, and nowhere else.
        let (_, dump) = scene.envoy().admin().get("/config_dump").await?;
        assert!(dump.contains("#certificate"), "{way:?}");
        let mut written = vec![dump.into_bytes()];
        for path in files::below(&scene.stage.scratch().join("sds-envoy"))? {
            written.push(files::read_bytes(&path)?);
        }
        let found = written
            .iter()
            .any(|bytes| needles.iter().any(|needle| needle.is_in(bytes)));
        assert!(!found, "{way:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_the_vault_is_in_force_for_new_connections() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.start(WAYS[1]).await?;
    let (partner, colleague, unpinned) = {
        let clients = &scene.stage.clients;
        let identities = [&clients.partner, &clients.colleague, &clients.unpinned];
        let [partner, colleague, unpinned] = identities.map(Identity::clone);
        (partner, colleague, unpinned)
    };
    assert_eq!(scene.get_as(&partner).await, OK);

    // Whom it trusts.
    assert_eq!(scene.get_as(&colleague).await, REFUSED);
    let both = ["partner-ca.pem", "internal-ca.pem"]
        .map(|name| files::read(&scene.stage.pki().join(name)).unwrap());
    scene.file("both.pem", &both.concat())?;
    scene
        .say("truststore replace partners --group payments --file both.pem")
        .await?;
    scene.becomes(&colleague, OK).await?;
    scene
        .say("truststore replace partners --group payments --file partner-ca.pem")
        .await?;
    scene.becomes(&colleague, REFUSED).await?;

    // Who it is.
    let other = Authority::root("Next gateway CA")?;
    let next = other.server("gateway.test")?;
    next.write_to(&scene.stage.pki(), "next")?;
    scene
        .say("keystore replace gateway --group payments --certificate next.pem --key next.key")
        .await?;
    let client = Client::new(&other.certificate(), "gateway.test", Some(&partner))?;
    until("the next certificate", PATIENCE, async || {
        Ok((scene.get(&client).await == OK).then_some(()))
    })
    .await?;
    scene
        .say(
            "keystore replace gateway --group payments --certificate gateway.pem --key gateway.key",
        )
        .await?;
    scene.becomes(&partner, OK).await?;

    // Whom of them it takes: pins.
    let pinned = "tls-context replace inbound --group payments --target security-fabric \
                  --keystore gateway --truststore partners --tls-version TLSv1.2 --tls-version TLSv1.3 \
                  --mutual-authentication --checking-strength lax --verification-depth 2 \
                  --pinset partners";
    let pinned: Vec<&str> = pinned.split_whitespace().collect();
    let delete = [
        "tls-context",
        "delete",
        "inbound",
        "--group",
        "payments",
        "--yes",
    ];
    scene.stage.cli.ok(&delete).await?;
    scene.becomes(&unpinned, REFUSED).await?;
    let create = [&["tls-context", "create"], &pinned[2..]].concat();
    scene.stage.cli.ok(&create).await?;
    scene.becomes(&partner, OK).await?;
    assert_eq!(scene.get_as(&unpinned).await, REFUSED);
    let others = unpinned.certificate.clone();
    scene.file("others.pem", &others)?;
    scene
        .say("pinset replace partners --group payments --file others.pem")
        .await?;
    scene.becomes(&partner, REFUSED).await?;
    scene.becomes(&unpinned, OK).await?;

    // Whom it calls, and as whom.
    scene.file("nobody.pem", &scene.client_ca.certificate())?;
    scene
        .say("truststore replace backend --group payments --file nobody.pem")
        .await?;
    scene.becomes(&unpinned, NO_UPSTREAM).await?;
    scene
        .say("truststore replace backend --group payments --file backend-ca.pem")
        .await?;
    scene.becomes(&unpinned, OK).await?;
    let stranger = Authority::root("Stranger CA")?.client("gateway")?;
    stranger.write_to(&scene.stage.pki(), "stranger-client")?;
    scene
        .say("keystore replace gateway-client --group payments --certificate stranger-client.pem --key stranger-client.key")
        .await?;
    scene.becomes(&unpinned, NO_UPSTREAM).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_envoy_rejects_leaves_the_last_good_one_in_force() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.start(WAYS[0]).await?;
    let partner = scene.stage.clients.partner.clone();
    assert_eq!(scene.get_as(&partner).await, OK);
    let unfit = Authority::root("Other CA")?.stapling_server("gateway.test")?;
    unfit.write_to(&scene.stage.pki(), "unfit")?;
    scene
        .say("keystore replace gateway --group payments --certificate unfit.pem --key unfit.key")
        .await?;
    until("the rejection in the vault's log", PATIENCE, async || {
        let log = files::read(&scene.stage.vault.log())?;
        Ok(log
            .contains("does not accept what it was sent")
            .then_some(()))
    })
    .await?;
    assert_eq!(scene.get_as(&partner).await, OK);
    scene
        .say(
            "keystore replace gateway --group payments --certificate gateway.pem --key gateway.key",
        )
        .await?;
    scene.becomes(&partner, OK).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envoy_with_rules_lets_nobody_pass_when_the_vault_has_none_for_it_any_more() -> Result<()>
{
    const INBOUND: &str = "tls-context replace inbound --group payments --keystore gateway --truststore partners --require-client-certificate";
    let mut scene = Scene::new().await?;
    let partner = scene.stage.clients.partner.clone();
    for way in WAYS {
        scene.start(way).await?;
        scene.becomes(&partner, OK).await?;
        // More than Envoy can be told.
        scene.say(&format!("{INBOUND} --profile strict")).await?;
        scene.becomes(&partner, REFUSED).await?;
        scene.say(INBOUND).await?;
        scene.becomes(&partner, OK).await?;
    }
    scene
        .say("grant remove --group payments --gateway edge --yes")
        .await?;
    scene.becomes(&partner, REFUSED).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_its_public_half_beside_it_reaches_envoy_in_the_form_that_it_reads() -> Result<()>
{
    let mut scene = Scene::new().await?;
    scene.start(WAYS[0]).await?;
    let authority = Authority::root_with("Other CA", Keys::Ed25519)?;
    let identity = authority.server("gateway.test")?;
    identity.write_to(&scene.stage.pki(), "ed25519")?;
    scene
        .say(
            "keystore replace gateway --group payments --certificate ed25519.pem --key ed25519.key",
        )
        .await?;
    let partner = Some(&scene.stage.clients.partner);
    let client = Client::new(&authority.certificate(), "gateway.test", partner)?;
    until("the new certificate", PATIENCE, async || {
        Ok((scene.get(&client).await == OK).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_client_is_refused_at_the_handshake_and_on_its_open_connection() -> Result<()> {
    let stage = Stage::furnish(Options::default()).await?;
    let (pki, clients) = (stage.pki(), stage.clients.clone());
    for (name, content) in [
        ("issuing.pem", clients.authority.certificate()),
        ("first.crl", clients.authority.crl(1, &[])?),
        ("second.crl", clients.authority.crl(2, &[&clients.partner])?),
    ] {
        files::write(&pki.join(name), &content)?;
    }
    let say = async |command: &str| {
        let words: Vec<&str> = command.split(' ').collect();
        stage.cli.ok(&words).await
    };
    for command in ASK_FOR_LISTS {
        say(&command.replace("CONTEXT", "partner-inbound")).await?;
    }
    // The demo, but Envoy refuses what it knows to be bad.
    let configuration = stage.envoy_configuration()?;
    let configuration = configuration.replace("{trust_chain_verification: ACCEPT_UNTRUSTED}", "{}");
    let envoy = Envoy::start(&stage.scratch().directory("envoy")?, &configuration).await?;
    let client = stage.client(Some(&clients.partner))?;
    let mut connection = client.connect(envoy.listener()).await?;
    connection.ends_with("/before", (200, "")).await?;
    say("crl-distributor publish partner-crl --group payments --file second.crl").await?;
    let revoked = (403, "certificate_revoked");
    connection.ends_with("/after", revoked).await?;
    until("a refused handshake", PATIENCE, async || {
        Ok(client
            .get(envoy.listener(), "/after")
            .await
            .is_err()
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_client_is_refused_by_envoy_as_soon_as_the_list_is_published() -> Result<()> {
    let mut scene = Scene::new().await?;
    let (partner, unpinned) = {
        let clients = &scene.stage.clients;
        let authority = &clients.authority;
        scene.file("issuing.pem", &authority.certificate())?;
        scene.file("first.crl", &authority.crl(1, &[])?)?;
        scene.file("second.crl", &authority.crl(2, &[&clients.partner])?)?;
        (clients.partner.clone(), clients.unpinned.clone())
    };
    for command in ASK_FOR_LISTS {
        scene.say(&command.replace("CONTEXT", "inbound")).await?;
    }
    scene.start(WAYS[0]).await?;
    assert_eq!(scene.get_as(&partner).await, OK);
    scene
        .say("crl-distributor publish partner-crl --group payments --file second.crl")
        .await?;
    scene.becomes(&partner, REFUSED).await?;
    assert_eq!(scene.get_as(&unpinned).await, OK);
    Ok(())
}

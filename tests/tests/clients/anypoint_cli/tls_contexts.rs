//! TLS contexts for Mule and for Flex Gateway.

use sallyport_tests::keytool::{Format, Keytool, Passphrases};
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::Authority;
use sallyport_tests::{Result, files};
use serde_json::{Value, json};

use super::{Scene, by_id};

const MULE: &[&str] = &["tls-context", "mule"];
const FLEX: &[&str] = &["tls-context", "flex-gateway"];
const STORE: &str = "store-73hd92ks";

/// What the command line puts first where TLS 1.2 is allowed and no cipher for it is given.
const DEFAULT_CIPHERS: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_mule_tls_context_command_does_what_it_says() -> Result<()> {
    let scene = Scene::open().await?;
    let (keystore, truststore) = jks_stores(&scene).await?;

    let plain = scene
        .create(MULE, &["--name", "plain", "--keystore-id", &keystore])
        .await?;
    let full = scene
        .create(
            MULE,
            &[
                "--name",
                "full",
                "--keystore-id",
                &keystore,
                "--truststore-id",
                &truststore,
                "--tls-version",
                "TLSv1.1",
                "--tls-version",
                "TLSv1.2",
                "--cipher",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "--cipher",
                "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
                "--insecure",
                "--expiration-date",
                "2037-06-06",
            ],
        )
        .await?;
    let described = scene.ask(MULE, "describe", &["--id", &plain]).await?;
    let default_date = scene.stored("tlsContexts", &plain).await?["expirationDate"].clone();
    assert!(default_date.is_string(), "{default_date}");
    assert_eq!(
        described,
        json!({
            "id": plain, "name": "plain", "tlsVersions": ["TLSv1.2"], "ciphers": [],
            "insecure": false, "keystoreId": keystore, "expirationDate": default_date,
        })
    );
    let described = scene.ask(MULE, "describe", &["--id", &full]).await?;
    assert_eq!(
        described,
        json!({
            "id": full, "name": "full", "tlsVersions": ["TLSv1.1", "TLSv1.2"],
            "ciphers": [
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            "insecure": true, "keystoreId": keystore, "truststoreId": truststore,
            "expirationDate": "2037-06-06",
        })
    );

    scene
        .change(
            MULE,
            "modify",
            &[
                "--id",
                &plain,
                "--name",
                "renamed",
                "--expiration-date",
                "2036-05-05",
            ],
        )
        .await?;
    let stored = scene.stored("tlsContexts", &plain).await?;
    assert_eq!(
        (
            &stored["name"],
            &stored["expirationDate"],
            &stored["target"]
        ),
        (&json!("renamed"), &json!("2036-05-05"), &json!("Mule"))
    );
    scene
        .change(
            MULE,
            "replace",
            &[
                "--id",
                &full,
                "--name",
                "full",
                "--truststore-id",
                &truststore,
                "--expiration-date",
                "2035-04-04",
            ],
        )
        .await?;
    let stored = scene.stored("tlsContexts", &full).await?;
    assert_eq!(
        (&stored["keystore"], &stored["insecure"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(
        stored["truststore"],
        json!({"path": format!("truststores/{truststore}")})
    );

    let listed = scene.ask(MULE, "list", &[]).await?;
    let expected = json!([
        {"id": plain, "name": "renamed", "expirationDate": "2036-05-05"},
        {"id": full, "name": "full", "expirationDate": "2035-04-04"},
    ]);
    assert_eq!(by_id(&listed), by_id(&expected));
    assert_eq!(scene.ask(FLEX, "list", &[]).await?, json!([]));
    scene.assert_printed_none_of(&[STORE])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flex_gateway_tls_context_command_does_what_it_says() -> Result<()> {
    let scene = Scene::open().await?;
    let (keystore, truststore) = pem_stores(&scene).await?;

    let inbound = scene
        .create(FLEX, &["--name", "inbound", "--keystore-id", &keystore])
        .await?;
    let mutual = scene
        .create(
            FLEX,
            &[
                "--name",
                "mutual",
                "--keystore-id",
                &keystore,
                "--truststore-id",
                &truststore,
                "--min-tls-version",
                "TLSv1.2",
                "--enable-client-cert-validation",
                "--alpn-protocol",
                "h2",
                "--expiration-date",
                "2037-06-06",
            ],
        )
        .await?;
    let outbound = scene
        .create(
            FLEX,
            &[
                "--name",
                "outbound",
                "--truststore-id",
                &truststore,
                "--min-tls-version",
                "TLSv1.1",
                "--max-tls-version",
                "TLSv1.2",
                "--skip-server-cert-validation",
                "--cipher",
                "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            ],
        )
        .await?;

    let stored = scene.stored("tlsContexts", &inbound).await?;
    assert_eq!(
        scene.ask(FLEX, "describe", &["--id", &inbound]).await?,
        json!({
            "id": inbound, "name": "inbound", "alpnProtocols": ["h2", "http/1.1"],
            "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3",
            "enableClientCertValidation": false, "skipServerCertValidation": false,
            "keystoreId": keystore, "expirationDate": stored["expirationDate"],
        })
    );
    assert_eq!(
        scene.ask(FLEX, "describe", &["--id", &mutual]).await?,
        json!({
            "id": mutual, "name": "mutual", "alpnProtocols": ["h2"],
            "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3",
            "enableClientCertValidation": true, "skipServerCertValidation": false,
            "ciphers": DEFAULT_CIPHERS, "keystoreId": keystore, "truststoreId": truststore,
            "expirationDate": "2037-06-06",
        })
    );
    let stored = scene.stored("tlsContexts", &outbound).await?;
    assert_eq!(
        scene.ask(FLEX, "describe", &["--id", &outbound]).await?,
        json!({
            "id": outbound, "name": "outbound", "alpnProtocols": ["h2", "http/1.1"],
            "minTlsVersion": "TLSv1.1", "maxTlsVersion": "TLSv1.2",
            "enableClientCertValidation": false, "skipServerCertValidation": true,
            "ciphers": ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"], "truststoreId": truststore,
            "expirationDate": stored["expirationDate"],
        })
    );

    scene
        .change(
            FLEX,
            "modify",
            &["--id", &inbound, "--expiration-date", "2036-05-05"],
        )
        .await?;
    scene
        .change(
            FLEX,
            "replace",
            &[
                "--id",
                &outbound,
                "--name",
                "both-ways",
                "--keystore-id",
                &keystore,
                "--truststore-id",
                &truststore,
                "--alpn-protocol",
                "http/1.1",
                "--expiration-date",
                "2035-04-04",
            ],
        )
        .await?;
    let stored = scene.stored("tlsContexts", &outbound).await?;
    assert_eq!(
        (
            &stored["alpnProtocols"],
            &stored["minTlsVersion"],
            &stored["cipherSuites"]
        ),
        (&json!(["http/1.1"]), &json!("TLSv1.3"), &json!([]))
    );
    assert_eq!(
        stored["outboundSettings"],
        json!({"skipServerCertValidation": false})
    );

    let listed = scene.ask(FLEX, "list", &[]).await?;
    let expected = json!([
        {"id": inbound, "name": "inbound", "expirationDate": "2036-05-05"},
        {"id": mutual, "name": "mutual", "expirationDate": "2037-06-06"},
        {"id": outbound, "name": "both-ways", "expirationDate": "2035-04-04"},
    ]);
    assert_eq!(by_id(&listed), by_id(&expected));
    assert_eq!(scene.ask(MULE, "list", &[]).await?, json!([]));
    Ok(())
}

/// A JKS keystore and truststore in the group; their ids.
async fn jks_stores(scene: &Scene) -> Result<(String, String)> {
    let keytool = Keytool::new(&scene.files()?);
    let passphrases = Passphrases {
        store: STORE,
        key: STORE,
    };
    let keystore = keytool
        .self_signed(Format::Jks, "mule", "mule", passphrases)
        .await?;
    let authority = Authority::root("CA")?.certificate();
    let truststore = keytool
        .truststore(Format::Jks, "trusted", "ca", &authority, STORE)
        .await?;
    let keystore = Form::default()
        .text("type", "JKS")
        .text("name", "keystore")
        .file("keyStore", files::read_bytes(&keystore)?)
        .text("storePassphrase", STORE)
        .text("keyPassphrase", STORE)
        .text("alias", "mule");
    let truststore = Form::default()
        .text("type", "JKS")
        .text("name", "truststore")
        .file("trustStore", files::read_bytes(&truststore)?)
        .text("storePassphrase", STORE);
    upload(scene, keystore, truststore).await
}

/// The same as PEM.
async fn pem_stores(scene: &Scene) -> Result<(String, String)> {
    let authority = Authority::root("CA")?;
    let server = authority.server("flex.test")?;
    let keystore = Form::default()
        .text("type", "PEM")
        .text("name", "keystore")
        .file("certificate", &server.certificate)
        .file("key", &server.key);
    let truststore = Form::default()
        .text("type", "PEM")
        .text("name", "truststore")
        .file("trustStore", authority.certificate());
    upload(scene, keystore, truststore).await
}

async fn upload(scene: &Scene, keystore: Form, truststore: Form) -> Result<(String, String)> {
    let manager = &scene.manager;
    let keystore = manager.upload(&scene.at("keystores"), keystore).await?;
    let truststore = manager.upload(&scene.at("truststores"), truststore).await?;
    Ok((keystore.created()?, truststore.created()?))
}

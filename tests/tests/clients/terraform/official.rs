//! `mulesoft/anypoint`, the official provider: its seven resources and their list data sources.

use http::{Method, StatusCode};
use sallyport_tests::keytool::{Format, Keytool, Passphrases};
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::Authority;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use sallyport_tests::{Result, files};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Meta, Terraform, created, decode, updated};

/// What the provider sets besides Go's own headers, on shared secrets and TLS contexts only.
const ACCEPT: &[(&str, &str)] = &[("accept", "application/json")];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    downloadable: bool,
    meta: Meta,
    current_state: Option<String>,
    created_at: Option<String>,
    modified_at: Option<String>,
}

/// Keystores, truststores, certificates and pinsets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    name: String,
    r#type: Option<String>,
    meta: Meta,
    expiration_date: Option<String>,
    details: Option<Value>,
    algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SharedSecret {
    name: String,
    r#type: String,
    meta: Meta,
    expiration_date: Option<String>,
    username: Option<String>,
    access_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TlsContext {
    name: String,
    target: String,
    meta: Meta,
    keystore: Option<Path>,
    truststore: Option<Path>,
    min_tls_version: Option<String>,
    max_tls_version: Option<String>,
    alpn_protocols: Option<Vec<String>>,
    inbound_settings: Option<Inbound>,
    outbound_settings: Option<Outbound>,
    cipher_suites: Option<Vec<String>>,
    expiration_date: Option<String>,
}

#[derive(Deserialize)]
struct Path {
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inbound {
    enable_client_cert_validation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outbound {
    skip_server_cert_validation: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_group_is_created_changed_listed_and_gone() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let terraform = sign_in(&vault).await?;
    assert_eq!(terraform.organization, vault.account().organization.id);
    let groups = terraform.at("secretGroups");

    let body = json!({"name": "tf-group", "downloadable": false});
    let id = created(&terraform.json(Method::POST, &groups, &[], &body).await?);
    let path = format!("{groups}/{id}");
    let group: Group = read(&terraform, &path).await?;
    assert_eq!(
        (group.name.as_str(), group.downloadable),
        ("tf-group", false)
    );
    assert_eq!(group.meta.id, id);
    // The provider looks for these at the top; the API has them in `meta`.
    assert!(group.current_state.is_none() && group.created_at.is_none());
    assert!(group.modified_at.is_none());

    let body = json!({"name": "tf-renamed", "downloadable": true});
    updated(&terraform.json(Method::PATCH, &path, &[], &body).await?);
    let list: Vec<Group> = read(&terraform, &groups).await?;
    assert_eq!(list.len(), 1);
    assert_eq!(
        (list[0].name.as_str(), list[0].downloadable),
        ("tf-renamed", true)
    );

    let reply = terraform
        .send(Method::DELETE, &path, &[], Vec::new())
        .await?;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_eq!(
        terraform.get(&path, &[]).await?.status,
        StatusCode::NOT_FOUND
    );
    let reply = terraform.json(Method::PATCH, &path, &[], &body).await?;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_secrets_of_every_type_are_created_updated_and_listed() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let terraform = sign_in(&vault).await?;
    let secrets = collection(&terraform, "sharedSecrets").await?;
    let variants = |turn: &str| {
        let key = if turn == "1" { "a2V5LTE=" } else { "a2V5LTI=" };
        [
            json!({"name": "up", "type": "UsernamePassword", "expirationDate": "2044-12-31",
                "username": format!("u{turn}"), "password": format!("p{turn}")}),
            json!({"name": "s3", "type": "S3Credential",
                "accessKeyId": format!("A{turn}"), "secretAccessKey": format!("S{turn}")}),
            json!({"name": "key", "type": "SymmetricKey", "key": key}),
            json!({"name": "blob", "type": "Blob", "content": format!("blob text {turn}")}),
        ]
    };
    for (first, second) in variants("1").iter().zip(&variants("2")) {
        let id = created(
            &terraform
                .json(Method::POST, &secrets, ACCEPT, first)
                .await?,
        );
        let path = format!("{secrets}/{id}");
        let _: SharedSecret = decode(&terraform.get(&path, ACCEPT).await?, StatusCode::OK);
        updated(&terraform.json(Method::PUT, &path, ACCEPT, second).await?);
        let secret: SharedSecret = decode(&terraform.get(&path, ACCEPT).await?, StatusCode::OK);
        assert_eq!(secret.meta.id, id);
        for (field, value) in [
            ("name", Some(&secret.name)),
            ("type", Some(&secret.r#type)),
            ("username", secret.username.as_ref()),
            ("accessKeyId", secret.access_key_id.as_ref()),
            ("expirationDate", secret.expiration_date.as_ref()),
        ] {
            assert_eq!(
                value.map(String::as_str),
                second[field].as_str(),
                "{field} of {second}"
            );
        }
    }
    let list: Vec<SharedSecret> = decode(&terraform.get(&secrets, ACCEPT).await?, StatusCode::OK);
    assert_eq!(list.len(), 4);

    // The provider leaves empty strings out: a password that is "" is one that is not there.
    let body = json!({"name": "empty", "type": "UsernamePassword", "username": "u"});
    let reply = terraform
        .json(Method::POST, &secrets, ACCEPT, &body)
        .await?;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn material_of_every_type_is_uploaded_replaced_and_listed() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let terraform = sign_in(&vault).await?;
    let keytool = Keytool::new(scratch.path());
    let root = Authority::root("Root")?;
    let intermediate = root.intermediate("Intermediate")?;
    let identity = intermediate.server("server.test")?;
    let encrypted = keytool
        .encrypted_key("server", &identity.key, "key-8dh2")
        .await?;
    let ca_path = intermediate.certificate();
    let named = |name: &str, kind: &str| Form::default().text("name", name).text("type", kind);

    let mut forms = vec![
        (
            "keystores",
            named("pem", "PEM")
                .file_called("certificate", "cert.pem", &identity.certificate)
                .file_called("key", "key.pem", files::read_bytes(&encrypted)?)
                .text("keyPassphrase", "key-8dh2")
                .file_called("caPathCertificate", "ca.pem", &ca_path),
        ),
        (
            "truststores",
            named("pem", "PEM").file_called("trustStore", "truststore.pem", root.certificate()),
        ),
        (
            "certificates",
            named("cert", "PEM").file_called("certStore", "cert.pem", &identity.certificate),
        ),
        (
            "certificatePinsets",
            Form::default().text("name", "pins").file_called(
                "certificatePinset",
                "cert.pem",
                &identity.certificate,
            ),
        ),
    ];
    for format in Format::ALL {
        let kind = format.as_str();
        let extension = if kind == "PKCS12" { "p12" } else { "jks" };
        let passphrases = Passphrases {
            store: "store-0s8d",
            key: "store-0s8d",
        };
        let keystore = keytool
            .keystore(format, kind, "server", &identity, passphrases)
            .await?;
        let authority = root.certificate();
        let truststore = keytool
            .truststore(
                format,
                &format!("trust-{kind}"),
                "root",
                &authority,
                "trust-92js",
            )
            .await?;
        forms.push((
            "keystores",
            named(kind, kind)
                .file_called(
                    "keyStore",
                    &format!("keystore.{extension}"),
                    files::read_bytes(&keystore)?,
                )
                .text("storePassphrase", "store-0s8d")
                .text("keyPassphrase", "store-0s8d")
                .text("alias", "server"),
        ));
        forms.push((
            "truststores",
            named(kind, kind)
                .file_called(
                    "trustStore",
                    &format!("truststore.{extension}"),
                    files::read_bytes(&truststore)?,
                )
                .text("storePassphrase", "trust-92js"),
        ));
    }

    let group = collection(&terraform, "").await?;
    for (kind, form) in forms {
        let path = format!("{group}{kind}");
        let id = created(&terraform.form(Method::POST, &path, form.clone()).await?);
        let one = format!("{path}/{id}");
        let first: Material = read(&terraform, &one).await?;
        assert_eq!(first.meta.id, id);
        updated(&terraform.form(Method::PUT, &one, form).await?);
        let second: Material = read(&terraform, &one).await?;
        assert_eq!((&second.name, &second.r#type), (&first.name, &first.r#type));
        assert_eq!(
            second.expiration_date.as_deref(),
            Some("2049-01-01"),
            "{kind}"
        );
        assert!(
            second.details.is_some(),
            "{kind} {} has no details",
            second.name
        );
        assert_eq!(second.algorithm, None, "{kind} {}", second.name);
    }
    for (kind, count) in [
        ("keystores", 4),
        ("truststores", 4),
        ("certificates", 1),
        ("certificatePinsets", 1),
    ] {
        let list: Vec<Material> = read(&terraform, &format!("{group}{kind}")).await?;
        assert_eq!(list.len(), count, "{kind}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flex_gateway_tls_context_is_created_updated_and_listed() -> Result<()> {
    let scratch = Scratch::new()?;
    let vault = Vault::start(&scratch.directory("vault")?).await?;
    let terraform = sign_in(&vault).await?;
    let group = collection(&terraform, "").await?;
    let authority = Authority::root("Root")?;
    let identity = authority.server("server.test")?;
    let keystore = Form::default()
        .text("name", "server")
        .text("type", "PEM")
        .file_called("certificate", "cert.pem", &identity.certificate)
        .file_called("key", "key.pem", &identity.key);
    let keystore = terraform
        .form(Method::POST, &format!("{group}keystores"), keystore)
        .await?;
    let truststore = Form::default()
        .text("name", "partners")
        .text("type", "PEM")
        .file_called("trustStore", "truststore.pem", authority.certificate());
    let truststore = terraform
        .form(Method::POST, &format!("{group}truststores"), truststore)
        .await?;
    let keystore = format!("keystores/{}", created(&keystore));
    let truststore = format!("truststores/{}", created(&truststore));

    let contexts = format!("{group}tlsContexts");
    let mut body = json!({
        "name": "edge", "target": "FlexGateway",
        "keystore": {"path": keystore}, "truststore": {"path": truststore},
        "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["h2", "http/1.1"],
        "inboundSettings": {"enableClientCertValidation": false},
        "outboundSettings": {"skipServerCertValidation": false},
    });
    let id = created(
        &terraform
            .json(Method::POST, &contexts, ACCEPT, &body)
            .await?,
    );
    let path = format!("{contexts}/{id}");
    let context: TlsContext = decode(&terraform.get(&path, ACCEPT).await?, StatusCode::OK);
    assert_eq!(
        (context.name.as_str(), context.target.as_str()),
        ("edge", "FlexGateway")
    );
    assert_eq!(context.meta.id, id);
    assert_eq!(
        context.keystore.map(|reference| reference.path),
        Some(keystore)
    );
    assert_eq!(
        context.truststore.map(|reference| reference.path),
        Some(truststore)
    );
    assert_eq!(
        context.cipher_suites.unwrap_or_default(),
        Vec::<String>::new()
    );
    assert!(context.expiration_date.is_some());

    body["minTlsVersion"] = json!("TLSv1.2");
    let reply = terraform.json(Method::PUT, &path, ACCEPT, &body).await?;
    assert_eq!(
        reply.status,
        StatusCode::BAD_REQUEST,
        "no cipher suite: {}",
        reply.body
    );
    body["cipherSuites"] = json!(["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]);
    body["inboundSettings"]["enableClientCertValidation"] = json!(true);
    body["outboundSettings"]["skipServerCertValidation"] = json!(true);
    updated(&terraform.json(Method::PUT, &path, ACCEPT, &body).await?);

    let list = terraform.get(&contexts, ACCEPT).await?;
    let list: Vec<TlsContext> = decode(&list, StatusCode::OK);
    let [listed] = list.as_slice() else {
        panic!("{} contexts", list.len());
    };
    assert_eq!(
        (listed.target.as_str(), &listed.meta.id),
        ("FlexGateway", &id)
    );
    let context: TlsContext = decode(&terraform.get(&path, ACCEPT).await?, StatusCode::OK);
    assert_eq!(context.min_tls_version.as_deref(), Some("TLSv1.2"));
    assert_eq!(context.max_tls_version.as_deref(), Some("TLSv1.3"));
    assert_eq!(
        context.cipher_suites.as_deref(),
        Some(&["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256".to_owned()][..])
    );
    assert_eq!(
        context.alpn_protocols.map(|protocols| protocols.len()),
        Some(2)
    );
    assert!(
        context
            .inbound_settings
            .unwrap()
            .enable_client_cert_validation
    );
    assert!(
        context
            .outbound_settings
            .unwrap()
            .skip_server_cert_validation
    );
    Ok(())
}

/// Signs in with the headers of Go's own HTTP client and the provider's two.
async fn sign_in(vault: &Vault) -> Result<Terraform> {
    let mut terraform = Terraform::sign_in(vault, "Go-http-client/1.1").await?;
    let (organization, environment) = (
        terraform.organization.clone(),
        terraform.environment.clone(),
    );
    terraform.set("x-anypnt-org-id", &organization);
    terraform.set("x-anypnt-env-id", &environment);
    Ok(terraform)
}

/// A new group; the path of one of its collections.
async fn collection(terraform: &Terraform, name: &str) -> Result<String> {
    let groups = terraform.at("secretGroups");
    let body = json!({"name": "tf-group", "downloadable": true});
    let id = created(&terraform.json(Method::POST, &groups, &[], &body).await?);
    Ok(format!("{groups}/{id}/{name}"))
}

async fn read<T: serde::de::DeserializeOwned>(terraform: &Terraform, path: &str) -> Result<T> {
    Ok(decode(&terraform.get(path, &[]).await?, StatusCode::OK))
}

//! `mulesoft-anypoint/anypoint`, the community's provider, where it differs: `?allowExpiredCert=`
//! always, dates, all three kinds of TLS contexts, CRL distributors, and a content type with a
//! stray colon.

use http::{Method, StatusCode};
use sallyport_tests::Result;
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::{Authority, Validity};
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use serde_json::{Value, json};

use super::{Terraform, created, decode, updated};

/// A typing error in the specification its client is generated from.
const STRAY_COLON: &[(&str, &str)] = &[("content-type", "application/json:"), JSON];
const JSON: (&str, &str) = ("accept", "application/json");

/// The provider with a group of its own.
struct Scene {
    _scratch: Scratch,
    _vault: Vault,
    terraform: Terraform,
    group: String,
    authority: Authority,
}

impl Scene {
    async fn open() -> Result<Self> {
        let scratch = Scratch::new()?;
        let vault = Vault::start(&scratch.directory("vault")?).await?;
        let terraform = Terraform::sign_in(&vault, "OpenAPI-Generator/1.0.0/go").await?;
        let groups = terraform.at("secretGroups");
        let body = json!({"name": "tfc-group", "downloadable": true});
        let id = created(
            &terraform
                .json(Method::POST, &groups, &[JSON], &body)
                .await?,
        );
        Ok(Self {
            _scratch: scratch,
            _vault: vault,
            group: format!("{groups}/{id}"),
            terraform,
            authority: Authority::root("Root")?,
        })
    }

    fn at(&self, rest: &str) -> String {
        format!("{}/{rest}", self.group)
    }

    /// Uploads a certificate; the reference to it.
    async fn certificate(&self, name: &str) -> Result<String> {
        let form = certificate_form(name, &self.authority.certificate());
        let path = self.at("certificates?allowExpiredCert=false");
        let reply = self.terraform.form(Method::POST, &path, form).await?;
        Ok(format!("certificates/{}", created(&reply)))
    }

    async fn read(&self, path: &str) -> Result<Value> {
        let reply = self.terraform.get(&self.at(path), &[JSON]).await?;
        Ok(decode(&reply, StatusCode::OK))
    }

    async fn create(&self, collection: &str, body: &Value) -> Result<String> {
        let path = self.at(collection);
        let reply = self.terraform.json(Method::POST, &path, &[JSON], body);
        Ok(created(&reply.await?))
    }

    async fn replace(&self, path: &str, body: &Value) -> Result<()> {
        let path = self.at(path);
        let reply = self.terraform.json(Method::PUT, &path, &[JSON], body);
        updated(&reply.await?);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_taken_only_when_that_is_allowed() -> Result<()> {
    let scene = Scene::open().await?;
    let terraform = &scene.terraform;
    let ended = scene.authority.client_with("ended", Validity::Expired)?;
    let keystore = Form::default()
        .text("type", "PEM")
        .text("name", "ended")
        .file_called("certificate", "cert.pem", &ended.certificate)
        .file_called("key", "key.pem", &ended.key);
    let forms = [
        (
            "certificates",
            certificate_form("ended", &ended.certificate),
        ),
        ("keystores", keystore),
    ];
    for (kind, form) in forms {
        let refused = scene.at(&format!("{kind}?allowExpiredCert=false"));
        let reply = terraform.form(Method::POST, &refused, form.clone()).await?;
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{kind}: {}",
            reply.body
        );
        let allowed = scene.at(&format!("{kind}?allowExpiredCert=true"));
        let id = created(&terraform.form(Method::POST, &allowed, form.clone()).await?);
        let path = scene.at(&format!("{kind}/{id}?allowExpiredCert=true"));
        updated(&terraform.form(Method::PUT, &path, form.clone()).await?);
        let path = scene.at(&format!("{kind}/{id}?allowExpiredCert=false"));
        let reply = terraform.form(Method::PUT, &path, form).await?;
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{kind}: {}",
            reply.body
        );
        let stored = scene.read(&format!("{kind}/{id}")).await?;
        assert_eq!(stored["expirationDate"], json!("2021-01-01"), "{kind}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_with_a_stray_colon_in_its_content_type_is_understood() -> Result<()> {
    let scene = Scene::open().await?;
    let path = scene.certificate("partner").await?;
    let body = json!({"name": "renamed", "expirationDate": "2033-03-03"});
    let reply = scene
        .terraform
        .json(Method::PATCH, &scene.at(&path), STRAY_COLON, &body)
        .await?;
    updated(&reply);
    let stored = scene.read(&path).await?;
    assert_eq!(
        (
            &stored["name"],
            &stored["expirationDate"],
            &stored["meta"]["path"]
        ),
        (&json!("renamed"), &json!("2033-03-03"), &json!(path))
    );
    assert_eq!(stored["details"]["subject"]["commonName"], json!("Root"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn crl_distributors_and_security_fabric_contexts_keep_every_field() -> Result<()> {
    let scene = Scene::open().await?;
    let distributor = scene.certificate("distributor").await?;
    let mut config = json!({
        "name": "crl", "completeCrlIssuerUrl": "http://crl.test/root.crl", "frequency": 60,
        "distributorCertificate": {"path": distributor},
    });
    let id = scene.create("crlDistributorConfigs", &config).await?;
    let path = format!("crlDistributorConfigs/{id}");
    let stored = scene.read(&path).await?;
    assert!(stored["expirationDate"].is_string(), "{stored}");
    assert_kept(&config, &stored);
    config["frequency"] = json!(1000);
    config["deltaCrlIssuerUrl"] = json!("http://crl.test/delta.crl");
    config["caCertificate"] = json!({"path": scene.certificate("authority").await?});
    config["expirationDate"] = json!("2032-02-02");
    scene.replace(&path, &config).await?;
    assert_kept(&config, &scene.read(&path).await?);
    let list = scene.read("crlDistributorConfigs").await?;
    assert_eq!(list[0]["meta"], json!({"id": id, "path": path}));

    let server = scene.authority.server("fabric.test")?;
    let form = Form::default()
        .text("type", "PEM")
        .text("name", "fabric")
        .file_called("certificate", "cert.pem", &server.certificate)
        .file_called("key", "key.pem", &server.key);
    let keystore = upload(&scene, "keystores", form).await?;
    let form = Form::default()
        .text("type", "PEM")
        .text("name", "fabric")
        .file_called("trustStore", "trust.pem", scene.authority.certificate());
    let truststore = upload(&scene, "truststores", form).await?;
    let form = Form::default().text("name", "pins").file_called(
        "certificatePinset",
        "cert.pem",
        &server.certificate,
    );
    let pinset = upload(&scene, "certificatePinsets", form).await?;

    let context = security_fabric(&keystore, &truststore, &pinset, &path);
    let id = scene.create("tlsContexts", &context).await?;
    let path = format!("tlsContexts/{id}");
    assert_kept(&context, &scene.read(&path).await?);
    let mut plain = context.clone();
    plain["enableMutualAuthentication"] = json!(false);
    plain
        .as_object_mut()
        .unwrap()
        .remove("mutualAuthentication");
    scene.replace(&path, &plain).await?;
    assert_kept(&plain, &scene.read(&path).await?);
    let list = scene.read("tlsContexts?type=SecurityFabric").await?;
    assert_eq!(
        (list.as_array().map(Vec::len), &list[0]["target"]),
        (Some(1), &json!("SecurityFabric"))
    );
    assert_eq!(scene.read("tlsContexts?type=Mule").await?, json!([]));
    Ok(())
}

/// With everything a SecurityFabric context can have, but domain checking: a gateway cannot do that.
fn security_fabric(keystore: &str, truststore: &str, pinset: &str, crl: &str) -> Value {
    json!({
        "name": "fabric", "target": "SecurityFabric", "expirationDate": "2031-01-01",
        "keystore": {"path": keystore}, "truststore": {"path": truststore},
        "acceptableTlsVersions": {"tlsV1Dot1": false, "tlsV1Dot2": true, "tlsV1Dot3": true},
        "acceptableCipherSuites": {
            "aes128GcmSha256": false, "aes128Sha256": false, "aes256GcmSha384": false,
            "aes256Sha256": false, "dheRsaAes128GcmSha256": false, "dheRsaAes128Sha256": false,
            "dheRsaAes256GcmSha384": false, "dheRsaAes256Sha256": false,
            "ecdheEcdsaAes128GcmSha256": true, "ecdheEcdsaAes128Sha1": false,
            "ecdheEcdsaAes256GcmSha384": true, "ecdheEcdsaAes256Sha1": false,
            "ecdheRsaAes128GcmSha256": true, "ecdheRsaAes128Sha1": false,
            "ecdheRsaAes256GcmSha384": true, "ecdheRsaAes256Sha1": false,
            "ecdheEcdsaChacha20Poly1305": true, "ecdheRsaChacha20Poly1305": true,
            "dheRsaChacha20Poly1305": false, "tlsAes256GcmSha384": true,
            "tlsChacha20Poly1305Sha256": true, "tlsAes128GcmSha256": true,
        },
        "enableMutualAuthentication": true,
        "mutualAuthentication": {
            "certificatePolicies": ["1.3.6.1.4.1.99999.1"], "certCheckingStrength": "Strict",
            "verificationDepth": 3, "performDomainChecking": false,
            "certificatePolicyChecking": true, "requireInitialExplicitPolicy": false,
            "revocationChecking": true, "revocationCheckingMethod": "CRL",
            "crlDistributorConfig": {"path": crl}, "requireCrlForAllCa": true,
            "sendTruststore": true,
            "certificatePinning": {
                "performCertificatePinning": true, "certificatePinset": {"path": pinset},
            },
            "authenticationOverrides": {
                "certificateBadFormat": false, "certificateBadSignature": false,
                "certificateNotYetValid": false, "certificateHasExpired": false,
                "allowSelfSigned": false, "certificateUnresolved": false,
                "certificateUntrusted": false, "invalidCa": false, "invalidPurpose": false,
                "other": false,
            },
        },
    })
}

/// Every field that was sent is in what is read, unchanged.
fn assert_kept(sent: &Value, read: &Value) {
    match sent.as_object() {
        Some(fields) => {
            for (name, value) in fields {
                assert!(!read[name].is_null(), "{name} is missing: {read}");
                assert_kept(value, &read[name]);
            }
        }
        None => assert_eq!(sent, read),
    }
}

async fn upload(scene: &Scene, collection: &str, form: Form) -> Result<String> {
    let query = match collection {
        "certificatePinsets" => "",
        _ => "?allowExpiredCert=false",
    };
    let path = scene.at(&format!("{collection}{query}"));
    let reply = scene.terraform.form(Method::POST, &path, form).await?;
    Ok(format!("{collection}/{}", created(&reply)))
}

fn certificate_form(name: &str, certificate: &str) -> Form {
    Form::default()
        .text("type", "PEM")
        .text("name", name)
        .file_called("certStore", "cert.pem", certificate)
}

//! Every mistake people make with a secret in their hands. But for one: the names of fields and
//! parts are places, not values, and errors name the place.

use http::Method;
use sallyport_tests::keytool::{Format, Passphrases};
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::Authority;
use sallyport_tests::{Result, files};
use serde_json::{Value, json};

use super::Scene;

const JSON: &str = "application/json";

/// Makes every mistake; each has to be refused as the caller's.
pub(super) async fn every_mistake(scene: &mut Scene) -> Result<()> {
    scene.broken_json().await?;
    scene.broken_forms().await?;
    scene.broken_material().await?;
    scene.secrets_in_the_wrong_place().await?;
    scene.failed_sign_ins().await?;
    scene.broken_accounts().await?;
    // Something public among the answers.
    let groups = scene.recorder.path("secretGroups");
    scene.recorder.read(&groups).await?;
    Ok(())
}

impl Scene {
    async fn broken_json(&mut self) -> Result<()> {
        let path = self.at("sharedSecrets");
        let secret = self.canaries.plain("a password in wrong JSON");
        let start = r#"{"name":"wrong","type":"UsernamePassword","username":"u","#;
        let bodies = [
            format!(r#"{start}"password":"{secret}"#),
            format!(r#"{start}"password":"{secret}"#) + "\u{1}\"}",
            format!(r#"{start}"password":"\q{secret}"}}"#),
            format!(r#"{start}"password":["{secret}"]}}"#),
            format!(r#"{start}"pasword":"{secret}"}}"#),
            format!(r#"{start}"password":"a","password":"{secret}"}}"#),
            format!(r#"{start}"password":"a"}}{secret}"#),
            format!(r#"{{"name":"wrong","type":"{secret}"}}"#),
            format!(r#"{{"name":"wrong","type":"SymmetricKey","key":"not base64: {secret}"}}"#),
            format!(
                r#"{{"name":"wrong","type":"Blob","content":"a","expirationDate":"{secret}"}}"#
            ),
            format!(r#"{{"name":"wrong","type":"Blob","content":{{"a":"{secret}"}}}}"#),
            format!(r#""{secret}""#),
            secret.clone(),
        ];
        for body in bodies {
            self.refused(Method::POST, &path, JSON, body).await?;
        }
        let contexts = self.at("tlsContexts");
        for body in [
            json!({"name": "wrong", "target": secret}),
            json!({"name": "wrong", "target": "FlexGateway", "keystore": {"path": secret}}),
            json!({"name": "wrong", "target": "FlexGateway", "minTlsVersion": secret}),
        ] {
            self.refused(Method::POST, &contexts, JSON, body.to_string())
                .await?;
        }
        let other = self.canaries.plain("a secret with another content type");
        self.refused(Method::POST, &path, "text/plain", other.clone())
            .await?;
        self.refused(Method::POST, &path, &other, "{}").await
    }

    async fn broken_forms(&mut self) -> Result<()> {
        let path = self.at("keystores");
        let form = Form::content_type();
        let secret = self.canaries.plain("a passphrase in a wrong form");
        let whole = || {
            Form::default()
                .text("name", "wrong")
                .text("type", "PEM")
                .text("keyPassphrase", &secret)
        };
        let mut cut = whole().finish();
        cut.truncate(cut.len() - 10);
        let bodies = [
            whole().finish(),
            cut,
            whole().text("keyPassphrase", &secret).finish(),
            whole().text("colour", &secret).finish(),
            whole().text("expirationDate", &secret).finish(),
            Form::default()
                .text("name", "wrong")
                .text("type", &secret)
                .finish(),
            Form::default()
                .file_called("key", &secret, &secret)
                .finish(),
            secret.clone().into_bytes(),
            Vec::new(),
        ];
        for body in bodies {
            self.refused(Method::POST, &path, &form, body).await?;
        }
        let boundless = format!("multipart/form-data; {secret}");
        self.refused(Method::POST, &path, &boundless, whole().finish())
            .await?;
        let other = format!("multipart/form-data; boundary={secret}");
        self.refused(Method::POST, &path, &other, whole().finish())
            .await
    }

    async fn broken_material(&mut self) -> Result<()> {
        let path = self.at("keystores");
        let form = Form::content_type();
        let identity = Authority::root("CA")?.server("wrong.test")?;
        self.canaries.add_key("an unused key", &identity.key)?;
        let secret = self.canaries.plain("text in wrong PEM");
        let pem = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        let keys = [
            pem("PRIVATE KEY", &secret),
            pem("ENCRYPTED PRIVATE KEY", &secret),
            pem(&secret, "AAAA"),
            pem(
                "RSA PRIVATE KEY",
                &format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: {secret}\n\nAAAA"),
            ),
            secret.clone(),
            identity.key.replace("-----END", "-----END-"),
            identity.key.replace('\n', " "),
            identity.key.replace('\n', "\\n"),
            identity.key.replace('\n', ""),
            format!("{}{}", identity.key, pem("EC PARAMETERS", &secret)),
        ];
        for key in &keys {
            let body = named("wrong", "PEM")
                .file_called("certificate", &format!("{secret}.pem"), &secret)
                .file_called("key", &format!("{secret}.key"), key);
            self.refused(Method::POST, &path, &form, body.finish())
                .await?;
            let body = named("wrong", "PEM")
                .file("certificate", &identity.certificate)
                .file_called("key", &format!("{secret}.key"), key)
                .text("keyPassphrase", &secret)
                .text("expirationDate", "never");
            self.refused(Method::POST, &path, &form, body.finish())
                .await?;
        }

        let (right, wrong) = (
            self.canaries.plain("the right passphrase"),
            self.canaries.plain("a wrong one"),
        );
        let encrypted = self
            .keytool
            .encrypted_key("wrong", &identity.key, &right)
            .await?;
        let body = named("wrong", "PEM")
            .file("certificate", &identity.certificate)
            .file("key", files::read_bytes(&encrypted)?)
            .text("keyPassphrase", &wrong);
        self.refused(Method::POST, &path, &form, body.finish())
            .await?;
        for format in Format::ALL {
            let kind = format.as_str();
            let passphrases = Passphrases {
                store: &right,
                key: &right,
            };
            let name = format!("wrong-{kind}");
            let file = self
                .keytool
                .keystore(format, &name, "server", &identity, passphrases)
                .await?;
            let bytes = files::read_bytes(&file)?;
            let mut damaged = bytes.clone();
            damaged.truncate(bytes.len() / 2);
            damaged.extend_from_slice(secret.as_bytes());
            for (bytes, store, key, alias) in [
                (&bytes, &wrong, &right, "server"),
                (&bytes, &right, &right, secret.as_str()),
                (&damaged, &right, &right, "server"),
                (&secret.clone().into_bytes(), &right, &right, "server"),
            ] {
                let body = named("wrong", kind)
                    .file_called("keyStore", &format!("{secret}.p12"), bytes)
                    .text("storePassphrase", store)
                    .text("keyPassphrase", key)
                    .text("alias", alias);
                self.refused(Method::POST, &path, &form, body.finish())
                    .await?;
            }
        }
        Ok(())
    }

    async fn secrets_in_the_wrong_place(&mut self) -> Result<()> {
        let secret = self.canaries.plain("a secret in a query");
        for query in [
            format!("certificates?allowExpiredCert={secret}"),
            format!("sharedSecrets?password={secret}"),
            format!("keystores?type={secret}&access_token={secret}"),
            format!("lock?action={secret}"),
        ] {
            let path = self.at(&query);
            self.refused(Method::DELETE, &path, JSON, "").await?;
            // Lists may ignore what they do not know.
            let request = self.recorder.request(Method::GET, &path);
            let reply = self.recorder.send(request.body(String::new())?).await?;
            assert!(!reply.status.is_server_error(), "{path}: {}", reply.status);
        }
        let secret = self.canaries.plain("a secret in a header");
        let path = self.at("sharedSecrets");
        for (name, value) in [
            ("authorization", format!("Bearer {secret}")),
            ("authorization", format!("Basic {secret}")),
            ("authorization", secret.clone()),
            ("if-match", secret.clone()),
            ("cookie", format!("session={secret}")),
            ("x-api-key", secret.clone()),
            ("x-anypnt-org-id", secret.clone()),
            ("content-encoding", secret.clone()),
            ("expect", secret.clone()),
            ("traceparent", secret.clone()),
            ("tracestate", format!("vendor={secret}")),
            ("x-request-id", format!("{secret},")),
        ] {
            let request = http::Request::post(&path)
                .header("content-type", JSON)
                .header(name, value)
                .body("{".to_owned())?;
            let reply = self.recorder.send(request).await?;
            assert!(reply.status.is_client_error(), "{name}: {}", reply.status);
        }
        Ok(())
    }

    async fn failed_sign_ins(&mut self) -> Result<()> {
        let secret = self.canaries.plain("a wrong password");
        let (login, token) = ("/accounts/login", "/accounts/api/v2/oauth2/token");
        for (path, body) in [
            (login, json!({"username": "ada", "password": secret})),
            (login, json!({"username": "ada", "pasword": secret})),
            (login, json!({"username": "ada", "password": [secret]})),
            (token, client_credentials("client_credentials", &secret)),
            (token, client_credentials("password", &secret)),
            (token, client_credentials(&secret, &secret)),
        ] {
            self.refused(Method::POST, path, JSON, body.to_string())
                .await?;
        }
        for form in [
            format!("grant_type=client_credentials&client_id=x&client_secret={secret}"),
            format!("grant_type=client_credentials&client_secret={secret}&client_secret={secret}"),
            format!("grant_type={secret}&client_id={secret}"),
            format!("{secret}&{secret}=%zz%{secret}"),
        ] {
            self.refused(
                Method::POST,
                token,
                "application/x-www-form-urlencoded",
                form,
            )
            .await?;
        }
        Ok(())
    }

    async fn broken_accounts(&mut self) -> Result<()> {
        let organization = self.recorder.organization();
        let secret = self.canaries.plain("a password of a wrong account");
        let short = "Kq7vZ2w";
        self.canaries.add("a password that is too short", short);
        for (path, body) in [
            ("users", json!({"username": "bob", "password": [secret]})),
            ("users", json!({"username": "bob", "pasword": secret})),
            ("users", json!({"username": "bob", "password": short})),
            (
                "users",
                json!({"username": "bob", "password": secret.repeat(200)}),
            ),
            (
                "users",
                json!({"username": "b b", "password": secret, "administrator": secret}),
            ),
            (
                "connectedApps",
                json!({"name": "app", "clientSecret": secret}),
            ),
            ("connectedApps", json!({"name": [secret]})),
        ] {
            let path = format!("{organization}/{path}");
            self.refused(Method::POST, &path, JSON, body.to_string())
                .await?;
        }
        Ok(())
    }

    /// Sends it; it has to be refused as the caller's mistake.
    async fn refused(
        &mut self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<hyper::body::Bytes>,
    ) -> Result<()> {
        let request = self
            .recorder
            .request(method, path)
            .header("content-type", content_type)
            .body(body)?;
        let reply = self.recorder.send(request).await?;
        assert!(
            reply.status.is_client_error(),
            "{path} answered {}: {}",
            reply.status,
            reply.body
        );
        Ok(())
    }
}

fn named(name: &str, kind: &str) -> Form {
    Form::default().text("name", name).text("type", kind)
}

fn client_credentials(grant_type: &str, secret: &str) -> Value {
    json!({"grant_type": grant_type, "client_id": "x", "client_secret": secret})
}

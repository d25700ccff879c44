//! Every call of the API, as it is meant to be.

use http::Method;
use sallyport_tests::cli::Cli;
use sallyport_tests::keytool::{Format, Passphrases};
use sallyport_tests::multipart::Form;
use sallyport_tests::pki::{Authority, Identity};
use sallyport_tests::provider::Provider;
use sallyport_tests::{Result, files};
use serde_json::{Value, json};

use super::{PUBLIC, Scene};

/// Makes every call; each has to succeed.
pub(super) async fn every_call(scene: &mut Scene) -> Result<()> {
    scene.shared_secrets().await?;
    scene.material().await?;
    scene.versions_and_sessions().await?;
    scene.accounts().await?;
    scene.gateway().await
}

impl Scene {
    async fn shared_secrets(&mut self) -> Result<()> {
        let path = self.at("sharedSecrets");
        let mut ids = Vec::new();
        for turn in ["first", "second"] {
            let bodies = [
                json!({"name": "login", "type": "UsernamePassword", "username": "public",
                    "password": self.canaries.awkward(&format!("the {turn} password"))}),
                json!({"name": "s3", "type": "S3Credential", "accessKeyId": "AKIAPUBLIC",
                    "secretAccessKey": self.canaries.awkward(&format!("the {turn} S3 key")),
                    "sessionToken": self.canaries.awkward(&format!("the {turn} session token"))}),
                json!({"name": "key", "type": "SymmetricKey",
                    "key": base64(&self.canaries.plain(&format!("the {turn} symmetric key")))}),
                json!({"name": "blob", "type": "Blob",
                    "content": self.canaries.awkward(&format!("the {turn} blob"))}),
            ];
            for (index, body) in bodies.iter().enumerate() {
                match ids.get(index) {
                    None => {
                        let reply = self.recorder.json(Method::POST, &path, body).await?;
                        ids.push(reply.created()?);
                    }
                    Some(id) => {
                        let one = format!("{path}/{id}");
                        self.recorder.json(Method::PUT, &one, body).await?;
                        let date = json!({"expirationDate": "2044-04-04"});
                        self.recorder.json(Method::PATCH, &one, &date).await?;
                        self.recorder.read(&one).await?;
                    }
                }
            }
        }
        self.recorder.read(&path).await?;
        Ok(())
    }

    async fn material(&mut self) -> Result<()> {
        let authority = Authority::root("Canary CA")?;
        let identity = authority.server("canary.test")?;
        self.canaries.add_key("the server's key", &identity.key)?;
        let passphrase = self.canaries.plain("a key passphrase");
        let encrypted = self
            .keytool
            .encrypted_key("server", &identity.key, &passphrase)
            .await?;
        let pem = named("pem", "PEM")
            .file("certificate", &identity.certificate)
            .file("key", files::read_bytes(&encrypted)?)
            .text("keyPassphrase", &passphrase);
        let keystore = self.both_ways("keystores", pem).await?;
        let truststore = named("pem", "PEM").file("trustStore", authority.certificate());
        let truststore = self.both_ways("truststores", truststore).await?;
        for format in Format::ALL {
            self.binary_stores(format, &identity, &authority).await?;
        }
        let certificate = named("certificate", "PEM").file("certStore", &identity.certificate);
        let certificate = self.both_ways("certificates", certificate).await?;
        let pins = Form::default()
            .text("name", "pins")
            .file("certificatePinset", &identity.certificate);
        self.both_ways("certificatePinsets", pins).await?;

        let distributor = json!({
            "name": "crl", "completeCrlIssuerUrl": "http://crl.test/root.crl", "frequency": 60,
            "distributorCertificate": {"path": format!("certificates/{certificate}")},
        });
        let path = self.at("crlDistributorConfigs");
        self.recorder
            .json(Method::POST, &path, &distributor)
            .await?;
        let context = json!({
            "name": "edge", "target": "FlexGateway", "minTlsVersion": "TLSv1.3",
            "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["h2"],
            "keystore": {"path": format!("keystores/{keystore}")},
            "truststore": {"path": format!("truststores/{truststore}")},
        });
        let path = self.at("tlsContexts");
        self.recorder.json(Method::POST, &path, &context).await?;
        for collection in [
            "keystores",
            "truststores",
            "certificates",
            "certificatePinsets",
            "crlDistributorConfigs",
            "tlsContexts",
        ] {
            let path = self.at(collection);
            let list = self.recorder.read(&path).await?;
            for item in list.as_array().into_iter().flatten() {
                let id = item["meta"]["id"].as_str().unwrap_or_default();
                self.recorder.read(&format!("{path}/{id}")).await?;
            }
        }
        Ok(())
    }

    async fn binary_stores(
        &mut self,
        format: Format,
        identity: &Identity,
        authority: &Authority,
    ) -> Result<()> {
        let kind = format.as_str();
        let store = self.canaries.plain(&format!("a {kind} store passphrase"));
        let key = match format {
            Format::Pkcs12 => store.clone(),
            Format::Jks | Format::Jceks => self.canaries.plain(&format!("a {kind} key passphrase")),
        };
        let passphrases = Passphrases {
            store: &store,
            key: &key,
        };
        let path = self
            .keytool
            .keystore(
                format,
                &format!("canary-{kind}"),
                "server",
                identity,
                passphrases,
            )
            .await?;
        let form = named(kind, kind)
            .file("keyStore", files::read_bytes(&path)?)
            .text("storePassphrase", &store)
            .text("keyPassphrase", &key)
            .text("alias", "server");
        self.both_ways("keystores", form).await?;

        let passphrase = self
            .canaries
            .plain(&format!("a {kind} truststore passphrase"));
        let certificate = authority.certificate();
        let name = format!("trusted-{kind}");
        let path = self
            .keytool
            .truststore(format, &name, "ca", &certificate, &passphrase)
            .await?;
        let form = named(kind, kind)
            .file("trustStore", files::read_bytes(&path)?)
            .text("storePassphrase", &passphrase);
        self.both_ways("truststores", form).await?;
        Ok(())
    }

    /// Creates and replaces with the same form; the id.
    async fn both_ways(&mut self, collection: &str, form: Form) -> Result<String> {
        let path = self.at(collection);
        let reply = self.recorder.form(Method::POST, &path, form.clone());
        let id = reply.await?.created()?;
        let one = format!("{path}/{id}");
        self.recorder.form(Method::PUT, &one, form).await?;
        Ok(id)
    }

    async fn versions_and_sessions(&mut self) -> Result<()> {
        let path = self.at("sharedSecrets");
        let list = self.recorder.read(&path).await?;
        let blob = list
            .as_array()
            .into_iter()
            .flatten()
            .find(|item| item["name"] == json!("blob"))
            .and_then(|item| item["meta"]["id"].as_str())
            .unwrap_or_default()
            .to_owned();
        let own = self.own(&format!("sharedSecrets/{blob}"));
        let body = |content: String| json!({"name": "blob", "type": "Blob", "content": content});
        let pending = body(self.canaries.awkward("a pending blob"));
        let versions = format!("{own}/versions");
        self.recorder
            .json(Method::POST, &versions, &pending)
            .await?;
        self.recorder.read(&versions).await?;
        self.recorder.read(&format!("{versions}/1")).await?;
        self.recorder
            .bare(Method::POST, &format!("{own}/promote"))
            .await?;
        let nothing = json!({});
        self.recorder
            .json(Method::POST, &format!("{own}/rollback"), &nothing)
            .await?;
        let dropped = body(self.canaries.awkward("a dropped blob"));
        self.recorder
            .json(Method::POST, &versions, &dropped)
            .await?;
        self.recorder
            .bare(Method::DELETE, &format!("{own}/pending"))
            .await?;
        self.recorder.read(&format!("{own}/users")).await?;

        let lock = self.at("lock");
        for end in ["cancel", "finish"] {
            self.recorder.bare(Method::POST, &lock).await?;
            let staged = body(self.canaries.awkward(&format!("a blob staged to {end}")));
            let one = format!("{path}/{blob}");
            self.recorder.json(Method::PUT, &one, &staged).await?;
            self.recorder.read(&lock).await?;
            self.recorder
                .bare(Method::DELETE, &format!("{lock}?action={end}"))
                .await?;
        }
        let clone = json!({"name": "payments-copy"});
        self.recorder
            .json(Method::POST, &self.own("clone"), &clone)
            .await?;
        let expiring = self.recorder.own_path("expiring?within=30");
        self.recorder.read(&expiring).await?;
        Ok(())
    }

    async fn accounts(&mut self) -> Result<()> {
        let organization = self.recorder.organization();
        let password = self.canaries.plain("a user's password");
        let user = json!({"username": "ada", "password": password});
        let users = format!("{organization}/users");
        let id = self
            .recorder
            .json(Method::POST, &users, &user)
            .await?
            .created()?;
        self.sign_in(&json!({"username": "ada", "password": password}))
            .await?;
        let password = self.canaries.plain("a user's new password");
        let change = json!({"password": password});
        self.recorder
            .json(Method::PUT, &format!("{users}/{id}/password"), &change)
            .await?;
        self.sign_in(&json!({"username": "ada", "password": password}))
            .await?;

        let apps = format!("{organization}/connectedApps");
        let reply = self
            .recorder
            .json_for(
                Method::POST,
                &apps,
                &json!({"name": "pipeline"}),
                "clientSecret",
            )
            .await?;
        let app = reply.json()?;
        self.canaries
            .add("a client secret", text(&app, "clientSecret"));
        let secret = format!("{apps}/{}/secret", text(&app, "id"));
        let reply = self
            .recorder
            .json_for(Method::POST, &secret, &json!({}), "clientSecret")
            .await?;
        let renewed = reply.json()?;
        self.canaries
            .add("a new client secret", text(&renewed, "clientSecret"));
        let credentials = json!({
            "grant_type": "client_credentials", "client_id": text(&app, "clientId"),
            "client_secret": text(&renewed, "clientSecret"),
        });
        let reply = self
            .recorder
            .json_for(
                Method::POST,
                "/accounts/api/v2/oauth2/token",
                &credentials,
                "access_token",
            )
            .await?;
        self.canaries
            .add("a token", text(&reply.json()?, "access_token"));
        for path in [
            "/accounts/api/users/me",
            "/accounts/api/me",
            "/api/v1/me",
            "/api/v1/organizations",
            &users,
            &apps,
            &format!("{organization}/actors/{id}/permissions"),
        ] {
            self.recorder.read(path).await?;
        }
        Ok(())
    }

    async fn sign_in(&mut self, credentials: &Value) -> Result<()> {
        let reply = self
            .recorder
            .json_for(Method::POST, "/accounts/login", credentials, "access_token")
            .await?;
        self.canaries
            .add("a user's token", text(&reply.json()?, "access_token"));
        Ok(())
    }

    /// A gateway gets every value, so that the inner door's log is looked through as well.
    async fn gateway(&mut self) -> Result<()> {
        let directory = self.vault.data().with_file_name("gateway");
        let cli = Cli::login(self.vault.data().parent().unwrap(), &self.vault).await?;
        let out = directory.to_string_lossy().into_owned();
        cli.ok(&["gateway", "create", "edge", "--out", &out])
            .await?;
        cli.ok(&["grant", "add", "--group", PUBLIC, "--gateway", "edge"])
            .await?;
        let identity = Identity::of_gateway(&directory)?;
        let provider = Provider::new(&self.vault, Some(&identity))?;
        for name in ["login", "s3", "key", "blob"] {
            let reference = format!("secret://{PUBLIC}/sharedSecrets/{name}");
            let outcome = provider.outcome(&reference).await?;
            assert!(outcome.get("current").is_some(), "{name} is not served");
        }
        // Its profile and its key lie beside the vault's data, where they do not belong.
        std::fs::remove_dir_all(&directory).unwrap();
        std::fs::remove_file(cli.profile()).unwrap();
        Ok(())
    }
}

fn named(name: &str, kind: &str) -> Form {
    Form::default().text("name", name).text("type", kind)
}

fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap()
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

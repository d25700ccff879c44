//! `tls-context`: versions, ciphers, client certificates, keystore and truststore, for three targets.

mod flex_gateway;
mod mule;
mod security_fabric;
mod verification;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use sallyport_model::{AcceptableTlsVersions, Collection, TlsTarget, TlsVersion};
use serde_json::{Map, Value, json};

use crate::collection::GroupCollection;
use crate::error::Error;
use crate::kind::{Kind, Upload, Words};
use crate::private_file;
use crate::request::Fields;

const MAX_JSON: u64 = 256 * 1024;

/// The kind.
pub(crate) struct TlsContext;

/// Who enforces it, and so what it can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Gateways like this one, and Flex Gateway; PEM stores only
    FlexGateway,
    /// Mule runtimes; JKS, JCEKS and PKCS#12 stores
    Mule,
    /// Runtime Fabric ingress
    SecurityFabric,
}

/// The settings.
#[derive(Args)]
#[command(group = ArgGroup::new("material")
    .args(["keystore", "truststore", "from_file"]).required(true).multiple(true))]
pub(crate) struct Settings {
    /// Who enforces it
    #[arg(long, value_enum, default_value = "flex-gateway")]
    target: Target,

    /// Keystore of the same group, by name or id: the certificate shown to the peer
    #[arg(long, value_name = "NAME")]
    keystore: Option<String>,

    /// Truststore of the same group, by name or id: what the peer's certificate must chain to
    #[arg(long, value_name = "NAME")]
    truststore: Option<String>,

    /// Cipher suite, repeat it. flex-gateway: IANA name, for TLS 1.2 and older [default: the six
    /// ECDHE suites with AES-GCM or ChaCha20-Poly1305 if TLS 1.2 is allowed]. mule: any name.
    /// security-fabric: a word of acceptableCipherSuites
    #[arg(long, value_name = "SUITE")]
    cipher: Vec<String>,

    /// mule, security-fabric: TLS version allowed: TLSv1.1, TLSv1.2 or TLSv1.3; repeat it
    /// [default: TLSv1.2]
    #[arg(long, value_name = "VERSION")]
    tls_version: Vec<TlsVersion>,

    /// flex-gateway, security-fabric: check revocation with the lists of this CRL distributor of the
    /// same group, by name or id
    #[arg(long, value_name = "NAME")]
    crl_distributor: Option<String>,

    /// JSON file with the whole object as the API wants it, `target` included; the name is NAME,
    /// and no other setting may be given
    #[arg(long, value_name = "FILE", conflicts_with_all = ["keystore", "truststore", "cipher", "tls_version", "crl_distributor"])]
    from_file: Option<PathBuf>,

    #[command(flatten)]
    flex_gateway: flex_gateway::FlexGateway,

    #[command(flatten)]
    verification: verification::Verification,

    #[command(flatten)]
    mule: mule::Mule,

    #[command(flatten)]
    security_fabric: security_fabric::SecurityFabric,
}

/// The settings, checked.
pub(crate) enum Material {
    Given(Box<Settings>),
    File(Map<String, Value>),
}

impl Kind for TlsContext {
    const COLLECTION: Collection = Collection::TlsContexts;
    const WORDS: Words = Words {
        noun: "tls-context",
        plural: "TLS contexts",
        example: "partner-inbound",
        content: "--truststore partner-ca --require-client-certificate",
        types: &["FlexGateway", "Mule", "SecurityFabric"],
    };
    type Content = Settings;
    type Material = Material;

    fn read(settings: Settings) -> Result<Material, Error> {
        settings.check()?;
        match &settings.from_file {
            Some(path) => read_object(path).map(Material::File),
            None => Ok(Material::Given(Box::new(settings))),
        }
    }

    fn upload(
        material: Material,
        place: &mut GroupCollection,
        name: &str,
    ) -> Result<Upload, Error> {
        let settings = match material {
            Material::File(mut object) => {
                object.insert("name".to_owned(), name.into());
                let fields = object
                    .into_iter()
                    .fold(Fields::default(), |fields, (name, value)| {
                        fields.plain(name, value)
                    });
                return Ok(Upload::of(fields));
            }
            Material::Given(settings) => settings,
        };
        let fields = Fields::default()
            .plain("target", TlsTarget::from(settings.target).as_str())
            .plain("name", name);
        let crl_distributor = place.optional_reference(
            Collection::CrlDistributorConfigs,
            settings.crl_distributor.as_ref(),
        )?;
        let fields = match settings.target {
            Target::FlexGateway => {
                let fields = settings.flex_gateway.add_to(fields, &settings.cipher)?;
                settings.verification.add_to(fields, crl_distributor)
            }
            Target::Mule => settings
                .mule
                .add_to(fields, &settings.cipher, &settings.tls_version),
            Target::SecurityFabric => settings.security_fabric.add_to(
                fields,
                &settings.cipher,
                &settings.tls_version,
                crl_distributor,
                place,
            )?,
        };
        let keystore =
            place.optional_reference(Collection::Keystores, settings.keystore.as_ref())?;
        let truststore =
            place.optional_reference(Collection::Truststores, settings.truststore.as_ref())?;
        Ok(Upload::of(
            fields
                .reference("keystore", keystore.as_ref())
                .reference("truststore", truststore.as_ref()),
        ))
    }
}

impl Settings {
    /// Every given option must be one of the target's.
    fn check(&self) -> Result<(), Error> {
        let of = |flag: Option<&'static str>, owner| flag.map(|flag| (flag, owner));
        let versions = (!self.tls_version.is_empty()).then_some("--tls-version");
        let versions = of(versions, "is for --target mule or security-fabric");
        let crls = self.crl_distributor.as_ref().map(|_| "--crl-distributor");
        let flex = self.flex_gateway.given().or(self.verification.given());
        let flex = of(flex, "is for --target flex-gateway");
        let mule = of(self.mule.given(), "is for --target mule");
        let fabric = &self.security_fabric;
        let of_fabric = match fabric.idle() {
            Some(flag) => of(
                Some(flag),
                "is for --target security-fabric, with --mutual-authentication",
            ),
            None => of(fabric.given(), "is for --target security-fabric"),
        };
        let foreign = match self.target {
            _ if self.from_file.is_some() => {
                let given = flex.or(mule).or(of_fabric);
                given.map(|(flag, _)| (flag, "is for the options, not the file"))
            }
            Target::FlexGateway => versions.or(mule).or(of_fabric),
            Target::Mule => {
                let crls = of(crls, "is for --target flex-gateway or security-fabric");
                flex.or(of_fabric).or(crls)
            }
            Target::SecurityFabric => {
                let idle = fabric.idle().or(crls.filter(|_| fabric.given().is_none()));
                flex.or(mule)
                    .or(of(idle, "goes with --mutual-authentication"))
            }
        };
        if let Some((flag, reason)) = foreign {
            return Err(Error::Flag {
                flag,
                reason: reason.into(),
            });
        }
        match self.target {
            Target::FlexGateway => flex_gateway::suites(&self.cipher).map(drop),
            Target::SecurityFabric => security_fabric::suites(&self.cipher).map(drop),
            Target::Mule => Ok(()),
        }
    }
}

impl From<Target> for TlsTarget {
    fn from(target: Target) -> Self {
        match target {
            Target::FlexGateway => Self::FlexGateway,
            Target::Mule => Self::Mule,
            Target::SecurityFabric => Self::SecurityFabric,
        }
    }
}

/// The set of the given versions, or TLS 1.2.
fn acceptable_versions(versions: &[TlsVersion]) -> Value {
    let has = |version| versions.contains(&version);
    json!(AcceptableTlsVersions {
        v1_1: has(TlsVersion::V1_1),
        v1_2: has(TlsVersion::V1_2) || versions.is_empty(),
        v1_3: has(TlsVersion::V1_3),
    })
}

fn read_object(path: &Path) -> Result<Map<String, Value>, Error> {
    let bytes = private_file::read(path, MAX_JSON)?;
    let object: Map<String, Value> =
        serde_json::from_slice(&bytes).map_err(|error| Error::FileSyntax {
            path: path.to_owned(),
            reason: format!("it is no JSON object: {error}"),
        })?;
    if !object.contains_key("target") {
        return Err(Error::FileSyntax {
            path: path.to_owned(),
            reason: "it has no member \"target\"".to_owned(),
        });
    }
    Ok(object)
}

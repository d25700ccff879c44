//! TLS contexts, by target.

use sallyport_model::{
    AlpnProtocol, CipherSuite, Collection, FabricCipherSuite, MutualAuthentication, TlsVersion,
    VerificationProfile, VerificationSettings,
};
use utoipa::openapi::Ref;

use super::{
    Fields, Part, either, flag, list, number, reference, text, upload as any, version, word,
};
use crate::http::openapi::Operation;
use crate::manager::UploadLimits;

/// Who the contexts are for.
pub(super) const TARGETS: [&str; 3] = ["FlexGateway", "Mule", "SecurityFabric"];

/// Whether fields have defaults, or are shown and all there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Given,
    Shown,
}

impl Side {
    /// A field that need not be given but is always shown.
    fn field(self, fields: Fields, name: &str, schema: impl Into<Part>) -> Fields {
        match self {
            Self::Given => fields.may(name, schema),
            Self::Shown => fields.needs(name, schema),
        }
    }
}

pub(super) fn upload() -> Part {
    either([
        flex_gateway(any(FLEX), Side::Given).into(),
        mule(any(MULE), Side::Given).into(),
        security_fabric(any(FABRIC), Side::Given).into(),
    ])
}

pub(super) fn shown() -> Part {
    let typed = |fields: Fields, target: &'static str| fields.needs("type", word([target]));
    let [flex, on_mule, fabric] = TARGETS;
    either([
        typed(flex_gateway(version(FLEX), Side::Shown), flex).into(),
        typed(mule(version(MULE), Side::Shown), on_mule).into(),
        typed(security_fabric(version(FABRIC), Side::Shown), fabric).into(),
    ])
}

/// Components that shown contexts name.
pub(super) fn with_components(operation: Operation) -> Operation {
    operation.component("MutualAuthentication", mutual_authentication(Side::Shown))
}

const FLEX: &str = "For gateways built on Envoy. Has a keystore or a truststore or both, in PEM.";
const MULE: &str =
    "For the Java runtime. Has a keystore or a truststore or both, in JKS, JCEKS or PKCS12.";
const FABRIC: &str = "For the ingress of Runtime Fabric. Has a keystore or a truststore, both for mutual authentication.";

fn stores(fields: Fields) -> Fields {
    fields
        .may("keystore", reference(Collection::Keystores))
        .may("truststore", reference(Collection::Truststores))
}

fn flex_gateway(fields: Fields, side: Side) -> Fields {
    let [target, ..] = TARGETS;
    let tls =
        || word([TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3].map(TlsVersion::as_str));
    let suites = list(word(CipherSuite::all().map(CipherSuite::as_str)))
        .max_items(Some(UploadLimits::CIPHER_SUITES))
        .unique_items(true)
        .description(Some("At least one unless minTlsVersion is TLSv1.3."));
    let alpn = list(word(
        [AlpnProtocol::H2, AlpnProtocol::Http1].map(AlpnProtocol::as_str),
    ))
    .min_items(Some(1))
    .max_items(Some(2))
    .unique_items(true)
    .description(Some("Most preferred first."));
    let inbound = "enableClientCertValidation";
    let outbound = "skipServerCertValidation";
    let mut fields = stores(fields).needs("target", word([target]));
    fields = side.field(fields, "minTlsVersion", tls());
    fields = side.field(fields, "maxTlsVersion", tls());
    fields = side.field(fields, "alpnProtocols", alpn);
    fields = side.field(fields, "cipherSuites", suites);
    for (name, setting) in [("inboundSettings", inbound), ("outboundSettings", outbound)] {
        let settings = side.field(Fields::only(""), setting, flag("Off by default."));
        fields = side.field(fields, name, settings);
    }
    fields.may("verification", verification(side))
}

fn verification(side: Side) -> Fields {
    use VerificationProfile::{Balanced, Rfc5280, Strict};
    let profiles = word([Rfc5280, Balanced, Strict].map(VerificationProfile::as_str));
    let mut revocation = Fields::only("How revocation is checked; it is not, without it.").needs(
        "crlDistributorConfig",
        reference(Collection::CrlDistributorConfigs),
    );
    for name in ["unknown", "expired"] {
        revocation = side.field(revocation, name, word(["deny", "allow"]));
    }
    revocation = side.field(revocation, "certificates", word(["all", "peer"]));
    let text =
        "What is asked of a peer's certificate besides its issuer. Anypoint has no such field.";
    side.field(Fields::only(text), "profile", profiles)
        .may(
            "maxDepth",
            number(
                "Most CAs between the peer and its trust anchor.",
                0,
                VerificationSettings::MAX_DEPTH.into(),
            ),
        )
        .may("revocation", revocation)
}

fn mule(fields: Fields, side: Side) -> Fields {
    let [_, target, _] = TARGETS;
    let suites = list(
        text("A name Java knows.", 1, UploadLimits::CIPHER_SUITE_NAME)
            .pattern(Some("^[A-Za-z0-9_]+$")),
    )
    .max_items(Some(UploadLimits::CIPHER_SUITES))
    .unique_items(true);
    let mut fields = stores(fields).needs("target", word([target]));
    fields = side.field(fields, "acceptableTlsVersions", acceptable_versions(side));
    fields = side.field(fields, "cipherSuites", suites);
    side.field(
        fields,
        "insecure",
        flag("Whether the server's certificate is not checked. Off by default."),
    )
}

fn security_fabric(fields: Fields, side: Side) -> Fields {
    let [_, _, target] = TARGETS;
    let suites = FabricCipherSuite::ALL
        .into_iter()
        .fold(Fields::only("At least one is true."), |fields, suite| {
            side.field(fields, suite.as_str(), flag(""))
        });
    let mutual: Part = match side {
        Side::Given => mutual_authentication(side).into(),
        Side::Shown => Ref::from_schema_name("MutualAuthentication").into(),
    };
    let fields = stores(fields)
        .needs("target", word([target]))
        .needs("acceptableTlsVersions", acceptable_versions(side))
        .needs("acceptableCipherSuites", suites);
    let fields = side.field(
        fields,
        "enableMutualAuthentication",
        flag("Whether clients must show a certificate. Off by default."),
    );
    side.field(fields, "mutualAuthentication", mutual)
}

fn acceptable_versions(side: Side) -> Fields {
    ["tlsV1Dot1", "tlsV1Dot2", "tlsV1Dot3"]
        .into_iter()
        .fold(Fields::only("At least one is true."), |fields, version| {
            side.field(fields, version, flag(""))
        })
}

fn mutual_authentication(side: Side) -> Fields {
    let policies =
        list(text("Object identifier.", 3, 220).pattern(Some("^[0-2](\\.[0-9]+){1,19}$")))
            .max_items(Some(UploadLimits::POLICIES))
            .unique_items(true);
    let pinning = side
        .field(Fields::only(""), "performCertificatePinning", flag(""))
        .may(
            "certificatePinset",
            reference(Collection::CertificatePinsets),
        );
    let overrides = [
        "certificateBadFormat",
        "certificateBadSignature",
        "certificateNotYetValid",
        "certificateHasExpired",
        "allowSelfSigned",
        "certificateUnresolved",
        "certificateUntrusted",
        "invalidCa",
        "invalidPurpose",
        "other",
    ]
    .into_iter()
    .fold(
        Fields::only(
            "Failures that are let pass. Those that would let anybody pass cannot be true.",
        ),
        |fields, name| side.field(fields, name, flag("")),
    );
    let mut fields = Fields::only("How client certificates are checked.");
    fields = side.field(fields, "certificatePolicies", policies);
    fields = side.field(fields, "certCheckingStrength", word(["Strict", "Lax"]));
    fields = side.field(
        fields,
        "verificationDepth",
        number(
            "Most CAs between the peer and its trust anchor.",
            0,
            MutualAuthentication::MAX_DEPTH.into(),
        ),
    );
    for name in [
        "performDomainChecking",
        "certificatePolicyChecking",
        "requireInitialExplicitPolicy",
        "revocationChecking",
        "requireCrlForAllCa",
        "sendTruststore",
    ] {
        fields = side.field(fields, name, flag("Off by default."));
    }
    fields = fields.may("revocationCheckingMethod", word(["CRL"])).may(
        "crlDistributorConfig",
        reference(Collection::CrlDistributorConfigs),
    );
    fields = side.field(fields, "certificatePinning", pinning);
    side.field(fields, "authenticationOverrides", overrides)
}

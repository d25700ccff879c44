//! The internal CA: signs the certificates of gateways, and those of our own two listeners.

use std::net::IpAddr;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use sallyport_model::{GatewayIdentity, TrustDomain};
use sallyport_pki::{Certificate, UnixTime};
use thiserror::Error;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::keys::KeyError;
use crate::keys::open::RootPrivateKey;
use crate::manager::{GatewayCertificate, GatewayIssuer, IssueError, Renewing};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const CA_LIFETIME: i64 = 10 * 365 * DAY;
/// Of a gateway's certificate that an administrator renews.
const GATEWAY_LIFETIME: i64 = 90 * DAY;
/// Longest a publicly trusted server certificate may live; ours are made anew at every start.
const SERVER_LIFETIME: i64 = 398 * DAY;

/// The internal CA with its key open.
pub struct GatewayCa {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    trust_domain: TrustDomain,
    /// Seconds that a certificate lives which its gateway renews.
    short_lifetime: i64,
}

/// A new CA, its key sealed.
pub struct NewGatewayCa {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The private key, sealed to the root key.
    pub sealed_key: Vec<u8>,
}

/// A server certificate for one of our listeners.
pub struct IssuedServerCertificate {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// Its key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

/// Why the CA cannot be made, opened or used.
#[derive(Debug, Error)]
pub enum GatewayCaError {
    /// The CA's key does not open with this root key.
    #[error("the key of the internal CA does not open with this root key")]
    Key(#[from] KeyError),
    /// The certificate library refuses.
    #[error("the internal CA cannot sign")]
    Signing(#[from] rcgen::Error),
    /// A time no certificate can carry.
    #[error("the clock shows a time that no certificate can carry")]
    Clock,
}

impl GatewayCa {
    /// Makes a CA and seals its key to the root key.
    pub fn create(
        root: &RootPrivateKey,
        organization: &str,
        now: UnixTime,
    ) -> Result<NewGatewayCa, GatewayCaError> {
        let mut params = params(
            &format!("Sallyport internal CA of {organization}"),
            now,
            CA_LIFETIME,
        )?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let key = Zeroizing::new(key.serialize_der());
        Ok(NewGatewayCa {
            certificate: certificate.der().to_vec(),
            sealed_key: root.public().seal_gateway_ca_key(&key)?,
        })
    }

    /// Opens the CA that [`Self::create`] made.
    pub fn open(
        root: &RootPrivateKey,
        certificate: Vec<u8>,
        sealed_key: &[u8],
        trust_domain: TrustDomain,
    ) -> Result<Self, GatewayCaError> {
        let key = KeyPair::try_from(root.open_gateway_ca_key(sealed_key)?.as_slice())?;
        let certificate = CertificateDer::from(certificate);
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self {
            certificate,
            issuer,
            trust_domain,
            short_lifetime: DAY,
        })
    }

    /// With another lifetime of certificates that gateways renew by themselves, in seconds.
    pub const fn with_short_lifetime(mut self, seconds: i64) -> Self {
        self.short_lifetime = seconds;
        self
    }

    /// The CA certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The CA certificate, PEM.
    pub fn certificate_pem(&self) -> String {
        to_pem(&self.certificate)
    }

    /// A fresh key and certificate for one of our listeners. Names that are IP addresses become IP
    /// SANs, the others DNS SANs.
    pub fn issue_server(
        &self,
        names: &[String],
        now: UnixTime,
    ) -> Result<IssuedServerCertificate, GatewayCaError> {
        let mut params = params("sallyport-vault", now, SERVER_LIFETIME)?;
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse::<IpAddr>() {
                Ok(address) => Ok(SanType::IpAddress(address)),
                Err(_) => Ia5String::try_from(name.as_str()).map(SanType::DnsName),
            })
            .collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(IssuedServerCertificate {
            certificate: certificate.der().clone(),
            key: Zeroizing::new(key.serialize_der()),
        })
    }
}

impl GatewayIssuer for GatewayCa {
    fn issue(
        &self,
        identity: &GatewayIdentity,
        signing_request: &str,
        renewing: Renewing,
        now: UnixTime,
    ) -> Result<GatewayCertificate, IssueError> {
        // Parsing checks the request's own signature, so the requester holds the key.
        let request = CertificateSigningRequestParams::from_pem(signing_request)
            .map_err(|_| IssueError::SigningRequest)?;
        let mut params = params(
            &format!("gateway {}", identity.gateway),
            now,
            match renewing {
                Renewing::ByItself => self.short_lifetime,
                Renewing::ByHand => GATEWAY_LIFETIME,
            },
        )
        .map_err(|_| IssueError::Signing)?;
        let uri = Ia5String::try_from(identity.to_string()).map_err(|_| IssueError::Signing)?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let not_after = UnixTime(params.not_after.unix_timestamp());
        // Only the public key is taken from the request: never its names, usages or extensions.
        let certificate = CertificateSigningRequestParams {
            params,
            public_key: request.public_key,
        }
        .signed_by(&self.issuer)
        .map_err(|_| IssueError::Signing)?;
        let key = Certificate::from_der(certificate.der()).map_err(|_| IssueError::Signing)?;
        let key = key.spki_sha256();
        Ok(GatewayCertificate {
            identity: identity.clone(),
            certificate: certificate.pem(),
            ca: self.certificate_pem(),
            not_after,
            key,
        })
    }

    fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }
}

/// A certificate in PEM.
pub fn to_pem(certificate: &CertificateDer<'_>) -> String {
    pem::encode(&pem::Pem::new("CERTIFICATE", certificate.to_vec()))
}

fn params(
    common_name: &str,
    now: UnixTime,
    lifetime: i64,
) -> Result<CertificateParams, GatewayCaError> {
    let at = |seconds: i64| {
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| GatewayCaError::Clock)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    // An hour back, for clocks that are behind.
    params.not_before = at(now.0.saturating_sub(HOUR))?;
    params.not_after = at(now.0.saturating_add(lifetime))?;
    // Random: the library's default is derived from the public key, and a renewal may keep the key.
    let mut serial = [0_u8; 16];
    getrandom::fill(&mut serial).map_err(|_| GatewayCaError::Key(KeyError::Randomness))?;
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

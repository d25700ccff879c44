//! A small PKI: authorities, intermediates, and the certificates of clients and servers (P-256, or RSA of
//! 2048 bits).

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _, RevokedCertParams,
    RsaKeySize, SanType, SerialNumber, date_time_ymd,
};

use crate::{Result, files};

/// Odd, and without a pattern: the golden ratio in 128 bits.
const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

/// A certificate authority.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Certificates between this authority and the root, this one first; empty for a root.
    intermediates: Vec<String>,
    keys: Keys,
}

/// A certificate with its private key.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: String,
    /// The certificate and its intermediates, leaf first, PEM.
    pub chain: String,
    /// The private key, PKCS#8 PEM.
    pub key: String,
    /// The serial number of the certificate; empty if nobody will ask for it.
    pub serial: Vec<u8>,
}

/// Where an [`Identity`] was written to.
#[derive(Clone, Debug)]
pub struct IdentityFiles {
    /// Leaf and intermediates, PEM.
    pub chain: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// What makes a certificate unusual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validity {
    /// From 2020 to 2049.
    #[default]
    Valid,
    /// Ended in 2021.
    Expired,
}

/// The keys of an authority and of everything below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// ECDSA P-256, signatures with SHA-256.
    #[default]
    P256,
    /// RSA of 2048 bits, signatures with SHA-256 (PKCS#1 v1.5).
    Rsa2048,
    /// Ed25519, in PKCS #8 of version 2, which Envoy does not read.
    Ed25519,
}

impl Keys {
    fn generate(self) -> Result<KeyPair> {
        Ok(match self {
            Self::P256 => KeyPair::generate()?,
            Self::Ed25519 => KeyPair::generate_for(&PKCS_ED25519)?,
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        })
    }
}

impl Authority {
    /// A self-signed root.
    pub fn root(name: &str) -> Result<Self> {
        Self::root_with(name, Keys::default())
    }

    /// A self-signed root with keys of that kind.
    pub fn root_with(name: &str, keys: Keys) -> Result<Self> {
        let issuer = CertifiedIssuer::self_signed(authority_parameters(name), keys.generate()?)?;
        Ok(Self {
            issuer,
            intermediates: Vec::new(),
            keys,
        })
    }

    /// An authority below this one.
    pub fn intermediate(&self, name: &str) -> Result<Self> {
        self.intermediate_as(name, |_| {})
    }

    /// An authority below this one, changed before it is signed.
    pub fn intermediate_as(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Self> {
        let mut parameters = authority_parameters(name);
        change(&mut parameters);
        let issuer = CertifiedIssuer::signed_by(parameters, self.keys.generate()?, &self.issuer)?;
        let mut intermediates = vec![issuer.pem()];
        intermediates.extend_from_slice(&self.intermediates);
        Ok(Self {
            issuer,
            intermediates,
            keys: self.keys,
        })
    }

    /// Its own certificate, PEM.
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A CRL that lists these certificates, from 2020 to 2049, PEM.
    pub fn crl(&self, number: u64, revoked: &[&Identity]) -> Result<String> {
        let until = date_time_ymd(2049, 1, 1).into();
        self.crl_until(until, number, revoked)
    }

    /// The same with another end.
    pub fn crl_until(&self, end: SystemTime, number: u64, revoked: &[&Identity]) -> Result<String> {
        let serials = revoked.iter().map(|identity| identity.serial.clone());
        self.crl_of(end, number, serials)
    }

    /// A CRL that lists so many certificates that nobody has.
    pub fn large_crl(&self, number: u64, entries: u64) -> Result<String> {
        let until = date_time_ymd(2049, 1, 1).into();
        // 16 octets, spread like the random ones of a CA, and positive.
        let serial = |entry: u64| u128::from(entry + 1).wrapping_mul(SPREAD) >> 1;
        let serials = (0..entries).map(|entry| serial(entry).to_be_bytes().to_vec());
        self.crl_of(until, number, serials)
    }

    fn crl_of(
        &self,
        end: SystemTime,
        number: u64,
        serials: impl Iterator<Item = Vec<u8>>,
    ) -> Result<String> {
        let revoked = serials.map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let parameters = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: end.into(),
            crl_number: number.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(parameters.signed_by(&self.issuer)?.pem()?)
    }

    /// A certificate for TLS clients.
    pub fn client(&self, name: &str) -> Result<Identity> {
        self.client_with(name, Validity::Valid)
    }

    /// A certificate for TLS clients with the given dates.
    pub fn client_with(&self, name: &str, validity: Validity) -> Result<Identity> {
        self.client_as(name, |parameters| date(parameters, validity))
    }

    /// A certificate for TLS clients, changed before it is signed.
    pub fn client_as(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Identity> {
        self.issue(name, |parameters| {
            parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            change(parameters);
        })
    }

    /// A certificate for a TLS server of that DNS name.
    pub fn server(&self, dns: &str) -> Result<Identity> {
        self.server_as(dns, |_| {})
    }

    /// The same, for a server that staples OCSP answers (RFC 7633). Envoy does not take it without one.
    pub fn stapling_server(&self, dns: &str) -> Result<Identity> {
        const TLS_FEATURE: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 24];
        // A sequence of one integer: status_request.
        let feature = CustomExtension::from_oid_content(&TLS_FEATURE, vec![0x30, 3, 2, 1, 5]);
        self.server_as(dns, |parameters| parameters.custom_extensions.push(feature))
    }

    fn server_as(
        &self,
        dns: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Identity> {
        let name = dns.try_into()?;
        self.issue(dns, |parameters| {
            parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            parameters.subject_alt_names = vec![SanType::DnsName(name)];
            change(parameters);
        })
    }

    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Result<Identity> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject(name);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.use_authority_key_identifier_extension = true;
        date(&mut parameters, Validity::Valid);
        let key = self.keys.generate()?;
        // Of its own kind of randomness: the public key. It must not look negative.
        let mut serial: Vec<u8> = key.der_bytes().iter().rev().take(16).copied().collect();
        serial.insert(0, 1);
        parameters.serial_number = Some(SerialNumber::from_slice(&serial));
        change(&mut parameters);
        let certificate = parameters.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity {
            chain: format!("{certificate}{}", self.intermediates.concat()),
            certificate,
            key: key.serialize_pem(),
            serial,
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// A new key, and what `sign` makes of a signing request (PEM) for it.
    pub async fn signed_by(sign: impl AsyncFnOnce(String) -> Result<String>) -> Result<Self> {
        let key = KeyPair::generate()?;
        let request = CertificateParams::default()
            .serialize_request(&key)?
            .pem()?;
        let certificate = sign(request).await?;
        Ok(Self {
            chain: certificate.clone(),
            certificate,
            key: key.serialize_pem(),
            serial: Vec::new(),
        })
    }

    /// Reads the files `sallyport gateway create --out <directory>` left there.
    pub fn of_gateway(directory: &Path) -> Result<Self> {
        let certificate = files::read(&directory.join("gateway.pem"))?;
        Ok(Self {
            chain: certificate.clone(),
            certificate,
            key: files::read(&directory.join("gateway.key"))?,
            serial: Vec::new(),
        })
    }

    /// Writes `<name>.pem` (the chain) and `<name>.key`, readable by the owner only.
    pub fn write_to(&self, directory: &Path, name: &str) -> Result<IdentityFiles> {
        let written = IdentityFiles {
            chain: directory.join(format!("{name}.pem")),
            key: directory.join(format!("{name}.key")),
        };
        files::write(&written.chain, &self.chain)?;
        files::write(&written.key, &self.key)?;
        Ok(written)
    }
}

fn authority_parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.use_authority_key_identifier_extension = true;
    date(&mut parameters, Validity::Valid);
    parameters
}

fn date(parameters: &mut CertificateParams, validity: Validity) {
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = match validity {
        Validity::Valid => date_time_ymd(2049, 1, 1),
        Validity::Expired => date_time_ymd(2021, 1, 1),
    };
}

fn subject(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject.push(DnType::OrganizationName, "Sallyport demo");
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_holds_the_leaf_and_the_intermediates_but_not_the_root() {
        let root = Authority::root("root").unwrap();
        let intermediate = root.intermediate("intermediate").unwrap();
        let client = intermediate.client("client").unwrap();
        assert!(client.chain.starts_with(&client.certificate));
        assert!(client.chain.ends_with(&intermediate.certificate()));
        assert_eq!(client.chain.matches("BEGIN CERTIFICATE").count(), 2);
    }
}

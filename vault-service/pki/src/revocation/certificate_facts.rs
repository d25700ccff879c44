//! What a certificate says about its revocation, as bytes to compare.

use crate::certificate::Certificate;
use crate::revocation::der::{BIT_STRING, BOOLEAN, INTEGER, Malformed, OCTET_STRING, Reader};
use crate::revocation::der::{SEQUENCE, boolean, constructed, primitive, single};
use crate::revocation::distribution_point::DistributionPoint;
use crate::revocation::extension::{Extension, oid};

/// cRLSign, bit 6 of `KeyUsage`, in its first octet.
const CRL_SIGN: u8 = 0b10;

/// Fields of a certificate, borrowed from it.
pub(crate) struct CertificateFacts<'a> {
    /// `TBSCertificate` with its tag: what is signed.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Signature<'a>,
    /// Content of the INTEGER.
    pub(crate) serial: &'a [u8],
    /// DER of the `Name`.
    pub(crate) issuer: &'a [u8],
    /// DER of the `Name`.
    pub(crate) subject: &'a [u8],
    pub(crate) public_key: PublicKey<'a>,
    pub(crate) is_ca: bool,
    /// Whether the key usage has cRLSign, `None` if there is no key usage (RFC 5280 section 6.3.3 (f)).
    pub(crate) crl_sign: Option<bool>,
    pub(crate) key_identifier: Option<&'a [u8]>,
    /// Those of the extension, and the one that every certificate has.
    pub(crate) distribution_points: Vec<DistributionPoint>,
}

/// A signature and its algorithm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature<'a> {
    /// Content of the `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// A `SubjectPublicKeyInfo` in its two parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublicKey<'a> {
    /// Content of the `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    pub(crate) key: &'a [u8],
}

impl<'a> CertificateFacts<'a> {
    pub(crate) fn read(certificate: &'a Certificate) -> Result<Self, Malformed> {
        let mut outer = Reader::new(single(SEQUENCE, certificate.der())?);
        let signed = outer.next()?;
        let signature = Signature::read(&mut outer)?;
        outer.finish()?;

        let mut fields = Reader::new(signed.content);
        fields.optional(constructed(0))?;
        let serial = fields.expect(INTEGER)?;
        fields.expect(SEQUENCE)?; // signature
        let issuer = fields.next()?.whole;
        fields.expect(SEQUENCE)?; // validity
        let subject = fields.next()?.whole;
        let public_key = PublicKey::read(fields.expect(SEQUENCE)?)?;
        fields.optional(primitive(1))?;
        fields.optional(primitive(2))?;
        let extensions = fields.optional(constructed(3))?;
        fields.finish()?;

        let mut facts = Self {
            signed: signed.whole,
            signature,
            serial,
            issuer,
            subject,
            public_key,
            is_ca: false,
            crl_sign: None,
            key_identifier: None,
            distribution_points: Vec::new(),
        };
        if let Some(extensions) = extensions {
            let mut extensions = Reader::new(single(SEQUENCE, extensions)?);
            while !extensions.is_empty() {
                facts.remember(Extension::read(&mut extensions)?)?;
            }
        }
        let implied = DistributionPoint::implied(issuer);
        facts.distribution_points.push(implied);
        Ok(facts)
    }

    /// Whether it may sign CRLs in its own name: a CA without key usage may do everything.
    pub(crate) fn may_sign_crls(&self) -> bool {
        self.crl_sign != Some(false)
    }

    /// Whether a CA that has issued it wants its CRLs to be taken: what is no CA has to say so.
    pub(crate) fn may_sign_crls_for_others(&self) -> bool {
        self.crl_sign == Some(true) || (self.is_ca && self.crl_sign.is_none())
    }

    fn remember(&mut self, extension: Extension<'a>) -> Result<(), Malformed> {
        let value = extension.value;
        match extension.oid {
            oid::BASIC_CONSTRAINTS => {
                let mut fields = Reader::new(single(SEQUENCE, value)?);
                let ca = fields.optional(BOOLEAN)?.map(boolean).transpose()?;
                self.is_ca = ca.unwrap_or(false);
            }
            oid::KEY_USAGE => {
                // Not every CA drops trailing zeros as DER demands; which bits are set is the same.
                let octets = single(BIT_STRING, value)?.get(1).ok_or(Malformed)?;
                self.crl_sign = Some(octets & CRL_SIGN != 0);
            }
            oid::SUBJECT_KEY_IDENTIFIER => self.key_identifier = Some(single(OCTET_STRING, value)?),
            oid::CRL_DISTRIBUTION_POINTS => {
                self.distribution_points = DistributionPoint::read_all(value, self.issuer)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Signature<'a> {
    /// The last two fields of a certificate or a CRL.
    pub(crate) fn read(outer: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            algorithm: outer.expect(SEQUENCE)?,
            value: whole_octets(outer.expect(BIT_STRING)?)?,
        })
    }
}

impl<'a> PublicKey<'a> {
    fn read(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(content);
        let algorithm = fields.expect(SEQUENCE)?;
        let key = whole_octets(fields.expect(BIT_STRING)?)?;
        fields.finish()?;
        Ok(Self { algorithm, key })
    }
}

/// The octets of a BIT STRING without unused bits.
fn whole_octets(content: &[u8]) -> Result<&[u8], Malformed> {
    match content.split_first() {
        Some((0, octets)) => Ok(octets),
        _ => Err(Malformed),
    }
}

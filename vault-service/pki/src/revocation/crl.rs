//! A CRL that has been read, not yet trusted (RFC 5280 section 5.1).

use crate::revocation::certificate_facts::Signature;
use crate::revocation::crl_error::{CrlError, malformed};
use crate::revocation::crl_number::CrlNumber;
use crate::revocation::der::{INTEGER, Reader, SEQUENCE};
use crate::revocation::der::{constructed, primitive, single};
use crate::revocation::extension::{Extension, oid};
use crate::revocation::scope::CrlScope;
use crate::unix_time::UnixTime;

/// Largest CRL, in bytes of DER.
pub const MAX_CRL_BYTES: usize = 96 * 1024 * 1024;

/// The fields of a CRL, borrowed from it; its entries are not read yet.
pub(crate) struct Crl<'a> {
    /// `TBSCertList` with its tag: what is signed.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Signature<'a>,
    /// DER of the `Name`.
    pub(crate) issuer: &'a [u8],
    pub(crate) this_update: UnixTime,
    pub(crate) next_update: UnixTime,
    /// Content of `revokedCertificates`, empty if it is absent.
    pub(crate) entries: &'a [u8],
    pub(crate) extensions: CrlExtensions<'a>,
}

/// The extensions that are processed (RFC 5280 section 5.2).
pub(crate) struct CrlExtensions<'a> {
    pub(crate) number: CrlNumber,
    /// For a delta CRL, the lowest number of a complete one that it can be added to.
    pub(crate) base: Option<CrlNumber>,
    pub(crate) scope: CrlScope,
    pub(crate) key_identifier: Option<&'a [u8]>,
}

impl<'a> Crl<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL_BYTES {
            return Err(CrlError::TooLarge {
                bytes: der.len(),
                limit: MAX_CRL_BYTES,
            });
        }
        let mut whole = Reader::new(der);
        let list = whole
            .expect(SEQUENCE)
            .map_err(malformed("CertificateList"))?;
        if !whole.is_empty() {
            return Err(CrlError::TrailingData {
                bytes: whole.left(),
            });
        }
        let mut outer = Reader::new(list);
        let signed = outer.next().map_err(malformed("tbsCertList"))?;
        if signed.tag != SEQUENCE {
            return Err(CrlError::Malformed {
                part: "tbsCertList",
            });
        }
        let signature = Signature::read(&mut outer).map_err(malformed("signature"))?;
        outer.finish().map_err(malformed("CertificateList"))?;

        let mut fields = Reader::new(signed.content);
        // Absent in version 1, and 1 means 2.
        match fields.optional(INTEGER).map_err(malformed("version"))? {
            Some([1]) => {}
            _ => return Err(CrlError::NotVersion2),
        }
        let algorithm = fields.expect(SEQUENCE).map_err(malformed("signature"))?;
        if algorithm != signature.algorithm {
            return Err(CrlError::Malformed { part: "signature" });
        }
        let issuer = fields.next().map_err(malformed("issuer"))?;
        if issuer.tag != SEQUENCE || issuer.content.is_empty() {
            return Err(CrlError::Malformed { part: "issuer" });
        }
        let this_update = fields.time().map_err(malformed("thisUpdate"))?;
        let next_update = fields.optional_time().map_err(malformed("nextUpdate"))?;
        let next_update = next_update.ok_or(CrlError::NoNextUpdate)?;
        if next_update <= this_update {
            return Err(CrlError::InvalidValidity);
        }
        let entries = fields.optional(SEQUENCE);
        let entries = entries.map_err(malformed("revokedCertificates"))?;
        let extensions = fields.optional(constructed(0));
        let extensions = extensions.map_err(malformed("crlExtensions"))?;
        fields.finish().map_err(malformed("tbsCertList"))?;
        let extensions = extensions.ok_or(CrlError::NoNumber)?;
        let extensions = single(SEQUENCE, extensions).map_err(malformed("crlExtensions"))?;
        Ok(Self {
            signed: signed.whole,
            signature,
            issuer: issuer.whole,
            this_update,
            next_update,
            entries: entries.unwrap_or_default(),
            extensions: CrlExtensions::read(extensions, issuer.whole)?,
        })
    }
}

impl<'a> CrlExtensions<'a> {
    fn read(content: &'a [u8], issuer: &[u8]) -> Result<Self, CrlError> {
        let mut number = None;
        let mut base = None;
        let mut scope = CrlScope::default();
        let mut key_identifier = None;
        Extension::read_all(content, "crlExtensions", |extension| {
            match extension.oid {
                oid::CRL_NUMBER if extension.critical => return Err(CrlError::CriticalNumber),
                oid::CRL_NUMBER => {
                    let read = CrlNumber::read(extension.value);
                    number = Some(read.map_err(malformed("cRLNumber"))?);
                }
                oid::DELTA_CRL_INDICATOR => {
                    demand_critical(extension, "deltaCRLIndicator")?;
                    let read = CrlNumber::read(extension.value);
                    base = Some(read.map_err(malformed("deltaCRLIndicator"))?);
                }
                oid::ISSUING_DISTRIBUTION_POINT => {
                    demand_critical(extension, "issuingDistributionPoint")?;
                    scope = CrlScope::read(extension.value, issuer)?;
                }
                oid::AUTHORITY_KEY_IDENTIFIER => {
                    key_identifier = read_authority_key(extension.value)?;
                }
                _ => extension.ignore()?,
            }
            Ok(())
        })?;
        Ok(Self {
            number: number.ok_or(CrlError::NoNumber)?,
            base,
            scope,
            key_identifier,
        })
    }
}

/// Who does not know one of these extensions must not use the CRL.
fn demand_critical(extension: &Extension<'_>, name: &'static str) -> Result<(), CrlError> {
    if extension.critical {
        Ok(())
    } else {
        Err(CrlError::NotCritical { name })
    }
}

/// `keyIdentifier` of an `AuthorityKeyIdentifier`, if it has one (RFC 5280 section 4.2.1.1).
fn read_authority_key(extension: &[u8]) -> Result<Option<&[u8]>, CrlError> {
    let malformed = malformed("authorityKeyIdentifier");
    let mut fields = Reader::new(single(SEQUENCE, extension).map_err(&malformed)?);
    let key_identifier = fields.optional(primitive(0)).map_err(&malformed)?;
    fields.optional(constructed(1)).map_err(&malformed)?;
    fields.optional(primitive(2)).map_err(&malformed)?;
    fields.finish().map_err(&malformed)?;
    Ok(key_identifier)
}

//! Where a certificate says that its revocation is published (RFC 5280 section 4.2.1.13).

use crate::revocation::der::{Malformed, Reader, SEQUENCE, SET, constructed, encode, primitive};
use crate::revocation::der::{named_bits, single};

/// Every reason there is: bits 1 to 8 of `ReasonFlags`.
pub(crate) const ALL_REASONS: u16 = 0x1fe;
/// Most distribution points of a certificate, and most names of one: each is compared with each of
/// every CRL, and those of a CRL are read before anybody has signed it.
const MAX_POINTS: usize = 64;
/// Tag of a `directoryName` in `GeneralName`.
const DIRECTORY_NAME: u8 = constructed(4);

/// One distribution point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DistributionPoint {
    /// Its names, each the DER of a `GeneralName`; empty if it has none.
    pub(crate) names: Vec<Vec<u8>>,
    /// Reasons that its CRL is for, [`ALL_REASONS`] unless it says otherwise.
    pub(crate) reasons: u16,
    /// Who signs its CRL, if not the certificate's issuer: each the DER of a `GeneralName`.
    pub(crate) crl_issuers: Vec<Vec<u8>>,
}

impl DistributionPoint {
    /// Reads the extension `cRLDistributionPoints`. `issuer` is the certificate's.
    pub(crate) fn read_all(extension: &[u8], issuer: &[u8]) -> Result<Vec<Self>, Malformed> {
        let mut points = Reader::new(single(SEQUENCE, extension)?);
        let mut all = Vec::new();
        while !points.is_empty() {
            if all.len() == MAX_POINTS {
                return Err(Malformed);
            }
            all.push(Self::read(points.expect(SEQUENCE)?, issuer)?);
        }
        Ok(all)
    }

    fn read(content: &[u8], issuer: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(content);
        let name = fields.optional(constructed(0))?;
        let reasons = fields.optional(primitive(1))?;
        let crl_issuers = fields.optional(constructed(2))?;
        fields.finish()?;
        let crl_issuers = crl_issuers.map(general_names).transpose()?;
        let crl_issuers = crl_issuers.unwrap_or_default();
        // A relative name is relative to who signs the CRL.
        let signer = match crl_issuers.as_slice() {
            [] => Some(issuer),
            [only] => directory_name(only),
            _ => None,
        };
        Ok(Self {
            names: name
                .map(|name| distribution_point_name(name, signer))
                .transpose()?
                .unwrap_or_default(),
            reasons: reasons.map_or(Ok(ALL_REASONS), named_bits)? & ALL_REASONS,
            crl_issuers,
        })
    }

    /// What a certificate without distribution points, or with ones that lead nowhere, has
    /// (RFC 5280 section 6.3.3, last paragraph).
    pub(crate) fn implied(issuer: &[u8]) -> Self {
        Self {
            names: vec![encode(DIRECTORY_NAME, issuer)],
            reasons: ALL_REASONS,
            crl_issuers: Vec::new(),
        }
    }
}

/// The names in a `DistributionPointName`; a relative one is made whole with the name of `signer`.
pub(crate) fn distribution_point_name(
    content: &[u8],
    signer: Option<&[u8]>,
) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut reader = Reader::new(content);
    let names = match reader.optional(constructed(0))? {
        Some(full_name) => general_names(full_name)?,
        None => {
            let relative = reader.expect(constructed(1))?;
            let rdns = single(SEQUENCE, signer.ok_or(Malformed)?)?;
            let name = [rdns, &encode(SET, relative)].concat();
            vec![encode(DIRECTORY_NAME, &encode(SEQUENCE, &name))]
        }
    };
    reader.finish()?;
    Ok(names)
}

/// The DER of each `GeneralName` in the content of a `GeneralNames`, at least one.
pub(crate) fn general_names(content: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut reader = Reader::new(content);
    let mut names = Vec::new();
    while !reader.is_empty() {
        let name = reader.next()?;
        // [0] to [8], and no others.
        if !matches!(name.tag & !0x20, 0x80..=0x88) || names.len() == MAX_POINTS {
            return Err(Malformed);
        }
        names.push(name.whole.to_vec());
    }
    if names.is_empty() {
        return Err(Malformed);
    }
    Ok(names)
}

/// The `Name` (DER) in a `GeneralName`, if it is one.
pub(crate) fn directory_name(general_name: &[u8]) -> Option<&[u8]> {
    single(DIRECTORY_NAME, general_name).ok()
}

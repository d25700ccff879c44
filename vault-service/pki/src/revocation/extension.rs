//! Extensions of certificates, CRLs and entries (RFC 5280 section 4.1).

use crate::revocation::crl_error::{CrlError, malformed};
use crate::revocation::der::{BOOLEAN, Malformed, OCTET_STRING, OID, Reader, SEQUENCE, boolean};

/// Object identifiers below `id-ce` (2.5.29) are three octets.
pub(crate) mod oid {
    pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
    pub(crate) const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
    pub(crate) const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
    pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
    pub(crate) const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];
    pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
    pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
}

/// More than anybody uses; every one is compared with all before it.
const MAX_EXTENSIONS: usize = 64;

/// One extension, its value not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

impl<'a> Extension<'a> {
    /// Reads the next one of a sequence of extensions.
    pub(crate) fn read(extensions: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut fields = Reader::new(extensions.expect(SEQUENCE)?);
        let oid = fields.expect(OID)?;
        let critical = fields.optional(BOOLEAN)?.map(boolean).transpose()?;
        let value = fields.expect(OCTET_STRING)?;
        fields.finish()?;
        Ok(Self {
            oid,
            critical: critical.unwrap_or(false),
            value,
        })
    }

    /// Reads the content of an `Extensions` of a CRL or an entry, in which none may occur twice.
    pub(crate) fn read_all(
        content: &'a [u8],
        part: &'static str,
        mut each: impl FnMut(&Self) -> Result<(), CrlError>,
    ) -> Result<(), CrlError> {
        let mut reader = Reader::new(content);
        let mut seen: Vec<&[u8]> = Vec::new();
        while !reader.is_empty() {
            let extension = Self::read(&mut reader).map_err(malformed(part))?;
            if seen.contains(&extension.oid) {
                return Err(CrlError::DuplicateExtension {
                    oid: dotted(extension.oid),
                });
            }
            if seen.len() == MAX_EXTENSIONS {
                return Err(CrlError::Malformed { part });
            }
            seen.push(extension.oid);
            each(&extension)?;
        }
        Ok(())
    }

    /// What to do with an extension that is not known (RFC 5280 section 5.2).
    pub(crate) fn ignore(&self) -> Result<(), CrlError> {
        if self.critical {
            return Err(CrlError::UnknownCriticalExtension {
                oid: dotted(self.oid),
            });
        }
        Ok(())
    }
}

/// An object identifier as people write it; arcs above 64 bits do not occur, and end it.
fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0_u64;
    for octet in oid {
        let Some(shifted) = arc.checked_mul(128) else {
            break;
        };
        arc = shifted | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= first * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    let arcs: Vec<String> = arcs.iter().map(u64::to_string).collect();
    arcs.join(".")
}

#[cfg(test)]
mod tests {
    use super::{dotted, oid};

    #[test]
    fn object_identifiers_are_written_with_dots() {
        assert_eq!(dotted(oid::CRL_NUMBER), "2.5.29.20");
        assert_eq!(
            dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            "1.2.840.113549"
        );
        assert_eq!(dotted(&[0x88, 0x37, 3]), "2.999.3");
        assert_eq!(dotted(&[0xff; 30]), "");
    }
}

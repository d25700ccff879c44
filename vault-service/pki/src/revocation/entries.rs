//! The entries of a CRL (RFC 5280 section 5.3): read one after the other, twice, and kept only in
//! their compact form.

use litemap::LiteMap;

use crate::revocation::crl_error::{CrlError, malformed};
use crate::revocation::der::{ENUMERATED, INTEGER, Reader, SEQUENCE, shortest_integer, single};
use crate::revocation::distribution_point::{directory_name, general_names};
use crate::revocation::extension::{Extension, oid};
use crate::revocation::reason::RevocationReason;
use crate::revocation::serials::{MAX_SERIAL_OCTETS, Revocation, SerialSet};

/// Most entries of a CRL.
pub const MAX_CRL_ENTRIES: usize = 2_000_000;
/// Most issuers that an indirect CRL has entries about.
pub(crate) const MAX_ENTRY_ISSUERS: usize = 1_000;

/// Listed serial numbers by the issuer (DER of the `Name`) of their certificates.
pub(crate) type SerialSets = LiteMap<Vec<u8>, SerialSet>;

/// Reads the content of `revokedCertificates`; `issuer` signs the CRL.
pub(crate) fn read_entries(
    content: &[u8],
    issuer: &[u8],
    indirect: bool,
) -> Result<SerialSets, CrlError> {
    // The first pass finds every fault and how much room is needed; the second one fills it.
    let mut sizes: LiteMap<&[u8], Size> = LiteMap::new();
    let mut total = 0;
    for_each_entry(content, issuer, indirect, |issuer, serial, _| {
        total += 1;
        if total > MAX_CRL_ENTRIES {
            return Err(CrlError::TooManyEntries {
                limit: MAX_CRL_ENTRIES,
            });
        }
        let size = sizes.entry(issuer).or_default();
        size.count += 1;
        size.octets = size.octets.max(serial.len());
        if sizes.len() > MAX_ENTRY_ISSUERS {
            return Err(CrlError::TooManyIssuers {
                limit: MAX_ENTRY_ISSUERS,
            });
        }
        Ok(())
    })?;
    let mut sets = SerialSets::with_capacity(sizes.len());
    for (issuer, size) in sizes.iter() {
        let set = SerialSet::with_capacity(size.count, size.octets);
        sets.insert(issuer.to_vec(), set);
    }
    for_each_entry(content, issuer, indirect, |issuer, serial, revocation| {
        if let Some(set) = sets.get_mut(issuer) {
            set.push(serial, revocation);
        }
        Ok(())
    })?;
    for (_, set) in sets.iter_mut() {
        set.finish();
    }
    Ok(sets)
}

#[derive(Default)]
struct Size {
    count: usize,
    /// Of the longest serial number.
    octets: usize,
}

/// Calls with the certificate's issuer, serial number and revocation of each entry.
fn for_each_entry<'a>(
    content: &'a [u8],
    issuer: &'a [u8],
    indirect: bool,
    mut each: impl FnMut(&'a [u8], &'a [u8], Revocation) -> Result<(), CrlError>,
) -> Result<(), CrlError> {
    let malformed = malformed("revokedCertificates");
    let mut entries = Reader::new(content);
    // An entry is about the issuer of the one before it unless it names another (section 5.3.3).
    let mut issuer = issuer;
    while !entries.is_empty() {
        let mut fields = Reader::new(entries.expect(SEQUENCE).map_err(&malformed)?);
        let serial = fields.expect(INTEGER).map_err(&malformed)?;
        let serial = shortest_integer(serial).map_err(|_| CrlError::SerialNumber)?;
        // 21 octets are 20 octets and a sign, or too many.
        if serial.len() > MAX_SERIAL_OCTETS
            || (serial.len() == MAX_SERIAL_OCTETS && serial.first() != Some(&0))
        {
            return Err(CrlError::SerialNumber);
        }
        let mut revocation = Revocation {
            at: fields.time().map_err(&malformed)?,
            reason: RevocationReason::Unspecified,
        };
        if !fields.is_empty() {
            let extensions = fields.expect(SEQUENCE).map_err(&malformed)?;
            Extension::read_all(extensions, "crlEntryExtensions", |extension| {
                match extension.oid {
                    oid::REASON_CODE => revocation.reason = read_reason(extension.value)?,
                    oid::CERTIFICATE_ISSUER if indirect => {
                        issuer = read_certificate_issuer(extension)?;
                    }
                    oid::CERTIFICATE_ISSUER => return Err(CrlError::NotIndirect),
                    _ => extension.ignore()?,
                }
                Ok(())
            })?;
            fields.finish().map_err(&malformed)?;
        }
        each(issuer, serial, revocation)?;
    }
    Ok(())
}

fn read_reason(extension: &[u8]) -> Result<RevocationReason, CrlError> {
    match single(ENUMERATED, extension) {
        Ok(&[code]) => RevocationReason::from_code(code),
        _ => None,
    }
    .ok_or(CrlError::Malformed { part: "reasonCode" })
}

/// The one directory name in it (section 5.3.3).
fn read_certificate_issuer<'a>(extension: &Extension<'a>) -> Result<&'a [u8], CrlError> {
    if !extension.critical {
        return Err(CrlError::NotCritical {
            name: "certificateIssuer",
        });
    }
    let name = single(SEQUENCE, extension.value).and_then(|names| {
        general_names(names)?;
        directory_name(names).ok_or(crate::revocation::der::Malformed)
    });
    name.map_err(malformed("certificateIssuer"))
}

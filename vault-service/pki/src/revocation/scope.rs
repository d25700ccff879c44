//! Which certificates a CRL is about (RFC 5280 section 5.2.5).

use crate::revocation::certificate_facts::CertificateFacts;
use crate::revocation::crl_error::{CrlError, malformed};
use crate::revocation::der::{Reader, SEQUENCE, boolean, constructed, primitive, single};
use crate::revocation::distribution_point::{
    DistributionPoint, directory_name, distribution_point_name,
};

/// What an issuing distribution point says; without one, everything of the issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrlScope {
    /// Names of the distribution point, each the DER of a `GeneralName`, sorted; empty for all.
    pub names: Vec<Vec<u8>>,
    /// Kind of certificates.
    pub certificates: CrlCertificates,
    /// Whether entries may be about certificates of other issuers.
    pub indirect: bool,
}

/// Kind of certificates that a CRL is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrlCertificates {
    /// All of them.
    #[default]
    All,
    /// Those that are not a CA's.
    UserOnly,
    /// Those of CAs.
    CaOnly,
}

impl CrlScope {
    /// Reads the extension `issuingDistributionPoint` of a CRL that `issuer` signs.
    pub(crate) fn read(extension: &[u8], issuer: &[u8]) -> Result<Self, CrlError> {
        let malformed = malformed("issuingDistributionPoint");
        let content = single(SEQUENCE, extension).map_err(&malformed)?;
        let mut fields = Reader::new(content);
        let name = fields.optional(constructed(0)).map_err(&malformed)?;
        let mut flag = |number| match fields.optional(primitive(number)) {
            Ok(content) => content.map_or(Ok(false), boolean),
            Err(error) => Err(error),
        };
        let user_only = flag(1).map_err(&malformed)?;
        let ca_only = flag(2).map_err(&malformed)?;
        // Refused whatever is in it: an empty bit string has crashed another reader.
        let some_reasons = fields.optional(primitive(3)).map_err(&malformed)?;
        let mut flag = |number| match fields.optional(primitive(number)) {
            Ok(content) => content.map_or(Ok(false), boolean),
            Err(error) => Err(error),
        };
        let indirect = flag(4).map_err(&malformed)?;
        let attributes_only = flag(5).map_err(&malformed)?;
        fields.finish().map_err(&malformed)?;
        if some_reasons.is_some() {
            return Err(CrlError::OnlySomeReasons);
        }
        if attributes_only {
            return Err(CrlError::OnlyAttributeCertificates);
        }
        let names = name.map(|name| distribution_point_name(name, Some(issuer)));
        let mut names = names.transpose().map_err(&malformed)?.unwrap_or_default();
        names.sort_unstable();
        names.dedup();
        Ok(Self {
            names,
            certificates: match (user_only, ca_only) {
                (false, false) => CrlCertificates::All,
                (true, false) => CrlCertificates::UserOnly,
                (false, true) => CrlCertificates::CaOnly,
                (true, true) => {
                    return Err(CrlError::Malformed {
                        part: "issuingDistributionPoint",
                    });
                }
            },
            indirect,
        })
    }

    /// Reasons (`ReasonFlags`) for which a CRL of this scope, signed by `signer`, tells the status
    /// of the certificate; 0 if it is about others (RFC 5280 section 6.3.3 (b) and (d)).
    pub(crate) fn reasons_for(&self, certificate: &CertificateFacts<'_>, signer: &[u8]) -> u16 {
        let kind = match self.certificates {
            CrlCertificates::All => true,
            CrlCertificates::UserOnly => !certificate.is_ca,
            CrlCertificates::CaOnly => certificate.is_ca,
        };
        if !kind {
            return 0;
        }
        let points = certificate.distribution_points.iter();
        let points = points.filter(|point| self.is_published_at(point, certificate, signer));
        points.fold(0, |reasons, point| reasons | point.reasons)
    }

    fn is_published_at(
        &self,
        point: &DistributionPoint,
        certificate: &CertificateFacts<'_>,
        signer: &[u8],
    ) -> bool {
        let by_signer = match point.crl_issuers.as_slice() {
            [] => signer == certificate.issuer,
            others => {
                let mut names = others.iter().filter_map(|name| directory_name(name));
                self.indirect && names.any(|name| name == signer)
            }
        };
        let names = match point.names.as_slice() {
            [] => &point.crl_issuers,
            names => names,
        };
        by_signer && (self.names.is_empty() || names.iter().any(|name| self.names.contains(name)))
    }
}

//! Rules of RFC 5280 and of good practice that path building does not check by itself.
//!
//! They are applied to a path whose signatures, dates, names and purposes are already good. Private
//! PKIs often leave out key identifiers, so their presence is not demanded.

use crate::certificate::Certificate;
use crate::extensions::AltName;

/// A rule about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// RFC 5280 section 4.1.2.2.
    #[error("the serial number is not a positive number of 1 to 20 octets")]
    SerialNumber,
    /// RFC 5280 section 4.1.2.6.
    #[error("a CA has no subject")]
    CaWithoutSubject,
    /// RFC 5280 section 4.2.1.3.
    #[error("a certificate that is not a CA's has the key usage keyCertSign")]
    PeerMaySignCertificates,
    /// RFC 5280 section 4.2.1.3.
    #[error("a CA has a key usage without keyCertSign")]
    CaMayNotSignCertificates,
    /// RFC 5280 sections 4.2.1.1 and 4.2.1.2.
    #[error("a key identifier extension is marked critical")]
    CriticalKeyIdentifier,
    /// RFC 5280 section 4.2.2.1.
    #[error("the authority information access extension is marked critical")]
    CriticalAuthorityInfoAccess,
    /// RFC 5280 section 4.2.1.10.
    #[error("the name constraints extension is not marked critical")]
    NameConstraintsNotCritical,
    /// RFC 5280 section 4.2.1.10.
    #[error("a certificate that is not a CA's has name constraints")]
    NameConstraintsOnPeer,
    /// RFC 5280 section 4.2.1.10.
    #[error("the name constraints are empty")]
    EmptyNameConstraints,
    /// RFC 5280 section 4.2.1.10 allows the leading dot for URIs only.
    #[error("a DNS name constraint begins with a dot")]
    NameConstraintLeadingDot,
    /// RFC 5280 section 4.2.1.11.
    #[error("the policy constraints extension is not marked critical")]
    PolicyConstraintsNotCritical,
    /// RFC 5280 section 4.2.1.6.
    #[error("the subject is empty and the subject alternative name is not marked critical")]
    SubjectAltNameNotCritical,
    /// CA/Browser Forum baseline requirements section 7.1.2.7.12.
    #[error("the subject alternative name is marked critical although there is a subject")]
    SubjectAltNameCritical,
    /// RFC 1034 section 3.5.
    #[error("a DNS name has other characters than letters, digits and hyphens")]
    DnsNameSyntax,
    /// CA/Browser Forum baseline requirements section 7.1.2.7.10.
    #[error("the extended key usage contains anyExtendedKeyUsage")]
    AnyExtendedKeyUsage,
    /// CA/Browser Forum baseline requirements section 7.1.2.7.6.
    #[error("the extended key usage is marked critical")]
    CriticalExtendedKeyUsage,
    /// CA/Browser Forum baseline requirements section 7.1.2.1.2.
    #[error("a root has an extended key usage")]
    RootExtendedKeyUsage,
    /// CA/Browser Forum baseline requirements section 7.1.2.1.3.
    #[error("the authority key identifier of a root is not its own key identifier alone")]
    RootAuthorityKeyIdentifier,
}

impl Rule {
    /// Stable name of the rule, `snake_case`.
    pub fn code(self) -> &'static str {
        match self {
            Self::SerialNumber => "serial_number",
            Self::CaWithoutSubject => "ca_without_subject",
            Self::PeerMaySignCertificates => "peer_may_sign_certificates",
            Self::CaMayNotSignCertificates => "ca_may_not_sign_certificates",
            Self::CriticalKeyIdentifier => "critical_key_identifier",
            Self::CriticalAuthorityInfoAccess => "critical_authority_info_access",
            Self::NameConstraintsNotCritical => "name_constraints_not_critical",
            Self::NameConstraintsOnPeer => "name_constraints_on_peer",
            Self::EmptyNameConstraints => "empty_name_constraints",
            Self::NameConstraintLeadingDot => "name_constraint_leading_dot",
            Self::PolicyConstraintsNotCritical => "policy_constraints_not_critical",
            Self::SubjectAltNameNotCritical => "subject_alt_name_not_critical",
            Self::SubjectAltNameCritical => "subject_alt_name_critical",
            Self::DnsNameSyntax => "dns_name_syntax",
            Self::AnyExtendedKeyUsage => "any_extended_key_usage",
            Self::CriticalExtendedKeyUsage => "critical_extended_key_usage",
            Self::RootExtendedKeyUsage => "root_extended_key_usage",
            Self::RootAuthorityKeyIdentifier => "root_authority_key_identifier",
        }
    }
}

/// Rules for the certificate that a peer authenticates with.
pub(crate) fn check_peer(certificate: &Certificate) -> Result<(), Rule> {
    let extensions = certificate.extensions();
    check_serial_number(certificate)?;
    check_criticality(certificate)?;
    check_subject_alt_name(certificate)?;
    let key_usage = extensions.key_usage.as_ref();
    if key_usage.is_some_and(|usage| usage.value.key_cert_sign) {
        return Err(Rule::PeerMaySignCertificates);
    }
    if extensions.name_constraints.is_some() {
        return Err(Rule::NameConstraintsOnPeer);
    }
    match &extensions.extended_key_usage {
        Some(purposes) if purposes.value.any => Err(Rule::AnyExtendedKeyUsage),
        Some(purposes) if purposes.critical => Err(Rule::CriticalExtendedKeyUsage),
        _ => Ok(()),
    }
}

/// Rules for the CAs between the peer and the trust anchor.
pub(crate) fn check_intermediate(certificate: &Certificate) -> Result<(), Rule> {
    check_serial_number(certificate)?;
    check_ca(certificate)
}

/// Rules for a trust anchor. Its serial number is not looked at: well known roots have zero.
pub(crate) fn check_anchor(certificate: &Certificate) -> Result<(), Rule> {
    check_ca(certificate)?;
    // An issuing CA may be an anchor; only a root has to name itself.
    if !certificate.is_self_issued() {
        return Ok(());
    }
    let extensions = certificate.extensions();
    if extensions.extended_key_usage.is_some() {
        return Err(Rule::RootExtendedKeyUsage);
    }
    let own = extensions.subject_key_identifier.as_ref();
    match &extensions.authority_key_identifier {
        Some(authority)
            if authority.value.issuer_or_serial
                || authority.value.key_identifier.as_ref() != own.map(|id| &id.value) =>
        {
            Err(Rule::RootAuthorityKeyIdentifier)
        }
        _ => Ok(()),
    }
}

fn check_ca(certificate: &Certificate) -> Result<(), Rule> {
    let extensions = certificate.extensions();
    check_criticality(certificate)?;
    if certificate.subject_is_empty() {
        return Err(Rule::CaWithoutSubject);
    }
    let key_usage = extensions.key_usage.as_ref();
    if key_usage.is_some_and(|usage| !usage.value.key_cert_sign) {
        return Err(Rule::CaMayNotSignCertificates);
    }
    match &extensions.name_constraints {
        Some(constraints) if !constraints.critical => Err(Rule::NameConstraintsNotCritical),
        Some(constraints) if constraints.value.empty => Err(Rule::EmptyNameConstraints),
        Some(constraints) if constraints.value.leading_dot => Err(Rule::NameConstraintLeadingDot),
        _ => Ok(()),
    }
}

fn check_serial_number(certificate: &Certificate) -> Result<(), Rule> {
    let serial = certificate.serial();
    let negative = serial.first().is_none_or(|first| first & 0x80 != 0);
    let zero = serial.iter().all(|octet| *octet == 0);
    if negative || zero || serial.len() > 20 {
        return Err(Rule::SerialNumber);
    }
    Ok(())
}

fn check_criticality(certificate: &Certificate) -> Result<(), Rule> {
    let extensions = certificate.extensions();
    let subject_key = extensions.subject_key_identifier.as_ref();
    let authority_key = extensions.authority_key_identifier.as_ref();
    if subject_key.is_some_and(|id| id.critical) || authority_key.is_some_and(|id| id.critical) {
        return Err(Rule::CriticalKeyIdentifier);
    }
    let access = extensions.authority_info_access.as_ref();
    if access.is_some_and(|access| access.critical) {
        return Err(Rule::CriticalAuthorityInfoAccess);
    }
    let policy = extensions.policy_constraints.as_ref();
    if policy.is_some_and(|policy| !policy.critical) {
        return Err(Rule::PolicyConstraintsNotCritical);
    }
    Ok(())
}

fn check_subject_alt_name(certificate: &Certificate) -> Result<(), Rule> {
    let Some(names) = &certificate.extensions().subject_alt_name else {
        return Ok(());
    };
    match (certificate.subject_is_empty(), names.critical) {
        (true, false) => return Err(Rule::SubjectAltNameNotCritical),
        (false, true) => return Err(Rule::SubjectAltNameCritical),
        (true, true) | (false, false) => {}
    }
    let dns_names = names.value.iter().filter_map(|name| match name {
        AltName::Dns(name) => Some(name),
        AltName::Uri(_) | AltName::Other(_) => None,
    });
    for name in dns_names {
        let labels = name.strip_prefix("*.").unwrap_or(name);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if !labels.bytes().all(allowed) {
            return Err(Rule::DnsNameSyntax);
        }
    }
    Ok(())
}

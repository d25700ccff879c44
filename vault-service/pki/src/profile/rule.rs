//! Rules about single certificates, by name.

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
    /// RFC 5280 section 4.2.1.9.
    #[error("the basic constraints extension of a trust anchor is not marked critical")]
    BasicConstraintsNotCritical,
    /// RFC 5280 section 4.2.1.3.
    #[error("a certificate that is not a CA's has the key usage keyCertSign")]
    PeerMaySignCertificates,
    /// RFC 5280 section 4.2.1.3.
    #[error("a CA has a key usage without keyCertSign")]
    CaMayNotSignCertificates,
    /// RFC 5280 sections 4.2.1.1 and 4.2.1.2.
    #[error("a key identifier extension is marked critical")]
    CriticalKeyIdentifier,
    /// RFC 5280 section 4.2.1.2.
    #[error("a CA has no subject key identifier")]
    NoSubjectKeyIdentifier,
    /// RFC 5280 section 4.2.1.1.
    #[error("there is no authority key identifier with a key identifier in it")]
    NoAuthorityKeyIdentifier,
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
    /// CA/Browser Forum baseline requirements section 7.1.2.7.6.
    #[error("there is no extended key usage")]
    NoExtendedKeyUsage,
    /// CA/Browser Forum baseline requirements section 7.1.4.3.
    #[error("the common name is not among the subject alternative names")]
    CommonNameNotInNames,
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
            Self::BasicConstraintsNotCritical => "basic_constraints_not_critical",
            Self::PeerMaySignCertificates => "peer_may_sign_certificates",
            Self::CaMayNotSignCertificates => "ca_may_not_sign_certificates",
            Self::CriticalKeyIdentifier => "critical_key_identifier",
            Self::NoSubjectKeyIdentifier => "no_subject_key_identifier",
            Self::NoAuthorityKeyIdentifier => "no_authority_key_identifier",
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
            Self::NoExtendedKeyUsage => "no_extended_key_usage",
            Self::CommonNameNotInNames => "common_name_not_in_names",
            Self::RootExtendedKeyUsage => "root_extended_key_usage",
            Self::RootAuthorityKeyIdentifier => "root_authority_key_identifier",
        }
    }
}

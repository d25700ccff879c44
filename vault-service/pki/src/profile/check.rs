//! The rules, applied to one certificate each.

use super::{
    AnyPurpose, CommonName, CriticalNames, CriticalPurposes, KeyIdentifiers, Profile, Purposes,
    RootAuthorityKey, RootPurposes, Rule,
};
use crate::certificate::Certificate;
use crate::extensions::AltName;

impl Profile {
    /// Rules for the certificate that a peer authenticates with.
    pub(crate) fn check_peer(&self, certificate: &Certificate) -> Result<(), Rule> {
        let extensions = certificate.extensions();
        check_serial_number(certificate)?;
        check_criticality(certificate)?;
        self.check_authority_key(certificate)?;
        self.check_subject_alt_name(certificate)?;
        let key_usage = extensions.key_usage.as_ref();
        if key_usage.is_some_and(|usage| usage.value.key_cert_sign) {
            return Err(Rule::PeerMaySignCertificates);
        }
        if extensions.name_constraints.is_some() {
            return Err(Rule::NameConstraintsOnPeer);
        }
        let Some(purposes) = &extensions.extended_key_usage else {
            return match self.purposes {
                Purposes::Required => Err(Rule::NoExtendedKeyUsage),
                Purposes::Optional => Ok(()),
            };
        };
        if purposes.value.any && self.any_purpose == AnyPurpose::Refused {
            return Err(Rule::AnyExtendedKeyUsage);
        }
        if purposes.critical && self.critical_purposes == CriticalPurposes::Refused {
            return Err(Rule::CriticalExtendedKeyUsage);
        }
        Ok(())
    }

    /// Rules for the CAs between the peer and the trust anchor.
    pub(crate) fn check_intermediate(&self, certificate: &Certificate) -> Result<(), Rule> {
        check_serial_number(certificate)?;
        self.check_authority_key(certificate)?;
        self.check_ca(certificate)
    }

    /// Rules for a trust anchor. Its serial number is not looked at: well known roots have zero.
    pub(crate) fn check_anchor(&self, certificate: &Certificate) -> Result<(), Rule> {
        self.check_ca(certificate)?;
        let constraints = certificate.extensions().basic_constraints.as_ref();
        if constraints.is_some_and(|constraints| !constraints.critical) {
            return Err(Rule::BasicConstraintsNotCritical);
        }
        // An issuing CA may be an anchor; only a root has to name itself.
        if !certificate.is_self_issued() {
            return self.check_authority_key(certificate);
        }
        let extensions = certificate.extensions();
        let purposes = extensions.extended_key_usage.as_ref();
        if purposes.is_some() && self.root_purposes == RootPurposes::Refused {
            return Err(Rule::RootExtendedKeyUsage);
        }
        let own = extensions.subject_key_identifier.as_ref();
        let authority = extensions.authority_key_identifier.as_ref();
        let own_key_only = authority.is_none_or(|authority| {
            !authority.value.issuer_or_serial
                && authority.value.key_identifier.as_ref() == own.map(|id| &id.value)
        });
        if !own_key_only && self.root_authority_key == RootAuthorityKey::OwnKeyOnly {
            return Err(Rule::RootAuthorityKeyIdentifier);
        }
        Ok(())
    }

    fn check_ca(&self, certificate: &Certificate) -> Result<(), Rule> {
        let extensions = certificate.extensions();
        check_criticality(certificate)?;
        check_issuer(certificate)?;
        let own_key = extensions.subject_key_identifier.as_ref();
        if own_key.is_none() && self.key_identifiers == KeyIdentifiers::Required {
            return Err(Rule::NoSubjectKeyIdentifier);
        }
        match &extensions.name_constraints {
            Some(constraints) if !constraints.critical => Err(Rule::NameConstraintsNotCritical),
            Some(constraints) if constraints.value.is_empty() => Err(Rule::EmptyNameConstraints),
            Some(constraints) if constraints.value.has_leading_dot() => {
                Err(Rule::NameConstraintLeadingDot)
            }
            _ => Ok(()),
        }
    }

    fn check_authority_key(&self, certificate: &Certificate) -> Result<(), Rule> {
        let authority = certificate.extensions().authority_key_identifier.as_ref();
        let key = authority.and_then(|authority| authority.value.key_identifier.as_ref());
        if key.is_none() && self.key_identifiers == KeyIdentifiers::Required {
            return Err(Rule::NoAuthorityKeyIdentifier);
        }
        Ok(())
    }

    fn check_subject_alt_name(&self, certificate: &Certificate) -> Result<(), Rule> {
        let names = certificate.extensions().subject_alt_name.as_ref();
        let critical = names.is_some_and(|names| names.critical);
        if certificate.subject_is_empty() && !critical {
            return Err(Rule::SubjectAltNameNotCritical);
        }
        let refused = self.critical_names == CriticalNames::Refused;
        if critical && !certificate.subject_is_empty() && refused {
            return Err(Rule::SubjectAltNameCritical);
        }
        let names = names.map_or(&[][..], |names| &names.value);
        for name in names {
            if let AltName::Dns(name) = name {
                check_dns_name(name)?;
            }
        }
        match certificate.common_name() {
            Some(name)
                if self.common_name == CommonName::InNames
                    && !names.iter().any(|known| known.is_host(name)) =>
            {
                Err(Rule::CommonNameNotInNames)
            }
            _ => Ok(()),
        }
    }
}

/// What makes a CA an issuer at all.
pub(crate) fn check_issuer(certificate: &Certificate) -> Result<(), Rule> {
    if certificate.subject_is_empty() {
        return Err(Rule::CaWithoutSubject);
    }
    let key_usage = certificate.extensions().key_usage.as_ref();
    if key_usage.is_some_and(|usage| !usage.value.key_cert_sign) {
        return Err(Rule::CaMayNotSignCertificates);
    }
    Ok(())
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

/// Letters, digits and hyphens, and a wildcard for the first label.
fn check_dns_name(name: &str) -> Result<(), Rule> {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if labels.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Rule::DnsNameSyntax)
    }
}

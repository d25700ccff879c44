//! What every certificate on a path has to keep, in its place on the path.

use super::Usage;
use crate::certificate::Certificate;
use crate::path_error::PathError;
use crate::unix_time::UnixTime;

pub(super) fn check_validity(certificate: &Certificate, at: UnixTime) -> Result<(), PathError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if not_before > not_after {
        return Err(PathError::InvalidValidity);
    }
    if at < not_before {
        return Err(PathError::NotYetValid { at, not_before });
    }
    if at > not_after {
        return Err(PathError::Expired { at, not_after });
    }
    Ok(())
}

/// A CA that is limited to some purposes issues for no other ones.
pub(super) fn check_usage(certificate: &Certificate, usage: Usage) -> Result<(), PathError> {
    let purposes = certificate.extensions().extended_key_usage.as_ref();
    let allowed = purposes.is_none_or(|purposes| match usage {
        Usage::ClientAuth => purposes.value.client_auth,
        Usage::ServerAuth => purposes.value.server_auth,
    });
    if allowed {
        Ok(())
    } else {
        Err(PathError::WrongUsage { usage })
    }
}

/// `below` is the number of CAs between it and the peer that count.
pub(super) fn check_ca(certificate: &Certificate, below: usize) -> Result<(), PathError> {
    let constraints = certificate.extensions().basic_constraints.as_ref();
    let Some(constraints) = constraints.filter(|constraints| constraints.value.ca) else {
        return Err(PathError::IssuerNotCa);
    };
    match constraints.value.path_len.map(usize::try_from) {
        Some(Ok(limit)) if below > limit => Err(PathError::PathLength),
        _ => Ok(()),
    }
}

pub(super) fn check_key(certificate: &Certificate) -> Result<(), PathError> {
    let verdict = certificate.check_public_key();
    verdict.map_err(|error| PathError::WeakKey {
        subject: certificate.subject().to_owned(),
        error,
    })
}

//! What a token claims, held against the policy (RFC 7519 section 4.1).

use serde_json::{Map, Value};

use super::{Expiry, JwtError, Policy};
use sallyport_pki::UnixTime;

/// The last second of the year 9999: later dates are mistakes, or meant for overflows.
const LAST: i64 = 253_402_300_799;

impl Policy {
    pub(super) fn check_claims(
        &self,
        claims: &Map<String, Value>,
        now: UnixTime,
    ) -> Result<(), JwtError> {
        self.check_times(claims, now)?;
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        match self
            .required_claims
            .iter()
            .find(|name| claims.get(*name).is_none_or(Value::is_null))
        {
            Some(absent) => Err(JwtError::Claim(absent.clone())),
            None => Ok(()),
        }
    }

    fn check_times(&self, claims: &Map<String, Value>, now: UnixTime) -> Result<(), JwtError> {
        let skew = i64::from(self.skew);
        let (expires, starts, issued) = (
            date(claims, "exp")?,
            date(claims, "nbf")?,
            date(claims, "iat")?,
        );
        match expires {
            Some(expired) if now.0.saturating_sub(skew) >= expired.0 => {
                return Err(JwtError::Expired { expired, now });
            }
            None if self.expiry == Expiry::Required => return Err(absent("exp")),
            _ => {}
        }
        if let Some(not_before) = starts.max(issued)
            && now.0.saturating_add(skew) < not_before.0
        {
            return Err(JwtError::NotYetValid { not_before, now });
        }
        match (self.max_age, issued) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(absent("iat")),
            (Some(max), Some(issued)) => {
                let age = now.0.saturating_sub(skew).saturating_sub(issued.0);
                match age > i64::from(max) {
                    true => Err(JwtError::TooOld { issued, now }),
                    false => Ok(()),
                }
            }
        }
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        let issuer = claims.get("iss").map(Value::as_str);
        match issuer {
            // There, but not a string.
            Some(None) => Err(absent("iss")),
            _ if self.issuers.is_empty() => Ok(()),
            None => Err(absent("iss")),
            Some(Some(issuer)) => match self.issuers.iter().any(|accepted| accepted == issuer) {
                true => Ok(()),
                false => Err(JwtError::Issuer),
            },
        }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        let audiences = match claims.get("aud") {
            None if self.audiences.is_empty() => return Ok(()),
            None => return Err(absent("aud")),
            Some(audience @ Value::String(_)) => std::slice::from_ref(audience),
            Some(Value::Array(audiences)) => audiences,
            Some(_) => return Err(absent("aud")),
        };
        if !audiences.iter().all(Value::is_string) {
            return Err(absent("aud"));
        }
        let ours = |audience: &Value| self.audiences.iter().any(|ours| audience == ours);
        match audiences.iter().any(ours) {
            true => Ok(()),
            false => Err(JwtError::Audience),
        }
    }
}

/// A NumericDate, without its fraction (RFC 7519 section 2).
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<UnixTime>, JwtError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = match value.as_i64() {
        Some(seconds) => seconds,
        None => match value.as_f64() {
            // Within what both types hold, so that the conversion only cuts the fraction.
            #[expect(clippy::cast_possible_truncation, reason = "the fraction")]
            Some(seconds) if (0.0..=1e11).contains(&seconds) => seconds as i64,
            _ => return Err(absent(name)),
        },
    };
    match (0..=LAST).contains(&seconds) {
        true => Ok(Some(UnixTime(seconds))),
        false => Err(absent(name)),
    }
}

fn absent(name: &str) -> JwtError {
    JwtError::Claim(name.to_owned())
}

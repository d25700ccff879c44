//! The policy of a case, in whatever form it was written.

use sallyport_pki::{CheckedCertificates, ExpiredCrl, RevocationPolicy, UnknownStatus};
use serde_json::Value;

/// Reads a policy; the default one if there is none.
pub(crate) fn read(value: &Value) -> Result<RevocationPolicy, String> {
    let mut policy = RevocationPolicy::default();
    match value {
        Value::Null => {}
        Value::String(words) => {
            let words = words.split([' ', ',', ';', '+']);
            for word in words.filter(|word| !word.is_empty()) {
                match word.split_once(['=', ':']) {
                    Some((key, word)) => set(&mut policy, key, word)?,
                    None => set_word(&mut policy, word)?,
                }
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(word) => set(&mut policy, key, word)?,
                    Value::Bool(flag) => set_flag(&mut policy, key, *flag)?,
                    Value::Null => {}
                    other => {
                        return Err(format!("policy.{key}: {other} is neither text nor boolean"));
                    }
                }
            }
        }
        other => return Err(format!("policy: {other} is neither text nor object")),
    }
    Ok(policy)
}

fn set_word(policy: &mut RevocationPolicy, word: &str) -> Result<(), String> {
    match plain(word).as_str() {
        "default" | "deny" | "strict" | "balanced" | "rfc5280" => {
            *policy = RevocationPolicy::default()
        }
        "allowunknown" | "unknownallow" => policy.unknown = UnknownStatus::Allow,
        "denyunknown" | "unknowndeny" => policy.unknown = UnknownStatus::Deny,
        "allowexpired" | "expiredallow" | "ignoreexpired" | "ignoreexpiration" => {
            policy.expired = ExpiredCrl::Allow
        }
        "denyexpired" | "expireddeny" | "enforceexpiration" => policy.expired = ExpiredCrl::Deny,
        _ => policy.certificates = certificates("policy", word)?,
    }
    Ok(())
}

fn set(policy: &mut RevocationPolicy, key: &str, word: &str) -> Result<(), String> {
    let place = format!("policy.{key}");
    match plain(key).as_str() {
        "unknown" | "status" | "unknownstatus" => {
            policy.unknown = match allowed(&place, word)? {
                true => UnknownStatus::Allow,
                false => UnknownStatus::Deny,
            }
        }
        "expired" | "expiration" | "expiredcrl" => {
            policy.expired = match allowed(&place, word)? {
                true => ExpiredCrl::Allow,
                false => ExpiredCrl::Deny,
            }
        }
        "check" | "checked" | "depth" | "certificates" => {
            policy.certificates = certificates(&place, word)?;
        }
        _ => return Err(format!("{place} is not known")),
    }
    Ok(())
}

fn set_flag(policy: &mut RevocationPolicy, key: &str, flag: bool) -> Result<(), String> {
    let word = if flag { "allow" } else { "deny" };
    match plain(key).as_str() {
        "allowunknown" | "unknownallowed" => set(policy, "unknown", word),
        "allowexpired" | "expiredallowed" => set(policy, "expired", word),
        "crlforallcas" | "allcas" | "chain" => {
            set(policy, "check", if flag { "all" } else { "leaf" })
        }
        _ => Err(format!("policy.{key} is not a boolean")),
    }
}

fn allowed(place: &str, word: &str) -> Result<bool, String> {
    match plain(word).as_str() {
        "allow" | "ignore" | "accept" => Ok(true),
        "deny" | "enforce" | "reject" => Ok(false),
        _ => Err(format!("{place}: `{word}` is neither deny nor allow")),
    }
}

fn certificates(place: &str, word: &str) -> Result<CheckedCertificates, String> {
    match plain(word).as_str() {
        "all" | "chain" | "full" => Ok(CheckedCertificates::AllBelowAnchor),
        "leaf" | "leafonly" | "peer" | "peeronly" | "endentity" => {
            Ok(CheckedCertificates::PeerOnly)
        }
        _ => Err(format!("{place}: `{word}` is not known")),
    }
}

/// `allow_unknown`, `allow-unknown` and `allowUnknown` are the same word.
fn plain(word: &str) -> String {
    let letters = word.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

//! Cipher suites: Envoy has the names of OpenSSL.

/// Those that Envoy's library has, by their IANA names.
const NAMES: [(&str, &str); 14] = [
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "ECDHE-ECDSA-AES128-SHA",
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "ECDHE-ECDSA-AES256-SHA",
    ),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
];

/// What Envoy 1.40 takes for TLS 1.2 where a configuration names none (measured, on listeners and to
/// servers).
pub(super) const DEFAULTS: [&str; 6] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
];

/// Envoy's name; `None` for suites it does not have (PSK, NULL, 3DES).
pub(super) fn envoy_name(iana: &str) -> Option<&'static str> {
    let known = NAMES.iter().find(|(name, _)| *name == iana);
    known.map(|(_, envoy)| *envoy)
}

#[cfg(test)]
mod tests {
    use sallyport_model::CipherSuite;

    use super::*;

    #[test]
    fn every_suite_of_a_context_has_a_name_but_those_that_envoy_lacks() {
        let lacking = CipherSuite::all().map(CipherSuite::as_str);
        let lacking: Vec<&str> = lacking
            .filter(|suite| envoy_name(suite).is_none())
            .collect();
        assert_eq!(lacking.len() + NAMES.len(), CipherSuite::all().count());
        for suite in lacking {
            let old = ["PSK", "NULL", "3DES"]
                .iter()
                .any(|word| suite.contains(word));
            assert!(old, "{suite}");
        }
    }
}

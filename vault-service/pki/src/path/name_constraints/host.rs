//! DNS names, e-mail addresses and URIs within a domain.

use super::{Senseless, Side};

/// Whole labels may be put in front of the base.
pub(super) fn dns_is_within(name: &str, base: &str, side: Side) -> Result<bool, Senseless> {
    let domain = name.strip_prefix("*.").unwrap_or(name);
    let wildcard = domain.len() < name.len();
    // As webpki: no wildcard stands for all of a top level domain.
    let too_wide = wildcard && !domain.contains('.');
    if too_wide || !is_dns_name(domain) || !(base.is_empty() || is_dns_name(base)) {
        return Err(Senseless);
    }
    if base.is_empty() || is_subdomain(domain, base) || domain.eq_ignore_ascii_case(base) {
        return Ok(true);
    }
    // Some of what `*.example.com` stands for is below `bar.example.com` (CVE-2025-61727).
    let parent = base.split_once('.').map(|(_, parent)| parent);
    let reaches = parent.is_some_and(|parent| parent.eq_ignore_ascii_case(domain));
    Ok(wildcard && side == Side::Excluded && reaches)
}

/// The base is a mailbox, a host, or with a dot in front everything below a domain. Nothing in it is
/// a wildcard.
pub(super) fn email_is_within(address: &str, base: &str) -> Result<bool, Senseless> {
    let (mailbox, host) = mailbox(address).ok_or(Senseless)?;
    if base.contains('@') {
        let (base_mailbox, base_host) = self::mailbox(base).ok_or(Senseless)?;
        return Ok(mailbox == base_mailbox && host.eq_ignore_ascii_case(base_host));
    }
    host_is_within(host, base)
}

/// The base is a host, or with a dot in front everything below a domain. A URI without a host name
/// cannot be within anything.
pub(super) fn uri_is_within(uri: &str, base: &str) -> Result<bool, Senseless> {
    let (_, rest) = uri.split_once("://").ok_or(Senseless)?;
    // Some readers take a backslash for a slash, others for part of the user's name.
    if rest.contains('\\') {
        return Err(Senseless);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    if !is_dns_name(host) {
        return Err(Senseless);
    }
    host_is_within(host, base)
}

fn host_is_within(host: &str, base: &str) -> Result<bool, Senseless> {
    let (domain, below) = match base.strip_prefix('.') {
        Some(domain) => (domain, true),
        None => (base, false),
    };
    if !is_dns_name(domain) {
        return Err(Senseless);
    }
    Ok(match below {
        true => is_subdomain(host, domain),
        false => host.eq_ignore_ascii_case(domain),
    })
}

/// At least one label more.
fn is_subdomain(name: &str, domain: &str) -> bool {
    let start = name.len().checked_sub(domain.len());
    let tail = start.and_then(|start| name.split_at_checked(start));
    tail.is_some_and(|(head, tail)| head.ends_with('.') && tail.eq_ignore_ascii_case(domain))
}

/// Local part and host; quoted local parts are not supported.
fn mailbox(address: &str) -> Option<(&str, &str)> {
    let (mailbox, host) = address.split_once('@')?;
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&byte);
    let good = !mailbox.is_empty() && mailbox.bytes().all(allowed) && is_dns_name(host);
    good.then_some((mailbox, host))
}

/// RFC 1034 section 3.5, and underscores, which a rule of its own is about. A last label of digits
/// would make it an address.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= 253 && name.split('.').all(is_label) && !is_number
}

#[cfg(test)]
mod tests {
    use super::{Side, dns_is_within, email_is_within, uri_is_within};

    #[test]
    fn dns_names_are_within_the_domain_they_end_with() {
        for (name, base, permitted, excluded) in [
            ("a.test", "a.test", Some(true), Some(true)),
            ("A.test", "a.TEST", Some(true), Some(true)),
            ("x.y.a.test", "a.test", Some(true), Some(true)),
            ("xa.test", "a.test", Some(false), Some(false)),
            ("test", "a.test", Some(false), Some(false)),
            ("a.test", "", Some(true), Some(true)),
            ("*.a.test", "a.test", Some(true), Some(true)),
            ("*.a.test", "b.a.test", Some(false), Some(true)),
            ("*.a.test", "c.b.a.test", Some(false), Some(false)),
            ("*.a.test", "b.test", Some(false), Some(false)),
            // Neither side makes sense of these.
            ("a.test", ".test", None, None),
            ("a.test", "*.test", None, None),
            ("a.test", "test.", None, None),
            (".a.test", "test", None, None),
            ("a.test.", "test", None, None),
            ("a..test", "test", None, None),
            ("x.*.test", "test", None, None),
            ("*", "test", None, None),
            ("*.test", "test", None, None),
            ("*.", "test", None, None),
            ("", "test", None, None),
        ] {
            let verdict = |side| dns_is_within(name, base, side).ok();
            assert_eq!(verdict(Side::Permitted), permitted, "{name} {base}");
            assert_eq!(verdict(Side::Excluded), excluded, "{name} {base}");
        }
    }

    #[test]
    fn addresses_are_within_a_mailbox_a_host_or_a_domain() {
        for (address, base, expected) in [
            ("foo@a.test", "foo@a.test", Some(true)),
            ("foo@A.test", "foo@a.TEST", Some(true)),
            ("Foo@a.test", "foo@a.test", Some(false)),
            ("foo@a.test", "a.test", Some(true)),
            ("foo@b.a.test", "a.test", Some(false)),
            ("foo@b.a.test", ".a.test", Some(true)),
            ("foo@a.test", ".a.test", Some(false)),
            ("foo@xa.test", ".a.test", Some(false)),
            ("*@a.test", "*@a.test", Some(true)),
            ("foo@a.test", "*@a.test", Some(false)),
            ("*@a.test", "**@a.test", Some(false)),
            ("**@a.test", "**@a.test", Some(true)),
            ("a@b@a.test", "a.test", None),
            ("foo@a.test", "a@b@a.test", None),
            ("foo@a.test", "@a.test", None),
            ("foo@a.test", "*.test", None),
            ("foo@a.test", "", None),
            ("a.test", "a.test", None),
            ("@a.test", "a.test", None),
            ("foo@", "a.test", None),
            ("\"a@b\"@a.test", "a.test", None),
        ] {
            let verdict = email_is_within(address, base).ok();
            assert_eq!(verdict, expected, "{address} {base}");
        }
    }

    #[test]
    fn uris_are_within_a_host_or_a_domain() {
        for (uri, base, expected) in [
            ("spiffe://a.test/workload", "a.test", Some(true)),
            ("https://user@A.test:8443/x?y#z", "a.test", Some(true)),
            ("https://a.test", "a.test", Some(true)),
            ("https://a.test?b.test", "b.test", Some(false)),
            ("https://a.test#@b.test", "b.test", Some(false)),
            ("https://b.a.test/", "a.test", Some(false)),
            ("https://b.a.test/", ".a.test", Some(true)),
            ("https://a.test/", ".a.test", Some(false)),
            ("https://192.0.2.1/", "a.test", None),
            ("https://a.test\\@b.test/", "b.test", None),
            ("https://[::1]/", "a.test", None),
            ("urn:example:a.test", "a.test", None),
            ("https:///a.test", "a.test", None),
            ("https://a.test/", "*.test", None),
            ("https://a.test/", "", None),
        ] {
            let verdict = uri_is_within(uri, base).ok();
            assert_eq!(verdict, expected, "{uri} {base}");
        }
    }
}

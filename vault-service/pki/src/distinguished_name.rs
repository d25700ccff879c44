//! Distinguished names as text (RFC 4514).

mod directory_name;

use std::fmt::Write as _;

use x509_parser::asn1_rs::{Any, BmpString, Oid, Tag, ToDer as _, UniversalString};
use x509_parser::oid_registry::{
    OID_DOMAIN_COMPONENT, OID_PKCS9_EMAIL_ADDRESS, OID_X509_COMMON_NAME, OID_X509_COUNTRY_NAME,
    OID_X509_LOCALITY_NAME, OID_X509_ORGANIZATION_NAME, OID_X509_ORGANIZATIONAL_UNIT,
    OID_X509_SERIALNUMBER, OID_X509_STATE_OR_PROVINCE_NAME, OID_X509_STREET_ADDRESS,
};
use x509_parser::x509::X509Name;

pub(crate) use directory_name::DirectoryName;

/// The name as text: last RDN first, special and control characters escaped, so that a value can
/// neither forge another attribute nor a line of a log.
pub(crate) fn to_rfc4514(name: &X509Name<'_>) -> String {
    let rdns: Vec<_> = name.iter_rdn().collect();
    let mut text = String::new();
    for (index, rdn) in rdns.iter().rev().enumerate() {
        for (position, attribute) in rdn.iter().enumerate() {
            match (index, position) {
                (0, 0) => {}
                (_, 0) => text.push(','),
                _ => text.push('+'),
            }
            push_attribute(&mut text, attribute.attr_type(), attribute.attr_value());
        }
    }
    text
}

/// The first value of an attribute, `None` if it is absent or not a text.
pub(crate) fn attribute_text(name: &X509Name<'_>, oid: &Oid<'_>) -> Option<String> {
    name.iter_attributes()
        .find(|attribute| attribute.attr_type() == oid)
        .and_then(|attribute| value_text(attribute.attr_value()))
}

fn push_attribute(text: &mut String, oid: &Oid<'_>, value: &Any<'_>) {
    match (short_name(oid), value_text(value)) {
        (Some(name), Some(value)) => {
            text.push_str(name);
            text.push('=');
            push_escaped(text, &value);
        }
        (name, _) => {
            text.push_str(name.map_or(oid.to_id_string(), str::to_owned).as_str());
            text.push_str("=#");
            for byte in value.to_der_vec().unwrap_or_default() {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
        }
    }
}

/// RFC 4514 section 3, and the e-mail address that RFC 5280 section 4.1.2.6 still allows.
fn short_name(oid: &Oid<'_>) -> Option<&'static str> {
    let names = [
        (OID_X509_COMMON_NAME, "CN"),
        (OID_X509_LOCALITY_NAME, "L"),
        (OID_X509_STATE_OR_PROVINCE_NAME, "ST"),
        (OID_X509_ORGANIZATION_NAME, "O"),
        (OID_X509_ORGANIZATIONAL_UNIT, "OU"),
        (OID_X509_COUNTRY_NAME, "C"),
        (OID_X509_STREET_ADDRESS, "STREET"),
        (OID_DOMAIN_COMPONENT, "DC"),
        (OID_X509_SERIALNUMBER, "serialNumber"),
        (OID_PKCS9_EMAIL_ADDRESS, "emailAddress"),
    ];
    names
        .into_iter()
        .find(|(known, _)| known == oid)
        .map(|(_, name)| name)
}

fn value_text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => std::str::from_utf8(value.data).ok().map(str::to_owned),
        // T.61 in practice holds Latin-1.
        Tag::T61String => Some(value.data.iter().copied().map(char::from).collect()),
        Tag::BmpString => BmpString::try_from(value.clone())
            .ok()
            .map(|text| text.string()),
        Tag::UniversalString => UniversalString::try_from(value.clone())
            .ok()
            .map(|text| text.string()),
        _ => None,
    }
}

/// RFC 4514 section 2.4.
fn push_escaped(text: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                text.push('\\');
                text.push(character);
            }
            ' ' if index == 0 || index == last => text.push_str("\\ "),
            '#' if index == 0 => text.push_str("\\#"),
            character if character.is_control() => {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\{byte:02X}");
                }
            }
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::push_escaped;

    #[test]
    fn values_cannot_forge_attributes_or_log_lines() {
        for (value, text) in [
            ("plain", "plain"),
            ("a,O=evil", "a\\,O=evil"),
            ("a+b", "a\\+b"),
            (" pad ", "\\ pad\\ "),
            ("#hash#", "\\#hash#"),
            ("good\0.evil", "good\\00.evil"),
            ("line\nbreak", "line\\0Abreak"),
            ("\u{85}", "\\C2\\85"),
            ("q\"\\<>;", "q\\\"\\\\\\<\\>\\;"),
            ("Zürich", "Zürich"),
        ] {
            let mut out = String::new();
            push_escaped(&mut out, value);
            assert_eq!(out, text);
        }
    }
}

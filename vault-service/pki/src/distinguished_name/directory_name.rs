//! Distinguished names to be compared (RFC 5280 section 7.1).

use x509_parser::asn1_rs::{Any, Oid};
use x509_parser::oid_registry::OID_PKCS9_EMAIL_ADDRESS;
use x509_parser::x509::X509Name;

use super::value_text;

/// A name whose texts differ neither in encoding, nor in case, nor in white space where RFC 5280
/// takes them for the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DirectoryName {
    /// The attributes of each RDN, sorted: they are a set.
    rdns: Vec<Vec<Attribute>>,
    /// E-mail addresses among the attributes, as they are.
    emails: Vec<String>,
}

/// Type and value.
type Attribute = (String, Value);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    /// Tag and content of what is not a text.
    Other(u32, Vec<u8>),
}

impl DirectoryName {
    pub(crate) fn read(name: &X509Name<'_>) -> Self {
        let rdns = name.iter_rdn().map(|rdn| {
            let attributes = rdn.iter();
            let mut attributes: Vec<_> = attributes
                .map(|one| {
                    (
                        one.attr_type().to_id_string(),
                        Value::read(one.attr_value()),
                    )
                })
                .collect();
            attributes.sort_unstable();
            attributes
        });
        let is_email = |oid: &Oid<'_>| *oid == OID_PKCS9_EMAIL_ADDRESS;
        Self {
            rdns: rdns.collect(),
            emails: name
                .iter_attributes()
                .filter(|attribute| is_email(attribute.attr_type()))
                // One that is not a text is not an address; it must not slip through.
                .map(|attribute| value_text(attribute.attr_value()).unwrap_or_default())
                .collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// Whether it begins with all RDNs of `base`.
    pub(crate) fn is_within(&self, base: &Self) -> bool {
        self.rdns.starts_with(&base.rdns)
    }

    /// Whether it could be taken for one that begins with all RDNs of `base`. Beyond ASCII one text
    /// can be written in several ways (RFC 4518), which are not told apart here: such a text may be
    /// any other.
    pub(crate) fn may_be_within(&self, base: &Self) -> bool {
        let like = |(own, excluded): (&Vec<Attribute>, &Vec<Attribute>)| {
            own == excluded
                || own
                    .iter()
                    .chain(excluded)
                    .any(|(_, value)| value.is_ambiguous())
        };
        self.rdns.len() >= base.rdns.len() && self.rdns.iter().zip(&base.rdns).all(like)
    }

    pub(crate) fn emails(&self) -> &[String] {
        &self.emails
    }
}

impl Value {
    fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Text(text) if !text.is_ascii())
    }

    fn read(value: &Any<'_>) -> Self {
        match value_text(value) {
            Some(text) => Self::Text(normalized(&text)),
            None => Self::Other(value.tag().0, value.data.to_vec()),
        }
    }
}

/// Lower case, white space at the ends dropped and otherwise one space.
fn normalized(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{DirectoryName, Value, normalized};

    fn name(rdns: &[&[(&str, &str)]]) -> DirectoryName {
        let attribute = |(oid, text): &(&str, &str)| {
            let oid: &str = oid;
            (oid.to_owned(), Value::Text(normalized(text)))
        };
        let rdns = rdns.iter().map(|rdn| {
            let mut rdn: Vec<_> = rdn.iter().map(attribute).collect();
            rdn.sort_unstable();
            rdn
        });
        DirectoryName {
            rdns: rdns.collect(),
            emails: Vec::new(),
        }
    }

    #[test]
    fn case_white_space_and_order_within_an_rdn_do_not_matter() {
        let one = name(&[&[("O", " Example   Org"), ("C", "DE")], &[("CN", "a")]]);
        let same = name(&[&[("C", "de"), ("O", "example org ")], &[("CN", "A")]]);
        assert_eq!(one, same);
    }

    #[test]
    fn a_text_beyond_ascii_may_be_any_other_and_a_plain_one_is_itself() {
        let base = name(&[&[("C", "de")], &[("O", "evil")]]);
        for (organization, may_be) in [
            ("evil", true),
            ("e\u{ad}vil", true),
            ("\u{ff25}vil", true),
            ("\u{200b}evil", true),
            ("good", false),
        ] {
            let other = name(&[&[("C", "de")], &[("O", organization)], &[("CN", "x")]]);
            assert_eq!(other.may_be_within(&base), may_be, "{organization}");
        }
        let elsewhere = name(&[&[("C", "fr")], &[("O", "\u{ff25}vil")]]);
        assert!(!elsewhere.may_be_within(&base));
        assert!(!name(&[&[("C", "de")]]).may_be_within(&base));
    }

    #[test]
    fn a_name_is_within_the_names_it_begins_with() {
        let whole = name(&[&[("C", "de")], &[("O", "a")], &[("CN", "b")]]);
        for (base, within) in [
            (name(&[]), true),
            (name(&[&[("C", "DE")]]), true),
            (name(&[&[("C", "DE")], &[("O", "A")]]), true),
            (whole.clone(), true),
            (name(&[&[("O", "a")]]), false),
            (name(&[&[("C", "de")], &[("CN", "b")]]), false),
            (name(&[&[("C", "de"), ("O", "a")]]), false),
        ] {
            assert_eq!(whole.is_within(&base), within, "{base:?}");
        }
        assert!(!name(&[&[("C", "de")]]).is_within(&whole));
    }
}

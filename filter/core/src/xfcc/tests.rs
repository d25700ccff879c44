use super::*;
use crate::fixtures::Authority;

#[test]
fn the_chain_of_the_leaf_is_found_without_the_leaf() {
    let ca = Authority::new("root");
    let issuing = ca.intermediate("issuing");
    let leaf = issuing.client("partner");
    let header = leaf.forwarded(&[&issuing, &ca]);
    let found = intermediates(header.as_bytes(), leaf.certificate()).unwrap();
    let subjects: Vec<&str> = found.iter().map(Certificate::subject).collect();
    assert_eq!(subjects, ["CN=issuing", "CN=root"]);
}

#[test]
fn keys_are_case_insensitive_and_other_keys_do_not_matter() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let header = format!(
        "By=spiffe://x;hash=00;Subject=\"CN=a\\\"b;,=,O=c\";{};URI=;DNS=a;DNS=b",
        leaf.forwarded(&[&ca])
            .replace("Chain", "CHAIN")
            .replace("Cert", "cert")
    );
    let found = intermediates(header.as_bytes(), leaf.certificate()).unwrap();
    assert_eq!(found.len(), 1);
}

#[test]
fn without_cert_the_first_of_the_chain_is_the_leaf() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let chain = percent_encoded(&format!("{}{}", leaf.pem(), ca.pem()));
    let header = format!("Chain={chain}");
    assert_eq!(
        intermediates(header.as_bytes(), leaf.certificate())
            .unwrap()
            .len(),
        1
    );
    let reversed = percent_encoded(&format!("{}{}", ca.pem(), leaf.pem()));
    let header = format!("Chain={reversed}");
    assert!(
        intermediates(header.as_bytes(), leaf.certificate())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_element_about_another_leaf_is_ignored() {
    let ca = Authority::new("root");
    let (leaf, other) = (ca.client("partner"), ca.client("other"));
    let header = other.forwarded(&[&ca]);
    assert!(
        intermediates(header.as_bytes(), leaf.certificate())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_certificate_that_does_not_parse_does_not_hide_the_others() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let chain = percent_encoded(&format!("{}{broken}{}", leaf.pem(), ca.pem()));
    let header = format!("Chain=\"{chain}\"");
    let found = intermediates(header.as_bytes(), leaf.certificate()).unwrap();
    assert_eq!(found.len(), 1);
}

#[test]
fn a_chain_longer_than_any_is_cut() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let chain = format!("{}{}", leaf.pem(), ca.pem().repeat(60));
    let header = format!("Chain=\"{}\"", chain.replace('\n', "%0A"));
    assert!(header.len() < MAX_BYTES);
    let found = intermediates(header.as_bytes(), leaf.certificate()).unwrap();
    assert_eq!(found.len(), MAX_INTERMEDIATES);
}

#[test]
fn broken_headers_are_named_by_what_is_wrong() {
    let leaf = Authority::new("root").client("partner");
    let error = |header: &str| intermediates(header.as_bytes(), leaf.certificate()).unwrap_err();
    assert_eq!(error("Cert"), XfccError::Syntax(0));
    assert_eq!(error("a=b;;c=d"), XfccError::Syntax(4));
    assert_eq!(error("a=b,\"c\"=d"), XfccError::Syntax(4));
    assert_eq!(error("a=\"b\"c"), XfccError::Syntax(5));
    assert_eq!(error("Cert=\"abc"), XfccError::Quote(5));
    assert_eq!(error("Cert=\"abc\\\""), XfccError::Quote(5));
    assert_eq!(error("Cert=%4"), XfccError::Encoding);
    assert_eq!(error("Cert=%ff%fe"), XfccError::Encoding);
    let long = "a".repeat(MAX_BYTES + 1);
    assert_eq!(error(&long), XfccError::TooLong(MAX_BYTES + 1));
}

#[test]
fn an_empty_header_says_nothing() {
    let leaf = Authority::new("root").client("partner");
    assert!(intermediates(b"", leaf.certificate()).unwrap().is_empty());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(header in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = elements(&header);
        let _ = certificates(Some(&header));
    }

    #[test]
    fn no_text_of_its_own_alphabet_makes_the_parser_panic(
        header in "((Cert|Chain|By|x)?[=;,\"\\\\%]?[0-9a-f]{0,3}){0,12}"
    ) {
        for element in elements(header.as_bytes()).unwrap_or_default() {
            let _ = certificates(element.cert);
            let _ = certificates(element.chain);
        }
    }

    #[test]
    fn every_quoted_value_is_found_again(value in "[ -!#-\\[\\]-~]{0,60}") {
        let header = format!("By=x;Cert=\"{value}\",Chain=y");
        let elements = elements(header.as_bytes()).unwrap();
        proptest::prop_assert_eq!(elements.len(), 2);
        proptest::prop_assert_eq!(elements[0].cert, Some(value.as_bytes()));
        proptest::prop_assert_eq!(elements[1].chain, Some(b"y".as_slice()));
    }
}

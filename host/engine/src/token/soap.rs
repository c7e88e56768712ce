//! The BinarySecurityToken of an enrolment request.

use roxmltree::{Document, Node, ParsingOptions};

use crate::text::Shown;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const SECEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const BASE64_BINARY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Most tags and most attributes of an envelope; a real one has about 100 and 60. The bound keeps
/// the work of the XML reader, which grows with the square of some counts, small.
const MAX_MARKS: usize = 1_000;

/// Why an envelope does not hold exactly one token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoapError {
    /// Not UTF-8.
    #[error("the SOAP envelope is not UTF-8")]
    NotUtf8,
    /// More tags or attributes than any enrolment request has.
    #[error("the SOAP envelope has more than {MAX_MARKS} tags or attributes")]
    TooComplex,
    /// A document type declaration, which no SOAP message may have.
    #[error("the SOAP envelope has a document type declaration")]
    DocumentType,
    /// Not well-formed XML.
    #[error("the SOAP envelope is not well-formed XML: line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
    },
    /// The root is something else.
    #[error("the document is `{found}`; expected the `Envelope` of SOAP 1.2")]
    NotAnEnvelope {
        /// The local name of the root.
        found: Shown,
    },
    /// An element that must occur exactly once does not.
    #[error("the SOAP envelope has {found} of `{element}`; expected exactly one")]
    NotOne {
        /// The element, by its place.
        element: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The token has another type.
    #[error("the BinarySecurityToken has {attribute} `{found}`; expected `{expected}`")]
    Attribute {
        /// `ValueType` or `EncodingType`.
        attribute: &'static str,
        /// What came; empty when it is missing.
        found: Shown,
        /// What it must be, letter by letter.
        expected: &'static str,
    },
    /// The attribute stands there both without a namespace and in that of the element.
    #[error("the BinarySecurityToken has the attribute {attribute} twice; expected it once")]
    AttributeTwice {
        /// `ValueType` or `EncodingType`.
        attribute: &'static str,
    },
    /// The content is not text alone.
    #[error("the BinarySecurityToken holds something other than text")]
    Content,
}

/// The content of the one BinarySecurityToken of the JWT type, without white space.
///
/// It must be the only token in the WS-Security header, and no other element of the document may
/// claim to be one; the certificate request, a BinarySecurityToken of another type in the body, is
/// left alone.
pub(super) fn binary_security_token(envelope: &[u8]) -> Result<String, SoapError> {
    let text = std::str::from_utf8(envelope).map_err(|_| SoapError::NotUtf8)?;
    check_complexity(text)?;
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(malformed)?;
    let token = find_token(&document)?;
    expect_attribute(token, "ValueType", JWT)?;
    expect_attribute(token, "EncodingType", BASE64_BINARY)?;
    expect_no_other(&document)?;
    content(token)
}

fn check_complexity(text: &str) -> Result<(), SoapError> {
    let count = |mark| text.bytes().filter(|&byte| byte == mark).count();
    let too_complex = count(b'<') > MAX_MARKS || count(b'=') > MAX_MARKS;
    if too_complex { Err(SoapError::TooComplex) } else { Ok(()) }
}

/// The reader's own message may quote the document, so only the place is kept.
fn malformed(error: roxmltree::Error) -> SoapError {
    if matches!(error, roxmltree::Error::DtdDetected) {
        return SoapError::DocumentType;
    }
    let place = error.pos();
    SoapError::Malformed { line: place.row, column: place.col }
}

fn find_token<'a>(document: &'a Document<'a>) -> Result<Node<'a, 'a>, SoapError> {
    let envelope = document.root_element();
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        return Err(SoapError::NotAnEnvelope { found: Shown::new(envelope.tag_name().name()) });
    }
    let header = only_child(envelope, SOAP, "Header")?;
    let security = only_child(header, SECEXT, "Security")?;
    only_child(security, SECEXT, "BinarySecurityToken")
}

fn only_child<'a>(
    parent: Node<'a, 'a>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Node<'a, 'a>, SoapError> {
    let mut children = parent.children().filter(|child| child.has_tag_name((namespace, name)));
    match (children.next(), children.count()) {
        (Some(child), 0) => Ok(child),
        (first, others) => {
            Err(SoapError::NotOne { element: name, found: usize::from(first.is_some()) + others })
        }
    }
}

fn expect_attribute(
    token: Node<'_, '_>,
    attribute: &'static str,
    expected: &'static str,
) -> Result<(), SoapError> {
    let found = own_attribute(token, attribute)?.unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    Err(SoapError::Attribute { attribute, found: Shown::new(found), expected })
}

/// An attribute of the element's own: without a namespace, or in that of the element. What other
/// namespaces attach does not count.
fn own_attribute<'a>(
    token: Node<'a, 'a>,
    name: &'static str,
) -> Result<Option<&'a str>, SoapError> {
    let is_own =
        |namespace: Option<&str>| namespace.is_none() || namespace == token.tag_name().namespace();
    let mut found =
        token.attributes().filter(|found| found.name() == name && is_own(found.namespace()));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(SoapError::AttributeTwice { attribute: name }),
        (found, None) => Ok(found.map(|found| found.value())),
    }
}

/// An element in any place and any namespace counts, so that no other reader of the same document
/// can see another token than this one.
fn expect_no_other(document: &Document<'_>) -> Result<(), SoapError> {
    let claims_to_be_one = |node: &Node<'_, '_>| {
        node.is_element()
            && node.attributes().any(|attribute| {
                attribute.name().eq_ignore_ascii_case("ValueType")
                    && attribute.value().trim().eq_ignore_ascii_case(JWT)
            })
    };
    match document.descendants().filter(claims_to_be_one).count() {
        1 => Ok(()),
        found => Err(SoapError::NotOne { element: "BinarySecurityToken for a JWT", found }),
    }
}

/// White space may stand anywhere in base64 in XML (XML Schema 2, 3.2.16).
fn content(token: Node<'_, '_>) -> Result<String, SoapError> {
    let mut children = token.children();
    match (children.next(), children.next()) {
        (Some(only), None) if only.is_text() => {
            let text = only.text().unwrap_or_default();
            Ok(text.chars().filter(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n')).collect())
        }
        _ => Err(SoapError::Content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r##"<?xml version="1.0"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"
  xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
 <s:Header>
  <a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep</a:Action>
  <wsse:Security s:mustUnderstand="1">
   <wsse:BinarySecurityToken ValueType="urn:ietf:params:oauth:token-type:jwt" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">
     YS5i
     LmM=
   </wsse:BinarySecurityToken>
  </wsse:Security>
 </s:Header>
 <s:Body><RequestSecurityToken>
   <wsse:BinarySecurityToken ValueType="http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS10" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">MIIC</wsse:BinarySecurityToken>
 </RequestSecurityToken></s:Body>
</s:Envelope>"##;

    fn changed(from: &str, to: &str) -> Result<String, SoapError> {
        assert!(REQUEST.contains(from), "{from}");
        binary_security_token(REQUEST.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn an_enrolment_request_gives_its_token() {
        assert_eq!(binary_security_token(REQUEST.as_bytes()).unwrap(), "YS5iLmM=");
    }

    #[test]
    fn namespaces_and_types_count_letter_by_letter() {
        for (from, to) in [
            (SOAP, "http://schemas.xmlsoap.org/soap/envelope/"),
            (SECEXT, "http://example.com/secext"),
            (JWT, "urn:ietf:params:oauth:token-type:JWT"),
            (
                JWT,
                "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken",
            ),
            ("#base64binary", "#Base64Binary"),
            ("ValueType", "Type"),
            ("EncodingType", "Encoding"),
            ("<s:Header>", "<s:Head>"),
        ] {
            assert!(changed(from, to).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn attributes_count_without_a_namespace_or_in_that_of_the_element() {
        for name in ["ValueType", "EncodingType"] {
            assert!(changed(name, &format!("wsse:{name}")).is_ok(), "{name}");
            assert!(changed(name, &format!("s:{name}")).is_err(), "{name} of SOAP");
            assert!(changed(name, &format!("s:{name}='x' {name}")).is_ok(), "{name} of SOAP too");
            for (first, second) in [("", "wsse:"), ("wsse:", "")] {
                let start = REQUEST.find(name).unwrap();
                let value = REQUEST[start..].split('"').nth(1).unwrap();
                let two = format!("{first}{name}='{value}' {second}{name}");
                let twice = Err(SoapError::AttributeTwice { attribute: name });
                assert_eq!(changed(name, &two), twice, "{two}");
            }
        }
    }

    #[test]
    fn a_second_token_is_refused_wherever_it_stands() {
        let start = REQUEST.find("<wsse:BinarySecurityToken").unwrap();
        let end = REQUEST.find("</wsse:Security>").unwrap();
        let token = &REQUEST[start..end];
        for place in ["</wsse:Security>", "</s:Header>", "</s:Body>", "</RequestSecurityToken>"] {
            let error = changed(place, &format!("{token}{place}")).unwrap_err();
            assert!(matches!(error, SoapError::NotOne { found: 2, .. }), "{place}: {error}");
        }
        let other_namespace = token.replace("wsse:BinarySecurityToken", "BinarySecurityToken");
        assert!(changed("</s:Body>", &format!("{other_namespace}</s:Body>")).is_err());
    }

    #[test]
    fn a_second_header_or_security_element_is_refused() {
        assert!(changed("</s:Header>", "</s:Header><s:Header/>").is_err());
        assert!(changed("</wsse:Security>", "</wsse:Security><wsse:Security/>").is_err());
    }

    #[test]
    fn only_text_may_be_inside() {
        for inside in ["YS5i<!-- -->", "YS5i<x/>", "<![CDATA[YS5i]]><x/>"] {
            assert_eq!(changed("YS5i", inside), Err(SoapError::Content), "{inside}");
        }
    }

    #[test]
    fn a_document_type_is_refused() {
        let entity = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "YS5i">]>"#;
        assert_eq!(changed(r#"<?xml version="1.0"?>"#, entity), Err(SoapError::DocumentType));
        assert!(changed("YS5i", "&e;").is_err());
    }

    #[test]
    fn broken_deep_and_crowded_documents_are_refused() {
        let deep = "<a>".repeat(60_000);
        let attributes: String = (0..20_000).map(|index| format!(" a{index}=''")).collect();
        let crowded = format!("<a{attributes}/>");
        for text in [deep, crowded] {
            assert_eq!(binary_security_token(text.as_bytes()), Err(SoapError::TooComplex));
        }
        for text in ["", "{}", "<a", "<a/>", "a.b.c"] {
            assert!(binary_security_token(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(binary_security_token(b"<a>\xff</a>"), Err(SoapError::NotUtf8));
    }
}

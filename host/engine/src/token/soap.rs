//! The BinarySecurityToken of an enrolment request.

use roxmltree::{Document, Node, ParsingOptions};

use crate::input::{self, NotText};
use crate::text::Shown;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const SECEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The names of base64 in WS-Security: that of MS-MDE2 3.1, which Windows sends, and that of the
/// standard itself (WS-Security: SOAP Message Security 1.0, 6.3), which other agents send. Both say
/// the same.
const BASE64_BINARY: [&str; 2] = [
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary",
];
/// Most tags and most attributes of an envelope; a real one has about 100 and 60. The bound keeps
/// the work of the XML reader, which grows with the square of some counts, small.
const MAX_MARKS: usize = 1_000;

/// Why an envelope does not hold exactly one token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message shows its fields")]
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
    #[error("the SOAP envelope is not well-formed XML: line {line}, column {column}: {problem}")]
    Malformed {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// What is wrong there, without a word of the document.
        problem: &'static str,
    },
    /// The root is something else.
    #[error(
        "the document is `{found}` of namespace `{namespace}`; expected `Envelope` of `{SOAP}`"
    )]
    NotAnEnvelope {
        found: Shown,
        /// Its namespace; empty when it has none.
        namespace: Shown,
    },
    /// An element that must occur exactly once does not.
    #[error("the SOAP envelope has {found} of `{element}`; expected exactly one")]
    NotOne {
        /// The element, by its place.
        element: &'static str,
        found: usize,
    },
    /// The token has another type.
    #[error("the BinarySecurityToken has {attribute} `{found}`; expected `{expected}`")]
    Attribute {
        /// `ValueType` or `EncodingType`.
        attribute: &'static str,
        /// What came, near the first difference.
        found: Shown,
        /// What it must be, letter by letter.
        expected: &'static str,
    },
    /// The attribute is missing.
    #[error("the BinarySecurityToken has no {attribute}; expected `{expected}`")]
    NoAttribute {
        /// `ValueType` or `EncodingType`.
        attribute: &'static str,
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

/// The content of the one BinarySecurityToken of the JWT type, as it stands there.
///
/// It must be the only token in the WS-Security header, and no other element of the document may
/// claim to be one; the certificate request, a BinarySecurityToken of another type in the body, is
/// left alone.
pub(super) fn binary_security_token(envelope: &[u8]) -> Result<String, SoapError> {
    let text = input::text(envelope).map_err(no_text)?;
    check_complexity(text)?;
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(malformed)?;
    let token = find_token(&document)?;
    expect_attribute(token, "ValueType", &[JWT])?;
    expect_attribute(token, "EncodingType", &BASE64_BINARY)?;
    expect_no_other(&document)?;
    content(token).map(str::to_owned)
}

fn no_text(error: NotText) -> SoapError {
    match error {
        NotText::Utf16 | NotText::NotUtf8 { .. } => SoapError::NotUtf8,
        NotText::AnotherMark { line } => SoapError::Malformed {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 1,
            problem: "another byte order mark (U+FEFF); expected one at most, at the very beginning",
        },
    }
}

fn check_complexity(text: &str) -> Result<(), SoapError> {
    let count = |mark| text.bytes().filter(|&byte| byte == mark).count();
    let too_complex = count(b'<') > MAX_MARKS || count(b'=') > MAX_MARKS;
    if too_complex { Err(SoapError::TooComplex) } else { Ok(()) }
}

/// The reader's own message may quote the document, so only its kind and the place are kept.
fn malformed(error: roxmltree::Error) -> SoapError {
    match problem(&error) {
        None => SoapError::DocumentType,
        Some(problem) => {
            let place = error.pos();
            SoapError::Malformed { line: place.row, column: place.col, problem }
        }
    }
}

/// What is wrong, by its kind; absent for a document type.
fn problem(error: &roxmltree::Error) -> Option<&'static str> {
    use roxmltree::Error as E;
    Some(match error {
        E::DtdDetected => return None,
        E::UnexpectedDeclaration(_) => {
            "something stands before the XML declaration, which must be the very beginning, or it is \
             there twice"
        }
        E::UnknownNamespace(..) => "a prefix whose namespace is not declared",
        E::DuplicatedNamespace(..) | E::DuplicatedAttribute(..) => {
            "an attribute twice in one element"
        }
        E::UnexpectedCloseTag(..) | E::UnexpectedEntityCloseTag(_) => {
            "an end tag that does not belong to the element that is open"
        }
        E::UnknownEntityReference(..) | E::EntityReferenceLoop(_) | E::EntityResolver(..) => {
            "an entity that is not one of XML's own"
        }
        E::MalformedEntityReference(_) => "an `&` that begins no entity; expected `&amp;`",
        E::InvalidAttributeValue(_) => "a `<` in the value of an attribute; expected `&lt;`",
        E::NoRootNode => "no element",
        E::UnclosedRootNode | E::UnexpectedEndOfStream => "the end comes too early: it is cut off",
        E::NodesLimitReached | E::AttributesLimitReached | E::NamespacesLimitReached => {
            "more elements, attributes or namespaces than are read"
        }
        E::NonXmlChar(..) => "a character that XML does not have",
        E::InvalidName(_) | E::InvalidElementNamePrefix(_) => "a name that is none",
        E::InvalidXmlPrefixUri(_) | E::UnexpectedXmlUri(_) | E::UnexpectedXmlnsUri(_) => {
            "a namespace that is reserved"
        }
        E::InvalidComment(_) => "a comment with `--` in it",
        E::InvalidCharacterData(_) => "`]]>` in text",
        E::UnknownToken(_) => "text or a mark where none may be",
        E::InvalidChar(..) | E::InvalidChar2(..) | E::InvalidString(..) => {
            "another character than the one that must follow"
        }
        E::InvalidExternalID(_) => "an external identifier",
    })
}

fn find_token<'a>(document: &'a Document<'a>) -> Result<Node<'a, 'a>, SoapError> {
    let envelope = document.root_element();
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        let found = Shown::new(envelope.tag_name().name());
        let namespace = envelope.tag_name().namespace().unwrap_or_default();
        return Err(SoapError::NotAnEnvelope { found, namespace: Shown::against(namespace, SOAP) });
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
    accepted: &[&'static str],
) -> Result<(), SoapError> {
    let expected = accepted.first().copied().unwrap_or_default();
    let Some(found) = own_attribute(token, attribute)? else {
        return Err(SoapError::NoAttribute { attribute, expected });
    };
    if accepted.contains(&found) {
        return Ok(());
    }
    Err(SoapError::Attribute { attribute, found: Shown::against(found, expected), expected })
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

/// The text in it, which may be none.
fn content<'a>(token: Node<'a, 'a>) -> Result<&'a str, SoapError> {
    let mut children = token.children();
    match (children.next(), children.next()) {
        (None, _) => Ok(""),
        (Some(only), None) if only.is_text() => Ok(only.text().unwrap_or_default()),
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
        let content = binary_security_token(REQUEST.as_bytes()).unwrap();
        assert_eq!(content.split_whitespace().collect::<String>(), "YS5iLmM=");
    }

    #[test]
    fn base64_has_two_names() {
        let [of_windows, of_the_standard] = BASE64_BINARY;
        assert!(changed(of_windows, of_the_standard).is_ok());
        assert!(changed(of_windows, &of_the_standard.to_lowercase()).is_err());
    }

    #[test]
    fn a_token_may_be_empty_here() {
        let start = REQUEST.find("urity-secext-1.0.xsd#base64binary\">").unwrap();
        let end = REQUEST.find("</wsse:BinarySecurityToken>").unwrap();
        let tag = REQUEST[start..].find('>').unwrap() + start + 1;
        for empty in ["", " \n", "<![CDATA[]]>"] {
            let request = format!("{}{empty}{}", &REQUEST[..tag], &REQUEST[end..]);
            let content = binary_security_token(request.as_bytes()).unwrap();
            assert_eq!(content.trim(), "", "{empty:?}");
        }
    }

    #[test]
    fn a_difference_is_shown_where_it_is() {
        for (from, to, shown) in [
            (
                "#base64binary",
                "#hexBinary",
                "has EncodingType `…-secext-1.0.xsd#hexBinary`; expected `http://docs.oasis-open.org/wss/",
            ),
            (
                "/2003/05/soap-envelope",
                "/2003/05/soap-envelop",
                "`Envelope` of namespace `http://www.w3.org/2003/05/soap-envelop`; expected `Envelope` of",
            ),
            (
                "EncodingType",
                "Encoding",
                "the BinarySecurityToken has no EncodingType; expected `http",
            ),
        ] {
            let error = changed(from, to).unwrap_err().to_string();
            assert!(error.contains(shown), "{error}");
        }
    }

    #[test]
    fn what_is_no_xml_keeps_its_kind() {
        for (text, expected) in [
            (
                "\n<?xml version=\"1.0\"?><a/>",
                "line 2, column 1: something stands before the XML decl",
            ),
            ("<a:b/>", "line 1, column 2: a prefix whose namespace is not declared"),
            ("<a></b>", "line 1, column 4: an end tag that does not belong"),
            ("<a>&x;</a>", "line 1, column 4: an entity that is not one of XML's own"),
            ("<a>& </a>", "line 1, column 4: an `&` that begins no entity"),
            ("<a>", "the end comes too early"),
            ("<a b='1' b='2'/>", "line 1, column 10: an attribute twice in one element"),
            ("<a b='<'/>", "line 1, column 7: another character than the one that must follow"),
            ("x", "line 1, column 1: text or a mark where none may be"),
            ("<a>\u{1}</a>", "line 1, column 4: a character that XML does not have"),
        ] {
            let error = binary_security_token(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
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
    fn attributes_count_without_namespace_or_in_the_elements_own() {
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

//! The API as the document, the page and the real server have it.

use serde_json::json;

use super::start::{Server, token};

#[test]
fn starts() {
    let server = Server::serving();
    let decision = server.decide("windows-mdm", &token(json!({})));
    assert_eq!(decision["outcome"], "allow", "{decision}");
    let (home, status) = server.stop_with("TERM");
    assert!(status.success());
    let server = home.start(&super::start::windows_gate());
    let decision = server.decide("windows-mdm", &token(json!({})));
    assert_eq!(decision["outcome"], "allow", "{decision}");
}

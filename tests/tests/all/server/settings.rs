//! Headers that several requests repeat; `tests/http/settings.yaml` has the rest.

use std::io::Write;
use std::net::TcpStream;

use crate::harness::server::Server;
use crate::harness::wire::only_answer;

#[test]
fn several_headers_are_one_list_of_revisions() {
    let server = Server::shared();
    let path = "/v1/gates/windows-mdm/settings";
    let ask = |tags: &[&str]| {
        let tags: String = tags.iter().map(|tag| format!("If-Match: {tag}\r\n")).collect();
        let access = server.token();
        let request = format!(
            "PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n{tags}\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let mut stream = TcpStream::connect(&server.admin_address()["http://".len()..]).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        only_answer(stream)
    };
    ask(&["\"1\""]).json(200);
    ask(&["\"7\""]).refused(412, "changed_meanwhile");
    for tags in [["\"1\"", "\"1\""], ["\"7\"", "\"1\""], ["\"7\", \"8\"", "W/\"7\", \"1\""]] {
        ask(&tags).json(200);
    }
    ask(&["\"7\"", "W/\"1\""]).refused(412, "changed_meanwhile");
    for tags in [["*", "\"1\""], ["\"1\"", "*"], ["*", "*"], ["\"1\"", "1"]] {
        let refused = ask(&tags).refused(400, "malformed");
        assert_eq!(refused["errors"][0]["name"], "If-Match", "{tags:?}");
    }
}

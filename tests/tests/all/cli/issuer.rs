//! `admit issuer`: what takes several processes at once.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use admit_tests::fixture::{CLIENT, TID};

use super::folder::{DECIDE, Folder};

#[test]
fn runs_at_the_same_time_end_up_with_one_key() {
    let folder = Folder::new();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = folder.command("issuer keys --key shared.key");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let runs: Vec<_> = children.into_iter().map(|it| it.wait_with_output().unwrap()).collect();
    for run in &runs {
        assert!(run.status.success(), "{run:?}");
        assert_eq!(run.stdout, runs[0].stdout);
    }
}

/// A server that ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn keys_are_served_at_both_addresses() {
    let folder = Folder::new();
    let token = folder.admit(&format!("issuer token --tid {TID} --aud {CLIENT}"));
    let mut serve = folder.command("issuer serve");
    let mut server = Serving(serve.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    for (label, path) in [
        ("keys       ", "/common/discovery/v2.0/keys"),
        ("discovery  ", "/common/v2.0/.well-known/openid-configuration"),
    ] {
        let line = lines.next().unwrap();
        let address = line.strip_prefix(label).unwrap();
        assert!(address.starts_with("http://127.0.0.1:") && address.ends_with(path), "{line}");
        let decide = DECIDE.replace(" --now 1767225600", "").replace("keys.json", address);
        folder.admit_with(&decide, token.text(0)).text(0);
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = folder.admit(&format!("issuer serve --port {port}"));
    let start = format!("failed to serve on `127.0.0.1:{port}`: Address already in use");
    assert!(run.refusal(70).starts_with(&start), "{run:?}");
}

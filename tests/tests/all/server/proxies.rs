//! Keys, and a server, on the other side of a proxy: what the binary does with the variables of its
//! environment.

use std::process::Command;

use admit_tests::clock::wait_until;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::json;

use crate::harness::server::{Home, Server, windows_gate};
use crate::harness::shell::Shell;
use crate::run::Run;

const KEYS: &str = "https://keys.example.com/keys";

/// `user:secret`, as a proxy is told.
const CREDENTIALS: &str = "dXNlcjpzZWNyZXQ=";

/// The command without the proxies of this machine, but with these.
fn with_proxies<'a>(command: &'a mut Command, variables: &[(&str, &str)]) -> &'a mut Command {
    for scheme in ["http", "https", "all", "no"] {
        let name = format!("{scheme}_proxy");
        command.env_remove(name.to_ascii_uppercase()).env_remove(name);
    }
    command.envs(variables.iter().copied())
}

fn home(address: &str) -> Home {
    let home = Home::new();
    let mut config = windows_gate();
    config["service"] = json!({"listen": "127.0.0.1:0"});
    config["admin"] = json!({"listen": "127.0.0.1:0"});
    config["data_dir"] = json!("data");
    config["keys"] = json!({"public": {"address": address}});
    home.write("admit.yaml", config.to_string());
    home
}

fn check(address: &str, variables: &[(&str, &str)]) -> Run {
    let home = home(address);
    let mut command = home.command();
    with_proxies(command.arg("--check-config"), variables).output().unwrap().into()
}

#[test]
fn the_check_says_how_keys_come() {
    let proxy = ("HTTPS_PROXY", "http://user:secret@proxy.example.com:3128");
    let all = ("all_proxy", "proxy.example.com");
    for (address, variables, route) in [
        (KEYS, vec![], "directly"),
        (KEYS, vec![proxy], "through the proxy http://proxy.example.com:3128 (`HTTPS_PROXY`)"),
        (KEYS, vec![all], "through the proxy http://proxy.example.com:1080 (`all_proxy`)"),
        (KEYS, vec![("HTTP_PROXY", proxy.1), ("http_proxy", proxy.1)], "directly"),
        (KEYS, vec![proxy, ("NO_PROXY", "10.0.0.0/8, example.com")], "directly"),
        (KEYS, vec![("ALL_PROXY", "socks5://a"), ("no_proxy", "example.com:443")], "directly"),
        ("https://localhost/keys", vec![proxy], "directly"),
        ("http://127.0.0.1:1/keys", vec![proxy, all], "directly"),
    ] {
        let printed = check(address, &variables).printed();
        let line = format!("\n  keys       public: from {address}, {route}\n");
        assert!(printed.contains(&line), "{line}: {printed}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_before_anything_is_served() {
    for (variable, value) in [
        ("ALL_PROXY", "socks5://user:secret@proxy.example.com:1080"),
        ("https_proxy", "socks4a://user:secret@proxy.example.com"),
        ("HTTPS_PROXY", "http://user:secret@proxy.example.com:port"),
    ] {
        let run = check(KEYS, &[(variable, value)]);
        assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{run:?}");
        let expected = format!("keys of the cloud `public`: `{variable}` ");
        assert!(run.said().starts_with(&expected), "{run:?}");
        assert!(!run.err.contains("secret") && !run.err.contains("user"), "{run:?}");

        let home = home(KEYS);
        let served: Run =
            with_proxies(&mut home.command(), &[(variable, value)]).output().unwrap().into();
        assert_eq!((served.code, served.said()), (run.code, run.said()));
        let keys = format!("decide --policy windows-mdm --settings settings.json --keys {KEYS} -");
        let shell = Shell::at("http://127.0.0.1:1", "admit_a");
        shell.write("settings.json", crate::harness::server::windows_settings().to_string());
        let decided: Run =
            with_proxies(&mut shell.command(&keys), &[(variable, value)]).output().unwrap().into();
        assert!(decided.said().contains(&format!("`{variable}` ")), "{decided:?}");
        assert!(!decided.err.contains("secret"), "{decided:?}");
    }
}

#[test]
fn the_proxy_is_asked_for_a_tunnel_and_no_password_is_told() {
    let proxy = KeyServer::start(Answer::page("404 Not Found", ""));
    proxy.answer("keys.example.com:443", Answer::page("403 Forbidden", ""));
    let address = format!("127.0.0.1:{}", proxy.port());
    let variable = format!("http://user:secret@{address}/");
    let home = home(KEYS);
    let server = home.start_with(with_proxies(&mut home.command(), &[("https_proxy", &variable)]));
    let keys = || server.admin().get("/v1/status").json(200)["keys"][0].clone();
    wait_until("the first fetch", || keys()["last_error"].is_string());
    let head = proxy.heads().remove(0);
    for line in [
        "CONNECT keys.example.com:443 HTTP/1.1\n",
        "\nHost: keys.example.com:443\n",
        &format!("\nProxy-Authorization: Basic {CREDENTIALS}\n"),
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let shown = format!("http://{address}");
    let error = format!("the request failed: the proxy {shown} answered 403; expected 200");
    assert_eq!((&keys()["proxy"], &keys()["last_error"]), (&json!(shown), &json!(error)));
    let status = Shell::of(&server).prints("status");
    let line = format!(", from {KEYS} through the proxy {shown}\n");
    assert!(status.contains(&line), "{line}: {status}");
    let announced = server.announced.join("\n");
    let line = format!("keys       public: from {KEYS}, through the proxy {shown} (`https_proxy`)");
    assert!(announced.contains(&line), "{line}: {announced}");
    let log = server.log();
    assert!(log.contains(&shown), "{log}");
    for text in [log, status, announced] {
        assert!(!text.contains("secret") && !text.contains(CREDENTIALS), "{text}");
    }
}

#[test]
fn the_command_line_reads_the_same_variables() {
    let server = Server::shared();
    let proxy = KeyServer::start(Answer::page("404 Not Found", ""));
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let variables =
        [("https_proxy", &*address), ("http_proxy", &*address), ("ALL_PROXY", &*address)];
    let shell = Shell::of(&server);
    let local: Run =
        with_proxies(&mut shell.command("status"), &variables).output().unwrap().into();
    assert!(local.printed().contains("windows-mdm: serving"));
    assert_eq!(proxy.requests(), [] as [&str; 0], "a server of this machine needs none");

    proxy.answer("admit.example.com:8443", Answer::page("407 Proxy Authentication Required", ""));
    let remote = Shell::at("https://admit.example.com:8443", server.token());
    let run = |variables| -> Run {
        with_proxies(&mut remote.command("status"), variables).output().unwrap().into()
    };
    let refused = run(&variables);
    let said = format!(
        "no answer from https://admit.example.com:8443: the proxy {address} answered 407; expected in \
         its address: a user name and password that it takes"
    );
    assert_eq!((refused.code, refused.said()), (Some(3), said));
    assert_eq!(proxy.requests(), ["admit.example.com:8443"]);

    let socks = run(&[("ALL_PROXY", "socks5h://user:secret@127.0.0.1:1")]);
    assert_eq!(socks.code, Some(2), "{socks:?}");
    assert!(socks.said().starts_with("`ALL_PROXY` names `socks5h://127.0.0.1:1`, "), "{socks:?}");
}

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use admit::failure::error_chain;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::{TempDir, tempdir};

use super::*;

const MAX_BYTES: usize = 64;

/// A directory, and a watch on it or on something in it.
struct Source {
    directory: TempDir,
    watch: Watch,
}

impl Source {
    fn directory() -> Self {
        Self::of("", false)
    }

    fn of(path: &str, follow_links_outside: bool) -> Self {
        let directory = tempdir().expect("a directory");
        let path = directory.path().join("watched").join(path).components().collect();
        fs::create_dir(directory.path().join("watched")).expect("a directory");
        let options = SourceOptions { path, follow_links_outside, max_bytes: MAX_BYTES };
        Self { directory, watch: Watch::new(options) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("watched").join(name).components().collect()
    }

    fn write(&self, name: &str, bytes: &str) {
        fs::write(self.path(name), bytes).expect("a file");
    }

    fn link(&self, name: &str, target: impl AsRef<Path>) {
        let _ = fs::remove_file(self.path(name));
        symlink(target, self.path(name)).expect("a link");
    }

    /// What the next poll says: `unchanged`, `settling`, `new BYTES`, or the problem without the
    /// path of the directory.
    fn poll(&mut self) -> String {
        match self.watch.poll() {
            Poll::Unchanged => "unchanged".to_owned(),
            Poll::Settling => "settling".to_owned(),
            Poll::New(found) => {
                assert_eq!(found.digest, component_digest(&found.bytes));
                format!("new {}", String::from_utf8_lossy(&found.bytes))
            }
            Poll::Problem(error) => self.text(&error),
        }
    }

    fn text(&self, error: &SourceError) -> String {
        let root = fs::canonicalize(self.directory.path()).expect("a directory");
        error_chain(error).replace(&format!("{}/", root.display()), "")
    }

    fn polls<const N: usize>(&mut self) -> [String; N] {
        std::array::from_fn(|_| self.poll())
    }
}

#[test]
fn a_component_is_reported_once_after_two_equal_polls() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one", "unchanged", "unchanged"]);
    source.write("policy.wasm", "two");
    assert_eq!(source.polls(), ["settling", "new two", "unchanged"]);
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one", "unchanged"]);
}

#[test]
fn what_is_found_says_where_it_lay() {
    let mut source = Source::directory();
    source.write("real", "one");
    source.link("policy.wasm", "real");
    assert_eq!(source.watch.poll(), Poll::Settling);
    let Poll::New(found) = source.watch.poll() else { panic!("two equal polls") };
    let real = fs::canonicalize(source.path("real")).expect("a file");
    assert_eq!(found, Found { bytes: b"one".into(), digest: component_digest(b"one"), file: real });
}

#[test]
fn a_half_written_file_is_not_reported() {
    let mut source = Source::directory();
    source.write("policy.wasm", "whole");
    assert_eq!(source.polls(), ["settling", "new whole"]);
    let mut came = Vec::new();
    for written in ["an", "an ot", "an other", "an other"] {
        source.write("policy.wasm", written);
        came.push(source.poll());
    }
    assert_eq!(came, ["settling", "settling", "settling", "new an other"]);
}

#[test]
fn bytes_that_came_and_went_change_nothing() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one"]);
    source.write("policy.wasm", "two");
    assert_eq!(source.poll(), "settling");
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["unchanged", "unchanged"]);
    source.write("policy.wasm", "two");
    assert_eq!(source.polls(), ["settling", "new two"]);
}

#[test]
fn what_an_earlier_run_took_is_not_new() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    source.watch = Watch::new(source.watch.options().clone()).after(&component_digest(b"one"));
    assert_eq!(source.polls(), ["unchanged", "unchanged"]);
    source.write("policy.wasm", "two");
    assert_eq!(source.polls(), ["settling", "new two"]);
}

#[test]
fn another_file_renamed_over_it_is_found() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one"]);
    source.write(".policy.wasm.tmp", "two");
    assert_eq!(source.poll(), "unchanged");
    fs::rename(source.path(".policy.wasm.tmp"), source.path("policy.wasm")).expect("a rename");
    assert_eq!(source.polls(), ["settling", "new two", "unchanged"]);
}

#[test]
fn a_single_file_can_be_watched_beside_others() {
    let mut source = Source::of("policy.wasm", false);
    source.write("other.wasm", "other");
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one", "unchanged"]);
    source.link("policy.wasm", "other.wasm");
    assert_eq!(source.polls(), ["settling", "new other", "unchanged"]);
}

#[test]
fn a_config_map_and_the_swap_of_its_link_are_followed() {
    let mut source = Source::directory();
    for (version, bytes) in [("..2026_1", "one"), ("..2026_2", "two")] {
        fs::create_dir(source.path(version)).expect("a directory");
        source.write(&format!("{version}/policy.wasm"), bytes);
    }
    source.link("..data", "..2026_1");
    source.link("policy.wasm", "..data/policy.wasm");
    assert_eq!(source.polls(), ["settling", "new one", "unchanged"]);
    source.link("..data_tmp", "..2026_2");
    fs::rename(source.path("..data_tmp"), source.path("..data")).expect("a swap");
    fs::remove_dir_all(source.path("..2026_1")).expect("a directory");
    assert_eq!(source.polls(), ["settling", "new two", "unchanged"]);
}

#[test]
fn a_hard_link_is_a_file_like_others() {
    let mut source = Source::directory();
    fs::write(source.directory.path().join("outside"), "one").expect("a file");
    fs::hard_link(source.directory.path().join("outside"), source.path("policy.wasm"))
        .expect("a link");
    assert_eq!(source.polls(), ["settling", "new one"]);
}

#[test]
fn a_link_out_of_the_directory_is_followed_only_when_allowed() {
    for watched in ["", "policy.wasm"] {
        for directly in [true, false] {
            let refused = "`watched/policy.wasm` is a link to `outside`, out of `watched`; expected \
                           a file in the directory, or `follow_links_outside`";
            for (allowed, expected) in
                [(false, [refused, "unchanged"]), (true, ["settling", "new one"])]
            {
                let mut source = Source::of(watched, allowed);
                let outside = source.directory.path().join("outside");
                fs::write(&outside, "one").expect("a file");
                if directly {
                    source.link("policy.wasm", "../outside");
                } else {
                    source.link("..data", source.directory.path());
                    source.link("policy.wasm", "..data/outside");
                }
                assert_eq!(source.polls(), expected, "{watched} {directly} {allowed}");
            }
        }
    }
}

#[test]
fn the_watched_path_may_be_a_link_and_be_swapped() {
    let mut source = Source::of("current", false);
    for (version, bytes) in [("v1", "one"), ("v2", "two")] {
        fs::create_dir(source.path(version)).expect("a directory");
        source.write(&format!("{version}/policy.wasm"), bytes);
    }
    source.link("current", "v1");
    assert_eq!(source.polls(), ["settling", "new one"]);
    source.link("current", "v2");
    assert_eq!(source.polls(), ["settling", "new two"]);
}

#[test]
fn what_is_no_component_is_said_once() {
    let missing = "No such file or directory (os error 2)";
    type Make = fn(&Source);
    let table: &[(&str, Make, &str)] = &[
        ("nothing", |_| {}, "no `*.wasm` in `watched`; expected exactly one"),
        (
            "other files",
            |source| {
                source.write("policy.wat", "one");
                source.write("wasm", "one");
                source.write(".wasm", "one");
                source.write(".hidden.wasm", "one");
                fs::create_dir(source.path("below")).expect("a directory");
                source.write("below/policy.wasm", "one");
            },
            "no `*.wasm` in `watched`; expected exactly one",
        ),
        (
            "two",
            |source| {
                source.write("b.wasm", "one");
                source.write("a.wasm", "one");
            },
            "2 `*.wasm` in `watched`: `a.wasm`, `b.wasm`; expected exactly one",
        ),
        (
            "many",
            |source| (0..9).for_each(|n| source.write(&format!("{n}\n.wasm"), "one")),
            "9 `*.wasm` in `watched`: `0\\n.wasm`, `1\\n.wasm`, `2\\n.wasm`, `3\\n.wasm`, \
             `4\\n.wasm`, …; expected exactly one",
        ),
        ("empty", |source| source.write("policy.wasm", ""), "`watched/policy.wasm` is empty"),
        (
            "too large",
            |source| source.write("policy.wasm", &"x".repeat(MAX_BYTES + 1)),
            "`watched/policy.wasm` is larger than 64 bytes",
        ),
        (
            "directory",
            |source| fs::create_dir(source.path("policy.wasm")).expect("a directory"),
            "`watched/policy.wasm` is a directory; expected a regular file",
        ),
        (
            "pipe",
            |source| {
                let path = source.path("policy.wasm");
                mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
            },
            "`watched/policy.wasm` is a named pipe; expected a regular file",
        ),
        (
            "socket",
            |source| drop(UnixListener::bind(source.path("policy.wasm")).expect("a socket")),
            "`watched/policy.wasm` is a socket; expected a regular file",
        ),
        (
            "dangling link",
            |source| source.link("policy.wasm", "nowhere"),
            "failed to read `watched/policy.wasm`: {missing}",
        ),
        (
            "link to itself",
            |source| source.link("policy.wasm", "policy.wasm"),
            "failed to read `watched/policy.wasm`: Too many levels of symbolic links (os error 40)",
        ),
        (
            "directory removed",
            |source| fs::remove_dir(source.path("")).expect("a directory"),
            "failed to read `watched`: {missing}",
        ),
    ];
    for (name, make, expected) in table {
        let mut source = Source::directory();
        make(&source);
        let expected = expected.replace("{missing}", missing);
        assert_eq!(source.polls(), [expected.as_str(), "unchanged", "unchanged"], "{name}");
        let problem = source.watch.problem().expect("still a problem");
        assert_eq!(source.text(problem), expected, "{name}");
    }
}

#[test]
fn a_device_is_not_read() {
    let mut source = Source::of("policy.wasm", true);
    source.link("policy.wasm", "/dev/zero");
    assert_eq!(source.poll(), "`/dev/zero` is a device; expected a regular file");
}

#[test]
fn the_largest_component_is_read() {
    let mut source = Source::directory();
    let largest = "x".repeat(MAX_BYTES);
    source.write("policy.wasm", &largest);
    assert_eq!(source.polls(), ["settling".to_owned(), format!("new {largest}")]);
}

#[test]
fn a_directory_of_thousands_is_not_looked_through() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    (1..1_000).for_each(|n| source.write(&n.to_string(), ""));
    assert_eq!(source.polls(), ["settling", "new one"]);
    source.write("one more", "");
    assert_eq!(source.polls(), ["more than 1000 entries in `watched`", "unchanged"]);
}

#[test]
fn another_problem_is_said_anew() {
    let mut source = Source::directory();
    source.write("a.wasm", "");
    assert_eq!(source.polls(), ["`watched/a.wasm` is empty", "unchanged"]);
    fs::remove_file(source.path("a.wasm")).expect("a file");
    let none = "no `*.wasm` in `watched`; expected exactly one";
    assert_eq!(source.polls(), [none, "unchanged"]);
    source.write("a.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one"]);
    fs::remove_file(source.path("a.wasm")).expect("a file");
    assert_eq!(source.polls(), [none, "unchanged"]);
}

#[test]
fn a_source_that_comes_back_is_not_new_unless_it_is_another() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one"]);
    fs::rename(source.path(""), source.directory.path().join("aside")).expect("a rename");
    let gone = "failed to read `watched`: No such file or directory (os error 2)";
    assert_eq!(source.polls(), [gone, "unchanged"]);

    fs::create_dir(source.path("")).expect("a directory");
    source.write("policy.wasm", "one");
    assert_eq!(source.poll(), "unchanged");
    assert_eq!(source.watch.problem(), None);

    fs::remove_dir_all(source.path("")).expect("a directory");
    fs::create_dir(source.path("")).expect("a directory");
    source.write("policy.wasm", "two");
    assert_eq!(source.polls(), ["settling", "new two"]);
}

#[test]
fn polls_with_a_problem_between_are_not_in_a_row() {
    let mut source = Source::directory();
    source.write("policy.wasm", "one");
    assert_eq!(source.poll(), "settling");
    source.write("policy.wasm", "");
    assert_eq!(source.poll(), "`watched/policy.wasm` is empty");
    source.write("policy.wasm", "one");
    assert_eq!(source.polls(), ["settling", "new one"]);
}

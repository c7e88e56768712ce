//! The documents: each command in them runs in their order, as in a fresh clone, and prints what they
//! show.

mod markdown;
mod shell;
mod shown;
mod tree;

use markdown::{Block, Kind, blocks};
use shell::Shell;
use shown::assert_shown;
use tree::Tree;

#[test]
fn the_readme_holds_for_whoever_follows_it() {
    let tree = Tree::of("readme", &[]);
    let mut shell = Shell::new(&tree);
    follow(&mut shell, &tree, "README.md");
    follow(&mut shell, &tree, "docs/operations.md");
    follow(&mut shell, &tree, "docs/configuration.md");
}

#[test]
fn the_guide_for_policy_authors_leads_to_a_tested_component() {
    let tree = Tree::of("guide", &["host", "tests"]);
    let mut shell = Shell::new(&tree);
    follow(&mut shell, &tree, "policy/README.md");
}

#[test]
fn the_embedding_guide_names_crates_that_are_there() {
    let tree = Tree::of("embedding", &["host"]);
    let guide = std::fs::read_to_string(tree.path("docs/embedding.md")).unwrap();
    let named = guide.lines().filter_map(|line| line.split_once(" = { path = \"../admit/"));
    let named: Vec<_> = named.map(|(name, path)| (name, path.trim_end_matches("\" }"))).collect();
    assert_eq!(named.len(), 2, "{named:?}");
    for (name, path) in named {
        let manifest = std::fs::read_to_string(tree.path(path).join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{path}");
    }
}

/// What Linux has and macOS has not, or otherwise.
const OF_ONE_SYSTEM: [&str; 16] = [
    "sed -i ",
    "sed -r",
    "readlink -f",
    "date -d",
    "date --",
    "grep -P",
    "grep -oP",
    "xargs -r",
    "base64 -w",
    "stat -c",
    "sort -V",
    "sha256sum",
    "nproc",
    "timeout ",
    "apt-get",
    "/proc/",
];

#[test]
fn the_commands_of_the_documents_are_not_of_one_system_alone() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [".", "docs", "policy", "tests/fuzz"].map(|folder| root.join(folder));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let mut commands = 0;
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let typed = |block: &Block| matches!(block.kind, Kind::Shell | Kind::Transcript);
        for block in blocks(&text).into_iter().filter(typed) {
            let found = OF_ONE_SYSTEM.iter().find(|form| has_word(&block.text, form));
            assert_eq!(found, None, "{}:{}", path.display(), block.line);
            commands += 1;
        }
    }
    assert!(commands > 20, "{commands}");
}

/// Whether a text has these words, and not as the end of a longer one.
fn has_word(text: &str, words: &str) -> bool {
    let before = |place: usize| text[..place].ends_with(char::is_alphanumeric);
    text.match_indices(words).any(|(place, _)| !before(place))
}

/// Does what a document says, block by block.
#[track_caller]
fn follow(shell: &mut Shell, tree: &Tree, document: &str) {
    let text = std::fs::read_to_string(tree.path(document)).unwrap();
    let blocks = blocks(&text);
    let mut printed = String::new();
    let mut ran = 0;
    for (block, next) in blocks.iter().zip(blocks.iter().skip(1).map(Some).chain([None])) {
        let place = format!("{document}:{}", block.line);
        match &block.kind {
            Kind::File(path) => tree.write(path, &block.text),
            Kind::Append(path) => tree.append(path, &block.text),
            Kind::Shell => {
                let shown = next.filter(|next| next.kind == Kind::Output);
                printed = run(shell, &place, &block.text, shown);
                ran += 1;
            }
            Kind::Output => assert_shown(&place, &block.text, &printed),
            Kind::Transcript => ran += transcript(shell, &place, &block.text),
            Kind::Other => {}
        }
    }
    assert!(ran > 0, "{document} has no command");
}

/// Runs the commands of a block; returns what they print. A refusal is shown, or it is a failure.
#[track_caller]
fn run(shell: &mut Shell, place: &str, commands: &str, shown: Option<&Block>) -> String {
    let ran = shell.run(commands);
    let is_refusal = |text: &str| text.starts_with("DENY") || text.starts_with("FAILED");
    let may_fail = shown.is_some_and(|shown| is_refusal(&shown.text));
    assert!(ran.failed.is_empty() || may_fail, "{place}: {:?}\n{}", ran.failed, ran.printed);
    ran.printed
}

/// Runs `$ COMMAND` lines, each with what it prints below it; returns how many there were.
#[track_caller]
fn transcript(shell: &mut Shell, place: &str, text: &str) -> usize {
    let commands = text.split("$ ").filter(|command| !command.is_empty());
    let mut ran = 0;
    for command in commands {
        let (command, shown) = command.split_once('\n').unwrap_or((command, ""));
        let printed = run(shell, place, command, None);
        assert_shown(place, shown, &printed);
        ran += 1;
    }
    ran
}

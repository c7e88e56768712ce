//! `admit demo`.

use super::folder::Folder;

#[test]
fn the_story_is_told_and_nothing_fails() {
    let folder = Folder::new();
    let run = folder.admit("demo --clients 2");
    let text = run.text(0);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}\nis not in\n{text}"));
    let story = [
        "windows-mdm 1.0.0 (sha256:",
        "\nALLOW\n",
        "\nDENY ",
        "\n  remedy     ",
        "windows-mdm 2.0.0 (sha256:",
        "\nALLOW\n",
        "Roll back to version 1",
        "What 2 clients saw",
    ];
    let mut rest = text;
    for part in story {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part}\nis not, or not in order, in\n{text}"));
        rest = &rest[at + part.len()..];
    }
    place("\n  failed     0\n");
    place("\n  mixed      0 ");
    let count = |label: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(label)).unwrap();
        line.trim_start().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(count("  decided    ") >= 600, "{text}");
    assert_eq!(count("  swaps      "), 2);
    for generation in 1..=3 {
        place(&format!("\n  gen. {generation} "));
    }
}

#[test]
fn the_number_of_clients_is_bounded() {
    let folder = Folder::new();
    for clients in ["0", "65", "-1", "many"] {
        let run = folder.admit(&format!("demo --clients {clients}"));
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{clients}");
    }
}

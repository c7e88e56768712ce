//! The fenced blocks of a document.

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Where its fence is.
    pub(super) line: usize,
}

/// What a reader does with a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `sh`: types it.
    Shell,
    /// `text` after `sh`: compares it with what was printed.
    Output,
    /// `text` that begins with `$ `: types the commands, compares what is below each.
    Transcript,
    /// Below the comment `<!-- file PATH -->`: writes it into a file.
    File(String),
    /// Below the comment `<!-- append PATH -->`: adds it to a file.
    Append(String),
    Other,
}

/// The fenced blocks of `document`, in order.
pub(super) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::<Block>::new();
    let mut lines = document.lines().enumerate();
    let mut above = "";
    while let Some((line, text)) = lines.next() {
        let Some(language) = text.strip_prefix("```") else {
            above = text;
            continue;
        };
        let body = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
        let text: String = body.flat_map(|line| [line, "\n"]).collect();
        let is_output = blocks.last().is_some_and(|block| block.kind == Kind::Shell);
        let kind = written(above).unwrap_or_else(|| kind(language, &text, is_output));
        blocks.push(Block { kind, text, line: line + 1 });
        above = "";
    }
    blocks
}

/// What the comment above a block says of it.
fn written(above: &str) -> Option<Kind> {
    let comment = above.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    match comment.split_once(' ')? {
        ("file", path) => Some(Kind::File(path.to_owned())),
        ("append", path) => Some(Kind::Append(path.to_owned())),
        _ => None,
    }
}

fn kind(language: &str, text: &str, is_output: bool) -> Kind {
    match language {
        "sh" => Kind::Shell,
        "text" if text.starts_with("$ ") => Kind::Transcript,
        "text" if is_output => Kind::Output,
        _ => Kind::Other,
    }
}

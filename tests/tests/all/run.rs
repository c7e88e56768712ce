//! Runs of the binary `admit`, and what they leave.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// The run of a command that reads `input` from standard input.
    pub(crate) fn with_input(command: &mut Command, input: impl AsRef<[u8]>) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that has seen enough stops reading.
        drop(child.stdin.take().unwrap().write_all(input.as_ref()));
        child.wait_with_output().unwrap().into()
    }

    /// The output of a run that ended with this code and without complaints.
    #[track_caller]
    pub(crate) fn text(&self, code: i32) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(code), ""), "{self:?}");
        &self.out
    }

    /// The output of a run that ended well and without complaints.
    #[track_caller]
    pub(crate) fn printed(self) -> String {
        self.text(0).to_owned()
    }

    /// Standard error, without the program's name, or `error` of its argument parser, and without
    /// the last line end.
    #[track_caller]
    pub(crate) fn said(&self) -> String {
        let said = self.err.strip_prefix("admit: ").or(self.err.strip_prefix("error: "));
        let said = said.and_then(|said| said.strip_suffix('\n'));
        said.unwrap_or_else(|| panic!("says nothing: {self:?}")).replace("\nadmit: ", "\n")
    }

    /// What a command says that ended with this code and printed nothing.
    #[track_caller]
    pub(crate) fn refusal(&self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        let hides = |c: char| c.is_control() && c != '\n';
        assert!(!self.err.contains(hides), "{:?}", self.err);
        self.said()
    }
}

/// The binary that Cargo built beside this test.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).map(Path::to_owned).unwrap();
    let binary = folder.join(format!("admit{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "no {}; see `cli.rs` for how to have it built", binary.display());
    binary
}

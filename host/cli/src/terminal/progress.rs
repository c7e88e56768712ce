//! One line on standard error that says how far a run is: on a terminal alone, after a second, gone
//! before anything else is written.

use std::io::{IsTerminal, Result, Stderr, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use admit::lock::Lock;

/// A shorter run needs no line.
const SILENT: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const ROUND: Duration = Duration::from_millis(200);

const USUAL_COLUMNS: usize = 80;

/// The most characters of the end that are kept of a line that does not fit: those that change.
const KEPT_END: usize = 24;

/// Goes to the beginning of the line and clears it.
const ERASE: &str = "\r\x1b[2K";

/// Whether a line stands on the terminal. Locked while anything is written there.
static IS_SHOWN: Lock<bool> = Lock::new(false);

/// Whether another progress line is shown already.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

static DONE: AtomicU64 = AtomicU64::new(0);

/// A run that may take long. Dropped, its line is gone.
#[derive(Debug, Default)]
pub(crate) struct Progress(Option<Running>);

#[derive(Debug)]
struct Running {
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Says what is done, and how much of `all` once it takes long. Nothing where another run says
    /// so already, or where standard error is no terminal.
    pub(crate) fn start(what: impl Into<String>, all: Option<usize>) -> Self {
        let can_erase = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        if !std::io::stderr().is_terminal() || !can_erase || IS_TAKEN.swap(true, Ordering::AcqRel) {
            return Self::default();
        }
        DONE.store(0, Ordering::Relaxed);
        let (end, ended) = channel::<()>();
        let (what, started) = (what.into(), Instant::now());
        let work = move || {
            let mut wait = SILENT;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let line = line(&what, DONE.load(Ordering::Relaxed), all, started.elapsed());
                // Asked each time, since the window may be resized.
                show(&cut(&line, columns()));
                wait = ROUND;
            }
        };
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(work).ok();
        Self(Some(Running { end: Some(end), thread }))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(running) = &mut self.0 else { return };
        running.end = None;
        drop(running.thread.take().map(JoinHandle::join));
        erase();
        IS_TAKEN.store(false, Ordering::Release);
    }
}

/// Counts one more that is done.
pub(crate) fn step() {
    DONE.fetch_add(1, Ordering::Relaxed);
}

fn line(what: &str, done: u64, all: Option<usize>, took: Duration) -> String {
    let seconds = took.as_secs();
    match (done, all) {
        (0, None) => format!("{what} ({seconds} s)"),
        (done, None) => format!("{what}: {done} ({seconds} s)"),
        (done, Some(all)) => format!("{what}: {done} of {all} ({seconds} s)"),
    }
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { USUAL_COLUMNS } else { columns }
}

/// The line as far as it fits. The last column stays free: where a line fills it, some terminals begin
/// another one. In the middle something is left out, so that what is counted stays.
fn cut(line: &str, columns: usize) -> String {
    let (length, room) = (line.chars().count(), columns.saturating_sub(1));
    if length <= room {
        return line.to_owned();
    }
    let end = (room.saturating_sub(1) / 2).min(KEPT_END);
    let start = room.saturating_sub(end + 1);
    let beginning = line.chars().take(start);
    let rest = line.chars().skip(length - end);
    beginning.chain("…".chars().take(room)).chain(rest).collect()
}

fn show(line: &str) {
    let mut is_shown = IS_SHOWN.lock();
    let mut err = std::io::stderr();
    // A terminal that takes no line needs none.
    let _ = write!(err, "{ERASE}{line}").and_then(|()| err.flush());
    *is_shown = true;
}

/// Takes the line away, if one stands there.
pub(crate) fn erase() {
    let mut is_shown = IS_SHOWN.lock();
    if std::mem::take(&mut *is_shown) {
        let mut err = std::io::stderr();
        let _ = write!(err, "{ERASE}").and_then(|()| err.flush());
    }
}

/// Takes the line away before anything is written.
#[derive(Debug)]
pub struct Erasing<W>(pub W);

impl<W: Write> Write for Erasing<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        erase();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

/// Standard error, for a log.
pub fn log() -> Erasing<Stderr> {
    Erasing(std::io::stderr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_how_much_and_since_when() {
        let took = Duration::from_millis(2_900);
        assert_eq!(line("playing cases", 12, Some(300), took), "playing cases: 12 of 300 (2 s)");
        assert_eq!(line("replaying", 7, None, took), "replaying: 7 (2 s)");
        assert_eq!(line("waiting", 0, None, took), "waiting (2 s)");
    }

    #[test]
    fn a_line_fits_into_the_terminal() {
        let line = format!("waiting for https://{}.example: 7 of 30 (2 s)", "a".repeat(40));
        assert_eq!(cut(&line, line.len() + 1), line);
        let at_40 = cut(&line, 40);
        assert_eq!(
            (at_40.chars().count(), &*at_40),
            (39, "waiting for https:/…mple: 7 of 30 (2 s)")
        );
        let at_80 = cut(&"é".repeat(200), 80);
        assert_eq!(at_80.chars().count(), 79);
        for columns in 0..20 {
            assert!(cut(&line, columns).chars().count() <= columns, "{columns}");
        }
        assert_eq!(cut(&line, 10), "wait…2 s)");
    }

    #[test]
    fn nothing_is_shown_where_nobody_looks() {
        // Tests have no terminal on standard error, or the line is erased at once.
        drop(Progress::start("testing", None));
        assert!(!*IS_SHOWN.lock());
        let mut out = Erasing(Vec::new());
        out.write_all(b"result").unwrap();
        assert_eq!(out.0, b"result");
    }
}

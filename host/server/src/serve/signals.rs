//! What the operating system asks of the process.
//!
//! A thread with a runtime of its own receives signals and measures the time to end: whatever
//! else hangs, be it a disk, a pipe or standard error, the process ends.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, sleep_until};

/// What a server that ends may take beyond the time that the configuration gives it, before the
/// process is ended from here.
const GRACE: Duration = Duration::from_secs(2);

/// How long a server may take to end after a second request.
const HURRY: Duration = Duration::from_secs(5);

/// How long the last line may take, since standard error may be what hangs.
const LAST_LINE: Duration = Duration::from_millis(100);

/// The exit code of a process that did not end by itself: an internal error.
const EXIT: i32 = 70;

/// What a shell adds to the number of the signal that ended a process.
const ENDED_BY_A_SIGNAL: i32 = 128;

/// SIGXFSZ, which the system sends to a process whose file may not grow. It has this number wherever
/// this program runs.
const FILE_SIZE: i32 = 25;

/// What a process can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// To end: SIGTERM, SIGINT, Ctrl-C.
    End,
    /// To read the configuration again: SIGHUP.
    Reload,
}

/// The signals in the order in which they came.
pub(super) struct Signals(UnboundedReceiver<Signal>);

impl Signals {
    /// Listens from now on. From the first request to end, the process has `time` and a little more;
    /// then it exits with code 70, unless this is dropped by then.
    pub(super) fn new(time: Duration) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let system = {
            let _here = runtime.enter();
            System::new()?
        };
        let (sender, signals) = unbounded_channel();
        let hear = move || runtime.block_on(hear(system, sender, time));
        std::thread::Builder::new().name("signals".to_owned()).spawn(hear)?;
        Ok(Self(signals))
    }

    pub(super) async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

async fn hear(mut system: System, heard: UnboundedSender<Signal>, time: Duration) {
    let mut deadline = None;
    loop {
        tokio::select! {
            () = heard.closed() => return,
            () = passed(deadline) => break,
            asked = system.next() => {
                if asked == Signal::End {
                    deadline = Some(match deadline {
                        None => Instant::now() + time + GRACE,
                        Some(before) => before.min(Instant::now() + HURRY),
                    });
                }
                // The receiver is gone when the server has ended.
                let _ = heard.send(asked);
            }
        }
    }
    std::thread::spawn(|| tracing::error!("the server did not end in time; ending the process"));
    sleep(LAST_LINE).await;
    std::process::exit(EXIT);
}

/// From now on, has `clean` done when the process is asked to end, in whatever way, and ends it with
/// the code that shells give a process which a signal ended: for what serves nothing.
pub(super) fn end_after(clean: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut system = {
        let _here = runtime.enter();
        System::new()?
    };
    let hear = move || {
        runtime.block_on(async {
            let number = system.number().await;
            let cleaned = tokio::task::spawn_blocking(clean);
            // Asked again, it ends at once, whatever hangs.
            tokio::select! {
                _ = cleaned => {}
                _ = system.number() => {}
            }
            std::process::exit(ENDED_BY_A_SIGNAL + number)
        })
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(hear).map(drop)
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

struct System {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
    /// Never waited for. That it is caught keeps a limit on the size of files from ending the process:
    /// the write that is over it fails, as on a full disk.
    _file_size: unix::Signal,
}

impl System {
    /// To be made in the context of a runtime.
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE))?,
        })
    }

    async fn next(&mut self) -> Signal {
        let hang_up = SignalKind::hangup().as_raw_value();
        if self.number().await == hang_up { Signal::Reload } else { Signal::End }
    }

    async fn number(&mut self) -> i32 {
        let kind = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
        };
        kind.as_raw_value()
    }
}

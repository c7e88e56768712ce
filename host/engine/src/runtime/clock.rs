//! The processor time of another thread.

use std::time::Duration;

/// Where the processor time of a thread can be read, as long as it runs.
#[derive(Debug)]
pub(super) struct ThreadClock {
    path: Option<std::path::PathBuf>,
}

impl ThreadClock {
    pub(super) fn of_this_thread() -> Self {
        // `PID/task/TID`
        let thread = std::fs::read_link("/proc/thread-self").ok();
        let path =
            thread.map(|thread| std::path::Path::new("/proc").join(thread).join("schedstat"));
        Self { path }
    }

    /// What the thread has used so far; absent where that cannot be read, as on other systems than
    /// Linux.
    pub(super) fn read(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(self.path.as_deref()?).ok()?;
        text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_processor_time_of_another_thread_is_read_while_it_runs() {
        let (clocks, clock) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let clock = ThreadClock::of_this_thread();
            while clock.read().is_some_and(|used| used < Duration::from_millis(20)) {
                std::hint::spin_loop();
            }
            clocks.send(clock).unwrap();
            _ = ended.recv();
        });
        let clock = clock.recv().unwrap();
        assert!(clock.read().unwrap() >= Duration::from_millis(20));
        drop(end);
        thread.join().unwrap();
        assert_eq!(clock.read(), None);
    }
}

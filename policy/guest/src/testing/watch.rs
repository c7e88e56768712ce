//! A run on a thread of its own, so that a policy that loops ends the run instead of holding it up.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{panic, thread};

/// How long a case may take: far more than on the busiest machine.
const LONGEST_CASE: Duration = Duration::from_secs(10);

/// What a run says while it goes on.
enum Event {
    Begins(String),
    Faults(Vec<String>),
    FaultsOfCase(Vec<String>),
}

/// The way of a run to who watches it. Who watches may be gone; then nothing needs to be said.
pub(super) struct Teller(Sender<Event>);

impl Teller {
    /// The case that is played from now on.
    pub(super) fn begins(&self, case: String) {
        let _ = self.0.send(Event::Begins(case));
    }

    pub(super) fn faults(&self, faults: Vec<String>) {
        let _ = self.0.send(Event::Faults(faults));
    }

    /// Faults of the case that began last.
    pub(super) fn faults_of_case(&self, faults: Vec<String>) {
        let _ = self.0.send(Event::FaultsOfCase(faults));
    }
}

/// The faults that a run tells of, up to its end or to a case that does not end.
pub(super) fn watched(run: impl FnOnce(&Teller) + Send + 'static) -> Vec<String> {
    let (teller, events) = channel();
    let running = thread::spawn(move || run(&Teller(teller)));
    let faults = listen(&events, LONGEST_CASE);
    if faults.has_ended {
        // The test runner shows a panic of the run itself.
        running.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
    }
    faults.said
}

#[derive(Default)]
struct Heard {
    said: Vec<String>,
    has_ended: bool,
}

fn listen(events: &Receiver<Event>, longest: Duration) -> Heard {
    let (mut heard, mut case) = (Heard::default(), String::from("the run"));
    loop {
        match events.recv_timeout(longest) {
            Ok(Event::Begins(next)) => case = next,
            Ok(Event::Faults(faults)) => heard.said.extend(faults),
            Ok(Event::FaultsOfCase(faults)) => {
                heard.said.extend(faults.into_iter().map(|fault| format!("{case}: {fault}")));
            }
            Err(RecvTimeoutError::Disconnected) => return Heard { has_ended: true, ..heard },
            Err(RecvTimeoutError::Timeout) => {
                heard.said.push(endless(&case, longest));
                return heard;
            }
        }
    }
}

fn endless(case: &str, longest: Duration) -> String {
    let seconds = longest.as_secs();
    format!(
        "{case}: the policy did not end within {seconds} s, perhaps in a loop; in a component the \
         decision fails after 10,000,000 units of fuel (`policy.limit.fuel`). The cases behind this \
         one were not played"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_does_not_end_is_named() {
        let (sender, events) = channel();
        let teller = Teller(sender);
        teller.faults(vec!["a table".into()]);
        teller.begins("line 7: good".into());
        teller.faults_of_case(vec![]);
        teller.begins("line 9: bad".into());
        teller.faults_of_case(vec!["expected allow".into()]);
        teller.begins("line 11: endless".into());
        // The teller is alive and says nothing more.
        let heard = listen(&events, Duration::ZERO);
        assert!(!heard.has_ended);
        let [first, second, third] = &heard.said[..] else { panic!("{:?}", heard.said) };
        assert_eq!((first.as_str(), second.as_str()), ("a table", "line 9: bad: expected allow"));
        assert!(third.starts_with("line 11: endless: the policy did not end within"), "{third}");
        drop(teller);
        assert!(listen(&events, Duration::ZERO).has_ended);
    }

    #[test]
    fn a_panic_of_the_run_reaches_the_test() {
        let run = || watched(|_| panic!("a slip of the runner"));
        assert!(std::panic::catch_unwind(run).is_err());
    }
}

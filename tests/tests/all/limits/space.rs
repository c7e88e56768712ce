//! A process whose address space is limited: fewer decisions at the same time, and no policy blamed.

use std::process::Command;

use admit::decision::Blame;
use admit::decision::Outcome;
use admit::facts::Facts;
use admit::runtime::Runtime;
use admit_tests::fixture::{NOW, claims};

use super::{decide, gate, windows_mdm};

#[test]
fn decisions_go_on_where_address_space_is_limited() {
    const MARK: &str = "ADMIT_TESTS_SPACE";
    const TEST: &str = "limits::space::decisions_go_on_where_address_space_is_limited";
    if std::env::var(MARK).is_ok() {
        return eight_at_once();
    }
    for kib in [6_000_000, 1_500_000, 900_000] {
        let mut command = Command::new("sh");
        let script = format!("ulimit -v {kib}; exec \"$0\" \"$@\"");
        // Not `/proc/self/exe`, which is the shell there.
        command.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        command.args(["--exact", TEST, "--nocapture"]);
        let output = command.env(MARK, "1").output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success() && said.contains("1 passed"), "{kib}: {said}");
    }
}

fn eight_at_once() {
    let runtime = Runtime::new().unwrap();
    let instances = runtime.instances();
    assert!((1..256).contains(&instances), "{instances}");
    let gate = gate("limited", &runtime);
    gate.activate(windows_mdm()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let decision = decide(&gate, &claims(), &Facts::default(), NOW, false);
                    let fine = decision.outcome() == Outcome::Allow
                        || instances < 8 && decision.blame() == Some(Blame::Host);
                    assert!(fine, "{instances}: {:?} {:?}", decision.reason(), decision.detail());
                }
            });
        }
    });
}

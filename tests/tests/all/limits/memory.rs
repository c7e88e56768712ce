//! The memory of the host stays flat, whatever policies do. Linux only: it says what is resident.
#![cfg(target_os = "linux")]

use std::process::Command;

use admit::limits::Limits;
use admit_tests::guests::CoreModule;
use serde_json::json;

use super::{Attack, Host, activate, answers, gate, patched, resources, windows_mdm};

const KIB_PER_MIB: u64 = 1_024;

/// A line of `/proc/self/status`, in KiB.
pub(super) fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

/// Runs the calling test in a process of its own, where no other test takes memory.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    const MARK: &str = "ADMIT_TESTS_ALONE";
    if std::env::var(MARK).is_ok_and(|name| name == test) {
        return body();
    }
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(MARK, test);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    println!("{said}");
}

/// How much more memory is resident, and how much more was at most, after `body` than before.
pub(crate) fn growth_mib(name: &str, body: impl FnOnce()) -> (u64, u64) {
    let (resident, most) = (status("VmRSS:"), status("VmHWM:"));
    body();
    let now = status("VmRSS:").saturating_sub(resident) / KIB_PER_MIB;
    let at_most = status("VmHWM:").saturating_sub(most) / KIB_PER_MIB;
    println!("{name}: from {} MiB, grown {now} MiB, at most {at_most} MiB", resident / KIB_PER_MIB);
    (now, at_most)
}

#[test]
fn hostile_decisions_leave_nothing_behind() {
    alone("limits::memory::hostile_decisions_leave_nothing_behind", || {
        let host = Host::shared();
        let patched = Host::with(&patched::component(), Limits::default());
        let (own, others) =
            ([answers::attacks(), resources::attacks()].concat(), patched::attacks());
        let run = |host: &Host, attacks: &[Attack]| {
            attacks.iter().cycle().take(200).for_each(|attack| drop(host.decide(attack)));
        };
        run(host, &own);
        run(&patched, &others);
        let (grown, at_most) = growth_mib("400 hostile decisions", || {
            run(host, &own);
            run(&patched, &others);
        });
        assert!(grown <= 8 && at_most <= 24, "{grown} {at_most}");
    });
}

#[test]
fn fifty_releases_leave_nothing_behind() {
    alone("limits::memory::fifty_releases_leave_nothing_behind", || {
        let runtime = admit::runtime::Runtime::new().unwrap();
        let gate = gate("swapped", &runtime);
        gate.activate(windows_mdm()).unwrap();
        let component = CoreModule::misbehave().component();
        let swap = |n: usize| {
            activate(&gate, &component, json!({"mode": n.to_string()})).unwrap();
            gate.activate(windows_mdm()).unwrap();
        };
        (0..10).for_each(swap);
        let (grown, _) = growth_mib("50 swaps", || (10..35).for_each(swap));
        assert!(grown <= 16, "{grown}");
    });
}

#[test]
fn failed_activations_leave_nothing_behind() {
    alone("limits::memory::failed_activations_leave_nothing_behind", || {
        let limits = Limits { setup_fuel: 50_000_000, ..Limits::default() };
        let runtime = admit::runtime::Runtime::with_limits(limits).unwrap();
        let gate = gate("hostile", &runtime);
        let component = CoreModule::misbehave().component();
        let fail = |_| {
            for mode in ["grow", "loop", "abort", "refuse"] {
                activate(&gate, &component, json!({"mode": mode})).unwrap_err();
            }
        };
        (0..2).for_each(fail);
        let (grown, _) = growth_mib("32 failed activations", || (0..8).for_each(fail));
        assert!(grown <= 16, "{grown}");
    });
}

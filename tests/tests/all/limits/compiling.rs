//! Compiling is bounded in memory and time: by how much of everything a component may have.

use std::process::Command;
use std::time::Duration;

use admit::limits::Limits;
use admit::release::Inspected;
use admit::runtime::Runtime;
use admit_policies::WINDOWS_MDM_2;
use admit_tests::heavy::{self, Part};

use super::memory::status;
use super::{chain, gate, windows_mdm};

/// What the worst component may take: the whole process, from the start to the active release.
const MAX_MIB: u64 = 256;
const MAX_TIME: Duration = Duration::from_secs(10);

/// Shapes that `make test` measures; `SOAK_COMPILE=1` (`make soak`) measures all.
const SHORT: [&str; 3] = ["functions", "globals", "results, large functions"];

fn beside_policy(parts: &[Part]) -> Vec<u8> {
    heavy::beside(WINDOWS_MDM_2.component, parts)
}

fn inspect(component: &[u8]) -> String {
    let runtime = Runtime::new().unwrap();
    let error = Inspected::new(&runtime, component).map(drop).map_err(|error| {
        assert!(error.is_by_content(), "{error:?}");
        chain(&error)
    });
    error.err().unwrap_or_else(|| "taken".into())
}

#[test]
fn more_of_a_thing_than_any_policy_needs_is_refused_unseen() {
    let halves = [heavy::empty_functions(6_000), heavy::empty_functions(6_000)].concat();
    let rows = [
        (heavy::empty_functions(480_000), "functions; expected at most 10000"),
        (halves, "functions; expected at most 10000"),
        (heavy::many_types(100_000), "types of functions; expected at most 2000"),
        (heavy::many_elements(900_000), "initial entries of tables; expected at most 20000"),
        (heavy::many_elements(1_940_000), "initial entries of tables; expected at most 20000"),
    ];
    for (parts, expected) in rows {
        let component = beside_policy(&parts);
        assert!(component.len() <= Limits::default().component_bytes, "{expected}");
        let error = inspect(&component);
        assert!(error.starts_with("not a policy component: "), "{error}");
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn what_takes_more_than_its_bytes_show_is_refused() {
    let rows = [
        (heavy::without_exports(), "a module with mutable globals and without exports"),
        (heavy::lowered_function(), "a module that calls functions of a component in the policy"),
        (heavy::nested_components(8, 8), "counted as often as they are instantiated"),
        (heavy::nested_components(8, 450), "counted as often as they are instantiated"),
        (heavy::passed_component(), "components that are imported, exported or aliased"),
        (heavy::functions_of(1, 65, 0), "a function type of 65 parameters; expected at most 64"),
        (heavy::functions_of(1_000, 64, 0), "parameters of types and functions; expected at most"),
        (heavy::functions_of(1, 0, 2), "compile the policy without `multivalue`"),
        (heavy::merging(2_000), "would take the compiler"),
        (heavy::memories(1), "2 memories; expected at most 1"),
        (heavy::sum_of(100_000), "bytes of constant expressions; expected at most 131072"),
    ];
    for (parts, expected) in rows {
        let error = inspect(&beside_policy(&parts));
        assert!(error.starts_with("not a policy component: "), "{error}");
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_function_that_would_take_much_memory_is_refused() {
    let error = inspect(&beside_policy(&heavy::loops(64_000)));
    let expected = "function 2 of a module would take the compiler ";
    assert!(error.contains(expected) && error.contains("expected at most 98304 KiB"), "{error}");
}

#[test]
fn functions_that_would_take_much_time_together_are_refused() {
    let parts: Vec<_> = (0..40).flat_map(|_| heavy::loops(10_000)).collect();
    let error = inspect(&beside_policy(&parts));
    assert!(error.contains("would take the compiler more than 5 s"), "{error}");
}

#[test]
fn the_worst_components_keep_within_memory_and_time() {
    const SHAPE: &str = "ADMIT_TESTS_SHAPE";
    let test = "limits::compiling::the_worst_components_keep_within_memory_and_time";
    if let Ok(name) = std::env::var(SHAPE) {
        return measure(&name);
    }
    let all = std::env::var("SOAK_COMPILE").is_ok();
    for (name, _) in heavy::shapes(1).iter().filter(|(name, _)| all || SHORT.contains(name)) {
        let mut command = Command::new("/proc/self/exe");
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(SHAPE, name);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{name}: {said}");
        said.lines().filter(|line| line.contains(" MiB, ")).for_each(|line| println!("{line}"));
    }
}

/// Activates the largest component of this shape that is not refused, in a process that does nothing
/// else.
fn measure(name: &str) {
    let gate = gate("heavy", &Runtime::new().unwrap());
    let sizes = std::iter::successors(Some(100), |percent| Some(percent * 93 / 100));
    for percent in sizes.take_while(|percent| *percent > 0) {
        let shapes = heavy::shapes(percent);
        let (_, parts) = shapes.iter().find(|(shape, _)| *shape == name).unwrap();
        let component = beside_policy(parts);
        let before = processor_time();
        let activated =
            gate.activate(admit::gate::Activation { component: &component, ..windows_mdm() });
        let took = processor_time() - before;
        let came = activated.map_or_else(|error| chain(&error), |_| "activated".into());
        assert!(!came.contains("broke the compiler"), "{name}: {came}");
        if came.contains("not a policy component") {
            continue;
        }
        let (kib, mib) = (component.len() / 1_024, status("VmHWM:") / 1_024);
        println!("{name}: {kib} KiB, {mib} MiB, {took:.1?}: {came:.80}");
        assert!(mib <= MAX_MIB && took <= MAX_TIME, "{name}: {mib} MiB, {took:?}");
        return;
    }
    panic!("no component of `{name}` is small enough");
}

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = u32::try_from(time.tv_nsec).unwrap();
    Duration::new(time.tv_sec.try_into().unwrap(), nanos)
}

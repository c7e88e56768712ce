//! Wanting too much: time, memory, stack; and ending without an answer.

use std::hint::black_box;

/// Does what `mode` says; returns for a mode that is not about resources.
pub(crate) fn use_up(mode: &str) {
    match mode {
        "loop" => loop {
            black_box(());
        },
        "grow" => grow(),
        "grow_at_once" => drop(black_box(vec![1_u8; 100_000_000])),
        "fill" => fill(),
        "recurse" => drop(black_box(recurse(1))),
        "recurse_with_locals" => drop(black_box(recurse_with_locals(1))),
        "abort" => std::process::abort(),
        "panic" => panic(),
        "clock" => clock(),
        "index" => drop(black_box(out_of_bounds(black_box(&[]), black_box(1)))),
        _ => {}
    }
}

/// Takes memory until there is no more, without touching it: that would cost fuel.
fn grow() {
    loop {
        black_box(Vec::<u8>::with_capacity(64 * 1024)).leak();
    }
}

/// Leaves a good part of the memory an instance may have in use, and returns.
fn fill() {
    black_box(vec![0xa5_u8; 6 * 1024 * 1024]).leak();
}

/// Fills the call stack of the host.
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    // Not a sum, so that the compiler does not make it a loop.
    recurse(depth.wrapping_mul(3)).rotate_left(7) ^ depth
}

/// Fills the stack in linear memory, which is smaller.
#[inline(never)]
fn recurse_with_locals(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    let mut locals = [depth; 64];
    black_box(&mut locals);
    recurse_with_locals(locals.iter().sum::<u64>()).wrapping_add(depth)
}

#[expect(clippy::disallowed_methods, reason = "a component has no clock, whatever is called")]
fn clock() {
    let _ = black_box(std::time::SystemTime::now());
}

#[expect(clippy::panic, reason = "that is what is asked for")]
fn panic() {
    panic!("on demand");
}

#[expect(clippy::indexing_slicing, reason = "that is what is asked for")]
fn out_of_bounds(bytes: &[u8], index: usize) -> u8 {
    bytes[index]
}

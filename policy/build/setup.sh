#!/bin/sh
# Makes sure that this machine can compile policies for WebAssembly, and does nothing if it can.
#
# Ways, in this order: the target of the Rust toolchain in use; `rustup target add`; on Debian the
# packaged compiler with its library source. ADMIT_WASM_TOOLCHAIN=rustup or =debian forces one
# (unset or auto: any). What counts as usable is the same as in src/toolchain.rs.
set -eu
cd "$(dirname "$0")/../.."

target=wasm32-unknown-unknown
choice=${ADMIT_WASM_TOOLCHAIN:-auto}
packages='rustc-web cargo-web rust-web-src'
minimum=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"$/\1/p' Cargo.toml)

sysroot() {
    rustc --print sysroot 2>/dev/null
}

has_target() {
    [ -d "$(sysroot)/lib/rustlib/$target/lib" ]
}

has_rust_lld() {
    ls "$(sysroot)"/lib/rustlib/*/bin/rust-lld >/dev/null 2>&1
}

has_linker() {
    has_rust_lld || [ -x /usr/bin/wasm-ld-22 ] || [ -x /usr/bin/wasm-ld-19 ]
}

has_debian_source() {
    [ -f /usr/lib/rustlib/src/rust/library/Cargo.lock ] && [ -x /usr/bin/cargo ] &&
        [ "$(/usr/bin/rustc --version | cut -d. -f2)" -ge "$minimum" ] && has_linker
}

add_target() {
    echo "setup: rustup target add $target (at most 60 s)"
    command -v rustup >/dev/null && bounded rustup target add "$target" >/dev/null 2>&1 && has_target
}

bounded() {
    if command -v timeout >/dev/null; then
        timeout 60 "$@" </dev/null
    else
        "$@" </dev/null
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

install_packages() {
    command -v apt-get >/dev/null || return 1
    has_rust_lld || packages="$packages lld-22"
    echo "setup: apt-get install $packages"
    as_root apt-get update -qq || echo "setup: the package lists may be out of date" >&2
    # Nothing that is installed may go: a compiler of another kind stays, and this way is closed.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
        --no-remove -o DPkg::Lock::Timeout=120 $packages >/dev/null && has_debian_source
}

give_up() {
    cat >&2 <<END
error: no Rust toolchain for \`$target\` (ADMIT_WASM_TOOLCHAIN=$choice); install one of these:
  any system:  rustup target add $target
  Debian:      as root, apt-get install $packages
               (version 1.$minimum or newer, and lld-22 where there is no rustup)
END
    exit 1
}

case $choice in
    auto) has_target || has_debian_source || add_target || install_packages || give_up ;;
    rustup) has_target || add_target || give_up ;;
    debian) has_debian_source || install_packages || give_up ;;
    *)
        echo "error: ADMIT_WASM_TOOLCHAIN is \`$choice\`; expected auto, rustup or debian" >&2
        exit 2
        ;;
esac

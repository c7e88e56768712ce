//! What the binary prints, as transcripts in `tests/transcripts`: see the README there.

mod logs;
mod play;
mod redact;
mod sandbox;
mod shown;

use std::path::PathBuf;

use play::check;

/// The folder of a verb, below `tests/transcripts`.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts").join(name)
}

/// A test per folder, so that one can be run alone and folders run beside each other.
macro_rules! folders {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(&folder(stringify!($name)));
        })*

        #[test]
        fn every_folder_has_a_test() {
            let folders = std::fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap());
            let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
            for name in folders.map(|entry| entry.file_name()) {
                assert!([$(stringify!($name)),*].iter().any(|known| name == *known), "{name:?}");
            }
        }
    };
}

folders! { decide diff explain inspect issuer pack replay test usage }

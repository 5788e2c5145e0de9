//! One file for all targets: which one is told by the program's name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| recto_fuzz::run(env!("CARGO_BIN_NAME"), data));

//! The `recto` program: reads documents on this machine. See `recto --help`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}

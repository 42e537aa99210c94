//! The `deskcast` binary: everything happens in the library.

fn main() -> std::process::ExitCode {
    deskcast::cli::main().into()
}

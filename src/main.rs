//! The `deskcast` binary: everything happens in the library.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}

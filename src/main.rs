//! The `sunkeep` command: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    sunkeep::cli::main()
}

use std::process::ExitCode;

fn main() -> ExitCode {
    cacheduel::cli::run(std::env::args_os()).into()
}

use std::process::ExitCode;

/// A simulation asks for memory several times a request, and keeps much of it: here that takes fewer steps, and
/// the tables of a million keys lie in large pages where the system has them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cacheduel::cli::run(std::env::args_os()).into()
}

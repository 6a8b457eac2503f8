//! The command line: one file for each subcommand, and the only place that prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod advise;
mod bless;
mod calibrate;
mod compare;
mod completions;
mod doctor;
mod emit;
mod explain;
mod find_max;
mod gate;
mod guide;
mod history;
mod init;
mod list;
mod live;
mod log;
mod man;
mod measuring;
mod output;
mod places;
mod progress;
mod report;
mod run;
mod schema;
mod servers;
mod signals;
mod simulating;
mod steps;
mod stored;
mod sweep;
mod text;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::VERSION;
use crate::report::{Document, Format};
use crate::scenario;
use output::Output;

/// Puts caching strategies head to head on the same load, and measures what each one costs and
/// risks: latency, hit ratio, load on the store, stale reads and lost writes.
#[derive(Debug, Parser)]
#[command(name = "cacheduel", version = VERSION, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Command),
    Sweep(sweep::Sweep),
    Advise(advise::Advise),
    FindMax(find_max::FindMax),
    Report(report::Report),
    Compare(compare::Compare),
    Gate(gate::Gate),
    History(history::History),
    Guide(guide::Guide),
    Init(init::Init),
    List(list::List),
    Explain(explain::Explain),
    Schema(schema::Schema),
    Doctor(doctor::Doctor),
    Calibrate(calibrate::Calibrate),
    Bless(bless::Bless),
    Completions(completions::Completions),
    Man(man::Man),
}

/// How a command ended, as its exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Pass = 0,
    /// Something failed.
    Failure = 1,
    /// The command line or a scenario is wrong.
    Usage = 2,
    /// A figure is worse than it was, or no strategy holds the thresholds.
    Missed = 3,
    /// The figures do not tell. Only where that was asked for with `--strict`.
    Unsure = 4,
    /// Ended by Ctrl-C, as shells count it.
    Interrupted = 130,
    /// Ended by the system's request to end.
    Terminated = 143,
}

/// A command line that parses and still makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// A signal that asked the tool to end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Interrupted {
    #[error("interrupted")]
    ByUser,
    #[error("asked to end")]
    BySystem,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  something failed
  2  the command line or a scenario is wrong
  3  a regression, or no strategy that holds every threshold
  4  with --strict: the result is inconclusive or invalid
  130, 143  interrupted by Ctrl-C, or asked to end by the system

RUST_LOG=debug shows more of what happens, on standard error.";

/// Parses `arguments`, of which the first is the program's own name, does what they say, and tells
/// of what went wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => {
            // Where even this cannot be printed, there is no one left to tell.
            let _ = message.print();
            return if message.use_stderr() { Exit::Usage } else { Exit::Pass };
        }
    };
    log::start();
    let mut out = Output::new(io::stdout().lock());
    let done = cli.command.run(&mut out).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    done.unwrap_or_else(|error| {
        let _ = complain(&error, &mut io::stderr().lock());
        Exit::of(&error)
    })
}

impl Command {
    /// Prints to `out` what was asked for; everything else goes to standard error.
    fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self {
            Self::Run(command) => command.run(out),
            Self::Sweep(command) => command.run(out),
            Self::Advise(command) => command.run(out),
            Self::FindMax(command) => command.run(out),
            Self::Report(command) => command.run(out),
            Self::Compare(command) => command.run(out),
            Self::Gate(command) => command.run(out),
            Self::History(command) => command.run(out),
            Self::Guide(command) => command.run(out),
            Self::Init(command) => command.run(out),
            Self::List(command) => command.run(out),
            Self::Explain(command) => command.run(out),
            Self::Schema(command) => command.run(out),
            Self::Doctor(command) => command.run(out),
            Self::Calibrate(command) => command.run(out),
            Self::Bless(command) => command.run(out),
            Self::Completions(command) => command.run(out),
            Self::Man(command) => command.run(out),
        }
    }
}

impl Exit {
    fn of(error: &anyhow::Error) -> Self {
        match error.downcast_ref() {
            Some(Interrupted::ByUser) => Self::Interrupted,
            Some(Interrupted::BySystem) => Self::Terminated,
            None if error.is::<scenario::Error>() || error.is::<Usage>() => Self::Usage,
            None => Self::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Prints a document in a format of which it has one file, or none.
fn print<D: Document>(document: &D, format: Format, out: &mut dyn Write) -> io::Result<()> {
    document.files(format).iter().try_for_each(|(_, content)| out.write_all(content.as_bytes()))
}

/// Tells of something that is no error and should be known all the same.
fn warn(text: &str) {
    eprintln!("warning: {}", text::wrap(text, text::WIDTH - 9, 9));
}

/// Tells of an error with all its causes.
fn complain(error: &anyhow::Error, err: &mut dyn Write) -> io::Result<()> {
    let wrong_scenario = error.downcast_ref::<scenario::Error>();
    if let Some(scenario::Error::Rejected(rejected)) = wrong_scenario {
        return writeln!(err, "{}", rejected.render(is_coloured()));
    }
    let mut told = error.to_string();
    writeln!(err, "error: {told}")?;
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some messages hold their cause already.
        if !told.ends_with(&cause) {
            writeln!(err, "  caused by: {cause}")?;
        }
        told = cause;
    }
    match wrong_scenario.and_then(scenario::Error::help) {
        Some(help) => writeln!(err, "help: {}", text::wrap(&help, text::WIDTH - 6, 6)),
        None => Ok(()),
    }
}

fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

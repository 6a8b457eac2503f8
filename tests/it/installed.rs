//! What a person meets who installs the tool: completions, manual pages, and what version it is.

mod revision;
mod toolchain;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use assert_cmd::assert::OutputAssertExt;
use assert_cmd::cargo::cargo_bin;
use predicates::str::{contains, starts_with};

fn cacheduel(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.args(arguments);
    command
}

fn printed(arguments: &[&str]) -> String {
    let assert = cacheduel(arguments).assert().code(0).stderr("");
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// What a program makes of `input`.
pub fn fed(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Every command that there is.
fn commands() -> Vec<String> {
    let help = printed(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let lines = commands.lines().take_while(|line| !line.is_empty());
    // What is written further to the right is the rest of a description.
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let script = printed(&["completions", "bash"]);
    let asked = "source /dev/stdin; complete -p cacheduel
        COMP_WORDS=(cacheduel find-max --prec); COMP_CWORD=2
        _cacheduel cacheduel --prec find-max; echo \"${COMPREPLY[@]}\"";
    let told = fed(Command::new("bash").args(["--norc", "-c", asked]), &script);
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && told.stderr.is_empty(), "{told:?}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("-F _cacheduel") && lines[0].ends_with(" cacheduel"), "{text}");
    assert_eq!(lines[1..], ["--precision"]);
}

#[test]
fn other_shells_are_served_and_an_unknown_one_is_told_which() {
    for (shell, mark) in [
        ("zsh", "#compdef cacheduel"),
        ("fish", "complete -c cacheduel"),
        ("elvish", "set edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        assert!(printed(&["completions", shell]).contains(mark), "{shell}");
    }
    cacheduel(&["completions", "csh"]).assert().code(2).stderr(contains("possible values: bash"));
}

#[test]
fn manual_pages_of_every_command_are_set_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    printed(&["man", folder.path().to_str().unwrap()]);
    let main = fs::read_to_string(folder.path().join("cacheduel.1")).unwrap();
    assert_eq!(main, printed(&["man"]), "the page by itself");
    for command in commands() {
        let page = folder.path().join(format!("cacheduel-{command}.1"));
        assert!(command == "help" || page.exists(), "{}", page.display());
    }
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap().path();
        let mut groff = Command::new("groff");
        let told = groff.args(["-ww", "-man", "-Tutf8"]).arg(&page).output().expect("groff runs");
        let told =
            (String::from_utf8(told.stdout).unwrap(), String::from_utf8(told.stderr).unwrap());
        let title = format!("{}(1)", page.file_stem().unwrap().display());
        assert!(told.0.starts_with(&title) && told.1.is_empty(), "{told:?}");
    }
}

#[test]
fn pages_that_cannot_be_written_are_an_error() {
    let told = contains("cannot write pages into /dev/null");
    cacheduel(&["man", "/dev/null"]).assert().code(1).stderr(told);
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = concat!("cacheduel ", env!("CARGO_PKG_VERSION"));
    cacheduel(&["--version"]).assert().code(0).stdout(starts_with(version));
}

//! `run --tui` on a terminal of the test's own, which is as it was in the end, however the run ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};

use cacheduel::record::Record;
use cacheduel::report;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::Stage;

const ROWS: u16 = 30;
const COLUMNS: u16 = 110;
/// What Ctrl-C types.
const INTERRUPT: &[u8] = b"\x03";

/// A terminal with a person before it, who sees what a program shows.
struct Person {
    terminal: File,
    seen: vt100::Parser,
}

/// A run on that terminal, but for its standard output.
struct Shown {
    person: Person,
    run: Child,
}

impl Shown {
    fn of(stage: &Stage, arguments: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let inner = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let plain = stage.command(arguments);
        // The program's controlling terminal, so that keys become signals.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(plain.get_program()).args(plain.get_args());
        command.current_dir(plain.get_current_dir().unwrap()).stdin(inner.try_clone().unwrap());
        let run = command.stdout(Stdio::piped()).stderr(inner).spawn().expect("setsid runs");
        drop(command);
        let seen = vt100::Parser::new(ROWS, COLUMNS, 0);
        Self { person: Person { terminal: terminal.into(), seen }, run }
    }

    /// Watches until the view shows all of these at once, and tells all that it shows then.
    fn until(&mut self, wanted: &[&str]) -> String {
        loop {
            let text = self.person.seen.screen().contents();
            let is_view = self.person.seen.screen().alternate_screen();
            if is_view && wanted.iter().all(|it| text.contains(it)) {
                return text;
            }
            assert!(self.person.look(), "the run has ended without showing {wanted:?}:\n{text}");
        }
    }

    /// How it ended, and what is on the terminal then, which must be the person's again.
    fn ended(mut self) -> (Output, String) {
        while self.person.look() {}
        let screen = self.person.seen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{}", screen.contents());
        let text = screen.contents();
        let modes = tcgetattr(&self.person.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "what is typed is shown");
        (self.run.wait_with_output().unwrap(), text)
    }
}

impl Person {
    /// Waits for more; `false` where nothing has the terminal open any more.
    fn look(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.terminal.read(&mut bytes) {
            Ok(count @ 1..) => self.seen.process(&bytes[..count]),
            Ok(0) | Err(_) => return false,
        }
        true
    }

    fn press(&mut self, key: &[u8]) {
        self.terminal.write_all(key).unwrap();
    }
}

#[test]
fn figures_are_shown_as_they_come_and_the_terminal_is_given_back() {
    let stage = Stage::new();
    let mut shown = Shown::of(&stage, &["--tui", "--only", "cache-aside,ttl"]);
    let first = shown.until(&["tiny: cache-aside, repeat 1  [1/2]", "measuring"]);
    for curve in ["requests/s", "read p50", "hit ratio", "store reads/s", "stale share", "errors"] {
        assert!(first.contains(curve), "{curve}:\n{first}");
    }
    // The first strategy's figures stay beside those of the second.
    let second = shown.until(&["tiny: ttl, repeat 1  [2/2]", "\ncache-aside "]);
    let row = second.lines().find(|line| line.starts_with("cache-aside ")).unwrap();
    assert!(row.contains(" us") && row.contains('%'), "{second}");
    let (output, left) = shown.ended();
    assert!(output.status.code().is_some_and(|code| code == 0 || code == 3), "{left}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("VERDICT") && !table.contains('\u{1b}'), "{table}");
    assert!(!left.contains("hit ratio"), "nothing of the view is left:\n{left}");
    stage.assert_clear();
}

#[test]
fn ctrl_c_gives_the_terminal_back_and_leaves_what_was_measured() {
    let stage = Stage::with(&[("duration = \"1s\"", "duration = \"60s\"")]);
    let mut shown = Shown::of(&stage, &["--tui", "--only", "cache-aside"]);
    shown.until(&["measuring", "requests/s 3"]);
    shown.person.press(INTERRUPT);
    let (output, left) = shown.ended();
    assert_eq!(output.status.code(), Some(130), "{left}");
    assert!(left.contains("error: interrupted"), "{left}");
    let record: Record = report::read(&stage.report()).unwrap();
    assert_eq!(record.contenders.len(), 1);
    stage.assert_clear();
}

#[test]
fn without_a_terminal_it_is_refused_and_so_is_what_cannot_be_watched() {
    let stage = Stage::new();
    for (arguments, told) in [
        (&["--tui"][..], "error: --tui draws on a terminal, and standard error is none"),
        (&["--tui", "--simulate"], "'--tui' cannot be used with '--simulate'"),
        (&["--tui", "--quiet"], "'--tui' cannot be used with '--quiet'"),
    ] {
        let output = stage.run(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(told), "{text}");
    }
    stage.assert_clear();
}

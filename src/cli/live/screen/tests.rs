use std::env;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// Where it is set, this is the process that panics.
const PANICS: &str = "CACHEDUEL_TEST_PANICS";

#[test]
fn a_panic_is_told_on_the_terminal_as_it_was() {
    if env::var_os(PANICS).is_some() {
        let _screen = Screen::enter().unwrap();
        panic!("as it was planted");
    }
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let inner = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--nocapture", "a_panic_is_told_on_the_terminal_as_it_was"]).env(PANICS, "");
    let mut child = command.stdout(Stdio::null()).stderr(inner).spawn().unwrap();
    drop(command);
    let (mut terminal, mut seen) = (File::from(terminal), vt100::Parser::new(60, 200, 0));
    let (mut bytes, mut had_it) = ([0; 256], false);
    // A terminal that nobody has open any more cannot be read.
    while let Ok(count @ 1..) = terminal.read(&mut bytes) {
        bytes[..count].iter().for_each(|byte| {
            seen.process(&[*byte]);
            had_it |= seen.screen().alternate_screen();
        });
    }
    assert!(!child.wait().unwrap().success());
    let screen = seen.screen();
    assert!(had_it && !screen.alternate_screen() && !screen.hide_cursor());
    assert!(screen.contents().contains("as it was planted"), "{}", screen.contents());
    let modes = tcgetattr(&terminal).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "what is typed is shown");
}

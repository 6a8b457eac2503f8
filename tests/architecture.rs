//! Who may name whom. The table is the architecture: a path that it does not allow is a mistake in
//! the code or in the table, and either way somebody has to look.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A module, and the modules that its code may name by a `crate::` path.
const MAY_NAME: [(&str, &[&str]); 15] = [
    ("model", &[]),
    ("clock", &["model"]),
    ("theory", &[]),
    ("workload", &["model"]),
    ("judge", &["model"]),
    ("measure", &["model", "judge", "theory"]),
    ("backend", &["model", "clock"]),
    ("strategy", &["model", "clock", "backend"]),
    ("driver", &["model", "clock", "workload", "backend", "strategy"]),
    ("scenario", &["model", "workload", "backend", "strategy"]),
    ("record", &["model", "judge", "measure", "scenario"]),
    (
        "experiment",
        &[
            "VERSION", "model", "clock", "theory", "workload", "judge", "measure", "backend",
            "strategy", "driver", "scenario", "record",
        ],
    ),
    ("compare", &["record"]),
    ("history", &["record", "compare"]),
    ("report", &["record", "compare", "history", "theory"]),
];

/// What of `backend` a strategy may name: traits and plain data, never a concrete backend.
const CONCRETE_BACKENDS: [&str; 10] = [
    "redis",
    "sqlite",
    "postgres",
    "managed",
    "twin",
    "api",
    "delay",
    "faults",
    "proxy",
    "conformance",
];

#[test]
fn every_module_names_only_those_it_may() {
    let allowed: BTreeMap<_, _> = MAY_NAME.into_iter().collect();
    let mut wrong = Vec::new();
    for (file, module) in sources() {
        if module == "cli" || module == "lib" || module == "main" {
            continue;
        }
        let may = allowed.get(module.as_str()).unwrap_or_else(|| {
            panic!("{} belongs to `{module}`, which the table does not know", file.display())
        });
        for (number, named) in named_modules(&code(&file)) {
            if named != module && !may.contains(&named.as_str()) {
                wrong.push(format!("{}:{number}: {module} names {named}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the table:\n{}", wrong.join("\n"));
}

#[test]
fn no_strategy_knows_a_concrete_backend() {
    for (file, module) in sources() {
        if module != "strategy" {
            continue;
        }
        let code = code(&file);
        for backend in CONCRETE_BACKENDS {
            let path = format!("backend::{backend}");
            assert!(!code.contains(&path), "{} names {path}", file.display());
        }
    }
}

#[test]
fn only_the_command_line_prints() {
    for (file, module) in sources() {
        let prints = ["println!", "eprintln!", "print!(", "eprint!("]
            .into_iter()
            .any(|print| code(&file).contains(print));
        assert!(module == "cli" || module == "main" || !prints, "{} prints", file.display());
    }
}

#[test]
fn files_stay_small_enough_to_be_read() {
    for (file, _) in sources() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 450, "{} has {lines} lines", file.display());
    }
}

/// Every source file with the top-level module it belongs to.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let inside = path.strip_prefix(&root).unwrap();
                let module = inside.components().next().unwrap().as_os_str().to_string_lossy();
                files.push((path.clone(), module.trim_end_matches(".rs").to_owned()));
            }
        }
    }
    assert!(files.len() > 30, "the sources were not found");
    files.sort();
    files
}

/// A file's code: no comments, and nothing from its tests on, which may name whom they like.
fn code(file: &Path) -> String {
    if file.file_name().is_some_and(|name| name == "tests.rs")
        || file.components().any(|part| part.as_os_str() == "tests")
    {
        return String::new();
    }
    let text = fs::read_to_string(file).unwrap();
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..tests]
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first segment of every `crate::` path, with its line; `crate::{a, b::c}` names both.
fn named_modules(code: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        let number = code[..place].lines().count().max(1);
        let rest = &code[place + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            None => vec![first_word(rest)],
            Some(group) => top_level_items(group).into_iter().map(first_word).collect(),
        };
        named.extend(names.into_iter().filter(|name| !name.is_empty()).map(|name| (number, name)));
    }
    named
}

/// The items of a `use` group up to its closing brace, nested groups left whole.
fn top_level_items(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut start = 0;
    let mut items = Vec::new();
    for (place, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&group[start..place]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    items
}

fn first_word(path: &str) -> String {
    path.trim().chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect()
}

#[test]
fn the_reader_of_paths_sees_groups_and_plain_paths() {
    let code = "use crate::model::Key;\nuse crate::{judge, measure::{Meter, Load}};\nfn f() { crate::clock::x() }";
    let names: Vec<_> = named_modules(code).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["model", "judge", "measure", "clock"]);
}

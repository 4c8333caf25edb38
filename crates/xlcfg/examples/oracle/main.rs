//! Compares this crate with the real libxlutil. Started by `tests/oracle/run.sh`, which builds the other
//! side, a C program, and passes: that program, the directory of the corpus, a count and a seed.
//!
//! Every input is read by both, and every key's value must be the same, byte for byte.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program talks on its streams"
)]

mod generate;
mod library;
mod ours;
mod pieces;

use std::error::Error;
use std::process::ExitCode;

use generate::Generator;
use library::Library;
use xlcfg::EditError;

/// A difference is shown, and counted; after this many it is time to look.
const MOST_DIFFERENCES: usize = 10;

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("oracle: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the comparison and returns the number of differences.
fn run() -> Result<usize, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, corpus, count, seed] = arguments.as_slice() else {
        return Err("usage: oracle PROGRAM CORPUS COUNT SEED".into());
    };
    let (count, seed): (usize, u64) = (count.parse()?, seed.parse()?);
    let mut check = Check { library: Library::start(program)?, tally: Tally::default() };

    let mut files = Vec::new();
    for entry in std::fs::read_dir(corpus)? {
        let path = entry?.path();
        files.push((path.display().to_string(), std::fs::read(&path)?));
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("no file in {corpus}").into());
    }
    for (name, text) in &files {
        // What the file's name promises is part of the test: otherwise both sides may be wrong alike.
        let accepted = check.config(name, text)?;
        if accepted == name.ends_with(".bad.cfg") {
            check.tally.differ(name, text, "the file's name says otherwise");
        }
    }

    let mut generator = Generator::new(seed, files.into_iter().map(|(_, text)| text).collect());
    for number in 0..count {
        if check.tally.differences >= MOST_DIFFERENCES {
            break;
        }
        let text = generator.config();
        if check.config(&format!("generated {number}"), &text)? {
            let edit = generator.edit(&text);
            check.edit(&format!("edit {number}"), &text, &edit)?;
        }
        check.disk(&format!("disk {number}"), &generator.disk())?;
        check.mac(&format!("mac {number}"), &generator.mac())?;
    }
    println!("{}", check.tally);
    check.tally.verdict(count)
}

struct Check {
    library: Library,
    tally: Tally,
}

impl Check {
    /// Returns whether both sides accept the text.
    fn config(&mut self, name: &str, text: &[u8]) -> Result<bool, Box<dyn Error>> {
        let keys = ours::candidate_keys(text);
        let ours = ours::config(text, &keys);
        let theirs = self.library.config(text, &keys)?;
        let accepted = theirs.first() == Some(&b'O');
        self.tally.configs.count(accepted);
        self.tally.compare(name, text, &ours, &theirs);
        Ok(accepted && ours == theirs)
    }

    fn disk(&mut self, name: &str, spec: &str) -> Result<(), Box<dyn Error>> {
        let theirs = self.library.disk(spec)?;
        self.tally.disks.count(theirs.first() == Some(&b'O'));
        self.tally.compare(name, spec.as_bytes(), &ours::disk(spec), &theirs);
        if let Some(again) = ours::rewritten_disk(spec) {
            // What the crate writes means the same to the library.
            let rewritten = self.library.disk(&again)?;
            self.tally.compare(name, again.as_bytes(), &theirs, &rewritten);
        }
        Ok(())
    }

    fn mac(&mut self, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
        let theirs = self.library.mac(text)?;
        self.tally.macs.count(theirs.first() == Some(&b'O'));
        self.tally.compare(name, text.as_bytes(), &ours::mac(text), &theirs);
        Ok(())
    }

    /// Makes an edit, and lets the library say what the text now means.
    fn edit(&mut self, name: &str, text: &[u8], edit: &ours::Edit) -> Result<(), Box<dyn Error>> {
        match ours::apply(text, edit) {
            Ok(edited) => {
                self.tally.edits.count(true);
                let keys = ours::candidate_keys(&edited.text);
                let theirs = self.library.config(&edited.text, &keys)?;
                let ours = ours::expected(text, edit, &keys);
                self.tally.compare(name, &edited.text, &ours, &theirs);
            }
            Err(error) => {
                self.tally.edits.count(false);
                let excuse = match error {
                    EditError::Unfaithful { .. } => false,
                    // Only a stray byte at the end of the text can be in the way.
                    EditError::Refused { .. } => text.last() != Some(&b'\n'),
                    _ => true,
                };
                if !excuse {
                    self.tally.differ(name, text, &format!("{edit:?}: {error}"));
                }
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Tally {
    configs: Split,
    edits: Split,
    disks: Split,
    macs: Split,
    differences: usize,
}

/// How many inputs were accepted and refused.
#[derive(Default)]
struct Split {
    accepted: usize,
    refused: usize,
}

impl Split {
    fn count(&mut self, accepted: bool) {
        *(if accepted { &mut self.accepted } else { &mut self.refused }) += 1;
    }
}

impl Tally {
    fn compare(&mut self, name: &str, input: &[u8], ours: &[u8], theirs: &[u8]) {
        if ours != theirs {
            let what = format!(
                "ours:       {:?}\n  libxlutil:  {:?}",
                String::from_utf8_lossy(ours),
                String::from_utf8_lossy(theirs)
            );
            self.differ(name, input, &what);
        }
    }

    fn differ(&mut self, name: &str, input: &[u8], what: &str) {
        self.differences += 1;
        eprintln!(
            "{name}: DIFFERENT\n  input:      {:?}\n  {what}",
            String::from_utf8_lossy(input)
        );
    }

    /// A run in which nearly all inputs went one way has compared little: that is a failure too.
    fn verdict(&self, count: usize) -> Result<usize, Box<dyn Error>> {
        let named = [
            ("configs", &self.configs),
            ("edits", &self.edits),
            ("disks", &self.disks),
            ("macs", &self.macs),
        ];
        for (name, split) in named {
            let least = if name == "edits" { count / 10 } else { count / 20 };
            let enough = split.accepted >= least && (name == "edits" || split.refused >= least);
            if self.differences == 0 && !enough {
                return Err(format!("the generated {name} are too much alike to be a test").into());
            }
        }
        Ok(self.differences)
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, split) in
            [("configs", &self.configs), ("disks", &self.disks), ("macs", &self.macs)]
        {
            writeln!(f, "{name:8} {} accepted, {} refused", split.accepted, split.refused)?;
        }
        writeln!(f, "edits    {} made, {} refused", self.edits.accepted, self.edits.refused)?;
        write!(f, "{} differences", self.differences)
    }
}

//! Compares this crate with the real libxlutil. Started by `tests/oracle/run.sh`, which builds the other
//! side, a C program, and passes: that program, a count, a seed, and files or directories of configs.
//!
//! Every input is read by both, and every key's value must be the same, byte for byte; the disks and the
//! MAC addresses of files likewise.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program talks on its streams"
)]

mod check;
mod generate;
mod library;
mod ours;
mod pieces;
mod tally;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use check::Check;
use generate::Generator;
use library::Library;
use tally::Tally;

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
    let [program, count, seed, paths @ ..] = arguments.as_slice() else {
        return Err("usage: oracle PROGRAM COUNT SEED FILE|DIRECTORY...".into());
    };
    let (count, seed): (usize, u64) = (count.parse()?, seed.parse()?);
    let mut files = Vec::new();
    for path in paths {
        files.extend(read(Path::new(path))?);
    }
    let mut check = Check { library: Library::start(program)?, tally: Tally::default() };
    for (name, text) in &files {
        check.file(name, text)?;
    }
    let texts = files.into_iter().map(|(_, text)| text).collect();
    let mut generator = Generator::new(seed, texts);
    for number in 0..count {
        if check.tally.differences >= MOST_DIFFERENCES {
            break;
        }
        check.generated(number, &mut generator)?;
    }
    println!("{}", check.tally);
    check.tally.verdict(count)
}

/// A file's name and text.
type File = (String, Vec<u8>);

/// The file, or the `*.cfg` of the directory in order.
fn read(path: &Path) -> Result<Vec<File>, Box<dyn Error>> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut paths = Vec::new();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(named)? {
            paths.push(entry.map_err(named)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "cfg"));
        paths.sort();
        if paths.is_empty() {
            return Err(format!("no *.cfg in {}", path.display()).into());
        }
    } else {
        paths.push(path.to_owned());
    }
    let mut files = Vec::new();
    for path in paths {
        let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        files.push((path.display().to_string(), text));
    }
    Ok(files)
}

//! Writes the seeds of a target into a directory, a file each: `fuzz-bodies TARGET DIRECTORY`; or,
//! without words, prints the targets and their longest useful inputs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, directory] = words.as_slice() else {
        for target in fuzz_bodies::TARGETS {
            println!("{} {}", target.name, target.longest);
        }
        return ExitCode::SUCCESS;
    };
    for (at, seed) in fuzz_bodies::seeds::of(name).iter().enumerate() {
        if let Err(error) = fs::write(Path::new(directory).join(format!("seed-{at:04}")), seed) {
            eprintln!("{directory}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

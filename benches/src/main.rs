//! rpxeboot against what people use today, side by side in the same run.
//!
//! Every contest is held in rounds: each contender once a round, one after the other, so that
//! what slows the machine down slows all of them down. Every file that is fetched is compared
//! with its source; whoever brings a wrong one, or none in a minute, has failed that round.

mod boots;
mod contest;
mod crowd;
mod get;
mod lab;
mod machine;
mod page;
mod plot;
mod transfer;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str =
    "usage: benches/run.sh [--runs N] [--always N] [--crowds N] [--only SECTION,...] [--write]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["--get", protocol, server, name, to] = words[..] {
        return match get::get(protocol, server, name, to) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        };
    }
    let here = Path::new(words.first().expect(USAGE));
    let value = |name: &str| {
        let place = words.iter().position(|word| *word == name)?;
        Some(*words.get(place + 1).expect(USAGE))
    };
    let number =
        |name: &str, usual: usize| value(name).map_or(usual, |number| number.parse().expect(USAGE));
    let sections: Option<Vec<&str>> = value("--only").map(|names| names.split(',').collect());
    let only = |section: &str| sections.as_ref().is_none_or(|names| names.contains(&section));

    let runs = number("--runs", 7);
    let mut contests = boots::contests(&only, runs, &here.join("pipeline.sh"));
    contests.extend(transfer::contests(&only, runs.min(5), number("--always", 50)));
    let crowds = match only(page::CROWD) {
        true => crowd::hold(number("--crowds", 3)),
        false => Vec::new(),
    };
    let machine = machine::line();
    let results = page::Results { contests: &contests, crowds: &crowds, machine: &machine };
    println!("{}", results.tables());
    if words.contains(&"--write") {
        let docs = here.with_file_name("docs");
        fs::write(here.join("results.json"), results.json()).expect("benches/results.json");
        results.write_into(&docs.join("performance.md")).expect("docs/performance.md");
        for (name, picture) in results.plots() {
            fs::write(docs.join(name), picture).expect("a plot below docs");
        }
    }
    let failed = results.own_failures();
    for failure in &failed {
        eprintln!("rpxeboot failed: {failure}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

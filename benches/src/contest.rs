//! One contest: several commands that do the same job, in rounds.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Looks at what a run has said and brought.
type Check<'a> = dyn Fn(&Output) -> Result<(), String> + 'a;

/// A command that takes part.
pub struct Contender<'a> {
    name: String,
    command: Box<dyn Fn() -> Command + 'a>,
    check: Box<Check<'a>>,
}

impl<'a> Contender<'a> {
    /// `command` makes the command anew for each run; `check` looks at what it has
    /// printed and brought.
    pub fn new(
        name: &str,
        command: impl Fn() -> Command + 'a,
        check: impl Fn(&Output) -> Result<(), String> + 'a,
    ) -> Self {
        Self { name: name.to_owned(), command: Box::new(command), check: Box::new(check) }
    }

    fn run(&self) -> Duration {
        let mut command = (self.command)();
        let start = Instant::now();
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let time = start.elapsed();
        assert!(
            output.status.success(),
            "{}: {}\n{}",
            self.name,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        if let Err(wrong) = (self.check)(&output) {
            panic!("{}: {wrong}", self.name);
        }
        time
    }
}

/// A contest and its times; the first contender is the one that the others are compared with.
pub struct Contest {
    /// What is done.
    pub title: String,
    /// Who did it, and how long each run took.
    pub times: Vec<(String, Vec<Duration>)>,
}

impl Contest {
    /// Lets `contenders` run `runs` times each, in turn, after a round that does not count.
    pub fn hold(title: &str, runs: usize, contenders: &[Contender<'_>]) -> Self {
        eprintln!("{title}");
        for contender in contenders {
            contender.run();
        }
        let mut times: Vec<(String, Vec<Duration>)> =
            contenders.iter().map(|contender| (contender.name.clone(), Vec::new())).collect();
        for _ in 0..runs {
            for (contender, (_, times)) in contenders.iter().zip(&mut times) {
                times.push(contender.run());
            }
        }
        Self { title: title.to_owned(), times }
    }

    /// How often each contender's time goes into the first one's: the median over the rounds.
    pub fn ratio(&self, contender: usize) -> f64 {
        let (own, other) = (&self.times[0].1, &self.times[contender].1);
        let mut ratios: Vec<f64> = own
            .iter()
            .zip(other)
            .map(|(own, other)| other.as_secs_f64() / own.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}

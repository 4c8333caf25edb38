//! A worker that somebody has taken over. The supervisor is rpxeboot's own, without any change; it
//! starts its worker by executing itself, which is this program, and this one does in the worker's
//! place what the label says:
//!
//! - `attack:NAME` goes through all layers of the real sandbox, then tries something;
//! - `attack:NAME:only=LAYER,…` puts up only these, and `attack:NAME:without=LAYER,…` all but these;
//! - `lie:NAME` tells the supervisor things that no honest worker tells.
//!
//! `--calls` as the only word tries every system call there is against the list (calls.rs).

mod attacks;
mod calls;
mod lies;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use rpxeboot::console::Level;
use rpxeboot::failure::{Failure, Reason};
use rpxeboot::sandbox::{self, Inmate, LAYERS, Layer};
use rpxeboot::worker;
use rpxeboot::worker::channel::Channel;
use rpxeboot::worker::message::{Instruction, Job, Report};

/// The worker's end of the channel.
type Line = Channel<Report, Instruction>;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    match words.first() {
        Some(word) if word == worker::WORD => {
            be_a_worker();
            ExitCode::SUCCESS
        }
        Some(word) if word == "--calls" => {
            calls::try_all();
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(rpxeboot::run(words)),
    }
}

fn be_a_worker() {
    sandbox::close_inherited_descriptors().expect("/proc");
    let line = Line::over(io::stdin().as_fd().try_clone_to_owned().expect("the channel"));
    let (instruction, descriptors) = line.hear().expect("a job");
    let Instruction::Begin(job) = instruction else { panic!("no job") };
    let label = job.label.clone().expect("a label that says what to do");
    let mut parts = label.splitn(3, ':');
    let (kind, name) = (parts.next().expect("a kind"), parts.next().expect("a name"));
    let layers = layers(parts.next());
    match kind {
        "attack" => attack(&line, &job, name, &layers, descriptors),
        "lie" => {
            raise(&job, &LAYERS);
            lies::tell(name, &line, descriptors);
        }
        other => panic!("no such kind: {other}"),
    }
}

fn attack(line: &Line, job: &Job, name: &str, layers: &[Layer], descriptors: Vec<OwnedFd>) {
    let attack = attacks::find(name);
    raise(job, layers);
    let outcome = match attack(job, descriptors) {
        Ok(what) => format!("attack succeeded: {what}"),
        Err(error) => format!("attack refused: {error}"),
    };
    line.say(&Report::Line(Level::Step, outcome), &[]).expect("the supervisor hears");
    let over = Failure::new(Reason::Transfer, "the attack is over");
    line.say(&Report::Failed(over), &[]).expect("the supervisor hears");
}

fn raise(job: &Job, layers: &[Layer]) {
    let inmate = Inmate { uid: job.uid, supervisor: job.supervisor };
    for layer in layers {
        layer.raise(inmate).expect("the layer stands");
    }
}

/// Those of the real list that are wanted, in its order.
fn layers(choice: Option<&str>) -> Vec<Layer> {
    let named =
        |names: &str, layer: Layer| names.split(',').any(|name| name == format!("{layer:?}"));
    let wanted = |layer: Layer| match choice.and_then(|choice| choice.split_once('=')) {
        None => true,
        Some(("only", names)) => named(names, layer),
        Some(("without", names)) => !named(names, layer),
        Some((other, _)) => panic!("no such choice: {other}"),
    };
    LAYERS.into_iter().filter(|layer| wanted(*layer)).collect()
}

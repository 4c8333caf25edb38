//! Carrying a plan out. When a step fails, those before it are taken back, the last one first.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Command;

use super::{Plan, Step};
use crate::console::Console;
use crate::failure::Failure;
use crate::files::{image, whole};
use crate::host::domains::Xl;
use crate::host::program;
use crate::record::Record;

/// What steps are carried out with.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where records are.
    pub state_dir: &'a Path,
    /// Who is told.
    pub console: &'a Console,
}

impl Plan {
    /// Carries the plan out.
    ///
    /// # Errors
    /// That of the step that failed. Nothing of the plan is left then, but for what the error
    /// says could not be taken back.
    pub fn apply(&self, around: Surroundings<'_>) -> Result<(), Failure> {
        let mut done: Vec<&Step> = Vec::new();
        for step in &self.steps {
            around.console.detail(step.text().trim_end());
            match step.apply(around) {
                Ok(()) => done.push(step),
                Err(failure) => {
                    return Err(done.into_iter().rev().fold(failure, |failure, step| {
                        match step.take_back(around) {
                            Ok(()) => failure,
                            Err(second) => failure.and(format!("and then {second}")),
                        }
                    }));
                }
            }
        }
        Ok(())
    }
}

impl Step {
    fn apply(&self, around: Surroundings<'_>) -> Result<(), Failure> {
        match self {
            Self::WriteRecord { record } => record.write(around.state_dir),
            Self::MakeDirectory { path } => make_directory(path),
            Self::MakeImage { path, size } => image::create(path, size.bytes()),
            Self::MakeQcow2 { path, size } => make_qcow2(path, size.bytes(), around.console),
            Self::MakeVolume { group, volume, size } => {
                let mut command = Command::new("lvcreate");
                command.args(["--yes", "--wipesignatures", "y", "--size"]);
                command.arg(format!("{}B", size.bytes()));
                command.args(["--name", volume, group]);
                program::run_well(command, around.console).map(drop)
            }
            Self::WriteConfig { path, text } => whole::create(path, text.as_bytes(), 0o644),
            Self::WriteSecret { path, text } => whole::create(path, text.as_bytes(), 0o600),
            Self::Link { path, target } => link(path, target),
            Self::ReplaceConfig { path, old, new } => {
                whole::replace(path, old, new, around.state_dir)
            }
            Self::UpdateDomain { name, domid, config } => {
                update_domain(name, *domid, config, around.console)
            }
            Self::RemoveFile { path } => remove_file(path),
            Self::RemoveDirectory { path } => remove_directory(path),
            Self::RemoveVolume { group, volume } => remove_volume(group, volume, around.console),
        }
    }

    /// Undoes what [`Step::apply`] did. What was removed stays so.
    fn take_back(&self, around: Surroundings<'_>) -> Result<(), Failure> {
        match self {
            Self::WriteRecord { record } => {
                remove_file(&Record::path(around.state_dir, &record.name))
            }
            Self::MakeDirectory { path } => remove_directory(path),
            Self::MakeImage { path, .. }
            | Self::MakeQcow2 { path, .. }
            | Self::WriteConfig { path, .. }
            | Self::WriteSecret { path, .. }
            | Self::Link { path, .. } => remove_file(path),
            Self::MakeVolume { group, volume, .. } => remove_volume(group, volume, around.console),
            Self::ReplaceConfig { path, old, new } => {
                whole::replace(path, new, old, around.state_dir)
            }
            Self::UpdateDomain { .. }
            | Self::RemoveFile { .. }
            | Self::RemoveDirectory { .. }
            | Self::RemoveVolume { .. } => Ok(()),
        }
    }
}

/// A guest that has ended meanwhile needs not be told.
fn update_domain(name: &str, domid: u32, config: &Path, console: &Console) -> Result<(), Failure> {
    let xl =
        Xl::here().ok_or_else(|| Failure::failed("there is no xl to tell the running guest"))?;
    let Err(failure) = xl.config_update(domid, config, console) else { return Ok(()) };
    if xl.domains(console)?.iter().any(|domain| domain.domid == domid) {
        return Err(failure);
    }
    console.note(&format!("{name} ended just now, before its xl could be told"));
    Ok(())
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .mode(0o755)
        .create(path)
        .map_err(|error| Failure::io("making directory", path, &error))?;
    whole::sync_directory(whole::directory_of(path)).inspect_err(|_| {
        let _ = fs::remove_dir(path);
    })
}

fn make_qcow2(path: &Path, bytes: u64, console: &Console) -> Result<(), Failure> {
    let mut command = Command::new("qemu-img");
    command.args(["create", "-q", "-f", "qcow2"]).arg(path).arg(bytes.to_string());
    let made = program::run_well(command, console).and_then(|_| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .map_err(|error| Failure::io("protecting", path, &error))
    });
    made.inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

fn link(path: &Path, target: &Path) -> Result<(), Failure> {
    std::os::unix::fs::symlink(target, path)
        .map_err(|error| Failure::io("making the link", path, &error))?;
    whole::sync_directory(whole::directory_of(path)).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

fn remove_file(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::io("removing", path, &error)),
        Ok(()) => whole::sync_directory(whole::directory_of(path)),
    }
}

fn remove_directory(path: &Path) -> Result<(), Failure> {
    use io::ErrorKind::{DirectoryNotEmpty, NotFound};
    match fs::remove_dir(path) {
        // Somebody else has put something there: then it is theirs.
        Err(error) if matches!(error.kind(), NotFound | DirectoryNotEmpty) => Ok(()),
        Err(error) => Err(Failure::io("removing directory", path, &error)),
        Ok(()) => whole::sync_directory(whole::directory_of(path)),
    }
}

fn remove_volume(group: &str, volume: &str, console: &Console) -> Result<(), Failure> {
    let mut command = Command::new("lvremove");
    command.arg("--yes").arg(format!("{group}/{volume}"));
    program::run_well(command, console).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Level;

    #[test]
    fn a_failed_step_takes_the_ones_before_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let plan = Plan {
            steps: vec![
                Step::MakeDirectory { path: at("RK") },
                Step::MakeImage { path: at("RK/disk.img"), size: "1M".parse().unwrap() },
                Step::WriteConfig { path: at("RK.cfg"), text: "name = \"RK\"\n".into() },
                Step::Link { path: at("missing/RK.cfg"), target: "../RK.cfg".into() },
            ],
            ..Plan::default()
        };
        let console = Console::new(Level::Quiet, false);
        let around = Surroundings { state_dir: directory.path(), console: &console };
        let failure = plan.apply(around).unwrap_err();
        assert!(failure.message.contains("missing/RK.cfg"), "{failure}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_others_use_stays() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("theirs"), "").unwrap();
        remove_directory(directory.path()).unwrap();
        assert!(directory.path().join("theirs").exists());
    }
}

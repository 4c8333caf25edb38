//! A host's directories in a temporary one, and vmprov run in there.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// The directories.
pub(crate) struct Place(tempfile::TempDir);

/// How a run ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Everything below a directory: names, with kinds, modes and what is in them.
pub(crate) type Tree = BTreeMap<PathBuf, String>;

/// Not root, nor anybody.
const NOBODY: u32 = 65534;

impl Place {
    pub(crate) fn new() -> Self {
        let place = tempfile::Builder::new().prefix("vmprov-test").tempdir().unwrap();
        // So that a child that is not root gets in.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(place.path().join("xen")).unwrap();
        Self(place)
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vmprov"));
        for (option, name) in
            [("--config-dir", "xen"), ("--image-dir", "images"), ("--state-dir", "state")]
        {
            command.arg(option).arg(self.at(name));
        }
        command.args(words).stdin(Stdio::null());
        command
    }

    pub(crate) fn vmprov(&self, words: &[&str]) -> Ended {
        ended(self.command(words).output().unwrap())
    }

    /// Runs it as somebody who may not do everything: root's files are not theirs.
    pub(crate) fn vmprov_as_nobody(&self, words: &[&str]) -> Ended {
        let mut command = self.command(words);
        if nix::unistd::geteuid().is_root() {
            // The program may lie where only root gets in.
            let program = self.at("vmprov");
            fs::copy(env!("CARGO_BIN_EXE_vmprov"), &program).unwrap();
            let mut as_nobody = Command::new(&program);
            as_nobody.args(command.get_args()).stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
            as_nobody.current_dir("/");
            let output = loop {
                match as_nobody.output() {
                    // A child of another test's has it open for writing until it runs.
                    Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    output => break output.unwrap(),
                }
            };
            fs::remove_file(program).unwrap();
            return ended(output);
        }
        ended(command.output().unwrap())
    }

    /// It must succeed.
    pub(crate) fn does(&self, words: &[&str]) -> Ended {
        let ended = self.vmprov(words);
        assert_eq!(ended.code, 0, "{words:?}: {ended:?}");
        ended
    }

    /// It must fail like this, with these words in its sentence, and change nothing.
    pub(crate) fn refuses(&self, words: &[&str], code: i32, sentence: &str) {
        let before = self.tree();
        let ended = self.vmprov(words);
        assert_eq!(ended.code, code, "{words:?}: {ended:?}");
        assert!(ended.err.contains(sentence), "{words:?}: no {sentence:?} in {}", ended.err);
        assert_eq!(ended.out, "", "{words:?}");
        assert_eq!(self.tree(), before, "{words:?} changed something");
    }

    /// All that is there; but for the state directory itself, which the first lock makes.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        add(self.0.path(), &mut tree);
        tree.remove(&self.at("state"));
        tree
    }
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn add(directory: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        let what = match () {
            () if data.is_symlink() => format!("-> {}", fs::read_link(&path).unwrap().display()),
            () if data.is_file() && data.len() < 1 << 20 => {
                String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned()
            }
            () if data.is_file() => format!("{} bytes, {} blocks", data.len(), data.blocks()),
            () => "no file".to_owned(),
        };
        tree.insert(path.clone(), format!("{:o} {}\n{what}", data.mode(), data.uid()));
        if data.is_dir() {
            add(&path, tree);
        }
    }
}

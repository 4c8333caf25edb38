//! What was compared, and what was different.

use std::error::Error;
use std::fmt;

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) files: Split,
    /// In the accepted files.
    pub(crate) settings: usize,
    pub(crate) file_disks: usize,
    pub(crate) file_vifs: usize,
    pub(crate) configs: Split,
    pub(crate) edits: Split,
    pub(crate) disks: Split,
    pub(crate) macs: Split,
    pub(crate) differences: usize,
}

/// How many inputs were accepted and refused.
#[derive(Default)]
pub(crate) struct Split {
    accepted: usize,
    refused: usize,
}

impl Split {
    pub(crate) fn count(&mut self, accepted: bool) {
        *(if accepted { &mut self.accepted } else { &mut self.refused }) += 1;
    }

    fn total(&self) -> usize {
        self.accepted.saturating_add(self.refused)
    }
}

impl Tally {
    /// Returns whether they are the same.
    pub(crate) fn compare(&mut self, name: &str, input: &[u8], ours: &[u8], theirs: &[u8]) -> bool {
        if ours != theirs {
            let what = format!(
                "ours:       {:?}\n  libxlutil:  {:?}",
                String::from_utf8_lossy(ours),
                String::from_utf8_lossy(theirs)
            );
            self.differ(name, input, &what);
        }
        ours == theirs
    }

    pub(crate) fn differ(&mut self, name: &str, input: &[u8], what: &str) {
        self.differences += 1;
        eprintln!(
            "{name}: DIFFERENT\n  input:      {:?}\n  {what}",
            String::from_utf8_lossy(input)
        );
    }

    /// A run in which nearly all inputs went one way has compared little: that is a failure too.
    pub(crate) fn verdict(&self, count: usize) -> Result<usize, Box<dyn Error>> {
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
        if self.files.total() == 0 && count == 0 {
            return Err("there was nothing to compare".into());
        }
        Ok(self.differences)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "files              {} accepted, {} refused; in them {} settings, {} disks, {} vifs",
            self.files.accepted, self.files.refused, self.settings, self.file_disks, self.file_vifs
        )?;
        let generated = [("configs", &self.configs), ("disks", &self.disks), ("macs", &self.macs)];
        for (name, split) in generated {
            if split.total() > 0 {
                writeln!(
                    f,
                    "generated {name:8} {} accepted, {} refused",
                    split.accepted, split.refused
                )?;
            }
        }
        if self.edits.total() > 0 {
            writeln!(
                f,
                "generated edits    {} made, {} refused",
                self.edits.accepted, self.edits.refused
            )?;
        }
        write!(f, "{} differences", self.differences)
    }
}

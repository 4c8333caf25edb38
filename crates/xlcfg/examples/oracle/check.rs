//! One input on both sides: a file, or what the generator made.

use std::error::Error;

use xlcfg::{Document, EditError, Value, VifSpec};

use crate::generate::Generator;
use crate::library::Library;
use crate::ours::{self, Edit};
use crate::tally::Tally;

/// How many keys a generated text is asked for at most. A file is asked for all of them.
const MOST_KEYS: usize = 60;

pub(crate) struct Check {
    pub(crate) library: Library,
    pub(crate) tally: Tally,
}

impl Check {
    /// A file, with the disks and MAC addresses in it. `*.bad.cfg` must be refused, all others accepted.
    pub(crate) fn file(&mut self, name: &str, text: &[u8]) -> Result<(), Box<dyn Error>> {
        if text.contains(&0) {
            // This would end the other side.
            self.tally.files.count(false);
            self.tally.differ(name, text, "there is a NUL byte in it");
            return Ok(());
        }
        let keys = ours::candidate_keys(text, usize::MAX);
        let accepted = self.config(name, text, &keys)?;
        self.tally.files.count(accepted);
        // What the file's name promises is part of the test: otherwise both sides may be wrong alike.
        if accepted == name.ends_with(".bad.cfg") {
            let what = match Document::parse(text) {
                Ok(_) => "xl accepts it; its name says otherwise".to_owned(),
                Err(error) => format!("xl does not accept it. {}", error.render(name)),
            };
            self.tally.differ(name, text, &what);
        }
        let Ok(document) = Document::parse(text) else { return Ok(()) };
        self.tally.settings += document.keys().count();
        for spec in strings(&document, "disk") {
            let spec = spec?;
            self.tally.file_disks += 1;
            if !self.disk(name, &spec)? {
                self.tally.differ(name, spec.as_bytes(), "xl does not accept this disk");
            }
        }
        for spec in strings(&document, "vif") {
            let spec = spec?;
            self.tally.file_vifs += 1;
            for (key, value) in VifSpec::parse(&spec).iter().flat_map(VifSpec::fields) {
                if let ("mac", Some(mac)) = (key, value) {
                    self.mac(name, mac)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn generated(
        &mut self,
        number: usize,
        generator: &mut Generator,
    ) -> Result<(), Box<dyn Error>> {
        let text = generator.config();
        let name = format!("generated {number}");
        let keys = ours::candidate_keys(&text, MOST_KEYS);
        let accepted = self.config(&name, &text, &keys)?;
        self.tally.configs.count(accepted);
        if accepted {
            let edit = generator.edit(&text);
            self.edit(&format!("edit {number}"), &text, &edit)?;
        }
        let accepted = self.disk(&format!("disk {number}"), &generator.disk())?;
        self.tally.disks.count(accepted);
        let accepted = self.mac(&format!("mac {number}"), &generator.mac())?;
        self.tally.macs.count(accepted);
        Ok(())
    }

    /// Returns whether the library accepts the text, and reads in it what we read.
    fn config(&mut self, name: &str, text: &[u8], keys: &[String]) -> Result<bool, Box<dyn Error>> {
        let theirs = self.library.config(text, keys)?;
        let same = self.tally.compare(name, text, &ours::config(text, keys), &theirs);
        Ok(accepted(&theirs) && same)
    }

    fn disk(&mut self, name: &str, spec: &str) -> Result<bool, Box<dyn Error>> {
        let theirs = self.library.disk(spec)?;
        self.tally.compare(name, spec.as_bytes(), &ours::disk(spec), &theirs);
        if let Some(again) = ours::rewritten_disk(spec) {
            // What the crate writes means the same to the library.
            let rewritten = self.library.disk(&again)?;
            self.tally.compare(name, again.as_bytes(), &theirs, &rewritten);
        }
        Ok(accepted(&theirs))
    }

    fn mac(&mut self, name: &str, text: &str) -> Result<bool, Box<dyn Error>> {
        let theirs = self.library.mac(text)?;
        self.tally.compare(name, text.as_bytes(), &ours::mac(text), &theirs);
        Ok(accepted(&theirs))
    }

    /// Makes an edit, and lets the library say what the text now means.
    fn edit(&mut self, name: &str, text: &[u8], edit: &Edit) -> Result<(), Box<dyn Error>> {
        match ours::apply(text, edit) {
            Ok(edited) => {
                self.tally.edits.count(true);
                let keys = ours::candidate_keys(&edited.text, MOST_KEYS);
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

fn accepted(answer: &[u8]) -> bool {
    answer.first() == Some(&b'O')
}

/// The strings that stand directly in a list; those that are no UTF-8 are errors.
fn strings(document: &Document, key: &str) -> Vec<Result<String, Box<dyn Error>>> {
    let Some(list) = document.get(key) else { return Vec::new() };
    let Some(list) = list.as_list() else { return Vec::new() };
    let texts = list.iter().filter_map(|item| match item {
        Value::String(bytes) => Some(bytes.into_owned()),
        Value::List(_) => None,
    });
    texts.map(|bytes| String::from_utf8(bytes).map_err(Into::into)).collect()
}

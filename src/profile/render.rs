//! Templates (Jinja's language, by minijinja) made texts. A name that a template uses and that
//! nobody gave is an error, not an empty word.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::Profile;
use super::answers::{Answers, Mirror};
use crate::failure::Failure;

/// No command line is longer: what Linux takes on x86 (COMMAND_LINE_SIZE).
const MAX_APPEND: usize = 2047;

/// What a guest's installer gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The kernel's command line.
    pub append: String,
    /// The files, by name.
    pub files: BTreeMap<String, String>,
}

impl Profile {
    /// What the installer of one guest gets.
    ///
    /// # Errors
    /// A template has a mistake, or uses what is not there: with its file and line.
    pub fn render(&self, answers: &Answers) -> Result<Rendered, Failure> {
        #[derive(Serialize)]
        struct All<'a> {
            #[serde(flatten)]
            answers: &'a Answers,
            release: BTreeMap<String, String>,
        }
        let all = All { answers, release: self.release_values() };
        let append = text(&self.name, "append", &self.family.append, &all)?;
        let append = append.split_whitespace().collect::<Vec<_>>().join(" ");
        if append.len() > MAX_APPEND {
            return Err(Failure::failed(format!(
                "profile {}: its kernel's command line has {} characters, Linux takes {MAX_APPEND}",
                self.name,
                append.len()
            )));
        }
        let mut files = BTreeMap::new();
        for (name, template) in &self.family.templates {
            if self.family.files.contains(name) {
                files.insert(name.clone(), text(&self.name, name, template, &all)?);
            }
        }
        let mut keys = answers.ssh_keys.join("\n");
        keys.extend((!keys.is_empty()).then_some('\n'));
        files.insert("authorized_keys".to_owned(), keys);
        Ok(Rendered { append, files })
    }

    fn release_values(&self) -> BTreeMap<String, String> {
        let key = self.release.as_ref();
        let values = key.and_then(|key| self.family.releases.get(key)).cloned();
        let mut values = values.unwrap_or_default();
        values.insert("name".to_owned(), key.cloned().unwrap_or_default());
        values
    }
}

/// A template of profile.toml that can use nothing but the release.
pub(super) fn alone(profile: &Profile, what: &str, template: &str) -> Result<String, Failure> {
    let release = BTreeMap::from([("release", profile.release_values())]);
    text(&profile.name, what, template, &release)
}

/// A template of profile.toml that can use the release and a mirror.
pub(super) fn with_mirror(
    profile: &Profile,
    what: &str,
    template: &str,
    mirror: &Mirror,
) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Both<'a> {
        release: BTreeMap<String, String>,
        mirror: &'a Mirror,
    }
    let both = Both { release: profile.release_values(), mirror };
    text(&profile.name, what, template, &both)
}

fn text<T: Serialize>(
    profile: &str,
    name: &str,
    template: &str,
    values: &T,
) -> Result<String, Failure> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|error| Failure::failed(format!("a bug: {error}")))?);
    environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "xml")) => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    let rendered = environment.render_named_str(name, template, Serde(values));
    rendered.map_err(|error| {
        let line = error.line().map(|line| format!(", line {line}")).unwrap_or_default();
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        Failure::failed(format!("profile {profile}: {name}{line}: {}{detail}", error.kind()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::family::Family;

    fn profile(append: &str, file: &str, template: &str) -> Profile {
        let toml = format!(
            "title = 'T'\nfiles = ['{file}']\nappend = '{append}'\n[releases.1]\nx = 'y'\n"
        );
        let templates = BTreeMap::from([(file.to_owned(), template.to_owned())]);
        let family = Family::new(&toml, templates).unwrap();
        Profile::of(&family, "t", true).remove(0)
    }

    fn render(profile: &Profile) -> Result<Rendered, Failure> {
        profile.render(&Answers::example(profile).unwrap())
    }

    #[test]
    fn what_nobody_gave_is_an_error_with_its_place() {
        let error = render(&profile("", "ks.cfg", "\n\nx {{ nothing }}\n")).unwrap_err();
        assert_eq!(error.message, "profile t-1: ks.cfg, line 3: undefined value");
        let error = render(&profile("", "ks.cfg", "{% if %}")).unwrap_err();
        assert!(error.message.starts_with("profile t-1: ks.cfg, line 1: syntax error"), "{error}");
        assert!(render(&profile("{{ release.y }}", "ks.cfg", "")).is_err());
    }

    #[test]
    fn xml_is_escaped_and_other_files_are_not() {
        let files = |file| render(&profile("", file, "{{ '<&>' }}\n")).unwrap().files;
        assert_eq!(files("a.xml")["a.xml"], "&lt;&amp;&gt;\n");
        assert_eq!(files("a.cfg")["a.cfg"], "<&>\n");
    }

    #[test]
    fn a_command_line_is_one_line_and_of_linuxs_length() {
        let rendered = render(&profile("a\\n  {{ release.x }}", "ks.cfg", ""));
        assert!(rendered.is_ok());
        let long = "x".repeat(MAX_APPEND + 1);
        let error = render(&profile(&long, "ks.cfg", "")).unwrap_err();
        assert!(error.message.contains("2048 characters"), "{error}");
    }
}

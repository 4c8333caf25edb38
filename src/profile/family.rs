//! `profile.toml`: what a family of profiles says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::values::{DiskSize, Memory};

/// A family: a folder with this and a template `NAME.j2` for each of its files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// What it installs: a template.
    pub title: String,
    /// The files that the installer gets, by the names that it asks for.
    pub files: Vec<String>,
    /// The kernel's command line: a template; a line's end is a blank.
    pub append: String,
    /// The mirror unless another is named: a template.
    #[serde(default)]
    pub mirror: Option<String>,
    /// Where kernel and initrd are unless `media add` is told: a template that may use
    /// `mirror.url`.
    #[serde(default)]
    pub media: Option<String>,
    /// The least memory that the installer works in.
    #[serde(default)]
    pub memory: Option<Memory>,
    /// The least disk that the system fits on.
    #[serde(default)]
    pub disk_size: Option<DiskSize>,
    /// Whether the installer reads the rest of itself from the medium, which must then be there
    /// as a whole.
    #[serde(default)]
    pub needs_tree: bool,
    /// Whether the installer reads the medium's image, which must then be there.
    #[serde(default)]
    pub needs_image: bool,
    /// The one release that a folder of this host is for; the profile has the folder's name then.
    #[serde(default)]
    pub only: Option<String>,
    /// What differs between releases, by the release's key.
    #[serde(default)]
    pub releases: BTreeMap<String, BTreeMap<String, String>>,
    /// Further choices (`--set KEY=VALUE`).
    #[serde(default)]
    pub set: BTreeMap<String, Choice>,
    /// The templates, by the names of their files; not in profile.toml.
    #[serde(skip)]
    pub templates: BTreeMap<String, String>,
}

/// A choice that a profile leaves to `--set`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What it is unless set.
    pub default: String,
    /// What it means.
    pub help: String,
}

/// Why a folder is no family.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FamilyError {
    /// profile.toml has a mistake.
    #[error("profile.toml: {0}")]
    Toml(String),
    /// A template is missing.
    #[error("there is no {0}.j2, which profile.toml names")]
    Missing(String),
    /// `only` names no release.
    #[error("profile.toml: only = {0:?} is none of its releases")]
    Only(String),
    /// A file's name would be a path.
    #[error("profile.toml: {0:?} cannot be a file's name")]
    Name(String),
}

impl Family {
    /// A family from the text of its profile.toml and its templates by file name, without `.j2`.
    ///
    /// # Errors
    /// Something in it is missing or means nothing.
    pub fn new(toml: &str, templates: BTreeMap<String, String>) -> Result<Self, FamilyError> {
        let mut family: Self =
            toml::from_str(toml).map_err(|error| FamilyError::Toml(error.to_string()))?;
        for file in &family.files {
            let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let is_word = !file.is_empty() && file.chars().all(fits) && !file.starts_with('.');
            if !is_word || RESERVED.contains(&&**file) {
                return Err(FamilyError::Name(file.clone()));
            }
            if !templates.contains_key(file) {
                return Err(FamilyError::Missing(file.clone()));
            }
        }
        match &family.only {
            Some(only) if !family.releases.contains_key(only) => {
                return Err(FamilyError::Only(only.clone()));
            }
            _ => {}
        }
        family.templates = templates;
        Ok(family)
    }
}

/// What every guest's files have besides: the keys as a file, and the call at the end.
pub const RESERVED: [&str; 2] = ["authorized_keys", "done"];

#[cfg(test)]
mod tests {
    use super::*;

    fn family(toml: &str) -> Result<Family, FamilyError> {
        Family::new(toml, BTreeMap::from([("ks.cfg".to_owned(), String::new())]))
    }

    #[test]
    fn a_family_says_what_is_wrong_with_it() {
        let head = "title = 'T'\nappend = ''\n";
        assert!(family(&format!("{head}files = ['ks.cfg']\n")).is_ok());
        let missing = family(&format!("{head}files = ['user-data']\n")).unwrap_err();
        assert_eq!(missing, FamilyError::Missing("user-data".into()));
        for name in ["", "../ks.cfg", "a/b", ".hidden", "done", "authorized_keys"] {
            let error = family(&format!("{head}files = ['{name}']\n")).unwrap_err();
            assert_eq!(error, FamilyError::Name(name.into()));
        }
        let only = family(&format!("{head}files = []\nonly = '9'\n")).unwrap_err();
        assert_eq!(only, FamilyError::Only("9".into()));
        let unknown = family(&format!("{head}files = []\nmemroy = '1G'\n")).unwrap_err();
        assert!(unknown.to_string().contains("memroy"), "{unknown}");
    }
}

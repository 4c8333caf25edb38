//! Profiles: how a system is installed without anybody at the console. A profile says what the
//! installer's kernel is told, and has the templates of its answer files (kickstart, preseed,
//! autoinstall and the like).
//!
//! - [`family`]: a folder with a `profile.toml`, for several releases of one system.
//! - [`library`]: the families that vmprov brings, and those of this host.
//! - [`answers`]: what a template may use, checked; [`render`]: templates made texts.
//! - [`secret`]: root's password.
//!
//! All but the reading of this host's folder is pure.

pub mod answers;
pub mod family;
pub mod library;
pub mod render;
pub mod secret;

use crate::failure::Failure;
use answers::Mirror;
use family::Family;

/// One release of a family: what `create --profile` names.
#[derive(Debug, Clone)]
pub struct Profile {
    /// `debian-13`, or a folder's name alone.
    pub name: String,
    /// The key of its release.
    pub release: Option<String>,
    /// All that is the same for every release.
    pub family: Family,
    /// Whether vmprov brings it, or this host has it.
    pub is_built_in: bool,
}

impl Profile {
    /// The profiles of a family: one a release, or the one that it is restricted to.
    #[must_use]
    pub fn of(family: &Family, folder: &str, is_built_in: bool) -> Vec<Self> {
        let profile = |name: String, release: Option<&String>| Self {
            name,
            release: release.cloned(),
            family: family.clone(),
            is_built_in,
        };
        if family.only.is_some() || family.releases.is_empty() {
            return vec![profile(folder.to_owned(), family.only.as_ref())];
        }
        let releases = family.releases.keys();
        releases.map(|key| profile(format!("{folder}-{key}"), Some(key))).collect()
    }

    /// What it installs, for people.
    ///
    /// # Errors
    /// Its title is no template.
    pub fn title(&self) -> Result<String, Failure> {
        render::alone(self, "title", &self.family.title)
    }

    /// The mirror that it installs from unless another is named.
    ///
    /// # Errors
    /// It is no template, or no URL.
    pub fn mirror(&self) -> Result<Option<Mirror>, Failure> {
        let Some(mirror) = &self.family.mirror else { return Ok(None) };
        let url = render::alone(self, "mirror", mirror)?;
        let wrong = |error| Failure::failed(format!("profile {}: mirror: {error}", self.name));
        url.parse().map(Some).map_err(wrong)
    }

    /// Where its medium is, on this mirror or its own.
    ///
    /// # Errors
    /// It is no template, or there is no mirror.
    pub fn medium(&self, mirror: Option<Mirror>) -> Result<Option<String>, Failure> {
        let Some(medium) = &self.family.media else { return Ok(None) };
        let mirror = match mirror {
            Some(mirror) => mirror,
            None => self.mirror()?.ok_or_else(|| {
                Failure::usage(format!("profile {} has no mirror of its own: name one", self.name))
            })?,
        };
        render::with_mirror(self, "media", medium, &mirror).map(Some)
    }
}

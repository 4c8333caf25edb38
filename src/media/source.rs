//! Where a medium comes from: a directory, a file that libarchive reads (an ISO, a tarball, a
//! Debian package), or a tree behind a URL.
//!
//! An archive is somebody else's bytes, and its readers have had their faults: `bsdtar` reads it,
//! as nobody, from a descriptor that it is handed.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::layout;
use crate::failure::Failure;
use crate::files::read;
use crate::host::program;

/// Nobody, in every Linux.
const NOBODY: u32 = 65534;
/// What is read of a list of an archive's names.
const MAX_NAMES: u64 = 64 << 20;
/// What is read of a text: a list of checksums.
const MAX_TEXT: u64 = 4 << 20;
/// A server must have answered by then; and one read of its must have come.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a slow line may take for a file.
const WHOLE: Duration = Duration::from_secs(3600);

/// A place with an installer in it.
#[derive(Debug)]
pub enum Source {
    /// A directory.
    Directory(PathBuf),
    /// An ISO or tarball, or the data of a Debian package.
    Archive {
        /// The file.
        path: PathBuf,
        /// All names in it.
        names: Vec<String>,
    },
    /// A tree.
    Url {
        /// Its root, with a slash at the end.
        base: String,
        /// Who asks.
        agent: ureq::Agent,
    },
}

impl Source {
    /// The source that a word names: a URL, a directory or a file.
    ///
    /// # Errors
    /// Nothing is there, or it is no archive, or a broken one.
    pub fn new(word: &str) -> Result<Self, Failure> {
        if word.starts_with("http://") || word.starts_with("https://") {
            let config = ureq::Agent::config_builder()
                .timeout_connect(Some(PATIENCE))
                .timeout_recv_response(Some(PATIENCE))
                .timeout_global(Some(WHOLE))
                .max_redirects(5)
                .http_status_as_error(false)
                .user_agent("vmprov")
                .build();
            let base = format!("{}/", word.trim_end_matches('/'));
            return Ok(Self::Url { base, agent: config.into() });
        }
        let path = Path::new(word);
        let metadata = path.metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::not_found(format!("there is no {word}")),
            _ => Failure::io("finding", path, &error),
        })?;
        if metadata.is_dir() {
            return Ok(Self::Directory(path.to_owned()));
        }
        let mut names = String::new();
        let mut list = Extract::start(path, &["-t"], &[])?;
        let read = list.by_ref().take(MAX_NAMES).read_to_string(&mut names);
        read.map_err(|why| broken(path, &why))?;
        list.end()?;
        let names = names.lines().map(|name| name.trim_start_matches("./").to_owned()).collect();
        Ok(Self::Archive { path: path.to_owned(), names })
    }

    /// The kernel's and the initrd's names in it.
    ///
    /// # Errors
    /// They are in none of the places where installers have them, or it cannot be read.
    pub fn find(&self) -> Result<(&'static str, String, String), Failure> {
        let found = match self {
            Self::Archive { names, .. } => layout::among(names),
            Self::Directory(root) => {
                let is_there = |name: &&str| root.join(name).is_file();
                self.probe(|name| Ok(is_there(&name)))?
            }
            Self::Url { .. } => self.probe(|name| Ok(self.get(name)?.is_some()))?,
        };
        let (layout, kernel, initrd) = found.ok_or_else(|| {
            Failure::not_found(format!(
                "there is no installer in {self}: no kernel with its initrd is in any of {}",
                layout::places()
            ))
        })?;
        Ok((layout.system, kernel, initrd))
    }

    /// A file in it, to be read once; none if it is not there.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&self, name: &str) -> Result<Option<Box<dyn Read>>, Failure> {
        match self {
            Self::Directory(root) => match File::open(root.join(name)) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Failure::io("reading", &root.join(name), &error)),
            },
            Self::Archive { path, names } => {
                if !names.iter().any(|there| there == name) {
                    return Ok(None);
                }
                // The names in the archive may have a ./ before them.
                let files = [name, &format!("./{name}")];
                Ok(Some(Box::new(Extract::start(path, &["-x", "-O"], &files)?)))
            }
            Self::Url { .. } => self.get(name),
        }
    }

    /// A short text in it; none if it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(mut file) = self.open(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = file.by_ref().take(MAX_TEXT).read_to_end(&mut bytes);
        read.map_err(|error| Failure::failed(format!("reading {name} of {self}: {error}")))?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The source in which `up` levels above this one's root is the root, if there is one.
    #[must_use]
    pub fn above(&self, up: usize) -> Option<Self> {
        match self {
            Self::Directory(root) => {
                let root = root.canonicalize().ok()?;
                Some(Self::Directory(root.ancestors().nth(up)?.to_owned()))
            }
            Self::Archive { .. } => None,
            Self::Url { base, agent } => {
                let (scheme, rest) = base.split_once("://")?;
                let mut parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
                // The first is the host.
                parts.truncate(parts.len().checked_sub(up).filter(|left| *left >= 1)?);
                Some(Self::Url {
                    base: format!("{scheme}://{}/", parts.join("/")),
                    agent: agent.clone(),
                })
            }
        }
    }

    fn probe(
        &self,
        is_there: impl Fn(&str) -> Result<bool, Failure>,
    ) -> Result<Option<(layout::Layout, String, String)>, Failure> {
        for layout in layout::LAYOUTS {
            if is_there(layout.kernel)? && is_there(layout.initrd)? {
                return Ok(Some((*layout, layout.kernel.to_owned(), layout.initrd.to_owned())));
            }
        }
        Ok(None)
    }

    fn get(&self, name: &str) -> Result<Option<Box<dyn Read>>, Failure> {
        let Self::Url { base, agent } = self else { return Ok(None) };
        let url = format!("{base}{name}");
        let failure =
            |why: &dyn std::fmt::Display| Failure::failed(format!("fetching {url}: {why}"));
        let answer = agent.get(&url).call().map_err(|error| failure(&error))?;
        match answer.status().as_u16() {
            200 => Ok(Some(Box::new(answer.into_body().into_reader()))),
            404 | 403 | 410 => Ok(None),
            status => Err(failure(&format!("the server answers {status}"))),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) | Self::Archive { path, .. } => path.display().fmt(f),
            Self::Url { base, .. } => base.fmt(f),
        }
    }
}

/// `bsdtar` at work on a file; what it writes can be read.
pub struct Extract {
    path: PathBuf,
    children: Vec<Child>,
    out: ChildStdout,
    is_over: bool,
}

impl Extract {
    /// Starts it with these options, on these files of the archive (all, if none). A file's name is the
    /// archive's word, and may begin like an option.
    ///
    /// # Errors
    /// It is not installed, or the file cannot be opened.
    pub fn start(path: &Path, options: &[&str], files: &[&str]) -> Result<Self, Failure> {
        let failure = |error: io::Error| Failure::io("reading", path, &error);
        let file = read::any(path).map_err(failure)?;
        let mut children = Vec::new();
        let mut input = Stdio::from(file);
        if path.extension().is_some_and(|extension| extension == "deb") {
            // A package is an archive (ar) with the archive of its data in it.
            let mut outer = bsdtar(input, &["-x", "-O", "-f", "-", "data.tar*"])?;
            input = outer.stdout.take().map_or_else(Stdio::null, Stdio::from);
            children.push(outer);
        }
        let words = [options, &["-f", "-", "--"], files].concat();
        let mut child = bsdtar(input, &words)?;
        let out = child.stdout.take().ok_or_else(|| Failure::failed("a bug: no pipe"))?;
        children.push(child);
        Ok(Self { path: path.to_owned(), children, out, is_over: false })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It could not read the file as an archive.
    pub fn end(mut self) -> Result<(), Failure> {
        self.finish().map_err(|why| broken(&self.path, &why))
    }

    fn finish(&mut self) -> Result<(), String> {
        self.is_over = true;
        for child in &mut self.children {
            let mut said = String::new();
            if let Some(stderr) = &mut child.stderr {
                let _ = stderr.take(10_000).read_to_string(&mut said);
            }
            let status = child.wait().map_err(|error| error.to_string())?;
            let complaint = said.lines().find(|line| !line.contains("Not found in archive"));
            if let (false, Some(line)) = (status.success(), complaint) {
                let line = line.trim_start_matches("bsdtar: ").to_owned();
                // The last line only says that there was an error.
                if !line.starts_with("Error exit delayed") {
                    return Err(line);
                }
            }
        }
        Ok(())
    }
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!(
        "{} is no ISO, tarball or package, or a broken one: {why}",
        path.display()
    ))
}

impl Read for Extract {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.out.read(buffer)?;
        if count == 0 && !self.is_over {
            // A file that is cut off must not pass for a whole one.
            self.finish().map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

impl Drop for Extract {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn bsdtar(input: Stdio, words: &[&str]) -> Result<Child, Failure> {
    let program = program::find("bsdtar").ok_or_else(|| {
        Failure::failed("bsdtar is not installed (Debian: libarchive-tools): it is what reads ISOs")
    })?;
    let mut command = Command::new(program);
    command.args(words).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_clear().env("LC_ALL", "C.UTF-8").current_dir("/");
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.spawn().map_err(|error| Failure::failed(format!("starting bsdtar: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str) -> Source {
        Source::new(base).unwrap()
    }

    #[test]
    fn above_a_url_stops_at_the_host() {
        let tree = url("http://a/debian/dists/trixie");
        assert_eq!(tree.above(1).unwrap().to_string(), "http://a/debian/dists/");
        assert_eq!(tree.above(3).unwrap().to_string(), "http://a/");
        assert!(tree.above(4).is_none());
    }

    #[test]
    fn a_file_whose_name_begins_like_an_option_is_a_file() {
        let root = tempfile::tempdir().unwrap();
        let tree = root.path().join("--exclude=*/text/debian-installer/amd64");
        std::fs::create_dir_all(&tree).unwrap();
        std::fs::write(tree.join("linux"), "a kernel").unwrap();
        std::fs::write(tree.join("initrd.gz"), "an initrd").unwrap();
        let archive = root.path().join("x.tar");
        let mut make = Command::new(program::find("bsdtar").expect("bsdtar makes the archive"));
        make.arg("-cf").arg(&archive).arg("-C").arg(root.path()).args(["--", "--exclude=*"]);
        assert!(make.status().unwrap().success());
        let source = Source::new(archive.to_str().unwrap()).unwrap();
        let (_, kernel, initrd) = source.find().unwrap();
        for (name, content) in [(kernel, "a kernel"), (initrd, "an initrd")] {
            assert!(name.starts_with("--exclude=*/"), "{name}");
            assert_eq!(source.text(&name).unwrap().as_deref(), Some(content));
        }
    }

    #[test]
    fn a_directory_is_searched() {
        let root = tempfile::tempdir().unwrap();
        let source = Source::new(root.path().to_str().unwrap()).unwrap();
        let error = source.find().unwrap_err();
        assert!(error.message.contains("casper/vmlinuz"), "{error}");
        for name in ["casper/vmlinuz", "casper/initrd"] {
            std::fs::create_dir_all(root.path().join("casper")).unwrap();
            std::fs::write(root.path().join(name), name).unwrap();
        }
        let found = source.find().unwrap();
        assert_eq!(found, ("Ubuntu", "casper/vmlinuz".into(), "casper/initrd".into()));
        assert_eq!(source.text("casper/initrd").unwrap().as_deref(), Some("casper/initrd"));
        assert_eq!(source.text("nothing").unwrap(), None);
    }
}

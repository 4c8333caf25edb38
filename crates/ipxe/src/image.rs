//! Images: what a script has fetched, and how one is run. Follows `src/hci/commands/image_cmd.c`,
//! `src/usr/imgmgmt.c` and `src/core/image.c`.
//!
//! Different from iPXE, where every registered image but the kernel itself is handed to Linux as an
//! initrd: scripts are left out, and so are other kernels, which a loop that tries again may leave behind.
//! `imgextract` leaves what it is given packed, since Linux unpacks an initrd itself.
//! What `kernel` names is taken for a kernel, though iPXE would run a script that it names as well.
//! `boot` without a kernel fails, while iPXE prints a message and goes on as if nothing had failed.

use crate::boot::{Kind, kind, looks_like_kernel};
use crate::command::{Ask, Flow, Stop, number};
use crate::error::{Cause, Exceeded};
use crate::form::Parameter;
use crate::options::{ANY, Options, Spec, flag, value};
use crate::run::Run;
use crate::script::is_script;
use crate::step::Fetched;
use crate::text::{join, shown_url};

/// Something a script has fetched.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) name: Vec<u8>,
    pub(crate) url: String,
    pub(crate) arguments: Vec<u8>,
    pub(crate) role: Role,
    /// The kernel that `boot` takes.
    pub(crate) selected: bool,
}

/// What an image is used for, as far as the script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Any,
    Kernel,
    Script,
}

/// What is done with an image once it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Register,
    Select,
    Arguments,
    Extract,
    Execute { replace: bool },
}

/// A file to fetch, and what the command says of it.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) url: String,
    pub(crate) form: Option<Vec<Parameter>>,
    pub(crate) timeout: Option<u32>,
    name: Option<Vec<u8>>,
    arguments: Option<Vec<u8>>,
    then: Use,
}

/// A file to fetch that may be a script.
#[derive(Clone, Debug)]
pub(crate) struct Executes {
    pub(crate) download: Download,
    replace: bool,
    autofree: bool,
}

const NAME: Spec = value("name", b'n');
const TIMEOUT: Spec = value("timeout", b't');
const AUTOFREE: Spec = flag("autofree", b'a');
const SINGLE: &[Spec] = &[NAME, TIMEOUT, AUTOFREE];
const EXTRACT: &[Spec] = &[NAME, TIMEOUT, AUTOFREE, flag("keep", b'k')];
const EXECUTE: &[Spec] = &[NAME, TIMEOUT, AUTOFREE, flag("replace", b'r')];

impl Download {
    pub(crate) fn missing(&self, why: String) -> Stop {
        Cause::Fetch { url: shown_url(self.url.as_bytes()), why }.into()
    }
}

impl Run {
    /// `imgfetch`, `initrd`, `module`; `kernel`, `imgselect`, `imgload`; `imgargs`; `imgextract`.
    pub(crate) fn single(&mut self, words: &[Vec<u8>], then: Use) -> Result<Flow, Stop> {
        let specs = if then == Use::Extract { EXTRACT } else { SINGLE };
        let options = Options::parse(words, specs, 1, ANY)?;
        let image = self.find(options.argument(0)).filter(|_| then != Use::Register);
        let download = match image {
            Some(index) => return self.finish(index, &options, then),
            None => self.download(&options, then)?,
        };
        if then == Use::Select {
            bootable(crate::uri::basename(&download.url))?;
        }
        Ok(Flow::Ask(Ask::Probe(download)))
    }

    /// `imgexec`, `boot`, `chain`.
    pub(crate) fn execute(&mut self, words: &[Vec<u8>]) -> Result<Flow, Stop> {
        let options = Options::parse(words, EXECUTE, 0, ANY)?;
        let then = Use::Execute { replace: options.has(b'r') };
        let (replace, autofree) = (options.has(b'r'), options.has(b'a'));
        let index = match options.arguments.is_empty() {
            true => {
                Some(self.images.iter().position(|image| image.selected).ok_or(Cause::NoKernel)?)
            }
            false => self.find(options.argument(0)),
        };
        if let Some(index) = index {
            self.finish(index, &options, then)?;
            let image = self.images.get(index).ok_or(Cause::NoKernel)?;
            if image.role == Role::Kernel || kind(crate::uri::basename(&image.url)) != Kind::Other {
                return self.boot(index);
            }
            let (url, name) = (image.url.clone(), Some(image.name.clone()));
            let arguments = Some(image.arguments.clone());
            self.count_file()?;
            let download = Download { url, form: None, timeout: None, name, arguments, then };
            return Ok(Flow::Ask(Ask::Fetch(Executes { download, replace, autofree })));
        }
        let download = self.download(&options, then)?;
        let file = crate::uri::basename(&download.url);
        if kind(file) == Kind::Pxelinux {
            return Ok(Flow::Done(self.pxelinux(download.url)));
        }
        bootable(file)?;
        Ok(Flow::Ask(Ask::Fetch(Executes { download, replace, autofree })))
    }

    /// `imgfree`, `imgstat`.
    pub(crate) fn each(&mut self, words: &[Vec<u8>], free: bool) -> Result<Flow, Stop> {
        let options = Options::parse(words, &[], 0, ANY)?;
        if options.arguments.is_empty() && free {
            self.images.clear();
        }
        for name in &options.arguments {
            let index = self.find(name).ok_or_else(|| Cause::NoImage(name.clone()))?;
            if free {
                self.images.remove(index);
            }
        }
        Ok(Flow::Next)
    }

    /// Goes on with a file that is there.
    pub(crate) fn downloaded(&mut self, download: Download) -> Result<Flow, Stop> {
        let Download { url, name, arguments, then, .. } = download;
        let named = name.is_some();
        let index = self.register(url, name, Role::Any)?;
        let image = self.images.get_mut(index).ok_or(Cause::NoKernel)?;
        image.arguments = arguments.unwrap_or_default();
        self.act(index, then, named)
    }

    /// Goes on with a file that may be a script.
    pub(crate) fn fetched(&mut self, wanted: Executes, fetched: Fetched) -> Result<Flow, Stop> {
        let Executes { mut download, replace, autofree } = wanted;
        let bytes = match fetched {
            Fetched::Missing(why) => return Err(download.missing(why)),
            Fetched::TooLarge => None,
            Fetched::Bytes(bytes) => Some(bytes),
            Fetched::Redirected { url, bytes } => {
                if let Some(url) = crate::uri::resolve(&download.url, url.as_bytes()) {
                    download.url = url;
                }
                Some(bytes)
            }
        };
        if let Some(bytes) = &bytes
            && is_script(bytes)
        {
            let name = download.name.unwrap_or_else(|| named_after(&download.url));
            if !autofree && self.find(&name).is_none() {
                self.register(download.url.clone(), Some(name), Role::Script)?;
            }
            self.enter(&download.url, bytes, replace).map_err(Stop::Error)?;
            return Ok(Flow::Entered);
        }
        if bytes.is_some_and(|bytes| !looks_like_kernel(&bytes)) {
            let image = crate::uri::basename(&download.url).to_vec();
            return Err(
                Cause::Unbootable { image, why: "it is neither a script nor a kernel" }.into()
            );
        }
        let Download { url, name, arguments, .. } = download;
        let known = name.as_deref().and_then(|name| self.find(name));
        let index = match known {
            Some(index) => index,
            None => self.register(url, name, Role::Kernel)?,
        };
        if let Some(image) = self.images.get_mut(index) {
            image.role = Role::Kernel;
            image.arguments = arguments.unwrap_or_default();
        }
        self.boot(index)
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.images.iter().position(|image| image.name == name)
    }

    fn download(&mut self, options: &Options, then: Use) -> Result<Download, Stop> {
        let written = options.argument(0);
        let (reference, form) = self.forms.claim(written);
        let url = crate::uri::resolve(&self.store.url, reference)
            .ok_or_else(|| Cause::Url(written.to_vec()))?;
        if url.len() > self.limits.url_bytes {
            let (url, limit) = (url.into_bytes(), self.limits.url_bytes);
            return Err(Cause::UrlTooLong { url, limit }.into());
        }
        let timeout = options.value(b't').map(number).transpose()?.filter(|&time| time != 0);
        self.count_file()?;
        let name = options.value(b'n').map(<[u8]>::to_vec);
        Ok(Download { url, form, timeout, name, arguments: arguments(options), then })
    }

    fn count_file(&mut self) -> Result<(), Exceeded> {
        self.files = self.files.saturating_add(1);
        if self.files > self.limits.files {
            return Err(Exceeded::Files { limit: self.limits.files, last: None });
        }
        Ok(())
    }

    fn register(
        &mut self,
        url: String,
        name: Option<Vec<u8>>,
        role: Role,
    ) -> Result<usize, Exceeded> {
        if self.images.len() >= self.limits.images {
            return Err(Exceeded::Images { limit: self.limits.images });
        }
        let name = name.unwrap_or_else(|| named_after(&url));
        self.images.push(Image { name, url, arguments: Vec::new(), role, selected: false });
        Ok(self.images.len().saturating_sub(1))
    }

    /// Goes on with an image that is registered already.
    fn finish(&mut self, index: usize, options: &Options, then: Use) -> Result<Flow, Stop> {
        let image = self.images.get_mut(index).ok_or(Cause::NoKernel)?;
        if then == Use::Arguments {
            image.arguments.clear();
        }
        if let Some(name) = options.value(b'n') {
            image.name = name.to_vec();
        }
        if let Some(arguments) = arguments(options) {
            image.arguments = arguments;
        }
        self.act(index, then, options.value(b'n').is_some())
    }

    fn act(&mut self, index: usize, then: Use, named: bool) -> Result<Flow, Stop> {
        if then == Use::Extract
            && !named
            && let Some(image) = self.images.get_mut(index)
            && let Some(dot) = image.name.iter().rposition(|&b| b == b'.')
        {
            image.name.truncate(dot);
        }
        if then != Use::Select {
            return Ok(Flow::Next);
        }
        for image in &mut self.images {
            image.selected = false;
        }
        let image = self.images.get_mut(index).ok_or(Cause::NoKernel)?;
        bootable(crate::uri::basename(&image.url))?;
        (image.selected, image.role) = (true, Role::Kernel);
        Ok(Flow::Next)
    }
}

/// The words behind the image; none if there are none, which leaves an image's arguments alone.
fn arguments(options: &Options) -> Option<Vec<u8>> {
    match options.from(1) {
        [] => None,
        words => Some(join(words)),
    }
}

fn named_after(url: &str) -> Vec<u8> {
    crate::uri::basename(url).to_vec()
}

fn bootable(file: &[u8]) -> Result<(), Cause> {
    match kind(file) {
        Kind::Unbootable(why) => Err(Cause::Unbootable { image: file.to_vec(), why }),
        Kind::Other | Kind::Pxelinux => Ok(()),
    }
}

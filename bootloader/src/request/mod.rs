//! What is asked: the command line of libxl, xenopsd, xend, pypxeboot's users or a person
//! at a shell, validated once.
//!
//! libxl's argv is `--output=F --output-format=simple0 --output-directory=D ARGS… DISK`,
//! with `--kernel=`, `--ramdisk=`, `--args=`, `--runas=` and `--quiet` in front when they
//! apply (`make_bootloader_args`, tools/libs/light/libxl_bootloader.c).

mod flags;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::console::Level;
use crate::failure::{Failure, Reason};
use crate::guest::Uuid;
use crate::guest::vif_spec::VifWords;
use crate::limits::MAX_DEADLINE_SECONDS;
use crate::sandbox::SandboxPolicy;

pub use flags::{ClientPolicy, MenuPolicy, NetMode, Order, OutputFormat};

/// Everything that was asked for, checked.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do with the plan once it stands.
    pub purpose: Purpose,
    /// `kernel=` of the guest's config: a URL or a name to fetch instead of a config's kernel.
    pub kernel: Option<String>,
    /// `ramdisk=` of the guest's config, likewise.
    pub ramdisk: Option<String>,
    /// What is added at the end of the guest's command line.
    pub args: Vec<u8>,
    /// The uid the worker (and pygrub) runs as.
    pub runas: Option<u32>,
    /// Where the answer goes.
    pub output: Output,
    /// How the answer is written.
    pub format: OutputFormat,
    /// Where kernel and ramdisk are put.
    pub directory: PathBuf,
    /// What was said about the guest's interface.
    pub vif: VifWords,
    /// The guest's config, when it was named.
    pub config: Option<PathBuf>,
    /// The UUID to look for a config with, when it was named.
    pub uuid: Option<Uuid>,
    /// The label to boot instead of the config's default.
    pub label: Option<String>,
    /// Stands for `pxelinux.cfg` in the names that are asked for (pypxeboot's `--config-dir`).
    pub config_dir: Option<String>,
    /// Whose network is used.
    pub net: NetMode,
    /// What is tried first.
    pub order: Order,
    /// As which kind of client a lease is asked for.
    pub client: ClientPolicy,
    /// The certificate authorities that https servers are checked against, instead of dom0's.
    pub ca: Option<PathBuf>,
    /// Whether to boot where the kernel lacks a part of the worker's sandbox.
    pub sandbox: SandboxPolicy,
    /// Whether a menu may be shown.
    pub menu: MenuPolicy,
    /// The boot's time, in all.
    pub deadline: Duration,
    /// How much is told.
    pub level: Level,
    /// Whether nobody is to be asked anything (libxl's restricted mode).
    pub quiet: bool,
    /// The guest's boot disk.
    pub disk: Option<PathBuf>,
    /// Things worth a line once there is a console.
    pub notes: Vec<String>,
}

/// What the boot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Boot the guest.
    Boot,
    /// Print the plan, fetch no image.
    DryRun,
    /// Print the labels of the config.
    ListEntries,
}

/// Where the answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// An existing file (libxl's), or one to be made.
    File(PathBuf),
}

/// What a command line comes to.
#[derive(Debug)]
pub enum Parsed {
    /// Something to do.
    Request(Box<Request>),
    /// `--help` or `--version`: text for stdout.
    Text(String),
}

impl Request {
    /// Reads a command line, without the program's name.
    ///
    /// # Errors
    /// [`Reason::Usage`], with what is wrong and where to read more.
    pub fn parse(argv: Vec<OsString>) -> Result<Parsed, Failure> {
        let flags = match flags::parse(words::split_packed(argv)) {
            Ok(flags) => flags,
            Err(flags::NotFlags::Text(text)) => return Ok(Parsed::Text(text)),
            Err(flags::NotFlags::Wrong(message)) => return Err(usage(message)),
        };
        let mut words = words::read(&flags.words).map_err(usage)?;
        if flags.udhcpc.is_some() {
            words.notes.push("--udhcpc is not needed any more and is ignored".to_owned());
        }
        let vif = VifWords {
            mac: match &flags.mac {
                Some(text) => {
                    Some(text.parse().map_err(|error| usage(format!("--mac {text}: {error}")))?)
                }
                None => words.vif.mac,
            },
            bridge: flags.bridge.or(flags.interface).or(words.vif.bridge),
            vlan: flags.vlan.or(words.vif.vlan),
            script: words.vif.script,
            backend: words.vif.backend,
        };
        let purpose = match (flags.list_entries, flags.dry_run) {
            (true, _) => Purpose::ListEntries,
            (false, true) => Purpose::DryRun,
            (false, false) => Purpose::Boot,
        };
        let level = match (flags.debug, flags.verbose, flags.quiet) {
            (true, _, _) => Level::Debug,
            (_, true, _) => Level::Detail,
            _ => Level::Step,
        };
        if cfg!(not(feature = "tls")) && flags.ca.is_some() {
            return Err(usage("--ca: this rpxeboot has no TLS, and reads no https:// URL"));
        }
        // Root, and the number that setresuid(2) takes for "as it is".
        if let Some(uid @ (0 | u32::MAX)) = flags.runas {
            return Err(usage(format!("--runas {uid}: it takes the uid of an unprivileged user")));
        }
        Ok(Parsed::Request(Box::new(Self {
            purpose,
            kernel: flags.kernel.filter(|name| !name.is_empty()),
            ramdisk: flags.ramdisk.filter(|name| !name.is_empty()),
            args: flags.args.map(std::os::unix::ffi::OsStringExt::into_vec).unwrap_or_default(),
            runas: flags.runas,
            output: match flags.output {
                Some(path) if path != Path::new("-") => Output::File(path),
                _ => Output::Stdout,
            },
            format: flags.output_format,
            directory: flags.output_directory,
            vif,
            config: flags.config,
            uuid: match &flags.uuid {
                Some(text) => Some(Uuid::parse(text).ok_or_else(|| {
                    usage(format!(
                        "--uuid {text}: a UUID is written like 8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11"
                    ))
                })?),
                None => None,
            },
            label: flags.label.filter(|label| !label.is_empty()),
            config_dir: flags.config_dir.filter(|name| !name.is_empty()),
            net: flags.net,
            order: flags.order,
            client: flags.client,
            ca: flags.ca,
            sandbox: flags.sandbox,
            menu: flags.menu,
            deadline: deadline(flags.deadline)?,
            level,
            quiet: flags.quiet,
            disk: flags.pygrub_image.or(words.disk),
            notes: words.notes,
        })))
    }

    /// The domain number in libxl's `--output-directory` (`bootloader.N.d`) or, failing
    /// that, in its `--output` (`bootloader.N.out`).
    #[must_use]
    pub fn domid(&self) -> Option<u32> {
        let number = |path: &Path, suffix: &str| {
            path.file_name()?
                .to_str()?
                .strip_prefix("bootloader.")?
                .strip_suffix(suffix)?
                .parse()
                .ok()
        };
        number(&self.directory, ".d").or_else(|| match &self.output {
            Output::File(path) => number(path, ".out"),
            Output::Stdout => None,
        })
    }
}

fn deadline(seconds: u64) -> Result<Duration, Failure> {
    if (1..=MAX_DEADLINE_SECONDS).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(usage(format!("--deadline {seconds}: it takes 1 to {MAX_DEADLINE_SECONDS} seconds")))
    }
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(Reason::Usage, format!("{} (see rpxeboot --help)", message.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(argv: &[&str]) -> Request {
        match Request::parse(argv.iter().map(OsString::from).collect()) {
            Ok(Parsed::Request(request)) => *request,
            other => panic!("{argv:?}: {other:?}"),
        }
    }

    fn refusal(argv: &[&str]) -> String {
        match Request::parse(argv.iter().map(OsString::from).collect()) {
            Err(failure) => {
                assert_eq!(failure.reason, Reason::Usage);
                failure.message
            }
            Ok(other) => panic!("{argv:?}: {other:?}"),
        }
    }

    const LIBXL: [&str; 3] = [
        "--output=/var/lib/xen/bootloader.7.out",
        "--output-format=simple0",
        "--output-directory=/var/lib/xen/bootloader.7.d",
    ];

    fn libxl(args: &[&str]) -> Request {
        let mut argv = LIBXL.to_vec();
        argv.extend(args);
        request(&argv)
    }

    #[test]
    fn the_longest_deadline_and_one_second_more() {
        let longest = Duration::from_secs(MAX_DEADLINE_SECONDS);
        assert_eq!(libxl(&["--deadline=3600", "disk"]).deadline, longest);
        for wrong in ["--deadline=3601", "--deadline=0"] {
            let argv = LIBXL.iter().chain([&wrong]).map(OsString::from).collect();
            assert_eq!(Request::parse(argv).unwrap_err().reason, Reason::Usage, "{wrong}");
        }
    }

    #[test]
    fn libxl_without_arguments() {
        let request = libxl(&["/OVS/running_pool/pxe/system.img"]);
        assert_eq!(request.domid(), Some(7));
        assert_eq!(request.format, OutputFormat::Simple0);
        assert_eq!(request.disk.as_deref(), Some(Path::new("/OVS/running_pool/pxe/system.img")));
        assert_eq!(request.vif, VifWords::default());
        assert_eq!(request.deadline, Duration::from_secs(60));
    }

    #[test]
    fn libxl_with_everything_in_front() {
        let mut argv = vec![
            "--kernel=http://boot/vmlinuz",
            "--ramdisk=initrd",
            "--args=root=/dev/xvda1 ro  x=1",
            "--runas=999",
            "--quiet",
        ];
        argv.extend(LIBXL);
        argv.push("/dev/vg/rk");
        let request = request(&argv);
        assert_eq!(request.kernel.as_deref(), Some("http://boot/vmlinuz"));
        assert_eq!(request.args, b"root=/dev/xvda1 ro  x=1");
        assert_eq!(request.runas, Some(999));
        assert!(request.quiet);
    }

    #[test]
    fn every_option_also_with_a_blank_instead_of_the_equals_sign() {
        let request =
            libxl(&["--mac", "00:16:3e:62:39:d3", "--label", "rescue", "--args", "a b", "/d"]);
        assert_eq!(request.vif.mac.unwrap().to_string(), "00:16:3e:62:39:d3");
        assert_eq!(request.label.as_deref(), Some("rescue"));
        assert_eq!(request.args, b"a b");
    }

    #[test]
    fn pypxeboot_words() {
        let request = libxl(&[
            "--interface=eth1",
            "--udhcpc=/usr/local/sbin/udhcpc",
            "--config-dir=pxeboot.cfg",
            "--pygrub-image=/dev/vg/root",
            "mac=AA:00:86:E2:35:72,",
            "/dev/vg/rk",
        ]);
        assert_eq!(request.vif.mac.unwrap().to_string(), "aa:00:86:e2:35:72");
        assert_eq!(request.vif.bridge.as_deref(), Some("eth1"));
        assert_eq!(request.config_dir.as_deref(), Some("pxeboot.cfg"));
        assert_eq!(request.disk.as_deref(), Some(Path::new("/dev/vg/root")));
        assert_eq!(request.notes.len(), 1);
    }

    #[test]
    fn one_word_of_libvirt_or_ganeti_is_split() {
        let request =
            libxl(&["--mac 00:16:3e:62:39:d3 --label=linux  bridge=br0", "/srv/my disk.img"]);
        assert_eq!(request.vif.mac.unwrap().to_string(), "00:16:3e:62:39:d3");
        assert_eq!(request.label.as_deref(), Some("linux"));
        assert_eq!(request.vif.bridge.as_deref(), Some("br0"));
        assert_eq!(request.disk.as_deref(), Some(Path::new("/srv/my disk.img")));
    }

    #[test]
    fn a_vif_spec_gives_mac_bridge_and_script() {
        let request =
            libxl(&["type=vif, mac=00:16:3e:62:39:d3 ,bridge=ovsbr0,script=vif-openvswitch", "/d"]);
        assert_eq!(request.vif.bridge.as_deref(), Some("ovsbr0"));
        assert_eq!(request.vif.script.as_deref(), Some("vif-openvswitch"));
    }

    #[test]
    fn options_go_before_words() {
        let request = libxl(&["--bridge=br1", "mac=00:16:3e:62:39:d3,bridge=br0", "/d"]);
        assert_eq!(request.vif.bridge.as_deref(), Some("br1"));
    }

    #[test]
    fn xend_and_xenopsd_forms() {
        let xend = request(&["-q", "--output=/var/lib/xend/fifo", "mac=00:16:3e:62:39:d3", "/d"]);
        assert_eq!(xend.format, OutputFormat::Sxp);
        let xenopsd = request(&["--output-format=simple", "-q", "--runas=65540", "/dev/sm/x"]);
        assert_eq!(xenopsd.output, Output::Stdout);
        assert_eq!(xenopsd.domid(), None);
    }

    #[test]
    fn synonyms() {
        assert_eq!(libxl(&["--entry=x", "/d"]).label.as_deref(), Some("x"));
        assert_eq!(libxl(&["--not-really", "/d"]).purpose, Purpose::DryRun);
        assert_eq!(libxl(&["-n", "/d"]).purpose, Purpose::DryRun);
        assert_eq!(libxl(&["-l", "/d"]).purpose, Purpose::ListEntries);
        assert_eq!(libxl(&["--order", "disk,net", "/d"]).order, Order::DiskNet);
    }

    #[test]
    fn the_help_fits_a_terminal() {
        for word in ["--help", "-h"] {
            match Request::parse(vec![word.into()]) {
                Ok(Parsed::Text(text)) => {
                    let longest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
                    assert!(longest.chars().count() <= 80, "{longest}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(refusal(&["--colour=blue"]).contains("--colour"));
        assert!(refusal(&["--mac", "zz"]).contains("zz"));
        assert!(refusal(&["frobnicate", "/d"]).contains("frobnicate"));
        assert!(refusal(&["--deadline", "0"]).contains("1 to 3600"));
        assert!(refusal(&["--vlan", "4095"]).contains("4095"));
        assert!(refusal(&["--runas=0"]).contains("unprivileged"));
        assert!(refusal(&["--runas=4294967295"]).contains("unprivileged"));
        assert!(refusal(&["--output-format=xml"]).contains("xml"));
    }
}

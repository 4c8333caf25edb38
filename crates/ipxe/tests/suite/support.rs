//! A driver over files in memory.

use std::collections::BTreeMap;

use ipxe::{
    Answer, Boot, Dhcp, Failed, Fetched, Finished, Found, Limits, Outcome, Parameter, Settings,
    Step, begin,
};

pub(crate) const BASE: &str = "http://boot/a/menu.ipxe";

/// Files by URL, and what was asked of them.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) asked: Vec<String>,
    pub(crate) forms: Vec<Vec<Parameter>>,
    pub(crate) console: Vec<String>,
    pub(crate) timeouts: Vec<Option<u32>>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) menus: Vec<String>,
    pub(crate) settings: Option<Settings>,
    pub(crate) limits: Limits,
}

pub(crate) fn settings() -> Settings {
    let mut dhcp = Dhcp {
        address: Some([10, 0, 0, 5].into()),
        next_server: Some([10, 0, 0, 1].into()),
        file: Some(b"undionly.kpxe".to_vec()),
        ..Dhcp::default()
    };
    dhcp.options.insert(1, vec![255, 255, 255, 0]);
    dhcp.options.insert(3, vec![10, 0, 0, 254]);
    dhcp.options.insert(6, vec![10, 0, 0, 2]);
    dhcp.options.insert(12, b"web1".to_vec());
    dhcp.options.insert(54, vec![10, 0, 0, 3]);
    let mut settings = Settings::new([0x52, 0x54, 0, 0x12, 0x34, 0x56], dhcp);
    settings.uuid = Some(*b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10");
    settings.smbios.insert("manufacturer".to_owned(), b"Xen".to_vec());
    settings
}

impl World {
    /// A world with these files: their URLs, or names beside the first script.
    pub(crate) fn with(files: &[(&str, &str)]) -> World {
        let mut world = World::default();
        for (name, text) in files {
            let url = if name.contains(':') {
                (*name).to_owned()
            } else {
                format!("http://boot/a/{name}")
            };
            world.files.insert(url, text.as_bytes().to_vec());
        }
        world
    }

    pub(crate) fn run(&mut self, script: &str) -> Result<Finished, Box<Failed>> {
        let settings = self.settings.clone().unwrap_or_else(settings);
        let mut step = begin(BASE, format!("#!ipxe\n{script}").as_bytes(), settings, self.limits);
        loop {
            step = match step {
                Ok(Step::Done(done)) => {
                    self.console.extend(done.console.iter().cloned());
                    return Ok(*done);
                }
                Ok(Step::Fetch(fetch)) => {
                    self.console.extend(fetch.console().iter().cloned());
                    self.timeouts.push(fetch.timeout());
                    self.forms.extend(fetch.form().map(<[Parameter]>::to_vec));
                    let file = self.ask(fetch.url());
                    fetch.resume(match file {
                        Some(bytes) if bytes == b"(large)" => Fetched::TooLarge,
                        Some(bytes) => Fetched::Bytes(bytes),
                        None => Fetched::Missing("404 Not Found".to_owned()),
                    })
                }
                Ok(Step::Probe(probe)) => {
                    self.console.extend(probe.console().iter().cloned());
                    self.timeouts.push(probe.timeout());
                    let file = self.ask(probe.url());
                    probe.resume(match file {
                        Some(_) => Found::Present,
                        None => Found::Missing("404 Not Found".to_owned()),
                    })
                }
                Ok(Step::Choose(choose)) => {
                    self.console.extend(choose.console().iter().cloned());
                    self.timeouts.push(choose.timeout());
                    self.menus.push(shown(&choose));
                    let answer = if self.answers.is_empty() {
                        Answer::Unattended
                    } else {
                        self.answers.remove(0)
                    };
                    choose.resume(answer)
                }
                Err(failed) => {
                    self.console.extend(failed.console.iter().cloned());
                    return Err(failed);
                }
            };
        }
    }

    fn ask(&mut self, url: &str) -> Option<Vec<u8>> {
        self.asked.push(url.to_owned());
        self.files.get(url).cloned()
    }

    /// The kernel the script boots.
    pub(crate) fn boots(&mut self, script: &str) -> Boot {
        match self.run(script) {
            Ok(Finished { outcome: Outcome::Boot(boot), .. }) => boot,
            other => panic!("{other:?}\n{:#?}", self.console),
        }
    }

    /// What the script prints, of which only that counts.
    pub(crate) fn prints(&mut self, script: &str) -> Vec<String> {
        let _ = self.run(script);
        std::mem::take(&mut self.console)
    }

    pub(crate) fn error(&mut self, script: &str) -> String {
        self.run(script).unwrap_err().to_string()
    }
}

fn shown(choose: &ipxe::Choose) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut menu = text(choose.title());
    for (index, item) in choose.items().iter().enumerate() {
        let mark = if index == choose.selected() { '*' } else { '|' };
        let label = item.label.as_deref().map_or("-".to_owned(), text);
        menu.push_str(&format!("{mark}{label}={}", text(&item.text)));
    }
    menu
}

pub(crate) fn line(boot: &Boot) -> &str {
    std::str::from_utf8(&boot.command_line).unwrap()
}

/// The initrds' URLs.
pub(crate) fn initrds(boot: &Boot) -> Vec<&str> {
    boot.initrds.iter().map(|initrd| initrd.url.as_str()).collect()
}

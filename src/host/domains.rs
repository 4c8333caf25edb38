//! The guests that run, as xl lists them; and the few things that xl does for us.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::{program, xen};
use crate::console::Console;
use crate::failure::Failure;

/// A running domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Its number, another one after each reboot.
    pub domid: u32,
    /// Its memory.
    pub memory_mib: u64,
    /// Its processors.
    pub vcpus: u32,
    /// xl's letters for what it does: `r-----` and so on.
    pub state: String,
    /// The processor time that it has had, in tenths of a second.
    #[serde(skip)]
    pub cpu_tenths: u64,
}

impl Domain {
    /// Whether it is one that only waits for its clean-up: `s` shut down, `d` dying.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.state.contains(['s', 'd'])
    }
}

/// The toolstack of this host.
#[derive(Debug, Clone)]
pub struct Xl {
    program: PathBuf,
}

impl Xl {
    /// xl, where it is of use: in a dom0.
    #[must_use]
    pub fn here() -> Option<Self> {
        let program = program::find("xl")?;
        xen::is_dom0().then_some(Self { program })
    }

    /// A command of xl's.
    #[must_use]
    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(verb);
        command
    }

    /// All that runs, but dom0.
    ///
    /// # Errors
    /// xl fails, or says what we do not understand.
    pub fn domains(&self, console: &Console) -> Result<Vec<Domain>, Failure> {
        let said = program::run_well(self.command("list"), console)?;
        parse(&said.out).ok_or_else(|| {
            Failure::failed(format!("xl list said what we cannot read: {}", said.out))
        })
    }

    /// Tells a running guest which config its next start is from: its own reboot, too.
    ///
    /// # Errors
    /// xl fails.
    pub fn config_update(
        &self,
        domid: u32,
        config: &Path,
        console: &Console,
    ) -> Result<(), Failure> {
        let mut command = self.command("config-update");
        command.arg(domid.to_string()).arg(config);
        program::run_well(command, console).map(drop)
    }
}

/// The running domain of this name; none where no guest can run.
///
/// # Errors
/// xl is there and fails: then nobody knows.
pub fn running(name: &str, console: &Console) -> Result<Option<Domain>, Failure> {
    let Some(xl) = Xl::here() else { return Ok(None) };
    Ok(xl.domains(console)?.into_iter().find(|domain| domain.name == name))
}

/// `Name ID Mem VCPUs State Time(s)`: a name can have blanks, so it is read from the right.
fn parse(list: &str) -> Option<Vec<Domain>> {
    let mut lines = list.lines();
    lines.next().filter(|header| header.starts_with("Name"))?;
    let lines = lines.filter(|line| !line.trim().is_empty());
    let domains: Option<Vec<Domain>> = lines.map(parse_line).collect();
    Some(domains?.into_iter().filter(|domain| domain.domid != 0).collect())
}

fn parse_line(line: &str) -> Option<Domain> {
    let mut rest = line;
    let mut last_word = || {
        let (before, word) = rest.trim_end().rsplit_once(char::is_whitespace)?;
        rest = before;
        Some(word)
    };
    let (time, state, vcpus) = (last_word()?, last_word()?, last_word()?);
    let (memory, domid) = (last_word()?, last_word()?);
    Some(Domain {
        name: rest.trim_end().to_owned(),
        domid: domid.parse().ok()?,
        memory_mib: memory.parse().ok()?,
        vcpus: vcpus.parse().ok()?,
        state: state.to_owned(),
        cpu_tenths: time.replace('.', "").parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
Name                                        ID   Mem VCPUs\tState\tTime(s)
Domain-0                                     0  2048     2     r-----     112.9
RK                                           7  1024     1     -b----       3.4
(null)                                       8     0     0     --p---       0.0
a guest                                      9   256     4     r-----   12345.6
";

    #[test]
    fn xls_list_is_read_from_the_right() {
        let domains = parse(LIST).unwrap();
        let names: Vec<_> = domains.iter().map(|domain| domain.name.as_str()).collect();
        assert_eq!(names, ["RK", "(null)", "a guest"]);
        assert_eq!(domains[0].domid, 7);
        assert_eq!(domains[0].memory_mib, 1024);
        assert_eq!(domains[2].cpu_tenths, 123_456);
        assert!(!domains[0].is_ending());
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_an_empty_one() {
        assert_eq!(parse(""), None);
        assert_eq!(parse("xencall: error: Could not obtain handle\n"), None);
        assert_eq!(parse("Name ID Mem VCPUs State Time(s)\nRK 1\n"), None);
        assert_eq!(parse("Name ID Mem VCPUs State Time(s)\n"), Some(vec![]));
    }
}

//! Options of a command. Follows `src/core/getopt.c` and `src/core/parseopt.c`: options stand before
//! the first argument, `--` ends them, and a value that stands alone must not begin with `-`.

use crate::error::Cause;

/// An option a command takes.
pub(crate) struct Spec {
    pub(crate) long: &'static str,
    pub(crate) short: u8,
    pub(crate) value: bool,
}

/// Options and arguments of a command.
#[derive(Debug)]
pub(crate) struct Options {
    found: Vec<(u8, Vec<u8>)>,
    pub(crate) arguments: Vec<Vec<u8>>,
}

/// No upper limit on the count of arguments.
pub(crate) const ANY: usize = usize::MAX;

/// An option with a value.
pub(crate) const fn value(long: &'static str, short: u8) -> Spec {
    Spec { long, short, value: true }
}

/// An option without one.
pub(crate) const fn flag(long: &'static str, short: u8) -> Spec {
    Spec { long, short, value: false }
}

impl Options {
    /// Reads what stands behind the command's name.
    pub(crate) fn parse(
        words: &[Vec<u8>],
        specs: &[Spec],
        least: usize,
        most: usize,
    ) -> Result<Options, Cause> {
        let mut found = Vec::new();
        let mut rest = words;
        while let [word, tail @ ..] = rest {
            let Some(text) = word.strip_prefix(b"-") else { break };
            rest = tail;
            match text.strip_prefix(b"-") {
                Some(b"") => break,
                Some(long) => found.push(parse_long(word, long, specs, &mut rest)?),
                None => parse_short(word, text, specs, &mut rest, &mut found)?,
            }
        }
        let count = rest.len();
        if count < least || count > most {
            return Err(Cause::Arguments { count, least, most });
        }
        Ok(Options { found, arguments: rest.to_vec() })
    }

    pub(crate) fn has(&self, short: u8) -> bool {
        self.found.iter().any(|(option, _)| *option == short)
    }

    /// The option's last value.
    pub(crate) fn value(&self, short: u8) -> Option<&[u8]> {
        let found = self.found.iter().rev().find(|(option, _)| *option == short);
        found.map(|(_, value)| value.as_slice())
    }

    /// The argument at this place, empty if there is none.
    pub(crate) fn argument(&self, index: usize) -> &[u8] {
        self.arguments.get(index).map_or(&[], Vec::as_slice)
    }

    /// The arguments from this place on.
    pub(crate) fn from(&self, index: usize) -> &[Vec<u8>] {
        self.arguments.get(index..).unwrap_or_default()
    }
}

fn next_value(option: &[u8], rest: &mut &[Vec<u8>]) -> Result<Vec<u8>, Cause> {
    match *rest {
        [value, tail @ ..] if !value.starts_with(b"-") => {
            *rest = tail;
            Ok(value.clone())
        }
        _ => Err(Cause::OptionValue { option: option.to_vec(), wanted: true }),
    }
}

fn parse_long(
    word: &[u8],
    text: &[u8],
    specs: &[Spec],
    rest: &mut &[Vec<u8>],
) -> Result<(u8, Vec<u8>), Cause> {
    for spec in specs {
        let inline = match text.strip_prefix(spec.long.as_bytes()) {
            Some(b"") => None,
            Some([b'=', value @ ..]) => Some(value.to_vec()),
            _ => continue,
        };
        let value = match (spec.value, inline) {
            (true, Some(value)) => value,
            (true, None) => next_value(word, rest)?,
            (false, None) => Vec::new(),
            (false, Some(_)) => {
                return Err(Cause::OptionValue { option: word.to_vec(), wanted: false });
            }
        };
        return Ok((spec.short, value));
    }
    Err(Cause::UnknownOption(word.to_vec()))
}

fn parse_short(
    word: &[u8],
    letters: &[u8],
    specs: &[Spec],
    rest: &mut &[Vec<u8>],
    found: &mut Vec<(u8, Vec<u8>)>,
) -> Result<(), Cause> {
    let unknown = || Cause::UnknownOption(word.to_vec());
    let mut letters = letters;
    if letters.is_empty() {
        return Err(unknown());
    }
    while let [letter, tail @ ..] = letters {
        let spec = specs.iter().find(|spec| spec.short == *letter).ok_or_else(unknown)?;
        letters = tail;
        let value = match (spec.value, tail.is_empty()) {
            (false, _) => Vec::new(),
            (true, true) => next_value(word, rest)?,
            (true, false) => {
                letters = &[];
                tail.to_vec()
            }
        };
        found.push((*letter, value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: [Spec; 3] = [value("name", b'n'), flag("keep", b'k'), value("timeout", b't')];

    fn parse(line: &str) -> Result<Options, Cause> {
        let words: Vec<_> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        Options::parse(&words, &SPECS, 1, 2)
    }

    #[test]
    fn options_are_read_in_every_form() {
        for line in ["--name x -k a", "--name=x --keep a", "-nx -k a", "-kn x -- a"] {
            let options = parse(line).unwrap();
            assert_eq!(options.value(b'n'), Some(&b"x"[..]), "{line}");
            assert!(options.has(b'k'), "{line}");
            assert!(!options.has(b't'), "{line}");
            assert_eq!(options.arguments, [b"a"], "{line}");
        }
        assert_eq!(parse("a -k").unwrap().arguments, [&b"a"[..], b"-k"]);
        assert_eq!(parse("-- --keep").unwrap().arguments, [b"--keep"]);
    }

    #[test]
    fn a_wrong_option_is_named() {
        let unknown = |word: &str| Cause::UnknownOption(word.as_bytes().to_vec());
        assert_eq!(parse("-x a").unwrap_err(), unknown("-x"));
        assert_eq!(parse("--kee a").unwrap_err(), unknown("--kee"));
        assert_eq!(parse("- a").unwrap_err(), unknown("-"));
        assert_eq!(parse("--- a").unwrap_err(), unknown("---"));
        let wrong = |option: &str, wanted| Cause::OptionValue { option: option.into(), wanted };
        assert_eq!(parse("--name -k a").unwrap_err(), wrong("--name", true));
        assert_eq!(parse("--keep=1 a").unwrap_err(), wrong("--keep=1", false));
        assert_eq!(parse("a b c").unwrap_err(), Cause::Arguments { count: 3, least: 1, most: 2 });
        assert_eq!(parse("-k").unwrap_err(), Cause::Arguments { count: 0, least: 1, most: 2 });
    }
}

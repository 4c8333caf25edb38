//! Form parameters, which a script sends along when it asks for a file: `params` and `param`. Follows
//! `src/hci/commands/param_cmd.c` and `src/core/params.c`.

use crate::command::{Flow, Stop};
use crate::error::{Cause, Exceeded};
use crate::limits::Limits;
use crate::options::{ANY, Options, Spec, flag, value};
use crate::text::join;

/// A parameter of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// It is a header of the request, and not of the form itself.
    pub header: bool,
}

/// The lists that exist, each with its name; the one without a name is the default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forms(Vec<(Option<Vec<u8>>, Vec<Parameter>)>);

const PARAMS: &[Spec] = &[value("name", b'n'), flag("delete", b'd')];
const PARAM: &[Spec] = &[value("params", b'p'), flag("header", b'H')];

impl Forms {
    /// `params`: makes a list anew.
    pub(crate) fn params(&mut self, words: &[Vec<u8>], limits: &Limits) -> Result<Flow, Stop> {
        let options = Options::parse(words, PARAMS, 0, 0)?;
        let name = options.value(b'n').map(<[u8]>::to_vec);
        self.0.retain(|(known, _)| *known != name);
        if !options.has(b'd') {
            self.room(limits)?;
            self.0.push((name, Vec::new()));
        }
        Ok(Flow::Next)
    }

    /// `param`: adds to a list.
    pub(crate) fn param(&mut self, words: &[Vec<u8>], limits: &Limits) -> Result<Flow, Stop> {
        let options = Options::parse(words, PARAM, 1, ANY)?;
        self.room(limits)?;
        let list = self.0.iter_mut().find(|(name, _)| name.as_deref() == options.value(b'p'));
        let (_, list) = list.ok_or(Cause::NoParams)?;
        let (key, value) = (options.argument(0).to_vec(), join(options.from(1)));
        list.push(Parameter { key, value, header: options.has(b'H') });
        Ok(Flow::Next)
    }

    /// Takes a list for a request, and what remains of its URL. A list that does not exist is ignored, as
    /// in iPXE.
    pub(crate) fn claim<'a>(&mut self, url: &'a [u8]) -> (&'a [u8], Option<Vec<Parameter>>) {
        const MARK: &[u8] = b"##params";
        let mark = url.windows(MARK.len()).position(|window| window == MARK);
        let Some((url, rest)) = mark.and_then(|mark| url.split_at_checked(mark)) else {
            return (url, None);
        };
        let rest = rest.get(MARK.len()..).unwrap_or_default();
        let wanted = rest.split_first().map(|(_, name)| name);
        let index = self.0.iter().position(|(name, _)| name.as_deref() == wanted);
        (url, index.map(|index| self.0.remove(index).1))
    }

    fn room(&self, limits: &Limits) -> Result<(), Exceeded> {
        let count = self.0.iter().map(|(_, list)| list.len().saturating_add(1)).sum::<usize>();
        if count >= limits.parameters {
            return Err(Exceeded::Parameters { limit: limits.parameters });
        }
        Ok(())
    }
}

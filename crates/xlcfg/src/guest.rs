//! The few keys whose reading in xl is more than a getter: the arguments of the bootloader, the type.
//! Follows `parse_config_data` in xl_parse.c.

use crate::document::Document;
use crate::error::GetError;
use crate::value::Value;

/// What kind of guest a configuration describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestType {
    /// Paravirtualized.
    Pv,
    /// Paravirtualized in a hardware container.
    Pvh,
    /// Fully virtualized. It boots by its own firmware and never runs a bootloader in dom0.
    Hvm,
}

/// A `type` or `builder` with which xl refuses the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuestTypeError {
    /// Neither pv, pvh nor hvm (`builder`: neither generic nor hvm).
    #[error("line {line}: unknown {key} {text:?}; write type = \"pv\" or \"pvh\"")]
    Unknown {
        /// `type` or `builder`.
        key: String,
        /// What stands there.
        text: String,
        /// Its line.
        line: usize,
    },
    /// `type` and `builder` say different things.
    #[error("line {line}: builder contradicts type; remove builder")]
    Contradiction {
        /// The line of `builder`.
        line: usize,
    },
    /// The key is not a string.
    #[error(transparent)]
    Get(#[from] GetError),
}

impl Document {
    /// The words `bootloader_args` passes to the bootloader; none if it is not set.
    ///
    /// A list gives its items as they are; a list inside ends the words, as it does in xl. The old form,
    /// one string, is cut at spaces, tabs and newlines, and knows no quotes.
    pub fn bootloader_args(&self) -> Result<Vec<String>, GetError> {
        match self.get("bootloader_args") {
            None => Ok(Vec::new()),
            Some(Value::String(_)) => {
                let text = self.string("bootloader_args")?.unwrap_or_default();
                let words = text.split([' ', '\t', '\n']).filter(|word| !word.is_empty());
                Ok(words.map(str::to_owned).collect())
            }
            Some(Value::List(list)) => {
                let strings = list.iter().map_while(|item| match item {
                    Value::String(bytes) => Some(String::from_utf8(bytes.into_owned())),
                    Value::List(_) => None,
                });
                strings.collect::<Result<_, _>>().map_err(|_| GetError::NotUtf8 {
                    key: "bootloader_args".to_owned(),
                    line: self.position("bootloader_args").map_or(0, |position| position.line),
                })
            }
        }
    }

    /// The guest's type: `type`, else the old `builder`, else PV, xl's default on x86.
    ///
    /// xl takes the beginning of a name for the name, so `"p"` is PV, and the empty string HVM.
    pub fn guest_type(&self) -> Result<GuestType, GuestTypeError> {
        let names = [("hvm", GuestType::Hvm), ("pv", GuestType::Pv), ("pvh", GuestType::Pvh)];
        let builders = [("hvm", GuestType::Hvm), ("generic", GuestType::Pv)];
        let named = self.named("type", &names)?;
        let built = self.named("builder", &builders)?;
        match (named, built) {
            (Some(named), Some(built)) if named != built => Err(GuestTypeError::Contradiction {
                line: self.position("builder").map_or(0, |position| position.line),
            }),
            (named, built) => Ok(named.or(built).unwrap_or(GuestType::Pv)),
        }
    }

    fn named(
        &self,
        key: &str,
        names: &[(&str, GuestType)],
    ) -> Result<Option<GuestType>, GuestTypeError> {
        let Some(text) = self.string(key)? else { return Ok(None) };
        match names.iter().find(|(name, _)| name.starts_with(&text)) {
            Some((_, kind)) => Ok(Some(*kind)),
            None => Err(GuestTypeError::Unknown {
                key: key.to_owned(),
                text,
                line: self.position(key).map_or(0, |position| position.line),
            }),
        }
    }
}

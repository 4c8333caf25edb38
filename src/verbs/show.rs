//! `vmprov show`: a config as xl reads it.

use serde_json::{Map, Value as Json, json};
use xlcfg::{Document, Value};

use super::Here;
use crate::cli;
use crate::config::GuestConfig;
use crate::failure::Failure;
use crate::files::read;

/// Runs the verb.
///
/// # Errors
/// No such guest or file, or xl would refuse it.
pub fn run(args: &cli::Show, here: Here<'_>) -> Result<(), Failure> {
    let document = match (&args.guest, &args.file) {
        (Some(target), _) => GuestConfig::find(here.settings, target)?.document,
        (None, Some(path)) => document(path)?,
        (None, None) => return Err(Failure::usage("show needs a guest, or --file FILE")),
    };
    let values = values(&document);
    here.console.report(&json!({ "values": values }), || {
        // In the file's order, which JSON's objects have not.
        let lines = document.keys().filter_map(|key| Some((key, values.get(key)?)));
        lines.map(|(key, value)| format!("{key} = {value}\n")).collect()
    })
}

/// Any file in xl's language: one without a `name`, such as xl.conf, can be shown as well.
fn document(path: &std::path::Path) -> Result<Document, Failure> {
    let bytes = read::small(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::not_found(format!("there is no {}", path.display()))
        }
        _ => Failure::io("reading", path, &error),
    })?;
    Document::parse(&bytes).map_err(|error| {
        let shown = path.display().to_string();
        Failure::failed(format!("xl would refuse this config:\n{}", error.render(&shown)))
    })
}

/// Each key once, with what xl takes for its value. Bytes that are no UTF-8 become U+FFFD: JSON
/// cannot have them.
fn values(document: &Document) -> Map<String, Json> {
    let keys = document.keys().map(str::to_owned);
    keys.filter_map(|key| Some((key.clone(), json_of(&document.get(&key)?)))).collect()
}

/// Lists are at most `xlcfg::MAX_NESTING` deep, so this cannot recurse further.
fn json_of(value: &Value<'_>) -> Json {
    match value {
        Value::String(bytes) => Json::from(String::from_utf8_lossy(bytes)),
        Value::List(list) => list.iter().map(|item| json_of(&item)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_xls() {
        let text = "a = 1\nname = 'RK'\nvif = [ 'x', [ 'y' ] ]\na += 2\n";
        let values = values(&Document::parse(text).unwrap());
        assert_eq!(Json::from(values), json!({"a": "12", "name": "RK", "vif": ["x", ["y"]]}));
    }
}

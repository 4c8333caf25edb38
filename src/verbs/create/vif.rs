//! A new guest's interfaces.

use xlcfg::{VifSpec, parse_mac};

use super::others::Others;
use crate::cli;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::values::Mac;

/// How often a random MAC is drawn before we believe that something is wrong: there are 2^23.
const DRAWS: usize = 1000;

/// One interface.
pub(super) struct Vif {
    /// As in xl's config.
    pub(super) spec: String,
    /// Its MAC.
    pub(super) mac: Mac,
    /// Its bridge.
    pub(super) bridge: String,
}

/// The interface of `--mac` and `--bridge`, which the guest boots from, then those of `--nic`.
///
/// # Errors
/// A MAC that another guest has, or a spec that xl would not take.
pub(super) fn all(
    args: &cli::Create,
    others: &Others,
    settings: &Settings,
) -> Result<Vec<Vif>, Failure> {
    let bridge = args.bridge.as_deref().unwrap_or(&settings.bridge);
    let mut vifs: Vec<Vif> = Vec::new();
    let first = args.mac.map(|mac| format!("mac={mac},")).unwrap_or_default();
    let specs = std::iter::once(format!("{first}bridge={bridge}"));
    for spec in specs.chain(args.nic.iter().cloned()) {
        let vif = one(&spec, bridge, &vifs, others)?;
        vifs.push(vif);
    }
    Ok(vifs)
}

fn one(text: &str, bridge: &str, before: &[Vif], others: &Others) -> Result<Vif, Failure> {
    let refused = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("{text:?} is no interface that xl would take: {error}"))
    };
    let mut spec = VifSpec::parse(text).map_err(|error| refused(&error))?;
    if let Some((word, _)) =
        spec.fields().find(|(key, value)| value.is_none() && !KNOWN_WORDS.contains(key))
    {
        return Err(refused(&format!("it has a stray {word:?}")));
    }
    let mac = match spec.get("mac") {
        Some(given) => {
            let bytes = parse_mac(given).map_err(|error| refused(&error))?;
            let mac = Mac::new(bytes).map_err(|error| refused(&error))?;
            refuse_taken(mac, before, others)?;
            mac
        }
        None => free_mac(before, others)?,
    };
    // xl gives a vif without a bridge to its own default; a config says it, so that a person
    // sees it.
    let bridge = spec.bridge().unwrap_or(bridge).to_owned();
    let mut whole = VifSpec::parse("").map_err(|error| refused(&error))?;
    whole.set("mac", &mac.to_string()).map_err(|error| refused(&error))?;
    whole.set("bridge", &bridge).map_err(|error| refused(&error))?;
    spec.remove("mac");
    spec.remove("bridge");
    let rest = spec.to_string();
    let rest = if rest.is_empty() { rest } else { format!(",{rest}") };
    Ok(Vif { spec: format!("{whole}{rest}"), mac, bridge })
}

/// The words of a vif that stand without a value (xl-network-configuration(5)).
const KNOWN_WORDS: [&str; 2] = ["trusted", "untrusted"];

fn refuse_taken(mac: Mac, before: &[Vif], others: &Others) -> Result<(), Failure> {
    if let Some(path) = others.user_of(mac) {
        let path = path.display();
        return Err(Failure::refused(format!(
            "{mac} is the MAC of the guest in {path} already: two would answer to it"
        )));
    }
    if before.iter().any(|vif| vif.mac == mac) {
        return Err(Failure::refused(format!("{mac} is given to two interfaces")));
    }
    Ok(())
}

fn free_mac(before: &[Vif], others: &Others) -> Result<Mac, Failure> {
    for _ in 0..DRAWS {
        let mac = Mac::random()
            .map_err(|error| Failure::failed(format!("no random MAC: /dev/urandom: {error}")))?;
        if refuse_taken(mac, before, others).is_ok() {
            return Ok(mac);
        }
    }
    Err(Failure::failed("no free MAC was found in 00:16:3e: give one with --mac"))
}

//! What PXELINUX 6.04 was seen to do, one scenario a test: the configuration on top, the outcome
//! below.

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod debian;
#[cfg(test)]
mod default;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod includes;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod language;
#[cfg(test)]
mod location;
#[cfg(test)]
mod menus;
#[cfg(test)]
mod modules;
#[cfg(test)]
mod names;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod support;

//! What scripts do, from outside.

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod images;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod menus;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
#[cfg(test)]
mod systems;

//! What scripts do, from outside.

mod arbitrary;
mod errors;
mod flow;
mod images;
mod limits;
mod menus;
mod settings;
mod support;
mod systems;

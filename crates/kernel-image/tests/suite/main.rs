//! What the crate says of kernels, of damaged ones, and of what is none. The images are made of
//! tiny parts in `support`; those in `data` were made by the real tools, see `compressions`.

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod compressions;
#[cfg(test)]
mod damaged;
#[cfg(test)]
mod fit;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod support;

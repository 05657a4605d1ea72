//! The machines as users and other rooms meet them.

#[cfg(test)]
#[path = "it/documented.rs"]
mod documented;
#[cfg(test)]
#[path = "it/machines.rs"]
mod machines;
#[cfg(test)]
#[path = "it/observed.rs"]
mod observed;

//! Health checks of the machine.

mod amount;
mod disk;
mod load;
mod memory;

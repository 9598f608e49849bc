//! The commands `exec`, `push`, `pull` and `ping`, against a real agent.

mod broken;
mod commands;
mod reach;
mod rig;
mod transfers;

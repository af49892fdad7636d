//! The program as an operator has it: a binary, an environment, its output and its exit code.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]
#![expect(clippy::print_stdout, reason = "the runner that kills prints its counts")]

mod clocks;
mod commands;
mod full_disk;
mod kills;
mod load;
mod nodes;
mod rig;
mod serve;

//! The program as an operator has it: a binary, an environment, its output and its exit code.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]
#![expect(clippy::print_stdout, reason = "the runner that kills prints its counts")]

mod clocks;
mod commands;

mod cut_commits;
mod failover;
mod full_disk;
mod full_pool;
mod kills;
mod load;
mod nodes;
mod rig;
mod sdks;
mod serve;

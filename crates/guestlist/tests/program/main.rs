//! The program as an operator has it: a binary, an environment, its output and its exit code.

#![expect(clippy::expect_used, reason = "tests")]

mod commands;
mod rig;
mod serve;

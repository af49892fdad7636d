//! The most delicate rule: `decide`, as one table and in a small world.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod page;
mod situations;
mod table;
mod world;

//! The guest's way in a real browser that runs no scripts: Chromium, over a socket, on a phone and on a desk.
//!
//! Controls are found by the names that a person reads and a screen reader says. They are few, because each starts a
//! browser; what can be shown without one is shown in `flows` and `security`.

mod guest;

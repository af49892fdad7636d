//! A connection that is dropped when nothing moves on it.
//!
//! Owns one clock for reading and one for writing: a peer that sends nothing, or takes nothing, does not hold a place
//! for ever. Must not know what the bytes mean.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A stream with limited patience.
pub(super) struct Patience<S> {
    stream: S,
    reading: Watch,
    writing: Watch,
}

impl<S> Patience<S> {
    /// Waits for the other side at most `limit` at a time.
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, reading: Watch::new(limit), writing: Watch::new(limit) }
    }
}

/// Counts how long something has been pending.
struct Watch {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Watch {
    const fn new(limit: Duration) -> Self {
        Self { limit, sleep: None, running: false }
    }

    /// Passes on what is ready; what is pending is pending for a limited time.
    fn over<T>(&mut self, cx: &mut Context<'_>, polled: Poll<Result<T>>) -> Poll<Result<T>> {
        if polled.is_ready() {
            self.running = false;
            return polled;
        }
        let limit = self.limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.running {
            sleep.as_mut().reset(Instant::now() + limit);
            self.running = true;
        }
        sleep.as_mut().poll(cx).map(|()| Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.reading.over(cx, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.writing.over(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.writing.over(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.writing.over(cx, polled)
    }
}

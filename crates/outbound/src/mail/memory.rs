//! The carrier that carries nowhere: mails stay in memory, for the mailbox page of `guestlist dev` and for tests.

use super::{MailTransport, RenderedMail};
use async_trait::async_trait;
use guestlist_domain::mail::Failure;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many mails are kept; older ones fall out.
const CAPACITY: usize = 1000;

/// Mails in memory, newest last. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    mails: VecDeque<RenderedMail>,
    failure: Option<Failure>,
}

impl MemoryTransport {
    /// With no mail yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every mail that is kept, oldest first.
    pub fn mails(&self) -> Vec<RenderedMail> {
        self.state().mails.iter().cloned().collect()
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        self.state().mails.clear();
    }

    /// From now on every mail fails this way; with `None`, mails arrive again.
    pub fn fail_with(&self, failure: Option<Failure>) {
        self.state().failure = failure;
    }

    /// A list of mails is whole after every statement, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MailTransport for MemoryTransport {
    async fn send(&self, mail: &RenderedMail) -> Result<(), Failure> {
        let mut state = self.state();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        if state.mails.len() == CAPACITY {
            state.mails.pop_front();
        }
        state.mails.push_back(mail.clone());
        Ok(())
    }

    async fn check(&self) -> Result<(), String> {
        match &self.state().failure {
            Some(Failure::Transient(why) | Failure::Permanent(why)) => Err(why.clone()),
            None => Ok(()),
        }
    }
}

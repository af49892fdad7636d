//! Codes on their way to a mailbox and back. A building block: acts call it, it calls no act.
//!
//! Owns the keyed digest under which a code is kept, and the counting of tries. Must not know what a code is good for
//! beyond its errand.

use crate::app::App;
use crate::error::Unexpected;
use crate::outbox::{self, Letter};
use guestlist_domain::address_code::{AddressCode, Code, Errand};
use guestlist_domain::email::Email;
use guestlist_domain::ids::{AddressCodeId, UserId};
use guestlist_domain::mail::Occasion;
use guestlist_domain::time::Timestamp;
use guestlist_store::address_codes::{self, Asked};
use guestlist_store::{StoreError, Tx};

/// The use of the master key for the digest of a code.
const DIGEST: &str = "address code";

/// A code that nobody was told yet; minted before the transaction that may need it.
#[derive(Clone)]
pub(crate) struct NewCode {
    pub(crate) id: AddressCodeId,
    code: Code,
}

impl NewCode {
    pub(crate) fn mint(app: &App, now: Timestamp) -> Self {
        let entropy = app.entropy();
        Self { id: AddressCodeId::mint(now, entropy.bytes()), code: Code::mint(entropy.bytes()) }
    }

    /// Waits for the code; the user's former one dies.
    pub(crate) async fn expect(
        &self,
        app: &App,
        tx: &mut Tx<'_>,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let waiting = AddressCode::new(self.id.clone(), asked.user.clone(), asked.errand, asked.email.clone(), now);
        address_codes::replace(tx, &waiting, &digest(app, asked.user, asked.email, &self.code)).await
    }

    /// [`NewCode::expect`], and mails it to the address that it is about.
    pub(crate) async fn mail(
        &self,
        app: &App,
        tx: &mut Tx<'_>,
        asked: Asked<'_>,
        locale: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Unexpected> {
        self.expect(app, tx, asked, now).await?;
        let code = self.id.clone();
        let occasion = match asked.errand {
            Errand::Confirm => Occasion::AddressCode { code },
            Errand::Move => Occasion::MoveCode { code },
        };
        let letter = Letter { occasion, to: asked.email, user: asked.user, locale };
        outbox::enqueue_sealed(app, tx, letter, self.code.expose(), now).await
    }
}

/// A refusal whose try stays counted: it is an answer of the transaction, not the end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is another code.
    Wrong,
    /// No code waits, or the time or the tries of the one that did are over.
    Dead,
}

/// Somebody types in a code.
pub(crate) async fn enter(
    app: &App,
    tx: &mut Tx<'_>,
    asked: Asked<'_>,
    code: &Code,
    now: Timestamp,
) -> Result<Result<(), Refused>, StoreError> {
    if !address_codes::take_try(tx, asked, now).await? {
        return Ok(Err(Refused::Dead));
    }
    let digest = digest(app, asked.user, asked.email, code);
    let is_right = address_codes::spend(tx, asked, &digest, now).await?;
    Ok(if is_right { Ok(()) } else { Err(Refused::Wrong) })
}

/// Bound to user and address: a code proves no other. The errand is a column of its own.
fn digest(app: &App, user: &UserId, email: &Email, code: &Code) -> String {
    app.seal().mac(DIGEST, &format!("{user} {email} {}", code.expose()))
}

//! How often is too often. A building block: acts call it, it calls no act.
//!
//! Owns the limits of the doors that strangers can knock at, counted in the database so that every node sees them.

use guestlist_domain::email::Email;
use guestlist_domain::time::{Timestamp, hours, minutes};
use guestlist_store::{StoreError, Tx, throttles};
use std::time::Duration;

/// A door and how often it may be knocked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    name: &'static str,
    at_most: i64,
    within: Duration,
}

/// Wrong passwords for one address. Other ways in stay open.
pub(crate) const SIGN_IN: Limit = Limit { name: "sign-in", at_most: 10, within: minutes(15) };
/// Wrong current passwords on the account page.
pub(crate) const CHANGE_PASSWORD: Limit = Limit { name: "change-password", at_most: 10, within: minutes(15) };
/// Reset mails that anybody may ask for one address.
pub(crate) const FORGOT: Limit = Limit { name: "forgot", at_most: 5, within: hours(1) };
/// Codes that somebody asks for, to prove one address.
pub(crate) const ADDRESS_CODE: Limit = Limit { name: "address-code", at_most: 5, within: hours(1) };
/// Codes that anybody signed in asks for, to move an account to one address. The owner of a mailbox proves it all the same.
pub(crate) const MOVE_CODE: Limit = Limit { name: "move-code", at_most: 5, within: hours(1) };
/// Addresses that one user asks to move to.
pub(crate) const CHANGE_ADDRESS: Limit = Limit { name: "change-address", at_most: 5, within: hours(1) };
/// Invitation mails to one address beyond the first.
pub(crate) const RESEND: Limit = Limit { name: "resend", at_most: 10, within: hours(24) };

/// Counts one more knock for `subject`. `Err` carries how long to wait.
pub(crate) async fn knock(
    tx: &mut Tx<'_>,
    limit: Limit,
    subject: &str,
    now: Timestamp,
) -> Result<Result<(), Duration>, StoreError> {
    let count = throttles::hit(tx, &name(limit, subject), limit.within, now).await?;
    Ok(if count.count <= limit.at_most { Ok(()) } else { Err(count.resets_at.since(now)) })
}

/// [`knock`] for an address.
pub(crate) async fn knock_for(
    tx: &mut Tx<'_>,
    limit: Limit,
    email: &Email,
    now: Timestamp,
) -> Result<Result<(), Duration>, StoreError> {
    knock(tx, limit, email.as_str(), now).await
}

/// Begins again at nothing, as after the right password.
pub(crate) async fn forgive(tx: &mut Tx<'_>, limit: Limit, subject: &str) -> Result<(), StoreError> {
    throttles::clear(tx, &name(limit, subject)).await
}

fn name(limit: Limit, subject: &str) -> String {
    format!("{}:{subject}", limit.name)
}

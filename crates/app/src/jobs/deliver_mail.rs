//! Takes mails out of the outbox and hands them to the mail server.
//!
//! Owns the lease, the last look whether the mail still makes sense, and what is written down afterwards. A mail whose
//! link died meanwhile is not sent (R19). At least once: a repeated mail has the same Message-ID and link.

use super::join_all;
use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use crate::i18n::Language;
use crate::mails::{self, Letterhead, Mail};
use crate::outbox::SEALED_AS;
use guestlist_domain::address_code::{AddressCode, Code, Errand};
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{AddressChangeId, AddressCodeId, ClientId, InvitationId, LedgerId, TicketId};
use guestlist_domain::invitation::{Invitation, Link, Standing};
use guestlist_domain::mail::{DeliveryStatus, Failure, NextStep, Occasion, OutboxMail, after_failure};
use guestlist_domain::secret::Sensitive;
use guestlist_domain::ticket::{self, Channel};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_outbound::mail::{MailTransport, RenderedMail};
use guestlist_store::{
    Tx, abort_at, address_changes, address_codes, clients, invitations, link_ledger, outbox, tickets, users,
};
use serde_json::json;
use zeroize::Zeroizing;

/// Mails a lease: few, so that a slow mail server does not hold many.
const BATCH: i64 = 8;

/// Whatever a former process of this installation held is free again, if nobody else can hold it.
pub(super) async fn free_leases(app: &App) -> Result<(), Unexpected> {
    app.write(|tx| Box::pin(async move { Ok(outbox::free_leases(tx).await.map(drop)?) })).await
}

/// Delivers what is due now, one batch. The answer is how many mails it worked on.
pub async fn deliver_due(app: &App) -> Result<usize, Unexpected> {
    let Some(transport) = app.transport() else { return Ok(0) };
    let now = app.now();
    let due =
        app.write(move |tx| Box::pin(async move { Ok::<_, Unexpected>(outbox::lease(tx, now, BATCH).await?) })).await?;
    if !due.is_empty() {
        abort_at("outbox.leased");
    }
    let mut under_way = Vec::with_capacity(due.len());
    for mail in &due {
        under_way.push(deliver(app, transport, mail));
    }
    for done in join_all(under_way).await {
        done?;
    }
    Ok(due.len())
}

async fn deliver(app: &App, transport: &dyn MailTransport, mail: &OutboxMail) -> Result<(), Unexpected> {
    let now = app.now();
    let Some(content) = compose(app, mail, now).await? else {
        return close(app, mail, DeliveryStatus::Cancelled, None, now).await;
    };
    let language = Language::choose(mail.locale.as_deref());
    let head = Letterhead { language, recipient: &mail.recipient, site: app.public_url().host() };
    let words = content.render(&head).map_err(|error| Unexpected::Broken(error.to_string()))?;
    let rendered = RenderedMail {
        message_id: format!("{}@{}", mail.id, app.public_url().host()),
        from: app.mail_sender(),
        to: mail.recipient.clone(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        date: mail.created_at,
    };
    match transport.send(&rendered).await {
        Ok(()) => {
            abort_at("outbox.sent");
            mark_sent(app, mail, app.now()).await
        }
        Err(failure) => note_failure(app, mail, &failure, app.now()).await,
    }
}

/// What the mail says, or nothing if it makes no sense any more.
async fn compose(app: &App, mail: &OutboxMail, now: Timestamp) -> Result<Option<Mail>, Unexpected> {
    let (house, mail) = (app.clone(), mail.clone());
    app.read(move |tx| {
        let (app, mail) = (house.clone(), mail.clone());
        Box::pin(async move { compose_in(&app, tx, &mail, now).await })
    })
    .await
}

async fn compose_in(app: &App, tx: &mut Tx<'_>, mail: &OutboxMail, now: Timestamp) -> Result<Option<Mail>, Unexpected> {
    let account_url = app.public_url().at("/account");
    Ok(Some(match &mail.occasion {
        Occasion::Invitation { invitation, generation } => {
            return invitation_mail(app, tx, mail, invitation, *generation, now).await;
        }
        Occasion::Reset { ticket } => return reset_mail(app, tx, mail, ticket, now).await,
        Occasion::AddressCode { code } => {
            return Ok(code_facts(app, tx, mail, (code, Errand::Confirm), now).await?.map(Mail::AddressCode));
        }
        Occasion::MoveCode { code } => {
            return Ok(code_facts(app, tx, mail, (code, Errand::Move), now).await?.map(Mail::MoveCode));
        }
        Occasion::AddressTaken => Mail::AddressTaken(mails::AddressTaken { login_url: app.public_url().at("/login") }),
        Occasion::AddressChanged { change } => return address_changed_mail(app, tx, mail, change, now).await,
        Occasion::AddressRestored => Mail::AddressRestored(mails::AddressRestored {
            at: mail.created_at,
            forgot_url: app.public_url().at("/forgot"),
            support: None,
        }),
        Occasion::NoPassword { providers } => Mail::NoPassword(mails::NoPassword {
            providers: providers.clone(),
            login_url: app.public_url().at("/login"),
        }),
        Occasion::Welcome => Mail::Welcome(mails::Welcome { application: None, account_url, support: None }),
        Occasion::PasswordChanged => Mail::PasswordChanged(mails::PasswordChanged {
            at: mail.created_at,
            forgot_url: app.public_url().at("/forgot"),
            support: None,
        }),
        Occasion::WayInAdded { provider, entry } => {
            Mail::WayInAdded(way_in(app, tx, mail, (provider, entry.as_ref()), now).await?)
        }
        Occasion::WayInRemoved { provider, entry } => {
            Mail::WayInRemoved(way_in(app, tx, mail, (provider, entry.as_ref()), now).await?)
        }
        Occasion::InvitationBrought { invited, account } => Mail::InvitationBrought(mails::InvitationBrought {
            invited: invited.to_string(),
            account: if mail.recipient == *account { account.to_string() } else { account.masked() },
            at: mail.created_at,
            support: None,
        }),
        Occasion::AccountsMerged { kept, merged } => {
            let told = |email: &Email| if mail.recipient == *email { email.to_string() } else { email.masked() };
            let (kept, merged, at) = (told(kept), told(merged), mail.created_at);
            Mail::AccountsMerged(mails::AccountsMerged { kept, merged, at, support: None })
        }
        Occasion::Test => Mail::Test(mails::Test { at: mail.created_at }),
    }))
}

/// The news of a changed way in. It is news whether or not it can still be undone.
async fn way_in(
    app: &App,
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    (provider, entry): (&str, Option<&LedgerId>),
    now: Timestamp,
) -> Result<mails::WayIn, Unexpected> {
    let entry = match entry {
        Some(entry) => link_ledger::find(tx, entry).await?,
        None => None,
    };
    let undo = match entry {
        Some(entry) if entry.undo(link_ledger::is_undone(tx, &entry.id).await?, now).is_ok() => {
            Some(mails::UndoLink { link: open_link(app, mail, "/undo/")?, until: entry.undoable_until() })
        }
        _ => None,
    };
    let (provider, account_url) = (provider.to_owned(), app.public_url().at("/account"));
    Ok(mails::WayIn { provider, at: mail.created_at, account_url, undo, support: None })
}

async fn invitation_mail(
    app: &App,
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    id: &InvitationId,
    generation: i64,
    now: Timestamp,
) -> Result<Option<Mail>, Unexpected> {
    let Some(invitation) = invitations::find(tx, id).await? else { return Ok(None) };
    let link = Link { invitation: id.clone(), channel: Channel::Mailed, generation };
    if !matches!(invitation.standing(&link, now), Standing::Open(_)) || invitation.email != mail.recipient {
        return Ok(None);
    }
    let user = users::find(tx, &invitation.user).await?;
    let application = application(tx, invitation.terms.client.as_ref()).await?;
    let link = open_link(app, mail, "/i/")?;
    Ok(Some(Mail::Invitation(invitation_facts(&invitation, user, application, link, now))))
}

fn invitation_facts(
    invitation: &Invitation,
    user: Option<User>,
    application: Option<String>,
    link: Sensitive,
    now: Timestamp,
) -> mails::Invitation {
    mails::Invitation {
        guest: user.and_then(|user| user.profile.name),
        inviter: invitation.terms.inviter.clone(),
        application,
        message: invitation.terms.message.clone(),
        link,
        expires_at: invitation.expires_at().unwrap_or(now),
    }
}

async fn reset_mail(
    app: &App,
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    id: &TicketId,
    now: Timestamp,
) -> Result<Option<Mail>, Unexpected> {
    let Some(ticket) = tickets::find(tx, id).await? else { return Ok(None) };
    let Some(user) = users::find(tx, &ticket.user).await? else { return Ok(None) };
    if ticket.standing(user.epoch, now) != ticket::Standing::Open || user.email != mail.recipient {
        return Ok(None);
    }
    let link = open_link(app, mail, "/reset/")?;
    Ok(Some(Mail::Reset(mails::Reset { link, expires_at: ticket.expires_at })))
}

/// The facts of a mail that tells a code, while it is the newest of its user and for that mailbox.
async fn code_facts(
    app: &App,
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    (id, errand): (&AddressCodeId, Errand),
    now: Timestamp,
) -> Result<Option<mails::AddressCode>, Unexpected> {
    let Some(user) = mail.user.as_ref() else { return Ok(None) };
    let newest = address_codes::find(tx, user).await?;
    let is_told = |code: &AddressCode| code.id == *id && code.errand == errand && code.email == mail.recipient;
    let Some(code) = newest.filter(|code| is_told(code) && code.is_open(now)) else { return Ok(None) };
    let digits = open_secret(app, mail)?;
    let digits = Code::parse(&digits).ok_or(Unexpected::Seal(SEALED_AS))?;
    let page = match errand {
        Errand::Confirm => "/account",
        Errand::Move => "/account/address/change",
    };
    let (code, expires_at) = (digits.grouped(), code.expires_at);
    Ok(Some(mails::AddressCode { code, account_url: app.public_url().at(page), expires_at }))
}

/// The news for the mailbox before. It is news whether or not it can still be undone.
async fn address_changed_mail(
    app: &App,
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    id: &AddressChangeId,
    now: Timestamp,
) -> Result<Option<Mail>, Unexpected> {
    let Some(change) = address_changes::find(tx, id).await? else { return Ok(None) };
    let undo = match change.undo(now) {
        Ok(()) => Some(mails::UndoLink { link: open_link(app, mail, "/undo/")?, until: change.undoable_until() }),
        Err(_) => None,
    };
    let (to, at) = (change.to.masked(), change.at);
    Ok(Some(Mail::AddressChanged(mails::AddressChanged { to, at, undo, support: None })))
}

async fn application(tx: &mut Tx<'_>, client: Option<&ClientId>) -> Result<Option<String>, Unexpected> {
    let Some(client) = client else { return Ok(None) };
    Ok(clients::find(tx, client).await?.map(|client| client.name))
}

/// The link's secret, out of its seal for the length of one mail.
fn open_link(app: &App, mail: &OutboxMail, path: &str) -> Result<Sensitive, Unexpected> {
    let secret = open_secret(app, mail)?;
    Ok(Sensitive::new(app.public_url().at(&format!("{path}{}", *secret))))
}

/// What the mail carries, out of its seal for the length of one mail.
fn open_secret(app: &App, mail: &OutboxMail) -> Result<Zeroizing<String>, Unexpected> {
    let sealed = mail.sealed_secret.as_deref().ok_or(Unexpected::Seal(SEALED_AS))?;
    let plain = app.seal().open(SEALED_AS, sealed)?;
    let secret = std::str::from_utf8(&plain).map_err(|_| Unexpected::Seal(SEALED_AS))?;
    Ok(Zeroizing::new(secret.to_owned()))
}

async fn mark_sent(app: &App, mail: &OutboxMail, now: Timestamp) -> Result<(), Unexpected> {
    let (house, mail) = (app.clone(), mail.clone());
    app.write(move |tx| {
        let (app, mail) = (house.clone(), mail.clone());
        Box::pin(async move {
            if outbox::mark_sent(tx, &mail, now).await? {
                tell(&app, tx, &mail, EventKind::InvitationSent, None, now).await?;
            }
            Ok(())
        })
    })
    .await
}

async fn note_failure(app: &App, mail: &OutboxMail, failure: &Failure, now: Timestamp) -> Result<(), Unexpected> {
    let (Failure::Transient(error) | Failure::Permanent(error)) = failure;
    tracing::warn!(mail.id = %mail.id, mail.attempts, "a mail was not delivered");
    match after_failure(failure, mail.attempts, now) {
        NextStep::GiveUp(status) => close(app, mail, status, Some(error.clone()), now).await,
        NextStep::TryAgainAt(at) => {
            let (mail, error) = (mail.clone(), error.clone());
            app.write(move |tx| {
                let (mail, error) = (mail.clone(), error.clone());
                Box::pin(async move {
                    outbox::try_again(tx, &mail, at, &error).await?;
                    Ok(())
                })
            })
            .await
        }
    }
}

async fn close(
    app: &App,
    mail: &OutboxMail,
    status: DeliveryStatus,
    error: Option<String>,
    now: Timestamp,
) -> Result<(), Unexpected> {
    let (house, mail) = (app.clone(), mail.clone());
    app.write(move |tx| {
        let (app, mail, error) = (house.clone(), mail.clone(), error.clone());
        Box::pin(async move {
            if outbox::close(tx, &mail, status, error.as_deref()).await? && status != DeliveryStatus::Cancelled {
                tell(&app, tx, &mail, EventKind::InvitationBounced, Some(status), now).await?;
            }
            Ok(())
        })
    })
    .await
}

/// An invitation's delivery is part of its timeline.
async fn tell(
    app: &App,
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    kind: EventKind,
    status: Option<DeliveryStatus>,
    now: Timestamp,
) -> Result<(), Unexpected> {
    let Some(id) = mail.occasion.invitation() else { return Ok(()) };
    let Some(invitation) = invitations::find(tx, id).await? else { return Ok(()) };
    let facts: Vec<_> = status.map(|status| ("delivery", json!(status.as_str()))).into_iter().collect();
    let happened = (kind, &Actor::System, About::invitation(&invitation));
    Ok(history::record_with(app, tx, now, happened, &facts).await?)
}

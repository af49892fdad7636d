//! The tables of invitations and their links.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{ClientId, InvitationId, MailId};
use guestlist_domain::invitation::{EmailMatch, Invitation, Key, Link, Proof, Standing, State, Status, Terms};
use guestlist_domain::mail::{Delivery, DeliveryStatus, Occasion, OutboxMail};
use guestlist_domain::session::Method;
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, invitations, outbox, users};

on_both_engines!(
    an_invitation_comes_back_as_it_went,
    a_link_is_found_by_its_digest_alone,
    a_user_has_one_open_invitation,
    a_save_is_a_compare_and_set,
    an_end_is_final,
    an_acceptance_may_need_no_link_and_may_be_somebody_elses,
    case_004_a_link_is_accepted_once,
    case_007_an_acceptance_is_in_time_or_not_at_all,
    case_010_only_the_newest_link_is_accepted,
    case_009_what_was_revoked_is_not_accepted,
    lists_and_counts_agree,
    a_list_shows_the_newest_mail,
    the_end_of_a_time_is_noted_once,
);

fn full_terms() -> Terms {
    Terms {
        client: Some(ClientId::new("app")),
        connections: Some(vec!["acme".to_owned()]),
        email_match: EmailMatch::SameDomain,
        inviter: Some("Ben \"B\"".to_owned()),
        message: Some("Come in,\nplease.".to_owned()),
        locale: Some("de".to_owned()),
        roles: vec!["admin".to_owned()],
        result_url: Some("https://app.example/in".to_owned()),
        include_email_in_redirect: true,
        mark_email_as_verified: true,
        lifetime_ms: 1,
        ..Terms::default()
    }
}

/// One invitation in every state.
fn in_every_state() -> Vec<Invitation> {
    let pending = |mailed, handed| State::Pending { mailed, handed, expires_at: later(60) };
    let upstream = Method::Upstream("acme".to_owned());
    let accepted = |by, proof| State::Accepted { at: later(5), by, proof };
    let states = [
        pending(None, None),
        pending(Some(2), None),
        pending(None, Some(2)),
        pending(Some(1), Some(2)),
        accepted(Method::Password, Proof::Mailbox),
        accepted(upstream.clone(), Proof::Possession),
        accepted(upstream, Proof::Vouched),
        State::Revoked { at: later(5), by: Actor::Client(ClientId::new("backend")) },
        State::Declined { at: later(5) },
    ];
    let of = |(n, state): (usize, State)| Invitation {
        terms: full_terms(),
        invited_by: Actor::User(id_of("admin")),
        generation: 2,
        sends: 1,
        version: 3,
        state,
        ..invitation_for(&format!("u{n}"))
    };
    states.into_iter().enumerate().map(of).collect()
}

async fn an_invitation_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for (n, invitation) in in_every_state().iter().enumerate() {
                users::insert(tx, &pending(&format!("u{n}"))).await?;
                invitations::insert(tx, invitation).await?;
                assert_eq!(invitations::find(tx, &invitation.id).await?.as_ref(), Some(invitation));
                let is_open = matches!(invitation.state, State::Pending { .. });
                let open = invitations::find_pending(tx, &invitation.user).await?;
                assert_eq!(open.as_ref(), is_open.then_some(invitation));
            }
            assert_eq!(invitations::find(tx, &InvitationId::new("inv_nobody")).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn a_link_is_found_by_its_digest_alone(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            let (invitation, [mailed, handed]) = linked_invitation_for("anna");
            for (secret, link) in [("mailed anna", mailed), ("handed anna", handed)] {
                assert_eq!(invitations::find_by_link(tx, hash(secret)).await?, Some((invitation.clone(), link)));
            }
            assert_eq!(invitations::find_by_link(tx, hash("guess")).await?, None);
            Ok(())
        })
    })
    .await;
    let link = |generation| Link { generation, ..linked_invitation_for("anna").1[0].clone() };
    for (link, secret, column) in [(link(3), "mailed anna", "hash"), (link(2), "new", "invitation_id, generation")] {
        let refused = refusal(&store, move |tx| {
            let link = link.clone();
            Box::pin(async move { invitations::insert_link(tx, &link, hash(secret), NOW).await })
        });
        assert!(refused.await.is_unique_on("invitation_links", column), "{column}");
    }
}

async fn a_user_has_one_open_invitation(database: Database) {
    let store = opened(&database).await;
    let second = || Invitation { id: InvitationId::new("inv_second"), created_at: later(1), ..invitation_for("anna") };
    write(&store, |tx| Box::pin(async move { put_on_the_list(tx, "anna").await })).await;
    let refused = refusal(&store, move |tx| Box::pin(async move { invitations::insert(tx, &second()).await }));
    assert!(refused.await.is_unique_on("invitations", "user_id"));
    write(&store, move |tx| {
        Box::pin(async move {
            let first = invitations::find_pending(tx, &id_of("anna")).await?.unwrap();
            invitations::save(tx, &first.clone().revoke(Actor::Operator, NOW).unwrap()).await?;
            invitations::insert(tx, &second()).await?;
            let all = invitations::of_user(tx, &id_of("anna")).await?;
            assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["inv_second", "inv_anna"]);
            Ok(())
        })
    })
    .await;
}

async fn a_save_is_a_compare_and_set(database: Database) {
    let store = opened(&database).await;
    let renewed = || linked_invitation_for("anna").0.renew(Channel::Mailed, later(60)).unwrap().0;
    let moved = move || renewed().change_address(email_of("anna.lind")).unwrap();
    write(&store, move |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            invitations::save(tx, &renewed()).await?;
            let saved = invitations::find(tx, &renewed().id).await?.unwrap();
            assert_eq!(saved, Invitation { version: 1, ..renewed() });
            invitations::save(tx, &Invitation { version: 1, terms: full_terms(), ..moved() }).await?;
            let saved = invitations::find(tx, &renewed().id).await?.unwrap();
            assert_eq!(saved, Invitation { version: 2, terms: full_terms(), ..moved() });
            Ok(())
        })
    })
    .await;
    let stale = refusal(&store, move |tx| Box::pin(async move { invitations::save(tx, &renewed()).await })).await;
    assert_eq!(stale, StoreError::Conflict);
}

async fn an_end_is_final(database: Database) {
    let store = opened(&database).await;
    lay(&store, in_every_state().len(), |tx, n| {
        Box::pin(async move {
            users::insert(tx, &pending(&format!("u{n}"))).await?;
            invitations::insert(tx, &in_every_state()[n]).await
        })
    })
    .await;
    let states = in_every_state();
    for ended in states.iter().filter(|one| !matches!(one.state, State::Pending { .. })) {
        for next in &states {
            let forced = Invitation { state: next.state.clone(), ..ended.clone() };
            let refused = refusal(&store, move |tx| {
                let forced = forced.clone();
                Box::pin(async move { invitations::save(tx, &forced).await })
            });
            assert_eq!(refused.await, StoreError::Conflict, "{:?} -> {:?}", ended.state, next.state);
        }
    }
    let by_the_back_door = Invitation { state: states[4].state.clone(), ..states[0].clone() };
    let refused = refusal(&store, move |tx| {
        let accepted = by_the_back_door.clone();
        Box::pin(async move { invitations::save(tx, &accepted).await })
    });
    assert!(matches!(refused.await, StoreError::Other(_)), "an acceptance has its own statement");
}

/// Accepts by a link at a moment, on the evidence of the moment before.
async fn accept(tx: &mut Tx<'_>, secret: &str, at: Timestamp) -> Result<bool, StoreError> {
    let (invitation, link) = invitations::find_by_link(tx, hash(secret)).await?.unwrap();
    accept_on(tx, &invitation, &link, at).await
}

/// Writes the acceptance whatever the machine would say: the statement must know by itself.
async fn accept_on(tx: &mut Tx<'_>, known: &Invitation, link: &Link, at: Timestamp) -> Result<bool, StoreError> {
    let state = State::Accepted { at, by: Method::Password, proof: Proof::Mailbox };
    invitations::accept(tx, &Invitation { state, ..known.clone() }, &Key::Link(link.clone())).await
}

async fn case_004_a_link_is_accepted_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            put_on_the_list(tx, "ben").await?;
            let (invitation, [mailed, handed]) = linked_invitation_for("anna");
            let Standing::Open(open) = invitation.standing(&mailed, NOW) else { panic!("it is open") };
            let accepted = Invitation::accept(*open, Method::Upstream("acme".to_owned()), later(5));
            assert!(invitations::accept(tx, &accepted, &Key::Link(mailed.clone())).await?);
            let stored = invitations::find(tx, &invitation.id).await?.unwrap();
            assert_eq!(stored, Invitation { version: 1, ..accepted.clone() });
            for link in [&mailed, &handed] {
                assert!(!invitations::accept(tx, &accepted, &Key::Link(link.clone())).await?, "the evidence is old");
                assert!(!accept_on(tx, &stored, link, later(6)).await?, "it was accepted");
            }
            assert_eq!(invitations::find_pending(tx, &invitation.user).await?, None);
            let (ben, _) = linked_invitation_for("ben");
            assert_eq!(invitations::find(tx, &ben.id).await?, Some(ben), "nobody else's has changed");
            Ok(())
        })
    })
    .await;
    let pending = refusal(&store, |tx| {
        Box::pin(async move {
            let (invitation, [mailed, _]) = linked_invitation_for("ben");
            invitations::accept(tx, &invitation, &Key::Link(mailed)).await
        })
    });
    assert_eq!(pending.await, StoreError::Conflict, "no acceptance is no acceptance");
}

/// Without a link: on the word of a provider, for as long as the invitation is for the address that it vouched for. And
/// brought to somebody who is here already, it is that user's, with all that went before.
async fn an_acceptance_may_need_no_link_and_may_be_somebody_elses(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            put_on_the_list(tx, "ben").await?;
            let (invitation, _) = linked_invitation_for("anna");
            let state = State::Accepted { at: later(5), by: Method::Password, proof: Proof::Provider };
            let accepted = Invitation { state, user: id_of("ben"), ..invitation.clone() };
            let elsewhere = Invitation { email: Email::parse("anna@example.net").unwrap(), ..accepted.clone() };
            assert!(!invitations::accept(tx, &elsewhere, &Key::ProvenAddress).await?, "another address");
            assert!(invitations::accept(tx, &accepted, &Key::ProvenAddress).await?);
            assert!(!invitations::accept(tx, &accepted, &Key::ProvenAddress).await?, "it was accepted");
            let stored = invitations::find(tx, &invitation.id).await?.unwrap();
            assert_eq!(stored, Invitation { version: 1, ..accepted });
            assert_eq!(invitations::of_user(tx, &id_of("anna")).await?, []);
            invitations::move_to(tx, &id_of("anna"), &id_of("ben")).await?;
            assert_eq!(invitations::of_user(tx, &id_of("anna")).await?.len(), 2);
            Ok(())
        })
    })
    .await;
}

async fn case_007_an_acceptance_is_in_time_or_not_at_all(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            put_on_the_list(tx, "ben").await?;
            let (_, [mailed, _]) = linked_invitation_for("anna");
            let end = invitation_for("anna").expires_at().unwrap();
            let just_before = end.minus(std::time::Duration::from_millis(1));
            assert!(!accept(tx, "mailed anna", end).await?, "it ended at this very moment");
            assert!(!accept(tx, "handed anna", later(4_000)).await?);
            assert!(accept(tx, "mailed anna", just_before).await?);
            // A longer life counts from its own moment, and a change kills what was read before it.
            let ben = invitations::find_pending(tx, &id_of("ben")).await?.unwrap();
            invitations::save(tx, &ben.clone().change_lifetime(HOUR * 2, NOW).unwrap()).await?;
            let mailed = Link { invitation: ben.id.clone(), ..mailed };
            assert!(!accept_on(tx, &ben, &mailed, just_before).await?, "read before the change");
            assert!(accept(tx, "mailed ben", later(4_000)).await?);
            Ok(())
        })
    })
    .await;
}

async fn case_010_only_the_newest_link_is_accepted(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            let before = invitations::find_pending(tx, &id_of("anna")).await?.unwrap();
            let (renewed, newest) = before.clone().renew(Channel::Mailed, NOW).unwrap();
            invitations::save(tx, &renewed).await?;
            invitations::insert_link(tx, &newest, hash("newest anna"), NOW).await?;
            let now = invitations::find_pending(tx, &id_of("anna")).await?.unwrap();
            let (_, [mailed, handed]) = linked_invitation_for("anna");
            for old in [&mailed, &handed] {
                assert!(!accept_on(tx, &before, old, NOW).await?, "on old evidence: {old:?}");
                assert!(!accept_on(tx, &now, old, NOW).await?, "on fresh evidence: {old:?}");
            }
            let same_number = Link { channel: Channel::Handed, ..newest.clone() };
            assert!(!accept_on(tx, &now, &same_number, NOW).await?, "a number counts in its channel");
            assert!(accept(tx, "newest anna", NOW).await?);

            put_on_the_list(tx, "ben").await?;
            let ben = invitations::find_pending(tx, &id_of("ben")).await?.unwrap();
            invitations::save(tx, &ben.change_address(email_of("ben.lind")).unwrap()).await?;
            for secret in ["mailed ben", "handed ben"] {
                assert!(!accept(tx, secret, NOW).await?, "{secret} was made for the old address");
            }
            Ok(())
        })
    })
    .await;
}

async fn case_009_what_was_revoked_is_not_accepted(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            let before = invitations::find_pending(tx, &id_of("anna")).await?.unwrap();
            let revoked = before.clone().revoke(Actor::Operator, later(1)).unwrap();
            invitations::save(tx, &revoked).await?;
            for link in linked_invitation_for("anna").1 {
                assert!(!accept_on(tx, &before, &link, later(2)).await?);
                assert!(!accept_on(tx, &revoked, &link, later(2)).await?);
            }
            let stored = invitations::find(tx, &before.id).await?.unwrap();
            assert_eq!(stored, Invitation { version: 1, ..revoked });
            Ok(())
        })
    })
    .await;
}

async fn lists_and_counts_agree(database: Database) {
    let store = opened(&database).await;
    lay(&store, in_every_state().len(), |tx, n| {
        Box::pin(async move {
            let invitation = &in_every_state()[n];
            users::insert(tx, &pending(&format!("u{n}"))).await?;
            invitations::insert(tx, &Invitation { created_at: later(n as u64), ..invitation.clone() }).await
        })
    })
    .await;
    let expected: [(Option<Status>, u64, &[usize]); 9] = [
        (None, 0, &[8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (Some(Status::Pending), 59, &[3, 2, 1, 0]),
        (Some(Status::Expired), 59, &[]),
        (Some(Status::Pending), 60, &[]),
        (Some(Status::Expired), 60, &[3, 2, 1, 0]),
        (Some(Status::Accepted), 60, &[6, 5, 4]),
        (Some(Status::Revoked), 60, &[7]),
        (Some(Status::Declined), 60, &[8]),
        (None, 60, &[8, 7, 6, 5, 4, 3, 2, 1, 0]),
    ];
    for (status, seconds, numbers) in expected {
        let now = later(seconds);
        let (listed, counted, page) = write(&store, move |tx| {
            Box::pin(async move {
                let all = invitations::list(tx, status, now, 100, 0).await?;
                let page = invitations::list(tx, status, now, 2, 1).await?;
                Ok((all, invitations::count(tx, status, now).await?, page))
            })
        })
        .await;
        let ids = |list: &[(Invitation, Option<Delivery>)]| -> Vec<String> {
            list.iter().map(|(one, _)| one.id.as_str().to_owned()).collect()
        };
        let names: Vec<String> = numbers.iter().map(|n| format!("inv_u{n}")).collect();
        assert_eq!(ids(&listed), names, "{status:?} after {seconds} s");
        assert_eq!(counted, i64::try_from(names.len()).unwrap(), "{status:?} after {seconds} s");
        assert_eq!(ids(&page), names.into_iter().skip(1).take(2).collect::<Vec<_>>());
        assert!(listed.iter().all(|(one, mail)| mail.is_none() && status.is_none_or(|word| one.status(now) == word)));
    }
}

async fn a_list_shows_the_newest_mail(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            let mail = |n: i64| OutboxMail {
                id: MailId::new(format!("mail_{n}")),
                occasion: Occasion::Invitation { invitation: invitation_for("anna").id, generation: n },
                recipient: email_of("anna"),
                user: Some(id_of("anna")),
                locale: None,
                sealed_secret: Some(vec![1]),
                attempts: 0,
                created_at: later(u64::try_from(n).unwrap()),
            };
            for n in [1, 2] {
                outbox::insert(tx, &mail(n)).await?;
            }
            let leased = outbox::lease(tx, later(5), 10).await?;
            outbox::close(tx, &leased[0], DeliveryStatus::Bounced, Some("550")).await?;
            let bounced = DeliveryStatus::Bounced;
            let told = Delivery { status: bounced, attempts: 1, sent_at: None, last_error: Some("550".to_owned()) };
            let listed = invitations::list(tx, None, NOW, 10, 0).await?;
            assert_eq!(listed, [(linked_invitation_for("anna").0, Some(told))]);
            Ok(())
        })
    })
    .await;
}

async fn the_end_of_a_time_is_noted_once(database: Database) {
    let store = opened(&database).await;
    lay(&store, in_every_state().len(), |tx, n| {
        Box::pin(async move {
            users::insert(tx, &pending(&format!("u{n}"))).await?;
            invitations::insert(tx, &in_every_state()[n]).await
        })
    })
    .await;
    write(&store, |tx| {
        Box::pin(async move {
            assert_eq!(invitations::note_expired(tx, later(59), 10).await?, []);
            let first = invitations::note_expired(tx, later(60), 3).await?;
            let second = invitations::note_expired(tx, later(61), 3).await?;
            assert_eq!((first.len(), second.len()), (3, 1));
            let mut noted: Vec<Invitation> = [first, second].concat();
            noted.sort_by(|one, other| one.id.cmp(&other.id));
            assert_eq!(noted, in_every_state()[..4]);
            assert_eq!(invitations::note_expired(tx, later(62), 10).await?, []);
            // A new life ends anew.
            let (renewed, _) = noted[0].clone().renew(Channel::Mailed, later(70)).unwrap();
            invitations::save(tx, &renewed).await?;
            let again = invitations::note_expired(tx, later(71), 10).await?;
            assert_eq!(again, [Invitation { version: 4, ..renewed }]);
            Ok(())
        })
    })
    .await;
}

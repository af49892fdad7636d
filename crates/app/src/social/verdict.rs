//! The decision about whoever came back, and its carrying out, in one transaction.
//!
//! Owns the reading of the facts that [`decide`] wants and the writes that each decision means. The rule itself stands in
//! the domain alone.

use super::{Arrival, SocialError, Tried, joining};
use crate::accept::CameIn;
use crate::admission::{self, Upstream, WayIn};
use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use crate::landing::{self, Landing};
use crate::linked::{self, NewLink};
use crate::merging;
use crate::proof;
use crate::rules::Rule;
use crate::sessions::{self, NewSession, SignedIn};
use guestlist_domain::connection::Connection;
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::flow::{self, Flow, Step};
use guestlist_domain::identity::{LinkRule, ProvenIdentity};
use guestlist_domain::ids::{ClientId, SessionId, UserId};
use guestlist_domain::invitation::{Link, OpenInvitation, Standing};
use guestlist_domain::ledger::Rule as LedgerRule;
use guestlist_domain::linking::{Decision, Facts, Owner, Purpose, Refusal, decide};
use guestlist_domain::secret::Secret;
use guestlist_domain::session::Method;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, connections, flows, identities, invitations, users};
use serde_json::json;

/// Who came back, with which flow, in which session.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) flow: &'a Flow,
    pub(super) who: &'a ProvenIdentity,
    pub(super) session: Option<&'a SessionId>,
    pub(super) confirmed: bool,
}

/// Decides and does.
pub(super) async fn carry_out(
    app: &App,
    tx: &mut Tx<'_>,
    case: Case<'_>,
    begun: &NewSession,
    now: Timestamp,
) -> Result<Arrival, SocialError> {
    let connection = connections::find(tx, &case.flow.connection).await?.ok_or(SocialError::NotAllowed)?;
    let step = Trip { app, tx, case, connection, invited: None, now };
    match &case.flow.purpose {
        flow::Purpose::Accept { invitation, channel, generation } => {
            let link = Link { invitation: invitation.clone(), channel: *channel, generation: *generation };
            step.accept(&link, begun).await
        }
        flow::Purpose::SignIn { client, resume } => step.sign_in(client.as_ref(), resume.as_deref(), begun).await,
        flow::Purpose::Link { user, session } => step.link(user, session).await,
        flow::Purpose::Try { user, session } => step.try_out(user, session).await,
    }
}

/// One arrival at work.
struct Trip<'a, 'b> {
    app: &'a App,
    tx: &'a mut Tx<'b>,
    case: Case<'a>,
    connection: Connection,
    /// The open invitation of an address that the provider vouches for, with the user that waits for it.
    invited: Option<(OpenInvitation, User)>,
    now: Timestamp,
}

impl Trip<'_, '_> {
    async fn accept(mut self, link: &Link, begun: &NewSession) -> Result<Arrival, SocialError> {
        let (open, user) = self.open_invitation(link).await?;
        let terms = open.invitation().terms.clone();
        let purpose = Purpose::Accept { open: &open, standing: user.standing(), confirmed: self.case.confirmed };
        let decision = self.decide(&purpose, terms.client.as_ref(), terms.connections.as_deref()).await?;
        match decision {
            Decision::Activate(_) => {
                self.move_on(&Step::Done).await?;
                self.admit(open, user, begun).await
            }
            Decision::BringTo(account) => {
                self.move_on(&Step::Done).await?;
                self.bring(open, &account, begun).await
            }
            Decision::Confirm(_) | Decision::ConfirmAccount(_) => {
                self.move_on(&Step::Confirming { identity: self.case.who.clone() }).await?;
                Ok(Arrival::Confirm)
            }
            other => self.refuse(other).await,
        }
    }

    async fn admit(&mut self, open: OpenInvitation, user: User, begun: &NewSession) -> Result<Arrival, SocialError> {
        let terms = open.invitation().terms.clone();
        let way = Upstream { who: self.case.who.clone(), connection: self.connection.clone() };
        let way_in = WayIn::Upstream(Box::new(way));
        let user = admission::admit(self.app, self.tx, open, user, &way_in, begun, self.now).await?;
        let landing = landing::after_acceptance(self.app, self.tx, &terms, &user).await?;
        Ok(came_in(begun.secret(), user, landing))
    }

    /// The identity opens an account already: the invitation becomes that account's, and this browser is signed in to it.
    async fn bring(
        &mut self,
        open: OpenInvitation,
        account: &UserId,
        begun: &NewSession,
    ) -> Result<Arrival, SocialError> {
        let terms = open.invitation().terms.clone();
        let account = users::find(self.tx, account).await?.ok_or(StoreError::Conflict)?;
        let method = Method::Upstream(self.connection.name.clone());
        let account = admission::bring(self.app, self.tx, open, account, &method, self.now).await?;
        self.sign_in_as(&account, begun).await?;
        let landing = landing::after_acceptance(self.app, self.tx, &terms, &account).await?;
        Ok(came_in(begun.secret(), account, landing))
    }

    async fn open_invitation(&mut self, link: &Link) -> Result<(OpenInvitation, User), SocialError> {
        let invitation = invitations::find(self.tx, &link.invitation).await?.ok_or(SocialError::Dead)?;
        let Standing::Open(open) = invitation.standing(link, self.now) else { return Err(SocialError::Dead) };
        let user = users::find(self.tx, &invitation.user).await?.ok_or(SocialError::Dead)?;
        Ok((*open, user))
    }

    async fn sign_in(
        mut self,
        client: Option<&ClientId>,
        resume: Option<&str>,
        begun: &NewSession,
    ) -> Result<Arrival, SocialError> {
        match self.decide(&Purpose::SignIn, client, None).await? {
            Decision::SignIn(user) => {
                self.move_on(&Step::Done).await?;
                self.begin_session(&user, resume, begun).await
            }
            Decision::Link(user) => {
                self.move_on(&Step::Done).await?;
                self.add(&user, LinkRule::Authoritative, &Actor::System).await?;
                self.begin_session(&user, resume, begun).await
            }
            // The invited person came to the door before the mail was read.
            Decision::Activate(_) => {
                let (open, user) = self.invited.take().ok_or(StoreError::Conflict)?;
                self.move_on(&Step::Done).await?;
                let arrival = self.admit(open, user, begun).await?;
                Ok(match resume {
                    Some(resume) => arrival.landing_at(Landing::Resume(resume.to_owned())),
                    None => arrival,
                })
            }
            Decision::AskProof(user) => {
                self.move_on(&Step::ProvingUser { user, identity: self.case.who.clone() }).await?;
                Ok(Arrival::AskProof { client: client.cloned(), resume: resume.map(str::to_owned) })
            }
            other => self.refuse(other).await,
        }
    }

    async fn begin_session(
        mut self,
        user: &UserId,
        resume: Option<&str>,
        begun: &NewSession,
    ) -> Result<Arrival, SocialError> {
        let user = users::find(self.tx, user).await?.ok_or(StoreError::Conflict)?;
        let user = proof::by_provider(self.app, self.tx, user, (self.case.who, &self.connection), self.now).await?;
        self.sign_in_as(&user, begun).await?;
        let landing = resume.map_or(Landing::Account, |resume| Landing::Resume(resume.to_owned()));
        Ok(came_in(begun.secret(), user, landing))
    }

    async fn sign_in_as(&mut self, user: &User, begun: &NewSession) -> Result<(), Unexpected> {
        let (app, now) = (self.app, self.now);
        if !users::note_login(self.tx, user, now).await? {
            return Err(StoreError::Conflict.into());
        }
        identities::note_use(self.tx, self.case.who.claims(), now).await?;
        let method = Method::Upstream(self.connection.name.clone());
        begun.begin(self.tx, user, method, now).await?;
        linked::link_if_proven(app, self.tx, self.case.flow.browser, user, now).await?;
        let about = About::user(&user.id).with_connection(&self.connection.id);
        let actor = Actor::User(user.id.clone());
        Ok(history::record(app, self.tx, now, EventKind::LoginSucceeded, &actor, about).await?)
    }

    /// The session that left must be the one that returned (R8).
    async fn same_session(&mut self, user: &UserId, left: &SessionId) -> Result<SignedIn, SocialError> {
        let here = self.case.session.ok_or(SocialError::State)?;
        let signed_in = sessions::get(self.tx, left, self.now).await?.ok_or(SocialError::State)?;
        if here == left && signed_in.user.id == *user { Ok(signed_in) } else { Err(SocialError::State) }
    }

    /// Nothing but the end of the flow is written.
    async fn try_out(mut self, user: &UserId, left: &SessionId) -> Result<Arrival, SocialError> {
        if !self.same_session(user, left).await?.user.is_admin() {
            return Err(SocialError::NotAllowed);
        }
        let decision = self.decide(&Purpose::SignIn, None, None).await?;
        self.move_on(&Step::Done).await?;
        let who = self.case.who.claims().clone();
        Ok(Arrival::Tried(Box::new(Tried { connection: self.connection, who, decision })))
    }

    /// The session that left must still be fresh (R10).
    async fn link(mut self, user: &UserId, left: &SessionId) -> Result<Arrival, SocialError> {
        let signed_in = self.same_session(user, left).await?;
        if !signed_in.session.is_fresh(self.now) {
            return Err(SocialError::NotFresh);
        }
        let purpose = Purpose::Link { user, standing: signed_in.user.standing(), confirmed: self.case.confirmed };
        match self.decide(&purpose, None, None).await? {
            Decision::Link(user) => {
                self.move_on(&Step::Done).await?;
                self.add(&user, LinkRule::OwnAccount, &Actor::User(user.clone())).await?;
                Ok(Arrival::Linked)
            }
            Decision::Merge(second) => {
                self.move_on(&Step::Done).await?;
                self.join(signed_in.user, &second).await
            }
            Decision::OfferMerge(_) => {
                self.move_on(&Step::Confirming { identity: self.case.who.clone() }).await?;
                Ok(Arrival::OfferMerge)
            }
            other => self.refuse(other).await,
        }
    }

    /// Two accounts of one person become one: the one that is signed in stays.
    async fn join(&mut self, first: User, second: &UserId) -> Result<Arrival, SocialError> {
        let second = users::find(self.tx, second).await?.ok_or(StoreError::Conflict)?;
        let actor = Actor::User(first.id.clone());
        let why = (LedgerRule::MergedByOwner, &actor);
        let merged = merging::merge(self.app, self.tx, (first, second), joining::WISH, why, self.now).await;
        merged.map_err(joining::refused)?;
        Ok(Arrival::Merged)
    }

    async fn add(&mut self, user: &UserId, rule: LinkRule, actor: &Actor) -> Result<(), Unexpected> {
        let user = users::find(self.tx, user).await?.ok_or(StoreError::Conflict)?;
        let link = NewLink { user: &user, who: self.case.who, connection: &self.connection, rule, actor };
        linked::link(self.app, self.tx, link, self.now).await?;
        proof::by_provider(self.app, self.tx, user, (self.case.who, &self.connection), self.now).await?;
        Ok(())
    }

    /// Reads the facts and asks the domain.
    async fn decide(
        &mut self,
        purpose: &Purpose<'_>,
        client: Option<&ClientId>,
        offers: Option<&[String]>,
    ) -> Result<Decision, StoreError> {
        let usable = connections::usable(self.tx, client, offers).await?;
        let claims = self.case.who.claims();
        let owner = match identities::find(self.tx, &claims.issuer, &claims.subject).await? {
            Some(identity) => owner_of(users::find(self.tx, &identity.user).await?),
            None => None,
        };
        let vouched = if self.app.keeps(Rule::ProviderAuthority) {
            self.case.who.vouched_address(&self.connection).cloned()
        } else {
            claims.email.clone()
        };
        let same_address = match &vouched {
            Some(address) => owner_of(users::find_by_proven_email(self.tx, address).await?),
            None => None,
        };
        let taken_off = match &same_address {
            Some(owner) => identities::was_unlinked(self.tx, &owner.user, claims).await?,
            None => false,
        };
        self.invited = match &vouched {
            Some(address) => self.invitation_of(address).await?,
            None => None,
        };
        let facts = Facts {
            connection: &self.connection,
            allowed: usable.iter().any(|way| way.id == self.connection.id),
            owner,
            same_address,
            taken_off,
            invited: self.invited.as_ref().map(|(open, user)| (open, user.standing())),
        };
        Ok(decide(purpose, self.case.who, &facts))
    }

    /// The invitation that waits for an address that the provider vouches for, if it is open over this connection.
    async fn invitation_of(&mut self, address: &Email) -> Result<Option<(OpenInvitation, User)>, StoreError> {
        let Some(user) = users::find_by_email(self.tx, address).await? else { return Ok(None) };
        let Some(invitation) = invitations::find_pending(self.tx, &user.id).await? else { return Ok(None) };
        let open = invitation.open_to(self.case.who, &self.connection, self.now);
        Ok(open.map(|open| (open, user)))
    }

    async fn refuse(mut self, decision: Decision) -> Result<Arrival, SocialError> {
        let refusal = match decision {
            Decision::Refuse(refusal) => refusal,
            // No purpose gets another purpose's decision; if one did, the answer is no.
            _ => Refusal::ConnectionNotAllowed,
        };
        self.move_on(&Step::Done).await?;
        let about = About::default().with_connection(&self.connection.id);
        let facts = [("reason", json!(word(&refusal))), ("purpose", json!(self.case.flow.purpose.as_str()))];
        let failed = (EventKind::LoginFailed, &Actor::Guest, about);
        history::record_with(self.app, self.tx, self.now, failed, &facts).await?;
        let provider = self.connection.display_name.clone();
        Ok(Arrival::Refused { refusal, provider, purpose: self.case.flow.purpose.clone() })
    }

    /// The compare-and-set by which a flow goes on once, for one browser.
    async fn move_on(&mut self, step: &Step) -> Result<(), SocialError> {
        let moved = flows::advance(self.tx, self.case.flow, step, self.now).await?;
        if moved { Ok(()) } else { Err(SocialError::State) }
    }
}

fn owner_of(user: Option<User>) -> Option<Owner> {
    user.map(|user| Owner { standing: user.standing(), user: user.id })
}

fn came_in(session: &Secret, user: User, landing: Landing) -> Arrival {
    Arrival::CameIn(Box::new(CameIn { session: session.clone(), user, landing }))
}

/// The word in the event.
const fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotInvited => "not_invited",
        Refusal::EmailNotVerified => "email_not_verified",
        Refusal::OtherEmail(_) => "other_email",
        Refusal::LinkedElsewhere => "linked_elsewhere",
        Refusal::ConnectionNotAllowed => "connection_not_allowed",
        Refusal::UserBlocked => "user_blocked",
    }
}

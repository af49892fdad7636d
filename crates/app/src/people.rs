//! People, as the console shows them: one person with ways in, invitation and history, and names for whoever did what.
//!
//! Owns reading alone. What is changed, [`crate::users`] and [`crate::invite`] change. Must not know pages.

use crate::app::App;
use crate::error::Unexpected;
use guestlist_domain::connection::Connection;
use guestlist_domain::event::{Actor, Event};
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::{ClientId, InvitationId, UserId};
use guestlist_domain::user::User;
use guestlist_store::{Tx, clients, connections, events, identities, invitations, passwords, users};
use std::collections::HashMap;

/// How many lines of a person's history are shown.
const HISTORY: i64 = 50;
/// How many applications a list to choose from has.
const MOST_APPLICATIONS: i64 = 200;

/// One person with all that is known about how the account is opened.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user.
    pub user: User,
    /// Whether a password is set.
    pub has_password: bool,
    /// What is linked, each with its connection.
    pub linked: Vec<(Identity, Connection)>,
    /// The newest invitation.
    pub invitation: Option<InvitationId>,
    /// What happened lately, newest first.
    pub history: Vec<Event>,
}

/// One person.
pub async fn show(app: &App, id: &UserId) -> Result<Option<Person>, Unexpected> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let Some(user) = users::find(tx, &id).await? else { return Ok(None) };
            let every = connections::list(tx).await?;
            let of = |identity: &Identity| every.iter().find(|way| way.id == identity.claims.connection).cloned();
            let linked = identities::list(tx, &id).await?;
            Ok(Some(Person {
                user,
                has_password: passwords::find(tx, &id).await?.is_some(),
                linked: linked.into_iter().filter_map(|identity| of(&identity).map(|way| (identity, way))).collect(),
                invitation: invitations::of_user(tx, &id).await?.into_iter().next().map(|newest| newest.id),
                history: events::of_user(tx, &id, HISTORY).await?,
            }))
        })
    })
    .await
}

/// The names of those who did something. Guests, operators and the house itself have none; nor has who is gone.
pub async fn names(app: &App, actors: Vec<Actor>) -> Result<HashMap<Actor, String>, Unexpected> {
    app.read(move |tx| {
        let actors = actors.clone();
        Box::pin(async move {
            let mut names = HashMap::new();
            for actor in actors {
                if names.contains_key(&actor) {
                    continue;
                }
                if let Some(name) = name_of(tx, &actor).await? {
                    names.insert(actor, name);
                }
            }
            Ok(names)
        })
    })
    .await
}

async fn name_of(tx: &mut Tx<'_>, actor: &Actor) -> Result<Option<String>, Unexpected> {
    Ok(match actor {
        Actor::User(id) => users::find(tx, id).await?.map(|user| user.display_name().to_owned()),
        Actor::Client(id) => clients::find(tx, id).await?.map(|client| client.name),
        Actor::Guest | Actor::Operator | Actor::System => None,
    })
}

/// The names of applications, by id.
pub async fn application_names(app: &App, ids: Vec<ClientId>) -> Result<HashMap<ClientId, String>, Unexpected> {
    app.read(move |tx| {
        let ids = ids.clone();
        Box::pin(async move {
            let mut names = HashMap::new();
            for id in ids {
                if !names.contains_key(&id)
                    && let Some(client) = clients::find(tx, &id).await?
                {
                    names.insert(id, client.name);
                }
            }
            Ok(names)
        })
    })
    .await
}

/// Applications that somebody can be invited to: those that sign people in.
pub async fn applications(app: &App) -> Result<Vec<(ClientId, String)>, Unexpected> {
    app.read(|tx| {
        Box::pin(async move {
            let signs_in = |client: &guestlist_domain::client::Client| client.may_use("authorization_code");
            let every = clients::page(tx, 0, MOST_APPLICATIONS).await?;
            Ok(every.into_iter().filter(signs_in).map(|client| (client.id, client.name)).collect())
        })
    })
    .await
}

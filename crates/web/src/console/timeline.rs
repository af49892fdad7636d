//! What happened, line by line, with names for whoever did it.

use crate::error::Problem;
use crate::view::console::{ByWhom, Moment};
use guestlist_app::{App, people};
use guestlist_domain::event::{Actor, Event};

pub(super) async fn told(app: &App, events: &[Event]) -> Result<Vec<Moment>, Problem> {
    let actors = events.iter().map(|event| event.actor.clone()).collect();
    let names = people::names(app, actors).await?;
    let moment = |event: &Event| Moment {
        at: event.at,
        event: event.kind.as_str().to_owned(),
        by: by_whom(&event.actor, names.get(&event.actor)),
    };
    Ok(events.iter().map(moment).collect())
}

/// Whoever is gone is known by the id alone.
pub(super) fn by_whom(actor: &Actor, name: Option<&String>) -> ByWhom {
    match actor {
        Actor::User(id) => ByWhom::User { name: name.map_or_else(|| id.to_string(), Clone::clone) },
        Actor::Client(id) => ByWhom::Client { name: name.map_or_else(|| id.to_string(), Clone::clone) },
        Actor::Guest => ByWhom::Guest,
        Actor::Operator => ByWhom::Operator,
        Actor::System => ByWhom::System,
    }
}

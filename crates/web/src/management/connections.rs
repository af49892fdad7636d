//! `/api/v2/connections`.
//!
//! Owns the list of them, and for whom each is enabled. Nobody is told a secret, and options only whoever may read them.
//! Must not know how a provider is spoken to.

use super::auth::Caller;
use super::body::{Fields, Items, invalid};
use super::connection_options::{check_database, upstream};
use super::page::{Paging, Projection};
use super::query::{Query, Segments};
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::connections::{self, ClientSwitch, ConnectionChange, ConnectionError, NewConnection, UpstreamWish};
use guestlist_domain::connection::{Audience, Connection, Strategy};
use guestlist_domain::ids::{ClientId, ConnectionId};
use guestlist_domain::permission::Permission;
use serde_json::{Value, json};

/// The most clients that one request may name.
const MAX_CLIENTS: usize = 50;

pub(super) async fn list(State(state): State<WebState>, caller: Caller, query: Query) -> Result<Json<Value>, ApiError> {
    let (paging, projection) = (Paging::either(&query)?, Projection::read(&query)?);
    let (strategy, name) = (query.text("strategy"), query.text("name"));
    let mut found = connections::list(&state.app).await?;
    found.retain(|connection| {
        strategy.is_none_or(|word| connection.strategy.as_str() == word)
            && name.is_none_or(|name| connection.name == name)
    });
    let (found, total) = paging.cut(found);
    let shown = found.iter().map(|connection| projection.apply(show_to(&caller, connection)));
    Ok(paging.answer("connections", shown.collect(), total))
}

fn show_to(caller: &Caller, connection: &Connection) -> Value {
    wire::connection(connection, caller.may(Permission::ReadConnectionsOptions))
}

pub(super) async fn show(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let found = connections::find(&state.app, &ConnectionId::new(id)).await?.ok_or(ConnectionError::NotFound)?;
    Ok(Json(Projection::read(&query)?.apply(show_to(&caller, &found))))
}

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new = NewConnection {
        name: body.needed("name", 1..=128)?,
        display_name: body.text("display_name", 1..=128)?,
        strategy: body.needed("strategy", 1..=128)?,
        upstream: match body.object("options", "options.")? {
            Some(options) => upstream(options)?,
            None => UpstreamWish::default(),
        },
        audience: audience(&mut body)?.unwrap_or(Audience::Clients(Vec::new())),
    };
    let made = connections::create(&state.app, &caller.actor(), new).await?;
    Ok((StatusCode::CREATED, Json(wire::connection(&made, true))))
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    let id = ConnectionId::new(id);
    let known = connections::find(&state.app, &id).await?.ok_or(ConnectionError::NotFound)?;
    let options = body.object("options", "options.")?;
    let change = ConnectionChange {
        display_name: body.text("display_name", 1..=128)?,
        upstream: match (options, known.strategy) {
            (Some(options), Strategy::Database) => {
                check_database(options)?;
                None
            }
            (Some(options), _) => Some(upstream(options)?),
            (None, _) => None,
        },
        audience: audience(&mut body)?,
        enabled: None,
    };
    let changed = connections::update(&state.app, &caller.actor(), &id, change).await?;
    Ok(Json(wire::connection(&changed, true)))
}

/// `enabled_clients` is deprecated at Auth0, and still what tools send.
fn audience(body: &mut Fields) -> Result<Option<Audience>, ApiError> {
    let clients = body.texts("enabled_clients", MAX_CLIENTS)?;
    Ok(clients.map(|clients| Audience::Clients(clients.into_iter().map(ClientId::new).collect())))
}

pub(super) async fn delete(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    match connections::delete(&state.app, &caller.actor(), &ConnectionId::new(id)).await {
        // As at Auth0, what is gone need not be deleted.
        Ok(()) | Err(ConnectionError::NotFound) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn clients(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let paging = Paging::either(&query)?;
    let found = connections::find(&state.app, &ConnectionId::new(id)).await?.ok_or(ConnectionError::NotFound)?;
    let listed = match found.audience {
        Audience::Clients(clients) => clients,
        Audience::Everyone => every_client(&state).await?,
    };
    let (listed, total) = paging.cut(listed);
    Ok(paging.answer("clients", listed.iter().map(|id| json!({ "client_id": id })).collect(), total))
}

async fn every_client(state: &WebState) -> Result<Vec<ClientId>, ApiError> {
    let (found, _) = guestlist_app::clients::list(&state.app, 0, i64::MAX).await?;
    Ok(found.into_iter().map(|client| client.id).collect())
}

pub(super) async fn set_clients(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    Items(items): Items,
) -> Result<StatusCode, ApiError> {
    if items.is_empty() || items.len() > MAX_CLIENTS {
        return Err(invalid(&format!("1 to {MAX_CLIENTS} clients can be switched at once")));
    }
    let switches = items.into_iter().map(switch).collect::<Result<Vec<_>, _>>()?;
    connections::set_clients(&state.app, &caller.actor(), &ConnectionId::new(id), switches).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn switch(item: Value) -> Result<ClientSwitch, ApiError> {
    let mut item = Fields::of(item, "[].")?;
    let client = ClientId::new(item.needed("client_id", 1..=128)?);
    let on = item.flag("status")?.ok_or_else(|| item.missing("status"))?;
    item.nothing_more()?;
    Ok(ClientSwitch { client, on })
}

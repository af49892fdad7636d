//! Connections in the console: the list, one being made or changed, and trying one out.
//!
//! Owns those pages. What an administrator types is checked by the act, whose words come back with the form.

use super::admit;
use super::connection_form::{SentForm, form_of};
use crate::WebState;
use crate::error::Problem;
use crate::headers::PagePolicy;
use crate::view::connections::{ConnectionForm, ConnectionPage, ConnectionRow, ConnectionsPage, Kind};
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::connections::{self, ConnectionChange, ConnectionError, NewConnection, kind_label};
use guestlist_app::social::{self, Errand};
use guestlist_domain::connection::{Audience, Connection, Strategy, UpstreamOptions};
use guestlist_domain::ids::ConnectionId;
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/admin/connections", get(list).post(create))
        .route("/admin/connections/new/{strategy}", get(show_new))
        .route("/admin/connections/{id}", get(show).post(change))
        .route("/admin/connections/{id}/try", post(try_out))
        .route("/admin/connections/{id}/on", post(switch_on))
        .route("/admin/connections/{id}/off", post(switch_off))
        .route("/admin/connections/{id}/delete", post(delete))
}

async fn list(visit: Visit) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let rows = connections::list(&visit.app).await?.into_iter().map(row).collect();
    let upstream = Strategy::ALL.iter().copied().filter(|strategy| strategy.is_upstream());
    let kinds = upstream.map(|strategy| Kind { strategy, label: kind_label(strategy).to_owned() }).collect();
    visit.page(&ConnectionsPage { rows, kinds })
}

fn row(connection: Connection) -> ConnectionRow {
    ConnectionRow {
        id: connection.id.to_string(),
        name: connection.name,
        label: connection.display_name,
        strategy: connection.strategy,
        enabled: connection.enabled,
        clients: match connection.audience {
            Audience::Everyone => None,
            Audience::Clients(clients) => Some(clients.len()),
        },
        upstream: connection.strategy.is_upstream(),
    }
}

async fn show_new(visit: Visit, Path(word): Path<String>) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let strategy = Strategy::parse(&word).filter(|strategy| strategy.is_upstream()).ok_or(Problem::NotFound)?;
    let form = ConnectionForm { name: strategy.as_str().to_owned(), ..ConnectionForm::default() };
    let page = new_page(&visit, strategy, form, None);
    visit.page(&page)
}

fn new_page(visit: &Visit, strategy: Strategy, form: ConnectionForm, problem: Option<String>) -> ConnectionPage {
    ConnectionPage {
        id: None,
        strategy,
        kind: kind_label(strategy).to_owned(),
        callback: visit.app.public_url().callback(),
        form,
        has_secret: false,
        enabled: true,
        problem,
        saved: false,
    }
}

async fn create(posted: Posted<SentForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let (visit, signed_in) = admit!(visit);
    let strategy = Strategy::parse(&form.strategy).filter(|strategy| strategy.is_upstream());
    let strategy = strategy.ok_or(Problem::NotFound)?;
    let new = NewConnection {
        name: form.name.trim().to_owned(),
        display_name: Some(form.display_name.trim().to_owned()).filter(|text| !text.is_empty()),
        strategy: strategy.as_str().to_owned(),
        upstream: form.wish(),
        audience: Audience::Everyone,
    };
    match connections::create(&visit.app, &signed_in.actor(), new).await {
        Ok(made) => visit.redirect(&format!("/admin/connections/{}?saved=1", made.id)),
        Err(ConnectionError::Unexpected(error)) => Err(error.into()),
        Err(error) => {
            let page = new_page(&visit, strategy, form.into_form(), Some(error.to_string()));
            visit.page_with(StatusCode::BAD_REQUEST, &page)
        }
    }
}

#[derive(Deserialize)]
struct ShowQuery {
    saved: Option<String>,
}

async fn show(visit: Visit, Path(id): Path<String>, Query(query): Query<ShowQuery>) -> Result<Response, Problem> {
    let (mut visit, _) = admit!(visit);
    let connection = upstream_connection(&visit, id).await?;
    let page = ConnectionPage { saved: query.saved.is_some(), ..page_of(&visit, &connection, None).await? };
    visit.allow(targets(&connection));
    visit.page(&page)
}

/// The button that tries it out leads to the provider.
fn targets(connection: &Connection) -> PagePolicy {
    let away = connection.upstream.as_ref().map(UpstreamOptions::browser_goes_to);
    away.map_or(PagePolicy::default(), |away| PagePolicy::default().and_https().and(away))
}

async fn upstream_connection(visit: &Visit, id: String) -> Result<Connection, Problem> {
    let found = connections::find(&visit.app, &ConnectionId::new(id)).await?;
    found.filter(|connection| connection.strategy.is_upstream()).ok_or(Problem::NotFound)
}

async fn page_of(visit: &Visit, connection: &Connection, sent: Option<SentForm>) -> Result<ConnectionPage, Problem> {
    let form = sent.map_or_else(|| form_of(connection), SentForm::into_form);
    Ok(ConnectionPage {
        id: Some(connection.id.to_string()),
        has_secret: connections::has_secret(&visit.app, &connection.id).await?,
        enabled: connection.enabled,
        ..new_page(visit, connection.strategy, ConnectionForm { name: connection.name.clone(), ..form }, None)
    })
}

async fn change(Path(id): Path<String>, posted: Posted<SentForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let (mut visit, signed_in) = admit!(visit);
    let connection = upstream_connection(&visit, id).await?;
    let change = ConnectionChange {
        display_name: Some(form.display_name.trim().to_owned()).filter(|text| !text.is_empty()),
        upstream: Some(form.wish_over(&connection)),
        ..ConnectionChange::default()
    };
    match connections::update(&visit.app, &signed_in.actor(), &connection.id, change).await {
        Ok(_) => visit.redirect(&format!("/admin/connections/{}?saved=1", connection.id)),
        Err(ConnectionError::Unexpected(error)) => Err(error.into()),
        Err(error) => {
            let page = page_of(&visit, &connection, Some(form)).await?;
            visit.allow(targets(&connection));
            visit.page_with(StatusCode::BAD_REQUEST, &ConnectionPage { problem: Some(error.to_string()), ..page })
        }
    }
}

async fn try_out(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { visit, browser, .. } = posted;
    let (visit, signed_in) = admit!(visit);
    let connection = upstream_connection(&visit, id).await?;
    let errand = Errand::Try(Box::new(signed_in));
    match social::depart(&visit.app, errand, &connection.name, &browser).await {
        Ok(url) => visit.redirect(url.as_str()),
        Err(error) => {
            let which = (&connection.id, connection.display_name.clone());
            crate::pages::tried_in_vain(visit, which, error.to_string()).await
        }
    }
}

async fn switch_on(path: Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    switch(path, posted, true).await
}

async fn switch_off(path: Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    switch(path, posted, false).await
}

async fn switch(Path(id): Path<String>, posted: Posted<Press>, on: bool) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let connection = upstream_connection(&visit, id).await?;
    let change = ConnectionChange { enabled: Some(on), ..ConnectionChange::default() };
    connections::update(&visit.app, &signed_in.actor(), &connection.id, change).await.map_err(problem_of)?;
    visit.redirect(&format!("/admin/connections/{}?saved=1", connection.id))
}

async fn delete(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (mut visit, signed_in) = admit!(posted.visit);
    let connection = upstream_connection(&visit, id).await?;
    match connections::delete(&visit.app, &signed_in.actor(), &connection.id).await {
        Ok(()) => visit.redirect("/admin/connections"),
        Err(error @ ConnectionError::InUse) => {
            let page = page_of(&visit, &connection, None).await?;
            visit.allow(targets(&connection));
            visit.page_with(StatusCode::CONFLICT, &ConnectionPage { problem: Some(error.to_string()), ..page })
        }
        Err(error) => Err(problem_of(error)),
    }
}

fn problem_of(error: ConnectionError) -> Problem {
    match error {
        ConnectionError::NotFound => Problem::NotFound,
        ConnectionError::Unexpected(error) => error.into(),
        other => Problem::BadRequest(other.to_string().into()),
    }
}

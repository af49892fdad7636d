//! `/api/v2/clients`.
//!
//! Owns Auth0's fields of a client as far as they have a meaning here; the rest is left alone. A secret is in the one
//! answer that made it. Must not know what a client may do with it.

use super::auth::Caller;
use super::body::Fields;
use super::page::{Paging, Projection};
use super::query::{Query, Segments};
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::clients::{self, ClientError, NewClient, Registered};
use guestlist_app::connections;
use guestlist_domain::client::{AppType, AuthMethod, Client, ClientSettings};
use guestlist_domain::ids::ClientId;
use guestlist_domain::patch::Patch;
use guestlist_domain::user::Metadata;
use serde_json::{Value, json};

const APP_TYPES: &str = "native, spa, regular_web, non_interactive";
const AUTH_METHODS: &str = "none, client_secret_post, client_secret_basic";
/// The most addresses of one kind.
const MAX_ADDRESSES: usize = 100;

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let (paging, projection) = (Paging::either(&query)?, Projection::read(&query)?);
    let (found, total) = clients::list(&state.app, paging.offset, paging.fetch()).await?;
    let shown = found.iter().map(|client| projection.apply(wire::client(client)));
    Ok(paging.answer("clients", shown.collect(), Some(total)))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let found = clients::find(&state.app, &ClientId::new(id)).await?.ok_or(ClientError::NotFound)?;
    Ok(Json(Projection::read(&query)?.apply(wire::client(&found))))
}

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = body.needed("name", 1..=200)?;
    check_name(&name, &body)?;
    let wish = Wish::read(&mut body)?;
    let mut settings = ClientSettings::default();
    wish.settings.clone().apply(&mut settings);
    let new = NewClient {
        name,
        app_type: wish.app_type.unwrap_or(AppType::RegularWeb),
        auth_method: wish.auth_method,
        settings,
        all_scopes: false,
    };
    let made = clients::create(&state.app, new, &caller.actor()).await?;
    Ok((StatusCode::CREATED, with_secret(&made)))
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    let name = body.text("name", 1..=200)?;
    if let Some(name) = &name {
        check_name(name, &body)?;
    }
    let wish = Wish::read(&mut body)?;
    let change = move |client: &mut Client| {
        if let Some(name) = &name {
            client.name.clone_from(name);
        }
        client.app_type = wish.app_type.unwrap_or(client.app_type);
        client.auth_method = wish.auth_method.unwrap_or(client.auth_method);
        wish.settings.clone().apply(&mut client.settings);
    };
    let changed = clients::update(&state.app, &ClientId::new(id), change, &caller.actor()).await?;
    Ok(with_secret(&changed))
}

pub(super) async fn delete(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    clients::delete(&state.app, &ClientId::new(id), &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn rotate_secret(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let rotated = clients::rotate_secret(&state.app, &ClientId::new(id), &caller.actor()).await?;
    Ok(with_secret(&rotated))
}

pub(super) async fn connections_of(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let (paging, id) = (Paging::either(&query)?, ClientId::new(id));
    clients::find(&state.app, &id).await?.ok_or(ClientError::NotFound)?;
    let (usable, total) = paging.cut(connections::usable(&state.app, Some(&id), None).await?);
    let shown = usable.iter().map(|connection| wire::connection(connection, false));
    Ok(paging.answer("connections", shown.collect(), total))
}

fn with_secret(registered: &Registered) -> Json<Value> {
    let mut body = wire::client(&registered.client);
    if let (Some(secret), Some(body)) = (&registered.secret, body.as_object_mut()) {
        body.insert("client_secret".to_owned(), json!(secret.expose()));
    }
    Json(body)
}

fn check_name(name: &str, body: &Fields) -> Result<(), ApiError> {
    if name.contains(['<', '>']) { Err(body.invalid_property("'<' and '>' are not allowed", "name")) } else { Ok(()) }
}

/// What a body says about a client, beside its name.
struct Wish {
    app_type: Option<AppType>,
    auth_method: Option<AuthMethod>,
    settings: SettingsWish,
}

/// Settings; what is not said stays.
#[derive(Clone)]
struct SettingsWish {
    callbacks: Option<Vec<String>>,
    allowed_logout_urls: Option<Vec<String>>,
    web_origins: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
    initiate_login_uri: Patch<String>,
    description: Patch<String>,
    logo_uri: Patch<String>,
    id_token_lifetime_secs: Option<u64>,
    client_metadata: Option<Metadata>,
}

impl Wish {
    fn read(body: &mut Fields) -> Result<Self, ApiError> {
        let lifetime = match body.object("jwt_configuration", "jwt_configuration.")? {
            Some(mut configuration) => configuration.count("lifetime_in_seconds")?,
            None => None,
        };
        Ok(Self {
            app_type: body.word("app_type", AppType::parse, APP_TYPES)?,
            auth_method: body.word("token_endpoint_auth_method", AuthMethod::parse, AUTH_METHODS)?,
            settings: SettingsWish {
                callbacks: body.texts("callbacks", MAX_ADDRESSES)?,
                allowed_logout_urls: body.texts("allowed_logout_urls", MAX_ADDRESSES)?,
                web_origins: body.texts("web_origins", MAX_ADDRESSES)?,
                allowed_origins: body.texts("allowed_origins", MAX_ADDRESSES)?,
                grant_types: body.texts("grant_types", 20)?,
                initiate_login_uri: body.clearable("initiate_login_uri", 0..=2_000)?,
                description: body.clearable("description", 0..=140)?,
                logo_uri: body.clearable("logo_uri", 0..=2_000)?,
                id_token_lifetime_secs: lifetime,
                client_metadata: body.metadata("client_metadata")?,
            },
        })
    }
}

impl SettingsWish {
    fn apply(self, settings: &mut ClientSettings) {
        replace(&mut settings.callbacks, self.callbacks);
        replace(&mut settings.allowed_logout_urls, self.allowed_logout_urls);
        replace(&mut settings.web_origins, self.web_origins);
        replace(&mut settings.allowed_origins, self.allowed_origins);
        replace(&mut settings.grant_types, self.grant_types);
        settings.initiate_login_uri =
            self.initiate_login_uri.apply(settings.initiate_login_uri.take()).filter(|text| !text.is_empty());
        settings.description = self.description.apply(settings.description.take()).filter(|text| !text.is_empty());
        settings.logo_uri = self.logo_uri.apply(settings.logo_uri.take()).filter(|text| !text.is_empty());
        replace(&mut settings.id_token_lifetime_secs, self.id_token_lifetime_secs.map(Some));
        replace(&mut settings.client_metadata, self.client_metadata);
    }
}

fn replace<T>(setting: &mut T, wish: Option<T>) {
    if let Some(wish) = wish {
        *setting = wish;
    }
}

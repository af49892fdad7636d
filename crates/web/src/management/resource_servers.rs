//! `/api/v2/resource-servers`: the APIs that access tokens are made for.
//!
//! Owns Auth0's fields of them. What would mean something that is not there, such as another way of signing, is refused and
//! not ignored. Must not know who is given a token.

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
use guestlist_app::resource_servers::{self, ResourceServerError};
use guestlist_domain::resource_server::{
    ApiScope, ApiSettings, LONGEST_IDENTIFIER, MOST_SCOPES, ResourceServer, TokenDialect,
};
use serde_json::Value;

/// Auth0's limit, in characters.
const LONGEST_NAME: usize = 200;
const DIALECTS: &str = "access_token, rfc9068_profile";

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let (paging, projection) = (Paging::either(&query)?, Projection::read(&query)?);
    let mut found = resource_servers::list(&state.app).await?;
    if let Some(identifier) = query.text("identifiers") {
        found.retain(|api| api.identifier == identifier);
    }
    let (found, total) = paging.cut(found);
    let shown = found.iter().map(|api| projection.apply(wire::resource_server(api)));
    Ok(paging.answer("resource_servers", shown.collect(), total))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let found = resource_servers::find(&state.app, &id).await?.ok_or(ResourceServerError::NotFound)?;
    Ok(Json(Projection::read(&query)?.apply(wire::resource_server(&found))))
}

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let identifier = body.needed("identifier", 1..=LONGEST_IDENTIFIER)?;
    let name = name(&mut body)?.unwrap_or_else(|| identifier.chars().take(LONGEST_NAME).collect());
    let wish = Wish::read(&mut body)?;
    body.nothing_more()?;
    let mut settings = ApiSettings::default();
    wish.apply(&mut settings);
    let made = resource_servers::create(&state.app, name, identifier, settings, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(wire::resource_server(&made))))
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    let name = name(&mut body)?;
    let wish = Wish::read(&mut body)?;
    body.nothing_more()?;
    let change = move |api: &mut ResourceServer| {
        if let Some(name) = &name {
            api.name.clone_from(name);
        }
        wish.clone().apply(&mut api.settings);
    };
    let changed = resource_servers::update(&state.app, &id, change, &caller.actor()).await?;
    Ok(Json(wire::resource_server(&changed)))
}

pub(super) async fn delete(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    // As at Auth0, what is gone need not be deleted.
    resource_servers::delete(&state.app, &id, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn name(body: &mut Fields) -> Result<Option<String>, ApiError> {
    let name = body.text("name", 1..=LONGEST_NAME)?;
    match &name {
        Some(text) if text.contains(['<', '>']) => Err(body.invalid_property("'<' and '>' are not allowed", "name")),
        _ => Ok(name),
    }
}

/// What a body says beside name and identifier; what is not said stays.
#[derive(Clone)]
struct Wish {
    scopes: Option<Vec<ApiScope>>,
    allow_offline_access: Option<bool>,
    token_lifetime_secs: Option<u64>,
    token_dialect: Option<TokenDialect>,
}

impl Wish {
    fn read(body: &mut Fields) -> Result<Self, ApiError> {
        body.word("signing_alg", |word| (word == "RS256").then_some(()), "RS256")?;
        if body.flag("enforce_policies")? == Some(true) {
            return Err(body.invalid_property("There are no roles with permissions to enforce", "enforce_policies"));
        }
        // There is no page that asks for consent: every client belongs to the house.
        body.flag("skip_consent_for_verifiable_first_party_clients")?;
        Ok(Self {
            scopes: scopes(body)?,
            allow_offline_access: body.flag("allow_offline_access")?,
            token_lifetime_secs: body.count("token_lifetime")?,
            token_dialect: body.word("token_dialect", TokenDialect::parse, DIALECTS)?,
        })
    }

    fn apply(self, settings: &mut ApiSettings) {
        settings.scopes = self.scopes.unwrap_or_else(|| std::mem::take(&mut settings.scopes));
        settings.allow_offline_access = self.allow_offline_access.unwrap_or(settings.allow_offline_access);
        settings.token_lifetime_secs = self.token_lifetime_secs.unwrap_or(settings.token_lifetime_secs);
        settings.token_dialect = self.token_dialect.unwrap_or(settings.token_dialect);
    }
}

fn scopes(body: &mut Fields) -> Result<Option<Vec<ApiScope>>, ApiError> {
    let Some(items) = body.objects("scopes", "scopes.", MOST_SCOPES)? else { return Ok(None) };
    let read = |mut item: Fields| {
        let value = item.needed("value", 1..=280)?;
        let description = item.text("description", 0..=500)?.filter(|text| !text.is_empty());
        item.nothing_more()?;
        Ok(ApiScope { value, description })
    };
    items.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

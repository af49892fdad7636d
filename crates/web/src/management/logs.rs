//! `/api/v2/logs`, and the log of a user.
//!
//! Owns its parameters, and which of its fields `q` can ask for. What happened stays in the log when those it is about are
//! gone. Must not know what is worth a line.

use super::lucene::{Language, parse_in, refused, span, whole};
use super::lucene_words::Word;
use super::page::{Paging, Projection};
use super::query::{Query, Segments, invalid};
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::logs::{self, LogOrder, LogQuery};
use guestlist_domain::filter::Filter;
use guestlist_domain::ids::EventId;
use guestlist_domain::log_filter::{LogFact, LogField, LogFilter};
use serde_json::Value;

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    answer(&state, &query, None).await
}

pub(super) async fn of_user(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    answer(&state, &query, Some(id)).await
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "The log event does not exist.").with_code("inexistent_log");
    let found = logs::find(&state.app, &EventId::new(id)).await?.ok_or_else(unknown)?;
    Ok(Json(wire::log_record(&found)))
}

async fn answer(state: &WebState, query: &Query, user: Option<String>) -> Result<Json<Value>, ApiError> {
    let projection = Projection::read(query)?;
    let mut parts: Vec<LogFilter> = user.map(|id| Filter::Is(LogFact::About(LogField::User, id))).into_iter().collect();
    if let Some(text) = query.text("q").or_else(|| query.text("search")) {
        parts.push(parse_in::<Log>(text)?);
    }
    let is_followed = query.text("from").is_some() || query.text("take").is_some();
    let (paging, order) = if is_followed {
        parts.extend(behind(query)?);
        (Paging::bare(query)?, LogOrder::OldestFirst)
    } else {
        (Paging::offset(query)?, order(query)?)
    };
    let wish = LogQuery {
        filter: Filter::All(parts),
        order,
        limit: paging.fetch(),
        offset: paging.offset,
        with_total: paging.wants_total(),
        settled: is_followed,
    };
    let (found, total) = logs::list(&state.app, wish).await?;
    let records = found.iter().map(|line| projection.apply(wire::log_record(line))).collect();
    Ok(paging.answer("logs", records, total))
}

/// Where to go on: behind the record of this id, which need not be there.
fn behind(query: &Query) -> Result<Option<LogFilter>, ApiError> {
    let Some(from) = query.text("from").map(EventId::new) else { return Ok(None) };
    if !from.is_well_formed() {
        return Err(invalid("'from' is the log_id of a record"));
    }
    Ok(Some(Filter::Is(LogFact::Behind(from))))
}

fn order(query: &Query) -> Result<LogOrder, ApiError> {
    match query.text("sort") {
        None | Some("date:-1") => Ok(LogOrder::NewestFirst),
        Some("date:1") => Ok(LogOrder::OldestFirst),
        Some(_) => Err(invalid("'sort' is date:1 or date:-1")),
    }
}

/// The fields of the log that can be asked for.
struct Log;

#[derive(Clone, Copy)]
enum Field {
    Type,
    Date,
    About(LogField),
}

impl Language for Log {
    type Fact = LogFact;
    type Field = Field;

    fn field(name: &str) -> Option<Field> {
        Some(match name {
            "type" => Field::Type,
            "date" => Field::Date,
            "log_id" | "_id" => Field::About(LogField::Id),
            "user_id" => Field::About(LogField::User),
            "client_id" => Field::About(LogField::Client),
            "connection_id" => Field::About(LogField::Connection),
            _ => return None,
        })
    }

    fn exists(field: Field) -> LogFilter {
        match field {
            Field::Type | Field::Date => Filter::Everybody,
            Field::About(field) => Filter::Is(LogFact::Has(field)),
        }
    }

    fn value(field: Field, word: Word) -> Result<LogFilter, ApiError> {
        Ok(Filter::Is(match field {
            Field::Type => LogFact::Type(whole(word)?),
            Field::Date => LogFact::Within(span(word)?),
            Field::About(field) => LogFact::About(field, whole(word)?),
        }))
    }

    fn bare(_: Word) -> Result<LogFilter, ApiError> {
        Err(refused("a term of the log needs a field: type, date, log_id, user_id, client_id or connection_id"))
    }
}

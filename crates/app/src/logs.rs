//! The log, as administrators' programs read it.
//!
//! Owns the pages of it. Everything in it was written by other acts. Must not know Auth0's bodies.

use crate::app::App;
use crate::error::Unexpected;
use guestlist_domain::filter::{Filter, Span};
use guestlist_domain::ids::EventId;
use guestlist_domain::log_filter::{LogFact, LogField, LogFilter};
use guestlist_store::log_search;
pub use guestlist_store::log_search::{LogLine, LogOrder};
use std::time::Duration;

/// Until when a line may come up between others: ids are made before a transaction commits, and within a millisecond they
/// have no order. A transaction is over long before that.
const SETTLING: Duration = Duration::from_secs(5);

/// What is asked of the log.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Which lines.
    pub filter: LogFilter,
    /// In which order.
    pub order: LogOrder,
    /// How many at the most.
    pub limit: i64,
    /// How many to skip.
    pub offset: i64,
    /// Whether all of them are counted.
    pub with_total: bool,
    /// Whether the asker will go on behind the last line and never look back: only settled lines are shown.
    pub settled: bool,
}

/// Some lines, and how many there are in all.
pub async fn list(app: &App, query: LogQuery) -> Result<(Vec<LogLine>, Option<i64>), Unexpected> {
    let now = app.now();
    app.read(move |tx| {
        let mut query = query.clone();
        Box::pin(async move {
            if query.settled {
                let span = Span { from: None, before: Some(now.minus(SETTLING)) };
                query.filter = Filter::All(vec![query.filter, Filter::Is(LogFact::Within(span))]);
            }
            let found = log_search::list(tx, &query.filter, query.order, query.limit, query.offset).await?;
            let total = if query.with_total { Some(log_search::count(tx, &query.filter).await?) } else { None };
            Ok((found, total))
        })
    })
    .await
}

/// The line of that id.
pub async fn find(app: &App, id: &EventId) -> Result<Option<LogLine>, Unexpected> {
    let filter = Filter::Is(LogFact::About(LogField::Id, id.as_str().to_owned()));
    let query =
        LogQuery { filter, order: LogOrder::OldestFirst, limit: 1, offset: 0, with_total: false, settled: false };
    Ok(list(app, query).await?.0.pop())
}

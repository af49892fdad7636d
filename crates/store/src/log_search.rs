//! Finding lines of the log: filter, order, page.
//!
//! Owns the one place where SQL is composed from a [`LogFilter`]: every piece is a constant, every value is bound. Must
//! not know the language in which the question was asked, nor whose codes the types are.

use crate::events::{self, columns};
use crate::question::{Condition, Question, joined};
use crate::{Engine, Row, StoreError, Tx, Value};
use guestlist_domain::connection::Strategy;
use guestlist_domain::event::Event;
use guestlist_domain::filter::{Filter, Span};
use guestlist_domain::ids::EventId;
use guestlist_domain::log::{LOG_TYPES, LogType, When, of_code};
use guestlist_domain::log_filter::{LogFact, LogField, LogFilter};
use guestlist_domain::time::Timestamp;

/// An event, and what those that it is about are called today. Who is gone has no name.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// What happened.
    pub event: Event,
    /// The user's address.
    pub user_name: Option<String>,
    /// The application's name.
    pub client_name: Option<String>,
    /// The connection's name.
    pub connection_name: Option<String>,
    /// The connection's kind.
    pub strategy: Option<Strategy>,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOrder {
    /// The newest.
    NewestFirst,
    /// The oldest.
    OldestFirst,
}

/// One page of the lines that `filter` holds for.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &LogFilter,
    order: LogOrder,
    limit: i64,
    offset: i64,
) -> Result<Vec<LogLine>, StoreError> {
    let mut question = Question::new(tx.engine());
    let sql = list_sql(&mut question, filter, order, limit, offset);
    tx.rows_dynamic(&sql, &question.values).await?.iter().map(read).collect()
}

/// How many lines `filter` holds for.
pub async fn count(tx: &mut Tx<'_>, filter: &LogFilter) -> Result<i64, StoreError> {
    let mut question = Question::new(tx.engine());
    let sql = count_sql(&mut question, filter);
    tx.rows_dynamic(&sql, &question.values).await?.first().map_or(Ok(0), |row| row.int(0))
}

fn read(row: &Row) -> Result<LogLine, StoreError> {
    let at = events::WIDTH;
    Ok(LogLine {
        event: events::read(row)?,
        user_name: row.opt_text(at)?,
        client_name: row.opt_text(at + 1)?,
        connection_name: row.opt_text(at + 2)?,
        strategy: row.opt_text(at + 3)?.as_deref().and_then(Strategy::parse),
    })
}

/// Every form that the pieces can take, for the check of all statements.
pub(crate) fn composed(engine: Engine) -> Vec<String> {
    let at = Timestamp::from_millis(0);
    let mut parts: Vec<LogFilter> =
        LOG_TYPES.iter().map(|line| Filter::Is(LogFact::Type(line.code.to_owned()))).collect();
    parts.extend(LogField::ALL.iter().map(|field| Filter::Is(LogFact::About(*field, "x".to_owned()))));
    parts.extend(LogField::ALL.iter().map(|field| Filter::Is(LogFact::Has(*field))));
    parts.extend([
        Filter::Is(LogFact::Within(Span { from: Some(at), before: Some(at) })),
        Filter::Is(LogFact::Within(Span::default())),
        Filter::Not(Box::new(Filter::Is(LogFact::Behind(EventId::least(at))))),
    ]);
    let everything = Filter::Any(vec![Filter::All(parts), Filter::Everybody]);
    let mut forms = vec![count_sql(&mut Question::new(engine), &everything)];
    forms.extend(
        [LogOrder::NewestFirst, LogOrder::OldestFirst]
            .map(|order| list_sql(&mut Question::new(engine), &everything, order, 1, 0)),
    );
    forms
}

/// The page is cut before the names are looked up: what is skipped is not joined.
fn list_sql<'a>(
    question: &mut Question<'a>,
    filter: &'a LogFilter,
    order: LogOrder,
    limit: i64,
    offset: i64,
) -> String {
    let condition = question.condition(filter);
    let direction = match order {
        LogOrder::NewestFirst => "DESC",
        LogOrder::OldestFirst => "ASC",
    };
    let (limit, offset) = (question.bind(Value::Int(limit)), question.bind(Value::Int(offset)));
    format!(
        concat!(
            "SELECT ",
            columns!(),
            ", users.email, clients.name, connections.name, connections.strategy FROM (SELECT * FROM events \
             WHERE {} ORDER BY events.id {} LIMIT {} OFFSET {}) AS events \
             LEFT JOIN users ON users.id = events.user_id LEFT JOIN clients ON clients.id = events.client_id \
             LEFT JOIN connections ON connections.id = events.connection_id ORDER BY events.id {}"
        ),
        condition, direction, limit, offset, direction
    )
}

fn count_sql<'a>(question: &mut Question<'a>, filter: &'a LogFilter) -> String {
    format!("SELECT COUNT(*) FROM events WHERE {}", question.condition(filter))
}

impl Condition for LogFact {
    fn sql<'a>(&'a self, question: &mut Question<'a>) -> String {
        match self {
            LogFact::Type(code) => {
                let lines: Vec<String> =
                    of_code(code).into_iter().map(|(line, elders)| question.line(line, &elders)).collect();
                joined(&lines, " OR ", "1 = 0")
            }
            LogFact::About(field, id) => format!("{} = {}", column(*field), question.bind(Value::from(id.as_str()))),
            LogFact::Has(field) => format!("{} IS NOT NULL", column(*field)),
            LogFact::Within(span) => {
                let from = span.from.map(|from| question.place(">=", from));
                let before = span.before.map(|before| question.place("<", before));
                joined(&from.into_iter().chain(before).collect::<Vec<_>>(), " AND ", "1 = 1")
            }
            LogFact::Behind(id) => format!("events.id > {}", question.bind(Value::from(id))),
        }
    }
}

impl Question<'_> {
    /// Ids are ordered by time, so that a moment needs no index of its own.
    fn place(&mut self, sign: &str, at: Timestamp) -> String {
        format!("events.id {sign} {}", self.bind(Value::from(EventId::least(at).as_str().to_owned())))
    }

    /// The line's conditions hold, and those of no elder line of its kind.
    fn line(&mut self, line: &'static LogType, elders: &[&'static LogType]) -> String {
        let kind = format!("events.kind = {}", self.bind(Value::from(line.kind.as_str())));
        let mut parts = vec![kind];
        parts.extend(line.when.iter().map(|when| self.when(*when)));
        for elder in elders {
            let holds: Vec<String> = elder.when.iter().map(|when| self.when(*when)).collect();
            parts.push(format!("NOT COALESCE({}, 1 = 0)", joined(&holds, " AND ", "1 = 1")));
        }
        joined(&parts, " AND ", "1 = 1")
    }

    fn when(&mut self, when: When) -> String {
        match when {
            When::Nobody => "events.user_id IS NULL".to_owned(),
            When::Says(name, value) => {
                let value = self.bind(Value::from(value));
                match self.engine {
                    Engine::Sqlite => format!("events.data ->> '{name}' = {value}"),
                    // JSON may say U+0000 and PostgreSQL cannot: one such event must not spoil everybody's search.
                    Engine::Postgres => format!(
                        "(CASE WHEN POSITION('\\u0000' IN events.data) > 0 THEN NULL \
                         ELSE CAST(events.data AS JSON) ->> '{name}' END) = {value}"
                    ),
                }
            }
        }
    }
}

const fn column(field: LogField) -> &'static str {
    match field {
        LogField::Id => "events.id",
        LogField::User => "events.user_id",
        LogField::Client => "events.client_id",
        LogField::Connection => "events.connection_id",
    }
}

//! Finding users: filter, order, page.
//!
//! Owns the one place where SQL is composed from a [`UserFilter`]: every piece is a constant, every value is bound. Must
//! not know the language in which the question was asked.

use crate::identities;
use crate::question::{Condition, Question};
use crate::users::{self, columns};
use crate::{Engine, StoreError, Tx, Value};
use guestlist_domain::connection::{DATABASE_CONNECTION, Strategy};
use guestlist_domain::filter::Span;
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::UserId;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_domain::user_filter::{
    Fact, FlagField, OrderField, TextField, TextMatch, TimeField, UserFilter, UserOrder,
};

/// One page of the users that `filter` holds for.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &UserFilter,
    order: UserOrder,
    limit: i64,
    offset: i64,
) -> Result<Vec<User>, StoreError> {
    let mut question = Question::new(tx.engine());
    let sql = list_sql(&mut question, filter, order, limit, offset);
    tx.rows_dynamic(&sql, &question.values).await?.iter().map(|row| users::read(row, 0)).collect()
}

/// How many users `filter` holds for.
pub async fn count(tx: &mut Tx<'_>, filter: &UserFilter) -> Result<i64, StoreError> {
    let mut question = Question::new(tx.engine());
    let sql = count_sql(&mut question, filter);
    tx.rows_dynamic(&sql, &question.values).await?.first().map_or(Ok(0), |row| row.int(0))
}

/// The linked identities of these users, of each the oldest first.
pub async fn identities_of(tx: &mut Tx<'_>, users: &[&UserId]) -> Result<Vec<Identity>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<Value<'_>> = users.iter().map(|user| Value::from(*user)).collect();
    tx.rows_dynamic(&identities_sql(users.len()), &values).await?.iter().map(identities::read).collect()
}

fn identities_sql(users: usize) -> String {
    let places: Vec<String> = (1..=users).map(|n| format!("${n}")).collect();
    format!(
        concat!("SELECT ", identities::columns!(), " FROM identities WHERE user_id IN ({}) ORDER BY linked_at, id"),
        places.join(", ")
    )
}

/// Every form that the pieces can take, for the check of all statements.
pub(crate) fn composed(engine: Engine) -> Vec<String> {
    let text = |field: &TextField| UserFilter::Is(Fact::Text(*field, TextMatch::Whole("x".to_owned())));
    let has = |field: &TextField| UserFilter::Is(Fact::Has(*field));
    let span = Span { from: Some(Timestamp::from_millis(0)), before: Some(Timestamp::from_millis(1)) };
    let moment = |field: TimeField| UserFilter::Is(Fact::Moment(field, span));
    let mut parts: Vec<UserFilter> = TextField::ALL.iter().map(text).chain(TextField::ALL.iter().map(has)).collect();
    parts.extend([TimeField::CreatedAt, TimeField::UpdatedAt, TimeField::LastLogin].map(moment));
    parts.extend([FlagField::Blocked, FlagField::EmailVerified].map(|flag| UserFilter::Is(Fact::Flag(flag, true))));
    parts.extend([
        UserFilter::Is(Fact::Text(TextField::Name, TextMatch::Prefix("x".to_owned()))),
        UserFilter::Is(Fact::EmailDomain("x".to_owned())),
        UserFilter::Is(Fact::Connection("x".to_owned())),
        UserFilter::Not(Box::new(UserFilter::Is(Fact::Provider("x".to_owned())))),
    ]);
    let everything = UserFilter::Any(vec![UserFilter::All(parts), UserFilter::Everybody]);
    let mut forms = vec![count_sql(&mut Question::new(engine), &everything), identities_sql(3)];
    forms.extend(OrderField::ALL.iter().map(|by| {
        let order = UserOrder { by: *by, descending: true };
        list_sql(&mut Question::new(engine), &everything, order, 1, 0)
    }));
    forms
}

fn list_sql<'a>(
    question: &mut Question<'a>,
    filter: &'a UserFilter,
    order: UserOrder,
    limit: i64,
    offset: i64,
) -> String {
    let (condition, order) = (question.condition(filter), order_by(order, question.engine));
    let (limit, offset) = (question.bind(Value::Int(limit)), question.bind(Value::Int(offset)));
    format!(
        concat!("SELECT ", columns!(), " FROM users WHERE {} ORDER BY {} LIMIT {} OFFSET {}"),
        condition, order, limit, offset
    )
}

fn count_sql<'a>(question: &mut Question<'a>, filter: &'a UserFilter) -> String {
    format!("SELECT COUNT(*) FROM users WHERE {}", question.condition(filter))
}

impl Condition for Fact {
    fn sql<'a>(&'a self, question: &mut Question<'a>) -> String {
        match self {
            Fact::Text(field, how) => question.text(*field, how),
            Fact::Has(field) => format!("{} IS NOT NULL", column(*field, question.engine)),
            Fact::Flag(field, value) => format!("{} = {}", flag_column(*field), i64::from(*value)),
            Fact::Moment(field, span) => question.moment(*field, *span),
            Fact::EmailDomain(domain) => {
                let pattern = format!("%@{}", escaped(&domain.to_lowercase()));
                format!("users.email LIKE {} ESCAPE '!'", question.bind(Value::from(pattern)))
            }
            // The primary identity is the password database's, whether a password is set or not.
            Fact::Connection(name) if name == DATABASE_CONNECTION => "1 = 1".to_owned(),
            Fact::Provider(word) if word == Strategy::Database.as_str() => "1 = 1".to_owned(),
            Fact::Connection(name) => question.way_in("connections.name", name),
            Fact::Provider(word) => question.way_in("connections.strategy", word),
        }
    }
}

impl<'a> Question<'a> {
    fn text(&mut self, field: TextField, how: &'a TextMatch) -> String {
        let column = column(field, self.engine);
        let (as_is, column) = match field {
            // Both are stored in one case; an index serves them as they are.
            TextField::Id => (true, column),
            TextField::Email => (false, column),
            _ => (false, format!("LOWER({column})")),
        };
        let fold = |text: &str| if as_is { text.to_owned() } else { text.to_lowercase() };
        match how {
            TextMatch::Whole(text) => format!("{column} = {}", self.bind(Value::from(fold(text)))),
            TextMatch::Prefix(text) => self.like(&column, format!("{}%", escaped(&fold(text)))),
            TextMatch::Inside(text) => self.like(&column, format!("%{}%", escaped(&fold(text)))),
        }
    }

    fn like(&mut self, column: &str, pattern: String) -> String {
        format!("{column} LIKE {} ESCAPE '!'", self.bind(Value::from(pattern)))
    }

    fn moment(&mut self, field: TimeField, span: Span) -> String {
        let column = match field {
            TimeField::CreatedAt => "users.created_at",
            TimeField::UpdatedAt => "users.updated_at",
            TimeField::LastLogin => "users.last_login_at",
        };
        let from = span.from.map(|from| format!("{column} >= {}", self.bind(Value::from(from))));
        let before = span.before.map(|before| format!("{column} < {}", self.bind(Value::from(before))));
        match (from, before) {
            (Some(from), Some(before)) => format!("({from} AND {before})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => format!("{column} IS NOT NULL"),
        }
    }

    fn way_in(&mut self, column: &str, text: &'a str) -> String {
        let place = self.bind(Value::from(text));
        format!(
            "EXISTS (SELECT 1 FROM identities JOIN connections ON connections.id = identities.connection_id \
             WHERE identities.user_id = users.id AND {column} = {place})"
        )
    }
}

/// A column, or what is under a name in the profile's JSON; there the two engines have each a spelling of their own.
fn column(field: TextField, engine: Engine) -> String {
    let name = match field {
        TextField::Id => return "users.id".to_owned(),
        TextField::Email => return "users.email".to_owned(),
        TextField::Name => "name",
        TextField::Nickname => "nickname",
        TextField::GivenName => "given_name",
        TextField::FamilyName => "family_name",
    };
    match engine {
        Engine::Sqlite => format!("(users.profile ->> '{name}')"),
        // JSON may say U+0000 and PostgreSQL cannot: one such profile must not spoil everybody's search.
        Engine::Postgres => format!(
            "(CASE WHEN POSITION('\\u0000' IN users.profile) > 0 THEN NULL \
             ELSE CAST(users.profile AS JSON) ->> '{name}' END)"
        ),
    }
}

const fn flag_column(field: FlagField) -> &'static str {
    match field {
        FlagField::Blocked => "users.blocked",
        FlagField::EmailVerified => "users.email_verified",
    }
}

fn order_by(order: UserOrder, engine: Engine) -> String {
    let direction = if order.descending { "DESC" } else { "ASC" };
    // The engines disagree about where NULL stands; nobody has an empty name or a time before 1970.
    let key = match order.by {
        OrderField::CreatedAt => "users.created_at".to_owned(),
        OrderField::UpdatedAt => "users.updated_at".to_owned(),
        OrderField::LastLogin => "COALESCE(users.last_login_at, 0)".to_owned(),
        OrderField::LoginsCount => "users.logins_count".to_owned(),
        OrderField::Email => "users.email".to_owned(),
        OrderField::Name => format!("COALESCE({}, '')", column(TextField::Name, engine)),
        OrderField::Id => return format!("users.id {direction}"),
    };
    format!("{key} {direction}, users.id {direction}")
}

/// Takes the wildcards of LIKE for what they are in `text`.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])).collect()
}

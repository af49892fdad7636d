//! Pages of a list, in Auth0's forms: a bare array, an object with totals, or a checkpoint to go on from.
//!
//! Owns `page`, `per_page`, `include_totals`, `from`, `take`, `fields` and `include_fields`. A page past the end is empty,
//! not an error (trap T11). Must not know what is listed.

use super::query::{Query, invalid};
use crate::error::ApiError;
use axum::Json;
use serde_json::{Map, Value, json};

const DEFAULT_SIZE: i64 = 50;
const MAX_SIZE: i64 = 100;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// How many to skip.
    pub(super) offset: i64,
    /// How many at the most.
    pub(super) limit: i64,
    /// The form of the answer.
    pub(super) form: Form,
}

/// The form of a list's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An array.
    Bare,
    /// An object with `start`, `limit` and `total`.
    Totals,
    /// An object with `next`, as long as there is more.
    Checkpoint,
}

impl Paging {
    /// Offset paging.
    pub(super) fn offset(query: &Query) -> Result<Self, ApiError> {
        let limit = query.number("per_page", 0, MAX_SIZE)?.unwrap_or(DEFAULT_SIZE);
        let page = query.number("page", 0, i64::from(u32::MAX))?.unwrap_or(0);
        let form = if query.flag("include_totals")?.unwrap_or(false) { Form::Totals } else { Form::Bare };
        Ok(Self { offset: page.saturating_mul(limit), limit, form })
    }

    /// Offset paging, or from a checkpoint if `from` or `take` is there.
    pub(super) fn either(query: &Query) -> Result<Self, ApiError> {
        if query.text("from").is_none() && query.text("take").is_none() {
            return Self::offset(query);
        }
        Self::checkpoint(query)
    }

    /// From a checkpoint: the only form that this list has.
    pub(super) fn checkpoint(query: &Query) -> Result<Self, ApiError> {
        let limit = query.number("take", 1, MAX_SIZE)?.unwrap_or(DEFAULT_SIZE);
        let offset = query.text("from").map_or(Ok(0), read_checkpoint)?;
        Ok(Self { offset, limit, form: Form::Checkpoint })
    }

    /// From a place that the list itself knows, answered as an array: who reads on says where the last one stood.
    pub(super) fn bare(query: &Query) -> Result<Self, ApiError> {
        let limit = query.number("take", 1, MAX_SIZE)?.unwrap_or(DEFAULT_SIZE);
        Ok(Self { offset: 0, limit, form: Form::Bare })
    }

    /// Whether the answer says how many there are in all.
    pub(super) fn wants_total(self) -> bool {
        self.form == Form::Totals
    }

    /// How many to fetch: one more than is shown, where the answer must say whether there is more.
    pub(super) fn fetch(self) -> i64 {
        self.limit + i64::from(self.form == Form::Checkpoint)
    }

    /// The answer: up to [`Paging::fetch`] items under `name`.
    pub(super) fn answer(self, name: &str, mut items: Vec<Value>, total: Option<i64>) -> Json<Value> {
        let limit = usize::try_from(self.limit).unwrap_or(0);
        let is_more = items.len() > limit;
        items.truncate(limit);
        Json(match self.form {
            Form::Bare => Value::Array(items),
            Form::Totals => {
                let length = items.len();
                let mut answer = json!({ "start": self.offset, "limit": self.limit, "length": length, name: items });
                if let (Some(total), Some(answer)) = (total, answer.as_object_mut()) {
                    answer.insert("total".to_owned(), total.into());
                }
                answer
            }
            Form::Checkpoint if is_more => json!({ "next": checkpoint(self.offset + self.limit), name: items }),
            Form::Checkpoint => json!({ name: items }),
        })
    }

    /// The part of a whole list that was asked for, and how many there are in all: for lists that are short.
    pub(super) fn cut<T>(self, items: Vec<T>) -> (Vec<T>, Option<i64>) {
        let total = i64::try_from(items.len()).ok();
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(self.fetch()).unwrap_or(0);
        (items.into_iter().skip(skip).take(take).collect(), total)
    }
}

/// Opaque to callers: it may mean something else tomorrow.
fn checkpoint(offset: i64) -> String {
    format!("o{offset}")
}

fn read_checkpoint(text: &str) -> Result<i64, ApiError> {
    let offset = text.strip_prefix('o').and_then(|digits| digits.parse::<i64>().ok());
    offset.filter(|offset| *offset >= 0).ok_or_else(|| invalid("'from' is not a checkpoint of ours"))
}

/// Which fields of an object are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Projection {
    /// All.
    All,
    /// These alone.
    Only(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

impl Projection {
    pub(super) fn read(query: &Query) -> Result<Self, ApiError> {
        let Some(fields) = query.text("fields") else { return Ok(Self::All) };
        let names = fields.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        Ok(if query.flag("include_fields")?.unwrap_or(true) { Self::Only(names) } else { Self::Without(names) })
    }

    /// The object with the wanted fields.
    pub(super) fn apply(&self, object: Value) -> Value {
        let Value::Object(fields) = object else { return object };
        let is_wanted = |name: &String| match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
            Self::Without(names) => !names.contains(name),
        };
        Value::Object(fields.into_iter().filter(|(name, _)| is_wanted(name)).collect::<Map<_, _>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Paging {
        Paging::either(&Query::read(query).unwrap()).unwrap()
    }

    fn answer(query: &str, count: usize) -> Value {
        let paging = read(query);
        let (items, total) = paging.cut((0..count).map(Value::from).collect());
        paging.answer("users", items, total).0
    }

    #[test]
    fn offset_pages_are_bare_or_wrapped() {
        assert_eq!(answer("per_page=2", 3), json!([0, 1]));
        assert_eq!(
            answer("page=1&per_page=2&include_totals=true", 3),
            json!({"start": 2, "limit": 2, "length": 1, "total": 3, "users": [2]})
        );
        assert_eq!(answer("per_page=0&include_totals=true", 3)["users"], json!([]));
    }

    #[test]
    fn a_page_past_the_end_is_empty() {
        assert_eq!(answer("page=7&per_page=100", 3), json!([]));
        assert_eq!(answer("page=4294967295&per_page=100&include_totals=true", 3)["users"], json!([]));
    }

    #[test]
    fn checkpoints_lead_to_the_end() {
        let first = answer("take=2", 3);
        assert_eq!(first["users"], json!([0, 1]));
        let next = first["next"].as_str().unwrap();
        assert_eq!(answer(&format!("take=2&from={next}"), 3), json!({"users": [2]}));
        assert_eq!(answer("take=3", 3), json!({"users": [0, 1, 2]}));
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in ["per_page=101", "page=-1", "take=0", "take=101", "from=nonsense", "include_totals=1"] {
            assert!(Paging::either(&Query::read(wrong).unwrap()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn fields_are_picked() {
        let pick = |query| Projection::read(&Query::read(query).unwrap()).unwrap().apply(json!({"a": 1, "b": 2}));
        assert_eq!(pick(""), json!({"a": 1, "b": 2}));
        assert_eq!(pick("fields=a,%20c"), json!({"a": 1}));
        assert_eq!(pick("fields=a&include_fields=false"), json!({"b": 2}));
    }
}

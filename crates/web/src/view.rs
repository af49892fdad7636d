//! Pages as text: one struct a page, one template a struct, and the words of the reader's language.
//!
//! Owns the template environment, which is strict (a field that is not there is an error, found by rendering every
//! sample) and escapes everything. Must not know requests, acts or why a page is shown.

use guestlist_app::i18n::{Arg, Language, TextError, machine_readable};
use guestlist_domain::time::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, HtmlEscape, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;
use serde::Serialize;
use std::sync::LazyLock;
use url::form_urlencoded;

pub mod accept;
pub mod account;
pub mod address;
pub mod answer;
pub mod assets;
pub mod connections;
pub mod console;
pub mod merge;
pub mod notice;
pub mod parts;
pub mod recover;
pub mod sign_in;
pub mod undo;
pub mod webhooks;

#[cfg(test)]
mod samples;

#[derive(RustEmbed)]
#[folder = "templates"]
struct Templates;

/// The data of one page.
pub trait Page: Serialize {
    /// Its template, by its path under `templates/`.
    const TEMPLATE: &'static str;
}

/// What surrounds every page.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The reader's language.
    pub language: Language,
    /// What its forms must bring back. A page without forms needs none.
    pub form_token: Option<String>,
    /// The name of whoever is signed in, where the page shows it.
    pub viewer: Option<String>,
}

/// Renders a page of ours.
pub fn render<P: Page>(frame: &Frame, page: &P) -> Result<String, Error> {
    render_in(&ENVIRONMENT, P::TEMPLATE, frame, page)
}

/// Renders a template of `environment`, which may extend `layout/card.html` and the rest of ours.
pub fn render_in(
    environment: &Environment<'_>,
    template: &str,
    frame: &Frame,
    page: impl Serialize,
) -> Result<String, Error> {
    let language = frame.language;
    let surroundings = context! {
        language => language.tag(),
        form_token => frame.form_token.as_deref(),
        viewer => frame.viewer.as_deref(),
        stylesheet => Value::from_safe_string(assets::stylesheet_path().to_owned()),
        asset => Value::from_function(|name: &str| Value::from_safe_string(assets::path_of(name))),
        t => Value::from_function(move |key: &str, args: Kwargs| text(language, key, &args)),
        rich => Value::from_function(move |key: &str, args: Kwargs| rich_text(language, key, &args)),
        moment => Value::from_function(move |at: i64| time_element(language, at)),
    };
    environment.get_template(template)?.render(context! { ..Value::from(Serde(page)), ..surroundings })
}

/// An environment with all of our templates in it, to which a caller may add its own.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment
        .add_filter("path_segment", |id: &str| -> String { form_urlencoded::byte_serialize(id.as_bytes()).collect() });
    for path in Templates::iter() {
        let Some(file) = Templates::get(&path) else { continue };
        let source = String::from_utf8_lossy(&file.data).into_owned();
        if let Err(error) = environment.add_template_owned(path.clone(), source) {
            // Cannot happen with templates that the tests rendered; the page that misses it answers 500.
            tracing::error!(template.path = %path, %error, "a template cannot be read");
        }
    }
    environment
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// `t("key", name=value)`: the text, still to be escaped like everything else.
fn text(language: Language, key: &str, args: &Kwargs) -> Result<String, Error> {
    let owned = owned_args(args)?;
    let args: Vec<(&str, Arg<'_>)> = owned.iter().map(|(name, arg)| (name.as_str(), arg.borrow())).collect();
    language.words().text(key, &args).map_err(|error| no_text(&error))
}

/// `rich("key", name=value)`: the text with its variables set in bold. What looks like markup in a variable, or in the
/// text, stays text.
fn rich_text(language: Language, key: &str, args: &Kwargs) -> Result<Value, Error> {
    // Characters of the private use area stand for the variables while the sentence around them is escaped.
    const FIRST_PLACEHOLDER: u32 = 0xE000;
    let owned = owned_args(args)?;
    let placeholders: Vec<String> =
        (FIRST_PLACEHOLDER..).zip(&owned).filter_map(|(code, _)| char::from_u32(code).map(String::from)).collect();
    let stand_ins: Vec<(&str, Arg<'_>)> =
        owned.iter().zip(&placeholders).map(|((name, _), mark)| (name.as_str(), Arg::from(mark))).collect();
    let sentence = language.words().text(key, &stand_ins).map_err(|error| no_text(&error))?;
    let mut html = HtmlEscape(&sentence).to_string();
    for ((_, arg), mark) in owned.iter().zip(&placeholders) {
        html = html.replace(mark.as_str(), &format!("<strong>{}</strong>", HtmlEscape(&arg.to_text())));
    }
    Ok(Value::from_safe_string(html))
}

/// `moment(at)`: a moment for people and for machines.
fn time_element(language: Language, at: i64) -> Result<Value, Error> {
    let at = Timestamp::from_millis(at);
    let written = language.words().moment(at).map_err(|error| no_text(&error))?;
    let html = format!("<time datetime=\"{}\">{}</time>", machine_readable(at), HtmlEscape(&written));
    Ok(Value::from_safe_string(html))
}

/// A variable as a template gives it.
enum OwnedArg {
    Text(String),
    Number(i64),
}

impl OwnedArg {
    fn borrow(&self) -> Arg<'_> {
        match self {
            Self::Text(text) => Arg::Text(text),
            Self::Number(number) => Arg::Number(*number),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

fn owned_args(args: &Kwargs) -> Result<Vec<(String, OwnedArg)>, Error> {
    let owned = |name: &str| {
        let value: Value = args.get(name)?;
        match value.kind() {
            ValueKind::Number => value.as_i64().map(OwnedArg::Number),
            ValueKind::String => value.as_str().map(|text| OwnedArg::Text(text.to_owned())),
            _ => None,
        }
        .map(|arg| (name.to_owned(), arg))
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{name} is neither text nor a number")))
    };
    args.args().map(owned).collect()
}

fn no_text(error: &TextError) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

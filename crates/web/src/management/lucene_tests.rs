//! What queries mean.

use super::*;
use Filter::{All, Any, Everybody, Is, Not};
use proptest::prelude::*;

fn text(field: TextField, how: TextMatch) -> UserFilter {
    Is(Fact::Text(field, how))
}

fn email(whole: &str) -> UserFilter {
    text(TextField::Email, TextMatch::Whole(whole.to_owned()))
}

fn refusal(query: &str) -> String {
    parse(query).unwrap_err().message.into_owned()
}

#[test]
fn a_field_has_a_value() {
    assert_eq!(parse("email:anna@example.org").unwrap(), email("anna@example.org"));
    assert_eq!(parse(r#"email:"anna@example.org""#).unwrap(), email("anna@example.org"));
    assert_eq!(
        parse(r#"name:"Anna \"A\" Berg""#).unwrap(),
        text(TextField::Name, TextMatch::Whole("Anna \"A\" Berg".to_owned()))
    );
    assert_eq!(parse(r#"user_id:"auth0|1""#).unwrap(), text(TextField::Id, TextMatch::Whole("auth0|1".to_owned())));
    assert_eq!(parse("blocked:true").unwrap(), Is(Fact::Flag(FlagField::Blocked, true)));
    assert_eq!(parse("identities.connection:\"acme\"").unwrap(), Is(Fact::Connection("acme".to_owned())));
    assert_eq!(parse("email.domain:example.org").unwrap(), Is(Fact::EmailDomain("example.org".to_owned())));
}

#[test]
fn everybody_is_asked_for_by_nothing() {
    for query in ["", "  ", "*"] {
        assert_eq!(parse(query).unwrap(), Everybody);
    }
    assert_eq!(parse("_exists_:name").unwrap(), Is(Fact::Has(TextField::Name)));
    assert_eq!(parse("name:*").unwrap(), Is(Fact::Has(TextField::Name)));
}

#[test]
fn wildcards() {
    assert_eq!(parse("name:ann*").unwrap(), text(TextField::Name, TextMatch::Prefix("ann".to_owned())));
    assert_eq!(parse("name:*erg*").unwrap(), text(TextField::Name, TextMatch::Inside("erg".to_owned())));
    assert_eq!(parse("name:\"ann*\"").unwrap(), text(TextField::Name, TextMatch::Whole("ann*".to_owned())));
    for wrong in ["name:*rg*", "name:*erg", "name:a*b", "name:**", "blocked:t*"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn words_between_terms() {
    let (a, b, c) = (email("a"), email("b"), email("c"));
    assert_eq!(parse("email:a AND email:b").unwrap(), All(vec![a.clone(), b.clone()]));
    assert_eq!(parse("email:a email:b").unwrap(), All(vec![a.clone(), b.clone()]));
    assert_eq!(parse("email:a OR email:b AND email:c").unwrap(), Any(vec![a.clone(), All(vec![b.clone(), c.clone()])]));
    assert_eq!(
        parse("(email:a OR email:b) AND NOT email:c").unwrap(),
        All(vec![Any(vec![a.clone(), b.clone()]), Not(Box::new(c))])
    );
    assert_eq!(parse("email:(a OR b)").unwrap(), Any(vec![a.clone(), b]));
    assert_eq!(parse("-email:a").unwrap(), Not(Box::new(a)));
}

#[test]
fn moments_and_ranges() {
    let at = |day: i64| Some(Timestamp::from_millis(day * 86_400_000));
    let created = |from, before| Is(Fact::Moment(TimeField::CreatedAt, Span { from, before }));
    assert_eq!(parse("created_at:1970-01-03").unwrap(), created(at(2), at(3)));
    assert_eq!(parse("created_at:[1970-01-03 TO 1970-01-04]").unwrap(), created(at(2), at(4)));
    assert_eq!(parse("created_at:{1970-01-03 TO 1970-01-05}").unwrap(), created(at(3), at(4)));
    assert_eq!(parse("created_at:[1970-01-03 TO *]").unwrap(), created(at(2), None));
    assert_eq!(parse("created_at:{* TO 1970-01-03T00:00:00Z}").unwrap(), created(None, at(2)));
    assert!(refusal("created_at:yesterday").contains("a moment is"));
    assert!(refusal("name:[a TO b]").contains("only moments"));
}

#[test]
fn a_bare_term_is_looked_for_in_names_and_addresses() {
    let Any(places) = parse("anna").unwrap() else { panic!("alternatives") };
    assert_eq!(places.len(), 5);
    assert!(places.contains(&email("anna")));
}

#[test]
fn what_is_not_supported_is_said() {
    assert_eq!(
        refusal("app_metadata.plan:gold"),
        "Query validation error: 'q' is not supported: the field 'app_metadata.plan' cannot be searched."
    );
    for wrong in
        ["email:", "email:a OR", "(email:a", "email:a)", "\"open", "email:(name:b)", "name:a~2", "AND", "created_at:[a"]
    {
        assert_eq!(parse(wrong).unwrap_err().code, Some("invalid_query_string"), "{wrong}");
    }
}

#[test]
fn queries_have_limits() {
    assert!(refusal(&"a".repeat(3_000)).contains("too long"));
    assert!(refusal(&"a OR ".repeat(100)).contains("too many terms"));
    assert!(refusal(&format!("{}a{}", "(".repeat(11), ")".repeat(11))).contains("too deeply"));
    assert!(refusal(&format!("{}email:a", "-".repeat(11))).contains("too deeply"));
}

proptest! {
    #[test]
    fn no_query_is_too_strange(query in "\\PC{0,80}") {
        let _ = parse(&query);
    }

    #[test]
    fn no_query_made_of_its_own_signs_is_too_strange(query in r#"(email:|name:|\(|\)|AND|OR|NOT|-|"|\*|\[|\]|\{| TO |a|\\| ){0,30}"#) {
        let _ = parse(&query);
    }
}

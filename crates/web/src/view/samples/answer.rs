//! Samples of the pages that hand an answer on to an application.

use super::{Samples, some};
use crate::view::answer::{MessagePage, PostPage};
use crate::view::{Frame, assets, render};

impl Samples for PostPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let fields = vec![("id_token", "a.b.c".to_owned()), ("state", "\"><script>alert(1)</script>".to_owned())];
        vec![("id_token", Self { to: "https://app.example/callback".to_owned(), fields })]
    }
}

impl Samples for MessagePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let fields = vec![("code", "gl_cod_A".to_owned()), ("state", "\"><script>alert(1)</script>".to_owned())];
        vec![("code", Self { origin: "https://app.example".to_owned(), response: fields })]
    }
}

/// The pages that hand an answer on to an application: each with our script, and a form that is not ours.
fn check_handing_on<P: Samples>() {
    let page = P::TEMPLATE.rsplit('/').next().unwrap().trim_end_matches(".html");
    for (state, sample) in P::samples() {
        let html = render(&Frame { form_token: some("t0ken"), ..Frame::default() }, &sample).unwrap();
        assert_eq!(html.matches("<script").count(), 1, "{page} {state}");
        assert!(html.contains("<script src=\"/static/") && !html.contains("t0ken"), "{page} {state}");
        let html = html.replace(assets::stylesheet_path(), "/static/[digest]/style.css");
        let html = ["post.js", "message.js"]
            .into_iter()
            .fold(html, |html, name| html.replace(&assets::path_of(name), &format!("/static/[digest]/{name}")));
        insta::assert_snapshot!(format!("{page}__{state}"), html);
    }
}

#[test]
fn case_089_answers_are_handed_on_escaped() {
    check_handing_on::<PostPage>();
    check_handing_on::<MessagePage>();
}

//! Many guests at once, against servers that may die: what was acknowledged to them, and whether it is there.

use crate::rig::Installation;
use axum::http::Method;
use guestlist_testkit::inbox::Letter;
use guestlist_testkit::remote::{NO_ANSWER, Nodes};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) const ORIGIN: &str = "http://localhost:1";
pub(crate) const PASSWORD: &str = "kettle-orbit-9";

/// What the servers said yes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acknowledged {
    /// Invitations by id, with their address; those that are mailed.
    pub(crate) mailed: BTreeMap<String, String>,
    /// Those whose link was handed over.
    pub(crate) handed: BTreeMap<String, String>,
    /// Of these, accepted.
    pub(crate) accepted: BTreeSet<String>,
    /// Requests that nobody answered.
    pub(crate) unanswered: usize,
}

impl Acknowledged {
    pub(crate) fn add(&mut self, more: Self) {
        self.mailed.extend(more.mailed);
        self.handed.extend(more.handed);
        self.accepted.extend(more.accepted);
        self.unanswered += more.unanswered;
    }
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mailed, handed, accepted, unanswered } = self;
        let invited = mailed.len() + handed.len();
        write!(f, "{invited} invited, {} accepted, {unanswered} without an answer", accepted.len())
    }
}

/// A backend that invites over the nodes.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) nodes: Nodes,
    token: String,
}

impl Backend {
    /// Makes a client beside the running server and gets it a token.
    pub(crate) async fn of(installation: &Installation, nodes: &Nodes) -> Self {
        let client = installation.json(&["clients", "create", "--name", "load", "--type", "m2m", "--all-scopes"]);
        let body = json!({"grant_type": "client_credentials", "audience": format!("{ORIGIN}/api/v2/"),
            "client_id": client["client_id"], "client_secret": client["client_secret"]});
        let mut visitor = Visitor::new(nodes.router(), ORIGIN);
        let answer = visitor.post_json("/oauth/token", None, &body).await;
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        Self { nodes: nodes.clone(), token }
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(self.nodes.router(), ORIGIN)
    }

    pub(crate) async fn answer(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.visitor().json(method, path, Some(&self.token), body).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let answer = self.answer(method, path, body).await;
        let value = if answer.body.is_empty() { Value::Null } else { answer.json() };
        (answer.status.as_u16(), value)
    }

    /// Invites, with an `Idempotency-Key` if there is one.
    pub(crate) async fn call_with(&self, key: Option<String>, body: &Value) -> (u16, Value) {
        let mut visitor = self.visitor();
        visitor.extra_headers.extend(key.map(|key| ("idempotency-key", key)));
        let answer = visitor.post_json("/api/v2/invitations", Some(&self.token), body).await;
        (answer.status.as_u16(), if answer.body.is_empty() { Value::Null } else { answer.json() })
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Every entry of a list.
    async fn all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for page in 0.. {
            let Value::Array(some) = self.get(&format!("{path}?per_page=100&page={page}")).await else { break };
            let last = some.len() < 100;
            all.extend(some);
            if last {
                break;
            }
        }
        all
    }
}

/// Guests on their way.
pub(crate) struct Load {
    acknowledged: Arc<Mutex<Acknowledged>>,
    count: watch::Sender<usize>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Begins with `guests` at once; every third is handed the link and accepts by it, the others get a mail.
    pub(crate) fn begin(backend: &Backend, name: &str, guests: usize) -> Self {
        let (acknowledged, count) = (Arc::default(), watch::Sender::new(0));
        let mut load = Self { acknowledged, count, tasks: JoinSet::new() };
        for number in 0..guests {
            let email = format!("{name}-{number}@example.org");
            let guest = Guest {
                backend: backend.clone(),
                email,
                acknowledged: Arc::clone(&load.acknowledged),
                count: load.count.clone(),
            };
            load.tasks.spawn(async move {
                if number % 3 == 0 {
                    guest.accept().await;
                } else {
                    guest.invite(true).await;
                }
            });
        }
        load
    }

    /// Until so many requests were answered.
    pub(crate) async fn until(&self, answers: usize) {
        let mut count = self.count.subscribe();
        count.wait_for(|count| *count >= answers).await.expect("guests are on their way");
    }

    /// Until everybody has an answer or will get none.
    pub(crate) async fn end(mut self) -> Acknowledged {
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a guest does not panic");
        }
        self.acknowledged.lock().expect("nobody panicked").clone()
    }
}

struct Guest {
    backend: Backend,
    email: String,
    acknowledged: Arc<Mutex<Acknowledged>>,
    count: watch::Sender<usize>,
}

impl Guest {
    fn note(&self, what: impl FnOnce(&mut Acknowledged)) {
        what(&mut self.acknowledged.lock().expect("nobody panicked"));
    }

    /// One more answer, or none.
    fn hear(&self, status: u16) {
        if status == NO_ANSWER.as_u16() {
            self.note(|known| known.unanswered += 1);
        } else {
            self.count.send_modify(|count| *count += 1);
        }
    }

    /// Invited, with the link if it was handed over.
    async fn invite(&self, mailed: bool) -> Option<(String, Option<String>)> {
        let body = json!({"email": self.email, "send_email": mailed});
        let (status, made) = self.backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await;
        self.hear(status);
        if status != 201 {
            return None;
        }
        let id = made["id"].as_str().expect("an id").to_owned();
        let link = made["invitation_url"].as_str().map(str::to_owned);
        self.note(|known| {
            let list = if mailed { &mut known.mailed } else { &mut known.handed };
            list.insert(id.clone(), self.email.clone());
        });
        Some((id, link))
    }

    async fn accept(&self) {
        let Some((id, Some(link))) = self.invite(false).await else { return };
        let mut browser = self.backend.visitor();
        let page = browser.open(&link).await;
        if !page.offers("Set password") {
            return self.hear(page.status.as_u16());
        }
        let answer = browser.submit(&page.form("Set password").with("password", PASSWORD)).await;
        self.hear(answer.status.as_u16());
        if answer.location() == Some("/account") {
            self.note(|known| {
                known.accepted.insert(id);
            });
        }
    }
}

/// What the API tells after it all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    invitations: Vec<Value>,
    users: Vec<Value>,
}

impl Found {
    pub(crate) async fn at(backend: &Backend) -> Self {
        Self { invitations: backend.all("/api/v2/invitations").await, users: backend.all("/api/v2/users").await }
    }

    /// How many of that load are invited.
    pub(crate) fn count(&self, name: &str) -> usize {
        let prefix = format!("{name}-");
        self.invitations.iter().filter(|found| text(found, "email").starts_with(&prefix)).count()
    }

    /// What is missing or half done.
    pub(crate) fn complaints(&self, acknowledged: &Acknowledged) -> Vec<String> {
        let by_id: BTreeMap<&str, &Value> = self.invitations.iter().map(|found| (text(found, "id"), found)).collect();
        let mut complaints = Vec::new();
        for (id, email) in acknowledged.mailed.iter().chain(&acknowledged.handed) {
            match by_id.get(id.as_str()) {
                None => complaints.push(format!("the invitation of {email} is lost")),
                Some(found) if text(found, "email") != email => complaints.push(format!("{id} is not {email}'s")),
                Some(_) => {}
            }
        }
        for id in &acknowledged.accepted {
            if by_id.get(id.as_str()).is_none_or(|found| text(found, "status") != "accepted") {
                complaints.push(format!("the acceptance of {id} is lost"));
            }
        }
        complaints.extend(self.half_done());
        complaints
    }

    /// Every user has one invitation and every invitation its user, and the two tell the same.
    fn half_done(&self) -> Vec<String> {
        let invited: BTreeMap<&str, &Value> =
            self.invitations.iter().map(|found| (text(found, "user_id"), found)).collect();
        let mut complaints = Vec::new();
        if invited.len() != self.invitations.len() {
            complaints.push("two invitations of one user".to_owned());
        }
        let users: BTreeMap<&str, &Value> = self.users.iter().map(|found| (text(found, "user_id"), found)).collect();
        for (id, invitation) in &invited {
            let Some(user) = users.get(id) else {
                complaints.push(format!("{id} has an invitation and no row"));
                continue;
            };
            let logins = user["logins_count"].as_i64().unwrap_or(0);
            if (text(invitation, "status") == "accepted") != (logins > 0) {
                complaints.push(format!("{id} is {} with {logins} log-ins", text(invitation, "status")));
            }
        }
        complaints
            .extend(users.keys().filter(|id| !invited.contains_key(*id)).map(|id| format!("{id} was never invited")));
        complaints
    }

    /// The addresses whose mail is neither here nor on its way; and what is wrong with those that are here twice.
    pub(crate) fn complaints_about_mail(&self, acknowledged: &Acknowledged, letters: &[Letter]) -> Vec<String> {
        let mut complaints = Vec::new();
        let waiting: BTreeSet<&str> = self
            .invitations
            .iter()
            .filter(|found| found["delivery"]["status"] == "queued")
            .map(|found| text(found, "email"))
            .collect();
        for email in acknowledged.mailed.values() {
            let to: Vec<&Letter> = letters.iter().filter(|letter| letter.to.iter().any(|to| to == email)).collect();
            let Some(first) = to.first() else {
                if !waiting.contains(email.as_str()) {
                    complaints.push(format!("{email} has no mail, and none is on its way"));
                }
                continue;
            };
            let same = |letter: &&Letter| letter.message_id == first.message_id && letter.links() == first.links();
            if !to.iter().all(same) {
                complaints.push(format!("{email} has two mails that differ"));
            }
        }
        let invited: BTreeSet<&str> = self.invitations.iter().map(|found| text(found, "email")).collect();
        for letter in letters {
            let strangers = letter.to.iter().filter(|to| !invited.contains(to.as_str()));
            complaints.extend(strangers.map(|to| format!("{to} got a mail without a row")));
        }
        complaints
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn the_checker_sees_what_is_wrong() {
    let invitation = |id: &str, status: &str| json!({"id": id, "user_id": format!("u{id}"), "email": format!("{id}@x"), "status": status});
    let user = |id: &str, logins: i64| json!({"user_id": format!("u{id}"), "logins_count": logins});
    let acknowledged = Acknowledged {
        mailed: [("a".to_owned(), "a@x".to_owned())].into(),
        handed: [("b".to_owned(), "b@x".to_owned())].into(),
        accepted: ["b".to_owned()].into(),
        unanswered: 0,
    };
    let good = Found {
        invitations: vec![invitation("a", "pending"), invitation("b", "accepted")],
        users: vec![user("a", 0), user("b", 1)],
    };
    assert_eq!(good.complaints(&acknowledged), Vec::<String>::new());
    let broken = [
        Found { invitations: vec![invitation("b", "accepted")], ..good.clone() },
        Found { invitations: vec![invitation("a", "pending"), invitation("b", "pending")], ..good.clone() },
        Found { users: vec![user("a", 1), user("b", 1)], ..good.clone() },
        Found { users: vec![user("a", 0), user("b", 0)], ..good.clone() },
        Found { users: vec![user("b", 1)], ..good.clone() },
        Found { users: vec![user("a", 0), user("b", 1), user("c", 0)], ..good.clone() },
    ];
    for found in broken {
        assert!(!found.complaints(&acknowledged).is_empty(), "{found:?}");
    }
    assert_eq!(good.complaints_about_mail(&acknowledged, &[]).len(), 1);
    let letter = |to: &str, id: &str| {
        Letter::parse(format!("To: {to}\r\nMessage-ID: <{id}>\r\n\r\nhttp://x/i/1\r\n").as_bytes())
    };
    assert_eq!(good.complaints_about_mail(&acknowledged, &[letter("a@x", "1"), letter("a@x", "1")]).len(), 0);
    assert_eq!(good.complaints_about_mail(&acknowledged, &[letter("a@x", "1"), letter("a@x", "2")]).len(), 1);
    assert_eq!(good.complaints_about_mail(&acknowledged, &[letter("a@x", "1"), letter("z@x", "3")]).len(), 1);
}

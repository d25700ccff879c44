//! What the vault says when it refuses: Anypoint error bodies and problem details (RFC 9457).

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

const LOCKED: &str = "see who works on the group: sallyport group edit status";
const LAST_ADMINISTRATOR: &str = "make another one: sallyport user create NAME --administrator";

/// A refusal, from either kind of body or from the status alone.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// HTTP status code.
    pub(crate) status: u16,
    /// The sentence of the server.
    pub(crate) message: String,
    /// Stable word, if the server gave one.
    code: Option<String>,
    /// Where in the request, one line each.
    places: Vec<Place>,
    /// JSON pointer into the request (RFC 6901).
    pointer: Option<String>,
    /// What to look for in the server's log.
    request_id: Option<String>,
    /// The secrets that refer to the one that was to be deleted.
    users: Vec<User>,
    /// Who was refused.
    asker: Asker,
}

/// Who asked: people have logins and permissions, gateways certificates and grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Account,
    Gateway,
}

#[derive(Debug, Deserialize)]
struct User {
    collection: String,
    id: String,
    name: String,
}

#[derive(Debug)]
struct Place {
    path: String,
    message: String,
}

/// Both bodies, with everything optional: a proxy in between may answer too.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    message: Option<String>,
    errors: Vec<BodyPlace>,
    name: Option<String>,
    detail: Option<String>,
    title: Option<String>,
    code: Option<String>,
    pointer: Option<String>,
    request_id: Option<String>,
    users: Vec<User>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BodyPlace {
    data_path: Option<String>,
    message: Option<String>,
    code: Option<String>,
}

impl Refusal {
    /// Reads a body that came with `status` (4xx or 5xx).
    pub(crate) fn from_body(status: u16, body: &str) -> Self {
        let body: Body = serde_json::from_str(body).unwrap_or_default();
        Self {
            status,
            message: body
                .detail
                .or(body.message)
                .or(body.title)
                .filter(|message| !message.is_empty())
                .unwrap_or_else(|| format!("HTTP status {status} and no explanation")),
            code: body.code.or(body.name),
            places: body.errors.into_iter().map(Place::from).collect(),
            pointer: body.pointer,
            request_id: body.request_id,
            users: body.users,
            asker: Asker::Account,
        }
    }

    /// The same, said to a gateway.
    pub(crate) const fn of_a_gateway(mut self) -> Self {
        self.asker = Asker::Gateway;
        self
    }

    /// Whether what is there is not what the request expects.
    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(self.status, 409 | 412)
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> String {
        let text = match self.status {
            _ if self.code.as_deref() == Some("invalid_join_token") => {
                "make another token: sallyport gateway join-token NAME --out FILE"
            }
            _ if self.code.as_deref() == Some("other_key") => {
                "a certificate is renewed with the key that it is for; if that is lost, or was not yours, register anew: \
                 sallyport gateway join-token NAME --out FILE"
            }
            _ if self.code.as_deref() == Some("not_a_gateway") => {
                "the gateway was deleted, or its certificate replaced: sallyport gateway list"
            }
            401 if self.asker == Asker::Gateway => {
                "check that the gateway is registered and its certificate has not ended: \
                 sallyport gateway list"
            }
            403 if self.asker == Asker::Gateway => {
                "check that --gateway is a gateway's, and that the group is downloadable: \
                 sallyport group update GROUP --downloadable true"
            }
            404 if self.asker == Asker::Gateway => {
                "check the reference, and that the gateway has a read grant: \
                 sallyport grant list --group GROUP"
            }
            401 => "log in again: sallyport login ...",
            403 => "ask an administrator for a permission or a grant; `whoami` shows what you have",
            404 => "look at what there is with `list`; it may also be that you may not see it",
            409 if !self.users.is_empty() => "change those first, or delete with --force",
            409 => self.advice_on_conflict(),
            412 => "another version is current: `show` it, then repeat with its number",
            413 => "send less: the vault takes files up to 1 MiB",
            503 if self.message.contains("may have been made") => {
                "look whether it was, before you repeat it"
            }
            429 | 503 => "wait a moment and repeat it",
            400..500 => "correct what is named above and repeat it",
            _ => "ask who runs the vault; its log knows more",
        };
        text.to_owned()
    }

    /// The vault has one code for conflicts in Anypoint's shape: its sentence says which it is.
    fn advice_on_conflict(&self) -> &'static str {
        let says = |words: &str| self.message.contains(words);
        match self.code.as_deref() {
            Some("locked") => LOCKED,
            Some("last_administrator") => LAST_ADMINISTRATOR,
            _ if says("edit session") => LOCKED,
            _ if says("already") => "choose another name, or change the one that is there",
            _ if says("at the same time") => "`show` it, then repeat it",
            _ => "look at what is there with `list` or `show`",
        }
    }

    /// The lines below the message, for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let places = self
            .places
            .iter()
            .filter_map(|place| place.line(&self.message));
        let pointer = self.pointer.iter().map(|pointer| format!("at {pointer}"));
        let request = self.request_id.iter().map(|id| format!("request id {id}"));
        let users = self.users.iter().map(User::line);
        places.chain(users).chain(pointer).chain(request).collect()
    }

    /// The members of the `error` object, for programs.
    pub(crate) fn json(&self) -> Value {
        let errors: Vec<Value> = self
            .places
            .iter()
            .map(|Place { path, message }| json!({"dataPath": path, "message": message}))
            .collect();
        let users: Vec<Value> = self
            .users
            .iter()
            .map(
                |User {
                     collection,
                     id,
                     name,
                 }| json!({"collection": collection, "id": id, "name": name}),
            )
            .collect();
        json!({
            "status": self.status,
            "code": self.code,
            "errors": errors,
            "pointer": self.pointer,
            "requestId": self.request_id,
            "users": (!users.is_empty()).then_some(users),
        })
    }
}

impl User {
    fn line(&self) -> String {
        let Self {
            collection,
            id,
            name,
        } = self;
        format!("used by {collection}/{name} ({id})")
    }
}

impl Place {
    /// `path: message`; nothing if the message of the refusal says so already.
    fn line(&self, headline: &str) -> Option<String> {
        let Self { path, message } = self;
        let line = if message.starts_with(&format!("{path}: ")) {
            message.clone()
        } else {
            format!("{path}: {message}")
        };
        (!headline.ends_with(&line)).then_some(line)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<BodyPlace> for Place {
    fn from(place: BodyPlace) -> Self {
        Self {
            path: place.data_path.unwrap_or_else(|| "/".to_owned()),
            message: place.message.or(place.code).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anypoint_body_gives_its_message_and_places() {
        let refusal = Refusal::from_body(
            400,
            r#"{"message":"no","errors":[{"code":"required","message":"is missing","dataPath":"/name","keyword":"required"}]}"#,
        );
        assert_eq!(refusal.to_string(), "no");
        assert_eq!(refusal.lines(), ["/name: is missing"]);
    }

    #[test]
    fn problem_details_give_detail_pointer_and_request() {
        let refusal = Refusal::from_body(
            409,
            r#"{"type":"about:blank","title":"Conflict","status":409,"detail":"taken","code":"name_taken","requestId":"r1","pointer":"/name"}"#,
        );
        assert_eq!(refusal.to_string(), "taken");
        assert_eq!(refusal.lines(), ["at /name", "request id r1"]);
        assert_eq!(refusal.json()["code"], "name_taken");
    }

    #[test]
    fn what_the_message_says_already_is_not_said_again() {
        let refusal = Refusal::from_body(
            400,
            r#"{"message":"not right: key: is weak","errors":[{"message":"key: is weak","dataPath":"key"},{"message":"name: is long","dataPath":"name"}]}"#,
        );
        assert_eq!(refusal.lines(), ["name: is long"]);
    }

    #[test]
    fn the_users_of_a_secret_are_named_and_the_force_is_mentioned() {
        let refusal = Refusal::from_body(
            409,
            r#"{"name":"InUse","message":"it is used","users":[{"collection":"tlsContexts","id":"1","name":"in","path":"tlsContexts/1"}]}"#,
        );
        assert_eq!(refusal.lines(), ["used by tlsContexts/in (1)"]);
        assert!(refusal.is_conflict() && refusal.advice().contains("--force"));
        assert_eq!(refusal.json()["users"][0]["name"], "in");
    }

    #[test]
    fn a_gateway_is_told_of_grants_and_not_of_logins() {
        for (status, word) in [
            (401, "gateway list"),
            (403, "--downloadable true"),
            (404, "grant list"),
        ] {
            let account = Refusal::from_body(status, "{}");
            assert!(!account.advice().contains(word));
            assert!(account.of_a_gateway().advice().contains(word));
        }
    }

    #[test]
    fn who_is_no_gateway_or_has_another_key_is_not_told_to_open_a_group() {
        for code in ["other_key", "not_a_gateway"] {
            let refusal = Refusal::from_body(403, &format!(r#"{{"code":"{code}"}}"#));
            let advice = refusal.of_a_gateway().advice();
            assert!(!advice.contains("downloadable"), "{advice}");
            assert!(advice.contains("sallyport gateway"), "{advice}");
        }
    }

    #[test]
    fn a_refused_join_token_is_answered_with_how_to_make_another() {
        let refusal = Refusal::from_body(403, r#"{"code":"invalid_join_token","detail":"x"}"#);
        assert!(refusal.of_a_gateway().advice().contains("join-token NAME"));
    }

    #[test]
    fn what_may_have_been_made_is_not_to_be_repeated_blindly() {
        let held = Refusal::from_body(503, r#"{"message":"a change may have been made"}"#);
        assert!(held.advice().contains("before you repeat it"));
        assert!(Refusal::from_body(503, "{}").advice().starts_with("wait"));
    }

    #[test]
    fn the_advice_on_a_conflict_is_about_what_is_in_the_way() {
        for (body, word) in [
            (
                r#"{"message":"there is already a user named \"bob\""}"#,
                "another name",
            ),
            (
                r#"{"message":"\"ada\" has an edit session open on it"}"#,
                "edit status",
            ),
            (
                r#"{"detail":"x","code":"last_administrator"}"#,
                "--administrator",
            ),
            (
                r#"{"message":"somebody else changed it at the same time"}"#,
                "repeat",
            ),
            (r#"{"message":"x"}"#, "`list`"),
        ] {
            let advice = Refusal::from_body(409, body).advice();
            assert!(advice.contains(word), "{advice}");
        }
    }

    #[test]
    fn a_page_of_a_proxy_is_not_shown() {
        let refusal = Refusal::from_body(502, "<html>secret</html>");
        assert_eq!(refusal.to_string(), "HTTP status 502 and no explanation");
    }
}

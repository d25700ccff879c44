//! From a name people type to the id the vault knows.

use serde_json::Value;
use uuid::Uuid;

use crate::error::Error;
use crate::known::Known;
use crate::session::OrganizationSession;

/// Something in a list of the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The id that stands in paths.
    pub(crate) id: Uuid,
    /// Its name.
    pub(crate) name: String,
}

impl Named {
    /// Everything in `list` that has an id (in `meta`, or itself) and a name; users have a user name.
    pub(crate) fn all<'a>(list: impl IntoIterator<Item = &'a Value>) -> Vec<Self> {
        list.into_iter().filter_map(Self::of).collect()
    }

    fn of(item: &Value) -> Option<Self> {
        let id = item.pointer("/meta/id").or_else(|| item.get("id"))?;
        Some(Self {
            id: id.as_str()?.parse().ok()?,
            name: item
                .get("name")
                .or_else(|| item.get("username"))?
                .as_str()?
                .to_owned(),
        })
    }
}

/// The id in `list` of what is called `wanted`, which may be an id itself: then nothing is asked.
pub(crate) fn find(
    session: &mut OrganizationSession,
    what: &'static str,
    wanted: &str,
    list: &str,
) -> Result<Uuid, Error> {
    match wanted.parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(find_named(session, what, wanted, list)?.id),
    }
}

/// Id and name of what is called `wanted` in `list`.
pub(crate) fn find_named(
    session: &mut OrganizationSession,
    what: &'static str,
    wanted: &str,
    list: &str,
) -> Result<Named, Error> {
    let all = session.client.list(list)?;
    pick(what, wanted, Named::all(&all))
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}

/// The one of `all` with this id or exactly this name; `what` is its singular noun.
///
/// # Errors
/// None, or several: the error lists what there is.
pub(crate) fn pick(what: &'static str, wanted: &str, all: Vec<Named>) -> Result<Named, Error> {
    let id = wanted.parse::<Uuid>().ok();
    let (mut fitting, others): (Vec<Named>, Vec<Named>) = all
        .into_iter()
        .partition(|named| Some(named.id) == id || named.name == wanted);
    let wanted = || wanted.chars().take(128).collect();
    match fitting.pop() {
        None => Err(Error::NoSuch {
            what,
            wanted: wanted(),
            known: Known::new(others.into_iter().map(|named| named.name)),
        }),
        Some(one) if fitting.is_empty() => Ok(one),
        Some(last) => Err(Error::Ambiguous {
            what,
            wanted: wanted(),
            known: Known::ids(fitting.iter().chain([&last]).map(|named| named.id)),
        }),
    }
}

/// The wanted one, or without a wish the only one there is; `option` is how to choose.
pub(crate) fn pick_or_only(
    what: &'static str,
    option: &'static str,
    wanted: Option<&str>,
    mut all: Vec<Named>,
) -> Result<Named, Error> {
    if let Some(wanted) = wanted {
        return pick(what, wanted, all);
    }
    match all.pop() {
        Some(only) if all.is_empty() => Ok(only),
        Some(last) => Err(Error::Undecided {
            what,
            option,
            known: Known::new(all.into_iter().chain([last]).map(|named| named.name)),
        }),
        None => Err(Error::NoneThere { what }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const A: &str = "11111111-1111-4111-8111-111111111111";
    const B: &str = "22222222-2222-4222-8222-222222222222";

    fn all() -> Vec<Named> {
        Named::all(&[
            json!({"name": "one", "meta": {"id": A, "path": "keystores/x"}}),
            json!({"username": "two", "id": B}),
            json!({"name": "no id"}),
            json!({"name": "bad id", "id": "../../x"}),
        ])
    }

    #[test]
    fn names_and_ids_lead_to_the_same_thing() {
        assert_eq!(all().len(), 2);
        assert_eq!(pick("x", "one", all()).unwrap().id.to_string(), A);
        assert_eq!(pick("x", &B.to_uppercase(), all()).unwrap().name, "two");
    }

    #[test]
    fn an_absent_name_lists_what_there_is() {
        let error = pick("keystore", "three", all()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no keystore \"three\"; there are: one, two"
        );
    }

    #[test]
    fn two_of_the_same_name_are_told_apart_by_id() {
        let twins = Named::all(&[json!({"name": "t", "id": A}), json!({"name": "t", "id": B})]);
        let error = pick("gateway", "t", twins).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("2 gateways are named \"t\"; there are: {A}, {B}")
        );
    }

    #[test]
    fn without_a_wish_only_the_only_one_is_taken() {
        let one = all().into_iter().take(1).collect();
        assert_eq!(pick_or_only("x", "--x", None, one).unwrap().name, "one");
        assert!(matches!(
            pick_or_only("x", "--x", None, all()),
            Err(Error::Undecided { .. })
        ));
    }
}

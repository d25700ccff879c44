//! Credentials in places that depend on what the client sent: query, cookies, and headers that stay where
//! there are such.

use std::sync::Arc;

use sallyport_model::SecretString;
use zeroize::Zeroizing;

use super::credentials::Credentials;
use crate::config::{InjectionPlace, Overwrite, Upstream};
use crate::effect::Effect;
use crate::event::StreamId;
use crate::head::Head;
use crate::header_name::HeaderName;
use crate::metric::Counter;

/// Where Envoy's access log looks for the path first, so that it does not show the one with a credential.
const ORIGINAL_PATH: &str = "x-envoy-original-path";

/// Puts them in; without any, what the client sent in their places is taken out.
pub(super) fn fill(
    upstream: &Upstream,
    credentials: Option<Credentials>,
    head: &mut Head,
    stream: StreamId,
    effects: &mut Vec<Effect>,
) {
    let mut filling = Filling {
        head,
        stream,
        effects,
    };
    for (index, injection) in upstream.inject.iter().enumerate() {
        let of_this = credentials.as_ref().map(|all| all.get(index));
        let value = of_this.flatten().and_then(Option::as_ref);
        // A server that did not pass gets nobody's credential.
        let keep = injection.overwrite == Overwrite::Never && credentials.is_some();
        let filled = match &injection.place {
            InjectionPlace::Header(name) if injection.needs_head() => {
                filling.header(name, value, keep)
            }
            InjectionPlace::Header(_) => continue,
            InjectionPlace::Query(name) => filling.query(name, value, keep),
            InjectionPlace::Cookie(name) => filling.cookie(name, value, keep),
        };
        if filled {
            let counted = Effect::Count(Counter::Injected);
            filling.effects.push(counted);
        }
    }
}

type Value<'a> = Option<&'a Arc<SecretString>>;

/// A request while its places are filled; each place tells whether a credential came into it.
struct Filling<'a> {
    head: &'a mut Head,
    stream: StreamId,
    effects: &'a mut Vec<Effect>,
}

impl Filling<'_> {
    fn header(&mut self, name: &HeaderName, value: Value<'_>, keep: bool) -> bool {
        let there = self.head.value(name.as_str()).is_some();
        if there && keep {
            return false;
        }
        self.replace(name, value);
        value.is_some()
    }

    fn query(&mut self, name: &str, value: Value<'_>, keep: bool) -> bool {
        let Some(target) = self.head.target() else {
            return false;
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let is_ours = |parameter: &str| {
            let (found, _) = parameter.split_once('=').unwrap_or((parameter, ""));
            is_name(found, name)
        };
        // Some servers take a semicolon for an ampersand.
        let (kept, there) = without(query, &['&', ';'], is_ours);
        if (there && keep) || (!there && value.is_none()) {
            return false;
        }
        let secret = value.map_or("", |value| value.expose());
        let mut text = Zeroizing::new(String::with_capacity(target.len() + secret.len() + 2));
        text.push_str(path);
        let mut mark = '?';
        for part in [kept.as_str(), secret] {
            if !part.is_empty() {
                text.push(mark);
                text.push_str(part);
                mark = '&';
            }
        }
        if self.head.value(ORIGINAL_PATH).is_none() {
            let before = Arc::new(SecretString::new(target.to_owned()));
            let name = HeaderName::ours(ORIGINAL_PATH);
            self.replace(&name, Some(&before));
        }
        self.head.remove(":path");
        self.head.add(":path", &text);
        let target = SecretString::new(std::mem::take(&mut text));
        self.effects
            .push(Effect::SetTarget(self.stream, Arc::new(target)));
        value.is_some()
    }

    fn cookie(&mut self, name: &str, value: Value<'_>, keep: bool) -> bool {
        let is_ours = |pair: &str| {
            let (found, _) = pair.split_once('=').unwrap_or((pair, ""));
            found.trim() == name
        };
        let mut cookies = Zeroizing::new(String::new());
        let mut there = false;
        for line in self.head.values("cookie") {
            let line = String::from_utf8_lossy(line);
            let (kept, found) = without(&line, &[';'], is_ours);
            there |= found;
            join(&mut cookies, kept.trim());
        }
        if (there && keep) || (!there && value.is_none()) {
            return false;
        }
        join(&mut cookies, value.map_or("", |value| value.expose()));
        let all = (!cookies.is_empty()).then(|| SecretString::new(std::mem::take(&mut cookies)));
        let all = all.map(Arc::new);
        self.replace(&HeaderName::ours("cookie"), all.as_ref());
        value.is_some()
    }

    /// A header in place of all lines of its name, for the host and in what we know of it.
    fn replace(&mut self, name: &HeaderName, value: Value<'_>) {
        self.head.remove(name.as_str());
        self.effects
            .push(Effect::RemoveHeader(self.stream, name.clone()));
        if let Some(value) = value {
            self.head.add(name.as_str(), value.expose());
            self.effects.push(Effect::AddHeader(
                self.stream,
                name.clone(),
                Arc::clone(value),
            ));
        }
    }
}

fn join(cookies: &mut String, more: &str) {
    if !cookies.is_empty() && !more.is_empty() {
        cookies.push_str("; ");
    }
    cookies.push_str(more);
}

/// What is left of a list, and whether something was taken out.
fn without(list: &str, separators: &[char], is_ours: impl Fn(&str) -> bool) -> (String, bool) {
    let mut kept = String::with_capacity(list.len());
    let mut found = false;
    for part in list.split_inclusive(separators) {
        match is_ours(part.trim_end_matches(separators)) {
            true => found = true,
            false => kept.push_str(part),
        }
    }
    kept.truncate(kept.trim_end_matches(separators).len());
    (kept, found)
}

/// Whether a name of a query is this one, which has unreserved characters only, in any spelling.
fn is_name(found: &str, name: &str) -> bool {
    let mut bytes = found.bytes();
    let mut decoded = std::iter::from_fn(|| match bytes.next()? {
        b'%' => {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            Some(
                digit()
                    .zip(digit())
                    .map_or(0, |(high, low)| high << 4 | low),
            )
        }
        byte => Some(byte.into()),
    });
    name.bytes()
        .map(u32::from)
        .all(|byte| decoded.next() == Some(byte))
        && decoded.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_in_any_spelling_and_no_other_one_is() {
        for found in ["key", "%6bey", "%6B%65%79"] {
            assert!(is_name(found, "key"), "{found}");
        }
        for found in ["", "ke", "keys", "Key", "k+y", "%6", "%6bey%00", "%zzey"] {
            assert!(!is_name(found, "key"), "{found}");
        }
    }

    #[test]
    fn what_is_left_keeps_its_order_and_its_separators() {
        let left = |list: &str| without(list, &['&', ';'], |part| part.starts_with("key="));
        assert_eq!(left("a=1&key=x&b=2;c=3"), ("a=1&b=2;c=3".to_owned(), true));
        assert_eq!(left("key=x"), (String::new(), true));
        assert_eq!(left("a=1;key=x"), ("a=1".to_owned(), true));
        assert_eq!(left("a=1&&b"), ("a=1&&b".to_owned(), false));
    }
}

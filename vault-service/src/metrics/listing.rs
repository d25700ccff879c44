//! A gauge for each of a few things, by their ids.
//!
//! Ids say nothing by themselves, but there may be any number of them: so many are listed and no more,
//! those that matter most. Whoever fills a list says how many there are in all.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// Most members of a list.
pub const LISTED: usize = 100;

/// What a member is known by: names of labels, which are fixed, and ids or words.
type Labels = Vec<(&'static str, String)>;

/// A gauge with a changing set of members, which is replaced as a whole.
#[derive(Clone)]
pub struct Listing {
    name: &'static str,
    help: &'static str,
    members: Arc<Mutex<Vec<(Labels, i64)>>>,
}

impl Listing {
    pub(super) fn register(
        registry: &mut Registry,
        name: &'static str,
        help: &'static str,
    ) -> Self {
        let listing = Self {
            name,
            help,
            members: Arc::default(),
        };
        registry.register_collector(Box::new(listing.clone()));
        listing
    }

    /// Replaces the members by the first [`LISTED`] of these.
    pub fn replace(&self, members: impl IntoIterator<Item = (Labels, i64)>) {
        let members = members.into_iter().take(LISTED).collect();
        *self.members.lock().unwrap_or_else(PoisonError::into_inner) = members;
    }
}

impl Collector for Listing {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = ConstGauge::new(0_i64).metric_type();
        let mut family =
            encoder.encode_descriptor(self.name, &format!("{}.", self.help), None, kind)?;
        for (labels, value) in members.iter() {
            ConstGauge::new(*value).encode(family.encode_family(labels)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn so_many_are_listed_and_no_more_and_those_of_before_are_gone() {
        let mut registry = Registry::default();
        let listing = Listing::register(&mut registry, "ends", "When it ends");
        let member = |id: usize| (vec![("id", id.to_string())], 7);
        listing.replace((1000..2000).map(member));
        listing.replace((0..1000).map(member));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("ends{"));
        assert_eq!(lines.count(), LISTED);
        assert!(text.contains("ends{id=\"0\"} 7\n") && !text.contains("1000"));
    }
}

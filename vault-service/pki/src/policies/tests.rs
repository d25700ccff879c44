//! The graph against the tree of RFC 5280 section 6.1, written down as it stands there.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::facts::Facts;
use super::process::Process;
use super::{AnyPolicy, ExplicitPolicy, MAX_STEPS, PolicyId, PolicyMapping, PolicyRules};
use crate::extensions::{PolicyConstraints, PolicyMapping as Mapping};

/// One certificate; policy 0 is anyPolicy.
#[derive(Clone, Debug)]
struct Sample {
    self_issued: bool,
    policies: BTreeSet<u8>,
    mappings: Vec<(u8, u8)>,
    explicit: Option<u32>,
    mapping: Option<u32>,
    any: Option<u32>,
}

#[derive(Clone, Debug)]
struct Wanted {
    acceptable: BTreeSet<u8>,
    explicit: bool,
    mapping_inhibited: bool,
    any_inhibited: bool,
}

fn id(number: u8) -> PolicyId {
    match number {
        0 => PolicyId::any(),
        _ => format!("1.2.{number}").parse().unwrap(),
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let skip = || prop::option::weighted(0.2, 0_u32..3);
    (
        any::<bool>(),
        btree_set(0_u8..5, 0..4),
        vec((1_u8..5, 1_u8..5), 0..4),
        skip(),
        skip(),
        skip(),
    )
        .prop_map(
            |(self_issued, policies, mappings, explicit, mapping, any)| Sample {
                self_issued,
                policies,
                mappings,
                explicit,
                mapping,
                any,
            },
        )
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let flag = || prop::bool::weighted(0.3);
    (btree_set(1_u8..5, 0..3), flag(), flag(), flag()).prop_map(
        |(acceptable, explicit, mapping_inhibited, any_inhibited)| Wanted {
            acceptable,
            explicit,
            mapping_inhibited,
            any_inhibited,
        },
    )
}

proptest! {
    #[test]
    fn the_graph_finds_what_the_tree_finds(path in vec(sample(), 1..6), wanted in wanted()) {
        prop_assert_eq!(by_graph(&path, &wanted), by_tree(&path, &wanted));
    }
}

#[test]
fn a_path_names_1024_policies_at_most() {
    let named = |count: u32| -> Vec<PolicyId> {
        (0..count)
            .map(|number| format!("1.3.{number}").parse().unwrap())
            .collect()
    };
    for (count, passes) in [(1024, true), (1025, false)] {
        let owned = (named(count), Vec::new());
        let nothing = Sample {
            self_issued: false,
            policies: BTreeSet::from([1]),
            mappings: Vec::new(),
            explicit: None,
            mapping: None,
            any: None,
        };
        let path = [facts((&nothing, &owned))];
        let found = Process::new(&PolicyRules::default(), &path, MAX_STEPS).and_then(Process::run);
        assert_eq!(
            found.is_ok_and(|found| found.len() == owned.0.len()),
            passes,
            "{count}"
        );
    }
}

/// `path` has the peer first.
fn by_graph(path: &[Sample], wanted: &Wanted) -> Option<BTreeSet<PolicyId>> {
    let owned: Vec<(Vec<PolicyId>, Vec<Mapping>)> = path.iter().map(owned).collect();
    let facts: Vec<Facts<'_>> = path.iter().zip(&owned).map(facts).collect();
    let acceptable: Vec<PolicyId> = wanted.acceptable.iter().copied().map(id).collect();
    let rules = PolicyRules {
        acceptable: &acceptable,
        explicit: if wanted.explicit {
            ExplicitPolicy::Required
        } else {
            ExplicitPolicy::Optional
        },
        mapping: if wanted.mapping_inhibited {
            PolicyMapping::Inhibited
        } else {
            PolicyMapping::Allowed
        },
        any: if wanted.any_inhibited {
            AnyPolicy::Inhibited
        } else {
            AnyPolicy::Allowed
        },
    };
    let found = Process::new(&rules, &facts, MAX_STEPS).and_then(Process::run);
    Some(found.ok()?.into_iter().collect())
}

fn owned(sample: &Sample) -> (Vec<PolicyId>, Vec<Mapping>) {
    let mappings = sample.mappings.iter().map(|(issuer, subject)| Mapping {
        issuer_domain: id(*issuer),
        subject_domain: id(*subject),
    });
    let policies = sample.policies.iter().copied().map(id);
    (policies.collect(), mappings.collect())
}

fn facts<'a>(
    (sample, (policies, mappings)): (&Sample, &'a (Vec<PolicyId>, Vec<Mapping>)),
) -> Facts<'a> {
    Facts {
        subject: "sample",
        self_issued: sample.self_issued,
        policies,
        mappings,
        constraints: PolicyConstraints {
            require_explicit_policy: sample.explicit,
            inhibit_policy_mapping: sample.mapping,
        },
        inhibit_any_policy: sample.any,
    }
}

/// A node of valid_policy_tree; `parent` is an index into the level above.
#[derive(Clone)]
struct Node {
    policy: u8,
    expected: BTreeSet<u8>,
    parent: usize,
}

fn node(policy: u8, expected: BTreeSet<u8>, parent: usize) -> Node {
    Node {
        policy,
        expected,
        parent,
    }
}

fn by_tree(path: &[Sample], wanted: &Wanted) -> Option<BTreeSet<PolicyId>> {
    let n = path.len();
    let unless = |now: bool| if now { 0 } else { n + 1 };
    let mut explicit_policy = unless(wanted.explicit);
    let mut policy_mapping = unless(wanted.mapping_inhibited);
    let mut inhibit_any = unless(wanted.any_inhibited);
    let mut tree: Option<Vec<Vec<Node>>> = Some(vec![vec![node(0, BTreeSet::from([0]), 0)]]);
    for (index, certificate) in path.iter().rev().enumerate() {
        let last = index + 1 == n;
        // 6.1.3 (d)
        if certificate.policies.is_empty() {
            tree = None;
        }
        if let Some(levels) = &mut tree {
            let above = levels.last().unwrap().clone();
            let mut level: Vec<Node> = Vec::new();
            for &policy in certificate.policies.iter().filter(|policy| **policy != 0) {
                let own = BTreeSet::from([policy]);
                let mut matched = false;
                for (parent, _) in above
                    .iter()
                    .enumerate()
                    .filter(|(_, node)| node.expected.contains(&policy))
                {
                    level.push(node(policy, own.clone(), parent));
                    matched = true;
                }
                if !matched && let Some(parent) = above.iter().position(|node| node.policy == 0) {
                    level.push(node(policy, own, parent));
                }
            }
            let any_counts = inhibit_any > 0 || (!last && certificate.self_issued);
            if certificate.policies.contains(&0) && any_counts {
                for (parent, upper) in above.iter().enumerate() {
                    for &policy in &upper.expected {
                        if !level
                            .iter()
                            .any(|node| node.parent == parent && node.policy == policy)
                        {
                            level.push(node(policy, BTreeSet::from([policy]), parent));
                        }
                    }
                }
            }
            levels.push(level);
            prune(&mut tree);
        }
        // 6.1.3 (f)
        if explicit_policy == 0 && tree.is_none() {
            return None;
        }
        if last {
            break;
        }
        // 6.1.4 (b)
        if let Some(levels) = &mut tree {
            let above = levels[levels.len() - 2].clone();
            let level = levels.last_mut().unwrap();
            let issuers: BTreeSet<u8> = certificate
                .mappings
                .iter()
                .map(|(issuer, _)| *issuer)
                .collect();
            for issuer in issuers {
                let subjects = certificate
                    .mappings
                    .iter()
                    .filter(|(from, _)| *from == issuer);
                let subjects: BTreeSet<u8> = subjects.map(|(_, to)| *to).collect();
                if policy_mapping == 0 {
                    // Parents refer to the level above only, so that indices stay good.
                    level.retain(|node| node.policy != issuer);
                } else if level.iter().any(|node| node.policy == issuer) {
                    for node in level.iter_mut().filter(|node| node.policy == issuer) {
                        node.expected.clone_from(&subjects);
                    }
                } else if level.iter().any(|node| node.policy == 0) {
                    let parent = above.iter().position(|node| node.policy == 0).unwrap();
                    level.push(node(issuer, subjects, parent));
                }
            }
            prune(&mut tree);
        }
        let before = usize::from(!certificate.self_issued);
        for (counter, limit) in [
            (&mut explicit_policy, certificate.explicit),
            (&mut policy_mapping, certificate.mapping),
            (&mut inhibit_any, certificate.any),
        ] {
            *counter = counter.saturating_sub(before);
            if let Some(limit) = limit {
                *counter = (*counter).min(usize::try_from(limit).unwrap());
            }
        }
    }
    // 6.1.5
    explicit_policy = explicit_policy.saturating_sub(1);
    if path[0].explicit == Some(0) {
        explicit_policy = 0;
    }
    let found = tree
        .map(|levels| user_constrained(&levels, wanted))
        .unwrap_or_default();
    if explicit_policy == 0 && found.is_empty() {
        return None;
    }
    Some(found.into_iter().map(id).collect())
}

/// 6.1.5 (g): nodes right below anyPolicy, intersected with what is acceptable.
fn user_constrained(levels: &[Vec<Node>], wanted: &Wanted) -> BTreeSet<u8> {
    let any = levels.last().unwrap().iter().any(|node| node.policy == 0);
    let mut authorities = BTreeSet::new();
    for pair in levels.windows(2) {
        let below_any = pair[1]
            .iter()
            .filter(|node| pair[0][node.parent].policy == 0);
        authorities.extend(
            below_any
                .map(|node| node.policy)
                .filter(|policy| *policy != 0),
        );
    }
    if wanted.acceptable.is_empty() {
        authorities.extend(any.then_some(0));
        authorities
    } else {
        let acceptable = wanted.acceptable.iter().copied();
        acceptable
            .filter(|policy| any || authorities.contains(policy))
            .collect()
    }
}

/// Nodes without children go, from the second lowest level upwards.
fn prune(tree: &mut Option<Vec<Vec<Node>>>) {
    let Some(levels) = tree else { return };
    for upper in (0..levels.len() - 1).rev() {
        let used: BTreeSet<usize> = levels[upper + 1].iter().map(|node| node.parent).collect();
        let kept: Vec<usize> = (0..levels[upper].len())
            .filter(|index| used.contains(index))
            .collect();
        for node in &mut levels[upper + 1] {
            node.parent = kept.iter().position(|index| *index == node.parent).unwrap();
        }
        levels[upper] = kept
            .iter()
            .map(|index| levels[upper][*index].clone())
            .collect();
    }
    if levels[0].is_empty() {
        *tree = None;
    }
}

//! The tree of a profile as JSON, in columns of numbers so that it stays small.

use std::{collections::HashMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use pprof::protos::Profile;
use serde::Serialize;

use crate::crates::crate_of;

use super::{
    Kind,
    functions::{Functions, Sums},
    groups::Groups,
    stacks::{Frame, Labels, Place, Stacks, base_name, text},
    tree::{Amount, Pruned, Tree},
    values::Values,
};

/// Boxes for functions; beside those that a function calls there may be one more, for those that
/// are too small to be drawn.
const MOST_NODES: usize = 10_000;
/// Functions of the table with the most of their own, and as many with the most in total.
const MOST_FUNCTIONS: usize = 500;
/// Sets of labels that are told apart.
const MOST_GROUPS: usize = 64;
/// The largest compressed profile that is sent along for saving, in bytes.
const MOST_RAW: usize = 8 << 20;
/// Stands for a frame where there is none.
const NO_FRAME: i64 = -1;

/// What the page draws.
#[derive(Debug, Serialize)]
struct Graph<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The type and the unit of weights, and the type of counts, as the profile has them.
    weight: &'a str,
    unit: &'a str,
    count: &'a str,
    taken_unix_seconds: f64,
    duration_seconds: f64,
    /// So many of this unit lie between two samples, on average.
    period: i64,
    period_unit: &'a str,
    /// The sum of all weights that are drawn.
    total: u64,
    /// By how much stacks became lighter in a difference of two profiles, which is not drawn.
    shrunk: u64,
    /// How many boxes were left out, each lighter than this.
    pruned_nodes: usize,
    pruned_below: u64,
    groups: Vec<Labels<'a>>,
    strings: Vec<&'a str>,
    /// Function, file, library and crate of each frame: numbers of strings.
    frames: Vec<usize>,
    /// Parent, frame and line of each node. The first is the root, and a parent comes before its
    /// children. What was left out has [`NO_FRAME`].
    nodes: Vec<i64>,
    /// Node, group, weight and count of the samples that ended at a node.
    own: Vec<u64>,
    /// Frame, line, and how many rows it has in the next column, of the functions in the table.
    functions: Vec<i64>,
    /// Group, own weight and count, and total weight and count, of those functions in turn.
    sums: Vec<u64>,
    /// The profile as a file, in base64; none where it is too large.
    profile: Option<String>,
}

/// The tree of a profile whose functions are named, as JSON for the page. `raw` is the same profile
/// as a file; the page offers it for saving.
pub(crate) fn data(profile: &Profile, kind: Kind, raw: &[u8]) -> gaxx_sdk::Result<Vec<u8>> {
    let stacks = Stacks::new(profile);
    let values = Values::of(profile, kind);
    let groups = Groups::of(profile, &stacks, &values, MOST_GROUPS);
    let (mut tree, mut functions) = (Tree::new(), Functions::default());
    let mut shrunk = 0_u64;
    for sample in &profile.sample {
        let (amount, less) = values.amount(sample);
        shrunk = shrunk.saturating_add(less);
        if amount != Amount::default() {
            let group = groups.number(stacks.labels(sample));
            let stack: Vec<Place> = stacks.places(sample).collect();
            tree.add(&stack, group, amount);
            functions.add(&stack, group, amount);
        }
    }
    let total = tree.total();
    let (tree, Pruned { below, nodes }) = tree.prune(MOST_NODES);
    let mut columns = Columns::new(&stacks.frames);
    columns.add_tree(&tree);
    columns.add_functions(&functions);
    let graph = Graph {
        kind: kind.name(),
        weight: values.weight_name,
        unit: values.unit,
        count: values.count_name,
        taken_unix_seconds: seconds(profile.time_nanos),
        duration_seconds: seconds(profile.duration_nanos),
        period: profile.period,
        period_unit: profile
            .period_type
            .as_ref()
            .map_or("", |of| text(profile, of.unit)),
        total,
        shrunk,
        pruned_nodes: nodes,
        pruned_below: below,
        groups: groups.listed,
        strings: columns.strings.listed,
        frames: columns.described,
        nodes: columns.nodes,
        own: columns.own,
        functions: columns.functions,
        sums: columns.sums,
        profile: (raw.len() <= MOST_RAW).then(|| STANDARD.encode(raw)),
    };
    Ok(gaxx_sdk::serde_json::to_vec(&graph)?)
}

/// The columns of [`Graph`]; they have only those frames that a node or a row needs.
#[derive(Debug, Default)]
struct Columns<'f, 'a> {
    frames: &'f [Frame<'a>],
    /// The numbers that frames have here.
    numbers: HashMap<usize, i64>,
    strings: Strings<'a>,
    described: Vec<usize>,
    nodes: Vec<i64>,
    own: Vec<u64>,
    functions: Vec<i64>,
    sums: Vec<u64>,
}

impl<'f, 'a> Columns<'f, 'a> {
    fn new(frames: &'f [Frame<'a>]) -> Self {
        Self {
            frames,
            ..Self::default()
        }
    }

    fn add_tree(&mut self, tree: &Tree) {
        for node in &tree.nodes {
            let frame = node.frame.map_or(NO_FRAME, |frame| self.frame(frame));
            self.nodes.extend([signed(node.parent), frame, node.line()]);
        }
        for (node, group, Amount { weight, count }) in tree.own() {
            self.own.extend([node as u64, group as u64, weight, count]);
        }
    }

    fn add_functions(&mut self, functions: &Functions) {
        for (frame, function) in functions.heaviest(MOST_FUNCTIONS) {
            let frame = self.frame(frame);
            let rows = signed(function.sums.len());
            self.functions
                .extend([frame, function.lines.heaviest(), rows]);
            for (group, Sums { own, total }) in &function.sums {
                let group = *group as u64;
                self.sums
                    .extend([group, own.weight, own.count, total.weight, total.count]);
            }
        }
    }

    fn frame(&mut self, frame: usize) -> i64 {
        let next = signed(self.numbers.len());
        let number = *self.numbers.entry(frame).or_insert(next);
        if let Some(described) = self.frames.get(frame).filter(|_| number == next) {
            let &Frame {
                function,
                file,
                library,
            } = described;
            let crate_name = crate_of(function).unwrap_or_default();
            for text in [function, file, base_name(library), crate_name] {
                self.described.push(self.strings.number(text));
            }
        }
        number
    }
}

/// Texts, each once.
#[derive(Debug, Default)]
struct Strings<'a> {
    listed: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
}

impl<'a> Strings<'a> {
    fn number(&mut self, text: &'a str) -> usize {
        *self.numbers.entry(text).or_insert_with(|| {
            self.listed.push(text);
            self.listed.len() - 1
        })
    }
}

fn seconds(nanos: i64) -> f64 {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).as_secs_f64()
}

/// A place in a column, which is far smaller than this can hold.
fn signed(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

//! What is killed where, drawn by seed over the steps of the code.

use crete_failpoint::Side;
use std::collections::BTreeMap;
use std::fmt;

/// Steps that only a recovery takes, and where a kill leads to them.
const LEADS: &[(&str, &str)] = &[
    ("disk.sweep", "disk.sync"),
    ("import.forget", "import.folder"),
    ("store.sweep", "store.write"),
    ("store.sweep_folder", "store.folder"),
    ("trash.sweep", "trash.put"),
];

/// Steps that only a fault of the computer leads to: `qemu-img` fails.
const FAULTS: &[&str] = &["disk.unmake"];

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Engine,
    Qemu,
    Both,
}

/// A moment, and who is killed then.
#[derive(Debug, Clone)]
pub struct Kill {
    pub who: Who,
    /// The step; any where there is none.
    pub step: Option<String>,
    pub side: Side,
    /// The how many-th time, from 1.
    pub time: u64,
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.step.as_deref().unwrap_or("*");
        write!(f, "{:?} {step} {:?} {}", self.who, self.side, self.time)
    }
}

impl Kill {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        Self {
            who: match words[0] {
                "Engine" => Who::Engine,
                "Qemu" => Who::Qemu,
                _ => Who::Both,
            },
            step: (words[1] != "*").then(|| words[1].to_owned()),
            side: if words[2] == "Before" {
                Side::Before
            } else {
                Side::After
            },
            time: words[3].parse().unwrap(),
        }
    }
}

/// One round.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The moment of the code this round is for.
    pub drawn: String,
    pub first: Kill,
    /// While the next start recovers.
    pub second: Option<Kill>,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        match &self.second {
            Some(second) => write!(f, ", then {second}"),
            None => Ok(()),
        }
    }
}

/// SplitMix64: small, and the same everywhere for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 1 to `most`.
    fn roll(&mut self, most: u64) -> u64 {
        self.next() % most.max(1) + 1
    }
}

/// Steps that only clusters come by: `tests/cluster_soak` kills at them.
const OF_CLUSTERS: &str = "cluster.";

/// The steps of the code, and how often the scenario comes by each.
pub struct Draws {
    seed: u64,
    counts: BTreeMap<String, u64>,
    steps: Vec<&'static str>,
}

impl Draws {
    /// `trace` holds the steps of one whole scenario, in their order.
    pub fn new(seed: u64, trace: &[String]) -> Self {
        let mut counts = BTreeMap::new();
        for step in trace {
            *counts.entry(step.clone()).or_default() += 1;
        }
        let mut steps: Vec<&str> = crete_failpoint::steps().iter().map(|s| s.name).collect();
        steps.dedup();
        steps.retain(|step| !FAULTS.contains(step) && !step.starts_with(OF_CLUSTERS));
        Self {
            seed,
            counts,
            steps,
        }
    }

    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Steps that neither the scenario nor a recovery comes by.
    pub fn unreached(&self) -> Vec<&'static str> {
        let known = |step: &&&str| {
            self.counts.contains_key(**step) || LEADS.iter().any(|(name, _)| name == *step)
        };
        let steps = self.steps.iter();
        steps.filter(|step| !known(step)).copied().collect()
    }

    /// As many rounds as wanted: each moment once before any comes again.
    pub fn plans(&self, points: usize) -> Vec<Plan> {
        let mut dice = Dice(self.seed);
        let mut plans = Vec::new();
        while plans.len() < points {
            let steps = self.steps.iter();
            let mut moments: Vec<(&str, Side)> = steps
                .flat_map(|step| [(*step, Side::Before), (*step, Side::After)])
                .collect();
            for last in (1..moments.len()).rev() {
                let other = usize::try_from(dice.roll(last as u64 + 1) - 1).unwrap();
                moments.swap(last, other);
            }
            let rounds = moments
                .into_iter()
                .map(|moment| self.plan(&mut dice, moment));
            plans.extend(rounds);
        }
        plans.truncate(points);
        plans
    }

    fn plan(&self, dice: &mut Dice, (step, side): (&str, Side)) -> Plan {
        let drawn = format!("{step} {side:?}");
        let count = |step: &str| self.counts.get(step).copied().unwrap_or(1);
        // Always rolled, so that one round's draw does not depend on another's.
        let (time, who, again, later) = (dice.next(), dice.roll(10), dice.roll(4), dice.roll(12));
        let kill = |step: &str, side, who| Kill {
            who,
            step: Some(step.to_owned()),
            side,
            time: time % count(step) + 1,
        };
        if let Some((_, lead)) = LEADS.iter().find(|(name, _)| *name == step) {
            return Plan {
                drawn,
                first: kill(lead, Side::Before, Who::Engine),
                second: Some(Kill {
                    time: 1,
                    ..kill(step, side, Who::Engine)
                }),
            };
        }
        let who = match who {
            1 | 2 => Who::Qemu,
            3 | 4 => Who::Both,
            _ => Who::Engine,
        };
        let second = (again == 1).then_some(Kill {
            who: Who::Engine,
            step: None,
            side: Side::Before,
            time: later,
        });
        Plan {
            drawn,
            first: kill(step, side, who),
            second,
        }
    }
}

#[test]
fn a_seed_draws_the_same_again_and_every_moment_before_any_twice() {
    let trace = ["store.write".to_owned(), "store.write".to_owned()];
    let draws = Draws::new(7, &trace);
    let all = draws.steps() * 2;
    let told = |draws: &Draws| -> Vec<String> {
        draws.plans(all).iter().map(ToString::to_string).collect()
    };
    assert_eq!(told(&draws), told(&Draws::new(7, &trace)));
    assert_ne!(told(&draws), told(&Draws::new(8, &trace)));
    let mut moments: Vec<String> = draws.plans(all).into_iter().map(|p| p.drawn).collect();
    moments.sort();
    moments.dedup();
    assert_eq!(moments.len(), all);
    let kill = &draws.plans(1)[0].first;
    assert_eq!(Kill::parse(&kill.to_string()).to_string(), kill.to_string());
}

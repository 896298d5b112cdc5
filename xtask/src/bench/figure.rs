//! A figure beside its rival and its goal, and the forms in which all of them are kept. Pure.

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// What stands beside a figure, measured in the same run.
pub struct Rival {
    pub name: String,
    pub value: f64,
}

/// What a figure should be: of its rival where it has one, in its own unit otherwise.
#[derive(Clone, Copy)]
pub enum Goal {
    Most(f64),
    Least(f64),
}

/// One line of the table.
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: String,
    pub rival: Option<Rival>,
    pub goal: Option<Goal>,
}

impl Figure {
    pub fn new(name: &str, value: f64, unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            rival: None,
            goal: None,
        }
    }

    /// Reads one of the figures that a measuring program printed.
    pub fn read(value: &Value) -> Result<Self> {
        let text = |key: &str| {
            let text = value[key].as_str();
            text.with_context(|| format!("a figure has no {key}: {value}"))
        };
        let number = |from: &Value, key: &str| {
            let number = from[key].as_f64();
            number.with_context(|| format!("a figure has no {key}: {value}"))
        };
        let mut figure = Self::new(text("name")?, number(value, "value")?, text("unit")?);
        if let Some(rival) = value.get("rival") {
            figure.rival = Some(Rival {
                name: rival["name"].as_str().unwrap_or_default().to_owned(),
                value: number(rival, "value")?,
            });
        }
        let goal = |key: &str| value["goal"][key].as_f64();
        figure.goal = goal("most")
            .map(Goal::Most)
            .or(goal("least").map(Goal::Least));
        Ok(figure)
    }

    /// How much it is of its rival.
    fn share(&self) -> Option<f64> {
        self.rival.as_ref().map(|rival| self.value / rival.value)
    }

    /// Whether the goal is met, if there is one.
    pub fn met(&self) -> Option<bool> {
        let judged = self.share().unwrap_or(self.value);
        self.goal.map(|goal| match goal {
            Goal::Most(most) => judged <= most,
            Goal::Least(least) => judged >= least,
        })
    }

    fn cells(&self) -> [String; 7] {
        let rival = self.rival.as_ref();
        let goal = self.goal.map(|goal| match goal {
            Goal::Most(most) => format!("≤ {}", rounded(most)),
            Goal::Least(least) => format!("≥ {}", rounded(least)),
        });
        let met = self.met().map(|met| if met { "yes" } else { "NO" });
        [
            self.name.clone(),
            rounded(self.value),
            self.unit.clone(),
            rival.map_or_else(String::new, |rival| {
                format!("{} {}", rival.name, rounded(rival.value))
            }),
            self.share().map(rounded).unwrap_or_default(),
            goal.unwrap_or_default(),
            met.unwrap_or_default().to_owned(),
        ]
    }

    fn report(&self) -> Value {
        let (rival, goal) = (self.rival.as_ref(), self.goal);
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "rival": rival.map(|rival| json!({ "name": rival.name, "value": rival.value })),
            "goal": goal.map(|goal| match goal {
                Goal::Most(most) => json!({ "most": most }),
                Goal::Least(least) => json!({ "least": least }),
            }),
            "met": self.met(),
        })
    }
}

/// The figures for a machine to read.
pub fn report(figures: &[Figure]) -> Value {
    figures.iter().map(Figure::report).collect()
}

/// The figures for a person to read.
pub fn table(figures: &[Figure]) -> String {
    let head = ["figure", "value", "unit", "beside", "of it", "goal", "met"].map(str::to_owned);
    let rows: Vec<[String; 7]> = [head]
        .into_iter()
        .chain(figures.iter().map(Figure::cells))
        .collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default().max(3)
    };
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            text += &if is_number(column) {
                format!("| {cell:>width$} ")
            } else {
                format!("| {cell:<width$} ")
            };
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let end = if is_number(column) { ':' } else { '-' };
                text += &format!("| {:-<1$}{end} ", "", width - 1);
            }
            text += "|\n";
        }
    }
    text
}

fn is_number(column: usize) -> bool {
    matches!(column, 1 | 4)
}

/// Three digits that mean something.
fn rounded(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Figure> {
        Figure::read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_goal_is_judged_by_the_rival_where_there_is_one() {
        let met = |text: &str| read(text).unwrap().met();
        let start = |value: u32| {
            format!(
                r#"{{"name":"start","unit":"ms","value":{value},"goal":{{"most":1.2}},
                "rival":{{"name":"hello","value":500}}}}"#
            )
        };
        assert_eq!(met(&start(600)), Some(true));
        assert_eq!(met(&start(601)), Some(false));
        let rate = r#"{"name":"x","unit":"MiB/s","value":94,"goal":{"least":0.95},
            "rival":{"name":"curl","value":100}}"#;
        assert_eq!(met(rate), Some(false));
        let memory = r#"{"name":"x","unit":"MiB","value":64,"goal":{"most":64}}"#;
        assert_eq!(met(memory), Some(true));
        assert_eq!(met(r#"{"name":"x","unit":"s","value":1}"#), None);
    }

    #[test]
    fn a_figure_without_a_value_is_none() {
        for text in [
            r#"{"name":"x","unit":"s"}"#,
            r#"{"name":"x","unit":"s","value":null}"#,
            r#"{"unit":"s","value":1}"#,
            r#"{"name":"x","unit":"s","value":1,"rival":{"name":"y"}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_table_lines_up() {
        let mut beside = Figure::new("much longer", 1234.5, "MiB/s");
        beside.rival = Some(Rival {
            name: "curl".to_owned(),
            value: 1000.0,
        });
        beside.goal = Some(Goal::Least(0.95));
        let text = table(&[Figure::new("short", 3.0, "s"), beside]);
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [widths[0]; 4], "{text}");
        let line = "| much longer |  1234 | MiB/s | curl 1000 |  1.23 | ≥ 0.95 | yes |";
        assert!(text.contains(line), "{text}");
    }
}

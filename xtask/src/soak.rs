//! The kill tests in full: the tests of the engine hold only a sample of them.

use crate::programs;
use crate::shell::{cargo, run};
use anyhow::{Context, Result, bail};

/// Options, and the variables by which the tests read them.
const OPTIONS: &[(&str, &str)] = &[
    ("--seed", "CRETE_SOAK_SEED"),
    ("--points", "CRETE_SOAK_POINTS"),
    ("--cycles", "CRETE_SOAK_CYCLES"),
    ("--round", "CRETE_SOAK_ROUND"),
];

/// Reads pairs of an option and a number.
fn variables(args: &[String]) -> Result<Vec<(&'static str, u64)>> {
    let mut variables = Vec::new();
    for pair in args.chunks(2) {
        let option = &pair[0];
        let Some((_, variable)) = OPTIONS.iter().find(|(name, _)| name == option) else {
            bail!("soak has no option {option}");
        };
        let value = pair
            .get(1)
            .with_context(|| format!("{option} needs a number"))?;
        let number = value
            .parse()
            .with_context(|| format!("{option} needs a number, not {value:?}"))?;
        variables.push((*variable, number));
    }
    Ok(variables)
}

/// Kills the engine and its machines at many points, and starts and stops one many times; then the
/// same with clusters.
pub fn soak(args: &[String]) -> Result<()> {
    let told = variables(args)?;
    programs::build()?;
    for suite in ["soak", "cluster_soak"] {
        // Not by its package: so it is the one that was compiled with the rest.
        let mut tests = cargo(&["test", "--test", suite, "--"]);
        tests.args(["--ignored", "--exact", "--nocapture", "whole"]);
        let told = told.iter().map(|(name, n)| (name, n.to_string()));
        run(tests.envs(told))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(&'static str, u64)>> {
        let args: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        variables(&args)
    }

    #[test]
    fn options_are_numbers() {
        let known = [("CRETE_SOAK_SEED", 7), ("CRETE_SOAK_POINTS", 12)];
        assert_eq!(read("--seed 7 --points 12").unwrap(), known);
        assert_eq!(read("").unwrap(), []);
        for wrong in ["--seed", "--seed x", "--seeds 7", "7"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

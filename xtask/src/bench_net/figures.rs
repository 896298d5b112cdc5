//! What was measured, and how it is read from what the tools print.

use super::ways::Rig;
use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// Clock ticks of the kernel's accounts in a second: the same on all of its architectures here.
const TICKS: f64 = 100.0;

/// Processor time, seconds.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Of the process between the machines.
    between: f64,
    /// Of the machines as well.
    all: f64,
}

fn processor_time(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).context(path)?;
    // Behind the name, which may hold anything.
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let both = ticks(11)
        .zip(ticks(12))
        .context("the kernel gives no processor time")?;
    Ok((both.0 + both.1) / TICKS)
}

impl Cost {
    pub fn of(rig: &Rig) -> Result<Self> {
        let between = rig
            .between
            .as_ref()
            .map(|process| processor_time(process.pid()));
        let between = between.transpose()?.unwrap_or_default();
        let mut all = between;
        for machine in &rig.machines {
            all += processor_time(machine.qemu.pid())?;
        }
        Ok(Self { between, all })
    }

    pub fn since(self, before: Self) -> Self {
        Self {
            between: self.between - before.between,
            all: self.all - before.all,
        }
    }
}

/// Values by what they are of, in the order in which they are shown.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<(u8, String), f64>);

impl Figures {
    fn put(&mut self, order: u8, name: String, value: f64) {
        self.0.insert((order, name), value);
    }

    /// A flow that iperf3 has measured.
    pub fn flow(&mut self, name: &str, text: &str, cost: Cost, seconds: u64) -> Result<()> {
        let rate = megabits(text).with_context(|| format!("{name}: iperf3 said\n{text}"))?;
        #[allow(clippy::cast_precision_loss, reason = "a few seconds")]
        let gigabits = (rate * seconds as f64 / 1000.0).max(1e-9);
        self.put(0, format!("{name}, Mbit/s"), rate);
        if cost.between > 0.0 {
            self.put(
                1,
                format!("{name}, processor of the network, s/Gbit"),
                cost.between / gigabits,
            );
        }
        self.put(
            2,
            format!("{name}, processor of all, s/Gbit"),
            cost.all / gigabits,
        );
        Ok(())
    }

    /// Datagrams that iperf3 has counted.
    pub fn packets(&mut self, name: &str, text: &str, seconds: u64) -> Result<()> {
        let arrived = datagrams(text).with_context(|| format!("{name}: iperf3 said\n{text}"))?;
        #[allow(clippy::cast_precision_loss, reason = "a few seconds")]
        let rate = arrived / seconds as f64;
        self.put(3, format!("{name}, datagrams of 64 bytes, 1/s"), rate);
        Ok(())
    }

    /// Pings; where nobody answers them there is nothing to show.
    pub fn ping(&mut self, name: &str, text: &str) -> Result<()> {
        if let Some((least, average)) = round_trips(text) {
            self.put(4, format!("ping to {name}, least, ms"), least);
            self.put(4, format!("ping to {name}, mean, ms"), average);
        }
        Ok(())
    }

    pub fn memory(&mut self, rig: &Rig) -> Result<()> {
        if let Some(process) = &rig.between {
            self.put(
                5,
                "memory of the network, MiB PSS".to_owned(),
                pss(process.pid())?,
            );
        }
        let machine = pss(rig.machines[0].qemu.pid())?;
        self.put(6, "memory of a machine, MiB PSS".to_owned(), machine);
        Ok(())
    }
}

fn pss(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).context(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("the kernel gives no share of memory")? / 1024.0)
}

/// What the receiver has measured.
fn receiver(text: &str) -> Option<&str> {
    text.lines().rfind(|line| line.contains("receiver"))
}

fn megabits(text: &str) -> Option<f64> {
    let words: Vec<&str> = receiver(text)?.split_whitespace().collect();
    let unit = words.iter().position(|word| *word == "Mbits/sec")?;
    words.get(unit.checked_sub(1)?)?.parse().ok()
}

/// Those that arrived, of "lost/sent".
fn datagrams(text: &str) -> Option<f64> {
    let counts = receiver(text)?
        .split_whitespace()
        .find(|word| word.contains('/') && !word.contains("sec"))?;
    let (lost, sent) = counts.split_once('/')?;
    Some(sent.parse::<f64>().ok()? - lost.parse::<f64>().ok()?)
}

fn round_trips(text: &str) -> Option<(f64, f64)> {
    let line = text
        .lines()
        .find_map(|line| line.split_once("min/avg/max = "))?
        .1;
    let mut times = line.split(['/', ' ']).map(str::parse::<f64>);
    Some((times.next()?.ok()?, times.next()?.ok()?))
}

/// The table: a line for each value, a column for each way.
pub fn table(columns: &[(&str, Figures)]) -> String {
    let names: std::collections::BTreeSet<&(u8, String)> = columns
        .iter()
        .flat_map(|(_, figures)| figures.0.keys())
        .collect();
    let mut text = String::from("| |");
    columns
        .iter()
        .for_each(|(way, _)| text += &format!(" {way} |"));
    text += "\n| --- |";
    columns.iter().for_each(|_| text += " ---: |");
    for name in names {
        text += &format!("\n| {} |", name.1);
        for (_, figures) in columns {
            text += &match figures.0.get(name) {
                Some(value) if *value >= 100.0 => format!(" {value:.0} |"),
                Some(value) => format!(" {value:.2} |"),
                None => " – |".to_owned(),
            };
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_iperf3_and_ping_print_is_read() {
        let tcp = "[  5]   0.00-5.00   sec   155 MBytes   260 Mbits/sec   12             sender\n\
                   [  5]   0.00-5.01   sec   152 MBytes   255 Mbits/sec                  receiver\n";
        assert_eq!(megabits(tcp), Some(255.0));
        let udp = "[  5]   0.00-5.04   sec   957 KBytes  1.56 Mbits/sec  0.013 ms  20/15320 (0.13%)  receiver\n";
        assert_eq!(datagrams(udp), Some(15_300.0));
        let ping = "round-trip min/avg/max = 0.781/1.250/4.002 ms\n";
        assert_eq!(round_trips(ping), Some((0.781, 1.25)));
        assert_eq!(
            (megabits(""), datagrams("x"), round_trips("y")),
            (None, None, None)
        );
    }

    #[test]
    fn a_way_without_a_value_has_a_dash() {
        let mut figures = Figures::default();
        figures.put(0, "a, Mbit/s".to_owned(), 250.4);
        let table = table(&[("one", figures), ("other", Figures::default())]);
        assert_eq!(
            table,
            "| | one | other |\n| --- | ---: | ---: |\n| a, Mbit/s | 250 | – |\n"
        );
    }
}

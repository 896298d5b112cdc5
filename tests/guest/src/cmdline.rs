//! The kernel's command line.

use std::fmt;

/// The words of a command line, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelArgs(Vec<String>);

impl KernelArgs {
    /// Splits a command line; double quotes keep blanks together, as in the kernel.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                c if c.is_ascii_whitespace() && !quoted => {
                    if !word.is_empty() {
                        words.push(std::mem::take(&mut word));
                    }
                }
                c => word.push(c),
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        Self(words)
    }

    /// Appends words that are not there yet: a boot stub may have appended them already.
    pub fn append(&mut self, more: Self) {
        for word in more.0 {
            if !self.0.contains(&word) {
                self.0.push(word);
            }
        }
    }

    /// The value of the last `key=value`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The terminal the dashboard was sent to, if it is one and the dashboard is wanted.
    #[must_use]
    pub fn dashboard_console(&self) -> Option<&str> {
        let wanted = self.value("talos.dashboard.disabled") != Some("1");
        self.value("talos.dashboard.console")
            .filter(|tty| wanted && tty.starts_with("tty") && !tty.contains('/'))
    }
}

impl fmt::Display for KernelArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_keep_blanks_and_the_last_value_counts() {
        let args = KernelArgs::parse("console=tty0 a=\"b c\"  console=ttyS0\n");
        assert_eq!(args.value("a"), Some("b c"));
        assert_eq!(args.value("console"), Some("ttyS0"));
        assert_eq!(args.value("cons"), None);
    }

    #[test]
    fn the_dashboard_goes_to_a_terminal_or_nowhere() {
        let console = |line: &str| {
            KernelArgs::parse(line)
                .dashboard_console()
                .map(str::to_owned)
        };
        assert_eq!(
            console("talos.dashboard.console=ttyS1").as_deref(),
            Some("ttyS1")
        );
        assert_eq!(console("talos.dashboard.console=../sda"), None);
        assert_eq!(console("talos.dashboard.console=tty/../sda"), None);
        assert_eq!(
            console("talos.dashboard.console=ttyS1 talos.dashboard.disabled=1"),
            None
        );
    }

    #[test]
    fn what_a_stub_appended_is_not_appended_twice() {
        let mut args = KernelArgs::parse("a=1 b=2");
        args.append(KernelArgs::parse("b=2 c=3"));
        assert_eq!(args, KernelArgs::parse("a=1 b=2 c=3"));
    }

    proptest! {
        #[test]
        fn plain_words_come_back(words in proptest::collection::vec("[a-z.=0-9]{1,8}", 0..8)) {
            prop_assert_eq!(KernelArgs::parse(&words.join(" ")), KernelArgs(words));
        }
    }
}

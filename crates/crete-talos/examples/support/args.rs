//! What the examples are told on their command lines: paths, and options with a value.

/// Paths and options, in the order in which they were written.
#[derive(Debug, Default)]
pub struct Args {
    pub paths: Vec<String>,
    options: Vec<(String, String)>,
}

impl Args {
    /// Reads the command line: `--NAME VALUE` or `--NAME=VALUE`, and paths between them.
    pub fn read(usage: &str, known: &[&str]) -> Result<Self, String> {
        let mut args = Self::default();
        let mut given = std::env::args().skip(1);
        while let Some(word) = given.next() {
            let Some(option) = word.strip_prefix("--") else {
                if word.starts_with('-') && word != "-" {
                    return Err(format!("there is no option {word}\nusage: {usage}"));
                }
                args.paths.push(word);
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            if !known.contains(&name) {
                return Err(format!("there is no option --{name}\nusage: {usage}"));
            }
            if args.options.iter().any(|(other, _)| other == name) {
                return Err(format!("--{name} is given twice\nusage: {usage}"));
            }
            let value = value.or_else(|| given.next());
            let value = value.ok_or(format!("--{name} needs a value\nusage: {usage}"))?;
            args.options.push((name.to_owned(), value));
        }
        Ok(args)
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A file as text.
pub fn file(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

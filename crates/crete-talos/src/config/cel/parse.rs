//! From text to an expression.

use super::{Expression, Kind, Problem, Value};

/// Deeper than any selector is; a parser that calls itself must stop somewhere.
const MOST_DEPTH: usize = 60;

type Parsed = Result<Expression, Problem>;

pub(in crate::config) fn parse(text: &str) -> Parsed {
    let mut parser = Parser {
        characters: text.chars().collect(),
        at: 0,
        depth: 0,
    };
    let expression = parser.choice()?;
    parser.blanks();
    if parser.at < parser.characters.len() {
        return parser.unexpected();
    }
    Ok(expression)
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
}

/// Operators by how tightly they bind, loosest first. Longer ones before their beginnings.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["==", "!=", "<=", ">=", "<", ">", "in"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser {
    fn blanks(&mut self) {
        while self
            .characters
            .get(self.at)
            .is_some_and(|c| c.is_whitespace())
        {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn unexpected<T>(&self) -> Result<T, Problem> {
        let reason = match self.peek() {
            None => "Syntax error: mismatched input '<EOF>'".to_owned(),
            Some(c) => format!("Syntax error: token recognition error at: '{c}'"),
        };
        Err(Problem {
            position: self.at,
            reason,
        })
    }

    fn takes(&mut self, token: &str) -> bool {
        self.blanks();
        let length = token.chars().count();
        let there = self.characters[self.at..].iter().take(length);
        if !there.copied().eq(token.chars()) {
            return false;
        }
        let word = token.chars().all(char::is_alphanumeric);
        let next = self.characters.get(self.at + length);
        if word && next.is_some_and(|c| c.is_alphanumeric() || *c == '_') {
            return false;
        }
        self.at += length;
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), Problem> {
        match self.takes(token) {
            true => Ok(()),
            false => self.unexpected(),
        }
    }

    fn choice(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return self.unexpected();
        }
        let condition = self.binary(0)?;
        self.blanks();
        let position = self.at;
        let expression = if self.takes("?") {
            let yes = self.choice()?;
            self.expect(":")?;
            let no = self.choice()?;
            let kind = Kind::Choice(Box::new(condition), Box::new(yes), Box::new(no));
            Expression { position, kind }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn binary(&mut self, level: usize) -> Parsed {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        loop {
            self.blanks();
            let position = self.at;
            let Some(operator) = operators.iter().find(|operator| self.takes(operator)) else {
                return Ok(left);
            };
            let right = self.binary(level + 1)?;
            let kind = Kind::Binary(operator, Box::new(left), Box::new(right));
            left = Expression { position, kind };
        }
    }

    fn unary(&mut self) -> Parsed {
        self.blanks();
        let position = self.at;
        let wrapped: fn(Box<Expression>) -> Kind = match self.peek() {
            Some('!') => Kind::Not,
            Some('-') => Kind::Minus,
            _ => return self.postfix(),
        };
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return self.unexpected();
        }
        self.at += 1;
        let inner = self.unary()?;
        self.depth -= 1;
        Ok(Expression {
            position,
            kind: wrapped(Box::new(inner)),
        })
    }

    fn postfix(&mut self) -> Parsed {
        let mut left = self.primary()?;
        loop {
            self.blanks();
            let position = self.at;
            if self.takes(".") {
                self.blanks();
                let name = self.word();
                if name.is_empty() {
                    return self.unexpected();
                }
                let kind = if self.takes("(") {
                    Kind::Call {
                        target: Some(Box::new(left)),
                        name,
                        arguments: self.list(")")?,
                    }
                } else {
                    Kind::Field(Box::new(left), name)
                };
                left = Expression { position, kind };
            } else if self.takes("[") {
                let index = self.choice()?;
                self.expect("]")?;
                let kind = Kind::Index(Box::new(left), Box::new(index));
                left = Expression { position, kind };
            } else {
                return Ok(left);
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expression>, Problem> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(self.choice()?);
            if !self.takes(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn pairs(&mut self) -> Result<Vec<(Expression, Expression)>, Problem> {
        let mut pairs = Vec::new();
        while !self.takes("}") {
            let key = self.choice()?;
            self.expect(":")?;
            pairs.push((key, self.choice()?));
            if !self.takes(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(pairs)
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        self.characters[start..self.at].iter().collect()
    }

    fn primary(&mut self) -> Parsed {
        self.blanks();
        let position = self.at;
        if self.takes("(") {
            let inner = self.choice()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let kind = if self.takes("[") {
            Kind::List(self.list("]")?)
        } else if self.takes("{") {
            Kind::Map(self.pairs()?)
        } else {
            match self.peek() {
                Some('"' | '\'') => Kind::Literal(Value::Text(self.text()?)),
                Some(c) if c.is_ascii_digit() => Kind::Literal(self.number()?),
                Some(c) if c.is_alphabetic() || c == '_' => self.name()?,
                _ => return self.unexpected(),
            }
        };
        Ok(Expression { position, kind })
    }

    fn name(&mut self) -> Result<Kind, Problem> {
        let name = self.word();
        if self.takes("(") {
            let arguments = self.list(")")?;
            return Ok(Kind::Call {
                target: None,
                name,
                arguments,
            });
        }
        Ok(match name.as_str() {
            "true" => Kind::Literal(Value::Bool(true)),
            "false" => Kind::Literal(Value::Bool(false)),
            "null" => Kind::Literal(Value::Null),
            _ => Kind::Name(name),
        })
    }

    fn text(&mut self) -> Result<String, Problem> {
        let Some(quote) = self.peek() else {
            return self.unexpected();
        };
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return self.unexpected(),
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some('n') => text.push('\n'),
                        Some('t') => text.push('\t'),
                        Some('r') => text.push('\r'),
                        Some(c @ ('\\' | '"' | '\'' | '`' | '?')) => text.push(c),
                        _ => return self.unexpected(),
                    }
                    self.at += 1;
                }
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        let mut text = self.word();
        if self.peek() == Some('.')
            && self
                .characters
                .get(self.at + 1)
                .is_some_and(char::is_ascii_digit)
        {
            self.at += 1;
            text.push('.');
            text.push_str(&self.word());
        }
        let lower = text.to_lowercase();
        let value = if let Some(digits) = lower.strip_suffix('u') {
            integer(digits)
                .and_then(|number| u64::try_from(number).ok())
                .map(Value::Uint)
        } else if lower.contains('.') || (lower.contains('e') && !lower.starts_with("0x")) {
            lower.parse().ok().map(Value::Double)
        } else {
            integer(&lower)
                .and_then(|number| i64::try_from(number).ok())
                .map(Value::Int)
        };
        value.ok_or_else(|| Problem {
            position: start,
            reason: "Syntax error: invalid number".to_owned(),
        })
    }
}

fn integer(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

//! The expressions of selectors (CEL), as far as selectors of disks, volumes and links use it.
//!
//! ```text
//! text ─▶ parse ─▶ Expression ─▶ check (which fields exist, which types meet)
//!                      └───────▶ evaluate (does this disk match?)
//! ```
//!
//! What is not known here (a function, a macro) is left to the node: it has any type, and an
//! expression with it has no value.

mod check;
mod evaluate;
mod names;
mod parse;

pub(super) use check::{Environment, Wanted, check};
pub(super) use evaluate::{Value, matches};
pub(super) use parse::parse;

/// A part of an expression and where it stands, in characters from 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    pub position: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Literal(Value),
    Name(String),
    Field(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
    Call {
        target: Option<Box<Expression>>,
        name: String,
        arguments: Vec<Expression>,
    },
    Not(Box<Expression>),
    Minus(Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
}

/// Why an expression is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub position: usize,
    pub reason: String,
}

impl Problem {
    /// The problem as Talos prints it, with the expression and a mark under the place.
    pub fn shown(&self, text: &str) -> String {
        // What the whole gives has no place of its own.
        if self.reason.starts_with(check::OUTPUT) {
            return self.reason.clone();
        }
        let before: String = text.chars().take(self.position).collect();
        let row = before.matches('\n').count();
        let line = text.split('\n').nth(row).unwrap_or_default();
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        format!(
            "ERROR: <input>:{}:{}: {}\n | {line}\n | {}^",
            row + 1,
            column + 1,
            self.reason,
            ".".repeat(column)
        )
    }
}

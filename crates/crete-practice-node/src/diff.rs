//! Differences of texts, as nodes show them before they change something.

/// Lines around a change that are shown.
const CONTEXT: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The unified difference of two texts; nothing when they are the same.
pub(crate) fn unified(before: &str, after: &str) -> String {
    let lines = compare(before, after);
    let changed = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let mut text = String::new();
    let mut at = 0;
    while let Some(next) = lines[at..].iter().position(changed) {
        let begin = (at + next).saturating_sub(CONTEXT).max(at);
        let mut end = at + next;
        // Changes that are near one another are one piece.
        while let Some(more) = lines[end..].iter().position(changed) {
            if more > 2 * CONTEXT {
                break;
            }
            end += more + 1;
        }
        let end = (end + CONTEXT).min(lines.len());
        if text.is_empty() {
            text.push_str("--- a\n+++ b\n");
        }
        piece(&mut text, &lines, begin, end);
        at = end;
    }
    text
}

fn piece(text: &mut String, lines: &[Line<'_>], begin: usize, end: usize) {
    let count = |lines: &[Line<'_>], but: fn(&Line<'_>) -> bool| {
        lines.iter().filter(|line| !but(line)).count()
    };
    let new: fn(&Line<'_>) -> bool = |line| matches!(line, Line::New(_));
    let gone: fn(&Line<'_>) -> bool = |line| matches!(line, Line::Gone(_));
    let range = |but| {
        let length = count(&lines[begin..end], but);
        let start = count(&lines[..begin], but) + usize::from(length > 0);
        match length {
            1 => start.to_string(),
            _ => format!("{start},{length}"),
        }
    };
    text.push_str(&format!("@@ -{} +{} @@\n", range(new), range(gone)));
    for line in &lines[begin..end] {
        let (sign, line) = match line {
            Line::Same(line) => (' ', line),
            Line::Gone(line) => ('-', line),
            Line::New(line) => ('+', line),
        };
        text.push(sign);
        text.push_str(line);
        text.push('\n');
    }
}

/// The lines of both, by their longest common subsequence.
fn compare<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let width = new.len() + 1;
    // How long the common part of what follows is, from each pair of places on.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_text_is_all_new() {
        assert_eq!(
            unified("", "a\nb\n"),
            "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        );
    }

    #[test]
    fn a_changed_line_has_its_surroundings() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace('5', "five");
        assert_eq!(
            unified(before, &after),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
        assert_eq!(unified(before, before), "");
    }
}

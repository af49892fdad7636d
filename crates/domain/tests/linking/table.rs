//! A decision table, computed: the answers to all combinations of some columns, brought down to the rows that differ.
//!
//! Knows columns, rows and how they are printed. Must not know what is decided.

use std::fmt::{self, Write};

/// One thing that a situation has: its head and the values it can take.
pub(crate) struct Column {
    head: &'static str,
    values: Vec<&'static str>,
}

impl Column {
    /// A column over the first halves of `values`; the second halves are what they stand for.
    pub(crate) fn of<T>(head: &'static str, values: &[(&'static str, T)]) -> Self {
        Self { head, values: values.iter().map(|(word, _)| *word).collect() }
    }
}

/// For each column the values for which it holds, and the answer to all of these situations.
struct Row {
    cells: Vec<Vec<usize>>,
    answer: String,
}

/// The whole table.
pub(crate) struct Table {
    columns: Vec<Column>,
    answers: Vec<String>,
    rows: Vec<Row>,
}

impl Table {
    /// Asks about every combination; a situation is one value of each column, by number.
    pub(crate) fn ask(columns: Vec<Column>, question: impl Fn(&[usize]) -> String) -> Self {
        let answers: Vec<String> = situations(&columns).iter().map(|situation| question(situation)).collect();
        let rows = rows(&columns, &answers);
        Self { columns, answers, rows }
    }

    /// What is wrong with the rows: each situation must be in exactly one, and have its answer.
    pub(crate) fn faults(&self) -> Vec<String> {
        let situations = situations(&self.columns);
        let holds = |row: &Row, situation: &[usize]| {
            row.cells.iter().zip(situation).all(|(values, value)| values.contains(value))
        };
        let fault = |(situation, answer): (&Vec<usize>, &String)| {
            let said: Vec<&String> =
                self.rows.iter().filter(|row| holds(row, situation)).map(|row| &row.answer).collect();
            (said != [answer]).then(|| format!("{situation:?}: {answer}, but the rows say {said:?}"))
        };
        situations.iter().zip(&self.answers).filter_map(fault).collect()
    }

    fn text(&self, row: &Row, column: usize) -> String {
        let (all, values) = (&self.columns[column].values, &row.cells[column]);
        if values.len() == all.len() {
            return "-".to_owned();
        }
        values.iter().map(|value| all[*value]).collect::<Vec<_>>().join(" or ")
    }

    /// The columns that decide something in at least one row, and the heads of the others.
    fn relevant(&self) -> (Vec<usize>, Vec<&'static str>) {
        let matters = |column: &usize| self.rows.iter().any(|row| self.text(row, *column) != "-");
        let (relevant, others): (Vec<usize>, Vec<usize>) = (0..self.columns.len()).partition(matters);
        (relevant, others.into_iter().map(|column| self.columns[column].head).collect())
    }
}

/// Every combination, the last column turning fastest.
fn situations(columns: &[Column]) -> Vec<Vec<usize>> {
    columns.iter().fold(vec![Vec::new()], |begun, column| {
        let each = |start: &Vec<usize>| {
            let start = start.clone();
            (0..column.values.len()).map(move |value| [start.clone(), vec![value]].concat())
        };
        begun.iter().flat_map(each).collect()
    })
}

/// Values of the first column behind which everything is answered alike share their rows.
fn rows(columns: &[Column], answers: &[String]) -> Vec<Row> {
    let Some((first, rest)) = columns.split_first() else {
        return vec![Row { cells: Vec::new(), answer: answers[0].clone() }];
    };
    let mut alike: Vec<(Vec<usize>, &[String])> = Vec::new();
    for (value, behind) in answers.chunks(answers.len() / first.values.len()).enumerate() {
        match alike.iter_mut().find(|(_, known)| *known == behind) {
            Some((values, _)) => values.push(value),
            None => alike.push((vec![value], behind)),
        }
    }
    let with = |(values, behind): (Vec<usize>, &[String])| {
        let prepend = move |row: Row| Row { cells: [vec![values.clone()], row.cells].concat(), ..row };
        rows(rest, behind).into_iter().map(prepend).collect::<Vec<_>>()
    };
    alike.into_iter().flat_map(with).collect()
}

/// Markdown in columns of even width, so that it reads as plain text as well.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (relevant, others) = self.relevant();
        let mut heads: Vec<String> = relevant.iter().map(|column| self.columns[*column].head.to_owned()).collect();
        heads.push("answer".to_owned());
        let cells = |row: &Row| {
            let mut cells: Vec<String> = relevant.iter().map(|column| self.text(row, *column)).collect();
            cells.push(format!("`{}`", row.answer));
            cells
        };
        let body: Vec<Vec<String>> = self.rows.iter().map(cells).collect();
        let widest = |at: usize| body.iter().chain([&heads]).map(|row| row[at].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..heads.len()).map(widest).collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        for row in [&heads, &rule].into_iter().chain(&body) {
            let line = row.iter().zip(&widths).fold(String::from("|"), |mut line, (cell, width)| {
                let _ = write!(line, " {cell:width$} |");
                line
            });
            writeln!(f, "{line}")?;
        }
        writeln!(f, "\n{} situations, {} rows. Never matters: {}.", self.answers.len(), body.len(), others.join("; "))
    }
}

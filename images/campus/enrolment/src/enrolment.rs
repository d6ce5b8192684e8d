//! Enrolments: what they are, their rules, and how they are kept.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::pool::Connection;
use crate::problem::Problem;

/// Most characters of a student's name or number.
pub(crate) const STUDENT_CHARS: usize = 100;
/// Most characters of a course's code.
pub(crate) const COURSE_CHARS: usize = 60;
/// Most enrolments in one answer.
pub(crate) const PAGE: i64 = 100;

/// Most characters of a note.
const NOTE_CHARS: usize = 200;
/// Whether this release keeps a note beside an enrolment.
const NOTE: bool = cfg!(feature = "note");

/// Named one by one: a column that a later release adds does not disturb.
const COLUMNS: &str = if NOTE {
    "id::text, student, course, \
     to_char(enrolled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), seq, note"
} else {
    "id::text, student, course, \
     to_char(enrolled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), seq"
};

/// A student in a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Enrolment {
    /// UUID.
    pub(crate) id: String,
    /// Name or number of the student.
    pub(crate) student: String,
    /// Code of the course.
    pub(crate) course: String,
    /// When it was made (RFC 3339, UTC).
    pub(crate) enrolled_at: String,
    /// What was noted beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// What a visitor sends to enrol.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEnrolment {
    student: String,
    course: String,
    #[cfg(feature = "note")]
    #[serde(default)]
    note: Option<String>,
}

/// Which enrolments to list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    student: Option<String>,
    course: Option<String>,
    limit: Option<i64>,
    after: Option<i64>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Page {
    /// Enrolments, oldest first.
    pub(crate) items: Vec<Enrolment>,
    /// `after` of the next page, if there is one.
    pub(crate) next: Option<String>,
}

impl NewEnrolment {
    /// Checks the rules of the fields.
    ///
    /// # Errors
    /// [`Problem::InvalidField`] names the first field that breaks its rule.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        text("student", &self.student, STUDENT_CHARS)?;
        text("course", &self.course, COURSE_CHARS)?;
        self.note().map_or(Ok(()), |note| text("note", note, NOTE_CHARS))
    }

    fn note(&self) -> Option<&str> {
        #[cfg(feature = "note")]
        return self.note.as_deref();
        #[cfg(not(feature = "note"))]
        None
    }

    /// Keeps the enrolment.
    ///
    /// # Errors
    /// [`Problem::AlreadyEnrolled`] if the student has the course, else the database's failure.
    pub(crate) async fn keep(&self, database: &Connection) -> Result<Enrolment, Problem> {
        let note = self.note();
        let (columns, places) =
            if NOTE { ("student, course, note", "$1, $2, $3") } else { ("student, course", "$1, $2") };
        let values: [&(dyn ToSql + Sync); 3] = [&self.student, &self.course, &note];
        let values = &values[..if NOTE { 3 } else { 2 }];
        let statement = format!("INSERT INTO enrolment ({columns}) VALUES ({places}) RETURNING {COLUMNS}");
        match database.query_one(&statement, values).await {
            Ok(row) => Ok(enrolment(&row)),
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                let statement = "SELECT id::text FROM enrolment WHERE student = $1 AND course = $2";
                let row = database.query_opt(statement, &[&self.student, &self.course]).await?;
                Err(Problem::AlreadyEnrolled { id: row.map(|row| row.get(0)) })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Finds one enrolment.
///
/// # Errors
/// [`Problem::NotFound`], also for an id that is no UUID, else the database's failure.
pub(crate) async fn find(database: &Connection, id: &str) -> Result<Enrolment, Problem> {
    let statement = format!("SELECT {COLUMNS} FROM enrolment WHERE id = $1::text::uuid");
    let row = database.query_opt(&statement, &[&uuid(id)?]).await?;
    row.as_ref().map(enrolment).ok_or(Problem::NotFound)
}

/// Removes one enrolment.
///
/// # Errors
/// As [`find`].
pub(crate) async fn remove(database: &Connection, id: &str) -> Result<(), Problem> {
    match database.execute("DELETE FROM enrolment WHERE id = $1::text::uuid", &[&uuid(id)?]).await? {
        0 => Err(Problem::NotFound),
        _ => Ok(()),
    }
}

/// Lists enrolments, oldest first, a page at a time.
///
/// # Errors
/// [`Problem::InvalidField`] for a parameter out of its range, else the database's failure.
pub(crate) async fn list(database: &Connection, filter: &Filter) -> Result<Page, Problem> {
    let limit = filter.limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(Problem::InvalidField { field: "limit", rule: "must be from 1 to 100" });
    }
    if let Some(student) = &filter.student {
        text("student", student, STUDENT_CHARS)?;
    }
    if let Some(course) = &filter.course {
        text("course", course, COURSE_CHARS)?;
    }
    let statement = format!(
        "SELECT {COLUMNS} FROM enrolment
         WHERE seq > $1 AND ($2::text IS NULL OR student = $2) AND ($3::text IS NULL OR course = $3)
         ORDER BY seq LIMIT $4"
    );
    let after = filter.after.unwrap_or(0);
    let mut rows = database.query(&statement, &[&after, &filter.student, &filter.course, &(limit + 1)]).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let next = rows.last().filter(|_| more).map(|row| row.get::<_, i64>(4).to_string());
    Ok(Page { items: rows.iter().map(enrolment).collect(), next })
}

fn enrolment(row: &Row) -> Enrolment {
    let note = if NOTE { row.get(5) } else { None };
    Enrolment { id: row.get(0), student: row.get(1), course: row.get(2), enrolled_at: row.get(3), note }
}

fn text(field: &'static str, value: &str, limit: usize) -> Result<(), Problem> {
    let refuse = |rule| Err(Problem::InvalidField { field, rule });
    if value.is_empty() || value.trim() != value {
        return refuse("must not be empty, nor begin or end with a space");
    }
    if value.chars().count() > limit {
        return refuse("is too long");
    }
    if value.chars().any(char::is_control) {
        return refuse("must not hold control characters");
    }
    Ok(())
}

fn uuid(id: &str) -> Result<&str, Problem> {
    let dashes = [8, 13, 18, 23];
    let good = id.len() == 36
        && id.bytes().enumerate().all(
            |(place, byte)| {
                if dashes.contains(&place) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        );
    if good { Ok(id) } else { Err(Problem::NotFound) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(student: &str, course: &str) -> Option<&'static str> {
        let new = serde_json::json!({ "student": student, "course": course });
        let new: NewEnrolment = serde_json::from_value(new).expect("fields");
        match new.check() {
            Err(Problem::InvalidField { field, .. }) => Some(field),
            _ => None,
        }
    }

    #[test]
    fn fields_have_rules() {
        assert_eq!(refused("Zoé Müller", "LAW-101"), None);
        assert_eq!(refused("", "LAW-101"), Some("student"));
        assert_eq!(refused(" a", "LAW-101"), Some("student"));
        assert_eq!(refused("a\u{0}b", "LAW-101"), Some("student"));
        assert_eq!(refused(&"é".repeat(STUDENT_CHARS), "x"), None);
        assert_eq!(refused(&"é".repeat(STUDENT_CHARS + 1), "x"), Some("student"));
        assert_eq!(refused("a", &"x".repeat(COURSE_CHARS + 1)), Some("course"));
    }

    #[test]
    fn only_uuids_reach_the_database() {
        assert!(uuid("3f2b8c1e-0d4a-4b6c-8e2f-9a1b2c3d4e5f").is_ok());
        for bad in ["", "1", "3f2b8c1e-0d4a-4b6c-8e2f-9a1b2c3d4e5", "3f2b8c1e00d4a04b6c08e2f09a1b2c3d4e5f", "'; DROP"] {
            assert!(uuid(bad).is_err(), "{bad}");
        }
    }
}

//! Two releases side by side, and releases that must not stay.

use serde_json::json;

use crate::postgres::Postgres;
use crate::process::Service;

/// What release 1.0.0 did at its start and for a visitor, word for word.
const FIRST: &str = "
    CREATE TABLE schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE enrolment (
        seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        student text NOT NULL CHECK (char_length(student) BETWEEN 1 AND 100),
        course text NOT NULL CHECK (char_length(course) BETWEEN 1 AND 60),
        enrolled_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (student, course)
    );
    CREATE INDEX enrolment_course ON enrolment (course, seq);
    INSERT INTO schema_version (version) VALUES (1);
    ALTER TABLE schema_version OWNER TO enrolment;
    ALTER TABLE enrolment OWNER TO enrolment;
    INSERT INTO enrolment (student, course) VALUES ('before', 'LAW-101');
";
const FIRST_ENROLS: &str = "INSERT INTO enrolment (student, course) VALUES ('beside', 'LAW-101') RETURNING id::text, \
     student, course, to_char(enrolled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), seq";
const VERSION: &str = "SELECT max(version)::bigint FROM schema_version";
const TERMS: &str =
    "SELECT count(*) FROM information_schema.columns WHERE table_name = 'enrolment' AND column_name = 'term'";

#[tokio::test]
async fn the_release_before_goes_on_beside_it() {
    let postgres = Postgres::started().await;
    postgres.execute("enrolment", FIRST).await;
    let service = Service::ready(&postgres).await;
    assert_eq!(postgres.number("enrolment", VERSION).await, 2);
    postgres.execute("enrolment", FIRST_ENROLS).await;
    let noted = json!({ "student": "after", "course": "LAW-101", "note": "Evening group" });
    let made = service.post(&noted).await;
    assert_eq!((made.status, &made.json()["note"]), (201, &noted["note"]), "{made:?}");
    let page = service.get("/api/enrolments").await.json();
    let students: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["student"].clone()).collect();
    assert_eq!(students, ["before", "beside", "after"]);
    assert!(page["items"][0].get("note").is_none(), "an answer without a note is the one of before: {page}");
}

#[tokio::test]
async fn notes_have_rules() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    for (note, status) in [("x".repeat(201), 422), (String::new(), 422), ("é".repeat(200), 201)] {
        let answer = service.post(&json!({ "student": "a", "course": "b", "note": note })).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let described = service.get("/api/openapi.json").await.json();
    assert_eq!(described["components"]["schemas"]["Note"]["maxLength"], 200);
    assert_eq!(described["info"]["version"], "1.1.0");
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_nothing_that_the_release_before_minds() {
    let postgres = Postgres::started().await;
    let before = Service::ready(&postgres).await;
    assert_eq!(before.post(&json!({ "student": "a", "course": "b", "note": "kept" })).await.status, 201);
    let bad = Service::start_with(&postgres, &["--fault=migration"]);
    let left = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'term'";
    crate::until("the first half was done", async || postgres.number("enrolment", left).await == 1).await;
    for round in 0..20 {
        assert_eq!(bad.get("/readyz").await.status, 503);
        let body = json!({ "student": format!("s{round}"), "course": "b" });
        assert_eq!(before.post(&body).await.status, 201, "the copies of before serve all the while");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    drop(bad);
    assert_eq!(postgres.number("enrolment", VERSION).await, 2);
    assert_eq!(postgres.number("enrolment", TERMS).await, 0);
    let again = Service::ready(&postgres).await;
    assert_eq!(again.get("/api/enrolments?student=a").await.json()["items"][0]["note"], "kept");
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn a_flapping_copy_is_ready_for_some_seconds_again_and_again() {
    let postgres = Postgres::started().await;
    let service = Service::start_with(&postgres, &["--fault=flap"]);
    for status in [200, 503, 200] {
        service.until_ready(status).await;
    }
}

#[cfg(feature = "faults")]
#[test]
fn a_crashing_copy_ends_at_its_start() {
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_campus-enrolment"))
        .args(["--fault=crash", "--database-host=127.0.0.1", "--database-name=x", "--database-credentials=/"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
}

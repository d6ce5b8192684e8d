//! Start, readiness, faults of the database and the end of the service.

use bytes::Bytes;
use serde_json::json;

use crate::postgres::Postgres;
use crate::process::Service;
use crate::until;

#[tokio::test]
async fn lives_without_its_database_and_is_ready_with_it() {
    let postgres = Postgres::new();
    let service = Service::start(&postgres);
    assert_eq!(service.get("/livez").await.status, 200);
    assert_eq!(service.get("/readyz").await.status, 503);
    let refused = service.get("/api/enrolments").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("database_unavailable")));

    postgres.start();
    postgres.provision().await;
    service.until_ready(200).await;
    let made = service.post(&json!({ "student": "kept", "course": "c" })).await;
    assert_eq!(made.status, 201);

    postgres.stop();
    service.until_ready(503).await;
    assert_eq!(service.get("/livez").await.status, 200, "a database that is away is no reason to restart");
    assert_eq!(service.get(&made.location).await.status, 503);

    postgres.start();
    service.until_ready(200).await;
    assert_eq!(service.get(&made.location).await.json(), made.json());
}

#[tokio::test]
async fn copies_that_start_together_migrate_once() {
    let postgres = Postgres::started().await;
    let copies: Vec<Service> = (0..4).map(|_| Service::start(&postgres)).collect();
    for copy in &copies {
        copy.until_ready(200).await;
    }
    let versions = if cfg!(feature = "note") { 2 } else { 1 };
    assert_eq!(postgres.number("enrolment", "SELECT count(*) FROM schema_version").await, versions);
    let made = copies[0].post(&json!({ "student": "a", "course": "b" })).await;
    assert_eq!(copies[3].get(&made.location).await.json(), made.json());
}

#[tokio::test]
async fn an_emptied_database_gets_its_schema_again() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    postgres.execute("enrolment", "DROP TABLE enrolment, schema_version").await;
    assert_eq!(service.get("/readyz").await.status, 503, "ready must mean that the schema is there");
    service.until_ready(200).await;
    assert_eq!(service.post(&json!({ "student": "a", "course": "b" })).await.status, 201);
}

#[tokio::test]
async fn a_changed_password_holds_for_new_connections() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    postgres.execute("postgres", "ALTER ROLE enrolment PASSWORD 'second'").await;
    let sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'enrolment'";
    postgres.execute("postgres", sessions).await;
    service.until_ready(503).await;
    postgres.write_password("second");
    service.until_ready(200).await;
}

#[tokio::test]
async fn more_connections_than_allowed_are_never_opened() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'enrolment'";
    let requests = (0..40).map(|number| {
        let body = json!({ "student": format!("s{number}"), "course": "c" });
        let service = &service;
        async move { service.post(&body).await.status }
    });
    let (statuses, most) = tokio::join!(join_all(requests), async {
        let mut most = 0;
        for _ in 0..20 {
            most = most.max(postgres.number("postgres", sessions).await);
        }
        most
    });
    assert!((1..=4).contains(&most), "{most} sessions");
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
}

#[tokio::test]
async fn stops_in_order() {
    let postgres = Postgres::started().await;
    let mut service = Service::ready(&postgres).await;
    assert_eq!(service.get("/api/enrolments").await.connection, "", "connections are kept");
    service.terminate();
    service.until_ready(503).await;
    // Not ready, and still of use to those who have not heard it yet.
    let last = service.get("/api/enrolments").await;
    assert_eq!((last.status, last.connection.as_str()), (200, "close"), "nobody keeps a connection for later");
    assert!(service.ended().await.success());
    until("the port is closed", async || service.try_send("GET", "/livez", "", Bytes::new()).await.is_err()).await;
}

async fn join_all<F: Future<Output = u16>>(futures: impl Iterator<Item = F>) -> Vec<u16> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pending.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(status) => {
                done.push(status);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

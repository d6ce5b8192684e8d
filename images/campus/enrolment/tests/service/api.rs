//! The API on a real database, and its description.

use serde_json::{Value, json};

use crate::postgres::Postgres;
use crate::process::Service;

#[tokio::test]
async fn enrols_reads_lists_and_removes() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;

    let made = service.post(&json!({ "student": "Zoé O'Brien", "course": "LAW-101" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.location, format!("/api/enrolments/{id}"));
    let found = service.get(&made.location).await;
    assert_eq!((found.status, found.json()), (200, made.json()));
    assert_eq!(found.json()["student"], "Zoé O'Brien");

    let again = service.post(&json!({ "student": "Zoé O'Brien", "course": "LAW-101" })).await;
    assert_eq!(
        (again.status, &again.json()["code"], &again.json()["id"]),
        (409, &json!("already_enrolled"), &json!(id))
    );
    assert_eq!(again.content_type, "application/problem+json");

    assert_eq!(service.delete(&made.location).await.status, 204);
    assert_eq!(service.get(&made.location).await.status, 404);
    assert_eq!(service.delete(&made.location).await.status, 404);
    assert_eq!(service.get("/api/enrolments").await.json(), json!({ "items": [], "next": null }));
}

#[tokio::test]
async fn lists_a_page_at_a_time_and_by_field() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    for number in 0..5 {
        let course = if number % 2 == 0 { "EVEN" } else { "ODD" };
        assert_eq!(service.post(&json!({ "student": format!("s{number}"), "course": course })).await.status, 201);
    }
    let students = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["student"].as_str().unwrap().to_owned()).collect()
    };
    let mut path = "/api/enrolments?limit=2".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = service.get(&path).await.json();
        seen.extend(students(&page));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/enrolments?limit=2&after={next}");
    }
    assert_eq!((pages, seen), (3, ["s0", "s1", "s2", "s3", "s4"].map(str::to_owned).to_vec()));
    assert_eq!(students(&service.get("/api/enrolments?course=ODD").await.json()), ["s1", "s3"]);
    assert_eq!(students(&service.get("/api/enrolments?student=s4&course=EVEN").await.json()), ["s4"]);
}

#[tokio::test]
async fn refuses_what_breaks_the_rules() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    let json_type = "application/json";
    let long = "x".repeat(9000);
    let cases: [(&str, &str, &str, String, u16, &str); 14] = [
        ("POST", "/api/enrolments", json_type, "{".into(), 400, "invalid_json"),
        ("POST", "/api/enrolments", json_type, "[1]".into(), 400, "invalid_json"),
        ("POST", "/api/enrolments", json_type, json!({"student": "a"}).to_string(), 400, "invalid_json"),
        (
            "POST",
            "/api/enrolments",
            json_type,
            json!({"student": "a", "course": "b", "mark": 1}).to_string(),
            400,
            "invalid_json",
        ),
        (
            "POST",
            "/api/enrolments",
            "text/plain",
            json!({"student": "a", "course": "b"}).to_string(),
            415,
            "unsupported_media_type",
        ),
        ("POST", "/api/enrolments", json_type, json!({"student": long, "course": "b"}).to_string(), 413, "too_large"),
        ("POST", "/api/enrolments", json_type, json!({"student": "", "course": "b"}).to_string(), 422, "invalid_field"),
        (
            "POST",
            "/api/enrolments",
            json_type,
            json!({"student": "a\u{0}", "course": "b"}).to_string(),
            422,
            "invalid_field",
        ),
        ("GET", "/api/enrolments?limit=0", "", String::new(), 422, "invalid_field"),
        ("GET", "/api/enrolments?limit=101", "", String::new(), 422, "invalid_field"),
        ("GET", "/api/enrolments?order=name", "", String::new(), 422, "invalid_field"),
        ("GET", "/api/enrolments/not-a-uuid", "", String::new(), 404, "not_found"),
        ("PUT", "/api/enrolments", json_type, "{}".into(), 405, "method_not_allowed"),
        ("GET", "/api/elsewhere", "", String::new(), 404, "not_found"),
    ];
    for (method, path, content_type, body, status, code) in cases {
        let answer = service.send(method, path, content_type, body.into()).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{method} {path}: {answer:?}"
        );
        assert_eq!(answer.content_type, "application/problem+json");
    }
    assert_eq!(postgres.number("enrolment", "SELECT count(*) FROM enrolment").await, 0);
    let metrics = service.get("/metrics").await.body;
    assert!(
        metrics.contains("campus_http_requests_total{route=\"enrolments\",method=\"POST\",status=\"400\"} 4"),
        "{metrics}"
    );
    assert!(metrics.contains("campus_ready 1"), "{metrics}");
}

#[tokio::test]
async fn the_description_holds() {
    let postgres = Postgres::started().await;
    let service = Service::ready(&postgres).await;
    let served = service.get("/api/openapi.json").await;
    assert_eq!((served.status, served.content_type.as_str()), (200, "application/json"));
    let description = served.json();
    let nobody = "/api/enrolments/00000000-0000-4000-8000-000000000000";

    // Every described operation answers with a status that is described; every other method is refused.
    let paths = description["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 3);
    for (path, item) in paths {
        let address = path.replace("/api/enrolments/{id}", nobody);
        for method in ["get", "post", "put", "delete", "patch"] {
            let answer = service.send(&method.to_uppercase(), &address, "application/json", "{}".into()).await;
            match item.get(method) {
                Some(operation) => {
                    let described = operation["responses"].as_object().unwrap();
                    assert!(described.contains_key(&answer.status.to_string()), "{method} {path}: {answer:?}");
                }
                None => assert_eq!(answer.status, 405, "{method} {path} is not described"),
            }
        }
    }

    // What comes back has exactly the described fields.
    let made = service.post(&json!({ "student": "a", "course": "b" })).await;
    let schemas = &description["components"]["schemas"];
    assert_fields(&made.json(), &schemas["Enrolment"]);
    assert_fields(&service.get("/api/enrolments").await.json(), &schemas["Page"]);
    let problem = service.post(&json!({ "student": "a", "course": "b" })).await.json();
    assert_fields(&problem, &schemas["Problem"]);
    assert!(schemas["Problem"]["properties"]["code"]["enum"].as_array().unwrap().contains(&problem["code"]));
    assert_eq!(schemas["Student"]["maxLength"], 100);
    let longest = json!({ "student": "é".repeat(100), "course": "x".repeat(60) });
    assert_eq!(service.post(&longest).await.status, 201);
}

fn assert_fields(value: &Value, schema: &Value) {
    let properties = schema["properties"].as_object().unwrap();
    for name in value.as_object().unwrap().keys() {
        assert!(properties.contains_key(name), "{name} is not described");
    }
    for name in schema["required"].as_array().unwrap() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{name} is missing in {value}");
    }
}

//! An API server in memory, enough of one for the tests: objects by path, lists, server-side apply, merge patches, conflicts.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bridle_core::digest::Digest;
use bridle_core::fault::Fault;
use bridle_core::message::{Language, Message};
use bridle_core::port::sim::SimClock;
use bridle_core::port::{Attempt, Blobs, Certificates, Clock, KeptSecrets, Progress, TlsPair};
use bridle_core::removal::Kept;
use bridle_core::step::Standing;
use http::{Method, Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::connect::ApiServer;

type Objects = BTreeMap<String, Value>;
/// What the cluster does by itself whenever somebody looks.
type Controller = Box<dyn FnMut(&mut Objects) + Send>;

#[derive(Default)]
struct State {
    objects: Objects,
    version: u64,
    requests: Vec<String>,
    refusals: VecDeque<u16>,
    page: Option<usize>,
    controller: Option<Controller>,
    verdicts: BTreeMap<String, (u16, String)>,
    silent: BTreeMap<String, u16>,
}

/// The server.
#[derive(Clone, Default)]
pub(crate) struct FakeApi(Arc<Mutex<State>>);

/// Everything that a test of a step needs.
pub(crate) struct Bench {
    _runtime: Runtime,
    pub(crate) fake: FakeApi,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) api: ApiServer,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let runtime = runtime();
        let (fake, clock) = (FakeApi::default(), Arc::new(SimClock::default()));
        let time: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let api = ApiServer::fixed(runtime.handle().clone(), fake.client(&runtime), time);
        Self { _runtime: runtime, fake, clock, api }
    }
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime")
}

impl FakeApi {
    pub(crate) fn client(&self, runtime: &Runtime) -> kube::Client {
        let _context = runtime.enter();
        let fake = self.clone();
        kube::Client::new(
            tower::service_fn(move |request: Request<Body>| {
                let fake = fake.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect_bytes().await?;
                    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
                    let (status, answer) = fake.answer(&parts.method, &target, &body);
                    let status = StatusCode::from_u16(status).expect("status");
                    let answer = match answer {
                        Value::String(text) => text, // metrics, logs
                        json => json.to_string(),
                    };
                    let mut response = Response::new(Body::from(answer.into_bytes()));
                    *response.status_mut() = status;
                    Ok::<_, kube::Error>(response)
                }
            }),
            "default",
        )
    }

    pub(crate) fn put(&self, path: &str, object: Value) {
        self.lock().store(path, object);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.lock().objects.get(path).cloned()
    }

    pub(crate) fn delete(&self, path: &str) {
        self.lock().objects.remove(path);
    }

    /// The next requests are answered with these statuses.
    pub(crate) fn refuse(&self, statuses: &[u16]) {
        self.lock().refusals.extend(statuses);
    }

    /// Every request for this path is answered with this status.
    pub(crate) fn refuse_at(&self, path: &str, status: u16) {
        self.lock().silent.insert(path.to_owned(), status);
    }

    pub(crate) fn paged(&self, page: usize) {
        self.lock().page = Some(page);
    }

    pub(crate) fn control(&self, controller: impl FnMut(&mut Objects) + Send + 'static) {
        self.lock().controller = Some(Box::new(controller));
    }

    /// A dry run of the object at `path` is refused with these words.
    pub(crate) fn object_to(&self, path: &str, status: u16, words: &str) {
        self.lock().verdicts.insert(path.to_owned(), (status, words.to_owned()));
    }

    /// Everything that there is.
    pub(crate) fn objects(&self) -> BTreeMap<String, Value> {
        self.lock().objects.clone()
    }

    /// `METHOD path` of each request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    fn answer(&self, method: &Method, target: &str, body: &[u8]) -> (u16, Value) {
        let mut state = self.lock();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        state.requests.push(format!("{method} {path}"));
        if let Some(status) = state.refusals.pop_front() {
            return (status, json!({ "message": "refused by the test" }));
        }
        if let Some(status) = state.silent.get(path) {
            return (*status, json!({ "message": "refused by the test" }));
        }
        let mut controller = state.controller.take();
        if let Some(control) = controller.as_mut() {
            control(&mut state.objects);
        }
        state.controller = controller;
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match *method {
            Method::GET => state.read(path, query),
            Method::POST => {
                let path = format!("{path}/{}", body["metadata"]["name"].as_str().expect("name"));
                if state.objects.contains_key(&path) {
                    return (409, json!({ "message": "exists" }));
                }
                (201, state.store(&path, body))
            }
            Method::PATCH if query.contains("dryRun=All") => {
                assert!(query.contains("force=true") && query.contains("fieldManager="), "{query}");
                let verdict = state.verdicts.get(path).cloned();
                verdict.map_or((200, body), |(status, message)| (status, json!({ "message": message })))
            }
            Method::PATCH => {
                let found = state.objects.get(path).cloned();
                let wanted = body.pointer("/metadata/resourceVersion").cloned();
                match (found, query.contains("force=true"), wanted) {
                    (None, false, _) => (404, json!({ "message": "absent" })),
                    (Some(found), _, Some(wanted)) if found["metadata"]["resourceVersion"] != wanted => {
                        (409, json!({ "message": "changed meanwhile" }))
                    }
                    (found, _, _) => {
                        let mut object = found.unwrap_or_else(|| json!({}));
                        merge(&mut object, &body);
                        let is_let_go = object["metadata"]["finalizers"].as_array().is_some_and(Vec::is_empty);
                        if is_let_go && object["metadata"]["deletionTimestamp"].is_string() {
                            state.objects.remove(path);
                            return (200, object);
                        }
                        (200, state.store(path, object))
                    }
                }
            }
            Method::DELETE => {
                let wanted = body.pointer("/preconditions/uid");
                let found = state.objects.get(path).and_then(|object| object.pointer("/metadata/uid"));
                if wanted.is_some() && found.is_some() && wanted != found {
                    return (409, json!({ "message": "another one" }));
                }
                state.remove(path)
            }
            _ => (405, json!({})),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }
}

impl State {
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        if object.is_object() {
            object["metadata"]["resourceVersion"] = self.version.to_string().into();
        }
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    /// As the real one: an object with finalizers only begins to leave.
    fn remove(&mut self, path: &str) -> (u16, Value) {
        match self.objects.get_mut(path) {
            None => (404, json!({ "message": "absent" })),
            Some(object) if object["metadata"]["finalizers"].as_array().is_some_and(|held| !held.is_empty()) => {
                object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
                (200, object.clone())
            }
            Some(_) => (200, self.objects.remove(path).unwrap_or_default()),
        }
    }

    /// Whether a list of resources that the test has put names it.
    fn is_known(&self, base: &str, plural: &str) -> bool {
        let list = self.objects.get(base).and_then(|list| list["resources"].as_array());
        list.is_some_and(|resources| resources.iter().any(|resource| resource["name"] == plural))
    }

    fn read(&self, path: &str, query: &str) -> (u16, Value) {
        if let Some(object) = self.objects.get(path) {
            return (200, object.clone());
        }
        let lists = [
            "secrets",
            "deployments",
            "statefulsets",
            "daemonsets",
            "replicasets",
            "jobs",
            "pods",
            "nodes",
            "poddisruptionbudgets",
            "events",
        ];
        let (base, plural) = path.rsplit_once('/').expect("path");
        if !lists.contains(&plural) && !self.is_known(base, plural) {
            return (404, json!({ "message": "absent" }));
        }
        let parameter = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.unwrap_or_default().replace("%3D", "=").replace("%2C", ",").replace("%21", "!").replace("%2F", "/")
        };
        let inside = |key: &str| {
            let Some((collection, _)) = key.rsplit_once('/') else { return false };
            let every = format!("{base}/namespaces/");
            collection == path
                || (collection.starts_with(&every)
                    && collection.ends_with(&format!("/{plural}"))
                    && !base.contains("namespaces"))
        };
        let selector = parameter("labelSelector");
        let found: Vec<Value> = self
            .objects
            .iter()
            .filter(|(key, object)| inside(key) && selected(object, &selector))
            .map(|(_, object)| object.clone())
            .collect();
        let from: usize = parameter("continue").parse().unwrap_or(0);
        let page = self.page.unwrap_or(usize::MAX);
        let next = from.saturating_add(page);
        let token = if next < found.len() { next.to_string() } else { String::new() };
        let items: Vec<Value> = found.into_iter().skip(from).take(page).collect();
        (200, json!({ "metadata": { "continue": token }, "items": items }))
    }
}

fn selected(object: &Value, selector: &str) -> bool {
    selector.split(',').filter(|term| !term.is_empty()).all(|term| match term.split_once("!=") {
        Some((key, value)) => object["metadata"]["labels"][key] != value,
        None => term.split_once('=').is_some_and(|(key, value)| object["metadata"]["labels"][key] == value),
    })
}

fn merge(object: &mut Value, change: &Value) {
    match (object, change) {
        (Value::Object(object), Value::Object(change)) => {
            for (key, value) in change {
                // RFC 7396: a null takes the key away.
                if value.is_null() {
                    object.remove(key);
                    continue;
                }
                merge(object.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (object, change) => *object = change.clone(),
    }
}

/// Progress that is kept; each message must have words in both languages.
#[derive(Default)]
pub(crate) struct Told(pub(crate) Vec<Message>);

impl Progress for Told {
    fn waiting(&mut self, what: Message) {
        assert_words(&what);
        self.0.push(what);
    }

    fn advance(&mut self, _done: u64, _total: u64) {}
}

impl Told {
    pub(crate) fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.0.iter().map(|message| message.code.as_ref()).collect();
        codes.dedup();
        codes
    }
}

/// Both languages know the message and all that its words name.
pub(crate) fn assert_words(message: &Message) {
    for language in Language::ALL {
        let words = message.render(language);
        assert_ne!(words, message.code, "no words in {language}");
        assert!(!words.contains("{$"), "an argument is missing: {words}");
    }
}

/// Whether a probe found something missing and says so in words.
pub(crate) fn is_missing(standing: &Result<Standing, Fault>) -> bool {
    match standing {
        Ok(Standing::Missing(message)) => {
            assert_words(message);
            true
        }
        _ => false,
    }
}

/// Runs `act` with an attempt of `seconds` that nobody stops.
pub(crate) fn attempt<T>(seconds: u64, told: &mut Told, act: impl FnOnce(&mut Attempt<'_>) -> T) -> T {
    let stop = || false;
    act(&mut Attempt { limit: Duration::from_secs(seconds), progress: told, stop: &stop })
}

/// Blobs in a folder, named by their digest.
pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    #[expect(clippy::disallowed_methods, reason = "files of tests need not survive a power cut")]
    pub(crate) fn add(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        std::fs::write(self.0.path().join(digest.hex()), bytes).expect("write");
        digest
    }
}

impl Blobs for Folder {
    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        Some(self.0.path().join(digest.hex())).filter(|path| path.exists())
    }
}

/// One certificate for every host.
pub(crate) struct OnePair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Certificates for OnePair {
    fn front_door(&self, _host: &str) -> Result<TlsPair, Fault> {
        Ok(TlsPair { certificate: self.certificate.clone(), key: self.key.clone() })
    }
}

/// What is kept, in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Kept>);

impl KeptSecrets for Memory {
    fn read(&self) -> Result<Kept, Fault> {
        Ok(self.0.lock().expect("lock").clone())
    }

    fn write(&self, kept: &Kept) -> Result<(), Fault> {
        *self.0.lock().expect("lock") = kept.clone();
        Ok(())
    }
}

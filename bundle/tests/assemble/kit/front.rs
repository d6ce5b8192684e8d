//! A front before the stock registry that fails on demand and writes down what it was asked.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::wire::{Answer, Request};

/// What goes wrong. Blobs only, unless it says otherwise.
#[derive(Debug, Default)]
pub struct Rules {
    /// Each of the next answers ends after so many bytes of its body.
    pub cuts: VecDeque<usize>,
    /// Each of the next answers, also to other requests, is this status with this `Retry-After`.
    pub statuses: VecDeque<(u16, Option<u32>)>,
    /// Ranges are ignored: the whole blob with status 200.
    pub ignores_ranges: bool,
    /// The next whole blobs, or parts of them, come with their first byte changed.
    pub corrupt: u32,
    /// Where blobs are: the requests are redirected to this origin.
    pub blobs_at: Option<String>,
    /// Tokens are asked for; each is good for so many requests.
    pub token_lives: Option<u32>,
}

#[derive(Debug, Default)]
struct State {
    rules: Rules,
    requests: Vec<Request>,
    tokens: u32,
    left: u32,
}

/// The server. Dropping it closes the port.
pub struct Front {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    closed: Arc<AtomicBool>,
}

impl Front {
    /// Serves what the registry at `behind` (plain HTTP) has.
    pub fn start(behind: &str, rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("address");
        let state = Arc::new(Mutex::new(State { rules, ..State::default() }));
        let closed = Arc::new(AtomicBool::new(false));
        let (shared, stop, behind) = (Arc::clone(&state), Arc::clone(&closed), behind.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (shared, behind) = (Arc::clone(&shared), behind.clone());
                std::thread::spawn(move || serve(&stream, address, &shared, &behind));
            }
        });
        Self { address, state, closed }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    pub fn rules(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut lock(&self.state).rules);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state).requests.clone()
    }

    /// Requests for blobs of more than a few bytes, that is, with a path that names `digest`.
    pub fn requests_for(&self, digest: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path.ends_with(digest)).collect()
    }

    /// Tokens that were given.
    pub fn tokens(&self) -> u32 {
        lock(&self.state).tokens
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread, which then closes the port.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("state")
}

fn serve(stream: &TcpStream, own: SocketAddr, state: &Mutex<State>, behind: &str) {
    let Some(request) = Request::read(stream) else { return };
    let (answer, cut) = answer(&request, own, state, behind);
    answer.send(stream, cut);
}

fn answer(request: &Request, own: SocketAddr, state: &Mutex<State>, behind: &str) -> (Answer, Option<usize>) {
    let (ignores, redirect);
    {
        let mut state = lock(state);
        state.requests.push(request.clone());
        if let Some((status, after)) = state.rules.statuses.pop_front() {
            let after = after.map(|seconds| seconds.to_string());
            let headers: Vec<(&str, &str)> = after.iter().map(|after| ("retry-after", after.as_str())).collect();
            return (Answer::new(status, &headers, "not now"), None);
        }
        if let Some(refused) = token(request, own, &mut state) {
            return (refused, None);
        }
        ignores = state.rules.ignores_ranges;
        redirect = state.rules.blobs_at.clone();
    }
    let is_blob = request.path.contains("/blobs/");
    if let Some(origin) = redirect.filter(|_| is_blob) {
        let location = format!("{origin}{}?signature=secret", request.path);
        return (Answer::new(307, &[("location", &location)], ""), None);
    }
    let mut request = request.clone();
    if ignores {
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("range"));
    }
    let mut answer = request.forward(behind);
    let mut state = lock(state);
    let large = is_blob && answer.status < 300 && answer.body.len() > 1000;
    if large && state.rules.corrupt > 0 {
        state.rules.corrupt -= 1;
        answer.body[0] ^= 1;
    }
    let cut = if large { state.rules.cuts.pop_front() } else { None };
    (answer, cut)
}

/// The token server, and the refusal of requests without a good token.
fn token(request: &Request, own: SocketAddr, state: &mut State) -> Option<Answer> {
    let lives = state.rules.token_lives?;
    if (request.method.as_str(), request.path.as_str()) == ("POST", "/token") {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let wanted = ["grant_type=refresh_token", "refresh_token=identity%2B1", "scope=repository:team%2Fapp:pull"];
        if !wanted.iter().all(|field| body.split('&').any(|found| found == *field)) {
            return Some(Answer::new(401, &[], "who are you"));
        }
        state.tokens += 1;
        state.left = lives;
        return Some(Answer::new(200, &[], format!("{{\"access_token\":\"token-{}\"}}", state.tokens)));
    }
    if request.path.starts_with("/token?") {
        use base64::Engine as _;
        let pair = format!("{}:{}", super::USER, super::PASSWORD);
        let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        if request.header("authorization") != Some(&expected) {
            return Some(Answer::new(401, &[], "who are you"));
        }
        state.tokens += 1;
        state.left = lives;
        return Some(Answer::new(200, &[], format!("{{\"token\":\"token-{}\",\"expires_in\":60}}", state.tokens)));
    }
    let good = request.header("authorization") == Some(&format!("Bearer token-{}", state.tokens));
    if good && state.left > 0 {
        state.left -= 1;
        return None;
    }
    let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"test\",scope=\"repository:team/app:pull\"");
    Some(Answer::new(401, &[("www-authenticate", &challenge)], "show a token"))
}

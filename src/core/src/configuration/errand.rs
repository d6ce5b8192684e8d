//! What a short-lived pod is asked to find out about the services of the site sheet, and how its answers are read.

use crate::message::Message;
use crate::release::{ReleaseManifest, Stage};
use crate::site::services::{Protocol, Services};

use super::view::ServiceTest;

/// Most characters of an answer that are shown.
const LONGEST: usize = 200;
/// Name of the image that has a shell and what asks; the last part of its reference, without the tag.
const IMAGE: &str = "busybox";

/// Questions to ask from a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Where the pod runs: what holds for the applications there holds for it.
    pub namespace: String,
    /// Reference of an image of the release.
    pub image: String,
    /// The questions.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whom it is about, for people.
    pub about: Message,
    /// How it is asked.
    pub way: Way,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A name is looked up at this server.
    Name,
    /// A TCP connection is made.
    Stream,
    /// The time is asked (NTP).
    Time,
    /// A datagram that has no answer is sent.
    Datagram,
}

impl Way {
    /// As the pod knows it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Stream => "stream",
            Self::Time => "time",
            Self::Datagram => "datagram",
        }
    }
}

/// What the pod says of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// There was an answer.
    Answered,
    /// It was sent; there is no answer to it.
    Sent,
    /// The image has nothing to ask it with.
    Unasked,
    /// There was none; what the program said, which may be nothing.
    Nothing(String),
    /// The pod says nothing about it.
    Silent,
}

/// The questions about `services`; certificates are no service.
#[must_use]
pub fn questions(services: &Services) -> Vec<Question> {
    let question = |about: Message, way, host: &str, port| Question { about, way, host: host.to_owned(), port };
    let server = |code, server: String| Message::new(code).with("server", server);
    let mut all = Vec::new();
    for host in &services.dns {
        all.push(question(server("service-dns", host.clone()), Way::Name, host, 53));
    }
    for host in &services.ntp {
        all.push(question(server("service-ntp", host.clone()), Way::Time, host, 123));
    }
    if let Some(smtp) = &services.smtp {
        let about = server("service-smtp", format!("{}:{}", smtp.host, smtp.port()));
        all.push(question(about, Way::Stream, &smtp.host, smtp.port()));
    }
    if let Some((proxy, (host, port))) = services.proxy.as_ref().and_then(|proxy| Some((proxy, proxy.place()?))) {
        all.push(question(server("service-proxy", proxy.url.clone()), Way::Stream, host, port));
    }
    if let Some(syslog) = &services.syslog {
        let about = server("service-syslog", format!("{}:{}", syslog.host, syslog.port()));
        let way = if syslog.protocol == Protocol::Tcp { Way::Stream } else { Way::Datagram };
        all.push(question(about, way, &syslog.host, syslog.port()));
    }
    all
}

/// The errand about `services` in the first application's namespace; none if the release has no image for it.
#[must_use]
pub fn errand(release: &ReleaseManifest, services: &Services) -> Option<Errand> {
    let image = release.images.keys().find(|reference| name_of(reference) == IMAGE)?.clone();
    let application = release.charts.iter().find(|chart| chart.stage == Stage::Application)?;
    Some(Errand { namespace: application.namespace.clone(), image, questions: questions(services) })
}

fn name_of(reference: &str) -> &str {
    let path = reference.split_once('@').map_or(reference, |(path, _)| path);
    let last = path.rsplit_once('/').map_or(path, |(_, last)| last);
    last.split_once(':').map_or(last, |(name, _)| name)
}

/// Reads what the pod wrote: a line a question, in any order; the first of a number counts.
#[must_use]
pub fn replies(text: &str, count: usize) -> Vec<Reply> {
    let mut replies = vec![Reply::Silent; count];
    for line in text.lines() {
        let Some((number, said)) = line.split_once(' ') else { continue };
        let place = number.parse::<usize>().ok().and_then(|number| replies.get_mut(number));
        let Some(place) = place.filter(|place| **place == Reply::Silent) else { continue };
        let (word, rest) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
        *place = match word {
            "yes" => Reply::Answered,
            "sent" => Reply::Sent,
            "unasked" => Reply::Unasked,
            "no" => Reply::Nothing(rest.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect()),
            _ => Reply::Silent,
        };
    }
    replies
}

/// What is said of a question, given its reply and how the same service answered the host.
#[must_use]
pub fn test(question: &Question, reply: &Reply, host: &[ServiceTest]) -> ServiceTest {
    let answers_host = host.iter().any(|test| test.what == question.about && test.good);
    let (said, good) = match reply {
        Reply::Answered => (Message::new("errand-answered"), true),
        Reply::Sent => (Message::new("service-sent"), true),
        Reply::Unasked => (Message::new("errand-unasked"), true),
        // The service is there, so something between pods and it says no: most often a network policy.
        Reply::Nothing(_) | Reply::Silent if answers_host => (Message::new("errand-blocked"), false),
        Reply::Nothing(said) if !said.is_empty() => {
            (Message::new("service-unreachable").with("said", said.as_str()), false)
        }
        Reply::Nothing(_) | Reply::Silent => (Message::new("errand-silent"), false),
    };
    ServiceTest { what: question.about.clone(), said, good }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        let text = "dns = ['192.0.2.53']\nntp = ['ntp.example']\n[smtp]\nhost = 'mail.example'\nfrom = 'a@b.example'\n[proxy]\nurl = 'http://proxy.example:3128'\n[syslog]\nhost = 'log.example'\n";
        toml::from_str(text).expect("services")
    }

    #[test]
    fn every_service_is_asked_in_its_own_way() {
        let asked: Vec<(Way, String, u16)> =
            questions(&services()).into_iter().map(|one| (one.way, one.host, one.port)).collect();
        let expected = [
            (Way::Name, "192.0.2.53", 53),
            (Way::Time, "ntp.example", 123),
            (Way::Stream, "mail.example", 25),
            (Way::Stream, "proxy.example", 3128),
            (Way::Datagram, "log.example", 514),
        ];
        assert_eq!(asked, expected.map(|(way, host, port)| (way, host.to_owned(), port)));
    }

    #[test]
    fn the_image_is_known_by_its_name_alone() {
        for (reference, name) in [
            ("bridle.internal/busybox:1.35.0", "busybox"),
            ("registry.example:5000/a/busybox@sha256:00", "busybox"),
            ("bridle.internal/busybox-extras:1", "busybox-extras"),
        ] {
            assert_eq!(name_of(reference), name);
        }
    }

    #[test]
    fn answers_come_in_any_order_and_nothing_else_counts() {
        let text = "2 no nc: timed out \u{1b}[31m\n0 yes\nrubbish\n9 yes\n0 no later\n3 sent\n1 maybe\n";
        let expected = [Reply::Answered, Reply::Silent, Reply::Nothing("nc: timed out [31m".to_owned()), Reply::Sent];
        assert_eq!(replies(text, 4), expected);
        assert_eq!(replies("", 2), [Reply::Silent, Reply::Silent]);
    }

    #[test]
    fn what_answers_the_server_but_no_pod_is_said_to_be_in_the_way() {
        let question = &questions(&services())[2];
        let host = |good| ServiceTest { what: question.about.clone(), said: Message::new("service-sent"), good };
        let no = Reply::Nothing("nc: bad address".to_owned());
        let code = |reply: &Reply, host: &[ServiceTest]| test(question, reply, host).said.code.into_owned();
        assert_eq!(code(&no, &[host(true)]), "errand-blocked");
        assert_eq!(code(&no, &[host(false)]), "service-unreachable");
        assert_eq!(code(&Reply::Silent, &[]), "errand-silent");
        assert!(test(question, &Reply::Answered, &[host(false)]).good);
    }
}

//! Where events come from: keyboard, clock, status and the followed operation, all into one bounded channel.

use std::time::Duration;

use bridle_client::{Client, ClientConfig, Follow, News, Patience, now, offline};
use bridle_core::event::OperatorCommand;
use bridle_core::operation::OperationId;
use bridle_core::plan::OperationKind;
use bridle_core::upgrade::ChangeOrder;
use crossterm::event::{Event as TerminalEvent, KeyEventKind, poll, read};
use tokio::sync::mpsc::Sender;
use tokio::time::{MissedTickBehavior, interval};

use crate::state::{Change, Incoming};

/// How often the status is asked for.
const STATUS_PAUSE: Duration = Duration::from_secs(2);
/// How long the keyboard's thread waits before it looks whether anybody still listens.
const KEY_WAIT: Duration = Duration::from_millis(250);

/// Keys and sizes, on a thread of their own because reading them blocks.
pub fn keyboard(to: Sender<Incoming>) {
    std::thread::spawn(move || {
        while !to.is_closed() {
            let incoming = match poll(KEY_WAIT) {
                Ok(false) => continue,
                Ok(true) => match read() {
                    Ok(TerminalEvent::Key(key)) if key.kind != KeyEventKind::Release => Incoming::Key(key),
                    Ok(TerminalEvent::Resize(..)) => Incoming::Resize,
                    Ok(_) => continue,
                    Err(_) => Incoming::Closed,
                },
                Err(_) => Incoming::Closed,
            };
            let last = matches!(incoming, Incoming::Closed);
            if to.blocking_send(incoming).is_err() || last {
                break;
            }
        }
    });
}

/// A tick a second, for "since when".
pub async fn ticks(to: Sender<Incoming>) {
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if to.send(Incoming::Tick(now())).await.is_err() {
            break;
        }
    }
}

/// The status, again and again; from disk while the agent does not answer.
pub async fn status(config: ClientConfig, to: Sender<Incoming>) {
    let client = Client::new(&config);
    loop {
        let incoming = match client.status().await {
            Ok(status) => Incoming::Status(Box::new(status)),
            Err(error) => {
                let known = config.offline().map(|(status, _)| status);
                let nothing = |_| offline::status(std::path::Path::new(""), &offline::History::default());
                Incoming::Offline(Box::new(known.unwrap_or_else(nothing)), error.fault())
            }
        };
        if to.send(incoming).await.is_err() {
            break;
        }
        tokio::time::sleep(STATUS_PAUSE).await;
    }
}

/// One operation until its end.
pub async fn operation(client: Client, id: OperationId, to: Sender<Incoming>) {
    let mut follow = Follow::new(client, id.clone(), Patience::default());
    loop {
        let (incoming, last) = match follow.next().await {
            Ok(News::Ended) => (Incoming::News(id.clone(), News::Ended), true),
            Ok(news) => (Incoming::News(id.clone(), news), false),
            Err(_) => (Incoming::Lost(id.clone()), true),
        };
        if to.send(incoming).await.is_err() || last {
            break;
        }
    }
}

/// Tells the agent, and what became of it.
pub async fn tell(client: Client, id: OperationId, command: OperatorCommand, to: Sender<Incoming>) {
    let told = client.command(&id, &command).await.map_err(|error| error.fault());
    // Nobody to tell: the screen was left.
    let _ = to.send(Incoming::Told(told)).await;
}

/// What earlier operations took here.
pub async fn learned(client: Client, id: OperationId, to: Sender<Incoming>) {
    let learned = client.learned(&id).await;
    let _ = to.send(Incoming::Learned(id, learned)).await;
}

/// The releases on this host.
pub async fn releases(client: Client, to: Sender<Incoming>) {
    let releases = client.releases().await.map_err(|error| error.fault());
    let _ = to.send(Incoming::Releases(releases)).await;
}

/// The plan of a change; the agent tries everything meanwhile, which takes seconds.
pub async fn plan(client: Client, number: u64, change: Change, to: Sender<Incoming>) {
    let view = match change {
        Change::Upgrade(release) => client.upgrade_plan(&release, true).await,
        Change::Return => client.rollback_plan(true).await,
    };
    let plan = view.map(Box::new).map_err(|error| error.fault());
    let _ = to.send(Incoming::Planned(number, plan)).await;
}

/// Begins a change that was looked at.
pub async fn begin(client: Client, number: u64, kind: OperationKind, order: ChangeOrder, to: Sender<Incoming>) {
    let begun = match kind {
        OperationKind::Rollback => client.rollback(&order).await,
        _ => client.upgrade(&order).await,
    };
    let begun = begun.map(Box::new).map_err(|error| error.fault());
    let _ = to.send(Incoming::Begun(number, begun)).await;
}

//! The first screen: health, operation, services, servers, figures.

use bridle_core::message::Message;
use bridle_core::sign::Sign;
use bridle_core::status::{Health, StatusView};
use bridle_core::wording;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{Part, Shown, flowed, is_wide, page, scrolled, seen};
use crate::state::State;

pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) -> Shown {
    let Some(status) = &state.status else {
        let text = Message::new("tui-nothing-here").render(state.language);
        frame.render_widget(Paragraph::new(text), area);
        return Shown::default();
    };
    if !is_wide(usize::from(area.width)) {
        return narrow(frame, area, state, status);
    }
    let health = health(state, status);
    let rows =
        [Constraint::Length(u16::try_from(health.len()).unwrap_or(3) + 2), Constraint::Length(4), Constraint::Min(0)];
    let [top, middle, rest] = Layout::vertical(rows).areas(area);
    Part::new(state, "tui-state", health).framed(frame, top, state);
    Part::new(state, "tui-operation", operation(state)).framed(frame, middle, state);
    let [left, right] = Layout::horizontal([Constraint::Percentage(60), Constraint::Percentage(40)]).areas(rest);
    let services = services(state, status);
    let room = usize::from(left.height.saturating_sub(2));
    let shown = seen(services.len(), room, state.scroll);
    let services = scrolled(services, state.scroll, room);
    Part::new(state, "tui-services", services).framed(frame, left, state);
    let [servers_area, figures_area] = Layout::vertical([Constraint::Min(0), Constraint::Length(5)]).areas(right);
    Part::new(state, "tui-servers", servers(state, status)).framed(frame, servers_area, state);
    Part::new(state, "tui-server-figures", figures(state, status)).framed(frame, figures_area, state);
    shown
}

/// One column, without frames.
fn narrow(frame: &mut Frame<'_>, area: Rect, state: &State, status: &StatusView) -> Shown {
    let mut lines = health(state, status);
    lines.extend(operation(state));
    lines.extend(Part::new(state, "tui-services", services(state, status)).plain(state));
    lines.extend(Part::new(state, "tui-servers", servers(state, status)).plain(state));
    lines.extend(Part::new(state, "tui-server-figures", figures(state, status)).plain(state));
    let lines = lines.into_iter().flat_map(|line| flowed(line, usize::from(area.width))).collect();
    page(frame, area, lines, state.scroll, state)
}

fn health(state: &State, status: &StatusView) -> Vec<Line<'static>> {
    let words = |message: Message| message.render(state.language);
    let sentence = match status.health {
        Health::Ok => "tui-health-ok",
        Health::Busy => "tui-health-busy",
        Health::Attention => "tui-health-attention",
        Health::Problem => "tui-health-problem",
        Health::Unknown => "tui-health-unknown",
    };
    let sign = state.theme.sign(Sign::from(status.health), state.language);
    let mut lines = vec![Line::from(vec![sign, Span::raw("  "), Span::raw(words(Message::new(sentence)))])];
    if state.offline.is_some() {
        // While something runs, an agent that is started anew is nothing to worry about.
        let code = if state.something_runs() { "tui-no-answer-goes-on" } else { "tui-offline" };
        lines.push(Line::from(words(Message::new(code))));
        lines.push(Line::from(words(match status.time.0 {
            0 => Message::new("status-nothing-known"),
            _ => Message::new("status-last-known").with("time", wording::moment(status.time)),
        })));
    }
    lines.push(Line::from(match &status.release {
        Some(release) => format!(
            "{}  https://{}/",
            words(Message::new("tui-release").with("release", release.as_str())),
            status.front_door
        ),
        None => words(Message::new("tui-no-release")),
    }));
    if let Some(newer) = state.updates.newer().filter(|_| !state.something_runs()) {
        lines.push(Line::from(words(Message::new("tui-newer-here").with("release", newer.id.as_str()))));
    }
    lines.extend(
        status
            .faults
            .iter()
            .map(|fault| Line::from(format!("{} {}", fault.code.code(), fault.message.render(state.language)))),
    );
    lines.extend(status.cluster_unseen.as_ref().map(|unseen| Line::from(unseen.render(state.language))));
    lines
}

fn operation(state: &State) -> Vec<Line<'static>> {
    let Some(operation) = &state.operation else {
        return vec![Line::from(Message::new("tui-no-operation").render(state.language))];
    };
    let sign = state.theme.sign(Sign::from(operation.state), state.language);
    let title = operation.title();
    let first = format!("  {}  {} %", title.render(state.language), operation.percent());
    let mut lines = vec![Line::from(vec![sign, Span::raw(first)])];
    if let Some(step) = operation.current().filter(|_| !operation.state.is_final()) {
        let place = Message::new("operation-at-step")
            .with("step", u32::from(step.id.0))
            .with("steps", operation.steps.len())
            .with("title", step.title.render(state.language));
        lines.push(Line::from(place.render(state.language)));
    }
    lines
}

fn services(state: &State, status: &StatusView) -> Vec<Line<'static>> {
    let Some(workloads) = &status.workloads else { return Vec::new() };
    let width = workloads.iter().map(|workload| workload.name.chars().count()).max().unwrap_or(0);
    let line = |workload: &bridle_core::status::WorkloadView| {
        let sign = state.theme.column(Sign::from(workload), workloads.iter().map(Sign::from), state.language);
        let reason = workload.reason.as_ref().map(|reason| reason.render(state.language)).unwrap_or_default();
        let rest = format!("  {:width$}  {}/{}  {reason}", workload.name, workload.ready, workload.wanted);
        Line::from(vec![sign, Span::raw(rest.trim_end().to_owned())])
    };
    workloads.iter().map(line).collect()
}

fn servers(state: &State, status: &StatusView) -> Vec<Line<'static>> {
    let Some(nodes) = &status.nodes else { return Vec::new() };
    let line = |node: &bridle_core::status::NodeView| {
        let sign = state.theme.column(Sign::from(node), nodes.iter().map(Sign::from), state.language);
        let reason = node.reason.as_ref().map(|reason| reason.render(state.language)).unwrap_or_default();
        Line::from(vec![sign, Span::raw(format!("  {}  {} {reason}", node.name, node.version).trim_end().to_owned())])
    };
    nodes.iter().map(line).collect()
}

fn figures(state: &State, status: &StatusView) -> Vec<Line<'static>> {
    let Some(host) = &status.host else { return Vec::new() };
    let size = |amount| wording::mebibytes(amount, state.language);
    [
        Message::new("tui-memory").with("used", size(host.memory_used_mib)).with("total", size(host.memory_total_mib)),
        Message::new("tui-disk").with("free", size(host.disk_free_mib)).with("total", size(host.disk_total_mib)),
        Message::new("tui-load")
            .with("load", format!("{}.{:02}", host.load_hundredths / 100, host.load_hundredths % 100))
            .with("cpus", host.cpus),
    ]
    .into_iter()
    .map(|message| Line::from(message.render(state.language)))
    .collect()
}

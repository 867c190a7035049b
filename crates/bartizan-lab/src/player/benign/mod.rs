//! Ordinary users: they mistype, come back, hit stale links, retry, and import in order.

mod announcer;
mod browser;
mod crawler;
mod import;
mod mobile;
mod monitor;
mod partner;
mod retries;
mod staff;
mod terminal;
mod watcher;

use super::Part;

pub(super) const PARTS: &[Part] = &[
    part("announcer", 1, |seat| Box::pin(announcer::act(seat))),
    part("browser", 24, |seat| Box::pin(browser::act(seat))),
    part("crawler", 1, |seat| Box::pin(crawler::act(seat))),
    part("import", 2, |seat| Box::pin(import::act(seat))),
    part("mobile", 14, |seat| Box::pin(mobile::act(seat))),
    part("monitor", 1, |seat| Box::pin(monitor::act(seat))),
    part("partner", 3, |seat| Box::pin(partner::act(seat))),
    part("retries", 3, |seat| Box::pin(retries::act(seat))),
    part("staff", 4, |seat| Box::pin(staff::act(seat))),
    part("terminal", 1, |seat| Box::pin(terminal::act(seat))),
    part("watcher", 1, |seat| Box::pin(watcher::act(seat))),
];

pub(super) const fn part(id: &'static str, count: u32, act: super::Acting) -> Part {
    Part { id, count, owasp: "", seen_by: &[], act }
}
